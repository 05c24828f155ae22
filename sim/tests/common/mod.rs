//! What the tests of verdicts share: a hand-made event whose wake-ups can be broken in the usual ways.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// An event that one task waits for. `set` and `wait` are right; the other methods are the classic mistakes.
#[derive(Default)]
pub(crate) struct Event {
    set: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Event {
    pub(crate) fn set(&self) {
        self.set.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Sets the event and wakes nobody.
    pub(crate) fn set_silently(&self) {
        self.set.set(true);
    }

    /// Drops the waker of whoever waits.
    pub(crate) fn forget(&self) {
        self.waker.take();
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|context| {
            if self.set.get() {
                return Poll::Ready(());
            }
            self.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// A future that is pending for ever and keeps nobody's waker.
pub(crate) async fn nowhere() {
    poll_fn(|_| Poll::<()>::Pending).await;
}
