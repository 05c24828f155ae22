//! What a cut broke, in the few words that a table has room for.

use std::fmt;

use super::record::Harm;
use super::stage::{AGAIN, KNIFE, OPERATION};
use crate::finding::{FindingKind, TaskInfo};
use crate::judge::Verdict;
use crate::livelock::Quiet;

/// What a cut broke: who suffered, and how.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use reveille::cancel::{self, What, Who};
///
/// // Takes the only seat, and gives it back in the end.
/// async fn sit(seats: Rc<Cell<u32>>) {
///     while seats.get() == 0 {
///         reveille::yield_now().await;
///     }
///     seats.set(seats.get() - 1);
///     reveille::yield_now().await;
///     seats.set(seats.get() + 1);
/// }
///
/// let audit = cancel::audit(sit).world(|| Rc::new(Cell::new(1)));
/// let report = audit.limits(1_000, std::time::Duration::from_secs(1)).run().unwrap();
/// let faults: Vec<_> = report.rows().iter().flat_map(|row| row.faults.keys()).collect();
/// assert!(!faults.is_empty());
/// assert!(faults.iter().all(|fault| fault.who == Who::Program && matches!(fault.what, What::Finding(_))));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// Who suffered.
    pub who: Who,
    /// What happened to them.
    pub what: What,
}

/// Who suffered from a cut.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The same operation, run again after the cut.
    Again,
    /// The bystander of this name.
    Bystander(String),
    /// The cut itself: a destructor of what was cut.
    Cut,
    /// The rest of the program: what runs after the cut, or a task that one of the parts spawned.
    Program,
}

/// How somebody suffered from a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// Ended with an outcome that no uncut run has.
    Differs,
    /// Did not end.
    Hangs,
    /// Panicked.
    Panics,
    /// Something else was found.
    Finding(FindingKind),
}

impl Fault {
    pub(super) fn of(verdict: &Verdict, bystanders: &[String]) -> Self {
        match verdict {
            Verdict::Harm(Harm::Changed { who, .. }) => Self { who: who.clone(), what: What::Differs },
            Verdict::Stuck(tasks) | Verdict::Dead(tasks) => {
                Self { who: Who::among(tasks, bystanders), what: What::Hangs }
            }
            Verdict::Panic(panicked) => {
                let first = panicked.before.first().map_or(&panicked.task, |(task, _)| task);
                Self { who: Who::among(first.as_slice(), bystanders), what: What::Panics }
            }
            verdict => Self { who: Who::Program, what: What::Finding(kind(verdict)) },
        }
    }
}

/// The kind of finding that `verdict` becomes, as far as that is known before it is explained.
fn kind(verdict: &Verdict) -> FindingKind {
    match verdict {
        Verdict::Refused(_) => FindingKind::Nondeterminism,
        Verdict::PollAfterReady { .. } => FindingKind::PollAfterReady,
        Verdict::Spun { .. } => FindingKind::EndlessPoll,
        Verdict::Panic(_) => FindingKind::Panic,
        Verdict::Error(_) => FindingKind::Error,
        Verdict::Oracle(_) => FindingKind::Oracle,
        Verdict::Unfair(_) => FindingKind::Unfairness,
        Verdict::ForeignWake(_) => FindingKind::ForeignWake,
        Verdict::Stuck(_) => FindingKind::Stuck,
        Verdict::Dead(_) => FindingKind::DeadWaker,
        Verdict::Limit { quiet: Quiet::Since(_), .. } => FindingKind::Livelock,
        Verdict::Limit { .. } => FindingKind::Limit,
        Verdict::Detached(_) => FindingKind::DetachedTask,
        Verdict::Harm(Harm::DroppedValue { .. }) => FindingKind::DroppedValue,
        Verdict::Harm(Harm::CutShort { .. }) => FindingKind::CutShort,
        Verdict::Harm(Harm::Leaked { .. } | Harm::Grows { .. }) => FindingKind::Leak,
        Verdict::Harm(Harm::Late { .. }) => FindingKind::LateEffect,
        Verdict::Harm(Harm::Changed { .. }) => FindingKind::BrokenByCut,
        Verdict::Starved(_) => FindingKind::StarvedLeaf,
    }
}

impl Who {
    /// Who of `tasks` counts: the operation itself before bystanders, and those before everybody else.
    fn among(tasks: &[TaskInfo], bystanders: &[String]) -> Self {
        let names: Vec<&str> = tasks.iter().filter_map(|task| task.name.as_deref()).collect();
        if names.contains(&AGAIN) {
            return Self::Again;
        }
        if let Some(name) = bystanders.iter().find(|bystander| names.contains(&bystander.as_str())) {
            return Self::Bystander(name.clone());
        }
        if names.contains(&OPERATION) || names.contains(&KNIFE) { Self::Cut } else { Self::Program }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.who, self.what) {
            (_, What::Finding(kind)) => return write!(f, "{kind}"),
            (Who::Again, _) => f.write_str("again")?,
            (Who::Bystander(name), _) => f.write_str(name)?,
            (Who::Cut, _) => f.write_str("the cut")?,
            (Who::Program, _) => f.write_str("the rest")?,
        }
        f.write_str(match self.what {
            What::Differs => " differs",
            What::Hangs => " hangs",
            What::Panics => " panics",
            What::Finding(_) => "",
        })
    }
}
