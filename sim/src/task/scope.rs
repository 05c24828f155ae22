//! Scopes in a run.

use std::panic::Location;

use reveille_executor::{Abort, Host, OneThread, Reach, Scope, scope_on};

use super::spawn_with;
use crate::run::Origin;

/// Runs `body` with a scope, and the children that it starts there; done when all of them are. Nothing outlives it.
///
/// [`Scope::enclose`] starts a child that may borrow what is outside of the scope, and is polled inside of the scope's
/// own future. [`Scope::spawn`] starts one that is a task of the run, under [`#[reveille::main]`](crate::main) one of the
/// real executor, and cannot borrow. [`Scope::cancel`] drops all children and lets what their destructors start run to its
/// end. A forgotten scope's borrowing children are never polled again, its tasks go on.
///
/// # Panics
/// With the first panic of a child, or the body's, once all others are gone. When it is dropped by one of its own tasks.
///
/// ```
/// use std::cell::Cell;
///
/// # reveille::explore().runs(10).run(|| async {
/// let sum = &Cell::new(0);
/// reveille::scope(async |scope| {
///     for n in 1..=3 {
///         drop(scope.enclose(async move { sum.set(sum.get() + n) }));
///     }
///     assert_eq!(scope.spawn(async { 42 }).await, Ok(42));
/// })
/// .await;
/// assert_eq!(sum.get(), 6);
/// # }).unwrap();
/// ```
pub fn scope<'env, F, T>(body: F) -> impl Future<Output = T>
where
    F: AsyncFnOnce(Scope<'env>) -> T,
{
    scope_on(&Here, body)
}

/// The run that the thread is in, or else its real executor.
struct Here;

impl Host<OneThread> for Here {
    fn spawn(&self, task: <OneThread as Reach>::Task<'static>, at: &'static Location<'static>) -> Abort {
        let task = spawn_with(task, Origin::at(at)).abort_handle();
        Box::new(move || task.abort())
    }
}
