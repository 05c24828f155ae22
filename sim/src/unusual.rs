//! The unusual choices of a failing run, one by one: when, which task, where that comes from, and what the usual choice was.
//!
//! The lanes show the same in its surroundings; this list names who is behind the numbers there.

use std::collections::BTreeSet;

use reveille_executor::TaskId;

use crate::event::{Event, Stamped};
use crate::lanes::{self, Extent};
use crate::net::Fault;

/// At most so many are listed: a run that could not be made small has hundreds.
const LISTED_MAX: usize = 12;

/// What a report shows of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    /// A line for each unusual choice.
    pub(crate) unusual: Vec<String>,
    /// A row per poll.
    pub(crate) lanes: Vec<String>,
    /// How often faults struck; `None` where none may.
    pub(crate) struck: Option<Vec<(Fault, u64)>>,
}

impl Schedule {
    /// Of a run with that `trace`, of which `told` is said already: the rows of the steps that are named there or in the list are shown, and
    /// others as `extent` has it. `describe` says which task that is, with the place of its spawn.
    pub(crate) fn new(trace: &[Stamped], told: &str, extent: Extent, describe: impl Fn(TaskId) -> String) -> Self {
        let unusual = listed(trace, describe);
        let texts = unusual.iter().map(String::as_str).chain([told]);
        let named = texts.flat_map(lanes::steps_named).collect();
        Self { lanes: lanes::lanes(trace, &named, extent), unusual, struck: None }
    }
}

fn listed(trace: &[Stamped], describe: impl Fn(TaskId) -> String) -> Vec<String> {
    let mut introduced = BTreeSet::new();
    // A task is introduced once, and goes by its number from then on.
    let mut name = |task: TaskId| if introduced.insert(task) { describe(task) } else { format!("task {task}") };
    let (mut lines, mut left_out) = (Vec::new(), 0);
    let mut polled = None;
    for Stamped { step, event } in trace {
        let is_full = lines.len() == LISTED_MAX;
        match *event {
            Event::Polled { task } => polled = Some(task),
            Event::Chose { kind, .. } if lanes::is_told_of_a_task(kind) => {}
            Event::Picked { .. } | Event::Took { .. } | Event::Chose { answer: 1.., .. } if is_full => left_out += 1,
            Event::Took { freedom, task } => {
                lines.push(format!("step {step}: {} {}", name(task), lanes::took(freedom)));
            }
            Event::Picked { task, instead_of, passed_over } => {
                let (task, instead_of) = (name(task), name(instead_of));
                let others = if passed_over > 1 { format!(", {passed_over} passed over") } else { String::new() };
                lines.push(format!("step {step}: {task} instead of {instead_of}{others}"));
            }
            Event::Chose { kind, bound, answer: answer @ 1.. } => {
                let by = polled.map(|task| name(task) + ": ").unwrap_or_default();
                lines.push(format!("step {step}: {by}{}", lanes::chosen(kind, bound, answer)));
            }
            _ => {}
        }
    }
    if left_out > 0 {
        lines.push(format!("and {left_out} more"));
    }
    lines
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::freedom::Freedom;
    use crate::kinds;

    fn picked(step: u64, task: u32, instead_of: u32, passed_over: u32) -> Stamped {
        let [task, instead_of] = [task, instead_of].map(TaskId::new);
        Stamped { step, event: Event::Picked { task, instead_of, passed_over } }
    }

    fn describe(task: TaskId) -> String {
        format!("task {task} (spawned somewhere)")
    }

    #[test]
    fn who_was_chosen_instead_of_whom_is_said_and_each_is_introduced_once() {
        let chose = |answer| Event::Chose { kind: kinds::CHOOSE, bound: 9, answer };
        let trace = [
            picked(2, 1, 0, 1),
            Stamped { step: 2, event: Event::Polled { task: TaskId::new(1) } },
            Stamped { step: 2, event: chose(0) },
            Stamped { step: 2, event: chose(4) },
            picked(5, 0, 1, 3),
        ];
        assert_eq!(
            listed(&trace, describe),
            [
                "step 2: task 1 (spawned somewhere) instead of task 0 (spawned somewhere)",
                "step 2: task 1: choose(9) gave 4 instead of 0",
                "step 5: task 0 instead of task 1, 3 passed over",
            ]
        );
    }

    #[test]
    fn what_is_done_between_polls_is_said_of_whom_it_is_done_to() {
        let chose = Event::Chose { kind: kinds::HELD_BACK, bound: 2, answer: 1 };
        let took = |freedom, task| Event::Took { freedom, task: TaskId::new(task) };
        let trace = [
            Stamped { step: 1, event: Event::Polled { task: TaskId::new(0) } },
            Stamped { step: 1, event: chose },
            Stamped { step: 1, event: took(Freedom::HeldBack, 3) },
            Stamped { step: 2, event: took(Freedom::Spurious, 3) },
        ];
        assert_eq!(
            listed(&trace, describe),
            [
                "step 1: task 3 (spawned somewhere) could run, and was held back until time moved on",
                "step 2: task 3 was polled although nobody had woken it",
            ]
        );
    }

    #[test]
    fn a_long_list_ends_with_how_much_is_left_out() {
        let trace: Vec<_> = (1..100).map(|step| picked(step, 1, 0, 1)).collect();
        let lines = listed(&trace, describe);
        assert_eq!((lines.len(), lines.last().map(String::as_str)), (LISTED_MAX + 1, Some("and 87 more")));
    }
}
