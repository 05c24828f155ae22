//! The pool's face.

use std::fmt;
use std::future::Future;
use std::sync::Arc as StdArc;

use super::context::{self, Context, Role};
use super::driver::Driver;
use super::error::{PoolError, StillRunning};
use super::handle::PoolHandle;
use super::idle::WORKERS_MAX;
use super::shared::Shared;
use super::workers::{Worker, Workers};
use crate::sync::{Arc, Thread, ThreadBuilder};
use crate::task::TaskRef;
use crate::{JoinHandle, TaskId, park};

/// The most threads for closures that block.
const BLOCKING_MAX: usize = 512;

/// An executor for [`Send`] futures on threads of its own.
///
/// Each worker has a queue and takes from those of others when it has nothing to do; see [`Workers`] for the policy, which a
/// simulation can step, and for how long a task waits at most. Dropping the pool drops the futures of all tasks, each after
/// the poll that it may be in, and joins the threads; dropped by a task of its own it does not wait for that. Who wants to know
/// what it waits for asks by [`try_end`](Self::try_end).
///
/// ```
/// use reveille_executor::{Pool, spawn_send, yield_now};
///
/// let pool = Pool::new(2)?;
/// let sum = pool.block_on(async {
///     let tasks: Vec<_> = (1..=100)
///         .map(|n| {
///             spawn_send(async move {
///                 yield_now().await;
///                 n
///             })
///         })
///         .collect();
///     let mut sum = 0;
///     for task in tasks {
///         sum += task.await.unwrap();
///     }
///     sum
/// });
/// assert_eq!(sum, 5_050);
/// # Ok::<_, reveille_executor::PoolError>(())
/// ```
pub struct Pool {
    handle: PoolHandle,
    threads: Vec<Thread<()>>,
}

impl Pool {
    /// A pool with so many workers, each on a thread of its own.
    ///
    /// # Errors
    /// If there are to be none, or too many, or if the operating system refuses a thread.
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        Self::with(threads, false, Workers::new)
    }

    /// A pool one of whose workers, as long as any has nothing to do, waits in `driver`; and that looks in there every 61st
    /// step of a busy worker. While tasks block all workers, nobody does.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    ///
    /// ```
    /// use std::sync::{Arc, Condvar, Mutex};
    /// use std::task::Waker;
    /// use reveille_executor::{Driver, Pool};
    ///
    /// /// Wakes whoever is registered, at the next opportunity.
    /// #[derive(Default)]
    /// struct Soon {
    ///     registered: Mutex<(Vec<Waker>, bool)>,
    ///     changed: Condvar,
    /// }
    ///
    /// impl Driver for Soon {
    ///     fn poll(&self) {
    ///         let wakers = std::mem::take(&mut self.registered.lock().unwrap().0);
    ///         wakers.into_iter().for_each(Waker::wake);
    ///     }
    ///     fn park(&self) {
    ///         let registered = self.registered.lock().unwrap();
    ///         let nothing = |(wakers, unparked): &mut (Vec<Waker>, bool)| wakers.is_empty() && !*unparked;
    ///         self.changed.wait_while(registered, nothing).unwrap().1 = false;
    ///         self.poll();
    ///     }
    ///     fn unpark(&self) {
    ///         self.registered.lock().unwrap().1 = true;
    ///         self.changed.notify_one();
    ///     }
    /// }
    ///
    /// let soon = Arc::new(Soon::default());
    /// let (pool, driver) = (Pool::with_driver(2, soon.clone())?, soon);
    /// let mut polls = 0;
    /// let task = pool.spawn(std::future::poll_fn(move |cx| {
    ///     polls += 1;
    ///     driver.registered.lock().unwrap().0.push(cx.waker().clone());
    ///     driver.changed.notify_one();
    ///     if polls < 3 { std::task::Poll::Pending } else { std::task::Poll::Ready(polls) }
    /// }));
    /// assert_eq!(pool.block_on(task).unwrap(), 3);
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn with_driver(threads: usize, driver: StdArc<dyn Driver>) -> Result<Self, PoolError> {
        Self::with(threads, false, |threads| Workers::with_driver(threads, driver))
    }

    /// A pool that runs the most urgent task first, from one queue for all workers; every 61st time the one that waits
    /// longest. So one that *a* others have waited longer than is run within `61·(a + 1)` turns of all workers together,
    /// however urgent those are that come after it.
    ///
    /// What is spawned is as urgent as the task that spawns it, unless told otherwise: see [`PoolHandle::spawn_urgent`] and
    /// [`Urgency::set`](crate::Urgency::set).
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use reveille_executor::{Pool, Urgency};
    ///
    /// let (pool, order) = (Pool::by_urgency(1)?, Arc::new(Mutex::new(Vec::new())));
    /// let (handle, ran) = (pool.handle(), order.clone());
    /// let task = pool.spawn(async move {
    ///     // The one worker is busy here until all three are spawned.
    ///     let tasks = [1, 3, 2].map(|priority| {
    ///         let ran = ran.clone();
    ///         handle.spawn_urgent(Urgency::priority(priority), async move { ran.lock().unwrap().push(priority) })
    ///     });
    ///     for task in tasks {
    ///         task.await.unwrap();
    ///     }
    /// });
    /// pool.block_on(task).unwrap();
    /// assert_eq!(*order.lock().unwrap(), [3, 2, 1]);
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn by_urgency(threads: usize) -> Result<Self, PoolError> {
        Self::with(threads, true, |threads| Workers::ordered(threads, None))
    }

    /// A pool [by urgency](Self::by_urgency), one of whose workers waits in `driver` as in one [with a driver](Self::with_driver).
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use reveille_executor::{Driver, Pool, Urgency};
    ///
    /// /// Has nothing to wait for, and comes back to the pool every millisecond.
    /// struct Idle;
    ///
    /// impl Driver for Idle {
    ///     fn poll(&self) {}
    ///     fn park(&self) {
    ///         std::thread::sleep(std::time::Duration::from_millis(1));
    ///     }
    ///     fn unpark(&self) {}
    /// }
    ///
    /// let pool = Pool::by_urgency_with_driver(1, Arc::new(Idle))?;
    /// let urgency = pool.handle().spawn_urgent(Urgency::deadline(10), async { Urgency::current() });
    /// assert_eq!(pool.block_on(urgency).unwrap(), Some(Urgency::deadline(10)));
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn by_urgency_with_driver(threads: usize, driver: StdArc<dyn Driver>) -> Result<Self, PoolError> {
        Self::with(threads, true, |threads| Workers::ordered(threads, Some(driver)))
    }

    fn with(
        threads: usize,
        by_urgency: bool,
        workers: impl FnOnce(usize) -> (Arc<Workers<TaskRef>>, Vec<Worker<TaskRef>>),
    ) -> Result<Self, PoolError> {
        if !(1..=WORKERS_MAX).contains(&threads) {
            return Err(PoolError::number(threads));
        }
        let (workers, seats) = workers(threads);
        let shared = Arc::new(Shared::new(workers, threads, BLOCKING_MAX, by_urgency));
        let mut pool = Self { handle: PoolHandle { shared }, threads: Vec::with_capacity(threads) };
        for worker in seats {
            let own = Arc::clone(&pool.handle.shared);
            let name = format!("reveille-worker-{}", worker.index());
            match ThreadBuilder::new().name(name).spawn(move || Shared::work(own, worker)) {
                Ok(thread) => pool.threads.push(thread),
                Err(error) => {
                    // Those that did not start are not waited for; dropping the pool stops and joins the others.
                    pool.handle.shared.leave(threads - pool.threads.len());
                    return Err(PoolError::refused(threads, error));
                }
            }
        }
        Ok(pool)
    }

    /// Something that spawns tasks on this pool from anywhere.
    #[must_use]
    pub fn handle(&self) -> PoolHandle {
        self.handle.clone()
    }

    /// Spawns `future`; see [`PoolHandle::spawn`].
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Runs a closure that blocks; see [`PoolHandle::spawn_blocking`].
    pub fn spawn_blocking<F, T>(&self, work: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle.spawn_blocking(work)
    }

    /// Runs `future` on the calling thread, which sleeps while it waits; [`spawn_send`](crate::spawn_send) in it spawns on this pool. The
    /// future is no task: it need be neither `Send` nor `'static`, and its panic comes out here.
    ///
    /// # Panics
    /// Inside a task of a pool, whose worker it would block.
    ///
    /// ```
    /// # use reveille_executor::Pool;
    /// let pool = Pool::new(1)?;
    /// let inside = pool.handle();
    /// let task = pool.spawn(async move { Pool::new(1).unwrap().block_on(async {}) });
    /// assert!(pool.block_on(task).unwrap_err().to_string().contains("inside a task of a pool"));
    /// # drop(inside);
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.enter(|| park::block_on(future))
    }

    /// Calls `f` with [`spawn_send`](crate::spawn_send) spawning on this pool.
    ///
    /// # Panics
    /// Inside a task of a pool.
    ///
    /// ```
    /// use reveille_executor::{LocalExecutor, Pool, spawn, spawn_send};
    ///
    /// // Tasks that are not `Send` on this thread, others on those of the pool.
    /// let sum = Pool::new(2)?.enter(|| {
    ///     LocalExecutor::new().block_on(async {
    ///         let (here, elsewhere) = (spawn(async { 20 }), spawn_send(async { 22 }));
    ///         here.await.unwrap() + elsewhere.await.unwrap()
    ///     })
    /// });
    /// assert_eq!(sum, 42);
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn enter<T>(&self, f: impl FnOnce() -> T) -> T {
        let is_worker = context::with(|context| context.is_some_and(|context| matches!(context.role, Role::Worker(_))));
        assert!(
            !is_worker,
            "`Pool::block_on` and `Pool::enter` inside a task of a pool would block its worker: await instead"
        );
        let context = Context::new(Arc::clone(&self.handle.shared), Role::Guest);
        let _entered = context::enter(&context);
        f()
    }

    /// Has every worker stop after the poll that it is in. Dropping the pool does this too, and waits.
    pub fn stop(&self) {
        self.handle.shared.workers.stop();
    }

    /// Ends the pool as dropping it does, if that need not wait for anybody. Else has every worker stop after the poll that it
    /// is in, and hands the pool back with what it waits for; how long to wait is for the caller to say, who has a clock.
    ///
    /// # Errors
    /// If a task is in a poll, or a closure runs.
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # use reveille_executor::Pool;
    /// static GO_ON: AtomicBool = AtomicBool::new(false);
    /// let pool = Pool::new(1)?;
    /// let endless = pool.spawn(async { while !GO_ON.load(Ordering::Relaxed) {} }).id();
    /// while pool.running().is_empty() {}
    /// let waits = pool.try_end().unwrap_err();
    /// assert_eq!(waits.tasks(), [endless]);
    /// assert_eq!(waits.to_string(), format!("cannot end the pool yet: task {endless} has not returned"));
    /// GO_ON.store(true, Ordering::Relaxed);
    /// drop(waits.into_pool());
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn try_end(self) -> Result<(), StillRunning> {
        self.stop();
        let shared = &self.handle.shared;
        if shared.has_closed() && shared.blocking.has_ended() || self.handle.is_inside() {
            return Ok(());
        }
        Err(StillRunning::new(self))
    }

    /// The tasks that are being polled at this moment, and the closures that run: those that the drop of the pool waits for.
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # use reveille_executor::Pool;
    /// static GO_ON: AtomicBool = AtomicBool::new(false);
    /// let pool = Pool::new(1)?;
    /// let endless = pool.spawn(async { while !GO_ON.load(Ordering::Relaxed) {} }).id();
    /// while pool.running().is_empty() {}
    /// pool.stop();
    /// assert_eq!(pool.running(), [endless]);
    /// GO_ON.store(true, Ordering::Relaxed);
    /// drop(pool);
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    #[must_use]
    pub fn running(&self) -> Vec<TaskId> {
        let shared = &self.handle.shared;
        shared.polled().chain(shared.blocking.running()).collect()
    }

    /// The number of tasks that have not ended, closures apart.
    #[must_use]
    pub fn live_tasks(&self) -> usize {
        self.handle.shared.registry.len()
    }

    /// The number of threads for closures that block.
    ///
    /// ```
    /// # use reveille_executor::Pool;
    /// let pool = Pool::new(1)?;
    /// assert_eq!(pool.blocking_threads(), 0); // there are none before there is work for one
    /// pool.block_on(pool.spawn_blocking(|| ())).unwrap();
    /// assert_eq!(pool.blocking_threads(), 1);
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    #[must_use]
    pub fn blocking_threads(&self) -> usize {
        self.handle.shared.blocking.threads()
    }

    /// How often workers have stolen from one another.
    #[must_use]
    pub fn steals(&self) -> u64 {
        self.handle.shared.workers.steals()
    }

    /// How often a worker that waited in the driver was woken by a signal to it: at most once for each time that it waited.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use reveille_executor::{Driver, Pool};
    ///
    /// /// Has nothing to wait for, and comes back to the pool every millisecond.
    /// struct Idle;
    ///
    /// impl Driver for Idle {
    ///     fn poll(&self) {}
    ///     fn park(&self) {
    ///         std::thread::sleep(std::time::Duration::from_millis(1));
    ///     }
    ///     fn unpark(&self) {}
    /// }
    ///
    /// let pool = Pool::with_driver(1, Arc::new(Idle))?;
    /// for _ in 0..100 {
    ///     pool.block_on(pool.spawn(async {})).unwrap();
    /// }
    /// assert!(pool.signals() <= pool.sleeps()); // nobody is woken who does not sleep
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    #[must_use]
    pub fn signals(&self) -> u64 {
        self.handle.shared.workers.signals()
    }

    /// How often workers have gone to sleep.
    #[must_use]
    pub fn sleeps(&self) -> u64 {
        self.handle.shared.workers.sleeps()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
        if self.handle.is_inside() {
            return;
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                unreachable!("workers catch what their tasks throw");
            }
        }
        self.handle.shared.blocking.join();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads.len())
            .field("live_tasks", &self.live_tasks())
            .finish_non_exhaustive()
    }
}
