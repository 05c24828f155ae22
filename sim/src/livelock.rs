//! Livelock: polls go on and on, and nothing comes of them.
//!
//! That a program will never come to rest cannot be told from its polls: it may be counting to a million. So nothing is said before
//! the limit of polls. At the limit it is a livelock if for half of it, and for [`QUIET_MIN`] polls, no task was spawned or ended and no time passed;
//! without time no byte moves either. A replay then tells who wakes whom, and the circle that it finds is what there is to mend.
//!
//! A program that is meant to spin says so, by [`meant_to_spin`].

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use reveille_executor::TaskId;

use crate::context;
use crate::event::Event;
use crate::finding::{Finding, FindingKind, TaskInfo};
use crate::run::{Run, Site};
use crate::site::{Frame, Stack};

/// With fewer polls than this without progress it is only a limit that was low.
pub(crate) const QUIET_MIN: u64 = 10_000;

/// The step of the last progress, and who spins on purpose.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    step: Cell<u64>,
    /// How many guards are alive, and where the last one was made.
    spinning: Cell<usize>,
    made: Cell<Option<Site>>,
}

impl Progress {
    pub(crate) fn clear(&self) {
        self.step.set(0);
        self.spinning.set(0);
        self.made.set(None);
    }

    #[inline]
    pub(crate) fn at(&self, step: u64) {
        self.step.set(step);
    }

    /// Whether the program says so, now.
    pub(crate) fn is_meant_to_spin(&self) -> bool {
        self.spinning.get() > 0
    }

    /// What the polls came to of a run that ended after `limit` of them.
    pub(crate) fn at_the_limit(&self, limit: u64) -> Quiet {
        let since = self.step.get();
        let quiet = limit.saturating_sub(since);
        match self.made.get().filter(|_| self.spinning.get() > 0) {
            Some(made) => Quiet::Meant(made),
            None if quiet >= QUIET_MIN && quiet >= limit / 2 => Quiet::Since(since),
            None => Quiet::No,
        }
    }
}

/// Whether nothing came of the polls of a run, at the limit of polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Something did.
    No,
    /// Nothing after this step.
    Since(u64),
    /// The program is meant to spin, as it says here.
    Meant(Site),
}

/// Says that the program is meant to spin for as long as the result lives: that polls go on while no task ends and no time passes is no
/// [livelock](crate::FindingKind::Livelock) then, and a poll that goes round with leaves of ours no
/// [endless poll](crate::FindingKind::EndlessPoll). The [limit](crate::Explore::limits) of polls and the
/// [watchdog](crate::Explore::watchdog) stay what they are.
///
/// ```
/// use reveille::{FindingKind, explore, task::meant_to_spin, yield_now};
///
/// let spin = |is_meant: bool| async move {
///     let _guard = is_meant.then(meant_to_spin);
///     loop {
///         yield_now().await;
///     }
/// };
/// let explore = || explore().limits(50_000, std::time::Duration::MAX).shrink(false);
/// assert_eq!(explore().run(|| spin(false)).unwrap_err().kind(), Some(FindingKind::Livelock));
/// assert_eq!(explore().run(|| spin(true)).unwrap_err().kind(), Some(FindingKind::Limit));
/// ```
#[track_caller]
#[must_use = "the program is meant to spin for as long as this lives"]
pub fn meant_to_spin() -> MeantToSpin {
    let made = std::panic::Location::caller();
    context::try_with(|run| {
        run.progress.spinning.set(run.progress.spinning.get() + 1);
        run.progress.made.set(Some(made));
    });
    MeantToSpin { run: context::try_with(Run::id) }
}

/// The program is meant to spin while this lives; made by [`meant_to_spin`].
///
/// ```
/// use reveille::{task::meant_to_spin, yield_now};
///
/// # reveille::explore().runs(10).run(|| async {
/// let spinning = meant_to_spin();
/// for _ in 0..100 {
///     yield_now().await; // polls a flag, say
/// }
/// drop(spinning); // from here on it would be a livelock
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct MeantToSpin {
    run: Option<crate::run::RunId>,
}

impl Drop for MeantToSpin {
    fn drop(&mut self) {
        context::try_with(|run| {
            if self.run == Some(run.id()) {
                run.progress.spinning.set(run.progress.spinning.get().saturating_sub(1));
                run.progress.at(run.step());
            }
        });
    }
}

/// Notes who wakes whom, from a step on.
#[derive(Debug)]
pub(crate) struct Wakes {
    from: u64,
    polls: RefCell<BTreeMap<TaskId, u64>>,
    /// By who was woken and by whom.
    wakes: RefCell<BTreeMap<(TaskId, Option<TaskId>), Edge>>,
}

/// One task wakes another.
#[derive(Debug, Default)]
struct Edge {
    count: u64,
    /// Where it does, the first time.
    stack: Option<Stack>,
}

impl Wakes {
    /// Notes what happens after step `from`.
    pub(crate) fn after(from: u64) -> Self {
        Self { from, polls: RefCell::default(), wakes: RefCell::default() }
    }

    pub(crate) fn event(&self, step: u64, event: &Event) {
        /// So many stacks are kept.
        const STACKS_MAX: usize = 64;
        if step <= self.from {
            return;
        }
        match *event {
            Event::Polled { task } => *self.polls.borrow_mut().entry(task).or_default() += 1,
            Event::Woken { task, by } => {
                let mut wakes = self.wakes.borrow_mut();
                let has_room = wakes.len() < STACKS_MAX;
                let edge = wakes.entry((task, by)).or_default();
                edge.count += 1;
                if edge.count == 1 && has_room {
                    edge.stack = Some(Stack::capture());
                }
            }
            _ => {}
        }
    }

    /// The circle of tasks that wake each other: each is woken by the next, and the last by the first. Found by going back from the task
    /// with the most polls to who wakes it most, until a task comes up again.
    fn circle(&self) -> Vec<TaskId> {
        let (polls, wakes) = (self.polls.borrow(), self.wakes.borrow());
        let Some((busiest, _)) = polls.iter().max_by_key(|(task, polls)| (**polls, std::cmp::Reverse(**task))) else {
            return Vec::new();
        };
        let mut path = vec![*busiest];
        loop {
            let last = path[path.len() - 1];
            let edges = wakes.iter().filter(|((woken, by), _)| *woken == last && by.is_some());
            let Some(((_, Some(by)), _)) = edges.max_by_key(|(_, edge)| edge.count) else { return Vec::new() };
            if let Some(at) = path.iter().position(|task| task == by) {
                return path.split_off(at);
            }
            path.push(*by);
        }
    }

    fn wakes_at(&self, woken: TaskId, by: TaskId) -> Option<Frame> {
        self.wakes.borrow().get(&(woken, Some(by)))?.stack.as_ref()?.innermost_line()
    }

    /// What there is to say of a run that came to nothing after the step that this began with, and where it is.
    pub(crate) fn describe(&self, run: &Run) -> (Vec<String>, Option<String>) {
        let polls = self.polls.borrow();
        let all: u64 = polls.values().sum();
        let mut lines = vec![format!(
            "in the last {all} polls no task was spawned or ended, and no time passed: they come to nothing"
        )];
        let share = |task: &TaskId| {
            let polls = polls.get(task).copied().unwrap_or(0);
            format!("{polls} polls, {} % of them", (polls * 100 + all / 2) / all.max(1))
        };
        let circle = self.circle();
        let mut place = None;
        for (nth, task) in circle.iter().enumerate() {
            let by = circle[(nth + 1) % circle.len()];
            let frame = self.wakes_at(*task, by);
            let at =
                frame.as_ref().map_or_else(String::new, |frame| format!(", at {} in {}", frame.site, frame.function));
            let who = if by == *task { "itself".into() } else { format!("task {by}") };
            lines.push(format!("{}: {}; woken by {who}{at}", TaskInfo::of(run, *task), share(task)));
            place = place.or_else(|| frame.map(|frame| frame.site.to_string()));
        }
        match circle.len() {
            0 => lines.push("nobody of the program's own wakes them: what does is outside of its polls".into()),
            1 => {}
            count => lines.push(format!("these {count} tasks wake each other in a circle")),
        }
        (lines, place)
    }
}

/// The finding, from what a replay has told.
pub(crate) fn finding(described: (Vec<String>, Option<String>)) -> Finding {
    let (mut lines, place) = described;
    lines.push(
        "a task is to wake another when there is something for it, and to return `Pending` when there is nothing"
            .into(),
    );
    lines.push("a program that is meant to spin says so by `reveille::task::meant_to_spin()`".into());
    Finding { place, ..Finding::new(FindingKind::Livelock, lines) }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// The busiest task may only be a victim: 0 and 1 wake each other, and 0 wakes 2 as well.
    #[test]
    fn who_is_only_woken_by_a_circle_is_not_in_it() {
        let wakes = Wakes::after(0);
        let [zero, one, two] = [0, 1, 2].map(TaskId::new);
        for (woken, by) in [(two, zero), (one, zero), (zero, one)] {
            wakes.event(1, &Event::Woken { task: woken, by: Some(by) });
        }
        for task in [zero, one, two, two] {
            wakes.event(1, &Event::Polled { task });
        }
        assert_eq!(wakes.circle(), [zero, one]);
    }
}
