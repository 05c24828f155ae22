//! Tasks of a run: spawning them, naming them, waiting for them.
//!
//! The words are tokio's, since the code under test is ordinary library code. Two things differ: a future need not be
//! `Send`, and every spawn remembers where it was made, for the report.
//!
//! ```
//! use reveille::task::{Builder, JoinSet, scope, spawn, yield_now};
//!
//! reveille::explore()
//!     .run(|| async {
//!         // One task, and its output.
//!         assert_eq!(spawn(async { 42 }).await.unwrap(), 42);
//!
//!         // Several, in the order in which they end.
//!         let mut squares = JoinSet::new();
//!         for n in 1..=3 {
//!             squares.spawn(async move { n * n });
//!         }
//!         while let Some(square) = squares.join_next().await {
//!             assert!([1, 4, 9].contains(&square.unwrap()));
//!         }
//!
//!         // Children that borrow, and end before their parent goes on.
//!         let words = vec!["one", "two"];
//!         scope(async |scope| drop(scope.enclose(async { assert_eq!(words.len(), 2) }))).await;
//!
//!         // One that serves as long as there is anybody else.
//!         let server = async {
//!             loop {
//!                 yield_now().await;
//!             }
//!         };
//!         Builder::new().name("server").daemon(true).spawn(server).abort();
//!     })
//!     .unwrap();
//! ```

mod join;
mod join_set;
mod scope;

use std::borrow::Cow;
use std::panic::Location;

pub use crate::livelock::{MeantToSpin, meant_to_spin};
pub use join::JoinHandle;
pub(crate) use join::misused;
pub use join_set::{JoinNext, JoinSet};
pub use reveille_executor::{AbortHandle, ChildCancelled, ChildHandle, JoinError, Scope, TaskId, YieldNow, yield_now};
pub use scope::scope;

use crate::context;
use crate::run::Origin;

/// Spawns a task.
///
/// In a run the task belongs to it and ends with it at the latest. Under [`#[reveille::main]`](crate::main) it is a task
/// of the real executor.
///
/// # Panics
/// Outside of both.
///
/// ```
/// # reveille::explore().runs(10).run(|| async {
/// let sum = reveille::spawn(async { 1 + 1 });
/// assert_eq!(sum.await.unwrap(), 2);
/// # }).unwrap();
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_with(future, Origin::at(Location::caller()))
}

/// Spawns a task that may go to another thread.
///
/// In a run that is a task like any other. Under [`#[reveille::main(threads = n)]`](crate::main) it is one of the pool's, where
/// [`spawn`] keeps its task on the main thread.
///
/// # Panics
/// Outside of both.
///
/// The same code, under the policy of a pool with four workers:
///
/// ```
/// # reveille::explore().strategy("workers:4").runs(10).run(|| async {
/// let squares: Vec<_> = (1..=3).map(|n| reveille::spawn_send(async move { n * n })).collect();
/// let mut sum = 0;
/// for square in squares {
///     sum += square.await.unwrap();
/// }
/// assert_eq!(sum, 14);
/// # }).unwrap();
/// ```
#[track_caller]
pub fn spawn_send<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if context::current().is_some() {
        return spawn_with(future, Origin::at(Location::caller()));
    }
    JoinHandle::real(reveille_executor::spawn_send(future))
}

/// Runs a closure that blocks, as a task of one step: nothing else happens in the run meanwhile.
///
/// ```
/// # reveille::explore().runs(10).run(|| async {
/// let sum = reveille::spawn_blocking(|| (1..=1_000).sum::<u32>());
/// assert_eq!(sum.await.unwrap(), 500_500);
/// # }).unwrap();
/// ```
#[track_caller]
pub fn spawn_blocking<F, T>(work: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    Builder::new().spawn(async move { work() })
}

/// A task with a name, or one that is expected to wait for ever.
///
/// ```
/// # reveille::explore().runs(10).run(|| async {
/// let worker = reveille::task::Builder::new().name("worker").spawn(async { 7 });
/// assert_eq!(worker.await.unwrap(), 7);
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder spawns nothing until `spawn` is called"]
pub struct Builder {
    name: Option<Cow<'static, str>>,
    daemon: bool,
    abortable: bool,
}

impl Builder {
    /// A task without a name that is expected to end.
    ///
    /// ```
    /// use reveille::{explore, task::Builder};
    ///
    /// // As it is, it makes tasks as `spawn` does: a panic that nobody receives is a finding.
    /// let failure = explore().run(|| async { drop(Builder::new().spawn(async { panic!("no job") })) }).unwrap_err();
    /// assert!(failure.to_string().contains("task 1 (spawned at "));
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The name that reports show.
    ///
    /// ```
    /// use reveille::{explore, task::Builder};
    ///
    /// let failure = explore().run(|| async { drop(Builder::new().name("worker").spawn(async { panic!("no job") })) });
    /// let report = failure.unwrap_err().to_string();
    /// assert!(report.contains("task 1 `worker`"), "{report}");
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Says that the task may wait for ever: it is never reported as stuck, nor as alive after the root.
    ///
    /// ```
    /// use reveille::{explore, task::Builder, time};
    ///
    /// let beats_for_ever = |daemon| {
    ///     explore().runs(10).deny_detached().run(move || async move {
    ///         let beats = async { loop { time::sleep(time::Duration::from_secs(3)).await } };
    ///         drop(Builder::new().daemon(daemon).spawn(beats));
    ///         time::sleep(time::Duration::from_secs(10)).await;
    ///     })
    /// };
    /// assert!(beats_for_ever(false).is_err());
    /// beats_for_ever(true).unwrap();
    /// ```
    pub fn daemon(mut self, daemon: bool) -> Self {
        self.daemon = daemon;
        self
    }

    /// Lets the run abort the task: whenever it is to be polled, and whenever it has been and waits, as a supervisor might
    /// that has lost patience. One decision in eight is an abort, in random runs; answer 0 lets it be, so seed 0 aborts
    /// nothing. Who joins the task gets a [`JoinError`] that says so. Several such tasks make a storm.
    ///
    /// ```
    /// use reveille::{explore, sometimes, task::Builder, yield_now};
    ///
    /// explore()
    ///     .run(|| async {
    ///         let worker = Builder::new().abortable(true).spawn(yield_now());
    ///         let ended = worker.await;
    ///         sometimes!(ended.is_ok(), "it is let alone");
    ///         sometimes!(ended.is_err_and(|error| error.is_cancelled()), "it is aborted");
    ///     })
    ///     .unwrap();
    /// ```
    pub fn abortable(mut self, abortable: bool) -> Self {
        self.abortable = abortable;
        self
    }

    /// Spawns `future`. See [`spawn`].
    ///
    /// # Panics
    /// Outside of a run and of [`#[reveille::main]`](crate::main).
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// let workers = reveille::task::Builder::new().name("worker");
    /// let tasks = [1, 2, 3].map(|n| workers.clone().spawn(async move { n * n }));
    /// let mut sum = 0;
    /// for task in tasks {
    ///     sum += task.await.unwrap();
    /// }
    /// assert_eq!(sum, 14);
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let Self { name, daemon, abortable } = self;
        spawn_with(future, Origin { name, daemon, abortable, ..Origin::at(Location::caller()) })
    }
}

/// Spawns `future` on the run that this thread is in, or else on its real executor.
#[track_caller]
fn spawn_with<F>(future: F, origin: Origin) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    // No closure, and so no `Option` around what may be a large future.
    match context::current() {
        Some(run) => JoinHandle::of_run(run.spawn(future, origin), run.id()),
        None => match reveille_executor::try_spawn(future) {
            Ok(handle) => JoinHandle::real(handle),
            Err(_) => context::missing("spawn"),
        },
    }
}
