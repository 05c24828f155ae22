//! Whether the children of a scope may go to other threads, and who schedules them.

use std::future::Future;
use std::panic::Location;

use super::child::Runner;
use super::{LocalBox, SendBox};

/// Whether the children of a scope may go to other threads: [`OneThread`] or [`AnyThread`].
///
/// Sealed: there are no other answers.
///
/// ```
/// use reveille_executor::{AnyThread, Reach};
///
/// /// Takes only what may go to other threads.
/// fn send<R: Reach>() where R::Task<'static>: Send {}
/// send::<AnyThread>();
/// ```
///
/// ```compile_fail,E0277
/// # use reveille_executor::{OneThread, Reach};
/// # fn send<R: Reach>() where R::Task<'static>: Send {}
/// send::<OneThread>();
/// ```
pub trait Reach: sealed::Sealed + Sized + 'static {
    /// A child, whatever its future.
    type Task<'a>: Future<Output = ()> + Unpin + 'a;

    /// The executor of separate children.
    #[doc(hidden)]
    type Hosting<'a>: Host<Self> + Copy;

    #[doc(hidden)]
    fn boxed(runner: Runner<Self::Task<'static>>) -> Self::Task<'static>;
}

/// The children stay on the thread of their scope, and need not be `Send`.
#[derive(Clone, Copy, Debug)]
pub struct OneThread;

/// The children may go to other threads.
#[derive(Clone, Copy, Debug)]
pub struct AnyThread;

impl Reach for OneThread {
    type Task<'a> = LocalBox<'a, ()>;
    type Hosting<'a> = &'a (dyn Host<Self> + 'a);

    fn boxed(runner: Runner<Self::Task<'static>>) -> Self::Task<'static> {
        Box::pin(runner)
    }
}

impl Reach for AnyThread {
    type Task<'a> = SendBox<'a, ()>;
    type Hosting<'a> = &'a (dyn Host<Self> + Sync + 'a);

    fn boxed(runner: Runner<Self::Task<'static>>) -> Self::Task<'static> {
        Box::pin(runner)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::OneThread {}
    impl Sealed for super::AnyThread {}
}

/// Has a task that [`Host::spawn`] was given dropped soon, by waking it or by the executor's own means.
pub type Abort = Box<dyn Fn() + Send + Sync>;

/// An executor that schedules the separate children of scopes; see [`scope_on`](crate::scope_on).
///
/// ```
/// use std::cell::Cell;
/// use std::panic::Location;
/// use reveille_executor::{Abort, Host, LocalExecutor, OneThread, Reach, scope_on};
///
/// /// Counts the children that it schedules.
/// #[derive(Default)]
/// struct Counting(LocalExecutor, Cell<u32>);
///
/// impl Host<OneThread> for Counting {
///     fn spawn(&self, task: <OneThread as Reach>::Task<'static>, _at: &'static Location<'static>) -> Abort {
///         self.1.set(self.1.get() + 1);
///         let task = self.0.spawn(task).abort_handle();
///         Box::new(move || task.abort())
///     }
/// }
///
/// let host = Counting::default();
/// host.0.block_on(scope_on(&host, async |scope| (0..3).for_each(|_| drop(scope.spawn(async {})))));
/// assert_eq!(host.1.get(), 3);
/// ```
pub trait Host<R: Reach> {
    /// Spawns `task`, detached. It neither panics nor has an output. `at` is where the user asked for it.
    ///
    /// If it is refused, it is dropped. The result has the task polled once more, or dropped: either will do.
    fn spawn(&self, task: R::Task<'static>, at: &'static Location<'static>) -> Abort;
}

impl<R: Reach, H: Host<R> + ?Sized> Host<R> for &H {
    fn spawn(&self, task: R::Task<'static>, at: &'static Location<'static>) -> Abort {
        (**self).spawn(task, at)
    }
}

/// The executor that the caller is in; see [`spawn`](crate::spawn).
pub(super) struct Ambient;

impl Host<OneThread> for Ambient {
    fn spawn(&self, task: LocalBox<'static, ()>, _at: &'static Location<'static>) -> Abort {
        let task = crate::spawn(task).abort_handle();
        Box::new(move || task.abort())
    }
}
