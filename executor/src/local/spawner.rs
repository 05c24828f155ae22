//! Spawning within a bound.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use super::home::Home;
use super::shared::{self, Shared};
use crate::JoinHandle;
use crate::sync::Arc;

/// Spawns tasks on a [`LocalExecutor`](crate::LocalExecutor) while it has fewer than a given number of them.
///
/// The bound is on tasks that have not ended, whoever spawned them, and it is checked when a task is spawned: a wake
/// never fails or waits because of it. While a spawner exists, [`run`](crate::LocalExecutor::run) does not return.
///
/// ```
/// use reveille_executor::LocalExecutor;
///
/// let executor = LocalExecutor::new();
/// let spawner = executor.spawner(1);
/// let first = spawner.try_spawn(async { 1 }).unwrap();
/// let refused = spawner.try_spawn(async { 2 }).unwrap_err();
/// assert!(refused.is_full());
///
/// assert_eq!(executor.block_on(first).unwrap(), 1);
/// let second = spawner.try_spawn(refused.into_inner()).unwrap();
/// assert_eq!(executor.block_on(second).unwrap(), 2);
/// ```
pub struct Spawner {
    shared: Arc<Shared>,
    tasks_max: usize,
    /// Tasks are spawned on the owner thread.
    _not_send: PhantomData<*const ()>,
}

impl Spawner {
    /// # Safety
    /// This is the owner thread of `shared`.
    pub(super) unsafe fn new(shared: Arc<Shared>, tasks_max: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { shared.owner_side() }.add_spawner();
        Self { shared, tasks_max, _not_send: PhantomData }
    }

    /// Spawns `future`, if there is room.
    ///
    /// # Errors
    /// Hands the future back if the executor has `tasks_max` tasks that have not ended, or is closed.
    pub fn try_spawn<F>(&self, future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        // SAFETY: a `Spawner` exists on the owner thread only.
        let owner = unsafe { self.shared.owner_side() };
        if owner.is_closed() {
            return Err(SpawnError { future, kind: SpawnErrorKind::Closed });
        }
        if owner.live_tasks() >= self.tasks_max {
            return Err(SpawnError { future, kind: SpawnErrorKind::Full { tasks_max: self.tasks_max } });
        }
        // SAFETY: as above; the executor has not parted from what is not closed.
        Ok(unsafe { shared::spawn(Home::new(&self.shared), future) })
    }

    /// The number of tasks that may exist.
    ///
    /// ```
    /// use reveille_executor::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new();
    /// let spawner = executor.spawner(3);
    /// let spawned = (0..10).take_while(|_| spawner.try_spawn(std::future::pending::<()>()).is_ok()).count();
    /// assert_eq!(spawned, spawner.tasks_max());
    /// ```
    #[must_use]
    pub fn tasks_max(&self) -> usize {
        self.tasks_max
    }
}

impl Clone for Spawner {
    fn clone(&self) -> Self {
        // SAFETY: a `Spawner` exists on the owner thread only.
        unsafe { Self::new(Arc::clone(&self.shared), self.tasks_max) }
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        // SAFETY: a `Spawner` exists on the owner thread only.
        unsafe { self.shared.owner_side() }.drop_spawner();
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner").field("tasks_max", &self.tasks_max).finish_non_exhaustive()
    }
}

/// Why a future was not spawned. Holds the future.
///
/// ```
/// use reveille_executor::LocalExecutor;
///
/// let executor = LocalExecutor::new();
/// let spawner = executor.spawner(8);
/// drop(executor);
/// let refused = spawner.try_spawn(std::future::ready(7)).unwrap_err();
/// assert!(refused.is_closed());
/// assert_eq!(refused.to_string(), "cannot spawn: the executor is closed");
/// assert_eq!(refused.into_inner().into_inner(), 7);
/// ```
pub struct SpawnError<F> {
    future: F,
    kind: SpawnErrorKind,
}

#[derive(Clone, Copy, Debug)]
enum SpawnErrorKind {
    Full { tasks_max: usize },
    Closed,
}

impl<F> SpawnError<F> {
    /// Whether there was no room: it may work later.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.kind, SpawnErrorKind::Full { .. })
    }

    /// Whether the executor is closed: it will never work.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.kind, SpawnErrorKind::Closed)
    }

    /// The future, never polled.
    #[must_use]
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SpawnError").field(&self.kind).finish()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SpawnErrorKind::Full { tasks_max } => {
                write!(f, "cannot spawn: the executor has {tasks_max} tasks, the most this spawner allows")
            }
            SpawnErrorKind::Closed => write!(f, "cannot spawn: the executor is closed"),
        }
    }
}

impl<F> std::error::Error for SpawnError<F> {}
