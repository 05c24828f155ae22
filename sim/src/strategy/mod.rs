//! What answers choices, run after run. One small file each.

mod custom;
mod delays;
mod exhaustive;
mod family;
mod feedback;
mod lenient;
mod named;
mod ordered;
mod pct;
mod portfolio;
mod pos;
mod profile;
mod random;
mod replay;
mod skewed;
mod sticky;
mod streams;
mod surw;
mod urw;
mod weights;
mod workers;

pub(crate) use custom::Maker;
pub(crate) use delays::Delays;
pub(crate) use exhaustive::Exhaustive;
pub(crate) use feedback::Feedback;
pub(crate) use lenient::Lenient;
pub(crate) use ordered::{Noting, Ordered, Polled, Sparse, Turn};
pub(crate) use pct::Pct;
pub(crate) use portfolio::Portfolio;
pub(crate) use pos::Pos;
pub(crate) use profile::Profile;
pub(crate) use random::Random;
pub(crate) use replay::Replay;
pub(crate) use skewed::Skewed;
pub(crate) use sticky::Sticky;
pub(crate) use streams::Streams;
pub(crate) use surw::Surw;
pub(crate) use urw::Urw;
pub(crate) use workers::Workers;

use reveille_executor::{Choose, TaskId};

use crate::freedom;
use crate::run::Site;
use crate::tape::Mismatch;

/// A [`Choose`] that can start over, so that one object serves a whole campaign.
///
/// An answer outside the bound means that the source has no answer: the tape does not fit the program.
pub(crate) trait Source: Choose {
    /// Starts the run of `seed`.
    fn begin(&mut self, seed: u64);

    /// Told of the calibration run: the run of seed 0, in which every answer is 0.
    fn calibrate(&mut self, _profile: &Profile) {}

    /// Which freedoms the executor has in the run that has been begun, where that is left to the source.
    fn freedoms(&self) -> freedom::Set {
        freedom::Set::NONE
    }

    /// If it answers all of the run that has been begun at random, lends what it would take the answers from: so who asks takes them at
    /// once, and calls nobody. It is given back before the next run.
    fn lend(&mut self) -> Option<Box<Streams>> {
        None
    }

    /// Gets back what it lent.
    fn take_back(&mut self, _lent: Box<Streams>) {}

    /// Whether it wants to be told of spawns and polls in the run that has been begun.
    fn follows(&self) -> bool {
        false
    }

    /// A task was spawned by `parent` at `site`. Tasks are numbered without gaps.
    fn spawned(&mut self, _task: TaskId, _parent: Option<TaskId>, _site: Site) {}

    /// A task is about to be polled, whether or not there was a choice.
    fn polled(&mut self, _task: TaskId) {}

    /// Whether it wants to be told of wakes as well.
    fn follows_wakes(&self) -> bool {
        false
    }

    /// `task` was made runnable by a poll of `by`: woken, or spawned.
    fn woke(&mut self, _by: TaskId, _task: TaskId) {}

    /// Told when a run is over.
    fn ended(&mut self) {}

    /// Whether there is no run left that it would answer otherwise.
    fn is_finished(&self) -> bool {
        false
    }

    /// How far it has come, if it goes through runs in an order.
    fn reached(&self) -> Option<Reached> {
        None
    }

    /// What its runs have covered, if it looks at that.
    fn covered(&self) -> Option<Covered> {
        None
    }

    /// Asked once, when the run is over: whether what was asked is what the source expected.
    fn complaint(&mut self) -> Option<Mismatch> {
        None
    }
}

/// How far an exhaustive search has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// All runs with so many delays or fewer have been performed; `None` if not even all with none, or if there is no
    /// bound and all have been.
    pub(crate) delays: Option<u32>,
    /// How many of the runs performed have neighbours that have not been.
    pub(crate) pending: usize,
}

/// What runs have covered: how many different meetings of tasks, and how many of those the second half of the runs added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Covered {
    pub(crate) seen: u64,
    pub(crate) late: u64,
}

/// What can be asked for: by name, but for the last.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) enum Strategy {
    /// Several in turn.
    #[default]
    Portfolio,
    /// Uniform answers.
    Random,
    /// Goes on with the current task so often out of 16.
    Sticky(u32),
    /// Priorities with so many ordering constraints.
    Pct(u32),
    /// At most so many delays, each anywhere.
    Delays(u32),
    /// Tasks with much before them come first.
    Urw,
    /// A priority per event.
    Pos,
    /// All orders of some events alike.
    Surw,
    /// Tasks of very different speeds.
    Skewed,
    /// Mutants of runs that covered something new.
    Feedback,
    /// All runs, or all with so many delays.
    Exhaustive(Option<u32>),
    /// The policy of a pool with so many workers.
    Workers(u32),
    /// What the user brings.
    Custom(Maker),
}

const NAMES: &str = "`portfolio`, `random`, `sticky:8` (of 16; up to 15), `pct:3` (1 to 100), `delays:2` (1 to 100), `urw`, `pos`, `surw`, `skewed`, \
                     `feedback`, `workers:4` (1 to 64), `exhaustive` or `exhaustive:2` (delays)";

impl Strategy {
    /// The strategy called `name`, or a sentence that says which names exist.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let (word, number) = name.split_once(':').map_or((name, None), |(word, number)| (word, Some(number)));
        let number = number.map(str::parse::<u32>);
        match (word, number) {
            ("portfolio", None) => Ok(Self::Portfolio),
            ("random", None) => Ok(Self::Random),
            ("sticky", Some(Ok(stays @ 1..Sticky::OUT_OF))) => Ok(Self::Sticky(stays)),
            ("pct", Some(Ok(depth @ 1..=100))) => Ok(Self::Pct(depth)),
            ("delays", Some(Ok(delays @ 1..=100))) => Ok(Self::Delays(delays)),
            ("urw", None) => Ok(Self::Urw),
            ("pos", None) => Ok(Self::Pos),
            ("surw", None) => Ok(Self::Surw),
            ("skewed", None) => Ok(Self::Skewed),
            ("feedback", None) => Ok(Self::Feedback),
            ("workers", Some(Ok(count @ 1..=Workers::MAX))) => Ok(Self::Workers(count)),
            ("exhaustive", None) => Ok(Self::Exhaustive(None)),
            ("exhaustive", Some(Ok(delays))) => Ok(Self::Exhaustive(Some(delays))),
            _ => Err(format!("there is no strategy `{name}`: expected {NAMES}")),
        }
    }

    pub(crate) fn source(&self) -> Box<dyn Source> {
        match self {
            Self::Portfolio => Box::new(Portfolio::default()),
            Self::Random => Box::new(Random::default()),
            Self::Sticky(stays) => Box::new(Sticky::new(*stays)),
            Self::Pct(depth) => Box::new(Pct::new(*depth)),
            Self::Delays(delays) => Box::new(Delays::new(*delays)),
            Self::Urw => Box::new(Urw::default()),
            Self::Pos => Box::new(Pos::default()),
            Self::Surw => Box::new(Surw::default()),
            Self::Skewed => Box::new(Skewed::default()),
            Self::Feedback => Box::new(Feedback::default()),
            Self::Exhaustive(delays) => Box::new(Exhaustive::new(*delays)),
            Self::Workers(count) => Box::new(Workers::new(*count)),
            Self::Custom(maker) => maker.source(),
        }
    }

    /// Whether it wants to know how long a run is before it starts.
    pub(crate) fn needs_calibration(&self) -> bool {
        !matches!(self, Self::Random | Self::Sticky(_) | Self::Exhaustive(_) | Self::Custom(_))
    }

    /// What it is called, if it goes from run to run and keeps what it learns in memory.
    pub(crate) fn learner(&self) -> Option<&'static str> {
        match self {
            Self::Exhaustive(_) => Some("exhaustive search"),
            Self::Feedback => Some("strategy `feedback`"),
            _ => None,
        }
    }

    /// Whether the seed says which freedoms the executor has.
    pub(crate) fn draws_freedoms(&self) -> bool {
        matches!(self, Self::Portfolio)
    }

    /// Whether a seed means a run. If not, runs follow from those before them, and only a tape repeats one.
    pub(crate) fn is_seeded(&self) -> bool {
        self.learner().is_none() && !matches!(self, Self::Custom(_))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_wrong_ones_are_answered_with_the_right_ones() {
        assert_eq!(Strategy::parse("pct:3"), Ok(Strategy::Pct(3)));
        assert_eq!(Strategy::parse("sticky:12"), Ok(Strategy::Sticky(12)));
        assert_eq!(Strategy::parse("exhaustive"), Ok(Strategy::Exhaustive(None)));
        assert_eq!(Strategy::parse("workers:4"), Ok(Strategy::Workers(4)));
        for wrong in [
            "lucky",
            "workers:0",
            "pct",
            "pct:0",
            "pct:x",
            "delays",
            "delays:0",
            "delays:101",
            "sticky:16",
            "random:1",
            "",
        ] {
            let error = Strategy::parse(wrong).unwrap_err();
            assert!(error.contains(&format!("`{wrong}`")) && error.contains("`pct:3`"), "{error}");
        }
    }
}
