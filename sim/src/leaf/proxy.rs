//! The waker that a leaf hands to the future in it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use reveille_executor::TaskId;
use reveille_reactor::Instant;

use super::record::{LeafId, log_of};
use crate::context;
use crate::run::{Run, RunId};

/// Wakes whom the leaf was polled by last, and notes that it was woken.
#[derive(Debug)]
pub(crate) struct Proxy {
    leaf: LeafId,
    run: RunId,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The waker of the last poll. Absent while it is being woken, and when the leaf is gone.
    outer: Option<Waker>,
    /// The task that polled the leaf last.
    owner: Option<TaskId>,
    woken: Option<Woken>,
    /// It was last polled within a [`may_starve`](super::may_starve).
    excused: bool,
    gone: bool,
}

/// The first wake since the last poll.
#[derive(Clone, Copy, Debug)]
struct Woken {
    at: Instant,
    /// How many polls the owner had had.
    polls: u64,
}

/// For how long a leaf was owed a poll that may not starve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    pub(super) time: std::time::Duration,
    /// How many polls of its task passed it over.
    pub(super) polls: u64,
}

impl Proxy {
    pub(super) fn new(leaf: LeafId, run: RunId) -> Arc<Self> {
        Arc::new(Self { leaf, run, state: Mutex::default() })
    }

    pub(super) fn leaf(&self) -> LeafId {
        self.leaf
    }

    /// A waker that panicked has left nothing half-done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The leaf is about to be polled by somebody with `waker`, in the poll of `task`. Returns what it was owed.
    pub(super) fn polled(&self, run: &Run, waker: &Waker) -> Option<Delay> {
        let holds = self.state().outer.as_ref().is_some_and(|outer| outer.will_wake(waker));
        // Cloned and dropped without the lock: both may run code that comes back here.
        let fresh = (!holds).then(|| waker.clone());
        let mut state = self.state();
        let delay = state.delay(run);
        state.woken = None;
        state.owner = run.current();
        state.excused = run.leaves.excuse().is_some();
        let replaced = fresh.and_then(|fresh| state.outer.replace(fresh));
        drop(state);
        drop(replaced);
        delay
    }

    /// The leaf has completed, or is dropped. Returns what it was owed.
    pub(super) fn gone(&self, run: Option<&Run>) -> Option<Delay> {
        let mut state = self.state();
        let delay = run.and_then(|run| state.delay(run));
        state.gone = true;
        state.woken = None;
        let outer = state.outer.take();
        drop(state);
        drop(outer);
        delay
    }

    /// The waker of the last poll with the task that made it, if the leaf is all that holds it: two references are the leaf's
    /// own, and one is the caller's.
    pub(super) fn idle(self: &Arc<Self>) -> Option<(TaskId, Waker)> {
        let state = self.state();
        (Arc::strong_count(self) <= 3).then(|| state.owner.zip(state.outer.clone())).flatten()
    }
}

impl State {
    fn delay(&self, run: &Run) -> Option<Delay> {
        let (woken, owner) = (self.woken.filter(|_| !self.excused)?, self.owner?);
        // The poll that is under way does not pass it over.
        let under_way = u64::from(run.current() == Some(owner));
        let polls = run.tasks.progress(owner).polls - woken.polls;
        Some(Delay { time: run.clock.now() - woken.at, polls: polls.saturating_sub(under_way) })
    }
}

impl Wake for Proxy {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // On another thread there is no run; that wake is a finding of its own.
        context::try_with(|run| {
            let mut state = self.state();
            if run.id() == self.run
                && state.woken.is_none()
                && !state.gone
                && let Some(owner) = state.owner
            {
                state.woken = Some(Woken { at: run.clock.now(), polls: run.tasks.progress(owner).polls });
                drop(state);
                if let Some(log) = log_of(run) {
                    log.woken(run, self.leaf);
                }
            }
        });
        let outer = self.state().outer.take();
        let Some(outer) = outer else { return };
        // Without the lock: the task may be polled, and the leaf with it, before this returns.
        outer.wake_by_ref();
        let mut state = self.state();
        if state.outer.is_none() && !state.gone {
            state.outer = Some(outer);
        }
    }
}
