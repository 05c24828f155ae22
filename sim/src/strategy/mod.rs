//! What answers choices, run after run. One small file each.

mod lenient;
mod random;
mod replay;

pub(crate) use lenient::Lenient;
pub(crate) use random::Random;
pub(crate) use replay::Replay;

use reveille_executor::Choose;

use crate::tape::Mismatch;

/// A [`Choose`] that can start over, so that one object serves a whole campaign.
///
/// An answer outside the bound means that the source has no answer: the tape does not fit the program.
pub(crate) trait Source: Choose {
    /// Starts the run of `seed`.
    fn begin(&mut self, seed: u64);

    /// Asked once, when the run is over: whether what was asked is what the source expected.
    fn complaint(&mut self) -> Option<Mismatch> {
        None
    }
}

/// The strategies that can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Strategy {
    /// Uniform answers; seed 0 is the dullest run.
    #[default]
    Random,
}

impl Strategy {
    /// The strategy called `name`, or a sentence that says which names exist.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "random" => Ok(Self::Random),
            _ => Err(format!("there is no strategy `{name}`: expected `random`")),
        }
    }

    pub(crate) fn source(self) -> Box<dyn Source> {
        match self {
            Self::Random => Box::new(Random::default()),
        }
    }
}
