//! What happens in a run, as an oracle sees it.

use reveille_executor::{Kind, TaskId};
use reveille_reactor::Instant;

use crate::freedom::Freedom;

/// One thing that happened.
///
/// ```
/// use reveille::{Event, Oracle, explore, yield_now};
///
/// /// Allows two polls.
/// struct Counts(u32);
///
/// impl Oracle for Counts {
///     fn event(&mut self, event: &Event) -> Result<(), String> {
///         self.0 += u32::from(matches!(event, Event::Polled { .. }));
///         if self.0 <= 2 { Ok(()) } else { Err(format!("{} polls", self.0)) }
///     }
/// }
///
/// explore().oracle(|| Counts(0)).run(yield_now).unwrap();
/// let twice = || async {
///     yield_now().await;
///     yield_now().await;
/// };
/// let failure = explore().oracle(|| Counts(0)).run(twice).unwrap_err();
/// assert!(failure.to_string().contains("3 polls"));
/// ```
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
    /// A task could run, and is not polled: its node is [paused](crate::Node::pause).
    Suspended {
        /// The task.
        task: TaskId,
    },
    /// The node of a task that could run goes on: it waits for its turn again.
    Continued {
        /// The task.
        task: TaskId,
    },
    /// The executor did something odd with a task, which the contract allows.
    Took {
        /// What: [`HeldBack`](Freedom::HeldBack) or [`Spurious`](Freedom::Spurious). Of others it is seen in the poll that meets them.
        freedom: Freedom,
        /// With whom.
        task: TaskId,
    },
    /// A task ended.
    Ended {
        /// The task.
        task: TaskId,
        /// In which way.
        how: TaskEnd,
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
    /// An operation on files was done, whether anybody still waits for it or not; or a crash has damaged a disk.
    FileOperation {
        /// Which, and what came of it if it failed; or what the damage is.
        what: Told,
    },
    /// A packet was sent.
    Packet {
        /// What it is, from where to where, and what becomes of it.
        what: Told,
    },
    /// A socket became ready for who waits for it.
    Ready {
        /// Which, and for what.
        what: Told,
    },
    /// Something was done to a node.
    Node {
        /// To which, and what.
        what: Told,
    },
    /// Time moves on. What it wakes comes after.
    TimePassed {
        /// The time that it is now.
        now: Instant,
    },
}

/// A few words on what happened, cut off if they are too long.
///
/// ```
/// use reveille::{Event, Oracle, explore, node};
///
/// /// Objects to crashes.
/// struct Unbroken;
///
/// impl Oracle for Unbroken {
///     fn event(&mut self, event: &Event) -> Result<(), String> {
///         match event {
///             Event::Node { what } if what.as_str().contains("crashes") => Err(what.as_str().to_owned()),
///             _ => Ok(()),
///         }
///     }
/// }
/// let failure = explore().oracle(|| Unbroken).run(|| async { node("db").crash() }).unwrap_err();
/// assert!(failure.to_string().contains("`db` crashes"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Told {
    bytes: [u8; Self::LENGTH_MAX],
    length: u8,
}

impl Told {
    /// A line of a report has no room for more.
    const LENGTH_MAX: usize = 62;

    pub(crate) fn new(text: &str) -> Self {
        let fits = |length: &usize| text.is_char_boundary(*length);
        let length = (0..=text.len().min(Self::LENGTH_MAX)).rev().find(fits).unwrap_or(0);
        let mut bytes = [0; Self::LENGTH_MAX];
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Self { bytes, length: length as u8 }
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length.into()]).unwrap_or_default()
    }
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

/// How a task ended.
///
/// ```
/// use reveille::{Event, FindingKind, Oracle, TaskEnd};
///
/// /// Objects to every panic, also where the `JoinError` is handled.
/// struct NoPanics;
///
/// impl Oracle for NoPanics {
///     fn event(&mut self, event: &Event) -> Result<(), String> {
///         match event {
///             Event::Ended { task, how: TaskEnd::Panicked } => Err(format!("task {task} panicked")),
///             _ => Ok(()),
///         }
///     }
/// }
///
/// let failure = reveille::explore()
///     .oracle(|| NoPanics)
///     .run(|| async {
///         let _ignored = reveille::spawn(async { panic!("gone") }).await;
///     })
///     .unwrap_err();
/// assert_eq!(failure.kind(), Some(FindingKind::Oracle));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskEnd {
    /// Its future completed.
    Completed,
    /// It panicked: in a poll, or while its future was dropped, or an output that nobody wanted.
    Panicked,
    /// It was aborted.
    Cancelled,
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
            Event::Suspended { task } => write!(f, "task {task} could run, but its node is paused"),
            Event::Continued { task } => write!(f, "task {task} goes on with its node"),
            Event::Took { freedom, task } => write!(f, "task {task}: `{freedom}`"),
            Event::Ended { task, how: TaskEnd::Completed } => write!(f, "task {task} ended"),
            Event::Ended { task, how: TaskEnd::Panicked } => write!(f, "task {task} panicked"),
            Event::Ended { task, how: TaskEnd::Cancelled } => write!(f, "task {task} was aborted"),
            Event::Chose { kind, bound, answer } => {
                write!(f, "choice `{}` of {bound} was answered {answer}", kind.letter())
            }
            Event::FileOperation { what } => write!(f, "disk: {}", what.as_str()),
            Event::Packet { what } => write!(f, "packet: {}", what.as_str()),
            Event::Ready { what } => f.write_str(what.as_str()),
            Event::Node { what } => write!(f, "node {}", what.as_str()),
            Event::TimePassed { now } => write!(f, "time moved to {now}"),
        }
    }
}
