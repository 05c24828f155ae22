//! The queue that all workers share: where tasks come in from other threads, and from queues that are full.

use std::collections::VecDeque;

use crate::sync::{AtomicUsize, Mutex, Ordering};

/// A locked queue whose length can be seen without the lock.
pub(super) struct Injector<T> {
    /// The length. Changed under the lock only; a look at it may be outdated.
    len: AtomicUsize,
    entries: Mutex<Entries<T>>,
}

struct Entries<T> {
    queue: VecDeque<T>,
    /// Whether it takes no more.
    closed: bool,
}

impl<T> Injector<T> {
    pub(super) fn new() -> Self {
        Self { len: AtomicUsize::new(0), entries: Mutex::new(Entries { queue: VecDeque::new(), closed: false }) }
    }

    /// The number of entries, as far as the caller can see it.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Puts an entry at the back; false if the injector is closed.
    pub(super) fn push(&self, entry: T) -> bool {
        let mut entries = self.entries.lock();
        if entries.closed {
            return false;
        }
        entries.queue.push_back(entry);
        self.len.store(entries.queue.len(), Ordering::Release);
        true
    }

    /// Takes the entry at the front.
    pub(super) fn pop(&self) -> Option<T> {
        if self.len() == 0 {
            return None;
        }
        let mut entries = self.entries.lock();
        let entry = entries.queue.pop_front();
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
        let first = entries.queue.pop_front()?;
        let share = (entries.queue.len() / workers).min(count_max);
        rest(&mut entries.queue.drain(..share));
        self.len.store(entries.queue.len(), Ordering::Release);
        Some(first)
    }

    /// Refuses more, and hands out what there is.
    pub(super) fn close(&self) -> VecDeque<T> {
        let mut entries = self.entries.lock();
        entries.closed = true;
        self.len.store(0, Ordering::Release);
        std::mem::take(&mut entries.queue)
    }
}
