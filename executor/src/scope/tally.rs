//! What a scope knows of its children when they go: how many are left, and the first panic.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Waker};

use crate::sync::Mutex;

/// What a panic was thrown with.
pub(super) type Payload = Box<dyn Any + Send>;

/// Shared by a scope and its children; borrows nothing.
pub(super) struct Tally(Mutex<Counts>);

struct Counts {
    /// The separate children that are not gone.
    live: usize,
    /// The places of separate children that are gone, until the scope has taken them out.
    gone: Vec<usize>,
    /// The first panic of a child.
    panic: Option<Payload>,
    /// Who waits for a child to go.
    waiters: Vec<Waker>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Counts { live: 0, gone: Vec::new(), panic: None, waiters: Vec::new() }))
    }

    /// A separate child starts.
    pub(super) fn started(&self) {
        self.0.lock().live += 1;
    }

    /// The future of a child has been dropped; `place` is that of a separate one.
    pub(super) fn gone(&self, place: Option<usize>) {
        let waiters = {
            let mut counts = self.0.lock();
            if let Some(place) = place {
                counts.live -= 1;
                counts.gone.push(place);
            }
            std::mem::take(&mut counts.waiters)
        };
        // Outside of the lock: a wake may run anything.
        waiters.into_iter().for_each(Waker::wake);
    }

    /// A child panicked.
    pub(super) fn panicked(&self, payload: Payload) {
        let later = {
            let mut counts = self.0.lock();
            if counts.panic.is_none() { counts.panic.replace(payload) } else { Some(payload) }
        };
        // Nobody is left to be told what its drop panics with.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(later)));
    }

    pub(super) fn has_panic(&self) -> bool {
        self.0.lock().panic.is_some()
    }

    pub(super) fn take_panic(&self) -> Option<Payload> {
        self.0.lock().panic.take()
    }

    /// The places that became free since this was last asked.
    pub(super) fn take_gone(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().gone)
    }

    /// Whether no separate child is left. If some are, the task of `cx` is woken when the next one goes.
    pub(super) fn is_empty_or_wait(&self, cx: &Context<'_>) -> bool {
        if self.0.lock().live == 0 {
            return true;
        }
        self.wait(cx);
        // A child may have gone before we were among the waiters.
        self.0.lock().live == 0
    }

    /// Has the task of `cx` woken when the next child goes. Who waits for a child looks at it after this, not before.
    pub(super) fn wait(&self, cx: &Context<'_>) {
        let is_there = |counts: &Counts| counts.waiters.iter().any(|waiter| waiter.will_wake(cx.waker()));
        if is_there(&self.0.lock()) {
            return;
        }
        // Cloned outside of the lock: that may run anything. Twice in the list does no harm.
        let waker = cx.waker().clone();
        self.0.lock().waiters.push(waker);
    }

    /// Forgets who waits.
    pub(super) fn clear_waiters(&self) {
        let waiters = std::mem::take(&mut self.0.lock().waiters);
        drop(waiters);
    }
}
