//! Aborting a task from elsewhere.

use std::fmt;

use super::TaskRef;
use crate::TaskId;
use crate::sync::{AtomicU32, Ordering};

/// What a task has of aborts beside its word: how many of the references are abort handles rather than wakers, and in the
/// highest bit whether somebody asked for the future to be dropped.
///
/// That bit is a hint, set before CANCELLED is, for the runner to look at. It is no part of the word because a processor waits
/// where a value is loaded right after it was changed by a locked instruction, and the runner has just done that to the word.
pub(super) struct Aborts(AtomicU32);

impl Aborts {
    const ASKED: u32 = 1 << 31;
    /// More handles than this and the count might run into the bit: only a program that forgets them gets here.
    const HANDLES_MAX: u32 = 1 << 30;

    pub(super) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    fn add_handle(&self) {
        if self.0.fetch_add(1, Ordering::Relaxed) & !Self::ASKED > Self::HANDLES_MAX {
            std::process::abort();
        }
    }

    fn drop_handle(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// The number of abort handles.
    pub(super) fn handles(&self) -> usize {
        (self.0.load(Ordering::Relaxed) & !Self::ASKED) as usize
    }

    /// Somebody is about to set CANCELLED.
    pub(super) fn ask(&self) {
        self.0.fetch_or(Self::ASKED, Ordering::Relaxed);
    }

    /// Whether somebody has set CANCELLED, or is about to. Orders nothing; true for who has acquired the word since then.
    #[inline]
    pub(super) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed) & Self::ASKED != 0
    }
}

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
    /// Invariant: a reference of ours keeps the cell alive. It is counted in `aborts` too, as it is no waker.
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
        header.aborts.add_handle();
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
            self.task.header().aborts.drop_handle();
            let _ = self.task.drop_reference();
        }
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).field("is_finished", &self.is_finished()).finish()
    }
}
