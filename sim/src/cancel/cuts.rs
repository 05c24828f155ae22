//! Where and how an operation can be cut.
//!
//! The points of an operation are numbered in the order in which they are asked about: 0 before its first poll, `2k - 1`
//! when its *k*-th poll has returned, `2k` when it has been woken after that and is not polled yet.

use std::fmt;

use reveille_executor::TaskId;

/// When, in the life of an operation, it is cut.
///
/// ```
/// use reveille::cancel::{Moment, Way};
///
/// assert_eq!(Moment::AfterWake.to_string(), "woken, not yet polled");
/// assert_eq!(Way::Aborted.to_string(), "task aborted");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// It was made, and never polled.
    BeforeFirstPoll,
    /// A poll of it has just returned `Pending`.
    AfterPending,
    /// It was woken, and has not been polled since: the window in which it may own something and not know it.
    AfterWake,
    /// It is ready, and its output is dropped untaken.
    Ready,
}

impl Moment {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::BeforeFirstPoll, Self::AfterPending, Self::AfterWake, Self::Ready];

    /// Whether the operation waits somewhere at this moment.
    pub(super) fn is_at_await(self) -> bool {
        matches!(self, Self::AfterPending | Self::AfterWake)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::BeforeFirstPoll => "before its first poll",
            Self::AfterPending => "after a pending poll",
            Self::AfterWake => "woken, not yet polled",
            Self::Ready => "ready, output untaken",
        })
    }
}

/// Who drops the operation, and how.
///
/// ```
/// use reveille::{cancel::{self, Way}, yield_now};
///
/// // A panic is one of them if it is asked for.
/// let ways = |report: cancel::Report| -> std::collections::BTreeSet<_> { report.rows().iter().map(|row| row.way).collect() };
/// let audit = || cancel::audit(|()| yield_now());
/// assert_eq!(ways(audit().run().unwrap()).len(), 3);
/// assert_eq!(ways(audit().unwinding().run().unwrap()), Way::ALL.into());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// The task that polls it drops it, in the same poll: what `select!` and `timeout` do to a loser.
    Dropped,
    /// Its task is aborted by another task, when the schedule comes to that.
    Aborted,
    /// Another task drops it within a poll of its own, when the schedule comes to that.
    ByAnother,
    /// The task that polls it panics, and the unwinding drops it.
    Unwinding,
}

impl Way {
    /// All of them, in the order of the answers 1, 2, .. to a point.
    pub const ALL: [Self; 4] = [Self::Dropped, Self::Aborted, Self::ByAnother, Self::Unwinding];

    /// How many there are, with or without unwinding.
    pub(super) fn count(unwinding: bool) -> usize {
        Self::ALL.len() - usize::from(!unwinding)
    }

    /// What the answer to a point means; `None` for 0, which lets the operation go on.
    pub(super) fn of_answer(answer: u32) -> Option<Self> {
        Self::ALL.get((answer as usize).checked_sub(1)?).copied()
    }

    pub(super) fn answer(self) -> u32 {
        self as u32 + 1
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Dropped => "dropped in place",
            Self::Aborted => "task aborted",
            Self::ByAnother => "dropped by another",
            Self::Unwinding => "dropped in a panic",
        })
    }
}

/// A cut that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(super) moment: Moment,
    pub(super) way: Way,
    /// How often the operation had returned `Pending`.
    pub(super) polls: u64,
    /// What was cut, as a report calls it.
    pub(super) what: &'static str,
    /// Its number, where it is one of several tasks.
    pub(super) task: Option<TaskId>,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = match self.way {
            Way::Dropped => "was dropped by its own task",
            Way::Aborted => "was aborted",
            Way::ByAnother => "was dropped by another task",
            Way::Unwinding => "was dropped by a panic of its task",
        };
        f.write_str(self.what)?;
        if let Some(task) = self.task {
            write!(f, " {task}")?;
        }
        write!(f, " {done} ")?;
        let polls = self.polls;
        match self.moment {
            Moment::BeforeFirstPoll => f.write_str("before its first poll"),
            Moment::AfterPending => write!(f, "when its poll number {polls} had returned `Pending`"),
            Moment::AfterWake => {
                write!(f, "when it had been woken after its poll number {polls}, and not been polled yet")
            }
            Moment::Ready => write!(f, "when it was ready after {polls} pending polls, and its output not yet taken"),
        }
    }
}

/// The points at which an operation is cut that has returned `Pending` at most `polls` times: all of them, or `max` of
/// them, evenly spread, the first and the last included.
pub(super) fn points(polls: u64, max: usize) -> Vec<u64> {
    let count = points_of(polls);
    let max = (max.max(2)) as u64;
    if count <= max {
        return (0..count).collect();
    }
    // Pairs, so that both moments of an await are cut or neither is.
    let pairs = max / 2;
    let last = count / 2 - 1;
    (0..pairs)
        .flat_map(|nth| {
            let pair = nth * last / (pairs - 1).max(1);
            [2 * pair, 2 * pair + 1]
        })
        .collect()
}

/// How many points an operation has that returned `Pending` so many times.
pub(super) fn points_of(polls: u64) -> u64 {
    2 * polls + 2
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn all_points_or_an_even_sample_with_both_ends() {
        assert_eq!(points(0, 100), [0, 1]);
        assert_eq!(points(2, 100), [0, 1, 2, 3, 4, 5]);
        let sample = points(10_000, 8);
        assert_eq!(sample.len(), 8);
        assert_eq!((sample[0], sample[7]), (0, 20_001));
        assert!(sample.is_sorted());
    }

    #[test]
    fn answers_and_ways_agree() {
        assert_eq!(Way::of_answer(0), None);
        for way in Way::ALL {
            assert_eq!(Way::of_answer(way.answer()), Some(way));
        }
    }
}
