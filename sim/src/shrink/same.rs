//! Whether another run failed in the same way.
//!
//! Decided from the verdict of the run: symbols are resolved for the final report only, and a shrinker that looked at
//! await sites would spend its budget there. Only where a task has no live waker a replay tells whether it waits for ever on purpose, as
//! the one in question does or does not; and where a leaf is late, whether it was starved.

use std::panic::Location;

use crate::cancel::{Harm, Who};
use crate::explain::Case;
use crate::finding::{StuckTask, TaskInfo};
use crate::judge::Verdict;
use crate::run::{Limit, PanicNote};
use crate::trial::Outcome;

/// What two failing runs have in common if they show one bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Same {
    /// The panic is at this place, and the first that came before it, if any did, at that.
    Panic(Place, Place),
    /// The root fails.
    Error,
    /// The oracle objects in these words, digits apart.
    Oracle(String),
    /// Somebody is treated unfairly.
    Unfair,
    /// A task that was spawned here is stuck; whether nobody can wake it, and whether it waits for ever on purpose, if
    /// that was looked into.
    Stuck { root_ended: bool, task: Signature, dead: bool, parked: Option<bool> },
    /// The limit is reached, and this task is the busiest.
    Limit { polls: bool, busiest: Option<Signature> },
    /// This future is polled after completion.
    PollAfterReady(&'static str),
    /// A poll of a task that was spawned here goes round and round.
    Spun(Signature),
    /// A task that was spawned here is alive when the root ends.
    Detached(Option<Signature>),
    /// A cancellation took with it what was made here.
    Lost(&'static Location<'static>),
    /// A cancellation makes this one end otherwise.
    Changed(Who),
    /// A leaf that was made here is starved.
    Starved(&'static Location<'static>),
}

/// File, line and column, where they are known.
type Place = Option<(String, u32, u32)>;

/// Which task, whatever its number.
type Signature = (&'static Location<'static>, Option<String>);

fn signature(task: &TaskInfo) -> Signature {
    (task.site, task.name.clone())
}

impl Same {
    /// What to look for, given a verdict and the task that its explanation found guilty. `None` for what no tape repeats.
    pub(crate) fn of(verdict: &Verdict, guilty: Option<&StuckTask>) -> Option<Self> {
        let stuck = |root_ended, tasks: &[TaskInfo]| {
            let task = guilty.map(|stuck| &stuck.task).or(tasks.first())?;
            let parked = guilty.map(StuckTask::is_parked);
            Some(Self::Stuck { root_ended, task: signature(task), dead: task.live_wakers == 0, parked })
        };
        match verdict {
            Verdict::Stuck(tasks) => stuck(false, tasks),
            Verdict::Dead(tasks) => stuck(true, tasks),
            Verdict::Panic(panicked) => {
                Some(Self::Panic(place(panicked.note.as_ref()), place(panicked.before.first().map(|(_, note)| note))))
            }
            Verdict::Error(_) => Some(Self::Error),
            Verdict::Oracle(text) => Some(Self::Oracle(without_digits(text))),
            Verdict::Unfair(_) => Some(Self::Unfair),
            Verdict::Limit { limit, busiest, .. } => {
                Some(Self::Limit { polls: *limit == Limit::Polls, busiest: busiest.as_ref().map(signature) })
            }
            Verdict::PollAfterReady { misuse, .. } => Some(Self::PollAfterReady(misuse.what)),
            Verdict::Spun { task, .. } => Some(Self::Spun(signature(task))),
            Verdict::Detached(tasks) => Some(Self::Detached(tasks.first().map(signature))),
            Verdict::Harm(
                Harm::DroppedValue { made, .. }
                | Harm::CutShort { made, .. }
                | Harm::Leaked { made, .. }
                | Harm::Late { made, .. }
                | Harm::Grows { made, .. },
            ) => Some(Self::Lost(made)),
            Verdict::Harm(Harm::Changed { who, .. }) => Some(Self::Changed(who.clone())),
            Verdict::Starved(late) => Some(Self::Starved(late.first()?.made.site)),
            Verdict::Refused(_) | Verdict::ForeignWake(_) => None,
        }
    }

    /// Whether `verdict` shows it, as far as the verdict tells.
    fn is(&self, verdict: &Verdict) -> bool {
        match (self, verdict) {
            (Self::Stuck { root_ended: false, .. }, Verdict::Stuck(tasks))
            | (Self::Stuck { root_ended: true, .. }, Verdict::Dead(tasks)) => tasks.iter().any(|task| self.is_of(task)),
            (Self::Starved(site), Verdict::Starved(late)) => late.iter().any(|late| late.made.site == *site),
            _ => Self::of(verdict, None).as_ref() == Some(self),
        }
    }

    /// Whether it is `task`, or one like it, that is stuck.
    fn is_of(&self, task: &TaskInfo) -> bool {
        matches!(self, Self::Stuck { task: stuck, dead, .. } if signature(task) == *stuck && (task.live_wakers == 0) == *dead)
    }
}

impl Case<'_> {
    /// The verdict on this run, which came to `outcome`, if that shows `same`.
    pub(crate) fn showing(&self, same: &Same, outcome: Outcome) -> Option<Verdict> {
        if matches!(same, Same::Starved(_)) {
            // One at that place may be late and innocent.
            let Verdict::Starved(late) = outcome.verdict(true).filter(|verdict| same.is(verdict))? else { return None };
            return self.starvation(&late).filter(|verdict| same.is(verdict));
        }
        // A replay only where it can tell.
        let wrong = outcome
            .wrong
            .filter(|wrong| same.is(&wrong.verdict) || wrong.besides.as_ref().is_some_and(|verdict| same.is(verdict)));
        let verdict = self.settled(wrong).filter(|verdict| same.is(verdict))?;
        let parks_as_well = match (same, &verdict) {
            (Same::Stuck { dead: true, parked: Some(parked), .. }, Verdict::Stuck(tasks)) => {
                tasks.iter().filter(|task| same.is_of(task)).any(|task| self.is_parked(task) == *parked)
            }
            _ => true,
        };
        parks_as_well.then_some(verdict)
    }
}

fn place(note: Option<&PanicNote>) -> Place {
    note.and_then(|note| note.place.clone())
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|character| !character.is_ascii_digit()).collect()
}
