//! The executor's face.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc as StdArc;
use std::task::Waker;

use super::home::Home;
use super::shared::{self, OwnerSide, Shared};
use super::{Runnable, Spawner};
use crate::sync::{Arc, UnsafeCell};
use crate::{Choose, Driver, Hint, JoinHandle, Kind, Observe, Point, Ran, Ready, TaskId, TaskView};

/// The most runnable tasks that [`LocalExecutor::pick`] lets its [`Choose`] choose from: the front of the queue.
/// Passing over more than this at once is done in several picks; a choice among all of 100,000 tasks would say little,
/// and its answer would not be small.
///
/// ```
/// use reveille_executor::{Choose, LocalExecutor, Point, SCHEDULE_BOUND_MAX};
///
/// /// Remembers among how many it was asked to choose.
/// struct Asked(u32);
/// impl Choose for Asked {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         self.0 = point.bound;
///         0
///     }
/// }
///
/// let (executor, mut asked) = (LocalExecutor::new(), Asked(0));
/// (0..300).for_each(|_| drop(executor.spawn(async {})));
/// executor.pick(&mut asked).unwrap().run();
/// assert_eq!(asked.0, SCHEDULE_BOUND_MAX);
/// ```
pub const SCHEDULE_BOUND_MAX: u32 = 256;

/// What an answer that is out of bounds is taken for. Apart, so that bounds are a branch, which is predicted: for a minimum the pick waits.
#[cold]
fn last(bound: u32) -> u32 {
    bound - 1
}

/// An executor for futures that need not be [`Send`]: one run queue, first in, first out.
///
/// A program drives it by [`block_on`](Self::block_on) or [`run`](Self::run); a simulation by [`pick`](Self::pick) and
/// [`Runnable::run`]. Its tasks are polled and dropped on the thread that made it. Their wakers may go anywhere: a wake
/// on another thread goes through a locked inbox, one on this thread takes no lock.
///
/// Every method takes `&self` and may be called from within a task, also those that end it; dropping the executor drops
/// the futures of all its tasks, oldest first, and wakers that outlive it do nothing.
///
/// ```
/// use std::rc::Rc;
/// use reveille_executor::LocalExecutor;
///
/// let executor = LocalExecutor::new();
/// let local = Rc::new(20);
/// let task = executor.spawn({
///     let local = Rc::clone(&local);
///     async move { *local + 22 }
/// });
/// assert_eq!(executor.block_on(task).unwrap(), 42);
/// ```
pub struct LocalExecutor {
    /// Replaced by `reset`; so nobody holds a reference into it while user code runs.
    shared: UnsafeCell<Arc<Shared>>,
    /// Its futures are polled and dropped on the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl LocalExecutor {
    /// An executor without tasks, for this thread.
    #[must_use]
    pub fn new() -> Self {
        Self::with(None, None)
    }

    /// The same, with `observer` told of every operation on the wakers of its tasks; see [`Observe`] for an example.
    #[must_use]
    pub fn with_observer(observer: StdArc<dyn Observe>) -> Self {
        Self::with(Some(observer), None)
    }

    /// The same, which waits in `driver` while nothing can run, and looks in there after every 61st task: see [`Driver`]. So
    /// one thread runs tasks and, for instance, a reactor of sockets.
    ///
    /// ```
    /// use std::sync::{Arc, Condvar, Mutex};
    /// use std::task::{Poll, Waker};
    /// use reveille_executor::{Driver, LocalExecutor};
    ///
    /// /// Wakes who is registered whenever nothing else can be done.
    /// #[derive(Default)]
    /// struct Idle(Mutex<Vec<Waker>>);
    ///
    /// impl Driver for Idle {
    ///     fn poll(&self) {}
    ///     fn park(&self) {
    ///         std::mem::take(&mut *self.0.lock().unwrap()).into_iter().for_each(Waker::wake);
    ///     }
    ///     fn unpark(&self) {}
    /// }
    ///
    /// let idle = Arc::new(Idle::default());
    /// let mut polls = 0;
    /// let waited = LocalExecutor::with_driver(idle.clone()).block_on(std::future::poll_fn(|cx| {
    ///     polls += 1;
    ///     idle.0.lock().unwrap().push(cx.waker().clone());
    ///     if polls < 3 { Poll::Pending } else { Poll::Ready(polls) }
    /// }));
    /// assert_eq!(waited, 3);
    /// ```
    #[must_use]
    pub fn with_driver(driver: StdArc<dyn Driver>) -> Self {
        Self::with(None, Some(driver))
    }

    fn with(observer: Option<StdArc<dyn Observe>>, driver: Option<StdArc<dyn Driver>>) -> Self {
        Self { shared: UnsafeCell::new(Arc::new(Shared::new(observer, driver))), _not_send: PhantomData }
    }

    /// Looks at the owner's side. `f` runs no user code.
    #[inline(always)]
    pub(super) fn owner<R>(&self, f: impl FnOnce(&OwnerSide<'_>) -> R) -> R {
        self.shared.with(|shared| {
            // SAFETY: an executor stays on its owner thread; `reset` does not run during `f`.
            let owner = unsafe { (*shared).owner_side() };
            f(&owner)
        })
    }

    /// The shared part, to be held while user code runs.
    fn shared(&self) -> Arc<Shared> {
        // SAFETY: cloning runs no user code, so `reset` does not run meanwhile.
        self.shared.with(|shared| unsafe { Arc::clone(&*shared) })
    }

    /// Spawns `future` at the back of the run queue.
    ///
    /// Once [closed](Self::close), the executor drops the future at once and the handle says that the task was
    /// cancelled.
    ///
    /// ```
    /// # use reveille_executor::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { 6 * 7 });
    /// assert_eq!(executor.block_on(task).unwrap(), 42);
    /// ```
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        // SAFETY: an executor stays on its owner thread, and this one lives. No user code runs in here.
        let home = self.shared.with(|shared| unsafe { Home::new(&*shared) });
        // SAFETY: as above.
        unsafe { shared::spawn(home, future) }
    }

    /// Something that spawns tasks while there are fewer than `tasks_max`; see [`Spawner`] for an example.
    #[must_use]
    pub fn spawner(&self, tasks_max: usize) -> Spawner {
        // SAFETY: an executor stays on its owner thread.
        unsafe { Spawner::new(self.shared(), tasks_max) }
    }

    /// The number of tasks on the run queue, those woken on other threads included.
    ///
    /// ```
    /// # use reveille_executor::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async {});
    /// assert_eq!(executor.ready(), 1);
    /// executor.block_on(task).unwrap();
    /// assert_eq!(executor.ready(), 0);
    /// ```
    #[must_use]
    #[inline]
    pub fn ready(&self) -> usize {
        self.owner(|owner| owner.take_inbox())
    }

    /// Takes a task off the run queue; `None` if that is empty.
    ///
    /// Which one is asked of `choose`, as a [`Kind::SCHEDULE`] point over the first [`SCHEDULE_BOUND_MAX`] entries. The
    /// tasks before the chosen one go to the back of the queue, in their order, as if each had been delayed by one
    /// round (delay bounding: Emmi, Qadeer and Rakamarić, POPL 2011). So 0 is plain first in, first out, and takes
    /// constant time. An answer out of bounds counts as the last one.
    ///
    /// ```
    /// use reveille_executor::{Choose, LocalExecutor, Point};
    ///
    /// struct Last;
    /// impl Choose for Last {
    ///     fn choose(&mut self, point: Point<'_>) -> u32 {
    ///         point.bound - 1
    ///     }
    /// }
    ///
    /// let executor = LocalExecutor::new();
    /// for _ in 0..3 {
    ///     drop(executor.spawn(async {}));
    /// }
    /// let order: Vec<_> =
    ///     std::iter::from_fn(|| executor.pick(&mut Last)).map(|task| (task.id().index(), task.run()).0).collect();
    /// assert_eq!(order, [2, 1, 0]);
    /// ```
    // With what it calls, inlined: a `Point` that is passed on is moved in other pieces than it was just written in, and the
    // processor waits for that for half as long as a turn takes.
    #[inline(always)]
    pub fn pick<C: Choose + ?Sized>(&self, choose: &mut C) -> Option<Runnable> {
        let ready = self.ready();
        if ready == 0 {
            return None;
        }
        let bound = ready.min(SCHEDULE_BOUND_MAX as usize) as u32;
        let queue = Queue(self);
        let answer = choose.decide(Point { kind: Kind::SCHEDULE, bound, hint: Hint::Ready(&queue) });
        let index = if answer < bound { answer } else { last(bound) };
        self.start(index as usize)
    }

    #[inline]
    pub(super) fn start(&self, index: usize) -> Option<Runnable> {
        // SAFETY: `start` made us the task's runner, on the owner thread.
        self.owner(|owner| owner.start(index)).map(|task| unsafe { Runnable::new(task) })
    }

    /// Polls the task named `id` once, with `waker`, although it was not woken; `None` if it has ended, is running, or
    /// is on the run queue. Takes time in the number of tasks.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_executor::{LocalExecutor, Ran, TaskId, yield_now};
    ///
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(std::future::pending::<()>());
    /// assert_eq!(executor.repoll(task.id(), Waker::noop()), None);
    /// executor.block_on(yield_now());
    /// assert_eq!(executor.repoll(task.id(), Waker::noop()), Some(Ran::Pending));
    /// ```
    pub fn repoll(&self, id: TaskId, waker: &Waker) -> Option<Ran> {
        self.claim(id).map(|task| task.run_with(waker))
    }

    /// Takes the task named `id` as if it had been woken and picked; `None` if it has ended, is running, or is on the run
    /// queue. Takes time in the number of tasks.
    ///
    /// The contract of futures allows polls that nobody asked for, and a simulation makes some.
    ///
    /// ```
    /// use reveille_executor::{LocalExecutor, Ran, yield_now};
    ///
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(std::future::pending::<()>());
    /// executor.block_on(yield_now());
    /// assert_eq!(executor.ready(), 0);
    /// assert_eq!(executor.claim(task.id()).map(|task| task.run()), Some(Ran::Pending));
    /// ```
    pub fn claim(&self, id: TaskId) -> Option<Runnable> {
        let task = self.owner(|owner| owner.find(id))?;
        // SAFETY: the task was found in the list, no user code ran since, and this is the owner thread. RUNNING is ours then.
        unsafe { task.claim().then(|| Runnable::new(task)) }
    }

    /// The task that was put on the run queue last, if it is there still. Wakes of other threads are not looked for.
    ///
    /// ```
    /// # use reveille_executor::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let tasks = [(); 2].map(|()| executor.spawn(async {}).id());
    /// assert_eq!(executor.newest(), Some(tasks[1]));
    /// assert_eq!(executor.start_newest().map(|task| task.id()), Some(tasks[1]));
    /// ```
    #[must_use]
    pub fn newest(&self) -> Option<TaskId> {
        self.owner(|owner| owner.queued(owner.queue_len().checked_sub(1)?))
    }

    /// Takes the [`newest`](Self::newest) task off the run queue. Also within a poll: so a simulation can poll a task in the very
    /// call that wakes it.
    pub fn start_newest(&self) -> Option<Runnable> {
        // SAFETY: `start_newest` made us the task's runner, on the owner thread.
        self.owner(|owner| owner.start_newest()).map(|task| unsafe { Runnable::new(task) })
    }

    /// Puts the last `count` entries of the run queue in the order of their names, `last` behind the others.
    ///
    /// A simulation does so after each poll, and after each waker that it uses between polls: what order one of them woke several tasks
    /// in may depend on what no seed repeats (a hash map of wakers, the random shards of tokio's `watch`), and means nothing, since
    /// the schedule is chosen anyway.
    ///
    /// ```
    /// use reveille_executor::{Choose, LocalExecutor, Point, TaskId};
    ///
    /// struct First;
    /// impl Choose for First {
    ///     fn choose(&mut self, _: Point<'_>) -> u32 {
    ///         0
    ///     }
    /// }
    ///
    /// let executor = LocalExecutor::new();
    /// (0..3).for_each(|_| drop(executor.spawn(async {})));
    /// executor.order_newest(3, Some(TaskId::new(0)));
    /// assert_eq!(executor.pick(&mut First).unwrap().id(), TaskId::new(1));
    /// ```
    pub fn order_newest(&self, count: usize, last: Option<TaskId>) {
        self.owner(|owner| owner.order_newest(count, last));
    }

    /// Names the last `count` entries of the run queue, oldest first; all of them if there are fewer.
    ///
    /// With [`pushes`](Self::pushes) before and after a poll this says which tasks it made runnable.
    ///
    /// ```
    /// use reveille_executor::{LocalExecutor, TaskId};
    ///
    /// let executor = LocalExecutor::new();
    /// (0..3).for_each(|_| drop(executor.spawn(async {})));
    /// let mut newest = Vec::new();
    /// executor.for_each_newest(2, |task| newest.push(task));
    /// assert_eq!(newest, [1, 2].map(TaskId::new));
    /// ```
    pub fn for_each_newest(&self, count: usize, mut f: impl FnMut(TaskId)) {
        let queued = self.ready();
        // Looked up one by one, so that `f` may do as it likes.
        (queued.saturating_sub(count)..queued)
            .filter_map(|index| self.owner(|owner| owner.queued(index)))
            .for_each(&mut f);
    }

    /// How many times a task was put on the run queue, by a spawn or a wake, since the executor was made or reset.
    ///
    /// ```
    /// # use reveille_executor::{LocalExecutor, yield_now};
    /// let executor = LocalExecutor::new();
    /// executor.block_on(executor.spawn(yield_now())).unwrap();
    /// assert_eq!(executor.pushes(), 2);
    /// ```
    #[must_use]
    pub fn pushes(&self) -> u64 {
        self.owner(|owner| owner.pushes())
    }

    /// How many of the [`pushes`](Self::pushes) came from other threads, as far as they have been seen: they are when
    /// tasks are counted or picked. A wake of a task that was scheduled or running already is not among them.
    #[must_use]
    pub fn foreign_pushes(&self) -> u64 {
        self.owner(|owner| owner.foreign_pushes())
    }

    /// The task that was last woken on another thread, if there was one since this was last asked.
    ///
    /// ```
    /// # use reveille_executor::{LocalExecutor, yield_now};
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(std::future::pending::<()>());
    /// executor.block_on(yield_now());
    /// let waker = executor.waker(task.id()).unwrap();
    /// std::thread::spawn(move || waker.wake()).join().unwrap();
    /// assert_eq!((executor.ready(), executor.foreign_pushes()), (1, 1));
    /// assert_eq!(executor.take_foreign(), Some(task.id()));
    /// assert_eq!(executor.take_foreign(), None);
    /// ```
    #[must_use]
    pub fn take_foreign(&self) -> Option<TaskId> {
        self.owner(|owner| owner.take_foreign())
    }

    /// The number of tasks that have not ended.
    #[must_use]
    pub fn live_tasks(&self) -> usize {
        self.owner(|owner| owner.live_tasks())
    }

    /// Shows every task that has not ended, oldest first. Takes time and memory in their number.
    ///
    /// ```
    /// # use reveille_executor::{LocalExecutor, yield_now};
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(std::future::pending::<()>());
    /// executor.block_on(yield_now());
    /// let mut stuck = Vec::new();
    /// executor.for_each_task(|task| {
    ///     if task.live_wakers == 0 && !task.scheduled && !task.running {
    ///         stuck.push(task.id);
    ///     }
    /// });
    /// assert_eq!(stuck, [task.id()]);
    /// assert_eq!((executor.live_tasks(), executor.live_wakers(task.id())), (1, Some(0)));
    /// ```
    pub fn for_each_task(&self, f: impl FnMut(TaskView)) {
        self.owner(|owner| owner.views()).into_iter().for_each(f);
    }

    /// The number of wakers of the task named `id`; `None` if it has ended. Takes time in the number of tasks.
    #[must_use]
    pub fn live_wakers(&self, id: TaskId) -> Option<usize> {
        // SAFETY: the task was found in the list, and this is the owner thread.
        self.owner(|owner| owner.find(id).map(|task| unsafe { task.view() }.live_wakers))
    }

    /// A waker of the task named `id`; `None` if it has ended. Takes time in the number of tasks.
    ///
    /// ```
    /// # use reveille_executor::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async {});
    /// assert!(executor.waker(task.id()).is_some());
    /// executor.run();
    /// assert!(executor.waker(task.id()).is_none());
    /// ```
    #[must_use]
    pub fn waker(&self, id: TaskId) -> Option<Waker> {
        let task = self.owner(|owner| owner.find(id))?;
        // SAFETY: the task was found in the list, no user code ran since, and this is the owner thread.
        Some(unsafe { task.waker() })
    }

    /// Drops the futures of all tasks, oldest first, and takes no more: a later [`spawn`](Self::spawn) is cancelled at
    /// once, a wake does nothing. A task that is running, beneath the caller, ends when its poll returns.
    ///
    /// Returns how many of those futures panicked when they were dropped: those panics go no further.
    ///
    /// ```
    /// # use reveille_executor::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(std::future::pending::<()>());
    /// executor.close();
    /// assert!(task.is_finished() && executor.live_tasks() == 0);
    /// ```
    pub fn close(&self) -> usize {
        let shared = self.shared();
        // SAFETY: an executor stays on its owner thread.
        unsafe { shared.owner_side() }.close()
    }

    /// [Closes](Self::close) the executor, then makes it as new, with the memory of its queue kept.
    ///
    /// Names start over at 0. Wakers, handles and spawners from before reach nothing of what comes after. Returns how many
    /// futures panicked when they were dropped.
    ///
    /// ```
    /// # use reveille_executor::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let before = executor.spawn(std::future::pending::<()>());
    /// executor.reset();
    /// let after = executor.spawn(async { 42 });
    /// assert_eq!(before.id(), after.id());
    /// assert!(executor.block_on(before).unwrap_err().is_cancelled());
    /// assert_eq!(executor.block_on(after).unwrap(), 42);
    /// ```
    pub fn reset(&self) -> usize {
        if self.forget_the_ended() {
            return 0;
        }
        let mut panicked = self.close();
        // A future's drop may have reset the executor itself, and used it: then what it has now is closed as well.
        while !self.owner(|owner| owner.is_closed()) {
            panicked += self.close();
        }
        self.shared.with_mut(|shared| {
            // SAFETY: no user code runs in here, so there is no other access.
            let shared = unsafe { &mut *shared };
            // SAFETY: an executor stays on its owner thread.
            let alone = if unsafe { shared.cells.are_freed() } { Arc::get_mut(shared) } else { None };
            if let Some(shared) = alone {
                shared::reopen(shared);
                return;
            }
            // Wakers of the old generation, or spawners, are still about: theirs stays closed.
            // SAFETY: an executor stays on its owner thread, and makes nothing of the old generation any more.
            unsafe { Home::part(shared) };
            *shared = Arc::new(shared::succeed(shared));
        });
        panicked
    }
}

impl LocalExecutor {
    /// Makes it as new if nothing is left of its tasks and nobody else holds what they share: then there is nothing to close,
    /// and nobody to close it to.
    fn forget_the_ended(&self) -> bool {
        self.shared.with(|shared| {
            // SAFETY: an executor stays on its owner thread, and no user code runs in here.
            let shared = unsafe { &*shared };
            // Exact, since there are no clones of it on other threads: the handles of tasks count for none before the parting.
            // SAFETY: as above.
            let (owner, is_alone) =
                unsafe { (shared.owner_side(), Arc::strong_count(shared) == 1 && shared.cells.are_freed()) };
            let is_unused = is_alone && !owner.is_closed();
            if is_unused {
                owner.forget();
            }
            is_unused
        })
    }
}

impl Default for LocalExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for LocalExecutor {
    fn drop(&mut self) {
        // First, so that what cells point to outlives them even if the closing unwinds.
        // SAFETY: an executor stays on its owner thread. Nobody can reach this one any more to spawn on it; its spawners refuse as soon as
        // it is closed, before which no user code runs.
        self.shared.with(|shared| unsafe { Home::part(&*shared) });
        self.close();
    }
}

impl fmt::Debug for LocalExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalExecutor")
            .field("live_tasks", &self.live_tasks())
            .field("pushes", &self.pushes())
            .finish_non_exhaustive()
    }
}

/// The run queue, as those who choose from it see it.
struct Queue<'a>(&'a LocalExecutor);

impl Ready for Queue<'_> {
    fn task(&self, index: u32) -> TaskId {
        self.0.owner(|owner| owner.queued(index as usize)).expect("the index is below the point's bound")
    }
}
