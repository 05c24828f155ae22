//! Many tasks awaited together.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::Mutex;
use crate::{JoinError, JoinHandle, LocalExecutor, budget};

/// A set of tasks whose outputs are awaited as they come. Dropping the set aborts those that are left.
///
/// A task that ends announces itself, so that [`join_next`](Self::join_next) takes constant time, however many there
/// are.
///
/// ```
/// use reveille_executor::{JoinSet, LocalExecutor, yield_now};
///
/// let executor = LocalExecutor::new();
/// let mut set = JoinSet::new();
/// set.spawn_on(&executor, async {
///     yield_now().await;
///     "slow"
/// });
/// set.spawn_on(&executor, async { "fast" });
/// executor.block_on(async {
///     assert_eq!(set.join_next().await.unwrap().unwrap(), "fast");
///     assert_eq!(set.join_next().await.unwrap().unwrap(), "slow");
///     assert!(set.join_next().await.is_none());
/// });
/// ```
pub struct JoinSet<T> {
    /// Each handle at the place that its waker names; free places are `None`.
    handles: Vec<Option<JoinHandle<T>>>,
    /// The free places of `handles`.
    free: Vec<usize>,
    ended: StdArc<Ended>,
}

/// Where tasks of a set announce that they have ended.
struct Ended(Mutex<Announcements>);

struct Announcements {
    /// The places of tasks that have ended and not been taken, in the order of ending.
    places: VecDeque<usize>,
    /// Who awaits the next.
    waker: Option<Waker>,
}

impl Ended {
    /// The place of the task that ended next.
    fn next(&self) -> Option<usize> {
        self.0.lock().places.pop_front()
    }

    /// The same; if there is none, `waker` is woken when there is.
    fn next_or_wait(&self, waker: Waker) -> Option<usize> {
        let mut announcements = self.0.lock();
        let next = announcements.places.pop_front();
        // What is not kept is dropped after the lock is released.
        let _unused = if next.is_none() { announcements.waker.replace(waker) } else { Some(waker) };
        drop(announcements);
        next
    }

    fn take_waker(&self) -> Option<Waker> {
        self.0.lock().waker.take()
    }
}

/// The join waker of the task at `place`.
struct Announce {
    place: usize,
    ended: StdArc<Ended>,
}

impl Wake for Announce {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        let waker = {
            let mut announcements = self.ended.0.lock();
            announcements.places.push_back(self.place);
            announcements.waker.take()
        };
        // Outside of the lock: a wake may run anything.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> JoinSet<T> {
    /// A set without tasks.
    #[must_use]
    pub fn new() -> Self {
        let announcements = Announcements { places: VecDeque::new(), waker: None };
        Self { handles: Vec::new(), free: Vec::new(), ended: StdArc::new(Ended(Mutex::new(announcements))) }
    }

    /// The number of tasks whose result has not been taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.handles.len() - self.free.len()
    }

    /// Whether there is no such task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Spawns `future` on `executor` and adds the task.
    pub fn spawn_on<F>(&mut self, executor: &LocalExecutor, future: F)
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        self.insert(executor.spawn(future));
    }

    /// Adds the task of `handle`, on whatever executor that is.
    ///
    /// # Panics
    /// Not here; but a handle whose result was taken already makes the [`join_next`](Self::join_next) that comes to it
    /// panic.
    pub fn insert(&mut self, mut handle: JoinHandle<T>) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.handles.push(None);
            self.handles.len() - 1
        });
        let announce = StdArc::new(Announce { place, ended: StdArc::clone(&self.ended) });
        let waits = handle.register(&Waker::from(StdArc::clone(&announce)));
        self.handles[place] = Some(handle);
        if !waits {
            announce.wake();
        }
    }

    /// The result of the task that ended next; `None` if the set is empty. Nothing is lost when this is dropped.
    pub fn join_next(&mut self) -> JoinNext<'_, T> {
        JoinNext { set: self, waits: false }
    }

    /// The result of a task that has ended, if there is one.
    ///
    /// ```
    /// # use reveille_executor::{JoinSet, LocalExecutor};
    /// let executor = LocalExecutor::new();
    /// let mut set = JoinSet::new();
    /// set.insert(executor.spawn(async { 42 }));
    /// assert!(set.try_join_next().is_none());
    /// executor.run();
    /// assert_eq!(set.try_join_next().unwrap().unwrap(), 42);
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        let place = self.ended.next()?;
        Some(self.take(place))
    }

    fn take(&mut self, place: usize) -> Result<T, JoinError> {
        let mut handle = self.handles[place].take().expect("a place is announced once for each handle in it");
        self.free.push(place);
        // Who awaits the set has paid.
        let _lifted = budget::lift();
        match Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => unreachable!("a task announced that it has ended, but it has not"),
        }
    }

    /// Asks for the futures of all tasks to be dropped. Their results are still to be taken.
    ///
    /// ```
    /// # use reveille_executor::{JoinSet, LocalExecutor};
    /// let executor = LocalExecutor::new();
    /// let mut set = JoinSet::new();
    /// set.spawn_on(&executor, std::future::pending::<()>());
    /// set.abort_all();
    /// let result = executor.block_on(set.join_next()).unwrap();
    /// assert!(result.unwrap_err().is_cancelled());
    /// ```
    pub fn abort_all(&self) {
        self.handles.iter().flatten().for_each(JoinHandle::abort);
    }

    /// Aborts all tasks, and waits until each has ended. What they come to is dropped, panics as well. The set is empty then, and may be
    /// used again.
    ///
    /// Cancel-safe: the tasks have been aborted, and those that have not ended are still in the set.
    ///
    /// ```
    /// # use reveille_executor::{JoinSet, LocalExecutor};
    /// let executor = LocalExecutor::new();
    /// let mut set = JoinSet::new();
    /// set.spawn_on(&executor, std::future::pending::<()>());
    /// executor.block_on(set.shutdown());
    /// assert!(set.is_empty() && executor.live_tasks() == 0);
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks, and returns their outputs in the order in which they ended. If this future is dropped, those that are left
    /// are aborted.
    ///
    /// # Panics
    /// With the panic of the first task that panicked, or if a task was cancelled; the tasks that are left are aborted. Where one task may fail
    /// alone, [`join_next`](Self::join_next) says so.
    ///
    /// ```
    /// # use reveille_executor::{JoinSet, LocalExecutor, yield_now};
    /// let executor = LocalExecutor::new();
    /// let mut set = JoinSet::new();
    /// set.spawn_on(&executor, async {
    ///     yield_now().await;
    ///     "slow"
    /// });
    /// set.spawn_on(&executor, async { "fast" });
    /// assert_eq!(executor.block_on(set.join_all()), ["fast", "slow"]);
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            match result.map_err(JoinError::try_into_panic) {
                Ok(output) => outputs.push(output),
                Err(Ok(payload)) => resume_unwind(payload),
                Err(Err(cancelled)) => panic!("expected the output of every task, but {cancelled}"),
            }
        }
        outputs
    }

    /// Takes all tasks out of the set and lets them go on by themselves: as if their [`JoinHandle`]s had been dropped.
    ///
    /// ```
    /// # use std::{cell::Cell, rc::Rc};
    /// # use reveille_executor::{JoinSet, LocalExecutor};
    /// let executor = LocalExecutor::new();
    /// let done = Rc::new(Cell::new(false));
    /// let mut set = JoinSet::new();
    /// let sets = done.clone();
    /// set.spawn_on(&executor, async move { sets.set(true) });
    /// set.detach_all();
    /// drop(set); // aborts nothing any more
    /// executor.run();
    /// assert!(done.get());
    /// ```
    pub fn detach_all(&mut self) {
        // With the place where they announce their end, which says nothing to the tasks that are added from here on.
        let mut detached = mem::take(self);
        detached.handles.clear();
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_all();
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The future of [`JoinSet::join_next`].
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Waker};
/// use reveille_executor::{JoinNext, JoinSet, LocalExecutor};
///
/// let executor = LocalExecutor::new();
/// let mut set = JoinSet::new();
/// set.insert(executor.spawn(async { 42 }));
///
/// let mut next: JoinNext<'_, i32> = set.join_next();
/// assert!(Pin::new(&mut next).poll(&mut Context::from_waker(Waker::noop())).is_pending());
/// drop(next); // as a `select!` does with it
/// assert_eq!(executor.block_on(set.join_next()).unwrap().unwrap(), 42);
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct JoinNext<'a, T> {
    set: &'a mut JoinSet<T>,
    /// Whether a waker was left with the set.
    waits: bool,
}

impl<T> Future for JoinNext<'_, T> {
    type Output = Option<Result<T, JoinError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        budget::within_budget(cx, || self.poll_next(cx.waker()))
    }
}

impl<T> JoinNext<'_, T> {
    fn poll_next(&mut self, waker: &Waker) -> Poll<Option<Result<T, JoinError>>> {
        if self.set.is_empty() {
            return Poll::Ready(None);
        }
        let place = match self.set.ended.next() {
            Some(place) => place,
            None => {
                self.waits = true;
                // Cloned outside of the lock, as that may run anything; hence the second look.
                match self.set.ended.next_or_wait(waker.clone()) {
                    Some(place) => place,
                    None => return Poll::Pending,
                }
            }
        };
        Poll::Ready(Some(self.set.take(place)))
    }
}

impl<T> Drop for JoinNext<'_, T> {
    /// Takes the waker back: whoever gave up waiting here is not to be woken, and no waker is to be kept for it.
    fn drop(&mut self) {
        if self.waits {
            drop(self.set.ended.take_waker());
        }
    }
}
