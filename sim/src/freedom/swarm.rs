//! Which of the default freedoms are on, by the seed.
//!
//! In a swarm (Groce and others, "Swarm testing", ISSTA 2012) each run has some of what can be switched on, and no run has to have
//! all of it: features mask one another, and cost time. Eleven in twelve seeds have no freedom, so that what is found without any is found
//! as soon as before; the seed 0, which is the dullest run, is among them.

use super::{Freedom, Set};

/// The default freedoms of the run of `seed`.
pub(crate) fn of_seed(seed: u64) -> Set {
    // Freedoms come round in a period that has no divisor in common with that of the strategies, so each meets each.
    const PERIOD: u64 = 37;
    match seed % PERIOD {
        5 => Set::NONE.with(Freedom::Spurious),
        14 => Set::NONE.with(Freedom::FreshWakers),
        27 => Set::NONE.with(Freedom::Spurious).with(Freedom::FreshWakers),
        _ => Set::NONE,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn seeds_have_default_freedoms_only_and_seed_0_has_none() {
        assert!(of_seed(0).is_none());
        let seen: Vec<_> = (0..1_000).flat_map(|seed| of_seed(seed).iter()).collect();
        assert!(seen.iter().all(|freedom| freedom.is_default()));
        for freedom in Freedom::ALL {
            assert_eq!(seen.contains(&freedom), freedom.is_default(), "{freedom}");
        }
    }

    /// If this fails, seeds mean other runs: a changelog entry under **Tapes**.
    #[test]
    fn what_a_seed_has_is_pinned() {
        let with: Vec<u64> = (0..75).filter(|seed| !of_seed(*seed).is_none()).collect();
        assert_eq!(with, [5, 14, 27, 42, 51, 64]);
    }
}
