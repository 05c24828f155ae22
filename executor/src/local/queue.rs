//! The run queue: first in, first out, with a way to start further back.
//!
//! Taking the entry at `index` sends those before it to the back, in their order. In a ring buffer with room to spare each
//! of them would have to be moved across that room. In one that is full they are at the back by the front having moved on,
//! and what is taken out leaves room for just the entry that comes next: a task that is woken while it runs returns to the
//! very slot that it left, and nothing is moved. So the ring here has no more slots than were in use at once in its last
//! round: it grows by what it must, and slots that went unused are dropped when entries are to be moved and the front has come round.
//! (Not at once when it has: a short queue comes round all the time, and when is anybody's guess.)
//!
//! Deliberately absent: taking out anything but by a pick, and the newest. Entries are plain pointers; rule 2 says what they mean.

/// A queue of entries that are as good as numbers.
#[derive(Debug)]
pub(super) struct RunQueue<T> {
    /// The ring. Entries begin at `front` and go on at the start; what is in the other slots means nothing.
    slots: Vec<T>,
    /// The slot of the first entry. Invariant: below the number of slots, or 0.
    front: usize,
    /// The number of entries.
    len: usize,
    /// The most entries that there were at once since the front came round.
    len_max: usize,
}

impl<T> Default for RunQueue<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), front: 0, len: 0, len_max: 0 }
    }
}

impl<T: Copy> RunQueue<T> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The entry that is `index` places behind the front.
    pub(super) fn get(&self, index: usize) -> Option<T> {
        (index < self.len).then(|| self.slots[self.slot(index)])
    }

    /// The entry at the back.
    pub(super) fn back(&self) -> Option<T> {
        self.len.checked_sub(1).and_then(|last| self.get(last))
    }

    /// The slot that is `index` places behind the front; `index` is at most the number of slots.
    #[inline]
    fn slot(&self, index: usize) -> usize {
        let slot = self.front + index;
        if slot < self.slots.len() { slot } else { slot - self.slots.len() }
    }

    /// Puts an entry at the back.
    #[inline]
    pub(super) fn push(&mut self, entry: T) {
        if self.len == self.slots.len() {
            self.grow(entry);
        }
        let slot = self.slot(self.len);
        self.slots[slot] = entry;
        self.len += 1;
        self.len_max = self.len_max.max(self.len);
    }

    /// Adds slots to a full ring, before the front.
    #[cold]
    fn grow(&mut self, entry: T) {
        let end = self.slots.len();
        if self.front == 0 {
            self.slots.push(entry);
        } else {
            // Entries are moved, so for more than one push.
            let room = end / 4 + 4;
            self.slots.resize(end + room, entry);
            self.slots.copy_within(self.front..end, self.front + room);
            self.front += room;
        }
    }

    /// Takes out the entry at `index`, or the last there is, and sends those before it to the back.
    #[inline]
    pub(super) fn take(&mut self, index: usize) -> Option<T> {
        if index >= self.len {
            return self.take_the_last_there_is();
        }
        let front = if self.len == self.slots.len() {
            // Those before it are at the back by the front's moving on.
            self.slot(index)
        } else {
            if index > 0 {
                self.pass_over(index);
            }
            self.front
        };
        let entry = self.slots[front];
        self.front = if front + 1 < self.slots.len() { front + 1 } else { 0 };
        self.len -= 1;
        Some(entry)
    }

    // Apart, so that the length is a branch, which is predicted.
    #[cold]
    fn take_the_last_there_is(&mut self) -> Option<T> {
        self.take(self.len.checked_sub(1)?)
    }

    /// Takes out the entry at the back.
    pub(super) fn take_newest(&mut self) -> Option<T> {
        let entry = self.back()?;
        self.len -= 1;
        Some(entry)
    }

    /// Sends the first `count` entries to the back, across the slots without one; `count` is at most their number.
    #[inline(never)]
    fn pass_over(&mut self, mut count: usize) {
        if self.front == 0 {
            self.come_round();
        }
        let behind = self.slots.len() - self.front;
        if count >= behind && self.len_max < self.slots.len() {
            self.move_back(behind);
            self.come_round();
            count -= behind;
        } else if count >= behind {
            // All slots were in use in this round. Are they in the next?
            self.len_max = self.len;
        }
        self.move_back(count);
    }

    fn move_back(&mut self, mut count: usize) {
        if self.len == self.slots.len() {
            self.front = self.slot(count);
            return;
        }
        while count > 0 {
            let (from, to) = (self.front, self.slot(self.len));
            let step = count.min(self.slots.len() - from.max(to));
            self.slots.copy_within(from..from + step, to);
            self.front = self.slot(step);
            count -= step;
        }
    }

    /// The front is at the start, so the slots without an entry are at the end: those that went unused are dropped.
    #[inline]
    fn come_round(&mut self) {
        self.slots.truncate(self.len_max);
        self.len_max = self.len;
    }

    /// Puts the last `count` entries in the order of their keys.
    pub(super) fn sort_newest<K: Ord>(&mut self, count: usize, key: impl Fn(&T) -> K) {
        let count = count.min(self.len);
        let from = self.slot(self.len - count);
        if from + count <= self.slots.len() {
            self.slots[from..from + count].sort_unstable_by_key(key);
            return;
        }
        // They lie around the end of the ring: seldom, and worth a copy.
        let around = |place: usize| (from + place) % self.slots.len();
        let mut entries: Vec<T> = (0..count).map(|place| self.slots[around(place)]).collect();
        entries.sort_unstable_by_key(key);
        for (place, entry) in entries.into_iter().enumerate() {
            let slot = (from + place) % self.slots.len();
            self.slots[slot] = entry;
        }
    }

    /// Forgets all entries; keeps the memory.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        (self.front, self.len, self.len_max) = (0, 0, 0);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::VecDeque;

    use super::RunQueue;

    /// Marsaglia's xorshift: enough to pick operations.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 32) as usize % bound
        }
    }

    /// Against the obvious: a deque that is rotated.
    #[test]
    fn any_sequence_of_operations_does_what_a_rotated_deque_does() {
        for seed in 1..=500 {
            let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
            let (mut queue, mut model) = (RunQueue::default(), VecDeque::new());
            // Some grow, some shrink, some hover.
            let pushes = 40 + random.below(25);
            for step in 0..400 {
                if random.below(100) < pushes {
                    queue.push(step);
                    model.push_back(step);
                } else if random.below(8) == 0 {
                    assert_eq!(queue.take_newest(), model.pop_back(), "seed {seed}");
                } else {
                    let index = if random.below(3) == 0 { 0 } else { random.below(model.len() + 2) };
                    model.rotate_left(index.min(model.len().saturating_sub(1)));
                    assert_eq!(queue.take(index), model.pop_front(), "seed {seed}");
                }
                assert_eq!((queue.len(), queue.back()), (model.len(), model.back().copied()), "seed {seed}");
                if random.below(10) == 0 {
                    let newest = random.below(model.len() + 1);
                    queue.sort_newest(newest, |entry| std::cmp::Reverse(*entry));
                    let older = model.len() - newest;
                    model.make_contiguous()[older..].sort_unstable_by_key(|entry| std::cmp::Reverse(*entry));
                }
                let index = random.below(model.len() + 2);
                assert_eq!(queue.get(index), model.get(index).copied(), "seed {seed}");
            }
            let rest: Vec<_> = std::iter::from_fn(|| queue.take(0)).collect();
            assert_eq!(rest, Vec::from(model), "seed {seed}");
            queue.push(0);
            queue.clear();
            assert_eq!((queue.len(), queue.take(0)), (0, None));
        }
    }

    #[test]
    fn a_slot_that_nobody_needs_any_more_is_dropped_within_two_rounds() {
        let mut queue = RunQueue::default();
        (0..100).for_each(|entry| queue.push(entry));
        // The front never comes to the very start.
        for ended in 1..=10 {
            let _ = queue.take(7);
            for _ in 0..2 * 100 / 7 {
                let entry = queue.take(6).unwrap();
                queue.push(entry);
            }
            assert_eq!(queue.slots.len(), 100 - ended, "entries are moved across a slot at each pick");
        }
    }

    #[test]
    fn what_comes_back_at_once_moves_nothing_and_needs_no_room() {
        let mut queue = RunQueue::default();
        (0..100).for_each(|entry| queue.push(entry));
        let slots = queue.slots.len();
        for index in (0..1000).map(|step| step * 7 % 100) {
            let entry = queue.take(index).unwrap();
            queue.push(entry);
            assert_eq!(queue.slots.len(), slots);
        }
    }
}
