//! The side channel: how connections hear that it is time to stop.

use std::rc::Rc;

use tokio::sync::{Notify, watch};

/// What the server keeps.
pub(crate) enum Signal {
    State(watch::Sender<bool>),
    Event(Rc<Notify>),
}

/// What each connection has.
pub(crate) enum Stop {
    State(watch::Receiver<bool>),
    Event(Rc<Notify>),
}

impl Signal {
    /// That it is time to stop is a state: whoever looks later sees it.
    pub(crate) fn state() -> Self {
        Self::State(watch::Sender::new(false))
    }

    /// The mistake: it is an event, and whoever does not wait for it at that moment (a connection that has only just come, or one that
    /// is busy) never hears of it.
    pub(crate) fn event() -> Self {
        Self::Event(Rc::default())
    }

    pub(crate) fn subscribe(&self) -> Stop {
        match self {
            Self::State(sender) => Stop::State(sender.subscribe()),
            Self::Event(notify) => Stop::Event(notify.clone()),
        }
    }

    pub(crate) fn send(&self) {
        match self {
            Self::State(sender) => drop(sender.send_replace(true)),
            Self::Event(notify) => notify.notify_waiters(),
        }
    }
}

impl Stop {
    /// Waits until it is time to stop.
    pub(crate) async fn told(&mut self) {
        match self {
            // An error says that the server is gone, which is as good.
            Self::State(receiver) => drop(receiver.wait_for(|stop| *stop).await),
            Self::Event(notify) => notify.notified().await,
        }
    }
}
