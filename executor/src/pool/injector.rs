//! The queue that all workers share: where tasks come in from other threads, and from queues that are full.

use std::collections::VecDeque;

use super::ordered::Ordered;
use crate::sync::{AtomicUsize, Mutex, Ordering};

/// A locked queue whose length can be seen without the lock.
pub(super) struct Injector<T> {
    /// The length. Changed under the lock only; a look at it may be outdated.
    len: AtomicUsize,
    entries: Mutex<Entries<T>>,
}

struct Entries<T> {
    queue: Queue<T>,
    /// Whether it takes no more.
    closed: bool,
}

/// In which order entries are taken.
enum Queue<T> {
    /// First in, first out.
    Fifo(VecDeque<T>),
    /// By their ranks.
    Ordered(Ordered<T>),
}

impl<T> Queue<T> {
    fn len(&self) -> usize {
        match self {
            Self::Fifo(queue) => queue.len(),
            Self::Ordered(queue) => queue.len(),
        }
    }

    fn push(&mut self, entry: T, rank: u64) {
        match self {
            Self::Fifo(queue) => queue.push_back(entry),
            Self::Ordered(queue) => queue.push(entry, rank),
        }
    }

    fn pop(&mut self) -> Option<T> {
        match self {
            Self::Fifo(queue) => queue.pop_front(),
            Self::Ordered(queue) => queue.pop(),
        }
    }
}

impl<T> Injector<T> {
    pub(super) fn new() -> Self {
        Self::with(Queue::Fifo(VecDeque::new()))
    }

    /// One that hands out entries by their ranks, one at a time.
    pub(super) fn ordered() -> Self {
        Self::with(Queue::Ordered(Ordered::new()))
    }

    fn with(queue: Queue<T>) -> Self {
        Self { len: AtomicUsize::new(0), entries: Mutex::new(Entries { queue, closed: false }) }
    }

    /// The number of entries, as far as the caller can see it.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Puts an entry in, at the back or where its rank is; false if the injector is closed.
    pub(super) fn push(&self, entry: T, rank: u64) -> bool {
        let mut entries = self.entries.lock();
        if entries.closed {
            return false;
        }
        entries.queue.push(entry, rank);
        self.len.store(entries.queue.len(), Ordering::Release);
        true
    }

    /// Takes the entry at the front.
    pub(super) fn pop(&self) -> Option<T> {
        if self.len() == 0 {
            return None;
        }
        let mut entries = self.entries.lock();
        let entry = entries.queue.pop();
        self.len.store(entries.queue.len(), Ordering::Release);
        entry
    }

    /// Takes a fair share for one of `workers`, at most `count_max`: the first is returned, the others go to `rest`.
    pub(super) fn pop_share(
        &self,
        workers: usize,
        count_max: usize,
        rest: impl FnOnce(&mut dyn Iterator<Item = T>),
    ) -> Option<T> {
        if self.len() == 0 {
            return None;
        }
        let mut entries = self.entries.lock();
        let first = entries.queue.pop();
        if let Queue::Fifo(queue) = &mut entries.queue {
            let share = (queue.len() / workers).min(count_max);
            rest(&mut queue.drain(..share));
        }
        self.len.store(entries.queue.len(), Ordering::Release);
        first
    }

    /// Refuses more, and hands out what there is.
    pub(super) fn close(&self) -> Vec<T> {
        let mut entries = self.entries.lock();
        entries.closed = true;
        self.len.store(0, Ordering::Release);
        std::iter::from_fn(|| entries.queue.pop()).collect()
    }
}
