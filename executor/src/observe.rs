//! Telling someone what becomes of wakers.

use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Waker};

use crate::TaskId;
use crate::sync::{Alive, AtomicUsize, Ordering};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WakerOp {
    /// It was cloned.
    Clone,
    /// It was woken.
    Wake,
    /// It was dropped.
    Drop,
}

/// A waker with an identity of its own that reports what is done with it, and with its clones, and wakes `inner`.
///
/// Leaves that compare wakers ([`Waker::will_wake`]) take it for a stranger and register it anew, which is what one
/// wants in order to see *where* a task waits. `live` in its reports counts this waker and its clones, not `inner`.
///
/// ```
/// use std::sync::Arc;
/// use std::task::Waker;
/// use reveille_executor::{Observe, TaskId, WakerOp, proxy_waker};
///
/// struct Print;
/// impl Observe for Print {
///     fn observe(&self, task: TaskId, op: WakerOp, live: usize) {
///         println!("{op:?} of a waker of task {task}: {live} left");
///     }
/// }
///
/// let inner = Waker::noop();
/// let proxy = proxy_waker(inner.clone(), TaskId::new(3), Arc::new(Print));
/// assert!(proxy.will_wake(&proxy.clone()) && !proxy.will_wake(inner));
/// ```
#[must_use]
pub fn proxy_waker(inner: Waker, task: TaskId, observer: Arc<dyn Observe>) -> Waker {
    let proxy = Box::new(Proxy { inner, task, observer, live: AtomicUsize::new(1), alive: Alive::new() });
    let data = Box::into_raw(proxy).cast_const().cast();
    // SAFETY: the functions of `PROXY` keep the contract of wakers: `live` counts the wakers with this pointer, and the
    // last of them frees it.
    unsafe { Waker::from_raw(RawWaker::new(data, &PROXY)) }
}

static PROXY: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

/// What the clones of one proxy waker share.
struct Proxy {
    inner: Waker,
    task: TaskId,
    observer: Arc<dyn Observe>,
    /// How many wakers point here.
    live: AtomicUsize,
    alive: Alive,
}

/// # Safety
/// `data` is that of a proxy waker that stays alive while the result is used.
unsafe fn proxy<'a>(data: *const ()) -> &'a Proxy {
    // SAFETY: the caller's promise.
    let proxy: &Proxy = unsafe { &*data.cast() };
    proxy.alive.touch();
    proxy
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: called on a waker that is alive.
    let proxy = unsafe { proxy(data) };
    let before = proxy.live.fetch_add(1, Ordering::Relaxed);
    if before > isize::MAX as usize {
        std::process::abort();
    }
    let cloned = RawWaker::new(data, &PROXY);
    proxy.observer.observe(proxy.task, WakerOp::Clone, before + 1);
    cloned
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker that we were called on. As a value it is let go even if `inner` or the observer panics.
    unsafe { Waker::from_raw(RawWaker::new(data, &PROXY)) }.wake_by_ref();
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: called on a waker that is alive.
    let proxy = unsafe { proxy(data) };
    proxy.inner.wake_by_ref();
    proxy.observer.observe(proxy.task, WakerOp::Wake, proxy.live.load(Ordering::Relaxed));
}

unsafe fn release(data: *const ()) {
    // SAFETY: called on a waker that is alive, and given up: until it is counted off.
    let (task, observer) = unsafe { (proxy(data).task, Arc::clone(&proxy(data).observer)) };
    // SAFETY: as above.
    let live = unsafe { proxy(data) }.live.fetch_sub(1, Ordering::AcqRel) - 1;
    if live == 0 {
        // SAFETY: no waker with this pointer is left, and it came from a box.
        unsafe { Alive::free(data.cast_mut().cast::<Proxy>(), |proxy| &proxy.alive) };
    }
    observer.observe(task, WakerOp::Drop, live);
}
