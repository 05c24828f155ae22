//! Telling someone what becomes of wakers.

use crate::TaskId;

/// Is told of every operation on the wakers of an executor's tasks.
///
/// Made for explaining a failure, by replaying it: who holds a task's wakers, and where was the last one dropped? An
/// executor [with an observer](crate::LocalExecutor::with_observer) behaves as one without; only its wakers are slower.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use reveille_executor::{LocalExecutor, Observe, TaskId, WakerOp, yield_now};
///
/// #[derive(Default)]
/// struct Log(Mutex<Vec<(TaskId, WakerOp, usize)>>);
///
/// impl Observe for Log {
///     fn observe(&self, task: TaskId, op: WakerOp, live: usize) {
///         self.0.lock().unwrap().push((task, op, live));
///     }
/// }
///
/// let log = Arc::new(Log::default());
/// let executor = LocalExecutor::with_observer(log.clone());
/// executor.spawn(yield_now());
/// executor.run();
/// assert_eq!(*log.0.lock().unwrap(), [(TaskId::new(0), WakerOp::Wake, 0)]);
/// ```
pub trait Observe: Send + Sync {
    /// A waker of `task` was operated on, and `live` wakers of it exist now; the one that is lent to a poll does not
    /// count.
    ///
    /// Called after the operation, on the thread that did it, with no lock or borrow of the executor held: it may come
    /// back to the executor. While other threads operate on wakers of the same task, `live` may be outdated already.
    fn observe(&self, task: TaskId, op: WakerOp, live: usize);
}

/// What was done with a waker. Waking by value is a [`Wake`](Self::Wake) and then a [`Drop`](Self::Drop).
///
/// ```
/// use reveille_executor::{Observe, TaskId, WakerOp};
///
/// /// Counts clones that are never dropped.
/// struct Clones(std::sync::atomic::AtomicI64);
///
/// impl Observe for Clones {
///     fn observe(&self, _task: TaskId, op: WakerOp, _live: usize) {
///         let change = match op {
///             WakerOp::Clone => 1,
///             WakerOp::Drop => -1,
///             WakerOp::Wake => 0,
///         };
///         self.0.fetch_add(change, std::sync::atomic::Ordering::Relaxed);
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WakerOp {
    /// It was cloned.
    Clone,
    /// It was woken.
    Wake,
    /// It was dropped.
    Drop,
}
