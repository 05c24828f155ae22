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
///
/// ```
/// use reveille_executor::{Choose, Kind, Point};
///
/// /// Answers with the digits of a number, the last one first; then with 0.
/// struct Digits(u32);
///
/// impl Choose for Digits {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         let digit = self.0 % 10;
///         self.0 /= 10;
///         digit % point.bound
///     }
/// }
///
/// let mut digits = Digits(21);
/// let coin = Point::new(Kind::new(b'c'), 2);
/// assert_eq!([digits.choose(coin), digits.choose(coin), digits.choose(coin)], [1, 0, 0]);
/// ```
pub trait Choose {
    /// Answers `point` with an index in `0..point.bound`.
    ///
    /// 0 is the dullest answer: the front of the queue, the shortest latency, no fault. Callers do not ask points with
    /// one answer; see [`decide`](Self::decide).
    fn choose(&mut self, point: Point<'_>) -> u32;

    /// Answers `point`, without asking when it has only one answer.
    ///
    /// ```
    /// # use reveille_executor::{Choose, Kind, Point};
    /// struct Unasked;
    /// impl Choose for Unasked {
    ///     fn choose(&mut self, _: Point<'_>) -> u32 {
    ///         unreachable!("there is nothing to choose")
    ///     }
    /// }
    /// assert_eq!(Unasked.decide(Point::new(Kind::SCHEDULE, 1)), 0);
    /// ```
    // See `LocalExecutor::pick`.
    #[inline(always)]
    fn decide(&mut self, point: Point<'_>) -> u32 {
        if point.bound <= 1 { 0 } else { self.choose(point) }
    }
}

/// A decision left open: its kind, how many answers it has, and what a random strategy may want to know.
///
/// ```
/// use reveille_executor::{Choose, Hint, Kind, Point};
///
/// /// Lets what is rare happen always, and else answers as usual.
/// struct Unlucky;
///
/// impl Choose for Unlucky {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         if matches!(point.hint, Hint::Rarely { .. }) { point.bound - 1 } else { 0 }
///     }
/// }
///
/// let loss = Point { kind: Kind::new(b'x'), bound: 2, hint: Hint::Rarely { numerator: 1, denominator: 100 } };
/// assert_eq!((Unlucky.decide(loss), Unlucky.decide(Point::new(Kind::new(b'y'), 4))), (1, 0));
/// ```
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
    ///
    /// ```
    /// # use reveille_executor::{Hint, Kind, Point};
    /// let point = Point::new(Kind::new(b'l'), 4);
    /// assert_eq!(point.bound, 4);
    /// assert!(matches!(point.hint, Hint::None));
    /// ```
    #[must_use]
    pub const fn new(kind: Kind, bound: u32) -> Self {
        Self { kind, bound, hint: Hint::None }
    }
}

/// The kind of a decision, a lower-case ASCII letter: it is what a tape shows.
///
/// An open set: each crate names its own kinds as constants.
///
/// ```
/// use reveille_executor::Kind;
///
/// const LATENCY: Kind = Kind::new(b'l');
/// assert_eq!((LATENCY.letter(), LATENCY.index()), ('l', 11));
/// ```
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
///
/// ```
/// use reveille_executor::{Hint, Kind, Point};
///
/// // Does this packet get lost? Once in a hundred, as far as a random strategy is concerned.
/// let hint = Hint::Rarely { numerator: 1, denominator: 100 };
/// let lost = Point { kind: Kind::new(b'f'), bound: 2, hint };
/// assert_eq!(format!("{lost:?}"), "Point { kind: Kind(102), bound: 2, hint: Rarely(1/100) }");
/// ```
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
    /// As `Rarely`, and meant so: somebody has asked for this very ratio, and a strategy that makes what is rare rarer or more frequent
    /// leaves this alone.
    Exactly {
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
            Self::Exactly { numerator, denominator } => write!(f, "Exactly({numerator}/{denominator})"),
            Self::Ready(_) => f.write_str("Ready(..)"),
        }
    }
}

/// The candidates of a [`Kind::SCHEDULE`] point.
///
/// ```
/// use reveille_executor::{Choose, Hint, LocalExecutor, Point, TaskId};
///
/// /// Holds one task back for as long as there is another.
/// struct Starve(TaskId);
///
/// impl Choose for Starve {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         let Hint::Ready(ready) = point.hint else { return 0 };
///         (0..point.bound).find(|&index| ready.task(index) != self.0).unwrap_or(0)
///     }
/// }
///
/// let executor = LocalExecutor::new();
/// let tasks = [(); 3].map(|()| executor.spawn(async {}).id());
/// let mut starve = Starve(tasks[0]);
/// let order = std::iter::from_fn(|| executor.pick(&mut starve)).map(|task| (task.id(), task.run()).0);
/// assert_eq!(order.collect::<Vec<_>>(), [tasks[1], tasks[2], tasks[0]]);
/// ```
pub trait Ready {
    /// The task at `index` of the run queue; `index` is below the point's bound.
    fn task(&self, index: u32) -> TaskId;
}
