//! Aborting a task from elsewhere.

use std::fmt;

use super::TaskRef;
use crate::TaskId;
use crate::sync::Ordering;

/// Aborts a task. Unlike a [`JoinHandle`](crate::JoinHandle) it can be cloned, and says nothing about the output.
///
/// ```
/// use reveille_executor::LocalExecutor;
///
/// let executor = LocalExecutor::new();
/// let task = executor.spawn(std::future::pending::<()>());
/// let abort = task.abort_handle();
/// executor.spawn(async move { abort.abort() });
/// assert!(executor.block_on(task).unwrap_err().is_cancelled());
/// ```
pub struct AbortHandle {
    /// Invariant: a reference of ours keeps the cell alive. It is counted in `abort_handles` too, as it is no waker.
    task: TaskRef,
}

// SAFETY: what it reaches is the word (rule 1).
unsafe impl Send for AbortHandle {}

// SAFETY: same argument as for `Send`.
unsafe impl Sync for AbortHandle {}

impl AbortHandle {
    /// # Safety
    /// The task is alive, and stays so during the call.
    pub(super) unsafe fn new(task: TaskRef) -> Self {
        // SAFETY: the caller's promise.
        let header = unsafe { task.header() };
        header.abort_handles.fetch_add(1, Ordering::Relaxed);
        let _ = header.state.add_reference();
        Self { task }
    }

    /// Which task this is.
    #[must_use]
    pub fn id(&self) -> TaskId {
        // SAFETY: our reference keeps the cell alive.
        unsafe { self.task.id() }
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        // SAFETY: our reference keeps the cell alive.
        unsafe { self.task.header() }.state.load().is_done()
    }

    /// Asks for the task's future to be dropped; see [`JoinHandle::abort`](crate::JoinHandle::abort).
    pub fn abort(&self) {
        // SAFETY: our reference keeps the cell alive.
        unsafe { self.task.abort() };
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> Self {
        // SAFETY: our reference keeps the cell alive.
        unsafe { Self::new(self.task) }
    }
}

impl Drop for AbortHandle {
    fn drop(&mut self) {
        // SAFETY: our reference keeps the cell alive, and is given up.
        unsafe {
            self.task.header().abort_handles.fetch_sub(1, Ordering::Relaxed);
            let _ = self.task.drop_reference();
        }
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).field("is_finished", &self.is_finished()).finish()
    }
}
