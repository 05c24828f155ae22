//! Lists of what is due soon, one for each tick: nothing is compared, and only what is about to fire is put in order.
//!
//! G. Varghese and T. Lauck, *Hashed and Hierarchical Timing Wheels* (SOSP 1987), scheme 4, of one level.

use std::mem;

use super::Slot;
use super::entry::Entry;
use crate::Instant;

/// A tick is 2^20 ns long, about a millisecond.
const TICK_BITS: u32 = 20;
/// How many ticks there is a list for: about a second. A power of two.
const TICKS: usize = 1 << 10;
const WORDS: usize = TICKS / 64;

/// No slot.
const NONE: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(super) struct Wheel {
    /// What is here has ticks behind this one, by [`TICKS`] at most.
    base: u64,
    /// By tick, modulo [`TICKS`]: the first slot of its list, or [`NONE`]. Empty as long as the wheel was never used.
    lists: Vec<u32>,
    /// Which ticks have a list, a bit each.
    occupied: [u64; WORDS],
    /// Which words of `occupied` have bits, a bit each.
    words: u16,
}

/// Part of a slot, since who fetches one needs the other: when its timer is due, if that is here, and its neighbours on the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    deadline: Instant,
    order: u32,
    next: u32,
    previous: u32,
}

/// The tick in which `deadline` is.
#[inline]
pub(super) fn tick(deadline: Instant) -> u64 {
    deadline.as_nanos() >> TICK_BITS
}

#[inline]
fn place(tick: u64) -> usize {
    tick as usize % TICKS
}

impl Link {
    pub(super) const NONE: Self = Self { deadline: Instant::ZERO, order: 0, next: NONE, previous: NONE };
}

impl Wheel {
    /// Whether there is a list for the tick of `deadline`.
    #[inline]
    pub(super) fn covers(&self, deadline: Instant) -> bool {
        tick(deadline).wrapping_sub(self.base + 1) < TICKS as u64
    }

    /// Time has come to `tick`, and nothing is here that is due in it or before.
    #[inline]
    pub(super) fn turn(&mut self, tick: u64) {
        self.base = self.base.max(tick);
    }

    /// Takes in what is due in a tick that there is a list for.
    #[inline]
    pub(super) fn insert(&mut self, slots: &mut [Slot], entry: Entry) {
        if self.lists.is_empty() {
            self.begin();
        }
        let (slot, place) = (entry.slot(), place(tick(entry.deadline())));
        self.occupied[place / 64] |= 1 << (place % 64);
        self.words |= 1 << (place / 64);
        let next = mem::replace(&mut self.lists[place], slot);
        // Without a next its own, which is written below: whether there is one is anybody's guess, and so no branch.
        let linked = if next == NONE { slot } else { next };
        slots[linked as usize].link.previous = slot;
        slots[slot as usize].link = Link { deadline: entry.deadline(), order: entry.order(), next, previous: NONE };
    }

    #[cold]
    fn begin(&mut self) {
        self.lists.resize(TICKS, NONE);
    }

    /// Takes out the entry of `slot`, which is here.
    #[inline]
    pub(super) fn remove(&mut self, slots: &mut [Slot], slot: u32) {
        let Link { deadline, next, previous, .. } = slots[slot as usize].link;
        if next != NONE {
            slots[next as usize].link.previous = previous;
        }
        if previous != NONE {
            slots[previous as usize].link.next = next;
            return;
        }
        let place = place(tick(deadline));
        self.lists[place] = next;
        if next == NONE {
            self.vacate(place);
        }
    }

    /// The list at `place` is empty.
    #[inline]
    fn vacate(&mut self, place: usize) {
        let occupied = &mut self.occupied[place / 64];
        *occupied &= !(1 << (place % 64));
        if *occupied == 0 {
            self.words &= !(1 << (place / 64));
        }
    }

    /// The first tick that has a list.
    #[inline]
    pub(super) fn first_tick(&self) -> Option<u64> {
        if self.words == 0 {
            return None;
        }
        let start = place(self.base + 1);
        let (word, bit) = (start / 64, start as u32 % 64);
        let here = self.occupied[word] >> bit;
        if here != 0 {
            return Some(self.base + 1 + u64::from(here.trailing_zeros()));
        }
        // The words behind, and what there is of the first before its start, round the end.
        let behind = self.words.rotate_right(word as u32 + 1).trailing_zeros();
        let next = self.occupied[(word + 1 + behind as usize) % WORDS];
        Some(self.base + 1 + u64::from(64 - bit + 64 * behind + next.trailing_zeros()))
    }

    /// Takes out all that is due in `tick`.
    #[inline]
    pub(super) fn take(&mut self, slots: &[Slot], tick: u64, mut to: impl FnMut(Entry)) {
        let place = place(tick);
        self.vacate(place);
        let mut slot = mem::replace(&mut self.lists[place], NONE);
        while slot != NONE {
            let Link { deadline, order, next, .. } = slots[slot as usize].link;
            to(Entry::new(deadline, order, slot));
            slot = next;
        }
    }

    /// Takes out all there is.
    pub(super) fn take_all(&mut self, slots: &[Slot], mut to: impl FnMut(Entry)) {
        while let Some(tick) = self.first_tick() {
            self.take(slots, tick, &mut to);
        }
    }

    /// Forgets all there is, and the time.
    pub(super) fn clear(&mut self) {
        if self.words != 0 {
            self.lists.fill(NONE);
            (self.occupied, self.words) = ([0; WORDS], 0);
        }
        self.base = 0;
    }
}
