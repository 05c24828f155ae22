//! The recorded choices of a run, as a value and as text.
//!
//! A tape keeps the unusual choices (answers other than 0) with position, kind and bound, and for each stretch of zeros a
//! count and a check value over what was asked. So a tape of a run in which little happened is short, and a program that
//! asks something else than it did is noticed all the same. What adds draws to a run (the settings) stands in the header.
//!
//! As text, with `.` between the parts and nothing a shell would touch:
//!
//! ```text
//! r1 . 9c0e . p . Z14-5b07 . s3-1 . E15-1f3c
//! │    │      │   │          │      └ the end: 15 draws in all, check of the text before
//! │    │      │   │          └ an unusual choice: kind `s`, 3 answers, answered 1
//! │    │      │   └ 14 zeros, check of their kinds and bounds
//! │    │      └ settings: `p` poll cost, `l`/`h` light or heavy faults (a capital for each sort that is otherwise, `1-5` for its rate), a letter per freedom; `-` none
//! │    └ short hash of the test's name
//! └ version
//! ```
//!
//! Deliberately absent: a binary form. A tape has to survive a chat window.

mod text;

pub use text::TapeError;

use reveille_executor::Kind;

use crate::draws::Draw;
use crate::freedom;
use crate::net::Faults;

/// The recorded choices of one run.
///
/// `Display` and `FromStr` are the text form, which is what `REVEILLE_REPLAY` and [`replay`](crate::replay) take.
///
/// ```
/// let failure = reveille::explore()
///     .run(|| async { assert!(reveille::choose(10) != 3) })
///     .unwrap_err();
/// let tape = failure.tape().unwrap();
/// assert_eq!(tape.unusual(), 1);
/// assert_eq!(tape.to_string().parse::<reveille::Tape>().unwrap(), *tape);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tape {
    test: u16,
    pub(crate) settings: Settings,
    items: Vec<Item>,
}

/// What adds draws to a run, so that a replay must agree on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Each poll may take virtual time.
    pub(crate) poll_cost: bool,
    /// What may go wrong in the network.
    pub(crate) faults: Faults,
    /// What the executor may do that is odd.
    pub(crate) freedoms: freedom::Set,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// `count` draws in a row that were answered 0; `check` covers their kinds and bounds.
    Zeros { count: u64, check: u16 },
    /// A draw that was answered otherwise.
    Unusual(Draw),
}

impl Tape {
    pub(crate) fn record(test: u16, settings: Settings, draws: impl IntoIterator<Item = Draw>) -> Self {
        let mut items = Vec::new();
        let mut zeros = Stretch::default();
        for draw in draws {
            if draw.value == 0 {
                zeros.push(draw.kind, draw.bound);
            } else {
                items.extend(zeros.take());
                items.push(Item::Unusual(draw));
            }
        }
        items.extend(zeros.take());
        Self { test, settings, items }
    }

    /// How many choices the tape holds, usual ones included.
    ///
    /// ```
    /// let failure = reveille::explore()
    ///     .run(|| async {
    ///         let ports = [reveille::choose(9), reveille::choose(9)];
    ///         assert_ne!(ports, [0, 7]);
    ///     })
    ///     .unwrap_err();
    /// assert_eq!(failure.tape().unwrap().draws(), 2);
    /// ```
    #[must_use]
    pub fn draws(&self) -> u64 {
        let length = |item: &Item| if let Item::Zeros { count, .. } = item { *count } else { 1 };
        self.items.iter().map(length).fold(0, u64::saturating_add)
    }

    /// How many choices were not the dullest one.
    ///
    /// ```
    /// let failure = reveille::explore()
    ///     .run(|| async {
    ///         let ports = [reveille::choose(9), reveille::choose(9)];
    ///         assert_ne!(ports, [0, 7]);
    ///     })
    ///     .unwrap_err();
    /// assert_eq!(failure.tape().unwrap().unusual(), 1); // the 7; 0 is the usual answer
    /// ```
    #[must_use]
    pub fn unusual(&self) -> usize {
        self.unusual_draws().count()
    }

    /// How many unusual choices are of the kind named by `letter`: `s` for the schedule, `c` for [`choose`](crate::choose).
    ///
    /// ```
    /// let failure = reveille::explore().run(|| async { assert_ne!(reveille::choose(4), 3) }).unwrap_err();
    /// let tape = failure.tape().unwrap();
    /// assert_eq!((tape.unusual(), tape.unusual_of('c'), tape.unusual_of('s')), (1, 1, 0)); // the one that it takes
    /// assert!(tape.draws() >= 1);
    /// ```
    #[must_use]
    pub fn unusual_of(&self, letter: char) -> usize {
        self.unusual_draws().filter(|draw| draw.kind.letter() == letter).count()
    }

    fn unusual_draws(&self) -> impl Iterator<Item = &Draw> {
        self.items.iter().filter_map(|item| if let Item::Unusual(draw) = item { Some(draw) } else { None })
    }

    /// The unusual answers by position.
    pub(crate) fn answers(&self) -> Vec<(u64, u32)> {
        let mut position = 0_u64;
        let mut answers = Vec::new();
        for item in &self.items {
            match item {
                Item::Zeros { count, .. } => position = position.saturating_add(*count),
                Item::Unusual(draw) => {
                    answers.push((position, draw.value));
                    position += 1;
                }
            }
        }
        answers
    }

    pub(crate) fn is_of(&self, test: u16) -> bool {
        self.test == test
    }

    pub(crate) fn test(&self) -> u16 {
        self.test
    }
}

/// A 16-bit hash of a test's name: enough to notice that a tape was pasted to the wrong test.
pub(crate) fn short_hash(name: &str) -> u16 {
    fold(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| mix(hash, u64::from(byte))))
}

/// One step of FNV-1a.
fn mix(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3)
}

fn fold(hash: u64) -> u16 {
    (hash ^ (hash >> 16) ^ (hash >> 32) ^ (hash >> 48)) as u16
}

/// A stretch of draws answered 0, while it is being written or read.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    count: u64,
    hash: u64,
}

impl Stretch {
    fn push(&mut self, kind: Kind, bound: u32) {
        self.count += 1;
        self.hash = mix(mix(self.hash, kind.index() as u64 + 1), u64::from(bound));
    }

    fn check(&self) -> u16 {
        fold(self.hash)
    }

    fn take(&mut self) -> Option<Item> {
        let stretch = std::mem::take(self);
        (stretch.count > 0).then(|| Item::Zeros { count: stretch.count, check: stretch.check() })
    }
}

/// Reads a tape draw by draw and holds the program against it.
#[derive(Debug)]
pub(crate) struct Reader {
    tape: Tape,
    item: usize,
    stretch: Stretch,
    draw: u64,
}

impl Reader {
    pub(crate) fn new(tape: Tape) -> Self {
        Self { tape, item: 0, stretch: Stretch::default(), draw: 0 }
    }

    pub(crate) fn rewind(&mut self) {
        (self.item, self.draw, self.stretch) = (0, 0, Stretch::default());
    }

    /// The answer to the next draw, which the program asks with `kind` and `bound`.
    pub(crate) fn next(&mut self, kind: Kind, bound: u32) -> Result<u32, Mismatch> {
        let at = self.draw;
        self.draw += 1;
        match self.tape.items.get(self.item) {
            None => Err(Mismatch::PastTheEnd { draw: at, kind, bound }),
            Some(&Item::Unusual(draw)) => {
                if (draw.kind, draw.bound) != (kind, bound) {
                    return Err(Mismatch::Draw { draw: at, tape: draw, kind, bound });
                }
                self.item += 1;
                Ok(draw.value)
            }
            Some(&Item::Zeros { count, check }) => {
                self.stretch.push(kind, bound);
                if self.stretch.count == count {
                    if self.stretch.check() != check {
                        return Err(Mismatch::Stretch { first: at + 1 - count, last: at });
                    }
                    self.stretch = Stretch::default();
                    self.item += 1;
                }
                Ok(0)
            }
        }
    }

    /// What is left over, once the run has ended.
    pub(crate) fn end(&self) -> Option<Mismatch> {
        let draws = self.tape.draws();
        (self.draw < draws).then_some(Mismatch::LeftOver { made: self.draw, tape: draws })
    }
}

/// Where a program and a tape part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// The tape holds another draw here.
    Draw { draw: u64, tape: Draw, kind: Kind, bound: u32 },
    /// Somewhere in a stretch of usual answers another question was asked.
    Stretch { first: u64, last: u64 },
    /// The program asks more than was recorded.
    PastTheEnd { draw: u64, kind: Kind, bound: u32 },
    /// The program asked less than was recorded.
    LeftOver { made: u64, tape: u64 },
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Draw { draw, tape, kind, bound } => write!(
                f,
                "the program asks `{}` with {bound} answers at draw {draw}, where the tape has `{}` with {}",
                kind.letter(),
                tape.kind.letter(),
                tape.bound
            ),
            Self::Stretch { first, last } => {
                write!(f, "between draws {first} and {last} the program asks something else than the tape recorded")
            }
            Self::PastTheEnd { draw, kind, bound } => {
                write!(
                    f,
                    "the program asks `{}` with {bound} answers at draw {draw}, where the tape has ended",
                    kind.letter()
                )
            }
            Self::LeftOver { made, tape } => {
                write!(f, "the program ended after {made} draws, where the tape has {tape}")
            }
        }
    }
}
