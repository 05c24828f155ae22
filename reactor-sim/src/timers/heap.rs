//! A heap whose entries know their places, so that each can be taken out.

use super::entry::Entry;

/// How many entries have a parent in common: they lie side by side, and the heap is half as deep as one of pairs.
const CHILDREN: usize = 4;

/// The place of a slot that has none.
const NOWHERE: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(super) struct Heap {
    /// Invariant: each has up to [`CHILDREN`], of which none is less.
    entries: Vec<Entry>,
    /// By slot: the index of its entry, or [`NOWHERE`]. Apart from all else that is known of slots, since moving entries about touches nothing of
    /// that.
    places: Vec<u32>,
}

impl Heap {
    #[inline]
    pub(super) fn first(&self) -> Option<Entry> {
        self.entries.first().copied()
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// There is one more slot.
    pub(super) fn add_slot(&mut self) {
        self.places.push(NOWHERE);
        // All may come here at once, when others have long been armed.
        self.entries.reserve(self.places.len() - self.entries.len());
    }

    #[inline]
    pub(super) fn push(&mut self, entry: Entry) {
        let place = self.entries.len();
        self.entries.push(entry);
        if place == 0 {
            self.places[entry.slot() as usize] = 0;
        } else {
            sift_up(&mut self.entries, &mut self.places, place);
        }
    }

    /// Where the entry of `slot` is, if it is here.
    pub(super) fn place(&self, slot: u32) -> Option<usize> {
        let place = self.places[slot as usize];
        (place != NOWHERE).then_some(place as usize)
    }

    /// Takes out the entry at `place`.
    #[inline]
    pub(super) fn take(&mut self, place: usize) -> Entry {
        let entry = self.entries.swap_remove(place);
        self.places[entry.slot() as usize] = NOWHERE;
        match self.entries[..] {
            [last] => self.places[last.slot() as usize] = 0,
            _ if place < self.entries.len() => self.settle(place),
            _ => {}
        }
        entry
    }

    /// Changes all entries, of which each keeps its slot.
    pub(super) fn change_all(&mut self, change: impl FnOnce(&mut [Entry])) {
        change(&mut self.entries);
        // In order, they are a heap.
        self.entries.sort_unstable();
        for (place, entry) in self.entries.iter().enumerate() {
            // Below 2^32, as the slots are.
            self.places[entry.slot() as usize] = place as u32;
        }
    }

    pub(super) fn clear(&mut self) {
        for entry in self.entries.drain(..) {
            self.places[entry.slot() as usize] = NOWHERE;
        }
    }

    /// Moves the entry at `place` to where it belongs, above or below: down to the bottom, past the least child each time,
    /// and up again. What is moved is large as a rule (it was last in the heap), and not compared on the way down.
    fn settle(&mut self, place: usize) {
        let (heap, places) = (&mut self.entries[..], &mut self.places[..]);
        let entry = heap[place];
        let mut hole = place;
        while let Some((least, child)) = least_child(heap, hole) {
            put(heap, places, hole, child);
            hole = least;
        }
        heap[hole] = entry;
        sift_up(heap, places, hole);
    }
}

/// Moves the entry at `place` up to where it belongs.
fn sift_up(heap: &mut [Entry], places: &mut [u32], mut place: usize) {
    let entry = heap[place];
    while place > 0 {
        let parent = (place - 1) / CHILDREN;
        let above = heap[parent];
        if above <= entry {
            break;
        }
        put(heap, places, place, above);
        place = parent;
    }
    put(heap, places, place, entry);
}

/// The least child of the entry at `place`, and its place; `None` if that has none.
#[inline]
fn least_child(heap: &[Entry], place: usize) -> Option<(usize, Entry)> {
    let first = CHILDREN * place + 1;
    let lesser = |one: (usize, Entry), two: (usize, Entry)| if two.1 < one.1 { two } else { one };
    match heap.get(first..)? {
        &[a, b, c, d, ..] => Some(lesser(lesser((first, a), (first + 1, b)), lesser((first + 2, c), (first + 3, d)))),
        fewer => (first..).zip(fewer.iter().copied()).reduce(lesser),
    }
}

/// Writes `entry` to `place`, and the place to its slot.
#[inline]
fn put(heap: &mut [Entry], places: &mut [u32], place: usize, entry: Entry) {
    heap[place] = entry;
    // Below 2^32, as the slots are.
    places[entry.slot() as usize] = place as u32;
}
