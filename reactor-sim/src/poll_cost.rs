//! What a poll may cost in virtual time.

use std::time::Duration;

use crate::Instant;

/// How much time passes while a task is polled: a choice from a menu, made after the poll.
///
/// Code that computes for a while between two awaits lets a time-out elapse that was meant to be a race. Where the clock
/// stands still during polls, that never happens; where polls cost random nanoseconds, it hardly ever does. What matters is
/// the side of the next deadline on which the poll ends, so the menu has just that: before it by the clock's smallest step,
/// at it, and after it by that step.
///
/// ```
/// use std::time::Duration;
/// use reveille_reactor::{Instant, PollCost};
///
/// let now = Instant::ZERO;
/// let deadline = now + Duration::from_secs(1);
/// let after = (0..PollCost::COUNT).map(|index| PollCost::from_index(index).charge(now, Some(deadline)).as_nanos());
/// assert_eq!(after.collect::<Vec<_>>(), [0, 999_999_999, 1_000_000_000, 1_000_000_001]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PollCost {
    /// No time passes.
    #[default]
    Nothing,
    /// The poll ends 1 ns before the next timer is due.
    JustBefore,
    /// The poll ends as the next timer becomes due.
    At,
    /// The poll ends 1 ns after the next timer was due.
    JustAfter,
}

impl PollCost {
    /// The length of the menu.
    pub const COUNT: u32 = 4;

    /// The entry of the menu at `index`; 0 is [`Nothing`](Self::Nothing).
    ///
    /// # Panics
    /// If `index` is not below [`COUNT`](Self::COUNT).
    #[must_use]
    pub const fn from_index(index: u32) -> Self {
        match index {
            0 => Self::Nothing,
            1 => Self::JustBefore,
            2 => Self::At,
            3 => Self::JustAfter,
            _ => panic!("the menu of poll costs has 4 entries"),
        }
    }

    /// The time at which a poll ends that began `now`, while the next timer is due at `next_deadline`.
    ///
    /// The clock never goes back: next to a deadline that is due already, or with no timer armed, nothing passes.
    #[must_use]
    pub fn charge(self, now: Instant, next_deadline: Option<Instant>) -> Instant {
        const STEP: Duration = Duration::from_nanos(1);
        let Some(deadline) = next_deadline.filter(|deadline| *deadline > now) else { return now };
        match self {
            Self::Nothing => now,
            Self::JustBefore => deadline.saturating_sub(STEP),
            Self::At => deadline,
            Self::JustAfter => deadline + STEP,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MENU: [PollCost; 4] = [PollCost::Nothing, PollCost::JustBefore, PollCost::At, PollCost::JustAfter];

    #[test]
    fn the_menu_is_what_indices_name() {
        assert_eq!((0..PollCost::COUNT).map(PollCost::from_index).collect::<Vec<_>>(), MENU);
        assert_eq!(PollCost::from_index(0), PollCost::default());
    }

    #[test]
    #[should_panic(expected = "4 entries")]
    fn an_index_beyond_the_menu_panics() {
        let _ = PollCost::from_index(PollCost::COUNT);
    }

    #[test]
    fn the_clock_never_goes_back() {
        let now = Instant::from_nanos(10);
        for cost in MENU {
            assert_eq!(cost.charge(now, None), now, "{cost:?}");
            for due in [0, 9, 10] {
                assert_eq!(cost.charge(now, Some(Instant::from_nanos(due))), now, "{cost:?} {due}");
            }
            for due in [11, 12, u64::MAX] {
                assert!(cost.charge(now, Some(Instant::from_nanos(due))) >= now, "{cost:?} {due}");
            }
        }
        assert_eq!(PollCost::JustBefore.charge(now, Some(Instant::from_nanos(11))), now);
        assert_eq!(PollCost::JustAfter.charge(now, Some(Instant::MAX)), Instant::MAX);
    }
}
