//! How urgent a task is: for pools that run the most urgent first.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll};

use super::registry::Registry;
use super::shared::Shared;
use crate::Observe;
use crate::sync::{Arc, AtomicU64, Ordering};
use crate::task::{JoinHandle, Schedule, ScheduleAnywhere, TaskRef};

/// How urgent a task of a pool [by urgency](crate::Pool::by_urgency) is. Greater is more urgent; the default is least.
///
/// Tell the tasks of one pool by priorities or by deadlines, not by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Urgency(u64);

impl Urgency {
    /// A priority: greater is more urgent.
    ///
    /// ```
    /// # use reveille_executor::Urgency;
    /// assert!(Urgency::priority(2) > Urgency::priority(1));
    /// assert!(Urgency::priority(0) > Urgency::default());
    /// ```
    #[must_use]
    pub const fn priority(priority: u8) -> Self {
        Self(1 + priority as u64)
    }

    /// A deadline, in whatever unit the program counts: earlier is more urgent (earliest deadline first).
    ///
    /// ```
    /// # use reveille_executor::Urgency;
    /// assert!(Urgency::deadline(10) > Urgency::deadline(20));
    /// ```
    #[must_use]
    pub const fn deadline(deadline: u64) -> Self {
        Self(u64::MAX - deadline)
    }

    /// That of the task that the caller is in, if it has one.
    #[must_use]
    pub fn current() -> Option<Self> {
        with_current(|urgency| Self(urgency.load(Ordering::Relaxed)))
    }

    /// Makes this the urgency of the task that the caller is in, from the next time on that it is woken. False outside of
    /// such a task.
    ///
    /// ```
    /// use reveille_executor::{Pool, Urgency};
    ///
    /// let pool = Pool::by_urgency(1)?;
    /// let task = pool.spawn(async {
    ///     assert_eq!(Urgency::current(), Some(Urgency::default()));
    ///     assert!(Urgency::priority(3).set());
    ///     // What it spawns inherits that.
    ///     reveille_executor::spawn_send(async { Urgency::current() }).await.unwrap()
    /// });
    /// assert_eq!(pool.block_on(task).unwrap(), Some(Urgency::priority(3)));
    /// # Ok::<_, reveille_executor::PoolError>(())
    /// ```
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect")]
    pub fn set(self) -> bool {
        with_current(|urgency| urgency.store(self.0, Ordering::Relaxed)).is_some()
    }

    /// The place in a queue: less comes first.
    pub(super) fn rank(self) -> u64 {
        u64::MAX - self.0
    }
}

thread_local! {
    /// The urgency of the task that is being polled on this thread.
    static CURRENT: Cell<Option<StdArc<AtomicU64>>> = const { Cell::new(None) };
}

fn with_current<R>(f: impl FnOnce(&AtomicU64) -> R) -> Option<R> {
    let with = |current: &Cell<Option<StdArc<AtomicU64>>>| {
        let urgency = current.take();
        let result = urgency.as_deref().map(f);
        current.set(urgency);
        result
    };
    // A thread's own destructors may come when this is gone, and belong to no task.
    CURRENT.try_with(with).ok().flatten()
}

/// Spawns `future` as a task of this urgency.
pub(super) fn spawn<F>(shared: &Arc<Shared>, urgency: Urgency, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let urgency = StdArc::new(AtomicU64::new(urgency.0));
    let future = Urgent { future, urgency: StdArc::clone(&urgency) };
    TaskRef::spawn_send(future, shared.registry.next_id(), UrgentHandle { shared: Arc::clone(shared), urgency })
}

/// A future that knows how urgent its task is.
struct Urgent<F> {
    /// Never moved from here.
    future: F,
    urgency: StdArc<AtomicU64>,
}

/// Puts the urgency of the task around it back.
struct Restore(Option<StdArc<AtomicU64>>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0.take()));
    }
}

impl<F: Future> Future for Urgent<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _restore = Restore(CURRENT.with(|current| current.replace(Some(StdArc::clone(&self.urgency)))));
        // SAFETY: the field is pinned with the whole: it is never moved, and there is no `Drop` nor `Unpin` of ours.
        unsafe { self.map_unchecked_mut(|urgent| &mut urgent.future) }.poll(cx)
    }
}

/// The scheduler of such tasks: all wait in one queue, in the order of their urgency.
struct UrgentHandle {
    shared: Arc<Shared>,
    urgency: StdArc<AtomicU64>,
}

impl Schedule for UrgentHandle {
    unsafe fn adopt(&self, task: TaskRef) {
        // SAFETY: passed on to the caller.
        unsafe { Registry::adopt(&self.shared.registry, task, || self.schedule(task)) };
    }

    fn schedule(&self, task: TaskRef) {
        let rank = Urgency(self.urgency.load(Ordering::Relaxed)).rank();
        self.shared.workers.inject_ranked(task, rank);
    }

    fn is_at_home(&self) -> bool {
        self.shared.is_worker()
    }

    unsafe fn push_at_home(&self, task: TaskRef) {
        self.schedule(task);
    }

    unsafe fn unlink(&self, task: TaskRef) {
        // SAFETY: the caller's promise.
        unsafe { self.shared.registry.remove(task) };
    }

    fn observer(&self) -> Option<&StdArc<dyn Observe>> {
        None
    }
}

// SAFETY: same argument as for `Arc<Shared>`, whose threads, list and injector these are.
unsafe impl ScheduleAnywhere for UrgentHandle {}
