//! Shrinking from the other end: not the failing run with less in it, but the usual run with a little added.
//!
//! A run that random priorities led to differs from the usual one nearly everywhere, and what its edits lead to is often a
//! dozen picks out of order where two would do: most bugs have a depth of two or three (Burckhardt, Kothari, Musuvathi and
//! Nagarakatte, ASPLOS 2010). So few that there is a fair chance to meet them by drawing them.

use std::cmp::Ordering;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use reveille_executor::Kind;

use super::Shrinker;
use crate::strategy::Sparse;

/// A run that has not failed after so many is not to be met this way.
const RUNS: u32 = 160;

/// Draws runs with two and three picks out of order until one fails, or there were enough. The same for the same tape: the
/// generator's seed is fixed.
pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    let mut generator = ChaCha8Rng::seed_from_u64(0);
    for nth in 0..RUNS {
        let picks = shrinker.best.iter().filter(|draw| draw.kind == Kind::SCHEDULE).count() as u64;
        let mut below = |bound: u64| (u64::from(generator.next_u32()) * bound) >> 32;
        let few = 2 + nth % 2;
        let candidate: Vec<_> = (0..few).map(|_| (below(picks) as usize, below(1 << 32) as u32)).collect();
        let compared = shrinker.attempt_with(|best| Box::new(Sparse::new(candidate, best)));
        if compared.is_some_and(Ordering::is_lt) || shrinker.is_spent() {
            return;
        }
    }
}
