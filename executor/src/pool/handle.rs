//! Spawning on a pool, also from elsewhere.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use super::blocking::Blocking;
use super::context;
use super::shared::Shared;
use super::urgency::{self, Urgency};
use crate::JoinHandle;
use crate::scope::{Abort, AnyThread, Host, Reach};
use crate::sync::Arc;
use crate::task::TaskRef;

/// Spawns tasks on a [`Pool`](crate::Pool), from anywhere. It does not keep the pool going: when that has stopped, what is spawned is
/// dropped at once, and its handle says that the task was cancelled.
///
/// ```
/// use reveille_executor::Pool;
///
/// let pool = Pool::new(2)?;
/// let handle = pool.handle();
/// let task = std::thread::spawn(move || handle.spawn(async { 42 })).join().unwrap();
/// assert_eq!(pool.block_on(task).unwrap(), 42);
/// # Ok::<_, reveille_executor::PoolError>(())
/// ```
#[derive(Clone)]
pub struct PoolHandle {
    pub(super) shared: Arc<Shared>,
}

impl PoolHandle {
    /// Spawns `future`: at the back of the worker's queue if the caller is one of the pool's workers, else where all workers
    /// look.
    ///
    /// ```
    /// # use reveille_executor::Pool;
    /// let pool = Pool::new(1)?;
    /// let handle = pool.handle();
    /// assert_eq!(pool.block_on(handle.spawn(async { 42 })).unwrap(), 42);
    /// drop(pool);
    /// assert!(handle.spawn(async { 42 }).is_finished());
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if self.shared.by_urgency {
            return urgency::spawn(&self.shared, Urgency::current().unwrap_or_default(), future);
        }
        TaskRef::spawn_send(future, self.shared.registry.next_id(), Arc::clone(&self.shared))
    }

    /// Spawns `future` as a task that is so urgent. In a pool that is not [by urgency](crate::Pool::by_urgency) it is as any other.
    ///
    /// ```
    /// use reveille_executor::{Pool, Urgency};
    ///
    /// let pool = Pool::by_urgency(1)?;
    /// let soon = pool.handle().spawn_urgent(Urgency::deadline(10), async { "soon" });
    /// assert_eq!(pool.block_on(soon).unwrap(), "soon");
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn spawn_urgent<F>(&self, urgency: Urgency, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if self.shared.by_urgency { urgency::spawn(&self.shared, urgency, future) } else { self.spawn(future) }
    }

    /// Runs a closure that blocks, on a thread that is there for such: there are as many as there is work for, up to 512.
    ///
    /// An abort has no effect on a closure that has started, and the drop of the pool waits for it.
    ///
    /// ```
    /// # use reveille_executor::Pool;
    /// let pool = Pool::new(1)?;
    /// let sum = pool.spawn_blocking(|| (1..=1_000).sum::<u32>());
    /// assert_eq!(pool.block_on(sum).unwrap(), 500_500);
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn spawn_blocking<F, T>(&self, work: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Blocking::spawn(&self.shared, work)
    }

    /// Ends the wait of the worker that waits in the [`Driver`](crate::Driver), if one does, with at most one [signal](crate::Pool::signals) for each
    /// wait, however many ask for it: for who has registered something there that it does not know of, such as a timer that is
    /// due earlier than all others. The worker comes back to the driver unless there is something to run.
    ///
    /// ```
    /// use std::sync::mpsc::{Receiver, Sender, channel};
    /// use std::sync::{Arc, Mutex};
    /// use std::task::{Poll, Waker};
    /// use reveille_executor::{Driver, Pool};
    ///
    /// /// Wakes all who are registered when it begins to wait, and does not notice who comes later.
    /// struct Sleepy(Mutex<Vec<Waker>>, Sender<()>, Mutex<Receiver<()>>);
    ///
    /// impl Driver for Sleepy {
    ///     fn poll(&self) {
    ///         std::mem::take(&mut *self.0.lock().unwrap()).into_iter().for_each(Waker::wake);
    ///     }
    ///     fn park(&self) {
    ///         self.poll();
    ///         self.2.lock().unwrap().recv().unwrap();
    ///     }
    ///     fn unpark(&self) {
    ///         self.1.send(()).unwrap();
    ///     }
    /// }
    ///
    /// let (send, receive) = channel();
    /// let sleepy = Arc::new(Sleepy(Mutex::default(), send, Mutex::new(receive)));
    /// let pool = Pool::with_driver(1, sleepy.clone())?;
    /// let mut polls = 0;
    /// pool.block_on(std::future::poll_fn(|context| {
    ///     polls += 1;
    ///     sleepy.0.lock().unwrap().push(context.waker().clone());
    ///     pool.handle().interrupt_driver(); // without which nobody may look there again
    ///     if polls < 100 { Poll::Pending } else { Poll::Ready(()) }
    /// }));
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    pub fn interrupt_driver(&self) {
        self.shared.workers.interrupt_driver();
    }

    /// Whether the calling thread is one of the pool's own.
    pub(super) fn is_inside(&self) -> bool {
        context::is_own_thread_of(&self.shared)
    }
}

/// Spawns `future` on the pool that the caller is in: in one of its tasks or closures, in [`Pool::block_on`](crate::Pool::block_on) or
/// [`Pool::enter`](crate::Pool::enter); else on the [`LocalExecutor`](crate::LocalExecutor) that it is in, as [`spawn`](crate::spawn) does.
///
/// # Panics
/// Outside of all of these.
///
/// ```
/// use reveille_executor::{Pool, spawn_send};
///
/// let pool = Pool::new(2)?;
/// let task = pool.spawn(async { spawn_send(async { 42 }).await.unwrap() });
/// assert_eq!(pool.block_on(task).unwrap(), 42);
/// # Ok::<_, reveille_executor::PoolError>(())
/// ```
#[track_caller]
pub fn spawn_send<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match context::with(|context| context.map(|context| PoolHandle { shared: Arc::clone(&context.shared) })) {
        Some(pool) => pool.spawn(future),
        None => {
            let spawned = crate::try_spawn(future).ok();
            spawned
                .expect("`spawn_send` is served in tasks of a `Pool` or a `LocalExecutor` and in their `block_on` only")
        }
    }
}

impl Host<AnyThread> for PoolHandle {
    fn spawn(&self, task: <AnyThread as Reach>::Task<'static>, _at: &'static Location<'static>) -> Abort {
        let task = self.spawn(task).abort_handle();
        Box::new(move || task.abort())
    }
}

impl fmt::Debug for PoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolHandle").finish_non_exhaustive()
    }
}
