//! A campaign with everything settled but the program: who performs it, and where.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::campaign::{self, Performed, Plan};
use crate::command::Command;
use crate::endless::Scene;
use crate::failure::{Failure, Passed};
use crate::isolation::{Errand, Isolation, Parent, Part, Progress, Share, end_with_parent};
use crate::regressions::Regressions;
use crate::tape::Tape;
use crate::trial::{Program, Rules, Trial};
use crate::watchdog::{Describe as _, PollAt, watched};

/// A campaign with all that was asked of it, by the builder and by the environment, except for the program.
pub(crate) struct Prepared {
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) rules: Rules,
    /// What to repeat instead of exploring.
    pub(crate) tape: Option<Tape>,
    /// If it does not fit, it is repeated as far as it does.
    pub(crate) lenient: bool,
    /// The hash of the test whose tape is in the environment, where that is another one and no mistake.
    pub(crate) passed_over: Option<u16>,
    pub(crate) command: Command,
    /// Where failing runs are kept.
    pub(crate) regressions: Option<Regressions>,
    /// How long a poll may take in real time.
    pub(crate) watchdog: Duration,
    /// Which of the program's explorations it is.
    pub(crate) exploration: u64,
    /// What this process is to do of it for its parent.
    pub(crate) share: Option<Share>,
    /// Whether this process was started for the details of a poll.
    pub(crate) is_for_details: bool,
}

/// A watchdog is a thread, which takes longer to start than a few runs.
const WATCHED_MIN: u64 = 32;

impl Prepared {
    /// Repeats the run that was asked for, or performs the campaign.
    pub(crate) fn run(mut self, program: &Program<'_>) -> Result<Passed, Failure> {
        match self.share.take() {
            Some(Share { errand: Errand::Poll(poll), file, .. }) => return Err(self.look_into(poll, &file, program)),
            Some(Share { errand: Errand::Runs { first, end }, file, .. }) => {
                return Err(self.perform_part(Part::new(first, end, &file), program));
            }
            None => {}
        }
        if let Some(tape) = &self.tape {
            return campaign::replay(&Trial { program, rules: &self.rules }, &self.name, tape, self.lenient);
        }
        let found = match self.rules.isolation {
            Isolation::Process => self.parent().explore(),
            Isolation::Shared | Isolation::Thread => self.perform(program),
        };
        found.and_then(|performed| performed.judged(&self.plan)).map_err(|failure| match &self.regressions {
            Some(regressions) => regressions.keep(failure),
            None => failure,
        })
    }

    /// Performs the campaign in this process.
    fn perform(&mut self, program: &Program<'_>) -> Result<Performed, Failure> {
        let is_first = self.plan.part.as_ref().is_none_or(|part| part.first == 0);
        let stale = match &self.regressions {
            Some(regressions) if is_first => regressions.repeat(&self.name, program, &mut self.rules)?,
            _ => Vec::new(),
        };
        let Self { name, plan, rules, command, .. } = &*self;
        let trial = Trial { program, rules };
        // A child that looks into a poll starts none itself.
        let exploration = (!self.is_for_details).then_some(self.exploration);
        let scene = Scene { trial: &trial, plan, command, exploration };
        let campaign = || campaign::explore(&trial, plan, |tape, seed| command.replay(name, tape, seed));
        let is_short = plan.runs < WATCHED_MIN && plan.time.is_none() && plan.part.is_none();
        let limit = if is_short { Duration::ZERO } else { self.watchdog };
        match watched(limit, &rules.pulses, &scene, campaign) {
            Ok(performed) => Ok(performed.noting(stale)),
            Err(failure) => Err(failure.adding(stale)),
        }
    }

    /// Performs a part of the campaign for the parent of this process, and ends the process. Returns if that cannot be.
    fn perform_part(&mut self, part: io::Result<Part>, program: &Program<'_>) -> Failure {
        let part = match part {
            Ok(part) => part,
            Err(error) => return self.unreachable_parent(&error),
        };
        // Other threads, and the time, are the parent's business.
        (self.plan.jobs, self.plan.time) = (1, None);
        let progress = part.progress.clone();
        self.plan.part = Some(part);
        progress.tell(self.perform(program))
    }

    /// Looks into `poll` for the parent of this process, and ends the process, if it does not hang. Returns if that cannot be.
    fn look_into(&self, poll: PollAt, file: &Path, program: &Program<'_>) -> Failure {
        let progress = match Progress::open(file) {
            Ok(progress) => progress,
            Err(error) => return self.unreachable_parent(&error),
        };
        end_with_parent();
        progress.begin(poll.seed);
        let trial = Trial { program, rules: &self.rules };
        let scene = Scene { trial: &trial, plan: &self.plan, command: &self.command, exploration: None };
        scene.details(poll, Box::new(move |text| progress.detail(&text)));
        std::process::exit(0)
    }

    fn unreachable_parent(&self, error: &io::Error) -> Failure {
        Failure::setup(format!("`{}`: failed to reach the parent process: {error}", self.name))
    }

    fn parent(&self) -> Parent<'_> {
        Parent { plan: &self.plan, command: &self.command, exploration: self.exploration }
    }
}
