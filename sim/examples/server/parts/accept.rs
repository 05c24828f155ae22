//! All connections: they are accepted, counted when they end, and told when it is time to stop.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use reveille::net::TcpListener;
use reveille::time::{Duration, sleep};
use reveille::{JoinSet, node};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{End, serve};
use super::frame::Frame;
use super::program::Mistake;
use super::stop::Signal;
use super::trouble::{Refusal, Trouble};

/// So many requests are worked on at once, of all connections together.
const SLOTS: usize = 2;
/// After an `accept` that failed the next one is tried this much later.
const PAUSE: Duration = Duration::from_millis(10);

/// What connections share.
pub(crate) struct Desk {
    slots: Arc<Semaphore>,
    pub(crate) tally: Rc<Tally>,
    pub(crate) mistake: Mistake,
}

/// A number that goes up.
#[derive(Default)]
pub(crate) struct Count(Cell<usize>);

impl Count {
    pub(crate) fn add(&self, more: usize) {
        self.0.set(self.0.get() + more);
    }

    pub(crate) fn is_some(&self) -> bool {
        self.0.get() > 0
    }
}

/// How often what has happened.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) bad_requests: Count,
    pub(crate) overloads: Count,
    pub(crate) too_late: Count,
    pub(crate) protocol: Count,
    pub(crate) gone: Count,
    pub(crate) silent: Count,
    pub(crate) idle: Count,
    /// Requests that were answered after the server had been told to stop.
    pub(crate) stopped_at_work: Count,
}

impl Desk {
    /// A place to work, if one is free.
    pub(crate) fn slot(&self) -> Option<OwnedSemaphorePermit> {
        self.slots.clone().try_acquire_owned().ok()
    }

    pub(crate) fn refused(&self, id: u8, why: Refusal) -> Frame {
        match why {
            Refusal::BadRequest => self.tally.bad_requests.add(1),
            Refusal::Overloaded => self.tally.overloads.add(1),
            Refusal::TooLate => self.tally.too_late.add(1),
            Refusal::Protocol => {}
        }
        Frame::Refused { id, why }
    }

    /// A connection has ended. However it did, it was one of many.
    fn ended(&self, end: Result<End, Trouble>) -> Result<(), Trouble> {
        match &end {
            Ok(End::Idle) => self.tally.idle.add(1),
            Ok(End::Closed | End::Stopped) => {}
            Err(Trouble::Protocol(_)) => self.tally.protocol.add(1),
            Err(Trouble::Gone(error)) if error.kind() == std::io::ErrorKind::TimedOut => self.tally.silent.add(1),
            Err(Trouble::Gone(_)) => self.tally.gone.add(1),
        }
        // The mistake: a `?` too many. What has ended one connection ends the server, and the others with it.
        if self.mistake == Mistake::OneForAll { end.map(|_| ()) } else { Ok(()) }
    }
}

/// Serves until the node is told to stop, and then until all who are connected have had their answers.
pub(crate) async fn run(tally: Rc<Tally>, mistake: Mistake) -> Result<(), Trouble> {
    let listener = TcpListener::bind("0.0.0.0:80").await?;
    let desk = Rc::new(Desk { slots: Arc::new(Semaphore::new(SLOTS)), tally, mistake });
    let signal = if mistake == Mistake::MissedSignal { Signal::event() } else { Signal::state() };
    let mut connections = JoinSet::new();
    let mut stop = pin!(node::stop_requested());
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(end) = connections.join_next() => desk.ended(end.expect("no connection panics"))?,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, desk.clone(), signal.subscribe()))),
                // It concerns one connection, or there are too many. Neither is a reason to serve nobody.
                Err(_) => sleep(PAUSE).await,
            },
        }
    }
    // Nobody else gets in, and who is in hears of it.
    drop(listener);
    signal.send();
    while let Some(end) = connections.join_next().await {
        desk.ended(end.expect("no connection panics"))?;
    }
    Ok(())
}
