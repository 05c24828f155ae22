//! What will happen in the network, by time and, within one instant, in the order in which it was caused.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::Instant;
use crate::slab::Key;

/// Something that happens at a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The first segment on the lane that leaves end `end` of a connection arrives.
    Lane { connection: Key, end: u8 },
    /// End `end` of a connection learns that `bytes` of what it sent have been read, after `tries` in vain.
    Credit { connection: Key, end: u8, tries: u8, bytes: u32 },
    /// A connection attempt from end 0 finds no such machine.
    Unreachable { connection: Key },
    /// A datagram arrives.
    Datagram { datagram: Key },
    /// A datagram socket learns that nobody heard it.
    Unheard { socket: Key },
}

/// The events to come.
#[derive(Debug, Default)]
pub(super) struct Events {
    heap: BinaryHeap<Reverse<Entry>>,
    next_order: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Instant,
    order: u64,
    what: What,
}

impl Entry {
    fn rank(&self) -> (Instant, u64) {
        (self.at, self.order)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl Events {
    pub(super) fn push(&mut self, at: Instant, what: What) {
        let order = self.next_order;
        self.next_order += 1;
        self.heap.push(Reverse(Entry { at, order, what }));
    }

    pub(super) fn peek(&self) -> Option<(Instant, What)> {
        self.heap.peek().map(|Reverse(entry)| (entry.at, entry.what))
    }

    pub(super) fn pop(&mut self) -> Option<(Instant, What)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.what))
    }

    /// The next one, if it is due by `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<What> {
        let next = self.heap.peek_mut().filter(|next| next.0.at <= now)?;
        Some(PeekMut::pop(next).0.what)
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
        self.next_order = 0;
    }
}
