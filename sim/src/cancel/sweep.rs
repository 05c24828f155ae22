//! All cuts, each under all schedules, held against the runs in which nothing was cut.
//!
//! 1. The *reference*: the program uncut, and with the operation cut before its first poll, once per seed (`baseline.rs`).
//! 2. The *sites*: the uncut runs again, under the glass. A run is the same up to its cut whatever comes after, since a cut
//!    is a choice like any other; so these tell where each cut run was cut, at the price of a walk of the stack per poll of
//!    the reference instead of one per cut.
//! 3. The *cuts*: every point, way and seed. A point that the uncut run of that seed does not reach is left out.
//!
//! Both the first and the last are spread over threads. A run's seed and its cut make the run, and what is accused is held
//! against a reference that is complete by then; so the report is the same however many threads there are.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

use super::aim::{Aim, Aimed};
use super::baseline::Base;
use super::cuts::{Made, Way, points, points_of};
use super::fault::Fault;
use super::reference::Reference;
use super::report::{Counts, Report, Sampled, Tally};
use crate::campaign::{self, Failed, Reason, Stop};
use crate::digest::Fingerprint;
use crate::explain::Case;
use crate::failure::Failure;
use crate::judge::Verdict;
use crate::prepared::Prepared;
use crate::run::Run;
use crate::strategy::{Profile, Source};
use crate::tape::Tape;
use crate::trial::{Outcome, Trial};

/// What an audit is to do.
pub(super) struct Sweep<'a> {
    pub(super) trial: Trial<'a>,
    pub(super) prepared: &'a Prepared,
    /// What the environment asked for and an audit cannot take, since its runs follow from one another; `random` is in its place.
    pub(super) not_taken: Option<&'static str>,
    /// What the dullest run is like, where the strategy wants to know.
    pub(super) profile: OnceLock<Profile>,
    /// How the tasks of the program end without a cut.
    pub(super) reference: &'a (dyn Fn() -> MutexGuard<'a, Reference> + Sync),
    /// Held while the reference is made larger.
    pub(super) enlarging: Mutex<()>,
    /// The schedules per cut that were asked for; an audit bounded in time goes on in rounds of so many.
    pub(super) round: u64,
    /// At most so many points are cut.
    pub(super) points_max: usize,
    pub(super) unwinding: bool,
    /// The bystanders' names.
    pub(super) bystanders: Vec<String>,
}

/// Polls that are looked at in the uncut run of each seed; beyond, only those at which something is cut.
const POLLS_SEEN_MAX: u64 = 20_000;

/// What one run came to.
pub(super) struct Seen {
    pub(super) verdict: Option<Verdict>,
    pub(super) digest: Fingerprint,
    pub(super) polls: u64,
    pub(super) made: Option<Made>,
}

/// The failing run to be reported, and how small it is: the earlier the cut the smaller, then the fewer unusual choices,
/// then the first in order.
struct Smallest {
    size: (u64, usize, u32, u64),
    failed: Failed,
}

/// One run with a cut: where, how, and the run's number.
type Piece = (u64, Way, u64);

impl Sweep<'_> {
    pub(super) fn perform(&self) -> Result<Report, Failure> {
        let Prepared { name, plan, .. } = self.prepared;
        let stop = Stop::after(plan.time);
        let mut tally = Tally::default();
        let mut smallest: Option<Smallest> = None;
        let (mut done, mut most) = (0, 0);
        loop {
            let runs = done..done + self.round().min(plan.runs - done);
            let base = self.base(runs.clone())?;
            most = base.iter().map(|base| base.polls).fold(most, u64::max);
            let points = points(most, self.points_max);
            self.sites(runs.clone(), &base, &points, &mut tally);
            let reached = |point: u64| runs.clone().zip(&base).filter(move |(_, base)| point < points_of(base.polls));
            let ways = &Way::ALL[..Way::count(self.unwinding)];
            let cuts = points.iter().flat_map(|&point| ways.iter().map(move |&way| (point, way)));
            let pieces = cuts.flat_map(|(point, way)| reached(point).map(move |(run, _)| (point, way, run))).collect();
            let found = self.cuts(pieces, &mut tally)?;
            smallest = smallest.into_iter().chain(found).min_by_key(|smallest| smallest.size);
            done = runs.end;
            if done >= plan.runs || stop.is_due() {
                break;
            }
        }
        let (made, all) = (points(most, self.points_max).len() as u64, points_of(most));
        let sampled = (all > made).then_some(Sampled { points: made, of: all });
        let failure = smallest.map(|smallest| self.report(smallest.failed));
        Ok(Report::new(name, tally, Some(done), sampled, failure)
            .passing_over(self.prepared.passed_over, self.not_taken))
    }

    /// How many schedules each cut gets before anybody looks at the clock: all of them, where no time is set.
    pub(super) fn round(&self) -> u64 {
        let plan = &self.prepared.plan;
        if plan.time.is_some() { self.round.min(plan.runs) } else { plan.runs }
    }

    /// Repeats the run of `tape`, and judges it by the reference.
    pub(super) fn replay(&self, tape: Tape) -> Result<Report, Failure> {
        self.base(0..self.round())?;
        self.enlarge()?;
        let name = &self.prepared.name;
        let failure = campaign::replay(&self.trial, name, &tape, false).err();
        match failure {
            Some(failure) if failure.kind().is_none() => Err(failure.adding(vec![
                "a program with several audits gives each a `.name(..)`, by which tapes are told apart".into(),
            ])),
            failure => Ok(Report::new(name, Tally::default(), None, None, failure)),
        }
    }

    /// A source for many runs. Calibrated from the first on, since the runs of a seed are performed in several worlds.
    pub(super) fn source(&self, aim: &Aim) -> Box<dyn Source> {
        let strategy = &self.prepared.plan.strategy;
        let mut others = strategy.source();
        if strategy.needs_calibration() {
            others.calibrate(self.profile.get_or_init(|| self.trial.profile()));
        }
        Box::new(Aimed::new(aim, others))
    }

    /// Performs the run of this number.
    pub(super) fn see(&self, world: &Rc<Run>, run: u64) -> Seen {
        let seed = self.prepared.plan.seed.wrapping_add(run);
        let (outcome, (polls, made)) =
            self.trial.perform(world, seed, |run, _| (run.cancel.polls(), run.cancel.made()));
        let digest = outcome.digest;
        Seen { verdict: self.settled(world, outcome), digest, polls, made }
    }

    /// What is wrong with the run that was performed last in `world` and came to `outcome`: whether a task without a waker waits on purpose,
    /// and whether a late leaf matters, takes replays to tell. Judged anew in each run, for all that they cost: what one run tells of a
    /// place must not depend on which runs other threads have performed before.
    fn settled(&self, world: &Run, outcome: Outcome) -> Option<Verdict> {
        let Outcome { wrong, digest, late, .. } = outcome;
        let is_dead = wrong.as_ref().is_some_and(|wrong| matches!(wrong.verdict, Verdict::Dead(_)));
        if late.is_empty() && !is_dead {
            return wrong.map(|wrong| wrong.verdict);
        }
        let case = Case { trial: &self.trial, tape: &self.trial.tape(world), digest };
        case.settled(wrong).or_else(|| case.starvation(&late))
    }

    /// Notes where the operation waits after each of its polls, by run and poll.
    fn sites(&self, runs: Range<u64>, base: &[Base], points: &[u64], tally: &mut Tally) {
        let aim: Aim = Rc::new(Cell::new(None));
        let world = self.trial.world(self.source(&aim));
        let all: u64 = base.iter().map(|base| base.polls).sum();
        for (run, base) in runs.zip(base) {
            let wanted =
                (run > 0 && all > POLLS_SEEN_MAX).then(|| points.iter().map(|point| point.div_ceil(2)).collect());
            world.cancel.glass.put_on(wanted);
            let seen = self.see(&world, run);
            // A leaf that treats strange wakers otherwise has made it another run: it tells nothing about this one.
            let is_same = seen.digest == base.digest;
            let mut of_run = vec![None; base.polls as usize];
            for (poll, stacks) in world.cancel.glass.take_polls().into_iter().filter(|_| is_same) {
                if let Some(site) = of_run.get_mut(poll as usize - 1) {
                    *site = Some(tally.atlas.find(&stacks));
                }
            }
            tally.sites.push(of_run);
        }
    }

    /// Performs all `pieces`. Returns the smallest of what failed.
    fn cuts(&self, pieces: Vec<Piece>, tally: &mut Tally) -> Result<Option<Smallest>, Failure> {
        let parts = on_threads(self.prepared.plan.jobs, |next| self.some_cuts(&pieces, next, tally));
        let mut smallest: Option<Smallest> = None;
        for part in parts {
            let (counts, found) = part?;
            tally.add(counts);
            smallest = smallest.into_iter().chain(found).min_by_key(|smallest| smallest.size);
        }
        Ok(smallest)
    }

    /// One thread's share of the cuts.
    fn some_cuts(
        &self,
        pieces: &[Piece],
        next: &AtomicU64,
        tally: &Tally,
    ) -> Result<(Counts, Option<Smallest>), Failure> {
        let aim: Aim = Rc::new(Cell::new(None));
        // The reference runs have shown that no other thread wakes anybody. Of the cut runs many may be stuck.
        let world = self.trial.impatient(self.source(&aim));
        let mut counts = Counts::default();
        let mut smallest: Option<Smallest> = None;
        let piece = |nth| pieces.get(self.prepared.plan.shard.run(nth) as usize);
        while let Some(&(point, way, run)) = piece(next.fetch_add(1, Ordering::Relaxed)) {
            aim.set(Some((point, way)));
            let mut seen = self.see(&world, run);
            if seen.verdict.is_some() && self.enlarge()? {
                seen = self.see(&world, run);
            }
            let Some(made) = seen.made else { continue };
            let fault = seen.verdict.as_ref().map(|verdict| Fault::of(verdict, &self.bystanders));
            counts.count(tally.place(run, made), made, fault);
            let Some(verdict) = seen.verdict else { continue };
            let unusual = world.choices.borrow().draws().iter().filter(|draw| draw.value > 0).count();
            let size = (point, unusual, way.answer(), run);
            if smallest.as_ref().is_none_or(|other| size < other.size) {
                let failed = self.failed(&world, run, Reason::Verdict(verdict), seen.digest);
                smallest = Some(Smallest { size, failed });
            }
        }
        Ok((counts, smallest))
    }

    /// The run that was performed last in `world`, as one that failed.
    pub(super) fn failed(&self, world: &Run, run: u64, reason: Reason, digest: Fingerprint) -> Failed {
        Failed { run, reason, tape: self.trial.tape(world), digest, hints: world.notes.hints() }
    }

    /// Explains a failed run. Its seed alone would not repeat it: the cut is in the tape.
    pub(super) fn report(&self, failed: Failed) -> Failure {
        let Prepared { name, plan, command, .. } = self.prepared;
        campaign::report(&self.trial, plan, failed, |tape, _| command.replay(name, tape, None))
    }
}

/// Does `work` on so many threads, which take their numbers from a common counter.
pub(super) fn on_threads<R: Send>(jobs: usize, work: impl Fn(&AtomicU64) -> R + Sync) -> Vec<R> {
    let next = AtomicU64::new(0);
    let quiet = || {
        #[cfg(feature = "tracing")]
        let _muted = crate::logging::mute();
        work(&next)
    };
    if jobs <= 1 {
        return vec![quiet()];
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(quiet)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, R>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    })
}
