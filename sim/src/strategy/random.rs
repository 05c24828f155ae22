//! Uniform random answers.

use reveille_executor::{Choose, Point};

use super::Source;
use super::streams::Streams;

/// Answers at random; seed 0 answers 0 throughout, which makes the first run of a campaign the dullest one.
#[derive(Default)]
pub(crate) struct Random {
    seed: u64,
    /// Not here while they are lent: then nobody asks.
    streams: Option<Box<Streams>>,
}

impl Choose for Random {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        match &mut self.streams {
            Some(streams) if self.seed != 0 => streams.uniform(point),
            _ => 0,
        }
    }
}

impl Source for Random {
    fn begin(&mut self, seed: u64) {
        self.seed = seed;
        self.streams.get_or_insert_default().begin(seed);
    }

    fn lend(&mut self) -> Option<Box<Streams>> {
        self.streams.take_if(|_| self.seed != 0)
    }

    fn take_back(&mut self, lent: Box<Streams>) {
        self.streams = Some(lent);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use reveille_executor::{Hint, Kind};

    use super::*;

    fn answers(random: &mut Random, kind: u8, bound: u32, count: usize) -> Vec<u32> {
        (0..count).map(|_| random.choose(Point::new(Kind::new(kind), bound))).collect()
    }

    fn begun(seed: u64) -> Random {
        let mut random = Random::default();
        random.begin(seed);
        random
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
    fn what_is_lent_answers_as_it_does_itself() {
        let mut random = begun(1);
        for _ in 0..2 {
            let mut lent = random.lend().unwrap();
            let answers = PINNED.map(|_| lent.uniform(Point::new(Kind::new(b's'), 10)));
            assert_eq!(answers, PINNED);
            random.take_back(lent);
            random.begin(1);
        }
        random.begin(0);
        assert!(random.lend().is_none(), "seed 0 has answers of its own");
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
