//! The runs of an audit in which nothing is cut half-way: they fill the reference, and tell how many awaits there are.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::aim::Aim;
use super::cuts::Way;
use super::stage::OPERATION;
use super::sweep::{Seen, Sweep, on_threads};
use crate::campaign::{Failed, Reason};
use crate::digest::Fingerprint;
use crate::explain::Case;
use crate::failure::Failure;
use crate::finding::TaskInfo;
use crate::judge::Verdict;
use crate::run::Run;

/// Before anything is accused, nothing must be found in so many runs in which nothing is cut half-way.
const REFERENCE_RUNS: u64 = 1_000;

/// The uncut run of a seed.
pub(super) struct Base {
    /// How often the operation returned `Pending`.
    pub(super) polls: u64,
    pub(super) digest: Fingerprint,
}

impl Sweep<'_> {
    /// The reference: each of `runs` uncut, and cut before the first poll.
    pub(super) fn base(&self, runs: Range<u64>) -> Result<Vec<Base>, Failure> {
        let some = |next: &std::sync::atomic::AtomicU64| {
            let aim: Aim = Rc::new(Cell::new(None));
            let worlds = [&self.trial.world(self.source(&aim)), &self.trial.impatient(self.source(&aim))];
            let mut done = Vec::new();
            loop {
                let run = runs.start.saturating_add(next.fetch_add(1, Ordering::Relaxed));
                if run >= runs.end {
                    return done;
                }
                let base = self.refer(worlds, &aim, run);
                let failed = base.is_err();
                done.push((run, base));
                if failed {
                    return done;
                }
            }
        };
        let mut done: Vec<_> = on_threads(self.prepared.plan.jobs, some).into_iter().flatten().collect();
        done.sort_by_key(|(run, _)| *run);
        done.into_iter().map(|(_, base)| base.map_err(|failed| self.uncut(*failed))).collect()
    }

    /// One seed of the reference: uncut in the first world, and unbegun, where a bystander may well wait in vain, in the
    /// second.
    fn refer(&self, [world, unbegun]: [&Rc<Run>; 2], aim: &Aim, run: u64) -> Result<Base, Box<Failed>> {
        aim.set(None);
        let Seen { verdict, digest, polls, .. } = self.see(world, run);
        if let Some(verdict) = verdict {
            return Err(Box::new(self.failed(world, run, Reason::Verdict(verdict), digest)));
        }
        world.cancel.outcomes(|outcomes| (self.reference)().add(outcomes));
        if run == 0 {
            // As in every campaign, its first run is repeated and compared.
            let tape = self.trial.tape(world);
            if let Some(finding) = (Case { trial: &self.trial, tape: &tape, digest }).differs(None) {
                return Err(Box::new(self.failed(world, run, Reason::Finding(finding), digest)));
            }
        }
        aim.set(Some((0, Way::Dropped)));
        if self.see(unbegun, run).verdict.is_none() {
            unbegun.cancel.outcomes(|outcomes| (self.reference)().add(outcomes));
        }
        Ok(Base { polls, digest })
    }

    /// Makes the reference much larger, once, before the first accusation: what can be seen without a cut is not blamed on
    /// one. Whether the caller has a reason to look again.
    pub(super) fn enlarge(&self) -> Result<bool, Failure> {
        if self.is_large() {
            // By another thread perhaps, in the middle of the run that made the caller ask.
            return Ok(self.prepared.plan.jobs > 1);
        }
        let _only_one = self.enlarging.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_large() {
            return Ok(true);
        }
        let aim: Aim = Rc::new(Cell::new(None));
        let world = &self.trial.impatient(self.source(&aim));
        let known = self.round();
        for run in known..known + REFERENCE_RUNS {
            if self.is_large() {
                break;
            }
            self.refer([world; 2], &aim, run).map_err(|failed| self.uncut(*failed))?;
        }
        Ok(true)
    }

    fn is_large(&self) -> bool {
        (self.reference)().runs >= REFERENCE_RUNS
    }

    /// Explains a failure in a run in which nothing was cut.
    fn uncut(&self, failed: Failed) -> Failure {
        let lines = match &failed.reason {
            Reason::Verdict(verdict) => uncut(verdict, &self.bystanders),
            Reason::Finding(_) => Vec::new(),
        };
        self.report(failed).adding(lines)
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
