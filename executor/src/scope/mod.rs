//! Tasks that end before the future that started them does.
//!
//! [`scope`] runs a body and the children that it starts, and is done when all of them are gone. There are two sorts:
//!
//! * A [*borrowing* child](Scope::enclose) is polled inside of the scope's own future, and so may borrow whatever outlives
//!   that future. It runs when the scope is polled and at no other time.
//! * A [*separate* child](Scope::spawn) is a task of the executor, scheduled on its own (in a pool perhaps on another
//!   thread), and `'static`.
//!
//! # Why each borrow is sound
//!
//! By the compiler's word alone: there is no `unsafe` in this module. A borrowing child is a value of type `'env` inside a
//! `Scope<'env>` that the scope's future holds, so the borrow checker keeps what it borrows alive for as long as that
//! future. Children cannot borrow from the body's own locals, which die before the scope does; put them before the scope.
//!
//! # What a leaked scope does
//!
//! A future may be forgotten ([`std::mem::forget`], a cycle of `Arc`s), and then its destructor never runs. The borrowing
//! children of a forgotten scope are forgotten with it: they are never polled again, so they touch nothing of what they
//! borrowed, however soon that goes. Its separate children, whose destructor nobody runs either, live on as ordinary tasks
//! until they end or their executor drops them; they own all they use. This is why only `'static` children are scheduled
//! separately: a scheduled child that borrowed would go on touching what is gone.
//!
//! # How children end
//!
//! * By themselves.
//! * By [`Scope::cancel`], which drops those that there are and leaves the scope open: what their destructors start in the
//!   scope runs to its end. That is how a cleanup can be asynchronous.
//! * By a panic, of the body or of a child: all others are cancelled, the scope waits until nobody is left, and the first
//!   panic comes out of it. Of a child's and the body's own it is the child's, as the body often panics at the child's end.
//! * By the drop of the scope's future. It drops idle children at once, and waits for those that another thread is polling
//!   at the moment, blocking its own. What their destructors start is dropped at once too. If it is one of these children
//!   that drops the scope, which it would have to wait for, it panics instead.
//!
//! Deliberately absent: a scope for blocking threads ([`std::thread::scope`] is one), children that outlive an `await` of
//! the body but not the next, time-outs.

mod child;
mod children;
mod drive;
mod handle;
mod reach;
mod tally;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc as StdArc;

pub use children::CancelScope;
pub use handle::{ChildCancelled, ChildHandle};
pub use reach::{Abort, AnyThread, Host, OneThread, Reach};

use children::Children;
use drive::drive;
use handle::Reporting;

/// Starts children in a scope. Given to the body of [`scope`]; clones may go to children, which then start siblings.
///
/// Once the scope's future is gone, what is started is dropped at once, and its handle says that it was cancelled.
///
/// `R` says whether the children may go to other threads: see [`Reach`].
pub struct Scope<'env, R: Reach = OneThread> {
    children: StdArc<Children<'env, R>>,
}

/// Runs `body` with a scope, and the children that are started in it; done when all of them are.
///
/// Separate children become tasks of the executor whose [`run`](crate::LocalExecutor::run) or
/// [`block_on`](crate::LocalExecutor::block_on) the caller is in then. The module-level documentation of the source says
/// why the borrows are sound and what becomes of a scope that is forgotten: its borrowing children are never polled again.
///
/// # Panics
/// With the first panic of a child, or the body's, once all others are gone. When it is dropped by one of its own separate
/// children.
///
/// ```
/// use std::cell::Cell;
/// use reveille_executor::{LocalExecutor, scope, yield_now};
///
/// let executor = LocalExecutor::new();
/// let sum = &Cell::new(0);
/// executor.block_on(scope(async |scope| {
///     for n in 1..=3 {
///         // Borrows `sum`, and is polled inside of this scope.
///         drop(scope.enclose(async move { sum.set(sum.get() + n) }));
///     }
///     // A task of its own.
///     let answer = scope.spawn(async {
///         yield_now().await;
///         42
///     });
///     assert_eq!(answer.await, Ok(42));
/// }));
/// assert_eq!(sum.get(), 6);
/// ```
///
/// ```compile_fail,E0597
/// # use reveille_executor::scope;
/// let late = scope(async |scope| {
///     let inner = 1;
///     // A child may outlive the body, so it cannot borrow from it.
///     scope.enclose(async { println!("{}", &inner) });
/// });
/// ```
pub fn scope<'env, F, T>(body: F) -> impl Future<Output = T>
where
    F: AsyncFnOnce(Scope<'env>) -> T,
{
    drive::<OneThread, _, _>(&reach::Ambient, body)
}

/// The same, with separate children as tasks of `host`, whatever executor that is.
///
/// ```
/// use std::panic::Location;
/// use reveille_executor::{Abort, Host, LocalExecutor, OneThread, Reach, scope_on};
///
/// /// Another executor.
/// struct Other(LocalExecutor);
///
/// impl Host<OneThread> for Other {
///     fn spawn(&self, task: <OneThread as Reach>::Task<'static>, _at: &'static Location<'static>) -> Abort {
///         let task = self.0.spawn(task).abort_handle();
///         Box::new(move || task.abort())
///     }
/// }
///
/// let other = Other(LocalExecutor::new());
/// let answer = scope_on(&other, async |scope| scope.spawn(async { 42 }).await);
/// assert_eq!(other.0.block_on(answer), Ok(42));
/// ```
pub fn scope_on<'env, F, T>(host: &'env dyn Host<OneThread>, body: F) -> impl Future<Output = T>
where
    F: AsyncFnOnce(Scope<'env>) -> T,
{
    drive::<OneThread, _, _>(host, body)
}

/// The same, with children that may go to other threads: the scope's future is `Send` if its body is.
///
/// Of a body that borrows what is outside of the scope the compiler cannot say so yet (`AsyncFnOnce` is not general enough, are
/// its words): such a scope is for `block_on`, or for a task that stays on its thread.
///
/// Dropping it waits for those of its separate children that other threads are polling at the moment. So two such scopes that
/// children of each other drop at one time wait for ever.
///
/// ```
/// use reveille_executor::{Pool, scope_across};
///
/// let pool = Pool::new(2)?;
/// let host = pool.handle();
/// let sum = pool.block_on(scope_across(&host, async |scope| {
///     let (one, two) = (scope.spawn(async { 1 }), scope.spawn(async { 2 })); // on whatever threads
///     one.await.unwrap() + two.await.unwrap()
/// }));
/// assert_eq!(sum, 3);
/// # Ok::<_, reveille_executor::PoolError>(())
/// ```
pub fn scope_across<'env, F, T>(host: &'env (dyn Host<AnyThread> + Sync), body: F) -> impl Future<Output = T>
where
    F: AsyncFnOnce(Scope<'env, AnyThread>) -> T,
{
    drive::<AnyThread, _, _>(host, body)
}

impl<'env> Scope<'env, OneThread> {
    /// Starts a separate child: a task of the executor.
    ///
    /// ```
    /// use reveille_executor::{LocalExecutor, scope};
    ///
    /// let both = LocalExecutor::new().block_on(scope(async |scope| {
    ///     let (one, two) = (scope.spawn(async { 1 }), scope.spawn(async { 2 }));
    ///     (one.await.unwrap(), two.await.unwrap())
    /// }));
    /// assert_eq!(both, (1, 2));
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> ChildHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (task, handle) = Reporting::new(future);
        self.children.add_task(Box::pin(task), Location::caller());
        handle
    }

    /// Starts a borrowing child, polled inside of the scope's own future: whenever that is polled, so in a time that
    /// grows with the number of such children, as in a `join!` of them. Hundreds are better [spawned](Self::spawn).
    ///
    /// ```
    /// use reveille_executor::{LocalExecutor, scope};
    ///
    /// let names = vec!["one".to_owned(), "two".to_owned()];
    /// let length = LocalExecutor::new().block_on(scope(async |scope| {
    ///     let lengths = [0, 1].map(|at| scope.enclose({
    ///         let names = &names;
    ///         async move { names[at].len() }
    ///     }));
    ///     let mut sum = 0;
    ///     for length in lengths {
    ///         sum += length.await.unwrap();
    ///     }
    ///     sum
    /// }));
    /// assert_eq!(length, 6);
    /// ```
    pub fn enclose<F>(&self, future: F) -> ChildHandle<F::Output>
    where
        F: Future + 'env,
        F::Output: 'env,
    {
        let (task, handle) = Reporting::new(future);
        self.children.add_enclosed(Box::pin(task));
        handle
    }
}

impl<'env> Scope<'env, AnyThread> {
    /// Starts a separate child: a task of the executor, perhaps on another thread.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> ChildHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = Reporting::new_send(future);
        self.children.add_task(Box::pin(task), Location::caller());
        handle
    }

    /// Starts a borrowing child, polled inside of the scope's own future.
    pub fn enclose<F>(&self, future: F) -> ChildHandle<F::Output>
    where
        F: Future + Send + 'env,
        F::Output: Send + 'env,
    {
        let (task, handle) = Reporting::new_send(future);
        self.children.add_enclosed(Box::pin(task));
        handle
    }
}

impl<'env, R: Reach> Scope<'env, R> {
    /// Cancels all children that there are: drops those that are idle before it returns. The future is done when those are
    /// gone too that were being polled, which on one thread is the caller at most: a child that awaits this ends there.
    ///
    /// The scope stays open. What is started in it later, also by the destructors of the children that go, runs to its
    /// end; the scope waits for it.
    ///
    /// ```
    /// use std::cell::RefCell;
    /// use reveille_executor::{LocalExecutor, Scope, scope};
    ///
    /// /// Has to be closed asynchronously.
    /// struct File<'env>(Scope<'env>, &'env RefCell<Vec<&'static str>>);
    ///
    /// impl Drop for File<'_> {
    ///     fn drop(&mut self) {
    ///         let log = self.1;
    ///         drop(self.0.enclose(async move { log.borrow_mut().push("closed") }));
    ///     }
    /// }
    ///
    /// let log = RefCell::default();
    /// LocalExecutor::new().block_on(scope(async |scope| {
    ///     let file = File(scope.clone(), &log);
    ///     drop(scope.enclose(async move {
    ///         let _file = file;
    ///         std::future::pending::<()>().await;
    ///     }));
    ///     scope.cancel().await;
    ///     log.borrow_mut().push("cancelled");
    /// }));
    /// assert_eq!(*log.borrow(), ["cancelled", "closed"]);
    /// ```
    #[must_use = "children that are being polled are not gone before this is awaited"]
    pub fn cancel(&self) -> CancelScope<'env, R> {
        self.children.cancel()
    }
}

impl<R: Reach> Clone for Scope<'_, R> {
    fn clone(&self) -> Self {
        Self { children: StdArc::clone(&self.children) }
    }
}

impl<R: Reach> fmt::Debug for Scope<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// A boxed future that need not be `Send`.
type LocalBox<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
/// A boxed future that is.
type SendBox<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
