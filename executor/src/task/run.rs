//! Running a task: what follows from a poll.

use std::future::Future;
use std::task::Waker;

use super::cell::{Polled, quietly};
use super::polled::{self, WokeItself};
use super::state::{Done, Idle, Released};
use super::{Schedule, TaskRef};
use crate::TaskId;
use crate::task::JoinError;

/// What one run of a task came to.
///
/// ```
/// use reveille_executor::{Choose, LocalExecutor, Point, Ran};
///
/// struct Fifo;
/// impl Choose for Fifo {
///     fn choose(&mut self, _: Point<'_>) -> u32 {
///         0
///     }
/// }
///
/// let executor = LocalExecutor::new();
/// drop(executor.spawn(std::future::pending::<()>()));
/// drop(executor.spawn(async { std::panic::resume_unwind(Box::new("on purpose")) }));
/// executor.spawn(async {}).abort();
/// let ran: Vec<_> = std::iter::from_fn(|| executor.pick(&mut Fifo)).map(|task| task.run()).collect();
/// assert_eq!(ran, [Ran::Pending, Ran::Panicked, Ran::Cancelled]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ran {
    /// The task waits, or was woken meanwhile and is on the run queue again.
    Pending,
    /// The task ended with an output.
    Ready,
    /// The task panicked: in its poll, while its future was dropped, or where nobody else would hear of it: while an
    /// output that nobody wants was dropped, or while whoever awaits the handle was woken.
    Panicked,
    /// The task had been cancelled, and its future was dropped instead of polled, or right after its poll.
    Cancelled,
}

/// Polls a running task once, and settles what follows.
///
/// # Safety
/// The task has this future and scheduler, RUNNING is the caller's (rule 3), and it gives it up.
pub(super) unsafe fn run<F: Future, S: Schedule>(task: TaskRef, waker: &Waker) -> Ran {
    // SAFETY: RUNNING keeps the task alive (rule 4), to the point where one of the calls below gives it up.
    let cell = unsafe { task.cell::<F, S>() };
    // SAFETY: as above.
    let header = unsafe { task.header() };
    // If it is asked for later, whoever lets the task go will see it. The second look makes the drop see what came before the abort.
    if header.aborts.asked() && header.state.load().is_cancelled() {
        // SAFETY: the caller's promise is passed on.
        return unsafe { cancel::<F, S>(task) };
    }
    let outer = polled::enter(task);
    // SAFETY: RUNNING without DONE gives us the stage, and it holds the future (rules 3 and 5).
    let polled = unsafe { cell.poll(waker) };
    match (polled, polled::leave(task, outer)) {
        // SAFETY: SCHEDULED was set in this poll, so the caller's RUNNING makes it ours (rule 2), and may stay (rule 3).
        (Polled::Pending, WokeItself::Yes) if !header.aborts.asked() => unsafe { push_back::<F, S>(task) },
        // SAFETY: the caller's promise is passed on.
        (Polled::Pending, _) => unsafe { let_go::<F, S>(task) },
        // SAFETY: the result is stored; the caller's promise is passed on.
        (Polled::Settled(ran), _) => unsafe { complete(task, ran) },
    }
}

/// Lets a running task go without having completed it.
///
/// # Safety
/// As for [`run`].
#[inline]
pub(super) unsafe fn let_go<F: Future, S: Schedule>(task: TaskRef) -> Ran {
    // SAFETY: RUNNING keeps the task alive (rule 4).
    let header = unsafe { task.header() };
    match header.state.transition_to_idle() {
        Idle::Waiting => Ran::Pending,
        // SAFETY: SCHEDULED without an entry is ours to turn into one (rule 2).
        Idle::Woken => unsafe { push_back::<F, S>(task) },
        Idle::Cancelled => {
            // SCHEDULED is set and no entry exists, so nobody else can have started it (rule 2).
            header.state.transition_to_running();
            // SAFETY: RUNNING is ours again.
            unsafe { cancel::<F, S>(task) }
        }
    }
}

/// Puts a task that was woken during its poll back on the run queue.
///
/// # Safety
/// The task has this future and scheduler; it was the caller's to run, and the right to push its entry is the caller's (rule 2).
#[inline]
unsafe fn push_back<F: Future, S: Schedule>(task: TaskRef) -> Ran {
    // SAFETY: SCHEDULED keeps the task as it is, up to the push. This thread is one of the executor's, so the executor outlives
    // the call (rule 9).
    unsafe { task.scheduler::<F, S>().push_back_at_home(task) };
    Ran::Pending
}

/// Drops the future of a running task and completes it.
///
/// # Safety
/// As for [`run`].
#[cold]
pub(super) unsafe fn cancel<F: Future, S: Schedule>(task: TaskRef) -> Ran {
    // SAFETY: RUNNING keeps the task alive (rule 4), to the end of `complete`.
    let (cell, header) = unsafe { (task.cell::<F, S>(), task.header()) };
    // SAFETY: RUNNING without DONE gives us the stage, and it holds the future (rules 3 and 5).
    let ran = unsafe { cell.settle(Err(JoinError::cancelled(header.id))) };
    // SAFETY: the result is stored; the caller's promise is passed on.
    unsafe { complete(task, ran) }
}

/// Tells everyone that the result is stored, and gives the task up. Nothing in here panics; what follows from a panic that
/// had to be caught is told by the result, which is `ran` otherwise.
///
/// # Safety
/// RUNNING is the caller's (rule 3), the result has been stored, and DONE has not been set.
unsafe fn complete(task: TaskRef, ran: Ran) -> Ran {
    // SAFETY: the list's reference keeps the task alive until the last transition below (rule 4).
    let header = unsafe { task.header() };
    let quiet = match header.state.transition_to_done() {
        // SAFETY: without a handle at DONE the result is ours (rule 5).
        Done::Detached => quietly(|| unsafe { (header.vtable.drop_result)(task) }),
        Done::Joined => true,
        Done::JoinedAndWaiting => {
            // SAFETY: DONE and JOIN_WAKER are set, so the place is ours, and full (rule 6).
            let waker = header.join.with_mut(|waker| unsafe { (*waker).take() });
            waker.is_none_or(|waker| quietly(|| waker.wake()))
        }
    };
    // SAFETY: RUNNING and DONE are set, and this is the owner thread (rules 3 and 4).
    unsafe { (header.vtable.unlink)(task) };
    match header.state.transition_to_released() {
        Released::Kept(_) => {}
        // SAFETY: that was the last reference, and there is no handle (rule 7).
        Released::Last(_) => unsafe { (header.vtable.free)(task) },
    }
    if quiet { ran } else { Ran::Panicked }
}

/// What the owner thread does to tasks.
impl TaskRef {
    /// Which task this is.
    ///
    /// # Safety
    /// The task is alive.
    pub(crate) unsafe fn id(self) -> TaskId {
        // SAFETY: the caller's promise.
        unsafe { self.header() }.id
    }

    /// Whether the task has been cancelled.
    ///
    /// # Safety
    /// The task is alive.
    pub(crate) unsafe fn is_cancelled(self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.header() }.state.load().is_cancelled()
    }

    /// Polls the task with the waker that is its own.
    ///
    /// # Safety
    /// RUNNING is the caller's (rule 3), and it gives it up.
    #[inline]
    pub(crate) unsafe fn run(self) -> Ran {
        // SAFETY: RUNNING keeps the task alive (rule 4), and with it what the lent waker points to.
        let waker = unsafe { super::waker::lend(self) };
        // SAFETY: the caller's promise is passed on.
        unsafe { self.run_with(&waker) }
    }

    /// Polls the task with another waker.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline]
    pub(crate) unsafe fn run_with(self, waker: &Waker) -> Ran {
        // SAFETY: RUNNING keeps the task alive (rule 4); the caller's promise is passed on.
        unsafe { (self.header().vtable.run)(self, waker) }
    }

    /// Puts a task that was to be run back on the run queue.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    pub(crate) unsafe fn put_back(self) -> Ran {
        // SAFETY: RUNNING keeps the task alive (rule 4).
        let header = unsafe { self.header() };
        // RUNNING is set: whatever this finds, the push is left to `let_go`.
        let _ = header.state.transition_to_scheduled();
        // SAFETY: the caller's promise is passed on.
        unsafe { (header.vtable.let_go)(self) }
    }

    /// Drops the future of a running task and completes it.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    pub(crate) unsafe fn cancel(self) -> Ran {
        // SAFETY: RUNNING keeps the task alive (rule 4); the caller's promise is passed on.
        unsafe { (self.header().vtable.cancel)(self) }
    }
}
