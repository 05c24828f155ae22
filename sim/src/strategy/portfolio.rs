//! Several strategies in turn: the seed says which, and how often in a run what is rare happens.
//!
//! No strategy is good at everything (SURW, ASPLOS 2025, compares them), and a test author should not have to choose.
//!
//! The others than the uniform one look at all that can run before each pick. Where there are more tasks than compete at once
//! they would not see all of them, nor the one that ran last, so what they promise would not hold, and cost the more for it:
//! there picks are uniform.

use reveille_executor::{Choose, Hint, Kind, Point, SCHEDULE_BOUND_MAX, TaskId};

use super::streams::scatter;
use super::{Pct, Profile, Random, Site, Skewed, Source, Sticky, Surw, Urw};
use crate::freedom;

/// A fixed set of strategies. Seed `s` is a run of the strategy number `s` modulo their number, so a seed means one run.
pub(crate) struct Portfolio {
    members: Vec<Box<dyn Source>>,
    /// The program has more tasks than compete at once.
    is_crowd: bool,
    current: usize,
    seed: u64,
    freedoms: freedom::Set,
}

/// The member that is uniform.
const UNIFORM: usize = 0;

impl Default for Portfolio {
    fn default() -> Self {
        let members: Vec<Box<dyn Source>> = vec![
            Box::new(Random::default()),
            Box::new(Skewed::default()),
            Box::new(Surw::default()),
            Box::new(Urw::default()),
            Box::new(Surw::default()),
            Box::new(Pct::new(3)),
            Box::new(Skewed::default()),
            Box::new(Surw::default()),
            Box::new(Sticky::new(12)),
            Box::new(Surw::default()),
            Box::new(Skewed::default()),
            Box::new(Surw::default()),
        ];
        Self { members, is_crowd: false, current: UNIFORM, seed: 0, freedoms: freedom::Set::NONE }
    }
}

/// How often in a run what is rare happens: faults, cancellations, freedoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intensity {
    Never,
    AsHinted,
    /// Four times as often, but not more than every second time.
    Often,
}

/// How often a kind of rare thing happens in the run of `seed`: most often as its hint says, in one run of eight never, in one
/// often. A swarm (Groce and others, ISSTA 2012): what never happens hides nothing, and what happens often meets itself.
fn intensity(seed: u64, kind: Kind) -> Intensity {
    match scatter(scatter(seed) ^ kind.index() as u64) % 8 {
        0 => Intensity::Never,
        1 => Intensity::Often,
        _ => Intensity::AsHinted,
    }
}

impl Intensity {
    /// The numerator in the place of `numerator`.
    fn of(self, numerator: u32, denominator: u32) -> u32 {
        match self {
            Self::Never => 0,
            Self::AsHinted => numerator,
            Self::Often => numerator.saturating_mul(4).min(denominator / 2).max(numerator),
        }
    }
}

impl Choose for Portfolio {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        let member = &mut self.members[self.current];
        let Hint::Rarely { numerator, denominator } = point.hint else { return member.choose(point) };
        let numerator = intensity(self.seed, point.kind).of(numerator, denominator);
        member.choose(Point { hint: Hint::Rarely { numerator, denominator }, ..point })
    }
}

impl Source for Portfolio {
    fn begin(&mut self, seed: u64) {
        self.seed = seed;
        // The remainder is below the number of members.
        let of_seed = (seed % self.members.len() as u64) as usize;
        self.current = if self.is_crowd { UNIFORM } else { of_seed };
        self.members[self.current].begin(seed);
        self.freedoms = if self.is_crowd { freedom::Set::NONE } else { freedom::of_seed(seed) };
    }

    fn freedoms(&self) -> freedom::Set {
        self.freedoms
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.is_crowd = profile.tasks.len() > SCHEDULE_BOUND_MAX as usize;
        self.members.iter_mut().for_each(|member| member.calibrate(profile));
    }

    fn follows(&self) -> bool {
        self.members[self.current].follows()
    }

    fn spawned(&mut self, task: TaskId, parent: Option<TaskId>, site: Site) {
        self.members[self.current].spawned(task, parent, site);
    }

    fn polled(&mut self, task: TaskId) {
        self.members[self.current].polled(task);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::strategy::profile::Measured;

    /// Whether any of the strategies of the first seeds weighs tasks, in a program of so many.
    fn weighs(tasks: usize) -> bool {
        let measured = Measured { parent: None, site: Location::caller(), polls: 1 };
        let mut portfolio = Portfolio::default();
        portfolio.calibrate(&Profile { schedule_choices: 1, tasks: vec![measured; tasks] });
        (1..100).any(|seed| {
            portfolio.begin(seed);
            portfolio.follows()
        })
    }

    #[test]
    fn tasks_are_weighed_where_all_of_them_compete() {
        assert!(weighs(SCHEDULE_BOUND_MAX as usize));
        assert!(!weighs(SCHEDULE_BOUND_MAX as usize + 1));
    }

    /// In how many of 1,000 runs something of one in sixteen happened so often out of 160 times.
    fn runs_with(strikes: impl Fn(usize) -> bool) -> usize {
        let mut portfolio = Portfolio::default();
        let hint = Hint::Rarely { numerator: 1, denominator: 16 };
        let mut struck = |seed| {
            portfolio.begin(seed);
            (0..160).filter(|_| portfolio.choose(Point { kind: Kind::new(b'f'), bound: 2, hint }) == 1).count()
        };
        (1..=1_000).filter(|seed| strikes(struck(*seed))).count()
    }

    #[test]
    fn what_is_rare_never_happens_in_some_runs_and_often_in_others() {
        // Ten on average, as hinted; forty where it is often.
        assert!((80..180).contains(&runs_with(|strikes| strikes == 0)));
        assert!((80..180).contains(&runs_with(|strikes| strikes > 25)));
        // What is likely anyway is not made less likely, nor certain.
        assert_eq!([(3, 4), (1, 2), (1, 4)].map(|(one, of)| Intensity::Often.of(one, of)), [3, 1, 2]);
    }
}
