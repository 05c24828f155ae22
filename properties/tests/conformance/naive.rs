//! Executors as one writes them on a first day: each has one mistake, and is right otherwise. And one without.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use reveille_properties::conformance::{Direction, Source, Subject};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// None.
    Careful,
    /// A wake puts the task on the queue, whether it is there already or has ended: a late wake polls a finished future.
    NoScheduledBit,
    /// A source keeps one waker, so the writer overwrites the reader.
    OneWakerPerSource,
    /// A source calls wakers while it holds its lock.
    WakesUnderLock,
    /// The run queue is a channel with room for four, and a wake waits for room.
    BoundedQueue,
    /// The task that was woken last runs first.
    LastInFirstOut,
    /// A wake that comes while the task is being polled is taken for one that the poll has seen.
    ClearsTheBitLate,
    /// It has room for two tasks, and drops what is spawned beyond.
    DropsWhenFull,
}

/// Tasks, and the queue of those that can run.
pub(crate) struct Naive {
    mistake: Mistake,
    tasks: Vec<Option<Task>>,
    signals: Vec<Arc<Signal>>,
    queue: Arc<Queue>,
    source: Arc<Registry>,
}

enum Queue {
    Unbounded(Mutex<VecDeque<usize>>),
    Bounded(SyncSender<usize>, Mutex<Receiver<usize>>),
}

impl Queue {
    fn push(&self, task: usize) {
        match self {
            Self::Unbounded(queue) => queue.lock().unwrap().push_back(task),
            Self::Bounded(sender, _) => drop(sender.send(task)),
        }
    }

    fn pop(&self, last: bool) -> Option<usize> {
        match self {
            Self::Unbounded(queue) if last => queue.lock().unwrap().pop_back(),
            Self::Unbounded(queue) => queue.lock().unwrap().pop_front(),
            Self::Bounded(_, receiver) => receiver.lock().unwrap().try_recv().ok(),
        }
    }
}

/// What a task's wakers share.
struct Signal {
    task: usize,
    /// The task is on the queue.
    scheduled: AtomicBool,
    ignores_scheduled: bool,
    queue: Arc<Queue>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        if self.ignores_scheduled || !self.scheduled.swap(true, Ordering::SeqCst) {
            self.queue.push(self.task);
        }
    }
}

impl Naive {
    pub(crate) fn new(mistake: Mistake) -> Self {
        let queue = if mistake == Mistake::BoundedQueue {
            let (sender, receiver) = sync_channel(4);
            Queue::Bounded(sender, Mutex::new(receiver))
        } else {
            Queue::Unbounded(Mutex::default())
        };
        let source = Arc::new(Registry { mistake, wakers: Mutex::default() });
        Self { mistake, tasks: Vec::new(), signals: Vec::new(), queue: Arc::new(queue), source }
    }
}

impl Subject for Naive {
    fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        let signal = Signal {
            task: self.tasks.len(),
            scheduled: AtomicBool::new(false),
            ignores_scheduled: self.mistake == Mistake::NoScheduledBit,
            queue: self.queue.clone(),
        };
        let signal = Arc::new(signal);
        let is_full = self.mistake == Mistake::DropsWhenFull && self.tasks.len() >= 2;
        self.tasks.push((!is_full).then(|| -> Task { Box::pin(future) }));
        self.signals.push(signal.clone());
        // Room for a first poll is made where a wake would wait for it.
        if self.mistake == Mistake::BoundedQueue {
            self.poll(signal.task);
        } else {
            signal.wake();
        }
    }

    fn step(&mut self) -> bool {
        let next = self.queue.pop(self.mistake == Mistake::LastInFirstOut);
        next.map(|task| self.poll(task)).is_some()
    }

    fn source(&mut self) -> Option<Arc<dyn Source>> {
        Some(self.source.clone())
    }
}

impl Naive {
    fn poll(&mut self, number: usize) {
        let signal = &self.signals[number];
        let late = self.mistake == Mistake::ClearsTheBitLate;
        if !late {
            signal.scheduled.store(false, Ordering::SeqCst);
        }
        let Some(task) = &mut self.tasks[number] else { return };
        let waker = Waker::from(signal.clone());
        let ended = task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        if late {
            signal.scheduled.store(false, Ordering::SeqCst);
        }
        if ended && self.mistake != Mistake::NoScheduledBit {
            self.tasks[number] = None;
        }
    }
}

/// Who waits for the source, and for what.
struct Registry {
    mistake: Mistake,
    wakers: Mutex<Vec<(Direction, Waker)>>,
}

impl Source for Registry {
    fn wait(&self, direction: Direction, waker: Waker) {
        let mut wakers = self.wakers.lock().unwrap();
        wakers.retain(|(other, _)| self.mistake != Mistake::OneWakerPerSource && *other != direction);
        wakers.push((direction, waker));
    }

    fn ready(&self) {
        let mut wakers = self.wakers.lock().unwrap();
        let waiting: Vec<_> = wakers.drain(..).collect();
        let lock = (self.mistake == Mistake::WakesUnderLock).then_some(wakers);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
        drop(lock);
    }
}
