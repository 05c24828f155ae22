//! Threads for closures that block: as many as there is work for, up to a bound.
//!
//! Each closure is a task whose future is done in one poll, so that its handle, its panics and its abort are those of any
//! task. A thread that finds no more work stays only if few enough do; counted, not clocked.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context as TaskContext, Poll};

use super::context::{self, Context, Role};
use super::shared::Shared;
use crate::sync::{Arc, Condvar, Mutex, ThreadBuilder};
use crate::task::{JoinHandle, Schedule, ScheduleAnywhere, TaskRef};
use crate::{Observe, TaskId};

/// The closures of a pool and their threads.
pub(super) struct Blocking {
    state: Mutex<State>,
    /// Signalled when there is something to run, or no more will come.
    work: Condvar,
    /// Signalled when the last thread has ended.
    gone: Condvar,
    /// How many threads may wait for work.
    idle_max: usize,
    threads_max: usize,
}

struct State {
    queue: VecDeque<TaskRef>,
    /// How many threads wait for work.
    idle: usize,
    /// How many threads run closures or wait for some.
    threads: usize,
    /// How many threads have not ended. Nobody joins them: a thread's own destructors may call in here, and would wait for
    /// themselves.
    alive: usize,
    /// The tasks that are being run, each at its thread's place.
    running: Vec<Option<TaskId>>,
    /// The places that no thread has.
    free: Vec<usize>,
    closed: bool,
}

/// What has to be done for a closure that was queued.
enum Start {
    /// A thread will take it.
    Nothing,
    /// It wants a thread, at this place.
    Thread(usize),
}

impl Blocking {
    pub(super) fn new(idle_max: usize, threads_max: usize) -> Self {
        let state = State {
            queue: VecDeque::new(),
            idle: 0,
            threads: 0,
            alive: 0,
            running: Vec::new(),
            free: Vec::new(),
            closed: false,
        };
        Self { state: Mutex::new(state), work: Condvar::new(), gone: Condvar::new(), idle_max, threads_max }
    }

    /// Runs `work` on a thread that may block.
    pub(super) fn spawn<F, T>(shared: &Arc<Shared>, work: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let scheduler = BlockingHandle(Arc::clone(shared));
        TaskRef::spawn_send(Call(Some(work)), shared.registry.next_id(), scheduler)
    }

    /// How many threads there are.
    pub(super) fn threads(&self) -> usize {
        self.state.lock().threads
    }

    /// The closures that are being run.
    pub(super) fn running(&self) -> Vec<TaskId> {
        self.state.lock().running.iter().copied().flatten().collect()
    }

    /// Queues a task; false if the pool is closed.
    fn push(shared: &Arc<Shared>, task: TaskRef) -> bool {
        let blocking = &shared.blocking;
        let start = {
            let mut state = blocking.state.lock();
            if state.closed {
                return false;
            }
            state.queue.push_back(task);
            state.make_room_for_work(blocking.threads_max)
        };
        match start {
            Start::Nothing => blocking.work.notify_one(),
            Start::Thread(place) => Self::start_thread(shared, place),
        }
        true
    }

    fn start_thread(shared: &Arc<Shared>, place: usize) {
        let own = Arc::clone(shared);
        let thread = ThreadBuilder::new().name("reveille-blocking".into()).spawn(move || Self::work(own, place));
        if thread.is_ok() {
            return;
        }
        let blocking = &shared.blocking;
        // Another thread takes the work, if there is one.
        let orphans = {
            let mut state = blocking.state.lock();
            state.retire(place);
            if state.threads == 0 { std::mem::take(&mut state.queue) } else { VecDeque::new() }
        };
        blocking.end();
        orphans.into_iter().for_each(Self::cancel);
    }

    fn cancel(task: TaskRef) {
        // SAFETY: the entry was taken off the queue, which gives us RUNNING (rules 2 and 3).
        unsafe {
            task.start();
            let _ = task.cancel();
        }
    }

    /// The life of a thread.
    fn work(shared: Arc<Shared>, place: usize) {
        let blocking = Arc::clone(&shared.blocking);
        Self::run(shared, place);
        blocking.end();
    }

    fn run(shared: Arc<Shared>, place: usize) {
        let context = Context::new(shared, Role::Blocking);
        let _entered = context::enter(&context);
        let blocking = &context.shared.blocking;
        while let Some(task) = blocking.next(place) {
            // SAFETY: the entry was taken off the queue, which gives us RUNNING (rules 2 and 3).
            unsafe {
                task.start();
                let _ = task.run();
            }
        }
    }

    /// The next task for the thread at `place`; `None` if the thread is to end.
    fn next(&self, place: usize) -> Option<TaskRef> {
        let mut state = self.state.lock();
        state.running[place] = None;
        loop {
            if let Some(task) = state.queue.pop_front() {
                // SAFETY: an entry means that the task is alive (rule 2).
                state.running[place] = Some(unsafe { task.id() });
                return Some(task);
            }
            if state.closed || state.idle >= self.idle_max {
                state.retire(place);
                return None;
            }
            state.idle += 1;
            state = self.work.wait(state);
            state.idle -= 1;
        }
    }

    /// Drops what has not started and refuses more; threads end when they have nothing left to run.
    pub(super) fn close(&self) {
        let queue = {
            let mut state = self.state.lock();
            state.closed = true;
            std::mem::take(&mut state.queue)
        };
        self.work.notify_all();
        queue.into_iter().for_each(Self::cancel);
    }

    /// A thread has ended, or was not started.
    fn end(&self) {
        let mut state = self.state.lock();
        state.alive -= 1;
        if state.alive == 0 {
            self.gone.notify_all();
        }
    }

    /// Whether all threads have left the pool.
    pub(super) fn has_ended(&self) -> bool {
        self.state.lock().alive == 0
    }

    /// Waits until all threads have left the pool; after the close, on none of them.
    pub(super) fn join(&self) {
        let mut state = self.state.lock();
        while state.alive > 0 {
            state = self.gone.wait(state);
        }
    }
}

impl State {
    /// Sees to it that somebody takes what was just queued.
    fn make_room_for_work(&mut self, threads_max: usize) -> Start {
        // Each thread that waits, woken or not, takes one.
        if self.queue.len() <= self.idle || self.threads >= threads_max {
            return Start::Nothing;
        }
        self.threads += 1;
        self.alive += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.running.push(None);
            self.running.len() - 1
        });
        Start::Thread(place)
    }

    /// The thread at `place` takes no more.
    fn retire(&mut self, place: usize) {
        self.threads -= 1;
        self.free.push(place);
    }
}

/// A closure as a future.
struct Call<F>(Option<F>);

impl<F> Unpin for Call<F> {}

impl<F: FnOnce() -> T, T> Future for Call<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<T> {
        let work = self.0.take().expect("a closure is done in one poll");
        Poll::Ready(work())
    }
}

/// The scheduler of closures.
struct BlockingHandle(Arc<Shared>);

impl Schedule for BlockingHandle {
    unsafe fn adopt(&self, task: TaskRef) {
        if !Blocking::push(&self.0, task) {
            // The right to the task's entry is ours (rule 2), and unused.
            Blocking::cancel(task);
        }
    }

    fn schedule(&self, _: TaskRef) {
        unreachable!("it is queued from its spawn to its only poll, so it never waits to be woken");
    }

    fn is_at_home(&self) -> bool {
        false
    }

    unsafe fn push_at_home(&self, task: TaskRef) {
        self.schedule(task);
    }

    /// There is no list: a task that has not ended is in the queue or being run, and the list's reference stands for that.
    unsafe fn unlink(&self, _: TaskRef) {}

    fn observer(&self) -> Option<&StdArc<dyn Observe>> {
        None
    }
}

// SAFETY: tasks are run by who took their entry out of the locked queue, and are in no list.
unsafe impl ScheduleAnywhere for BlockingHandle {}
