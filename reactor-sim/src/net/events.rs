//! What will happen in the network, by time and, within one instant, in the order in which it was caused.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
    /// End 0 of a connection was granted it, and has not been heard of since.
    Forgotten { connection: Key },
    /// A datagram arrives.
    Datagram { datagram: Key },
    /// Who sent a datagram learns that nobody heard it.
    Unheard { datagram: Key },
}

/// The events to come.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Each is one number, so that four of them fit into a line of the cache and a comparison is one of numbers: see [`entry`].
    heap: BinaryHeap<Reverse<u128>>,
    next_order: u64,
    /// What happens, by place.
    what: Vec<What>,
    /// Places that hold nothing any more.
    free: Vec<u32>,
}

/// So many bits tell the place of an event: 16 million at once.
const PLACE: u32 = 24;
/// So many tell in what order events were caused: a million million in a run.
const ORDER: u32 = 40;

impl Events {
    /// # Panics
    /// With 16 million events to come: a gigabyte of packets on their way.
    pub(super) fn push(&mut self, at: Instant, what: What) {
        let place = self.free.pop().unwrap_or(self.what.len() as u32);
        match self.what.get_mut(place as usize) {
            Some(free) => *free = what,
            None => self.what.push(what),
        }
        assert!(place >> PLACE == 0, "more than 16 million packets are on their way at once");
        self.heap.push(Reverse(entry(at, self.next_order, place)));
        self.next_order += 1;
    }

    pub(super) fn peek(&self) -> Option<(Instant, What)> {
        self.heap.peek().map(|Reverse(entry)| (time(*entry), self.what[place(*entry)]))
    }

    pub(super) fn pop(&mut self) -> Option<What> {
        let Reverse(entry) = self.heap.pop()?;
        self.free.push(place(entry) as u32);
        Some(self.what[place(entry)])
    }

    /// The next one, if it is due by `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<What> {
        self.heap.peek().filter(|Reverse(entry)| time(*entry) <= now)?;
        self.pop()
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
        self.what.clear();
        self.free.clear();
        self.next_order = 0;
    }
}

/// From the left: when it happens, in what order it was caused, where it lies.
fn entry(at: Instant, order: u64, place: u32) -> u128 {
    debug_assert!(order >> ORDER == 0, "a run has fewer events");
    u128::from(at.as_nanos()) << (ORDER + PLACE) | u128::from(order) << PLACE | u128::from(place)
}

fn time(entry: u128) -> Instant {
    Instant::from_nanos((entry >> (ORDER + PLACE)) as u64)
}

fn place(entry: u128) -> usize {
    entry as usize & ((1 << PLACE) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_within_an_instant_in_the_order_of_their_causes() {
        let mut events = Events::default();
        let key = Key::NONE;
        let credit = |bytes| What::Credit { connection: key, end: 0, bytes, tries: 0 };
        for round in 0..2 {
            for (at, bytes) in [(5, 0), (3, 1), (5, 2), (u64::MAX, 3), (3, 4)] {
                events.push(Instant::from_nanos(at), credit(bytes));
            }
            assert_eq!(events.pop_due(Instant::from_nanos(2)), None);
            assert_eq!(events.peek(), Some((Instant::from_nanos(3), credit(1))));
            let due: Vec<_> = std::iter::from_fn(|| events.pop_due(Instant::from_nanos(5))).collect();
            assert_eq!(due, [1, 4, 0, 2].map(credit), "round {round}");
            assert_eq!((events.pop(), events.pop()), (Some(credit(3)), None));
            // Places are used again, and orders go on.
            assert_eq!(events.what.len(), 5);
        }
        events.push(Instant::ZERO, credit(5));
        events.clear();
        assert_eq!(events.peek(), None);
    }
}
