//! A task that is to be polled.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::task::Waker;

use crate::TaskId;
use crate::task::{Ran, TaskRef};

/// A task taken off the run queue, to be polled once. Dropped unrun, it goes to the back of the queue.
///
/// It stays valid whatever becomes of the executor; if that closes, running or dropping this drops the task's future.
///
/// ```
/// use reveille_executor::{Choose, LocalExecutor, Point, Ran, yield_now};
///
/// struct Fifo;
/// impl Choose for Fifo {
///     fn choose(&mut self, _: Point<'_>) -> u32 {
///         0
///     }
/// }
///
/// let executor = LocalExecutor::new();
/// executor.spawn(yield_now()).abort_handle();
/// assert_eq!(executor.pick(&mut Fifo).map(|task| task.run()), Some(Ran::Pending));
/// assert_eq!(executor.pick(&mut Fifo).map(|task| task.run()), Some(Ran::Ready));
/// assert!(executor.pick(&mut Fifo).is_none());
/// ```
#[must_use = "a task that was picked is to be run"]
pub struct Runnable {
    /// Invariant: RUNNING is ours, which keeps the task alive and makes us its runner (rules 3 and 4).
    task: TaskRef,
    /// Futures are polled and dropped on the owner thread only.
    _not_send: PhantomData<*const ()>,
}

impl Runnable {
    /// # Safety
    /// RUNNING of the task is handed to this value, on the owner thread.
    pub(super) unsafe fn new(task: TaskRef) -> Self {
        Self { task, _not_send: PhantomData }
    }

    /// Which task this is.
    #[must_use]
    pub fn id(&self) -> TaskId {
        // SAFETY: RUNNING keeps the task alive.
        unsafe { self.task.id() }
    }

    /// Whether the task has been cancelled: running it drops its future instead of polling it.
    ///
    /// ```
    /// # use reveille_executor::{Choose, LocalExecutor, Point, Ran};
    /// # struct Fifo;
    /// # impl Choose for Fifo {
    /// #     fn choose(&mut self, _: Point<'_>) -> u32 {
    /// #         0
    /// #     }
    /// # }
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async {});
    /// task.abort();
    /// let runnable = executor.pick(&mut Fifo).unwrap();
    /// assert!(runnable.is_cancelled());
    /// assert_eq!(runnable.run(), Ran::Cancelled);
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // SAFETY: RUNNING keeps the task alive.
        unsafe { self.task.is_cancelled() }
    }

    /// A waker of the task, in constant time.
    ///
    /// ```
    /// # use reveille_executor::{LocalExecutor, Ran};
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(std::future::pending::<()>());
    /// let runnable = executor.start_newest().unwrap();
    /// let waker = runnable.waker();
    /// assert_eq!((runnable.run(), executor.ready()), (Ran::Pending, 0));
    /// waker.wake();
    /// assert_eq!(executor.newest(), Some(task.id()));
    /// ```
    #[must_use]
    pub fn waker(&self) -> Waker {
        // SAFETY: RUNNING keeps the task alive, as the owned list does, and this is the owner thread.
        unsafe { self.task.waker() }
    }

    /// Polls the task once, with no lock or borrow of the executor held.
    ///
    /// A panic of the task does not come out here; it is kept for the task's [`JoinHandle`](crate::JoinHandle).
    ///
    /// ```
    /// # use reveille_executor::{Choose, LocalExecutor, Point, Ran};
    /// # struct Fifo;
    /// # impl Choose for Fifo {
    /// #     fn choose(&mut self, _: Point<'_>) -> u32 {
    /// #         0
    /// #     }
    /// # }
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { std::panic::resume_unwind(Box::new("lost")) });
    /// assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Panicked);
    /// let error: reveille_executor::JoinError = executor.block_on(task).unwrap_err();
    /// assert!(error.is_panic());
    /// ```
    #[inline]
    pub fn run(self) -> Ran {
        let this = ManuallyDrop::new(self);
        // SAFETY: RUNNING was ours, and is given up.
        unsafe { this.task.run() }
    }

    /// Polls the task once, with `waker` in place of the task's own; [`followed_waker`](crate::followed_waker) makes
    /// some that tell what becomes of them.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use std::{future::poll_fn, task::Poll};
    ///
    /// use reveille_executor::{Follow, LocalExecutor, Ran, followed_waker};
    ///
    /// static CLONES: AtomicU32 = AtomicU32::new(0);
    ///
    /// /// Counts how often a future keeps the waker that it is polled with.
    /// struct Count;
    /// impl Follow for Count {
    ///     fn cloned(&self) -> Box<dyn Follow> {
    ///         CLONES.fetch_add(1, Ordering::Relaxed);
    ///         Box::new(Count)
    ///     }
    ///     fn woken(&self) {}
    ///     fn dropped(&self) {}
    /// }
    ///
    /// let executor = LocalExecutor::new();
    /// drop(executor.spawn(poll_fn(|context| {
    ///     drop(context.waker().clone());
    ///     Poll::<()>::Pending
    /// })));
    /// let runnable = executor.start_newest().unwrap();
    /// let waker = followed_waker(runnable.waker(), Box::new(Count));
    /// assert_eq!(runnable.run_with(&waker), Ran::Pending);
    /// assert_eq!(CLONES.load(Ordering::Relaxed), 1);
    /// ```
    #[inline]
    pub fn run_with(self, waker: &Waker) -> Ran {
        let this = ManuallyDrop::new(self);
        // SAFETY: RUNNING was ours, and is given up.
        unsafe { this.task.run_with(waker) }
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        // SAFETY: RUNNING was ours, and is given up.
        let _ = unsafe { self.task.put_back() };
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runnable").field("id", &self.id()).finish_non_exhaustive()
    }
}
