//! Random numbers for strategies: ChaCha8, one stream per kind of choice.
//!
//! A stream per kind keeps draws apart: a program that gains a `choose` does not have its schedule reshuffled. ChaCha is
//! value-stable across versions and platforms (`rand_chacha` promises it), and a draw costs little more than a nanosecond.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use reveille_executor::{Hint, Kind, Point};

/// How many words a generator makes at once.
const WORDS: usize = 64;

/// The streams of one seed.
pub(crate) struct Streams {
    seed: u64,
    /// Words of the stream of [`Kind::SCHEDULE`], the one that most draws are from, laid out to be taken in a few instructions.
    schedule: [u32; WORDS],
    /// How many of them have been taken.
    taken: usize,
    /// A generator per kind, made when the kind is first asked about: most runs ask about one kind only.
    by_kind: Vec<Option<ChaCha8Rng>>,
}

impl Default for Streams {
    fn default() -> Self {
        Self { seed: 0, schedule: [0; WORDS], taken: WORDS, by_kind: Vec::new() }
    }
}

impl Streams {
    pub(super) fn begin(&mut self, seed: u64) {
        self.seed = seed;
        self.taken = WORDS;
        self.by_kind.iter_mut().for_each(|stream| *stream = None);
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// A number in `0..bound`, from the stream of `kind`.
    #[inline]
    pub(super) fn below(&mut self, kind: Kind, bound: u32) -> u32 {
        if kind == Kind::SCHEDULE
            && let Some(word) = self.schedule.get(self.taken)
        {
            self.taken += 1;
            return reduce(*word, bound);
        }
        self.below_slowly(kind, bound)
    }

    /// Apart from the above, so that the few instructions need no frame.
    #[inline(never)]
    fn below_slowly(&mut self, kind: Kind, bound: u32) -> u32 {
        reduce(self.next(kind), bound)
    }

    /// The next word of the stream of `kind`.
    fn next(&mut self, kind: Kind) -> u32 {
        if kind != Kind::SCHEDULE {
            return self.stream(kind).next_u32();
        }
        if self.taken == WORDS {
            self.refill();
        }
        self.taken += 1;
        self.schedule[self.taken - 1]
    }

    fn refill(&mut self) {
        let mut bytes = [0; 4 * WORDS];
        self.stream(Kind::SCHEDULE).fill_bytes(&mut bytes);
        for (word, bytes) in self.schedule.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        self.taken = 0;
    }

    fn stream(&mut self, kind: Kind) -> &mut ChaCha8Rng {
        let index = kind.index();
        if index >= self.by_kind.len() {
            self.by_kind.resize(index + 1, None);
        }
        self.by_kind[index].get_or_insert_with(|| {
            let mut stream = ChaCha8Rng::seed_from_u64(self.seed);
            stream.set_stream(index as u64);
            stream
        })
    }

    /// 64 random bits, from the stream of `kind`.
    pub(super) fn bits(&mut self, kind: Kind) -> u64 {
        let low = u64::from(self.next(kind));
        low | (u64::from(self.next(kind)) << 32)
    }

    /// A uniform answer to `point`, its hint heeded.
    #[inline]
    pub(crate) fn uniform(&mut self, point: Point<'_>) -> u32 {
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

    /// However it is asked: words that are laid out and words of the generator are one stream.
    #[test]
    fn each_kind_has_the_words_of_its_generator_in_their_order() {
        for kind in [Kind::SCHEDULE, Kind::new(b'c')] {
            let mut generator = ChaCha8Rng::seed_from_u64(3);
            generator.set_stream(kind.index() as u64);
            let mut streams = Streams::default();
            for run in 0..2 {
                streams.begin(3);
                generator.set_word_pos(0);
                for draw in 0..500_u32 {
                    if draw.is_multiple_of(7) {
                        assert_eq!(streams.bits(kind), generator.next_u64(), "run {run}, draw {draw}");
                    } else {
                        let bound = 2 + draw;
                        assert_eq!(
                            streams.below(kind, bound),
                            reduce(generator.next_u32(), bound),
                            "run {run}, draw {draw}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn bound_reduction_is_pinned() {
        assert_eq!([0, 1 << 31, u32::MAX].map(|r| reduce(r, 3)), [0, 1, 2]);
        assert_eq!(reduce(0x5555_5555, 3), 0);
        assert_eq!(reduce(0x5555_5556, 3), 1);
    }
}
