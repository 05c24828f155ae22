//! Why there is no pool, and why there still is one.

use std::fmt;
use std::io;

use super::Pool;
use super::idle::WORKERS_MAX;
use crate::TaskId;

/// Why a pool could not be made.
///
/// ```
/// use reveille_executor::Pool;
///
/// let error = Pool::new(0).unwrap_err();
/// assert_eq!(error.to_string(), "cannot make a pool of 0 threads: expected 1 to 65535");
/// ```
#[derive(Debug)]
pub struct PoolError {
    threads: usize,
    /// What the operating system said; `None` if it was not asked.
    refused: Option<io::Error>,
}

impl PoolError {
    pub(super) fn number(threads: usize) -> Self {
        Self { threads, refused: None }
    }

    pub(super) fn refused(threads: usize, error: io::Error) -> Self {
        Self { threads, refused: Some(error) }
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot make a pool of {} threads: ", self.threads)?;
        match &self.refused {
            Some(error) => write!(f, "{error}"),
            None => write!(f, "expected 1 to {WORKERS_MAX}"),
        }
    }
}

impl std::error::Error for PoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.refused.as_ref().map(|error| error as _)
    }
}

/// What a [`Pool`] that has been told to end still waits for; see [`Pool::try_end`].
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use reveille_executor::{Pool, StillRunning};
///
/// /// Ends a pool, if its tasks return soon.
/// fn end(mut pool: Pool) -> Result<(), StillRunning> {
///     for _ in 0..10 {
///         match pool.try_end() {
///             Err(waits) => pool = waits.into_pool(),
///             ended => return ended,
///         }
///         std::thread::yield_now();
///     }
///     pool.try_end()
/// }
///
/// static GO_ON: AtomicBool = AtomicBool::new(false);
/// let pool = Pool::new(1)?;
/// drop(pool.spawn(async { while !GO_ON.load(Ordering::Relaxed) {} }));
/// while pool.running().is_empty() {}
/// let waits = end(pool).unwrap_err();
/// assert_eq!(waits.tasks().len(), 1);
/// GO_ON.store(true, Ordering::Relaxed);
/// # Ok::<_, reveille_executor::PoolError>(())
/// ```
#[must_use = "the pool is in here, and dropping it waits"]
pub struct StillRunning {
    pool: Pool,
    tasks: Vec<TaskId>,
}

impl StillRunning {
    pub(super) fn new(pool: Pool) -> Self {
        let tasks = pool.running();
        Self { pool, tasks }
    }

    /// The tasks that are in a poll, and the closures that run. None, if threads are just about to end.
    #[must_use]
    pub fn tasks(&self) -> &[TaskId] {
        &self.tasks
    }

    /// The pool, to try again.
    #[must_use = "dropping the pool waits"]
    pub fn into_pool(self) -> Pool {
        self.pool
    }
}

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot end the pool yet: ")?;
        if self.tasks.is_empty() {
            return f.write_str("its threads are about to stop");
        }
        for (at, task) in self.tasks.iter().enumerate() {
            write!(f, "{}{task}", if at == 0 { "task " } else { ", task " })?;
        }
        f.write_str(if self.tasks.len() == 1 { " has not returned" } else { " have not returned" })
    }
}

impl fmt::Debug for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StillRunning").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}

impl std::error::Error for StillRunning {}
