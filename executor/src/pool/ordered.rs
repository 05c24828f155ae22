//! A queue in the order of ranks, from which nothing is kept out for ever.
//!
//! The entry with the lowest rank comes first, and of several the oldest. But every 61st time it is the oldest of all: so an
//! entry with *a* older ones is taken within `61·(a + 1)` times, whatever comes after it and however urgent that is.

use std::collections::BTreeMap;

use super::workers::INJECTOR_INTERVAL;

/// Entries by rank and by age.
pub(super) struct Ordered<T> {
    /// By rank, and then by age.
    by_rank: BTreeMap<(u64, u64), T>,
    /// The ranks by age.
    by_age: BTreeMap<u64, u64>,
    /// The age of the next entry: a count, so that older is less.
    next: u64,
    /// How many entries have been taken.
    taken: u32,
}

impl<T> Ordered<T> {
    pub(super) fn new() -> Self {
        Self { by_rank: BTreeMap::new(), by_age: BTreeMap::new(), next: 0, taken: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.by_rank.len()
    }

    pub(super) fn push(&mut self, entry: T, rank: u64) {
        self.by_rank.insert((rank, self.next), entry);
        self.by_age.insert(self.next, rank);
        self.next += 1;
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.taken = self.taken.wrapping_add(1);
        if self.taken.is_multiple_of(INJECTOR_INTERVAL) {
            let (age, rank) = self.by_age.pop_first()?;
            return self.by_rank.remove(&(rank, age));
        }
        let ((_, age), entry) = self.by_rank.pop_first()?;
        self.by_age.remove(&age);
        Some(entry)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_rank_comes_first_and_of_several_the_oldest() {
        let mut queue = Ordered::new();
        for (entry, rank) in [("late", 9), ("first", 1), ("second", 1), ("middle", 5)] {
            queue.push(entry, rank);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!((order, queue.len()), (vec!["first", "second", "middle", "late"], 0));
    }

    #[test]
    fn however_urgent_the_others_are_one_waits_no_longer_than_the_bound_and_nearly_as_long() {
        for older in [0, 1, 20] {
            let mut queue = Ordered::new();
            (0..older).for_each(|_| queue.push("as patient", 9));
            queue.push("patient", 9);
            let bound = INJECTOR_INTERVAL * (older + 1);
            let waited = (1..=bound).find(|_| {
                queue.push("urgent", 0);
                queue.pop() == Some("patient")
            });
            let waited = waited.expect("it is taken within the bound");
            assert!(2 * waited > bound, "{waited} of {bound}");
        }
    }
}
