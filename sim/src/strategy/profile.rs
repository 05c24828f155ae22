//! What strategies know of the dullest run: who spawned whom, where, and how often each task was polled.

use crate::run::{Run, Site};

/// The dullest run of a program, measured (calibration). A pure function of the program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    /// How many schedule choices it had.
    pub(crate) schedule_choices: u32,
    /// Its tasks, in the order of their spawn.
    pub(super) tasks: Vec<Measured>,
}

/// One task of the dullest run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// The number of the task that spawned it.
    pub(super) parent: Option<usize>,
    pub(super) site: Site,
    pub(super) polls: u32,
}

impl Profile {
    /// The profile of the run that was performed last in `run`.
    pub(crate) fn of(run: &Run) -> Self {
        let measured = |(parent, site, polls)| Measured { parent, site, polls };
        Self {
            schedule_choices: run.choices.borrow().picks(),
            tasks: run.tasks.pedigree().into_iter().map(measured).collect(),
        }
    }
}
