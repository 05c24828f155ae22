//! The answered choices of a run, four bytes for nearly each: they are written at every poll, and a long run's must not push the tasks
//! themselves out of the cache.

use reveille_executor::Kind;

/// One answered choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw {
    /// What was decided.
    pub(crate) kind: Kind,
    /// How many answers there were; at least 2, since a point with one answer is not asked.
    pub(crate) bound: u32,
    /// The answer. Invariant: below `bound`.
    pub(crate) value: u32,
}

/// Draws in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Draws {
    /// A draw with a small bound is one word, the bits of which are bound, value and letter; one with a large bound is [`LARGE`] and its letter, then
    /// bound and value in two words of their own.
    words: Vec<u32>,
    /// How many draws have a large bound.
    large: usize,
}

/// For each of the two: 13 bits.
const BOUND_BITS: u32 = 13;
const KIND_BITS: u32 = 5;
/// The highest bit.
const LARGE: u32 = 1 << 31;

impl Draws {
    #[inline]
    pub(crate) fn push(&mut self, draw: Draw) {
        if draw.bound >> BOUND_BITS == 0 {
            let word = (draw.bound << BOUND_BITS | draw.value) << KIND_BITS | draw.kind.index() as u32;
            self.words.push(word);
        } else {
            self.push_large(draw);
        }
    }

    #[cold]
    fn push_large(&mut self, draw: Draw) {
        self.words.extend([LARGE | draw.kind.index() as u32, draw.bound, draw.value]);
        self.large += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len() - 2 * self.large
    }

    /// Forgets all; keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.words.clear();
        self.large = 0;
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Draw> {
        let mut words = self.words.iter().copied();
        let mask = |bits: u32| (1 << bits) - 1;
        std::iter::from_fn(move || {
            let word = words.next()?;
            let kind = Kind::new(b'a' + (word & mask(KIND_BITS)) as u8);
            let (bound, value) = match word & LARGE {
                0 => (word >> (KIND_BITS + BOUND_BITS), (word >> KIND_BITS) & mask(BOUND_BITS)),
                _ => (words.next()?, words.next()?),
            };
            Some(Draw { kind, bound, value })
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let bounds = [2, 3, 256, (1 << BOUND_BITS) - 1, 1 << BOUND_BITS, 1 << 20, u32::MAX];
        let draw = |kind, bound, value| Draw { kind: Kind::new(kind), bound, value };
        let all: Vec<_> = (b'a'..=b'z')
            .flat_map(|kind| {
                bounds.iter().flat_map(move |bound| [0, 1, bound - 1].map(|value| draw(kind, *bound, value)))
            })
            .collect();
        let mut draws = Draws::default();
        for round in 0..2 {
            all.iter().for_each(|draw| draws.push(*draw));
            assert_eq!(draws.iter().collect::<Vec<_>>(), all, "round {round}");
            assert_eq!(draws.len(), all.len());
            draws.clear();
            assert_eq!((draws.len(), draws.iter().next()), (0, None));
        }
    }
}
