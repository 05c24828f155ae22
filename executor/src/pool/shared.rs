//! What a pool shares with its threads and tasks: it outlives the pool for as long as one of these does.

use std::sync::Arc as StdArc;

use super::blocking::Blocking;
use super::context::{self, Context, Role};
use super::registry::Registry;
use super::workers::{Entry, Worker, Workers};
use crate::sync::{Arc, AtomicBool, AtomicUsize, Count, Ordering};
use crate::task::{Schedule, ScheduleAnywhere, TaskRef};
use crate::{Observe, TaskId, budget};

/// The state of a pool.
pub(super) struct Shared {
    pub(super) workers: Arc<Workers<TaskRef>>,
    /// Whether tasks are run by their urgency.
    pub(super) by_urgency: bool,
    pub(super) registry: Registry,
    /// How many worker threads have not stopped. The last to do so closes the pool.
    working: AtomicUsize,
    /// Whether it has done so.
    closed: AtomicBool,
    /// For each worker, one more than the number of the task that it polls; 0 for none.
    polled: Box<[Count]>,
    pub(super) blocking: Arc<Blocking>,
}

// SAFETY: the pointer there and back.
unsafe impl Entry for TaskRef {
    fn into_raw(self) -> *mut () {
        self.to_raw().cast_mut()
    }

    unsafe fn from_raw(raw: *mut ()) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::from_raw(raw) }
    }
}

impl Shared {
    pub(super) fn new(workers: Arc<Workers<TaskRef>>, threads: usize, blocking_max: usize, by_urgency: bool) -> Self {
        Self {
            workers,
            by_urgency,
            registry: Registry::new(threads),
            working: AtomicUsize::new(threads),
            closed: AtomicBool::new(false),
            polled: (0..threads).map(|_| Count::new()).collect(),
            blocking: Arc::new(Blocking::new(threads, blocking_max)),
        }
    }

    /// The tasks that workers are polling at this moment.
    pub(super) fn polled(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.polled.iter().filter_map(|task| task.get().checked_sub(1)).map(|id| TaskId::new(id as u32))
    }

    /// Whether the calling thread is one of the workers.
    #[inline]
    pub(super) fn is_worker(&self) -> bool {
        context::with_worker(self, |worker| worker.is_some())
    }

    /// The life of a worker thread.
    pub(super) fn work(shared: Arc<Self>, worker: Worker<TaskRef>) {
        let context = Context::new(shared, Role::Worker(worker));
        {
            let _entered = context::enter(&context);
            let Role::Worker(worker) = &context.role else { unreachable!("it was made above") };
            context.shared.run_tasks(worker);
        }
        // What is dropped now finds itself in the pool, and on none of its workers: these have stopped.
        let context = Context::new(Arc::clone(&context.shared), Role::Guest);
        let _entered = context::enter(&context);
        context.shared.leave(1);
    }

    fn run_tasks(&self, worker: &Worker<TaskRef>) {
        let polled = &self.polled[worker.index()];
        while let Some(task) = worker.next() {
            // SAFETY: the entry was taken off a queue, which gives us RUNNING (rules 2 and 3); this is a worker of the
            // task's pool.
            unsafe {
                polled.set(task.id().index() as u64 + 1);
                task.start();
                budget::renew();
                let _ = task.run();
                budget::end();
            }
            polled.set(0);
        }
    }

    /// `count` workers have stopped, or could not be started.
    pub(super) fn leave(&self, count: usize) {
        // Acquires what the others did to the tasks that they leave behind.
        if count > 0 && self.working.fetch_sub(count, Ordering::AcqRel) == count {
            self.close();
            self.closed.swap(true, Ordering::AcqRel);
        }
    }

    /// Whether all workers have stopped, and what they left has been dropped.
    pub(super) fn has_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Drops the futures of all tasks (rule 10). No worker moves any more.
    fn close(&self) {
        self.registry.close();
        // SAFETY: no worker moves any more. These are the entries, and nobody takes any but we (rule 3).
        unsafe { self.workers.drain(|task| task.settle()) };
        while let Some(task) = self.registry.first() {
            // SAFETY: the task is in the list, which is closed, as are the queues, and no worker moves; nobody else takes it.
            unsafe {
                let is_ours = task.shut_down();
                assert!(is_ours, "a task runs although all workers have stopped");
                let _ = task.cancel();
            }
        }
        self.blocking.close();
    }
}

impl Schedule for Arc<Shared> {
    unsafe fn adopt(&self, task: TaskRef) {
        // SAFETY: passed on to the caller.
        unsafe { self.registry.adopt(task, || self.schedule(task)) };
    }

    #[inline]
    fn schedule(&self, task: TaskRef) {
        context::with_worker(self, |worker| match worker {
            Some(worker) => worker.push(task),
            None => {
                // Refused if closed: the task is in the list then, and dropped by who closes.
                self.workers.inject(task);
            }
        });
    }

    #[inline]
    fn is_at_home(&self) -> bool {
        self.is_worker()
    }

    #[inline]
    unsafe fn push_at_home(&self, task: TaskRef) {
        self.schedule(task);
    }

    #[inline]
    unsafe fn push_back_at_home(&self, task: TaskRef) {
        context::with_worker(self, |worker| match worker {
            // The worker ran the task and moves next.
            Some(worker) => worker.push_back(task),
            None => {
                self.workers.inject(task);
            }
        });
    }

    unsafe fn unlink(&self, task: TaskRef) {
        // SAFETY: the caller's promise.
        unsafe { self.registry.remove(task) };
    }

    fn observer(&self) -> Option<&StdArc<dyn Observe>> {
        None
    }
}

// SAFETY: tasks are run by workers, each of which took the entry, and by who closes, when no worker moves; what is written
// in between goes with the entry (`ring`, `injector`), or with `working`. The links of the list are used under its locks.
unsafe impl ScheduleAnywhere for Arc<Shared> {}
