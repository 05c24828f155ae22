//! Uniform random answers from ChaCha8, one stream per kind of choice.
//!
//! A stream per kind keeps draws apart: a program that gains a `choose` does not have its schedule reshuffled. ChaCha is
//! value-stable across versions and platforms (`rand_chacha` promises it), and a draw costs little more than a nanosecond.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use reveille_executor::{Choose, Hint, Kind, Point};

use super::Source;

/// Answers at random; seed 0 answers 0 throughout, which makes the first run of a campaign the dullest one.
#[derive(Default)]
pub(crate) struct Random {
    seed: u64,
    /// A generator per kind, made when the kind is first asked about: most runs ask about one kind only.
    streams: Vec<Option<ChaCha8Rng>>,
}

impl Random {
    fn stream(&mut self, kind: Kind) -> &mut ChaCha8Rng {
        let index = kind.index();
        if index >= self.streams.len() {
            self.streams.resize(index + 1, None);
        }
        self.streams[index].get_or_insert_with(|| {
            let mut stream = ChaCha8Rng::seed_from_u64(self.seed);
            stream.set_stream(index as u64);
            stream
        })
    }
}

/// Maps a uniform `u32` to `0..bound` by multiplication. The bias is below `bound / 2^32`; bounds are small.
#[inline]
fn reduce(random: u32, bound: u32) -> u32 {
    ((u64::from(random) * u64::from(bound)) >> 32) as u32
}

impl Choose for Random {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if self.seed == 0 {
            return 0;
        }
        let stream = self.stream(point.kind);
        match point.hint {
            Hint::Rarely { numerator, denominator } => {
                if reduce(stream.next_u32(), denominator) >= numerator {
                    0
                } else {
                    1 + reduce(stream.next_u32(), point.bound - 1)
                }
            }
            _ => reduce(stream.next_u32(), point.bound),
        }
    }
}

impl Source for Random {
    fn begin(&mut self, seed: u64) {
        self.seed = seed;
        self.streams.iter_mut().for_each(|stream| *stream = None);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn answers(random: &mut Random, kind: u8, bound: u32, count: usize) -> Vec<u32> {
        (0..count).map(|_| random.choose(Point::new(Kind::new(kind), bound))).collect()
    }

    fn begun(seed: u64) -> Random {
        let mut random = Random::default();
        random.begin(seed);
        random
    }

    #[test]
    fn bound_reduction_is_pinned() {
        assert_eq!([0, 1 << 31, u32::MAX].map(|r| reduce(r, 3)), [0, 1, 2]);
        assert_eq!(reduce(0x5555_5555, 3), 0);
        assert_eq!(reduce(0x5555_5556, 3), 1);
    }

    /// If this fails, every seed that a user wrote down means another run now: a changelog entry under **Tapes**.
    #[test]
    fn the_values_of_a_seed_are_pinned() {
        assert_eq!(answers(&mut begun(1), b's', 10, 12), PINNED);
    }
    const PINNED: [u32; 12] = [3, 9, 2, 7, 7, 4, 5, 5, 4, 9, 2, 5];

    #[test]
    fn seed_0_is_the_dullest_run() {
        assert_eq!(answers(&mut begun(0), b's', 10, 100), [0; 100]);
    }

    #[test]
    fn a_draw_of_one_kind_does_not_move_another() {
        let alone = answers(&mut begun(7), b's', 1000, 20);
        let mut mixed = begun(7);
        let among_others = (0..20).map(|_| {
            answers(&mut mixed, b'c', 5, 3);
            answers(&mut mixed, b's', 1000, 1)[0]
        });
        assert_eq!(alone, among_others.collect::<Vec<_>>());
    }

    #[test]
    fn rare_is_as_rare_as_the_hint_says_and_never_without_it() {
        let mut random = begun(3);
        let hint = Hint::Rarely { numerator: 1, denominator: 10 };
        let struck =
            (0..10_000).filter(|_| random.choose(Point { kind: Kind::new(b'f'), bound: 2, hint }) == 1).count();
        assert!((900..1100).contains(&struck), "{struck} of 10,000 at 1 in 10");
    }
}
