//! The one way in which anything asks for a decision.
//!
//! Whatever a run leaves open is a [`Point`], and answering it is one call of [`Choose::choose`]. Who answers (a seed,
//! a recorded tape, an exhaustive search, a fuzzer's bytes) is unknown here and makes no difference to the code that
//! asks. The shape is that of Hypothesis' choice sequence as told by `minithesis`: one primitive, everything else
//! derived.
//!
//! Deliberately absent: floats, ranges, weights as separate calls, and any second source of randomness.

use crate::TaskId;

/// Answers the decisions that a run leaves open.
pub trait Choose {
    /// Answers `point` with an index in `0..point.bound`.
    ///
    /// 0 is the dullest answer: the front of the queue, the shortest latency, no fault. Callers do not ask points with
    /// one answer; see [`decide`](Self::decide).
    fn choose(&mut self, point: Point<'_>) -> u32;

    /// Answers `point`, without asking when it has only one answer.
    fn decide(&mut self, point: Point<'_>) -> u32 {
        if point.bound <= 1 { 0 } else { self.choose(point) }
    }
}

/// A decision left open: its kind, how many answers it has, and what a random strategy may want to know.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// What is being decided.
    pub kind: Kind,
    /// The number of answers; at least 1. Small on purpose: draw from a menu, not from a range.
    pub bound: u32,
    /// What strategies may heed and exhaustive search and fuzzing ignore.
    pub hint: Hint<'a>,
}

impl Point<'static> {
    /// A point without a hint.
    #[must_use]
    pub const fn new(kind: Kind, bound: u32) -> Self {
        Self { kind, bound, hint: Hint::None }
    }
}

/// The kind of a decision, a lower-case ASCII letter: it is what a tape shows.
///
/// An open set: each crate names its own kinds as constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u8);

impl Kind {
    /// Which runnable task is polled next. Answered by position in the run queue.
    pub const SCHEDULE: Self = Self::new(b's');

    /// A kind named by `letter`.
    ///
    /// # Panics
    /// If `letter` is not a lower-case ASCII letter.
    #[must_use]
    pub const fn new(letter: u8) -> Self {
        assert!(letter.is_ascii_lowercase(), "a kind is named by a lower-case ASCII letter");
        Self(letter)
    }

    /// The letter that names this kind on a tape.
    #[must_use]
    pub const fn letter(self) -> char {
        self.0 as char
    }

    /// A small dense number, `0..26`, for tables by kind.
    #[must_use]
    pub const fn index(self) -> usize {
        (self.0 - b'a') as usize
    }
}

/// What a strategy may know about a point beyond its bound.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub enum Hint<'a> {
    /// Nothing: all answers are alike.
    #[default]
    None,
    /// Answer 0 is to come with probability `1 - numerator/denominator`; the rest share the remainder evenly.
    Rarely {
        /// Invariant: at most `denominator`.
        numerator: u32,
        /// Invariant: not 0.
        denominator: u32,
    },
    /// The answers are runnable tasks.
    Ready(&'a dyn Ready),
}

impl std::fmt::Debug for Hint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Rarely { numerator, denominator } => write!(f, "Rarely({numerator}/{denominator})"),
            Self::Ready(_) => f.write_str("Ready(..)"),
        }
    }
}

/// The candidates of a [`Kind::SCHEDULE`] point.
pub trait Ready {
    /// The task at `index` of the run queue; `index` is below the point's bound.
    fn task(&self, index: u32) -> TaskId;
}
