//! What happens in a run, as an oracle sees it.

use reveille_executor::{Kind, TaskId};
use reveille_reactor::Instant;

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A task was spawned, by another task or from outside any poll.
    Spawned {
        /// The new task.
        task: TaskId,
        /// The task whose poll spawned it.
        by: Option<TaskId>,
    },
    /// A task was picked out of order: the next poll is its.
    Picked {
        /// The task.
        task: TaskId,
        /// The task whose turn it was.
        instead_of: TaskId,
        /// How many tasks were passed over.
        passed_over: u32,
    },
    /// A task is about to be polled.
    Polled {
        /// The task.
        task: TaskId,
    },
    /// A task's waker was used.
    Woken {
        /// The task that is woken.
        task: TaskId,
        /// The task whose poll woke it; `None` for a timer.
        by: Option<TaskId>,
    },
    /// A task ended: completed, panicked, or was aborted.
    Ended {
        /// The task.
        task: TaskId,
    },
    /// A choice of the program's own, or one of the simulated world, was answered.
    Chose {
        /// What was asked.
        kind: Kind,
        /// How many answers there were.
        bound: u32,
        /// The answer, below `bound`.
        answer: u32,
    },
    /// Time moved.
    TimePassed {
        /// The time that it is now.
        now: Instant,
    },
}

/// An event with the step it belongs to: the number of the poll that was under way or had been last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub(crate) step: u64,
    pub(crate) event: Event,
}

impl std::fmt::Display for Stamped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { step, event } = self;
        write!(f, "step {step}: ")?;
        match event {
            Event::Spawned { task, by: Some(by) } => write!(f, "task {by} spawned task {task}"),
            Event::Spawned { task, by: None } => write!(f, "task {task} was spawned"),
            Event::Picked { task, instead_of, .. } => write!(f, "task {task} was picked instead of task {instead_of}"),
            Event::Polled { task } => write!(f, "task {task} was polled"),
            Event::Woken { task, by: Some(by) } => write!(f, "task {by} woke task {task}"),
            Event::Woken { task, by: None } => write!(f, "task {task} was woken"),
            Event::Ended { task } => write!(f, "task {task} ended"),
            Event::Chose { kind, bound, answer } => {
                write!(f, "choice `{}` of {bound} was answered {answer}", kind.letter())
            }
            Event::TimePassed { now } => write!(f, "time moved to {now}"),
        }
    }
}
