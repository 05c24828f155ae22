//! One child: a future that may be polled by one and dropped by another.
//!
//! Who polls takes the future out for the poll, so that nothing is locked meanwhile, and puts it back. Who cancels drops
//! an idle future at once; one that is out is dropped by who polls it, instead of being put back. So the future is dropped
//! once, whoever comes first, and not before its poll has returned.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll};

use super::reach::Abort;
use super::tally::Tally;
use crate::sync::{Condvar, Mutex, ThreadToken};

/// A child of a scope.
pub(super) struct Child<T> {
    state: Mutex<State<T>>,
    /// Signalled when the future has been dropped.
    gone: Condvar,
    tally: StdArc<Tally>,
    /// Its place among the separate children; `None` for one that is polled inside of the scope.
    place: Option<usize>,
    /// Ends the task that polls a separate child.
    abort: Mutex<Option<Abort>>,
}

struct State<T> {
    stage: Stage<T>,
    /// Whether it is to be dropped instead of being put back.
    cancelled: bool,
}

enum Stage<T> {
    /// Waits to be polled.
    Idle(T),
    /// Is being polled or dropped, on this thread.
    Out(ThreadToken),
    /// Has been dropped.
    Gone,
}

/// What [`Child::cancel`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Cancelled {
    /// The future has been dropped.
    Gone,
    /// It is being polled, on the calling thread: beneath the caller on the stack.
    OutHere,
    /// It is being polled on another thread.
    OutElsewhere,
}

impl<T> Child<T> {
    pub(super) fn new(task: T, tally: &StdArc<Tally>, place: Option<usize>) -> StdArc<Self> {
        StdArc::new(Self {
            state: Mutex::new(State { stage: Stage::Idle(task), cancelled: false }),
            gone: Condvar::new(),
            tally: StdArc::clone(tally),
            place,
            abort: Mutex::new(None),
        })
    }

    /// Drops the future, unless it is being polled: then who polls it will.
    pub(super) fn cancel(&self) -> Cancelled {
        let here = ThreadToken::current();
        let task = {
            let mut state = self.state.lock();
            match std::mem::replace(&mut state.stage, Stage::Out(here)) {
                Stage::Idle(task) => task,
                Stage::Gone => {
                    state.stage = Stage::Gone;
                    return Cancelled::Gone;
                }
                Stage::Out(token) => {
                    state.stage = Stage::Out(token);
                    state.cancelled = true;
                    return if token == here { Cancelled::OutHere } else { Cancelled::OutElsewhere };
                }
            }
        };
        self.finish(task);
        self.abort();
        Cancelled::Gone
    }

    /// Drops the future, which was taken out and is not put back.
    fn finish(&self, task: T) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(task))) {
            self.tally.panicked(payload);
        }
        self.state.lock().stage = Stage::Gone;
        self.gone.notify_one();
        self.tally.gone(self.place);
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.state.lock().stage, Stage::Gone)
    }

    /// Blocks until another thread has dropped the future. One caller only.
    pub(super) fn wait_until_gone(&self) {
        let mut state = self.state.lock();
        while !matches!(state.stage, Stage::Gone) {
            state = self.gone.wait(state);
        }
    }

    /// Says how to end the task that polls this child.
    pub(super) fn set_abort(&self, abort: Abort) {
        *self.abort.lock() = Some(abort);
        // If it was cancelled before it could be told how.
        if self.is_gone() {
            self.abort();
        }
    }

    fn abort(&self) {
        let abort = self.abort.lock().take();
        if let Some(abort) = abort {
            abort();
        }
    }
}

impl<T: Future<Output = ()> + Unpin> Child<T> {
    /// Polls the future; ready when it is gone. A panic goes to the tally.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut task = {
            let mut state = self.state.lock();
            match std::mem::replace(&mut state.stage, Stage::Out(ThreadToken::current())) {
                Stage::Idle(task) => task,
                Stage::Gone => {
                    state.stage = Stage::Gone;
                    return Poll::Ready(());
                }
                Stage::Out(token) => {
                    // It is being dropped; who does that ends the task next.
                    state.stage = Stage::Out(token);
                    return Poll::Pending;
                }
            }
        };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut task).poll(cx))) {
            Ok(Poll::Pending) => {
                let mut state = self.state.lock();
                if !state.cancelled {
                    state.stage = Stage::Idle(task);
                    return Poll::Pending;
                }
            }
            Ok(Poll::Ready(())) => {}
            Err(payload) => self.tally.panicked(payload),
        }
        self.finish(task);
        Poll::Ready(())
    }
}

/// The task of a separate child.
#[doc(hidden)]
#[must_use = "futures do nothing unless polled"]
pub struct Runner<T> {
    child: StdArc<Child<T>>,
}

impl<T> Runner<T> {
    pub(super) fn new(child: StdArc<Child<T>>) -> Self {
        Self { child }
    }
}

impl<T: Future<Output = ()> + Unpin> Future for Runner<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.child.poll(cx)
    }
}

impl<T> Drop for Runner<T> {
    /// The executor gave the task up; or it is done, and there is nothing left to drop.
    fn drop(&mut self) {
        let _ = self.child.cancel();
    }
}

impl<T> std::fmt::Debug for Runner<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").finish_non_exhaustive()
    }
}
