//! A program under test, and one performance of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use reveille_executor::{JoinHandle, without_budget};

use crate::context;
use crate::digest::Fingerprint;
use crate::draws::Draw;
use crate::freedom;
use crate::isolation::{Isolation, on_a_thread};
use crate::judge::{Detached, Panicked, Verdict, judge};
use crate::lanes::Extent;
use crate::leaf::Late;
use crate::oracle::Oracle;
use crate::panics;
use crate::run::{Ending, Limits, Run};
use crate::strategy::{Lenient, Profile, Replay, Source};
use crate::tape::{Settings, Tape};
use crate::watch::Watch;
use crate::watchdog::Pulses;

/// Spawns the root task of a run: the user's future, its outcome made uniform.
pub(crate) type Program<'a> = dyn Fn(&Run) -> JoinHandle<Result<(), String>> + Sync + 'a;

/// Makes the oracle of one run.
pub(crate) type OracleMaker = Box<dyn Fn() -> Box<dyn Oracle> + Send + Sync>;

/// What every run of a test has in common.
pub(crate) struct Rules {
    /// The short hash of the test's name.
    pub(crate) test: u16,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) detached: Detached,
    pub(crate) oracles: Vec<OracleMaker>,
    /// How many polls others may have between a task's wake and its poll.
    pub(crate) wake_to_poll_max: Option<u64>,
    /// Where the watchdog looks.
    pub(crate) pulses: Pulses,
    pub(crate) isolation: Isolation,
    /// The C library's entropy and clocks answer from the run.
    pub(crate) interposed: bool,
    /// How much of its schedule the report of a failure shows.
    pub(crate) extent: Extent,
}

impl Rules {
    /// Whether each run has a thread of its own.
    pub(crate) fn has_threads(&self) -> bool {
        self.interposed || self.isolation == Isolation::Thread
    }

    /// Calls `f`, which performs the program once, where runs are performed.
    pub(crate) fn call<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        if self.has_threads() { on_a_thread(f) } else { f() }
    }
}

/// A program and the rules it runs under.
pub(crate) struct Trial<'a> {
    pub(crate) program: &'a Program<'a>,
    pub(crate) rules: &'a Rules,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// In a box: nearly every run has nothing, and what comes of a run is moved about.
    pub(crate) wrong: Option<Box<Wrong>>,
    pub(crate) digest: Fingerprint,
    pub(crate) polls: u64,
    /// The leaves that seem to have starved. Not a verdict: whether it matters takes a replay to tell.
    pub(crate) late: Vec<Late>,
}

/// What is wrong with a run.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// Of [`Verdict::Dead`] it takes a replay to tell whether it is one; see [`Case::settled`](crate::explain::Case::settled).
    pub(crate) verdict: Verdict,
    /// What is wrong if all of the dead tasks wait for ever on purpose.
    pub(crate) besides: Option<Verdict>,
}

impl Outcome {
    /// The verdict; or the accusation of the leaves that seem to have starved, where nothing worse happened.
    pub(crate) fn verdict(self, starved: bool) -> Option<Verdict> {
        // Of a dead task too it takes a replay to tell whether it matters.
        let is_worse = self.wrong.as_ref().is_some_and(|wrong| !matches!(wrong.verdict, Verdict::Dead(_)));
        if !starved || is_worse { self.wrong.map(|wrong| wrong.verdict) } else { self.accusation() }
    }

    pub(crate) fn accusation(self) -> Option<Verdict> {
        (!self.late.is_empty()).then_some(Verdict::Starved(self.late))
    }
}

impl Wrong {
    fn boxed(verdict: Verdict) -> Box<Self> {
        Box::new(Self { verdict, besides: None })
    }
}

impl Trial<'_> {
    /// A world for this program, in which `source` decides.
    pub(crate) fn world(&self, source: Box<dyn Source>) -> Rc<Run> {
        let watch = self.onlookers();
        Run::new(source, self.rules.settings, self.rules.limits, watch, self.rules.pulses.add(true))
    }

    /// What looks on in every run, if anything does.
    fn onlookers(&self) -> Option<Watch> {
        let bound = self.rules.wake_to_poll_max;
        (bound.is_some() || !self.rules.oracles.is_empty()).then(|| Watch::default().and_fair(bound))
    }

    /// A world in which `tape` is repeated while `watch` looks on.
    pub(crate) fn stage(&self, tape: &Tape, watch: Watch) -> Rc<Run> {
        // The run has had its wait for other threads.
        let limits = Limits { patience: Duration::ZERO, ..self.rules.limits };
        let source = Box::new(Replay::new(tape.clone()));
        let watch = watch.and_fair(self.rules.wake_to_poll_max);
        Run::new(source, tape.settings, limits, Some(watch), self.rules.pulses.add(false))
    }

    /// A world for the dullest run.
    pub(crate) fn rehearsal(&self) -> Rc<Run> {
        self.rehearsal_with(freedom::Set::NONE)
    }

    /// A world for many replays with these freedoms, without onlookers other than the user's.
    pub(crate) fn rehearsal_with(&self, freedoms: freedom::Set) -> Rc<Run> {
        let settings = Settings { freedoms, ..self.rules.settings };
        let watch = self.onlookers();
        let limits = Limits { patience: Duration::ZERO, ..self.rules.limits };
        let source = Box::new(Lenient::answering(Vec::new()));
        Run::new(source, settings, limits, watch, self.rules.pulses.add(false))
    }

    /// A world in which `source` decides and no stuck run waits for other threads: that has been done elsewhere.
    pub(crate) fn impatient(&self, source: Box<dyn Source>) -> Rc<Run> {
        let watch = self.onlookers();
        let limits = Limits { patience: Duration::ZERO, ..self.rules.limits };
        Run::new(source, self.rules.settings, limits, watch, self.rules.pulses.add(false))
    }

    /// A world that is watched by no watchdog, for the first `polls` polls of a run.
    pub(crate) fn beginning(
        &self,
        source: Box<dyn Source>,
        settings: Settings,
        watch: Option<Watch>,
        polls: u64,
    ) -> Rc<Run> {
        let limits = Limits { polls, patience: Duration::ZERO, ..self.rules.limits };
        Run::new(source, settings, limits, watch, Pulses::default().add(false))
    }

    /// Repeats the run of `tape` while `watch` looks on, in a world of its own, on a thread of its own where runs are isolated
    /// so. `inspect` sees the world as it stands at the end.
    pub(crate) fn repeat<R: Send>(
        &self,
        tape: &Tape,
        watch: impl FnOnce() -> Watch + Send,
        inspect: impl FnOnce(&Run, Ending) -> R + Send,
    ) -> (Outcome, R) {
        self.rules.call(|| self.perform(&self.stage(tape, watch()), 0, inspect))
    }

    /// Performs the program in `run` with `seed`. `inspect` sees the world as it stands at the end, before it is dropped.
    ///
    /// # Panics
    /// If anything does but the program: no finding, since the tool is at fault.
    pub(crate) fn perform<R>(&self, run: &Rc<Run>, seed: u64, inspect: impl FnOnce(&Run, Ending) -> R) -> (Outcome, R) {
        let entered = context::enter(run);
        // The world is not used any more if this has panicked.
        let perform = || without_budget(|| self.perform_entered(run, seed, inspect));
        let performed = catch_unwind(AssertUnwindSafe(perform));
        match performed {
            Ok(performed) if !run.choices.borrow().has_panicked() => performed,
            performed => {
                let bug = panics::bug(run, performed.err().as_deref());
                // Its destructors look for their run, and what they panic with is of no interest.
                let _ = catch_unwind(AssertUnwindSafe(|| run.tear_down()));
                // Outside of the run, where the panic hook is not silent.
                drop(entered);
                panic!("{bug}");
            }
        }
    }

    fn perform_entered<R>(&self, run: &Rc<Run>, seed: u64, inspect: impl FnOnce(&Run, Ending) -> R) -> (Outcome, R) {
        run.begin(seed);
        if let Some(watch) = &run.watch {
            watch.judge_by(self.rules.oracles.iter().map(|make| make()).collect());
        }
        #[cfg(feature = "interpose")]
        if self.rules.interposed {
            return crate::isolation::interposed(run, || self.perform_here(run, inspect));
        }
        self.perform_here(run, inspect)
    }

    fn perform_here<R>(&self, run: &Run, inspect: impl FnOnce(&Run, Ending) -> R) -> (Outcome, R) {
        let mut root = (self.program)(run);
        let ending = run.drive();
        let digest = run.fingerprint();
        let judged = judge(run, ending, &mut root, self.rules.detached).map(Wrong::boxed);
        let inspected = inspect(run, ending);
        // What the root panicked with may panic when it is dropped; the world is dropped all the same.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(root)));
        let panicked = run.tear_down();
        let at_last = || panicked.then(|| panic_in_teardown(run)).or_else(|| run.cancel.forgotten().map(Verdict::Harm));
        let wrong = match judged {
            Some(mut wrong) => {
                wrong.besides = if matches!(wrong.verdict, Verdict::Dead(_)) { at_last() } else { None };
                Some(wrong)
            }
            None => at_last().map(Wrong::boxed),
        };
        (Outcome { wrong, digest, polls: run.step(), late: run.leaves.late() }, inspected)
    }

    /// What the dullest run of the program is like.
    pub(crate) fn profile(&self) -> Profile {
        self.rules.call(|| self.perform(&self.rehearsal(), 0, |run, _| Profile::of(run)).1)
    }

    /// The tape of the run that was performed last in `run`.
    pub(crate) fn tape(&self, run: &Run) -> Tape {
        Tape::record(self.rules.test, run.settings(), run.choices.borrow().draws().iter())
    }

    /// A tape of these draws, made in a run with those freedoms.
    pub(crate) fn record(&self, freedoms: freedom::Set, draws: &[Draw]) -> Tape {
        Tape::record(self.rules.test, Settings { freedoms, ..self.rules.settings }, draws.iter().copied())
    }
}

/// What a destructor panicked with: the last, since one before it may have been caught where it came from.
fn panic_in_teardown(run: &Run) -> Verdict {
    let note = run.notes.panics().into_iter().rfind(|note| note.in_teardown);
    Verdict::Panic(Panicked { task: None, note, before: Vec::new() })
}
