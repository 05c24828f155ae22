//! What a campaign comes to, before it begins: what the builder says, unless the environment says otherwise, and what of it makes no
//! sense.

use super::Explore;
use crate::campaign::{Plan, Shard};
use crate::command;
use crate::failure::Failure;
use crate::fair;
use crate::freedom;
use crate::isolation::{Errand, Isolation, exploration};
use crate::leaf;
use crate::net::Faults;
use crate::panics;
use crate::prepared::Prepared;
use crate::regressions::Regressions;
use crate::run::{Limits, POLLS_MAX};
use crate::settings::{self, Environment};
use crate::shrink::Budget;
use crate::strategy::Strategy;
use crate::tape::{Settings, Tape, short_hash};
use crate::trial::Rules;
use crate::watchdog::Pulses;

impl Explore {
    /// Settles everything but the program.
    pub(crate) fn prepare(self) -> Result<Prepared, Failure> {
        panics::install_hook();
        let environment = Environment::read(variable).map_err(Failure::setup)?;
        let name = self.display_name();
        let wrong = |error: &dyn std::fmt::Display| Failure::setup(format!("`{name}`: {error}"));
        let tape = self.chosen_tape(&environment).map_err(|error| wrong(&error))?;
        let test = self.test_hash();
        let is_anothers = |tape: &Tape| self.audited.is_some() && environment.replay.is_some() && !tape.is_of(test);
        let passed_over = tape.as_ref().filter(|tape| is_anothers(tape)).map(Tape::test);
        let tape = tape.filter(|_| passed_over.is_none());
        let plan = self.plan(&environment, name.clone()).map_err(|error| wrong(&error))?;
        let faults = self.asked_faults(&environment).map_err(|error| wrong(&error))?;
        let freedoms = environment.freedoms.as_deref().or(self.freedoms.as_deref());
        let freedoms = freedom::asked(freedoms, &plan.strategy).map_err(|error| wrong(&error))?;
        let asked = Settings { poll_cost: self.poll_cost, faults, freedoms };
        let test_name = self.is_attribute.then_some(name.as_str());
        let command = command::Command::new(test_name, self.package.as_deref(), self.target.clone());
        let exploration = exploration(command.test(), &name, self.at);
        let settings = tape.as_ref().map_or(asked, |tape| tape.settings);
        let limits = self.run_limits();
        let repeats = environment.seed.is_none();
        let regressions = self.regressions.and_then(|file| Regressions::new(file, environment.regressions, repeats));
        let wake_to_poll_max = fair::checked(self.wake_to_poll_max, limits.polls).map_err(|error| wrong(&error))?;
        let watchdog = environment.watchdog.unwrap_or(self.watchdog);
        let lenient = environment.lenient || self.lenient;
        let errand = environment.share.as_ref().map(|share| share.errand);
        let share = environment.share.filter(|share| share.exploration == exploration);
        // Another exploration of a test that was started for this one is performed here.
        let isolation = if errand.is_some() && share.is_none() { Isolation::Shared } else { self.isolation };
        let rules = Rules {
            test,
            settings,
            limits,
            detached: self.detached,
            oracles: self.oracles,
            wake_to_poll_max,
            pulses: Pulses::default(),
            isolation,
            interposed: self.interposed,
            extent: environment.rows,
        };
        match tape {
            Some(tape) if !tape.is_of(test) && !lenient => Err(Failure::setup(format!(
                "the tape was recorded by another test than `{name}` (hash {:04x}, this one has {test:04x}): run only the \
                 test it belongs to",
                tape.test()
            ))),
            tape => Ok(Prepared {
                name,
                plan,
                rules,
                tape,
                lenient,
                passed_over,
                command,
                regressions,
                watchdog,
                exploration,
                share,
                is_for_details: matches!(errand, Some(Errand::Poll(_))),
            }),
        }
    }

    fn run_limits(&self) -> Limits {
        Limits {
            polls: self.polls_max.min(POLLS_MAX),
            time: self.time_max,
            patience: self.patience,
            starved_time: self.starved_time.unwrap_or(leaf::STARVED_TIME),
            starved_polls: self.starved_polls.unwrap_or(leaf::STARVED_POLLS),
        }
    }

    fn asked_faults(&self, environment: &Environment) -> Result<Faults, String> {
        let parsed = |text: &str| text.parse::<Faults>().map_err(|error| error.to_string());
        match (environment.faults.as_deref(), self.faults.as_str()) {
            (Some(text), _) => parsed(text).map_err(|error| format!("REVEILLE_FAULTS: {error}")),
            (None, "") => Ok(Faults::OFF),
            (None, text) => parsed(text),
        }
    }

    /// The tape to repeat: the environment's, else the one asked for in the code.
    fn chosen_tape(&self, environment: &Environment) -> Result<Option<Tape>, String> {
        match (&environment.replay, &self.replay) {
            (Some(tape), _) => Ok(Some(tape.clone())),
            (None, Some(text)) => settings::tape(text).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn plan(&self, environment: &Environment, name: String) -> Result<Plan, String> {
        let strategy = match &self.answers {
            Some(maker) => Strategy::Custom(maker.clone()),
            None => match (&environment.strategy, &self.strategy) {
                (Some(name), _) => Strategy::parse(name).map_err(|error| format!("REVEILLE_STRATEGY: {error}"))?,
                (None, Some(name)) => Strategy::parse(name)?,
                (None, None) => Strategy::default(),
            },
        };
        if self.runs == 0 || self.jobs == 0 {
            return Err("`runs` and `jobs` must be at least 1".into());
        }
        if self.polls_max == 0 || self.time_max.is_zero() {
            return Err("a limit of zero polls or zero time ends every run before it begins".into());
        }
        self.check_starvation()?;
        let shard = match (environment.shard, self.shard) {
            (Some(shard), _) => shard,
            (None, Some((nth, of))) => {
                Shard::new(nth, of).ok_or_else(|| format!("there is no shard {nth} of {of}: they count from 1"))?
            }
            (None, None) => Shard::WHOLE,
        };
        if !shard.is_whole() && matches!(strategy, Strategy::Exhaustive(_)) {
            return Err("exhaustive search cannot be sharded: its runs follow from one another".into());
        }
        #[cfg(feature = "interpose")]
        if let Some(obstacle) = crate::isolation::obstacle().filter(|_| self.interposed) {
            return Err(obstacle);
        }
        let is_isolated = self.interposed || self.isolation != Isolation::Shared;
        if is_isolated && let Some(learner) = strategy.learner() {
            return Err(format!("{learner} cannot isolate its runs: they follow from one another"));
        }
        Ok(Plan {
            name,
            runs: environment.runs.unwrap_or(if environment.time.is_some() { u64::MAX } else { self.runs }),
            seed: environment.seed.unwrap_or(self.seed),
            // More threads than cores find nothing sooner; a number out of all reason must not start them.
            jobs: environment.jobs.unwrap_or(self.jobs).min(JOBS_MAX),
            shard,
            part: None,
            time: environment.time,
            strategy,
            shrink: self.shrink.then(Budget::default),
        })
    }

    /// The name to show: the one given, the name of the test's thread (libtest names it after the test), or the place.
    fn display_name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        match std::thread::current().name() {
            Some(test) if test != "main" => test.to_owned(),
            _ => crate::site::place(self.at).to_string(),
        }
    }

    /// What a tape knows of its test. Without a name it is the file: a line number would change with every edit above it.
    fn test_hash(&self) -> u16 {
        match (&self.name, self.audited) {
            (Some(name), _) => short_hash(name),
            (None, None) => short_hash(self.at.file()),
            (None, Some(operation)) => short_hash(&format!("{} {operation}", self.at.file())),
        }
    }
}

/// The most threads of a campaign.
const JOBS_MAX: usize = 256;

/// A variable of the environment. One that is not Unicode is shown as well as it can be, and will be refused.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
