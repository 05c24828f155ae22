//! All cuts, each under all schedules, held against the runs in which nothing was cut.
//!
//! 1. The *reference*: the program uncut, and with the operation cut before its first poll, once per seed.
//! 2. The *sites*: the uncut runs again, under the glass. A run is the same up to its cut whatever comes after, since a cut
//!    is a choice like any other; so these tell where each cut run was cut, at the price of a walk of the stack per poll of
//!    the reference instead of one per cut.
//! 3. The *cuts*: every point, way and seed. A point that the uncut run of that seed does not reach is left out.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::MutexGuard;

use super::aim::{Aim, Aimed};
use super::cuts::{Made, Way, points, points_of};
use super::fault::Fault;
use super::reference::Reference;
use super::report::{Report, Sampled, Tally};
use super::sites::Atlas;
use super::stage::OPERATION;
use crate::campaign::{self, Failed, Reason};
use crate::explain::Case;
use crate::explore::Prepared;
use crate::failure::Failure;
use crate::finding::TaskInfo;
use crate::judge::Verdict;
use crate::run::Run;
use crate::strategy::Source;
use crate::tape::Tape;
use crate::trial::Trial;

/// What an audit is to do.
pub(super) struct Sweep<'a> {
    pub(super) trial: Trial<'a>,
    pub(super) prepared: &'a Prepared,
    /// How the tasks of the program end without a cut.
    pub(super) reference: &'a dyn Fn() -> MutexGuard<'a, Reference>,
    /// At most so many points are cut.
    pub(super) points_max: usize,
    pub(super) unwinding: bool,
    /// The bystanders' names.
    pub(super) bystanders: Vec<String>,
}

/// Polls that are looked at in the uncut run of each seed; beyond, only those at which something is cut.
const POLLS_SEEN_MAX: u64 = 20_000;

/// Before anything is accused, nothing must be found in so many runs in which nothing is cut half-way.
const REFERENCE_RUNS: u64 = 1_000;

/// The uncut run of a seed.
struct Base {
    /// How often the operation returned `Pending`.
    polls: u64,
    digest: u64,
}

/// What one run came to.
struct Seen {
    verdict: Option<Verdict>,
    digest: u64,
    polls: u64,
    made: Option<Made>,
}

/// The failing run to be reported, and how small it is: the earlier the cut the smaller, then the fewer unusual choices.
struct Smallest {
    size: (u64, usize),
    failed: Failed,
}

impl Sweep<'_> {
    pub(super) fn perform(&self) -> Result<Report, Failure> {
        let aim: Aim = Rc::new(Cell::new(None));
        let world = self.world(&aim);
        let base = self.base(&world, &aim)?;
        let most = base.iter().map(|base| base.polls).max().unwrap_or(0);
        let points = points(most, self.points_max);
        let (atlas, sites) = self.sites(&base, &points);
        let mut tally = Tally::new(atlas, sites);
        // The reference runs have shown that no other thread wakes anybody. Of the cut runs many may be stuck.
        let world = self.trial.impatient(self.source(&aim));
        let smallest = self.cuts(&world, &aim, &base, &points, &mut tally)?;
        let (made, all) = (points.len() as u64, points_of(most));
        let sampled = (all > made).then_some(Sampled { points: made, of: all });
        let failure = smallest.map(|smallest| self.report(smallest.failed));
        let Prepared { name, plan, .. } = self.prepared;
        Ok(Report::new(name, tally, Some(plan.runs), sampled, failure))
    }

    /// Repeats the run of `tape`, and judges it by the reference.
    pub(super) fn replay(&self, tape: Tape) -> Result<Report, Failure> {
        let aim: Aim = Rc::new(Cell::new(None));
        let world = self.world(&aim);
        self.base(&world, &aim)?;
        self.enlarge(&world, &aim)?;
        let name = &self.prepared.name;
        let failure = campaign::replay(&self.trial, name, tape, false).err();
        match failure {
            Some(failure) if failure.kind().is_none() => Err(failure),
            failure => Ok(Report::new(name, Tally::new(Atlas::default(), Vec::new()), None, None, failure)),
        }
    }

    fn world(&self, aim: &Aim) -> Rc<Run> {
        self.trial.world(self.source(aim))
    }

    fn source(&self, aim: &Aim) -> Box<dyn Source> {
        Box::new(Aimed::new(aim, self.prepared.plan.strategy.source()))
    }

    /// Performs the run of this number.
    fn see(&self, world: &Rc<Run>, run: u64) -> Seen {
        let seed = self.prepared.plan.seed.wrapping_add(run);
        let (outcome, (polls, made)) =
            self.trial.perform(world, seed, |run, _| (run.cancel.polls(), run.cancel.made()));
        Seen { verdict: outcome.verdict, digest: outcome.digest, polls, made }
    }

    /// The reference: each seed uncut, and cut before the first poll.
    fn base(&self, world: &Rc<Run>, aim: &Aim) -> Result<Vec<Base>, Failure> {
        let impatient = self.trial.impatient(self.source(aim));
        (0..self.prepared.plan.runs).map(|run| self.refer([world, &impatient], aim, run)).collect()
    }

    /// One seed of the reference: uncut in the first world, and unbegun, where a bystander may well wait in vain, in the
    /// second.
    fn refer(&self, [world, unbegun]: [&Rc<Run>; 2], aim: &Aim, run: u64) -> Result<Base, Failure> {
        aim.set(None);
        let Seen { verdict, digest, polls, .. } = self.see(world, run);
        if let Some(verdict) = verdict {
            let lines = uncut(&verdict, &self.bystanders);
            return Err(self.report(self.failed(world, run, Reason::Verdict(verdict), digest)).adding(lines));
        }
        world.cancel.outcomes(|outcomes| (self.reference)().add(outcomes));
        if run == 0 {
            // As in every campaign, its first run is repeated and compared.
            let tape = self.trial.tape(world);
            if let Some(finding) = (Case { trial: &self.trial, tape: &tape, digest }).differs(None) {
                return Err(self.report(self.failed(world, run, Reason::Finding(finding), digest)));
            }
        }
        aim.set(Some((0, Way::Dropped)));
        if self.see(unbegun, run).verdict.is_none() {
            unbegun.cancel.outcomes(|outcomes| (self.reference)().add(outcomes));
        }
        Ok(Base { polls, digest })
    }

    /// Makes the reference much larger, once, before the first accusation: what can be seen without a cut is not blamed on
    /// one.
    fn enlarge(&self, world: &Rc<Run>, aim: &Aim) -> Result<(), Failure> {
        let runs = (self.reference)().runs;
        if runs >= REFERENCE_RUNS {
            return Ok(());
        }
        let known = self.prepared.plan.runs;
        (known..known + REFERENCE_RUNS / 2).try_for_each(|run| self.refer([world; 2], aim, run).map(drop))
    }

    /// Where the operation waits after each of its polls, by seed and poll.
    fn sites(&self, base: &[Base], points: &[u64]) -> (Atlas, Vec<Vec<Option<usize>>>) {
        let aim: Aim = Rc::new(Cell::new(None));
        let world = self.world(&aim);
        let mut atlas = Atlas::default();
        let all: u64 = base.iter().map(|base| base.polls).sum();
        let mut sites = Vec::new();
        for (run, base) in base.iter().enumerate() {
            let wanted =
                (run > 0 && all > POLLS_SEEN_MAX).then(|| points.iter().map(|point| point.div_ceil(2)).collect());
            world.cancel.glass.put_on(wanted);
            let seen = self.see(&world, run as u64);
            // A leaf that treats strange wakers otherwise has made it another run: it tells nothing about this one.
            let is_same = seen.digest == base.digest;
            let mut of_seed = vec![None; base.polls as usize];
            for (poll, stacks) in world.cancel.glass.take_polls().into_iter().filter(|_| is_same) {
                if let Some(site) = of_seed.get_mut(poll as usize - 1) {
                    *site = Some(atlas.find(&stacks));
                }
            }
            sites.push(of_seed);
        }
        (atlas, sites)
    }

    /// Every point, way and seed. Returns the smallest of what failed.
    fn cuts(
        &self,
        world: &Rc<Run>,
        aim: &Aim,
        base: &[Base],
        points: &[u64],
        tally: &mut Tally,
    ) -> Result<Option<Smallest>, Failure> {
        let ways = &Way::ALL[..Way::count(self.unwinding)];
        let mut smallest: Option<Smallest> = None;
        for (&point, &way) in points.iter().flat_map(|point| ways.iter().map(move |way| (point, way))) {
            for (run, _) in base.iter().enumerate().filter(|(_, base)| point < points_of(base.polls)) {
                aim.set(Some((point, way)));
                let mut seen = self.see(world, run as u64);
                if seen.verdict.is_some() && (self.reference)().runs < REFERENCE_RUNS {
                    self.enlarge(world, aim)?;
                    aim.set(Some((point, way)));
                    seen = self.see(world, run as u64);
                }
                let Some(made) = seen.made else { continue };
                let fault = seen.verdict.as_ref().map(|verdict| Fault::of(verdict, &self.bystanders));
                tally.count(Some(run), made, fault);
                let Some(verdict) = seen.verdict else { continue };
                let unusual = world.choices.borrow().draws().iter().filter(|draw| draw.value > 0).count();
                let size = (point, unusual);
                if smallest.as_ref().is_none_or(|other| size < other.size) {
                    let failed = self.failed(world, run as u64, Reason::Verdict(verdict), seen.digest);
                    smallest = Some(Smallest { size, failed });
                }
            }
        }
        Ok(smallest)
    }

    /// The run that was performed last in `world`, as one that failed.
    fn failed(&self, world: &Run, run: u64, reason: Reason, digest: u64) -> Failed {
        Failed { run, reason, tape: self.trial.tape(world), digest, hints: world.notes.hints() }
    }

    fn report(&self, failed: Failed) -> Failure {
        let Prepared { name, plan, command, .. } = self.prepared;
        campaign::report(&self.trial, plan, failed, |tape, seed| command.replay(name, tape, seed))
    }
}

/// What to say of a failure in a run in which nothing was cut.
fn uncut(verdict: &Verdict, bystanders: &[String]) -> Vec<String> {
    let mut lines = vec!["nothing was cut in this run: an audit starts from a program that passes without cuts".into()];
    let waiting: Vec<&TaskInfo> = match verdict {
        Verdict::Stuck(tasks) | Verdict::Dead(tasks) => tasks.iter().collect(),
        Verdict::Limit { unpolled, busiest, .. } => unpolled.iter().chain(busiest).collect(),
        _ => Vec::new(),
    };
    let waits = |name: &str| waiting.iter().any(|task| task.name.as_deref() == Some(name));
    if waits(OPERATION) {
        lines.push("the operation never ends, even when it is let alone".into());
    }
    for name in bystanders.iter().filter(|name| waits(name)) {
        lines.push(format!(
            "bystander `{name}` does not end; one that is to serve for ever is no bystander: spawn it as a"
        ));
        lines.push("daemon in `.world(..)`".into());
    }
    lines
}
