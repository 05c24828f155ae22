//! What answers choices, run after run. One small file each.

mod custom;
mod exhaustive;
mod lenient;
mod pct;
mod portfolio;
mod random;
mod replay;
mod sticky;
mod streams;
mod workers;

pub(crate) use custom::{Custom, Maker};
pub(crate) use exhaustive::Exhaustive;
pub(crate) use lenient::Lenient;
pub(crate) use pct::Pct;
pub(crate) use portfolio::Portfolio;
pub(crate) use random::Random;
pub(crate) use replay::Replay;
pub(crate) use sticky::Sticky;
pub(crate) use workers::Workers;

use reveille_executor::Choose;

use crate::tape::Mismatch;

/// A [`Choose`] that can start over, so that one object serves a whole campaign.
///
/// An answer outside the bound means that the source has no answer: the tape does not fit the program.
pub(crate) trait Source: Choose {
    /// Starts the run of `seed`.
    fn begin(&mut self, seed: u64);

    /// Told how many schedule choices the calibration run had: the run of seed 0, in which every answer is 0.
    fn calibrate(&mut self, _schedule_choices: u32) {}

    /// Told when a run is over.
    fn ended(&mut self) {}

    /// Whether there is no run left that it would answer otherwise.
    fn is_finished(&self) -> bool {
        false
    }

    /// Asked once, when the run is over: whether what was asked is what the source expected.
    fn complaint(&mut self) -> Option<Mismatch> {
        None
    }
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
    /// All runs, or all with so many delays.
    Exhaustive(Option<u32>),
    /// The policy of a pool with so many workers.
    Workers(u32),
    /// What the user brings.
    Custom(Maker),
}

const NAMES: &str = "`portfolio`, `random`, `sticky:8` (of 16; up to 15), `pct:3` (1 to 100), `workers:4` (1 to 64), \
                     `exhaustive` or `exhaustive:2` (delays)";

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
            Self::Exhaustive(delays) => Box::new(Exhaustive::new(*delays)),
            Self::Workers(count) => Box::new(Workers::new(*count)),
            Self::Custom(make) => Box::new(Custom::new(make.clone())),
        }
    }

    /// Whether it wants to know how long a run is before it starts.
    pub(crate) fn needs_calibration(&self) -> bool {
        matches!(self, Self::Portfolio | Self::Pct(_))
    }

    /// Whether a seed means a run. If not, runs follow from those before them, and only a tape repeats one.
    pub(crate) fn is_seeded(&self) -> bool {
        !matches!(self, Self::Exhaustive(_) | Self::Custom(_))
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
        for wrong in ["lucky", "workers:0", "pct", "pct:0", "pct:x", "sticky:16", "random:1", ""] {
            let error = Strategy::parse(wrong).unwrap_err();
            assert!(error.contains(&format!("`{wrong}`")) && error.contains("`pct:3`"), "{error}");
        }
    }
}
