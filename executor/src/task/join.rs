//! Awaiting a task.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::state::{Detached, Reclaimed, Registered, Released};
use super::{AbortHandle, JoinError, TaskRef};
use crate::{TaskId, budget};

/// Awaits a task's output. Dropping the handle detaches the task, which runs on.
///
/// The handle may go to another thread if the output may. It can be awaited on any executor.
///
/// # Panics
/// When polled again after it returned the result.
///
/// ```
/// use reveille_executor::LocalExecutor;
///
/// let executor = LocalExecutor::new();
/// let task = executor.spawn(async { "done" });
/// assert!(!task.is_finished());
/// assert_eq!(executor.block_on(task).unwrap(), "done");
/// ```
#[must_use = "dropping the handle detaches the task; say so with `drop`, or await it"]
pub struct JoinHandle<T> {
    /// Invariant: JOIN is set and ours, which keeps the cell alive (rule 7).
    task: TaskRef,
    _output: PhantomData<T>,
}

// SAFETY: through the handle the output may be taken or dropped on another thread, hence `T: Send`. All else that it
// reaches on other threads is the word and the join waker's place (rules 5 and 6).
unsafe impl<T: Send> Send for JoinHandle<T> {}

// SAFETY: a shared handle gives access to the word only.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    /// JOIN is set and handed to this handle; the task's output is a `T`.
    pub(super) unsafe fn new(task: TaskRef) -> Self {
        Self { task, _output: PhantomData }
    }

    /// Which task this is.
    #[must_use]
    pub fn id(&self) -> TaskId {
        // SAFETY: JOIN keeps the cell alive (rule 7).
        unsafe { self.task.id() }
    }

    /// Whether the task has ended: awaiting it will not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        // SAFETY: JOIN keeps the cell alive (rule 7).
        unsafe { self.task.header() }.state.load().is_done()
    }

    /// Asks for the task's future to be dropped, at its next turn and where it would be polled. No effect on a task
    /// that has ended; one that is being polled may still end with an output, if that poll brings it.
    ///
    /// ```
    /// # use reveille_executor::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(!task.is_finished());
    /// assert!(executor.block_on(task).unwrap_err().is_cancelled());
    /// ```
    pub fn abort(&self) {
        // SAFETY: JOIN keeps the cell alive (rule 7).
        unsafe { self.task.abort() };
    }

    /// Something else that can abort the task.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        // SAFETY: JOIN keeps the cell alive (rule 7).
        unsafe { AbortHandle::new(self.task) }
    }

    /// Has `waker` woken once the task has ended; false if it has ended already, in which case nobody is woken.
    pub(crate) fn register(&mut self, waker: &Waker) -> bool {
        // SAFETY: JOIN keeps the cell alive (rule 7).
        let header = unsafe { self.task.header() };
        if header.state.load().is_done() {
            return false;
        }
        if let Reclaimed::Lost = header.state.transition_to_join_reclaimed() {
            return false;
        }
        // SAFETY: reclaimed, the place is ours (rule 6). `will_wake` runs no code of others.
        let is_same =
            header.join.with(|place| unsafe { (*place).as_ref().is_some_and(|placed| placed.will_wake(waker)) });
        if !is_same {
            let new = Some(waker.clone());
            // SAFETY: the place is ours (rule 6). What was there is dropped by us, not in there.
            drop(header.join.with_mut(|place| unsafe { std::mem::replace(&mut *place, new) }));
        }
        match header.state.transition_to_join_registered() {
            Registered::Registered => true,
            Registered::Done => {
                drop(self.take_waker());
                false
            }
        }
    }

    /// Empties the join waker's place, which is ours (rule 6).
    fn take_waker(&mut self) -> Option<Waker> {
        // SAFETY: JOIN keeps the cell alive (rule 7); the place is ours, as the callers make sure.
        unsafe { self.task.header().join.with_mut(|place| (*place).take()) }
    }

    /// The result of a task that has ended.
    #[inline]
    fn take_result(&mut self) -> Poll<Result<T, JoinError>> {
        // SAFETY: JOIN keeps the cell alive (rule 7), the result is ours since DONE (rule 5), and its type is that of the handle.
        unsafe { (self.task.header().vtable.take_result.typed::<T>())(self.task) }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if budget::is_spent(cx) || self.register(cx.waker()) {
            return Poll::Pending;
        }
        budget::spend();
        self.take_result()
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        // SAFETY: JOIN keeps the cell alive (rule 7).
        let header = unsafe { self.task.header() };
        // The waker comes out before JOIN goes: after that the cell may be gone.
        let waker = match header.state.transition_to_join_reclaimed() {
            Reclaimed::Owned => self.take_waker(),
            Reclaimed::Lost => None,
        };
        if let Detached::Done = header.state.transition_to_detached() {
            // Given back even if the output's drop panics.
            let _join = Join(self.task);
            // SAFETY: the result, if it is still there, is ours since DONE (rule 5).
            unsafe { (header.vtable.drop_result)(self.task) };
        }
        drop(waker);
    }
}

/// JOIN of a task that has ended, to be given back.
struct Join(TaskRef);

impl Drop for Join {
    fn drop(&mut self) {
        // SAFETY: JOIN keeps the cell alive (rule 7), up to the transition.
        let header = unsafe { self.0.header() };
        if let Released::Last(_) = header.state.drop_join() {
            // SAFETY: no reference is left, and JOIN is gone (rule 7).
            unsafe { (header.vtable.free)(self.0) };
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id()).field("is_finished", &self.is_finished()).finish()
    }
}
