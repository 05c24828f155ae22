//! A worker's own queue: a ring that its worker fills and empties, and from which others steal.
//!
//! `tail` counts the entries ever put in, `head` those ever taken out; both only grow, and an entry's slot is its number
//! modulo the size. Go's scheduler has a queue like this (`runqput`, `runqgrab` in its `proc.go`).
//!
//! 1. `tail` is stored by the owner only, with release, after the slot. So whoever has acquired a tail sees the slots
//!    before it.
//! 2. `head` is changed by read-modify-write only, from a value that was seen: whoever takes entries has read their slots
//!    *before* that. If the exchange succeeds, nobody took them meanwhile, so each entry is taken once.
//! 3. The owner writes a slot again only after it has acquired a head beyond the entry that was there. So a read of a slot
//!    that might return something newer belongs to an exchange that fails, since the head has moved: what was read is not
//!    used. Slots are atomics, as such a read races with the write.
//!
//! An entry is taken from the front by everybody. A thief takes the older half; so taking entries out never makes another
//! wait longer, which the bound in [`Workers`](super::Workers) rests on.

use std::fmt;
use std::marker::PhantomData;

use super::Entry;
use super::queue::{LocalQueue, Queue};
use crate::sync::{AtomicPtr, AtomicUsize, Ordering};

/// How many entries there is room for. A power of two.
#[cfg(not(all(loom, feature = "loom-models")))]
pub(super) const RING_SIZE: usize = 256;
#[cfg(all(loom, feature = "loom-models"))]
pub(super) const RING_SIZE: usize = 4;

/// A queue of a fixed size without a lock, which one thread owns and others may steal from.
///
/// ```
/// use reveille_executor::{Ring, TaskId, Workers};
///
/// // The older half goes to the thief, and the oldest is what it runs now.
/// let (all, workers) = Workers::<TaskId, Ring<TaskId>>::with_queues(2);
/// (0..4).for_each(|n| workers[0].push(TaskId::new(n)));
/// assert_eq!(workers[1].step(|_| 0), Some(TaskId::new(0)));
/// assert_eq!((all.steals(), workers[0].step(|_| 0)), (1, Some(TaskId::new(2))));
/// ```
pub struct Ring<T> {
    /// How many entries have been taken out.
    head: AtomicUsize,
    /// How many have been put in. Invariant: at most `RING_SIZE` more than were taken out.
    tail: AtomicUsize,
    slots: Box<[AtomicPtr<()>]>,
    /// Entries are moved in and out, and are `Send`; none is shared.
    _entries: PhantomData<fn(T) -> T>,
}

impl<T: Entry> Ring<T> {
    #[inline]
    fn slot(&self, number: usize) -> &AtomicPtr<()> {
        &self.slots[number % RING_SIZE]
    }

    /// How many more entries there is room for. Only for the owner: then it is not too many.
    fn room(&self, tail: usize) -> usize {
        // Acquires what thieves have read: their reads come before our writes (3).
        RING_SIZE - tail.wrapping_sub(self.head.load(Ordering::Acquire))
    }
}

impl<T: Entry> LocalQueue<T> for Ring<T> {}

impl<T: Entry> Queue<T> for Ring<T> {
    const ROOM: usize = RING_SIZE;

    fn new() -> Self {
        Self {
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
            slots: (0..RING_SIZE).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect(),
            _entries: PhantomData,
        }
    }

    fn len(&self) -> usize {
        let head = self.head.load(Ordering::Acquire);
        self.tail.load(Ordering::Acquire).wrapping_sub(head)
    }

    fn taken(&self) -> usize {
        self.head.load(Ordering::Relaxed)
    }

    #[inline]
    unsafe fn push(&self, entry: T) -> Result<(), T> {
        // The owner's own last store.
        let tail = self.tail.load(Ordering::Relaxed);
        if self.room(tail) == 0 {
            return Err(entry);
        }
        self.slot(tail).store(entry.into_raw(), Ordering::Relaxed);
        self.tail.store(tail.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    unsafe fn extend(&self, entries: &mut impl Iterator<Item = T>) {
        let tail = self.tail.load(Ordering::Relaxed);
        let mut count = 0;
        for entry in entries.take(self.room(tail)) {
            self.slot(tail.wrapping_add(count)).store(entry.into_raw(), Ordering::Relaxed);
            count += 1;
        }
        self.tail.store(tail.wrapping_add(count), Ordering::Release);
    }

    #[inline]
    unsafe fn pop(&self) -> Option<T> {
        let tail = self.tail.load(Ordering::Relaxed);
        let mut head = self.head.load(Ordering::Relaxed);
        while head != tail {
            let raw = self.slot(head).load(Ordering::Relaxed);
            match self.head.compare_exchange_weak(head, head.wrapping_add(1), Ordering::AcqRel, Ordering::Relaxed) {
                // SAFETY: the slot held an entry of ours, which nobody else takes (2).
                Ok(_) => return Some(unsafe { T::from_raw(raw) }),
                Err(now) => head = now,
            }
        }
        None
    }

    unsafe fn steal_into(&self, thief: &Self) -> Option<T> {
        let to = thief.tail.load(Ordering::Relaxed);
        let room = thief.room(to);
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            // Acquired after `head`, and so not older than it (1).
            let len = self.tail.load(Ordering::Acquire).wrapping_sub(head);
            if len == 0 {
                return None;
            }
            // If `head` was outdated, this may be off in any way: the exchange will fail.
            let count = (len - len / 2).min(room + 1).min(RING_SIZE);
            let first = self.slot(head).load(Ordering::Relaxed);
            for number in 1..count {
                let raw = self.slot(head.wrapping_add(number)).load(Ordering::Relaxed);
                // Not to be seen before the tail is stored below.
                thief.slot(to.wrapping_add(number - 1)).store(raw, Ordering::Relaxed);
            }
            match self.head.compare_exchange(head, head.wrapping_add(count), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    thief.tail.store(to.wrapping_add(count - 1), Ordering::Release);
                    // SAFETY: the slot held an entry of ours, which nobody else takes (2).
                    return Some(unsafe { T::from_raw(first) });
                }
                Err(now) => head = now,
            }
        }
    }
}

impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}
