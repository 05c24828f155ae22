//! Programs that starve somebody, in the ways in which that happens: what the oracles of starvation are tried on.
//!
//! A [`Crew`] is a list of tasks, each a list of [`Chore`]s, and harmless. It is performed with one bad [`Habit`], which says
//! how chores of one sort are done, or with none; [`crews`] generates them. What is to be found is [`Habit::finding`]. With
//! no habit nothing is, under the same bounds, and those are set by [`watchful`].
//!
//! One habit is not the program's but the executor's: to pass a task over. That is what
//! [`starvations`](crate::starvations) generate, for any program.
//!
//! ```
//! use reveille_properties::Circumstances;
//! use reveille_properties::starving::{Chore, Crew, Habit, watchful};
//!
//! let crew = Crew { tasks: vec![vec![Chore::Pages(4)]] };
//! let usual = || watchful(Circumstances::of_bytes(&[]).explore());
//! let failure = usual().run(|| crew.clone().perform(Some(Habit::SlowBody))).unwrap_err();
//! assert_eq!(failure.kind(), Some(Habit::SlowBody.finding()));
//! usual().run(|| crew.clone().perform(None)).unwrap();
//! ```
//!
//! Deliberately absent: what comes of starvation. These programs compute nothing.

mod chores;

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use reveille::{Explore, FindingKind};

/// Tasks that have something to do, and do it beside one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crew {
    /// What each task does, one after the other.
    pub tasks: Vec<Vec<Chore>>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Lets others run, so many times.
    Turns(u8),
    /// Sleeps for so many seconds.
    Sleep(u8),
    /// Fetches so many pages, two at a time, and files each for a minute.
    Pages(u8),
    /// Looks after a clock that is always behind, until an alarm rings after two seconds; so many times at most.
    Watch(u8),
    /// Waits for a gate that opens after so many seconds.
    Gate(u8),
    /// Looks at so many timers without waiting.
    Compute(u8),
    /// Takes the lock that all tasks share, lets others run, and gives it back; so many times.
    Lock(u8),
    /// Asks for something that somebody else holds for a while, loses its patience, and asks again.
    AskTwice,
}

/// A bad one. Each starves somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// [`Chore::Compute`] never returns from its poll: a hog.
    Hog,
    /// [`Chore::Gate`] looks again and again instead of waiting: it wakes itself, and no time passes.
    SelfWaker,
    /// [`Chore::Pages`] fetches in the stream itself, whose body is slow: nobody polls the other fetches meanwhile.
    SlowBody,
    /// [`Chore::Watch`] asks the clock first, always.
    BiasedSelect,
    /// [`Chore::Lock`] goes to whoever comes by, not to who waits longest.
    UnfairLock,
    /// [`Chore::AskTwice`] keeps its first question while it waits for an answer to the second.
    KeptLoser,
}

impl Habit {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Hog, Self::SelfWaker, Self::SlowBody, Self::BiasedSelect, Self::UnfairLock, Self::KeptLoser];

    /// What it comes to.
    ///
    /// ```
    /// use reveille::FindingKind;
    /// use reveille_properties::starving::Habit;
    ///
    /// assert_eq!(Habit::KeptLoser.finding(), FindingKind::Futurelock);
    /// assert!(Habit::ALL.iter().all(|habit| habit.finding() != FindingKind::Deadlock)); // others go on
    /// ```
    #[must_use]
    pub const fn finding(self) -> FindingKind {
        match self {
            Self::Hog => FindingKind::EndlessPoll,
            Self::SelfWaker => FindingKind::Livelock,
            Self::SlowBody | Self::BiasedSelect => FindingKind::StarvedLeaf,
            Self::UnfairLock => FindingKind::Unfairness,
            Self::KeptLoser => FindingKind::Futurelock,
        }
    }
}

/// How many polls of others a task of a crew may wait for: far more than there are tasks, so that no schedule with a few unusual
/// choices comes near.
pub const WAKE_TO_POLL_MAX: u64 = 150;

/// How many others may take the lock before one that waits for it.
pub(crate) const OVERTAKES_MAX: u32 = 4;

/// Sets the bounds beyond which a crew is said to starve somebody.
pub fn watchful(explore: Explore) -> Explore {
    explore
        .wake_to_poll_max(WAKE_TO_POLL_MAX)
        .starved_after(Duration::from_secs(30))
        // A livelock is judged when the polls have run out, and is none before there have been 10,000 in vain.
        .limits(25_000, Duration::from_secs(1_000_000))
}

/// Crews of one to `tasks` tasks with up to `chores` chores each. They shrink to fewer tasks, fewer chores, simpler ones.
///
/// ```
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
/// use reveille_properties::starving::crews;
///
/// let crew = crews(3, 4).new_tree(&mut TestRunner::deterministic()).unwrap().current();
/// assert!((1..=3).contains(&crew.tasks.len()));
/// ```
pub fn crews(tasks: usize, chores: usize) -> impl Strategy<Value = Crew> {
    let chore = prop_oneof![
        3 => (1..100_u8).prop_map(Chore::Turns),
        2 => (0..8_u8).prop_map(Chore::Sleep),
        1 => (0..6_u8).prop_map(Chore::Pages),
        1 => (0..32_u8).prop_map(Chore::Watch),
        1 => (0..8_u8).prop_map(Chore::Gate),
        1 => (0..32_u8).prop_map(Chore::Compute),
        3 => (0..16_u8).prop_map(Chore::Lock),
        1 => Just(Chore::AskTwice),
    ];
    vec(vec(chore, 0..=chores), 1..=tasks).prop_map(|tasks| Crew { tasks })
}
