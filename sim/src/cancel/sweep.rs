//! All cuts, each under all schedules, held against the runs in which nothing was cut.
//!
//! 1. The *reference*: the program uncut, and with the operation cut before its first poll, once per seed.
//! 2. The *sites*: the uncut runs again, under the glass. A run is the same up to its cut whatever comes after, since a cut
//!    is a choice like any other; so these tell where each cut run was cut, at the price of a walk of the stack per poll of
//!    the reference instead of one per cut.
//! 3. The *cuts*: every point, way and seed. A point that the uncut run of that seed does not reach is left out.

use std::cell::Cell;
use std::rc::Rc;

use super::aim::{Aim, Aimed};
use super::cuts::{Made, Way, points, points_of};
use super::fault::Fault;
use super::reference::{Reference, Stranger};
use super::report::{Report, Sampled, Tally};
use super::sites::Atlas;
use super::verdict::{self, Failing, Reason};
use crate::explain::Case;
use crate::explore::Prepared;
use crate::failure::{Failure, Found};
use crate::finding::{Finding, FindingKind};
use crate::judge::Verdict;
use crate::run::{Hint, Run};
use crate::strategy::{Replay, Source};
use crate::tape::Tape;
use crate::trial::Trial;

/// What an audit is to do.
pub(super) struct Sweep<'a> {
    pub(super) trial: Trial<'a>,
    pub(super) prepared: &'a Prepared,
    /// At most so many points are cut.
    pub(super) points_max: usize,
    pub(super) unwinding: bool,
    /// The bystanders' names.
    pub(super) bystanders: Vec<String>,
}

/// Polls that are looked at in the uncut run of each seed; beyond, only those at which something is cut.
const POLLS_SEEN_MAX: u64 = 20_000;

/// Before anything is accused, so many more runs in which nothing is cut half-way have to pass and to differ from it.
const REFERENCE_RUNS: u64 = 1_000;

/// What the audit knows once the uncut runs are done.
struct Base {
    reference: Reference,
    /// By seed, from the first: how often the operation returns `Pending`.
    polls: Vec<u64>,
    digests: Vec<u64>,
}

/// What one run came to.
struct Seen {
    verdict: Option<Verdict>,
    digest: u64,
    polls: u64,
    made: Option<Made>,
    stranger: Option<Stranger>,
}

impl Sweep<'_> {
    pub(super) fn perform(&self) -> Result<Report, Failure> {
        let aim: Aim = Rc::new(Cell::new(None));
        let world = self.world(&aim);
        let mut base = self.base(&world, &aim)?;
        let points = points(base.polls.iter().copied().max().unwrap_or(0), self.points_max);
        let (atlas, sites) = self.sites(&base, &points);
        let mut tally = Tally::new(atlas, sites);
        let smallest = self.cuts(&world, &aim, &mut base, &points, &mut tally)?;
        let all = base.polls.iter().copied().map(points_of).max().unwrap_or(0);
        let failure = smallest.map(|failing| self.explain(&base.reference, failing));
        let sampled = (all > points.len() as u64).then_some(Sampled { points: points.len() as u64, of: all });
        let schedules = Some(self.prepared.plan.runs);
        Ok(Report::new(&self.prepared.name, tally, schedules, sampled, failure))
    }

    /// Repeats the run of `tape`, and judges it by the reference.
    pub(super) fn replay(&self, tape: &Tape) -> Result<Report, Failure> {
        let aim: Aim = Rc::new(Cell::new(None));
        let mut base = self.base(&self.world(&aim), &aim)?;
        let world = self.trial.world(Box::new(Replay::new(tape.clone())));
        let seen = self.see(&world, 0, &base.reference);
        if let Some(Verdict::Refused(mismatch)) = &seen.verdict {
            let name = &self.prepared.name;
            return Err(Failure::setup(format!("the tape no longer fits `{name}`: {mismatch}")));
        }
        let mut tally = Tally::new(Atlas::default(), Vec::new());
        let mut failing = None;
        if let Some(reason) = seen.reason() {
            let reason = self.confirm(&aim, &mut base, reason)?;
            failing = reason.map(|reason| self.failing(&world, &seen, reason, None));
        }
        if let Some(made) = seen.made {
            tally.count(
                None,
                made,
                failing.as_ref().map(|failing: &Failing| Fault::of(&failing.reason, &self.bystanders)),
            );
        }
        let failure = failing.map(|failing| self.explain(&base.reference, failing));
        Ok(Report::new(&self.prepared.name, tally, None, None, failure))
    }

    fn world(&self, aim: &Aim) -> Rc<Run> {
        self.trial.world(self.source(aim))
    }

    fn source(&self, aim: &Aim) -> Box<dyn Source> {
        Box::new(Aimed::new(aim, self.prepared.plan.strategy.source()))
    }

    fn seed(&self, run: u64) -> u64 {
        self.prepared.plan.seed.wrapping_add(run)
    }

    fn see(&self, world: &Rc<Run>, seed: u64, reference: &Reference) -> Seen {
        let (outcome, (polls, made, stranger)) = self.trial.perform(world, seed, |run, _| {
            let stranger = run.cancel.outcomes(|outcomes| reference.stranger(outcomes));
            (run.cancel.polls(), run.cancel.made(), stranger)
        });
        Seen { verdict: outcome.verdict, digest: outcome.digest, polls, made, stranger }
    }

    /// The reference: each seed uncut, and cut before the first poll.
    fn base(&self, world: &Rc<Run>, aim: &Aim) -> Result<Base, Failure> {
        let mut base = Base { reference: Reference::default(), polls: Vec::new(), digests: Vec::new() };
        for run in 0..self.prepared.plan.runs {
            let seen = self.refer(world, aim, run, &mut base.reference)?;
            base.polls.push(seen.polls);
            base.digests.push(seen.digest);
        }
        Ok(base)
    }

    /// One seed of the reference.
    fn refer(&self, world: &Rc<Run>, aim: &Aim, run: u64, reference: &mut Reference) -> Result<Seen, Failure> {
        aim.set(None);
        let seen = self.see(world, self.seed(run), reference);
        if let Some(verdict) = seen.verdict {
            let (tape, hints) = (self.trial.tape(world), world.notes.hints());
            return Err(self.uncut(run, tape, &verdict, seen.digest, hints));
        }
        world.cancel.outcomes(|outcomes| reference.add(outcomes));
        if run == 0 {
            let tape = self.trial.tape(world);
            let case = Case { trial: &self.trial, tape: &tape, digest: seen.digest };
            if let Some(finding) = case.differs() {
                return Err(self.found(self.blank(Some(run), finding, None)));
            }
        }
        aim.set(Some((0, Way::Dropped)));
        let unbegun = self.see(world, self.seed(run), reference);
        if unbegun.verdict.is_none() {
            world.cancel.outcomes(|outcomes| reference.add(outcomes));
        }
        Ok(seen)
    }

    /// Where the operation waits after each of its polls, by seed and poll.
    fn sites(&self, base: &Base, points: &[u64]) -> (Atlas, Vec<Vec<Option<usize>>>) {
        let aim: Aim = Rc::new(Cell::new(None));
        let world = self.world(&aim);
        let mut atlas = Atlas::default();
        let all: u64 = base.polls.iter().sum();
        let mut sites = Vec::new();
        for (run, &polls) in base.polls.iter().enumerate() {
            let wanted =
                (run > 0 && all > POLLS_SEEN_MAX).then(|| points.iter().map(|point| point.div_ceil(2)).collect());
            world.cancel.glass.put_on(wanted);
            let (outcome, stacks) =
                self.trial.perform(&world, self.seed(run as u64), |run, _| run.cancel.glass.take_polls());
            // A leaf that treats strange wakers otherwise has made it another run: it tells nothing about this one.
            let is_same = outcome.digest == base.digests[run];
            let mut of_seed = vec![None; polls as usize];
            for (poll, stacks) in stacks.into_iter().filter(|_| is_same) {
                if let Some(site) = of_seed.get_mut(poll as usize - 1) {
                    *site = Some(atlas.find(&stacks));
                }
            }
            sites.push(of_seed);
        }
        (atlas, sites)
    }

    /// Every point, way and seed. Returns the smallest of what failed: the earliest cut, then the dullest schedule.
    fn cuts(
        &self,
        world: &Rc<Run>,
        aim: &Aim,
        base: &mut Base,
        points: &[u64],
        tally: &mut Tally,
    ) -> Result<Option<Failing>, Failure> {
        let ways = &Way::ALL[..Way::count(self.unwinding)];
        let mut smallest: Option<Failing> = None;
        for (&point, &way) in points.iter().flat_map(|point| ways.iter().map(move |way| (point, way))) {
            for run in 0..base.polls.len() {
                if point >= points_of(base.polls[run]) {
                    continue;
                }
                aim.set(Some((point, way)));
                let seen = self.see(world, self.seed(run as u64), &base.reference);
                let Some(made) = seen.made else { continue };
                let failing = match seen.reason() {
                    None => None,
                    // Taken before the reference is asked again, which needs a world of its own.
                    Some(reason) => {
                        let failing = self.failing(world, &seen, reason, Some((point, run as u64)));
                        let confirmed = self.confirm(aim, base, failing.reason.clone())?;
                        confirmed.map(|reason| Failing { reason, ..failing })
                    }
                };
                tally.count(
                    Some(run),
                    made,
                    failing.as_ref().map(|failing| Fault::of(&failing.reason, &self.bystanders)),
                );
                if let Some(failing) = failing
                    && smallest.as_ref().is_none_or(|other| failing.size() < other.size())
                {
                    smallest = Some(failing);
                }
            }
        }
        Ok(smallest)
    }

    /// Before the first accusation the reference is made much larger: what can be seen without a cut is not blamed on one.
    fn confirm(&self, aim: &Aim, base: &mut Base, reason: Reason) -> Result<Option<Reason>, Failure> {
        let known = self.prepared.plan.runs;
        if base.reference.runs < REFERENCE_RUNS {
            let world = self.world(aim);
            for run in known..known + REFERENCE_RUNS / 2 {
                self.refer(&world, aim, run, &mut base.reference)?;
            }
        }
        Ok(match reason {
            Reason::Stranger(stranger) if base.reference.knows(&stranger) => None,
            reason => Some(reason),
        })
    }

    fn failing(&self, world: &Run, seen: &Seen, reason: Reason, cut: Option<(u64, u64)>) -> Failing {
        let (tape, hints) = (self.trial.tape(world), world.notes.hints());
        Failing { reason, digest: seen.digest, cut, tape, hints }
    }

    fn explain(&self, reference: &Reference, failing: Failing) -> Failure {
        let case = Case { trial: &self.trial, tape: &failing.tape, digest: failing.digest };
        let finding = verdict::explain(&case, &failing.reason, reference, &self.bystanders);
        case.show();
        let schedule = case.lanes();
        let run = failing.cut.map(|(_, run)| run);
        self.found(Found { schedule, hints: failing.hints, ..self.blank(run, finding, Some(failing.tape)) })
    }

    /// A finding about the program without any cut.
    fn uncut(&self, run: u64, tape: Tape, verdict: &Verdict, digest: u64, hints: Vec<Hint>) -> Failure {
        let case = Case { trial: &self.trial, tape: &tape, digest };
        let mut finding = case.explain(verdict.clone());
        finding.lines.extend(verdict::uncut(verdict, &self.bystanders));
        let schedule = if finding.kind == FindingKind::Nondeterminism { Vec::new() } else { case.lanes() };
        self.found(Found { schedule, hints, ..self.blank(Some(run), finding, Some(tape)) })
    }

    /// A failure with nothing but its finding.
    fn blank(&self, run: Option<u64>, finding: Finding, tape: Option<Tape>) -> Found {
        Found {
            name: self.prepared.name.clone(),
            run,
            runs: self.prepared.plan.runs,
            seed: run.map(|run| self.seed(run)),
            finding,
            schedule: Vec::new(),
            tape,
            hints: Vec::new(),
            shrunk: None,
            replay: None,
        }
    }

    /// The failure, with the line that repeats it.
    fn found(&self, found: Found) -> Failure {
        let (command, name) = (&self.prepared.command, &self.prepared.name);
        let replay = found.tape.as_ref().map(|tape| command.replay(name, tape, found.seed));
        Failure::found(Found { replay, ..found })
    }
}

impl Seen {
    fn reason(&self) -> Option<Reason> {
        let verdict = self.verdict.clone().map(Reason::Verdict);
        verdict.or_else(|| self.stranger.clone().map(Reason::Stranger))
    }
}
