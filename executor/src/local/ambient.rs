//! Which executor the calling thread is in.

use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::ptr;

use super::LocalExecutor;
use crate::JoinHandle;
use crate::sync::thread_cell;

thread_cell! {
    /// The executor whose `run` or `block_on` is innermost on this thread; null if there is none. Invariant: set while
    /// an `Entered` exists, which borrows that executor.
    static CURRENT: Cell<*const LocalExecutor> = Cell::new(ptr::null())
}

/// While it exists, `spawn` on this thread goes to one executor.
pub(super) struct Entered<'a> {
    outer: *const LocalExecutor,
    _executor: PhantomData<&'a LocalExecutor>,
}

/// Makes `executor` the thread's. The result is to be dropped, and in the reverse order of entering: it is kept on the
/// stack of `run` and `block_on`, and nowhere else.
pub(super) fn enter(executor: &LocalExecutor) -> Entered<'_> {
    let outer = CURRENT.with(|current| current.replace(executor));
    Entered { outer, _executor: PhantomData }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.outer));
    }
}

/// Spawns `future` on the executor whose [`run`](LocalExecutor::run) or [`block_on`](LocalExecutor::block_on) the
/// caller is in.
///
/// # Panics
/// Outside of both.
///
/// ```
/// use reveille_executor::{LocalExecutor, spawn};
///
/// let sum = LocalExecutor::new().block_on(async {
///     let (a, b) = (spawn(async { 20 }), spawn(async { 22 }));
///     a.await.unwrap() + b.await.unwrap()
/// });
/// assert_eq!(sum, 42);
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let spawned = try_spawn(future).ok();
    spawned.expect("`spawn` is served inside `LocalExecutor::run` and `LocalExecutor::block_on` only")
}

/// The same for a caller who may be outside of both.
///
/// # Errors
/// The future, where no executor is there to take it.
///
/// ```
/// use reveille_executor::{LocalExecutor, try_spawn};
///
/// assert!(try_spawn(async {}).is_err());
/// assert!(LocalExecutor::new().block_on(async { try_spawn(async {}).is_ok() }));
/// ```
pub fn try_spawn<F>(future: F) -> Result<JoinHandle<F::Output>, F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let current = CURRENT.with(Cell::get);
    // SAFETY: not null, it is that of an `Entered`, which borrows the executor until after this call.
    match unsafe { current.as_ref() } {
        Some(executor) => Ok(executor.spawn(future)),
        None => Err(future),
    }
}
