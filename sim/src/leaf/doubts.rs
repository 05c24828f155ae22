//! Which late leaves of a campaign are looked into: each takes replays, and in some programs every run has one that is innocent.
//!
//! What a run knows of a late leaf is where it was made, and the way on which its task came to it at last: the return addresses on the
//! stack. Another way is another matter, and is looked into the first time it comes up. Of leaves alike in both only a replay can tell
//! which are guilty, so these are looked into in the first run that has one, in the second, the fourth, the eighth, and so on: it costs the
//! logarithm of a campaign, and what is wrong in a good part of those runs is found.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Late, Made};
use crate::site::Way;

/// What a campaign has seen of late leaves.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// In how many runs one was late that was made there and come to on that way.
    seen: BTreeMap<Made, BTreeMap<Way, u64>>,
}

/// So many ways to one place are told apart: a recursion may have one for each run.
const WAYS_MAX: usize = 16;

impl Doubts {
    /// Those of `late`, all of one run, that are to be looked into.
    pub(crate) fn of(&mut self, late: &[Late]) -> Vec<Late> {
        let likes: BTreeSet<_> = late.iter().map(|late| self.like(late)).collect();
        let doubtful: BTreeSet<_> = likes.into_iter().filter(|like| self.count(*like).is_power_of_two()).collect();
        late.iter().filter(|late| doubtful.contains(&self.like(late))).copied().collect()
    }

    /// What `late` is taken for: one of a way of its own, as long as there are few.
    fn like(&self, late: &Late) -> (Made, Way) {
        let is_full = |ways: &BTreeMap<Way, u64>| ways.len() >= WAYS_MAX && !ways.contains_key(&late.way);
        let is_one_of_many = self.seen.get(&late.made).is_some_and(is_full);
        (late.made, if is_one_of_many { Way::ANY } else { late.way })
    }

    /// Counts one more run, and returns how many there were.
    fn count(&mut self, (made, way): (Made, Way)) -> u64 {
        let runs = self.seen.entry(made).or_default().entry(way).or_default();
        *runs += 1;
        *runs
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::leaf::LeafId;

    fn late(nth: u64, way: u64) -> Late {
        let made = Made { what: "sleep", site: MADE };
        Late { leaf: LeafId::Timer(nth), made, way: Way(way) }
    }

    const MADE: &Location<'_> = Location::caller();

    #[test]
    fn what_is_alike_is_looked_into_ever_more_rarely_and_what_is_new_at_once() {
        let mut doubts = Doubts::default();
        let looked_into: Vec<_> = (1..=100).filter(|run| !doubts.of(&[late(*run, 7)]).is_empty()).collect();
        assert_eq!(looked_into, [1, 2, 4, 8, 16, 32, 64]);
        let both = doubts.of(&[late(1, 7), late(2, 8)]);
        assert_eq!(both.iter().map(|late| late.leaf).collect::<Vec<_>>(), [LeafId::Timer(2)]);
    }

    #[test]
    fn leaves_of_one_run_that_are_alike_are_looked_into_together() {
        let mut doubts = Doubts::default();
        let alike = [late(1, 7), late(2, 7), late(3, 7)];
        let looked_into: Vec<_> = (1..=5).map(|_| doubts.of(&alike).len()).collect();
        assert_eq!(looked_into, [3, 3, 0, 3, 0]);
    }

    #[test]
    fn ways_without_end_are_taken_for_one() {
        let mut doubts = Doubts::default();
        let looked_into = (1..=1_000).filter(|way| !doubts.of(&[late(*way, *way)]).is_empty()).count();
        assert!((WAYS_MAX..WAYS_MAX + 12).contains(&looked_into), "{looked_into}");
        assert!(doubts.seen.values().all(|ways| ways.len() <= WAYS_MAX + 1));
    }
}
