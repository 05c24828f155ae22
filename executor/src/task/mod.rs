//! A task: its memory, its state, and the argument that both are used correctly.
//!
//! One allocation holds a header, a handle to the scheduler, and the stage: first the future, then its result. Everyone
//! refers to it by a thin pointer, [`TaskRef`]. Its state is one word, changed by the transitions of `state` only.
//!
//! Deliberately absent: which executor this is. The cell knows a [`Schedule`]. Rules 1 to 11 are told of an executor whose
//! tasks have an *owner thread*: the one that polls them. Rule 12 says what stands for it where tasks go from thread to thread.
//!
//! # The word
//!
//! | bit | is set while |
//! |---|---|
//! | SCHEDULED | an entry for the task is on the run queue, or somebody has yet to put one there; once DONE, it means nothing |
//! | RUNNING | somebody has taken the entry and not yet let the task go; or has, and it was woken meanwhile (rule 3) |
//! | DONE | the future has been dropped and the result stored; never cleared |
//! | JOIN | the `JoinHandle` exists |
//! | JOIN_WAKER | the join waker's place is filled and not the handle's to change; once DONE it stays as it is |
//! | CANCELLED | the future is to be dropped instead of polled; never cleared, and SCHEDULED is set with it |
//! | the rest | a count of references: one of the owned list's until the task is released, one a waker, one an abort handle |
//!
//! ```text
//!              spawn                                            (5)
//!                │            ┌──────────── waiting ───────────────────┐
//!                ▼     (1)    │(3)             ▲ (4)                   ▼
//!     queued: SCHEDULED ◄─────┘                └─────────────── RUNNING
//!          ▲  └─────────────────── (2) ───────────────────────►  │  │ (1)
//!          │                                                     │  ▼
//!          └──────────────────── (4) ───────── RUNNING + SCHEDULED  │
//!                                                       └────┬──────┘
//!                                                            │ (6)
//!     freed ◄── (8) ── DONE ◄────── (7) ───────── DONE + RUNNING
//!
//!   (1) transition_to_scheduled, transition_to_cancelled: a wake, an abort; on any thread
//!   (2) transition_to_running: the entry is taken; transition_to_shutdown: the executor closes
//!   (3) the same as (1), from waiting: whoever does it pushes the entry
//!   (4) transition_to_idle: the poll returned Pending; if SCHEDULED is set, the runner pushes the entry. One that knows so
//!       without a transition leaves RUNNING set until the entry is taken; transition_to_settled clears what was left
//!   (5) transition_to_claimed: polled without a wake; transition_to_shutdown: the executor closes
//!   (6) transition_to_done: the result is stored; the joiner is woken, the task unlinked
//!   (7) transition_to_released: gives back RUNNING and the list's reference
//!   (8) transition_to_released, drop_reference or drop_join, whichever comes last
//! ```
//!
//! # Rules
//!
//! 1. **One order.** Every change of the word is one read-modify-write with acquire and release, except that adding a
//!    reference is relaxed. As no other kind of store exists, each transition also synchronises with all earlier ones.
//!    A wake is always such a change, also when SCHEDULED is set already: hence what the waker did before it is seen by
//!    the poll that follows.
//! 2. **One entry.** Whoever takes the word from none of SCHEDULED, RUNNING, DONE to SCHEDULED has the right, and the
//!    duty, to push one entry; so has the runner that lets the task go and finds SCHEDULED set, and the spawner. From
//!    then on SCHEDULED stays set until the entry is taken, and nobody else gets that right, so a task has at most one
//!    entry, and an entry means that SCHEDULED is set, DONE is clear, and so the task alive (rule 4).
//! 3. **One runner.** RUNNING is set and cleared on the owner thread only. It is set for an entry taken off the queue,
//!    for a waiting task that is polled without a wake, or when the executor closes, *after* its queue was closed and
//!    emptied (rule 10). Whoever sets it is the task's runner until it lets the task go. The future is polled and
//!    dropped by the runner, so on the owner thread, and in place. A runner that lets go of a task with SCHEDULED set
//!    need not clear RUNNING: to wakers the two bits mean the same as SCHEDULED, and the next runner would set it
//!    again. So an entry may have RUNNING *left*; it has a runner only if RUNNING is set and it has no entry. Before that
//!    difference is asked for, by a view or by closing, the tasks on the queue are settled: RUNNING is cleared.
//!    Two things a runner knows without looking at the word. A wake by reference in its own poll, on its own thread, has set
//!    SCHEDULED (`polled`), which nobody clears before the task is let go. And whoever sets CANCELLED has said so before, in `aborts`:
//!    who acquires the word after that sees it there. A runner that leaves RUNNING does not acquire it, and may overlook an
//!    abort on another thread, which the next runner will see; closing it cannot overlook, as that is on the owner thread.
//! 4. **The list's reference.** The owned list holds a reference from the spawn until (7). So nothing but the runner's
//!    last step can free a task that is not done: a last waker that is dropped, on whatever thread, leaves a pending
//!    task in the list, where it can be named as one that nobody can wake. Only the owner thread links and unlinks;
//!    neither entries nor the waker lent to a poll need a reference of their own. The number of wakers is the count
//!    less this reference, less the abort handles.
//! 5. **The stage** is the runner's until DONE. The result is the handle's if JOIN was set when DONE was; else the
//!    runner's, which drops it. JOIN can be cleared without looking at DONE only by the handle that saw DONE (so, after
//!    it has dealt with the result): `transition_to_detached` refuses once the task is done.
//! 6. **The join waker's place** is the handle's while JOIN_WAKER is clear, also after DONE. The handle sets and clears
//!    JOIN_WAKER by transitions that refuse once the task is done. The place is the runner's once DONE and JOIN_WAKER
//!    are both set, up to (7); the runner takes the waker out, wakes it, and never touches the place again. While
//!    JOIN_WAKER is set without DONE it is nobody's.
//! 7. **Freeing.** The cell is freed by whichever transition leaves no reference and no JOIN. A reference is left until
//!    (7), so such a cell is done, unlinked, its future dropped, its result taken or dropped, its join waker's place
//!    empty: freeing it on any thread runs no user code but the drop of the scheduler handle.
//! 8. **After DONE** SCHEDULED and CANCELLED mean nothing: late wakes may set them, nobody pushes, and freeing does not
//!    ask for them.
//! 9. **A push is covered.** Whoever pushes holds a reference, JOIN or RUNNING until the push has returned. The cell
//!    holds the scheduler handle, so what is pushed to is alive too, even if the executor was dropped in between. Hence
//!    waking by value pushes first and lets its reference go second. Not so at home, on the owner thread: what is to be
//!    pushed there is alive by rule 4, and cannot be taken or closed before it is, so one step does both. From then on another
//!    worker of a pool may take the entry and free the cell before the push has returned. So such a push has a copy of the
//!    handle and no reference into the cell; what it pushes to is kept by the thread, which is one of the executor's.
//! 10. **Closing.** First the queue refuses entries, and is settled and emptied; then each task in the owned list is marked
//!     cancelled, and either taken by the closing thread, which drops its future, or, if it is running, left to its
//!     runner, who will find CANCELLED when it lets the task go. An entry whose push was under way is refused, and by
//!     rule 9 its pusher holds what it needs to find that out.
//! 11. **Panics.** User code runs in: a poll, the drop of a future, of a result, of a join waker, its wake, an
//!     observer. The first two become the task's result. In completion, where nobody is left to be told, the others are
//!     caught, and the run is said to have panicked; elsewhere they go to the caller, after the word has changed and what was borrowed was
//!     returned. While user code runs, nothing of ours is borrowed or locked but the stage of the task that is polled.
//!
//! 12. **Many threads.** A task of a pool is owned by no thread but by the pool: read "one of the pool's workers, or who
//!     closes it" for "the owner thread". What the rules want of an owner thread is that two of its acts on a task are never
//!     at the same time, and that each sees what those before it did. For a pool that follows so:
//!     - Runners take turns by the entry. A worker becomes the runner by taking the task's one entry (rule 2), and the queues
//!       hand an entry from who pushed it to who takes it with release and acquire. So a runner sees all that the one before
//!       it did, RUNNING left included, although letting go may change nothing in the word.
//!     - The list is locked. Spawning and ending link and unlink under that lock, on any thread.
//!     - Closing begins when the last worker has stopped, by a read-modify-write of a count that each worker changes when it
//!       stops. From then on nobody takes entries, and what rule 3 says of the owner thread is true of who closes. A task
//!       that is spawned later finds the list closed and is not linked in: who spawns it is its runner, drops its future, and
//!       the list's reference is the runner's.
//!     - A worker of the pool that wakes by value lets its reference go with the transition (rule 9): what it is to push
//!       cannot be taken before, as there is no entry, nor closed, as it has not stopped. Others push first. Who closes is no
//!       worker any more.
//!     - Futures and outputs are [`Send`], so it does not matter which thread polls or drops them. [`TaskRef::spawn_send`]
//!       is the only way to spawn on a [`ScheduleAnywhere`], and it demands that; [`TaskRef::spawn`] is for a
//!       [`ScheduleHere`]. So no mistake in an executor can make a task that is not `Send` go elsewhere.
//!
//! # What follows
//!
//! *No wake is lost.* By rule 1 a wake comes, in the order of the word, either before some `transition_to_running`, and
//! is seen by the poll after it; or it finds SCHEDULED clear, and rule 2 brings about an entry and with it such a
//! transition. *Nothing is freed early*: entries and runners by rule 4, handles by JOIN, wakers by their references. In
//! particular the runner that wakes the joiner still has RUNNING and the list's reference, however fast the joiner
//! drops the handle. *Nothing leaks*: DONE is reached by every task of a closed executor (rule 10), and then rule 7
//! counts.

mod abort;
mod cell;
mod error;
mod join;
mod owned;
mod polled;
mod run;
mod state;
mod waker;

use std::sync::Arc as StdArc;
use std::task::Waker;

pub use abort::AbortHandle;
pub(crate) use cell::TaskRef;
pub use error::JoinError;
pub use join::JoinHandle;
pub(crate) use owned::Owned;
pub use run::Ran;

use crate::{Observe, TaskId};

/// Where tasks go to be polled: what a task cell knows of its executor.
///
/// The handle in the cell is counted, so that it outlives every waker (rule 9).
pub(crate) trait Schedule: Send + Sync + 'static {
    /// Takes a new task into the owned list, with its first reference (rule 4), and puts it on the run queue; cancels
    /// it if the executor is closed.
    ///
    /// # Safety
    /// The task was just made, and this is the owner thread, where there is one (rule 12).
    unsafe fn adopt(&self, task: TaskRef);

    /// Puts `task`, just woken, on the run queue; does nothing if the executor is closed. On any thread.
    fn schedule(&self, task: TaskRef);

    /// Whether this is the owner thread.
    fn is_at_home(&self) -> bool;

    /// Puts `task`, just woken or woken while it ran, on the run queue. The executor is not closed (rule 10).
    ///
    /// # Safety
    /// The caller has the right to do so (rule 2), on the owner thread.
    unsafe fn push_at_home(&self, task: TaskRef);

    /// The same, for a task that was woken while it ran, by its runner, which takes the next entry next.
    ///
    /// # Safety
    /// As for [`push_at_home`](Self::push_at_home).
    #[inline]
    unsafe fn push_back_at_home(&self, task: TaskRef) {
        // SAFETY: passed on to the caller.
        unsafe { self.push_at_home(task) };
    }

    /// Takes `task` out of the owned list.
    ///
    /// # Safety
    /// The caller is the task's runner (rule 3), and has not released it.
    unsafe fn unlink(&self, task: TaskRef);

    /// Who is told of waker operations.
    fn observer(&self) -> Option<&StdArc<dyn Observe>>;
}

/// A scheduler of tasks that stay on one thread: their futures need not be `Send`.
pub(crate) trait ScheduleHere: Schedule {}

/// A scheduler of tasks that go from thread to thread. What is spawned on it must be `Send`, which
/// [`TaskRef::spawn_send`] demands; the other way to spawn is for [`ScheduleHere`] only, and no scheduler is both.
///
/// # Safety
/// Whoever takes a task's entry has synchronised with whoever pushed it, and the links of its list are used by one thread
/// at a time (rule 12).
pub(crate) unsafe trait ScheduleAnywhere: Schedule {}

/// What the owner thread asks of a task's word.
impl TaskRef {
    /// Takes the task's entry: from now on the caller is its runner.
    ///
    /// # Safety
    /// The caller took the task's entry off the run queue, on the owner thread.
    #[inline]
    pub(crate) unsafe fn start(self) {
        // SAFETY: an entry means that the task is alive (rule 2).
        unsafe { self.header() }.state.transition_to_running();
    }

    /// Sees to it that RUNNING is not set, now that it is asked for.
    ///
    /// # Safety
    /// The task's entry is on the run queue, on the owner thread.
    pub(crate) unsafe fn settle(self) {
        // SAFETY: an entry means that the task is alive (rule 2).
        unsafe { self.header() }.state.transition_to_settled();
    }

    /// Makes the caller the runner of a waiting task; false if it is not waiting.
    ///
    /// # Safety
    /// The task is in the owned list; on the owner thread.
    pub(crate) unsafe fn claim(self) -> bool {
        // SAFETY: a task in the owned list is alive (rule 4).
        matches!(unsafe { self.header() }.state.transition_to_claimed(), state::Claim::Claimed)
    }

    /// Marks the task cancelled, and makes the caller its runner unless it has one.
    ///
    /// # Safety
    /// The task is in the owned list; on the owner thread, after the queue was closed and emptied (rule 10).
    pub(crate) unsafe fn shut_down(self) -> bool {
        // SAFETY: a task in the owned list is alive (rule 4).
        let header = unsafe { self.header() };
        header.aborts.ask();
        matches!(header.state.transition_to_shutdown(), state::Claim::Claimed)
    }

    /// A waker of the task, counted like any other.
    ///
    /// # Safety
    /// The task is in the owned list; on the owner thread.
    pub(crate) unsafe fn waker(self) -> Waker {
        // SAFETY: a task in the owned list is alive (rule 4), and the clone holds a reference of its own.
        let lent = unsafe { waker::lend(self) };
        Waker::clone(&lent)
    }

    /// The word and the number of wakers, for reports. Whether it runs is right if the run queue is settled (rule 3).
    ///
    /// # Safety
    /// The task is in the owned list; on the owner thread.
    pub(crate) unsafe fn view(self) -> TaskView {
        // SAFETY: a task in the owned list is alive (rule 4).
        let header = unsafe { self.header() };
        let word = header.state.load();
        TaskView {
            id: header.id,
            live_wakers: header.live_wakers(word),
            scheduled: word.is_scheduled(),
            running: word.is_running(),
        }
    }
}

/// What can be seen of a task that has not ended.
///
/// ```
/// use reveille_executor::{LocalExecutor, yield_now};
///
/// let executor = LocalExecutor::new();
/// let forgotten = executor.spawn(std::future::pending::<()>());
/// executor.block_on(yield_now());
/// executor.for_each_task(|task| {
///     // Nobody can ever wake it.
///     assert_eq!((task.id, task.live_wakers, task.scheduled), (forgotten.id(), 0, false));
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskView {
    /// Which task this is.
    pub id: TaskId,
    /// How many wakers of it exist; the one that is lent to a poll does not count. A task with none that is neither
    /// scheduled nor running can never be woken again.
    pub live_wakers: usize,
    /// Whether it is on the run queue, or, while it runs, will be put there.
    pub scheduled: bool,
    /// Whether it is being polled, or picked to be.
    pub running: bool,
}
