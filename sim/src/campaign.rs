//! Many runs of one program, and what they come to.
//!
//! The number of a run and the first seed make its seed; nothing else does. So which thread performs a run, and how many
//! threads there are, changes nothing, and of several failing runs the one with the lowest number is reported.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use crate::digest::Fingerprint;
use crate::explain::Case;
use crate::failure::{Failure, Found, Passed, Shrinking};
use crate::fair::{LongestWait, longer, named};
use crate::finding::{Finding, FindingKind};
use crate::freedom::{self, Freedom};
use crate::isolation::{Counts, Part};
use crate::judge::Verdict;
use crate::leaf::{Doubts, Late};
use crate::net::{Fault, Faults, Strikes};
use crate::run::{Hint, Run, Sometimes};
use crate::shrink::{Budget, Same, shrink};
use crate::strategy::{Covered, Lenient, Profile, Reached, Replay, Source, Strategy};
use crate::tape::{Mismatch, Tape};
use crate::trial::{Outcome, Trial};
use crate::unusual::Schedule;

/// How many runs, from which seed, on how many threads.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) runs: u64,
    pub(crate) seed: u64,
    pub(crate) jobs: usize,
    /// Which of the runs are this machine's.
    pub(crate) shard: Shard,
    /// Which of those are this process', if it is one of several.
    pub(crate) part: Option<Part>,
    /// Go on for so much real time instead of a number of runs.
    pub(crate) time: Option<Duration>,
    pub(crate) strategy: Strategy,
    /// How much shrinking may cost; `None` for not at all.
    pub(crate) shrink: Option<Budget>,
}

/// A part of a campaign: of each `of` runs in a row the one at `index`, so that shards need not know of one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Invariant: below `of`.
    index: u64,
    of: u64,
}

impl Shard {
    /// The whole campaign.
    pub(crate) const WHOLE: Self = Self { index: 0, of: 1 };

    /// The shard of number `nth`, from 1, out of `of`; `None` if there is no such shard.
    pub(crate) fn new(nth: u64, of: u64) -> Option<Self> {
        (1..=of).contains(&nth).then(|| Self { index: nth - 1, of })
    }

    pub(crate) fn is_whole(self) -> bool {
        self.of == 1
    }

    /// The number of the shard's `nth` run within the campaign, both from 0.
    pub(crate) fn run(self, nth: u64) -> u64 {
        nth.saturating_mul(self.of).saturating_add(self.index)
    }
}

/// A run that did not pass.
pub(crate) struct Failed {
    pub(crate) run: u64,
    pub(crate) reason: Reason,
    pub(crate) tape: Tape,
    pub(crate) digest: Fingerprint,
    pub(crate) hints: Vec<Hint>,
}

pub(crate) enum Reason {
    Verdict(Verdict),
    Finding(Finding),
}

/// What the threads of a campaign share.
struct Shared {
    next: AtomicU64,
    /// The lowest number of a failing run so far; runs above it are of no interest any more.
    failing: AtomicU64,
    polls: AtomicU64,
    performed: AtomicU64,
    /// Every run there is has been performed.
    complete: AtomicBool,
    /// Which late leaves are looked into.
    doubts: Mutex<Doubts>,
    /// What the dullest run is like, where a thread had to find that out by itself.
    profile: OnceLock<Profile>,
    sum: Mutex<Sum>,
}

#[derive(Default)]
struct Sum {
    failed: Option<Failed>,
    sometimes: BTreeMap<Sometimes, bool>,
    /// The digest of each run and its number among those of the shard.
    digests: Vec<(u64, u64)>,
    /// How far an exhaustive search came.
    reached: Option<Reached>,
    wait: Option<LongestWait>,
    /// What the runs of strategy `feedback` covered.
    covered: Covered,
    /// How often each freedom was taken.
    taken: freedom::Taken,
    /// How often each fault struck.
    strikes: Strikes,
}

/// The digests of the first so many runs are kept.
const DIGESTS_MAX: u64 = 1 << 20;

/// How many digests are different, and how many of those the second half of the runs added.
fn schedules(mut digests: Vec<(u64, u64)>, runs: u64) -> (u64, u64) {
    digests.sort_unstable();
    digests.dedup_by_key(|(digest, _)| *digest);
    let late = digests.iter().filter(|(_, run)| *run >= runs.div_ceil(2)).count();
    (digests.len() as u64, late as u64)
}

impl Shared {
    fn new(first: u64) -> Self {
        Self {
            next: AtomicU64::new(first),
            failing: AtomicU64::new(u64::MAX),
            polls: AtomicU64::new(0),
            performed: AtomicU64::new(0),
            complete: AtomicBool::new(false),
            doubts: Mutex::default(),
            profile: OnceLock::new(),
            sum: Mutex::default(),
        }
    }

    fn failed(&self, failed: Failed) {
        self.failing.fetch_min(failed.run, Ordering::Relaxed);
        let mut sum = self.sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if sum.failed.as_ref().is_none_or(|other| failed.run < other.run) {
            sum.failed = Some(failed);
        }
    }

    /// Those of `late` that were starved indeed, as far as they are looked into.
    fn starved(&self, case: &Case<'_>, late: &[Late]) -> Option<Verdict> {
        if late.is_empty() {
            return None;
        }
        let doubtful = self.doubts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).of(late);
        case.starvation(&doubtful)
    }

    /// Adds what a thread has to tell at its end.
    fn add(&self, world: &Run, digests: Vec<(u64, u64)>, wait: Option<LongestWait>) {
        let (seen, choices) = (world.notes.take_sometimes(), world.choices.borrow());
        let mut sum = self.sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sum.reached = choices.reached();
        sum.covered = choices.covered().unwrap_or_default();
        sum.digests.extend(digests);
        sum.wait = longer(sum.wait.take(), wait);
        sum.strikes.add(&world.network.take_struck());
        sum.taken.iter_mut().zip(world.freedoms.take_taken()).for_each(|(sum, more)| *sum += more);
        for (key, held) in seen {
            *sum.sometimes.entry(key).or_insert(false) |= held;
        }
    }

    /// What is wrong with `run`, which has been performed in `world` and came to `outcome`. Of a run that is repeated to be compared, a new
    /// record of `wait` is noted.
    fn reason(
        &self,
        trial: &Trial<'_>,
        world: &Run,
        run: u64,
        outcome: Outcome,
        wait: &mut Option<LongestWait>,
    ) -> Option<Reason> {
        let Outcome { wrong, digest, late, .. } = outcome;
        if wrong.is_none() && late.is_empty() && !is_compared(run) {
            return None;
        }
        let case = Case { trial, tape: &trial.tape(world), digest };
        if let Some(verdict) = case.settled(wrong) {
            return Some(Reason::Verdict(verdict));
        }
        let look = |longest| *wait = named(longest, world, run, wait.as_ref()).or(wait.take());
        let differs = if is_compared(run) { case.compared(None, look) } else { None };
        differs.map(Reason::Finding).or_else(|| self.starved(&case, &late).map(Reason::Verdict))
    }
}

/// What came of a campaign in which no run failed.
#[derive(Debug, Default)]
pub(crate) struct Performed {
    pub(crate) counts: Counts,
    complete: bool,
    reached: Option<Reached>,
    covered: Covered,
}

impl Performed {
    /// Runs of which others know no more than that.
    pub(crate) fn of(counts: Counts) -> Self {
        Self { counts, ..Self::default() }
    }

    pub(crate) fn noting(mut self, stale: Vec<String>) -> Self {
        self.counts.stale.extend(stale);
        self
    }

    /// Judges the campaign as a whole.
    pub(crate) fn judged(self, plan: &Plan) -> Result<Passed, Failure> {
        let Self { counts, complete, reached, covered } = self;
        // What one shard has not seen, another may have.
        let is_judged = counts.runs > 1 && plan.shard.is_whole();
        if let Some(finding) = never_happened(&counts.sometimes).filter(|_| is_judged) {
            return Err(Failure::found(Found {
                name: plan.name.clone(),
                run: None,
                runs: counts.runs,
                seed: None,
                finding,
                tape: None,
                hints: Vec::new(),
                shrunk: None,
                schedule: Schedule::default(),
                freedoms: Vec::new(),
                replay: None,
            }));
        }
        let (schedules, schedules_late) = schedules(counts.digests, counts.runs);
        Ok(Passed {
            runs: counts.runs,
            polls: counts.polls,
            seed: plan.seed,
            complete,
            delays: reached.and_then(|reached| reached.delays).filter(|_| !complete),
            pending: reached.map_or(0, |reached| reached.pending as u64),
            schedules,
            schedules_late,
            meetings: covered.seen,
            meetings_late: covered.late,
            stale: counts.stale,
            exercised: counts.exercised,
            struck: counts.struck,
            longest_wait: counts.longest_wait,
        })
    }
}

/// Performs the runs of `plan`.
pub(crate) fn explore(
    trial: &Trial<'_>,
    plan: &Plan,
    replay: impl Fn(&Tape, Option<u64>) -> String,
) -> Result<Performed, Failure> {
    let shared = Shared::new(plan.part.as_ref().map_or(0, |part| part.first));
    let stop = Stop::after(plan.time);
    // Runs that follow from one another follow on one thread.
    let work = || while trial.rules.call(|| work(trial, plan, &shared, &stop)) {};
    if plan.jobs <= 1 || !plan.strategy.is_seeded() {
        work();
    } else {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..plan.jobs).map(|_| scope.spawn(work)).collect();
            for thread in threads {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        });
    }
    let sum = shared.sum.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(failed) = sum.failed {
        return Err(report(trial, plan, failed, replay));
    }
    let owned = |((name, file, line), held): (Sometimes, bool)| ((name.to_owned(), file.to_owned(), line), held);
    let counts = Counts {
        runs: shared.performed.into_inner(),
        polls: shared.polls.into_inner(),
        digests: sum.digests,
        sometimes: sum.sometimes.into_iter().map(owned).collect(),
        stale: Vec::new(),
        exercised: freedom::exercised(trial.rules.settings.freedoms, &sum.taken),
        struck: struck(&trial.rules.settings.faults, &sum.strikes),
        longest_wait: sum.wait,
    };
    Ok(Performed { counts, complete: shared.complete.into_inner(), reached: sum.reached, covered: sum.covered })
}

/// How often each fault struck, with a 0 for those that were asked for by name or with a rate: of a preset not every sort has an occasion.
fn struck(asked: &Faults, strikes: &Strikes) -> BTreeMap<Fault, u64> {
    let named = asked.differences().filter(|fault| asked.has(*fault));
    named.map(|fault| (fault, 0)).chain(strikes.each()).collect()
}

/// When a campaign that is bounded in time ends.
pub(crate) struct Stop(Option<(std::time::Instant, Duration)>);

impl Stop {
    #[expect(
        clippy::disallowed_methods,
        reason = "a campaign bounded in real time needs the real clock; no run sees it"
    )]
    pub(crate) fn after(time: Option<Duration>) -> Self {
        Self(time.map(|time| (std::time::Instant::now(), time)))
    }

    pub(crate) fn is_due(&self) -> bool {
        self.0.is_some_and(|(start, time)| start.elapsed() >= time)
    }
}

/// One thread's share of the runs. Returns whether there are more: a thread of a run's own performs one.
fn work(trial: &Trial<'_>, plan: &Plan, shared: &Shared, stop: &Stop) -> bool {
    #[cfg(feature = "tracing")]
    let _muted = crate::logging::mute();
    let world = trial.world(plan.strategy.source());
    let mut calibrated = !plan.strategy.needs_calibration();
    let mut digests = Vec::new();
    let mut wait = None;
    let (mut polls, mut performed) = (0, 0);
    let more = loop {
        let nth = shared.next.fetch_add(1, Ordering::Relaxed);
        let run = plan.shard.run(nth);
        let is_anothers = plan.part.as_ref().is_some_and(|part| nth >= part.end);
        let enough = stop.is_due() || run >= plan.runs || is_anothers;
        if enough || run > shared.failing.load(Ordering::Relaxed) {
            break false;
        }
        let seed = plan.seed.wrapping_add(run);
        if !calibrated && seed != 0 {
            world.choices.borrow_mut().calibrate(shared.profile.get_or_init(|| trial.profile()));
            calibrated = true;
        }
        if let Some(part) = &plan.part {
            part.progress.begin(nth);
        }
        let (outcome, ()) = trial.perform(&world, seed, |_, _| ());
        if !calibrated {
            let profile = Profile::of(&world);
            world.choices.borrow_mut().calibrate(&profile);
            calibrated = true;
        }
        polls += outcome.polls;
        performed += 1;
        if nth < DIGESTS_MAX {
            digests.push((outcome.digest.whole, nth));
        }
        let digest = outcome.digest;
        let reason = shared.reason(trial, &world, run, outcome, &mut wait);
        if let Some(reason) = reason {
            let (tape, hints) = (trial.tape(&world), world.notes.hints());
            shared.failed(Failed { run, reason, tape, digest, hints });
        }
        if !world.choices.borrow_mut().end() {
            shared.complete.store(true, Ordering::Relaxed);
            break false;
        }
        if trial.rules.has_threads() {
            break true;
        }
    };
    shared.polls.fetch_add(polls, Ordering::Relaxed);
    shared.performed.fetch_add(performed, Ordering::Relaxed);
    shared.add(&world, digests, wait);
    more
}

/// Whether a passing run is repeated and compared: run 0 and the powers of two, so a few of many.
fn is_compared(run: u64) -> bool {
    run == 0 || run.is_power_of_two()
}

/// Explains a failed run, shrinks it, and shows it once more.
pub(crate) fn report(
    trial: &Trial<'_>,
    plan: &Plan,
    failed: Failed,
    replay: impl Fn(&Tape, Option<u64>) -> String,
) -> Failure {
    let Failed { run, reason, tape, digest, hints } = failed;
    let seed = plan.strategy.is_seeded().then(|| plan.seed.wrapping_add(run));
    let explained = match reason {
        Reason::Finding(finding) => Explained { finding, tape, digest, shrunk: None, freedoms: Vec::new() },
        Reason::Verdict(verdict) => explain(trial, plan, verdict, tape, digest),
    };
    let Explained { finding, tape, digest, shrunk, freedoms } = explained;
    let case = Case { trial, tape: &tape, digest };
    let repeats = !matches!(finding.kind, FindingKind::ForeignWake | FindingKind::Nondeterminism);
    let schedule = if repeats { case.schedule(&finding) } else { Schedule::default() };
    let hints = if finding.kind == FindingKind::ForeignWake { hints } else { case.worthwhile(hints) };
    if repeats {
        case.show();
    }
    Failure::found(Found {
        name: plan.name.clone(),
        run: Some(run),
        runs: plan.runs,
        seed,
        finding,
        shrunk,
        schedule,
        freedoms,
        replay: repeats.then(|| replay(&tape, seed)),
        tape: repeats.then_some(tape),
        hints,
    })
}

/// A finding, and the smallest run that shows it.
struct Explained {
    finding: Finding,
    tape: Tape,
    digest: Fingerprint,
    shrunk: Option<Shrinking>,
    /// What the executor did that the run needs.
    freedoms: Vec<Freedom>,
}

/// Explains the run, shrinks it, and explains what is left, unless that turns out to be something else.
fn explain(trial: &Trial<'_>, plan: &Plan, verdict: Verdict, tape: Tape, digest: Fingerprint) -> Explained {
    let finding = Case { trial, tape: &tape, digest }.explain(verdict.clone());
    let guilty = finding.stuck.first();
    let repeats = !matches!(finding.kind, FindingKind::Nondeterminism | FindingKind::ForeignWake);
    let same = Same::of(&verdict, guilty).filter(|_| repeats);
    let shrunk = plan.shrink.zip(same).and_then(|(budget, same)| shrink(trial, &tape, &same, budget));
    let smaller = shrunk.and_then(|shrunk| {
        let case = Case { trial, tape: &shrunk.tape, digest: shrunk.digest };
        let smaller = case.explain(shrunk.verdict.clone());
        (smaller.kind == finding.kind).then_some((smaller, shrunk))
    });
    match smaller {
        Some((finding, shrunk)) => {
            let freedoms = freedom::needed(trial, &shrunk.tape, &shrunk.verdict);
            let (unusual_before, replays, cut_off) = (tape.unusual(), shrunk.replays, shrunk.cut_off);
            let shrinking = Shrinking { unusual_before, replays, cut_off };
            Explained { finding, tape: shrunk.tape, digest: shrunk.digest, shrunk: Some(shrinking), freedoms }
        }
        None => {
            let freedoms = if repeats { freedom::needed(trial, &tape, &verdict) } else { Vec::new() };
            Explained { finding, tape, digest, shrunk: None, freedoms }
        }
    }
}

/// Performs the one run that `tape` describes. If it no longer fits and `lenient` is asked for, as much of it as fits, and
/// the result says where they parted.
pub(crate) fn replay(trial: &Trial<'_>, name: &str, tape: &Tape, lenient: bool) -> Result<Passed, Failure> {
    match replay_by(trial, name, || Box::new(Replay::new(tape.clone()))) {
        Ok(result) => result,
        Err(mismatch) if lenient => {
            let parted = format!("the tape fits `{name}` only in part: {mismatch}");
            // A lenient replay refuses nothing.
            let result = replay_by(trial, name, || Box::new(Lenient::new(tape)));
            result
                .unwrap_or_else(|other| Err(misfit(name, &other)))
                .map(|passed| Passed { stale: vec![parted.clone()], ..passed })
                .map_err(|failure| failure.adding(vec![parted]))
        }
        Err(mismatch) => Err(misfit(name, &mismatch)),
    }
}

fn misfit(name: &str, mismatch: &Mismatch) -> Failure {
    Failure::setup(format!(
        "the tape no longer fits `{name}`: {mismatch}; if the code has changed since, that is to be expected: run it without \
         the tape, or leniently (`REVEILLE_LENIENT=1`); if not, the program does not repeat itself"
    ))
}

/// Performs the run in which `source` decides, unless it does not fit the program.
fn replay_by(
    trial: &Trial<'_>,
    name: &str,
    source: impl FnOnce() -> Box<dyn Source> + Send,
) -> Result<Result<Passed, Failure>, Mismatch> {
    let (outcome, tape, hints, taken, strikes) = trial.rules.call(|| {
        let world = trial.world(source());
        let (outcome, ()) = trial.perform(&world, 0, |_, _| ());
        // What really happened, which is what the tape says unless it was read leniently.
        (outcome, trial.tape(&world), world.notes.hints(), world.freedoms.take_taken(), world.network.take_struck())
    });
    let Outcome { wrong, digest, polls, late } = outcome;
    let case = Case { trial, tape: &tape, digest };
    let verdict = match case.settled(wrong).or_else(|| case.starvation(&late)) {
        None => {
            let exercised = freedom::exercised(freedom::Set::NONE, &taken);
            let struck = struck(&tape.settings.faults, &strikes);
            return Ok(Ok(Passed { runs: 1, polls, schedules: 1, exercised, struck, ..Passed::default() }));
        }
        Some(Verdict::Refused(mismatch)) => return Err(mismatch),
        Some(verdict) => verdict,
    };
    let finding = case.explain(verdict.clone());
    let freedoms = freedom::needed(trial, &tape, &verdict);
    case.show();
    let schedule = case.schedule(&finding);
    let hints = case.worthwhile(hints);
    let found = Found {
        name: name.to_owned(),
        run: None,
        runs: 1,
        seed: None,
        finding,
        tape: Some(tape),
        hints,
        shrunk: None,
        schedule,
        freedoms,
        replay: None,
    };
    Ok(Err(Failure::found(found)))
}

fn never_happened(sometimes: &BTreeMap<(String, String, u32), bool>) -> Option<Finding> {
    let missed: Vec<_> = sometimes.iter().filter(|(_, held)| !**held).map(|(key, _)| key).collect();
    if missed.is_empty() {
        return None;
    }
    let mut lines: Vec<_> = missed
        .iter()
        .map(|(name, file, line)| {
            format!("`sometimes!` at {}:{line} was never true: {name}", crate::site::shorten(file))
        })
        .collect();
    lines.push(
        "either it cannot happen, or the campaign does not get there: more runs, another strategy, smaller inputs"
            .into(),
    );
    Some(Finding::new(FindingKind::NeverHappened, lines))
}
