//! The word: every change of a task's state is one named transition here, and every transition is a read-modify-write.
//!
//! That establishes one modification order per task, in which each transition sees all earlier ones. Each returns an
//! enum of its own, so that a caller cannot overlook a case. What the states mean, and who may do what in which, is
//! argued in the parent module.
//!
//! Orderings: every transition is `AcqRel`, except adding a reference, which publishes nothing.

use crate::sync::{AtomicUsize, Ordering};

/// On the run queue, or about to be put there by whoever set this bit.
const SCHEDULED: usize = 1;
/// Being polled, or finished but not yet let go by whoever polled it.
const RUNNING: usize = 2;
/// The future has been dropped and its result stored.
const DONE: usize = 4;
/// The `JoinHandle` exists.
const JOIN: usize = 8;
/// The join waker is set.
const JOIN_WAKER: usize = 16;
/// The future is to be dropped instead of polled.
const CANCELLED: usize = 32;
/// One reference; the bits from here up are a count.
const REFERENCE: usize = 64;

/// More references than this and the count might run into the sign: only a program that forgets wakers gets here.
const REFERENCES_MAX: usize = isize::MAX as usize;

/// The state word of a task.
pub(super) struct State(AtomicUsize);

/// The word at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Snapshot(usize);

/// What [`State::transition_to_scheduled`] found.
#[must_use]
pub(super) enum Scheduled {
    /// The caller has to put the task on the run queue.
    Push(Snapshot),
    /// The task is on the queue, will be put there after its poll, or is done.
    Already(Snapshot),
}

/// What [`State::transition_to_scheduled_by_value`] found.
#[must_use]
pub(super) enum ScheduledByValue {
    /// The caller has to put the task on the run queue.
    Push,
    /// The task is on the queue, will be put there after its poll, or is done; the cell may be gone already.
    Already,
    /// The task is done, and the caller has to free the cell.
    Last,
}

/// What [`State::transition_to_idle`] found.
#[must_use]
pub(super) enum Idle {
    /// Nothing is left to do until a wake.
    Waiting,
    /// The task was woken during its poll: the caller has to put it on the run queue.
    Woken,
    /// The task was cancelled during its poll: the caller has to drop its future.
    Cancelled,
}

/// What [`State::transition_to_claimed`] found.
#[must_use]
pub(super) enum Claim {
    /// The caller now runs the task.
    Claimed,
    /// The task is queued, running or done.
    Busy,
}

/// What [`State::transition_to_done`] found.
#[must_use]
pub(super) enum Done {
    /// No handle: the caller has to drop the output.
    Detached,
    /// The output belongs to the handle, which is not waiting.
    Joined,
    /// The output belongs to the handle; the caller has to take the join waker and wake it.
    JoinedAndWaiting,
}

/// Whether a reference that was let go was the last.
#[must_use]
pub(super) enum Released {
    /// Others remain; the cell may be gone already.
    Kept(Snapshot),
    /// The caller has to free the cell.
    Last(Snapshot),
}

/// What [`State::transition_to_join_reclaimed`] found.
#[must_use]
pub(super) enum Reclaimed {
    /// The join waker's place belongs to the handle.
    Owned,
    /// The task is done, and the join waker's place belongs to whoever completed it.
    Lost,
}

/// What [`State::transition_to_join_registered`] found.
#[must_use]
pub(super) enum Registered {
    /// The join waker is in place.
    Registered,
    /// The task is done; the join waker's place still belongs to the handle.
    Done,
}

/// What [`State::transition_to_detached`] found.
#[must_use]
pub(super) enum Detached {
    /// The handle is gone; the cell may be, too.
    Detached,
    /// The task is done: the handle still exists and owns the output.
    Done,
}

impl Snapshot {
    pub(crate) const fn is_scheduled(self) -> bool {
        self.0 & SCHEDULED != 0 && !self.is_done()
    }

    pub(crate) const fn is_running(self) -> bool {
        self.0 & RUNNING != 0
    }

    pub(crate) const fn is_done(self) -> bool {
        self.0 & DONE != 0
    }

    pub(crate) const fn is_cancelled(self) -> bool {
        self.0 & CANCELLED != 0
    }

    pub(super) const fn has_join_waker(self) -> bool {
        self.0 & JOIN_WAKER != 0
    }

    /// The references that wakers and abort handles hold: all but that of the owned list (rule 4).
    pub(super) const fn borrowed_references(self) -> usize {
        let owned = (!self.is_done() || self.is_running()) as usize;
        self.0 / REFERENCE - owned
    }

    const fn is_unreferenced(self) -> bool {
        self.0 < REFERENCE && self.0 & JOIN == 0
    }
}

impl State {
    /// A task that was just spawned: to be put on the run queue, joinable, in the owned list.
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(SCHEDULED | JOIN | REFERENCE))
    }

    /// The word now. A look, not a transition: whoever acts on it says why it cannot have changed, or need not matter.
    #[inline]
    pub(super) fn load(&self) -> Snapshot {
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// A wake. Always one read-modify-write, also when the task is scheduled already: the poll that this wake counts
    /// on must see what the waker wrote before it (tokio issue 7589).
    #[inline]
    pub(super) fn transition_to_scheduled(&self) -> Scheduled {
        Self::scheduled(self.0.fetch_or(SCHEDULED, Ordering::AcqRel), SCHEDULED)
    }

    /// A wake of a task that runs, for which nobody has to do anything else. Only for a thread on which its poll is under way.
    #[inline]
    pub(super) fn transition_to_scheduled_while_running(&self) -> Snapshot {
        // Where the result is not looked at, this is one instruction instead of a loop.
        let before = self.0.fetch_or(SCHEDULED, Ordering::AcqRel);
        debug_assert_eq!(before & (RUNNING | DONE), RUNNING, "only a running task can be polled");
        Snapshot(before | SCHEDULED)
    }

    /// A wake that gives up a reference in the same step. Only for the owner thread (rule 9).
    #[inline]
    pub(super) fn transition_to_scheduled_by_value(&self) -> ScheduledByValue {
        let woken = |word| Some((word | SCHEDULED) - REFERENCE);
        let before = match self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, woken) {
            Ok(before) | Err(before) => before,
        };
        debug_assert!(before >= REFERENCE, "a reference was held");
        if before & (SCHEDULED | RUNNING | DONE) == 0 {
            ScheduledByValue::Push
        } else if Snapshot(before - REFERENCE).is_unreferenced() {
            ScheduledByValue::Last
        } else {
            ScheduledByValue::Already
        }
    }

    /// Asks for the future to be dropped instead of polled; a wake otherwise.
    pub(super) fn transition_to_cancelled(&self) -> Scheduled {
        Self::scheduled(self.0.fetch_or(CANCELLED | SCHEDULED, Ordering::AcqRel), CANCELLED | SCHEDULED)
    }

    #[inline]
    fn scheduled(before: usize, set: usize) -> Scheduled {
        let after = Snapshot(before | set);
        if before & (SCHEDULED | RUNNING | DONE) == 0 { Scheduled::Push(after) } else { Scheduled::Already(after) }
    }

    /// From the run queue to being run.
    #[inline]
    pub(super) fn transition_to_running(&self) {
        // RUNNING may be left from the poll before (rule 3). This look at it is exact: the bit is the owner thread's.
        let left = self.0.load(Ordering::Relaxed) & RUNNING;
        let before = self.0.fetch_add((RUNNING - left).wrapping_sub(SCHEDULED), Ordering::AcqRel);
        debug_assert_eq!(before & (SCHEDULED | RUNNING | DONE), SCHEDULED | left, "only a queued task can start");
    }

    /// The entry of a task is there to stay for a while, or forgotten: takes away RUNNING if it is left from the poll
    /// before (rule 3). Only for the owner thread.
    pub(super) fn transition_to_settled(&self) {
        if self.0.load(Ordering::Relaxed) & RUNNING != 0 {
            let before = self.0.fetch_and(!RUNNING, Ordering::AcqRel);
            debug_assert_eq!(before & (SCHEDULED | DONE), SCHEDULED, "only a queued task can be settled");
        }
    }

    /// From waiting to being run, without a wake.
    pub(super) fn transition_to_claimed(&self) -> Claim {
        let claim = |word| if word & (SCHEDULED | RUNNING | DONE) == 0 { Some(word | RUNNING) } else { None };
        match self.update(claim) {
            Ok(_) => Claim::Claimed,
            Err(_) => Claim::Busy,
        }
    }

    /// The executor closes: from queued or waiting to being run, in order to be cancelled. A task that runs is told so
    /// and left to its runner. Only for the owner thread, after the run queue was closed and emptied.
    pub(super) fn transition_to_shutdown(&self) -> Claim {
        let before = self.0.fetch_or(CANCELLED | SCHEDULED, Ordering::AcqRel);
        if before & (RUNNING | DONE) != 0 {
            return Claim::Busy;
        }
        // Nobody else can take it between the two: the queue is closed, and RUNNING is the owner thread's to set.
        self.transition_to_running();
        Claim::Claimed
    }

    /// The poll returned `Pending`.
    #[inline]
    pub(super) fn transition_to_idle(&self) -> Idle {
        let before = self.0.fetch_sub(RUNNING, Ordering::AcqRel);
        debug_assert_eq!(before & (RUNNING | DONE), RUNNING, "only a running task can become idle");
        if before & SCHEDULED == 0 {
            Idle::Waiting
        } else if before & CANCELLED == 0 {
            Idle::Woken
        } else {
            Idle::Cancelled
        }
    }

    /// The result has been stored. RUNNING stays, and with it the list's reference, until the joiner has been woken.
    pub(super) fn transition_to_done(&self) -> Done {
        // Not `fetch_or`: DONE is clear, and of the two only the addition is a single instruction everywhere.
        let before = self.0.fetch_add(DONE, Ordering::AcqRel);
        debug_assert_eq!(before & (RUNNING | DONE), RUNNING, "only a running task can complete, and once");
        if before & JOIN == 0 {
            Done::Detached
        } else if before & JOIN_WAKER == 0 {
            Done::Joined
        } else {
            Done::JoinedAndWaiting
        }
    }

    /// The last step of completion: gives back RUNNING and the owned list's reference.
    pub(super) fn transition_to_released(&self) -> Released {
        let before = self.0.fetch_sub(RUNNING + REFERENCE, Ordering::AcqRel);
        debug_assert_eq!(before & (RUNNING | DONE), RUNNING | DONE, "only a task being completed can be released");
        debug_assert!(before >= REFERENCE, "the owned list held a reference");
        Self::released(before - RUNNING - REFERENCE)
    }

    /// Adds a reference to one that the caller holds.
    #[inline]
    pub(super) fn add_reference(&self) -> Snapshot {
        // Relaxed as in `Arc`: the caller's own reference keeps the cell alive, and handing the new one to another
        // thread orders whatever must be.
        let before = self.0.fetch_add(REFERENCE, Ordering::Relaxed);
        if before > REFERENCES_MAX {
            std::process::abort();
        }
        Snapshot(before + REFERENCE)
    }

    /// Lets a reference go.
    #[inline]
    pub(super) fn drop_reference(&self) -> Released {
        let before = self.0.fetch_sub(REFERENCE, Ordering::AcqRel);
        debug_assert!(before >= REFERENCE, "a reference was held");
        Self::released(before - REFERENCE)
    }

    #[inline]
    fn released(after: usize) -> Released {
        let after = Snapshot(after);
        if after.is_unreferenced() { Released::Last(after) } else { Released::Kept(after) }
    }

    /// The handle takes the join waker's place back, in order to change or empty it.
    pub(super) fn transition_to_join_reclaimed(&self) -> Reclaimed {
        if !self.load().has_join_waker() {
            // Only the handle sets it, and the caller is the handle.
            return Reclaimed::Owned;
        }
        match self.update(|word| if word & DONE == 0 { Some(word & !JOIN_WAKER) } else { None }) {
            Ok(_) => Reclaimed::Owned,
            Err(_) => Reclaimed::Lost,
        }
    }

    /// The handle has put a waker in place.
    pub(super) fn transition_to_join_registered(&self) -> Registered {
        match self.update(|word| if word & DONE == 0 { Some(word | JOIN_WAKER) } else { None }) {
            Ok(_) => Registered::Registered,
            Err(_) => Registered::Done,
        }
    }

    /// The handle goes, unless the task is done and the handle has an output to drop first.
    pub(super) fn transition_to_detached(&self) -> Detached {
        match self.update(|word| if word & DONE == 0 { Some(word & !JOIN) } else { None }) {
            Ok(_) => Detached::Detached,
            Err(_) => Detached::Done,
        }
    }

    /// The handle of a task that is done goes.
    pub(super) fn drop_join(&self) -> Released {
        // Often nobody else is left. Then nobody else can change the word, nor see it, and it need not be changed.
        let seen = self.load();
        if seen.0 < REFERENCE {
            return Released::Last(seen);
        }
        let before = self.0.fetch_and(!JOIN, Ordering::AcqRel);
        debug_assert_eq!(before & (JOIN | DONE), JOIN | DONE, "only the handle of a task that is done");
        Self::released(before & !JOIN)
    }

    /// Changes the word as `next` says, or leaves it when that is `None`. Both results have acquired.
    fn update(&self, next: impl FnMut(usize) -> Option<usize>) -> Result<usize, usize> {
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, next)
    }
}
