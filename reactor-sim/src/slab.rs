//! A slab with generations: what was removed is never mistaken for what took its place.

/// Names an entry of a [`Slab`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    slot: u32,
    generation: u32,
}

impl Key {
    /// Names nothing.
    pub(crate) const NONE: Self = Self { slot: u32::MAX, generation: u32::MAX };
}

#[cfg(feature = "os")]
impl Key {
    /// The number of its slot, which other keys had before and will have after it.
    pub(crate) fn slot(self) -> usize {
        self.slot as usize
    }
}

/// Entries by [`Key`].
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Option<u32>,
    len: usize,
    /// The generation of a slot that has held nothing since the slab was new or cleared.
    first_generation: u32,
}

#[derive(Debug)]
struct Slot<T> {
    /// Counts the entries that this slot has held.
    generation: u32,
    state: State<T>,
}

#[derive(Debug)]
enum State<T> {
    Taken(T),
    Free { next: Option<u32> },
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: None, len: 0, first_generation: 0 }
    }
}

impl<T> Slab<T> {
    pub(crate) fn insert(&mut self, value: T) -> Key {
        self.len += 1;
        let Some(slot) = self.free else {
            let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 entries");
            let generation = self.first_generation;
            self.slots.push(Slot { generation, state: State::Taken(value) });
            return Key { slot, generation };
        };
        let free = &mut self.slots[slot as usize];
        if let State::Free { next } = free.state {
            self.free = next;
        }
        free.state = State::Taken(value);
        Key { slot, generation: free.generation }
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        match self.slots.get(key.slot as usize)? {
            Slot { generation, state: State::Taken(value) } if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.slots.get_mut(key.slot as usize)? {
            Slot { generation, state: State::Taken(value) } if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    /// The entry that a slot holds now.
    #[cfg(feature = "os")]
    pub(crate) fn at_slot(&mut self, slot: usize) -> Option<&mut T> {
        match &mut self.slots.get_mut(slot)?.state {
            State::Taken(value) => Some(value),
            State::Free { .. } => None,
        }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        let slot = &mut self.slots[key.slot as usize];
        slot.generation = slot.generation.wrapping_add(1);
        let State::Taken(value) = std::mem::replace(&mut slot.state, State::Free { next: self.free }) else {
            unreachable!("the entry was found a moment ago")
        };
        self.free = Some(key.slot);
        self.len -= 1;
        Some(value)
    }

    /// The keys of all entries, in the order of their slots.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let taken = |(slot, entry): (usize, &Slot<T>)| {
            matches!(entry.state, State::Taken(_)).then(|| Key { slot: slot as u32, generation: entry.generation })
        };
        self.slots.iter().enumerate().filter_map(taken).collect()
    }

    /// A name for `key` that depends on what was done since the slab was new or cleared, and on nothing before.
    pub(crate) fn name(&self, key: Key) -> u64 {
        u64::from(key.generation.wrapping_sub(self.first_generation)) << 32 | u64::from(key.slot)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Removes every entry; keys handed out before name nothing, and the slots are used again from the first.
    pub(crate) fn clear(&mut self) {
        self.free = None;
        // One more than any, for all of them: so their later uses are counted as in a new slab.
        let used = self.slots.iter().map(|slot| slot.generation.wrapping_sub(self.first_generation)).max();
        self.first_generation = self.first_generation.wrapping_add(used.map_or(0, |used| used + 1));
        for at in (0..self.slots.len()).rev() {
            let slot = &mut self.slots[at];
            slot.generation = self.first_generation;
            slot.state = State::Free { next: self.free };
            self.free = Some(at as u32);
        }
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_what_it_was_made_for_and_nothing_else() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        assert_eq!(slab.remove(a), Some('a'));
        let c = slab.insert('c');
        assert_eq!((slab.get(a), slab.get(b), slab.get(c)), (None, Some(&'b'), Some(&'c')));
        assert_eq!(slab.remove(a), None);
        slab.clear();
        assert_eq!((slab.get(b), slab.get(c), slab.len()), (None, None, 0));
        let d = slab.insert('d');
        assert_eq!((slab.get(d), slab.keys()), (Some(&'d'), vec![d]));
    }

    #[test]
    fn in_a_slab_that_was_cleared_names_are_those_of_a_new_one() {
        let names = |slab: &mut Slab<u8>| {
            let first = slab.insert(0);
            slab.remove(first);
            let all = [slab.insert(1), slab.insert(2), slab.insert(3)];
            slab.remove(all[1]);
            [first, all[0], all[1], all[2], slab.insert(4)].map(|key| slab.name(key))
        };
        let mut used = Slab::default();
        let expected = names(&mut used);
        for _ in 0..3 {
            used.clear();
            assert_eq!(names(&mut used), expected);
        }
        let mut all = expected.to_vec();
        all.dedup();
        assert_eq!(all.len(), 5);
    }
}
