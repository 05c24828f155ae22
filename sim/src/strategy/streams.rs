//! Random numbers for strategies: ChaCha8, one stream per kind of choice.
//!
//! A stream per kind keeps draws apart: a program that gains a `choose` does not have its schedule reshuffled. ChaCha is
//! value-stable across versions and platforms (`rand_chacha` promises it), and a draw costs little more than a nanosecond.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use reveille_executor::{Hint, Kind, Point};

/// The streams of one seed.
#[derive(Default)]
pub(super) struct Streams {
    seed: u64,
    /// A generator per kind, made when the kind is first asked about: most runs ask about one kind only.
    by_kind: Vec<Option<ChaCha8Rng>>,
}

impl Streams {
    pub(super) fn begin(&mut self, seed: u64) {
        self.seed = seed;
        self.by_kind.iter_mut().for_each(|stream| *stream = None);
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// A number in `0..bound`, from the stream of `kind`.
    #[inline]
    pub(super) fn below(&mut self, kind: Kind, bound: u32) -> u32 {
        match self.by_kind.get_mut(kind.index()) {
            Some(Some(stream)) => reduce(stream.next_u32(), bound),
            _ => reduce(self.begin_stream(kind).next_u32(), bound),
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_stream(&mut self, kind: Kind) -> &mut ChaCha8Rng {
        let index = kind.index();
        if index >= self.by_kind.len() {
            self.by_kind.resize(index + 1, None);
        }
        let mut stream = ChaCha8Rng::seed_from_u64(self.seed);
        stream.set_stream(index as u64);
        self.by_kind[index].insert(stream)
    }

    /// 64 random bits, from the stream of `kind`.
    pub(super) fn bits(&mut self, kind: Kind) -> u64 {
        match self.by_kind.get_mut(kind.index()) {
            Some(Some(stream)) => stream.next_u64(),
            _ => self.begin_stream(kind).next_u64(),
        }
    }

    /// A uniform answer to `point`, its hint heeded.
    #[inline]
    pub(super) fn uniform(&mut self, point: Point<'_>) -> u32 {
        match point.hint {
            Hint::Rarely { numerator, denominator } | Hint::Exactly { numerator, denominator } => {
                self.seldom(point, numerator, denominator)
            }
            _ => self.below(point.kind, point.bound),
        }
    }

    /// 0 but `numerator` times of `denominator`.
    #[inline(never)]
    fn seldom(&mut self, point: Point<'_>, numerator: u32, denominator: u32) -> u32 {
        if self.below(point.kind, denominator) >= numerator { 0 } else { 1 + self.below(point.kind, point.bound - 1) }
    }
}

/// Mixes the bits of `value` (the finalizer of MurmurHash3, Appleby 2011): for guesses that are to look random and be the same
/// whenever they are asked for.
pub(super) fn scatter(value: u64) -> u64 {
    let mixed = (value ^ (value >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

/// Maps a uniform `u32` to `0..bound` by multiplication. The bias is below `bound / 2^32`; bounds are small.
#[inline]
fn reduce(random: u32, bound: u32) -> u32 {
    ((u64::from(random) * u64::from(bound)) >> 32) as u32
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn bound_reduction_is_pinned() {
        assert_eq!([0, 1 << 31, u32::MAX].map(|r| reduce(r, 3)), [0, 1, 2]);
        assert_eq!(reduce(0x5555_5555, 3), 0);
        assert_eq!(reduce(0x5555_5556, 3), 1);
    }
}
