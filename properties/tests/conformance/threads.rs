//! An executor with threads as one writes it on a first day: one queue, one lock. Right if the queue is one.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Wake};
use std::thread::JoinHandle;

use reveille_properties::conformance::Subject;

/// Who of those that can run is polled next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Who was woken first.
    FirstFirst,
    /// The mistake: who was woken last, which is always one of those that wake themselves.
    LastFirst,
    /// Who was woken first; and when nobody can run, somebody who was not woken, as the contract of futures allows.
    AndOthers,
}

pub(crate) struct Threads {
    queue: Arc<Queue>,
    tasks: Vec<Arc<Task>>,
    threads: Vec<JoinHandle<()>>,
}

struct Queue {
    /// Who can run; `None` once the threads are to stop.
    ready: Mutex<Option<VecDeque<Arc<Task>>>>,
    pushed: Condvar,
    order: Order,
    /// All tasks there have been, for [`Order::AndOthers`].
    all: Mutex<Vec<Arc<Task>>>,
}

struct Task {
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    /// It is on the queue.
    scheduled: AtomicBool,
    queue: Arc<Queue>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.scheduled.swap(true, Ordering::SeqCst) {
            let queue = self.queue.clone();
            if let Some(ready) = &mut *queue.ready.lock().unwrap() {
                ready.push_back(self);
            }
            queue.pushed.notify_one();
        }
    }
}

impl Queue {
    /// Polls tasks until the queue is closed.
    fn work(&self) {
        while let Some(task) = self.next() {
            task.scheduled.store(false, Ordering::SeqCst);
            let waker = task.clone().into();
            let mut future = task.future.lock().unwrap();
            let ended = future.as_mut().is_some_and(|it| it.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
            if ended {
                *future = None;
            }
        }
    }

    fn next(&self) -> Option<Arc<Task>> {
        let mut ready = self.ready.lock().unwrap();
        loop {
            let queue = ready.as_mut()?;
            let next = if self.order == Order::LastFirst { queue.pop_back() } else { queue.pop_front() };
            if next.is_some() {
                return next;
            }
            if self.order == Order::AndOthers {
                drop(ready);
                std::thread::sleep(std::time::Duration::from_micros(20));
                if let Some(other) = self.another() {
                    return Some(other);
                }
                ready = self.ready.lock().unwrap();
                continue;
            }
            ready = self.pushed.wait(ready).unwrap();
        }
    }
}

impl Queue {
    /// The next of those who were not woken.
    fn another(&self) -> Option<Arc<Task>> {
        let is_open = self.ready.lock().unwrap().is_some();
        let mut all = self.all.lock().unwrap();
        (is_open && !all.is_empty()).then(|| {
            all.rotate_left(1);
            all[0].clone()
        })
    }
}

impl Threads {
    pub(crate) fn new(count: usize, order: Order) -> Self {
        let queue =
            Queue { ready: Mutex::new(Some(VecDeque::new())), pushed: Condvar::new(), order, all: Mutex::default() };
        let queue = Arc::new(queue);
        let thread = |_| {
            let queue = queue.clone();
            std::thread::Builder::new().spawn(move || queue.work()).expect("the system has threads to give")
        };
        Self { threads: (0..count).map(thread).collect(), tasks: Vec::new(), queue }
    }
}

impl Subject for Threads {
    fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        let future = Mutex::new(Some(Box::pin(future) as Pin<Box<_>>));
        let task = Arc::new(Task { future, scheduled: AtomicBool::new(false), queue: self.queue.clone() });
        self.tasks.push(task.clone());
        self.queue.all.lock().unwrap().push(task.clone());
        task.wake();
    }

    fn step(&mut self) -> bool {
        std::thread::yield_now();
        false
    }

    fn runs_by_itself(&self) -> bool {
        true
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let waiting = self.queue.ready.lock().unwrap().take();
        drop(waiting);
        self.queue.all.lock().unwrap().clear();
        self.queue.pushed.notify_all();
        for thread in self.threads.drain(..) {
            thread.join().expect("no task panics");
        }
        for task in &self.tasks {
            let future = task.future.lock().unwrap().take();
            drop(future);
        }
    }
}
