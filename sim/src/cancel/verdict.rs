//! Why a cut run failed, and the sentences that say so.

use super::cuts::Made;
use super::reference::{Reference, Stranger};
use super::sites::Atlas;
use super::stage::{OPERATION, ROLE_AGAIN};
use crate::explain::Case;
use crate::finding::{Finding, FindingKind};
use crate::judge::Verdict;
use crate::run::Hint;
use crate::tape::Tape;
use crate::watch::Watch;

/// What is wrong with a cut run.
#[derive(Clone, Debug)]
pub(super) enum Reason {
    /// What would be wrong in any run.
    Verdict(Verdict),
    /// Somebody ended as nobody does without the cut.
    Stranger(Stranger),
}

/// A cut run that failed.
pub(super) struct Failing {
    pub(super) reason: Reason,
    pub(super) tape: Tape,
    pub(super) digest: u64,
    pub(super) hints: Vec<Hint>,
    /// The point of the cut and the number of the run; `None` in a replay.
    pub(super) cut: Option<(u64, u64)>,
}

impl Failing {
    /// The earlier the cut the smaller, then the fewer choices are unusual.
    pub(super) fn size(&self) -> (u64, usize) {
        (self.cut.map_or(0, |(point, _)| point), self.tape.unusual())
    }
}

/// The finding of a cut run.
pub(super) fn explain(case: &Case<'_>, reason: &Reason, reference: &Reference, bystanders: &[String]) -> Finding {
    let mut finding = match reason {
        Reason::Verdict(verdict) => case.explain(verdict.clone()),
        Reason::Stranger(stranger) => match case.differs() {
            Some(finding) => return finding,
            None => Finding::new(FindingKind::BrokenByCut, strange(stranger, reference, bystanders)),
        },
    };
    let (lines, place) = cut(case);
    finding.lines.extend(lines);
    finding.place = finding.place.take().or(place);
    finding
}

fn strange(stranger: &Stranger, reference: &Reference, bystanders: &[String]) -> Vec<String> {
    let who = match stranger.role {
        ROLE_AGAIN => "the operation, run again after it was cut, ended".to_owned(),
        role => format!("bystander `{}` ended", bystanders[role - ROLE_AGAIN - 1]),
    };
    vec![
        format!("{who} with `{}`", stranger.outcome),
        format!(
            "in {} runs without a cut, or with one before the first poll, with {}",
            reference.runs * 2,
            reference.shown(stranger.role)
        ),
    ]
}

/// Repeats the run to see where what was cut waited: the lines that say so, and the place.
pub(crate) fn cut(case: &Case<'_>) -> (Vec<String>, Option<String>) {
    let run = case.trial.stage(case.tape, Watch::default());
    run.cancel.glass.put_on(None);
    let (_, seen) = case.trial.perform(&run, 0, |run, _| Some((run.cancel.made()?, run.cancel.glass.take_cut())));
    let Some((made, stacks)): Option<(Made, _)> = seen else { return (Vec::new(), None) };
    let mut lines = vec![format!("cut: {made}")];
    let Some(stacks) = stacks.filter(|_| made.moment.is_at_await()) else { return (lines, None) };
    let mut atlas = Atlas::default();
    let site = atlas.find(&stacks);
    let site = &atlas.awaits[site];
    lines.push(match &site.frame {
        Some(frame) => format!("  it awaited {frame}"),
        None => format!("  it awaited {}", site.place()),
    });
    if let (Some(_), Some(leaf)) = (&site.frame, &site.leaf) {
        lines.push(format!("  through {leaf}"));
    }
    (lines, site.frame.as_ref().map(|frame| frame.site.to_string()))
}

/// What to say of a failure in a run in which nothing was cut.
pub(super) fn uncut(verdict: &Verdict, bystanders: &[String]) -> Vec<String> {
    let mut lines = vec!["nothing was cut in this run: an audit starts from a program that passes without cuts".into()];
    if let Verdict::Stuck(tasks) | Verdict::Dead(tasks) | Verdict::Limit { unpolled: tasks, .. } = verdict {
        let waits = |name: &str| tasks.iter().any(|task| task.name.as_deref() == Some(name));
        if waits(OPERATION) {
            lines.push("the operation never ends, even when it is let alone".into());
        }
        for name in bystanders.iter().filter(|name| waits(name)) {
            lines.push(format!(
                "bystander `{name}` does not end; one that is to serve for ever is no bystander: spawn it as a daemon in \
                 `.world(..)`"
            ));
        }
    }
    lines
}
