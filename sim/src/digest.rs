//! A rolling hash of everything that a run did.
//!
//! Two runs with one tape must have one digest; that is what "deterministic" means here, and it is compared, not assumed.
//! What goes in: answered choices, polls, wakes that queued a task, spawns, time, ends, deliveries. What stays out: waker clones and
//! drops, whose number a program may change without changing what it does.

use std::cell::Cell;

/// What an event in the digest is, so that a poll of task 3 and a jump to 3 ns do not look alike.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    Poll = 1,
    Wake = 2,
    Spawn = 3,
    Time = 4,
    End = 5,
    Choice = 6,
    Delivery = 7,
}

/// The hash so far. One multiplication per event (the mixing step of FxHash), since every poll pays for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest(u64);

impl Digest {
    pub(crate) const EMPTY: Self = Self(0x2545_f491_4f6c_dd1d);

    #[inline]
    #[must_use]
    pub(crate) fn with(self, mark: Mark, value: u64) -> Self {
        let word = value.wrapping_mul(8).wrapping_add(mark as u64);
        Self((self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95))
    }

    /// The hash as one number, mixed so that its low bits depend on every event.
    #[must_use]
    pub(crate) fn value(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        mixed ^ (mixed >> 32)
    }
}

/// What two runs that are the same run have in common, and where two that are not parted, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// The hash of all that the run did.
    pub(crate) whole: u64,
    pub(crate) early: Noted,
}

/// So many notes are kept: the last is after 2^15 polls.
const NOTES: usize = 16;

/// The hash after 1, 2, 4, 8, .. polls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Noted([u32; NOTES]);

/// Takes those notes while a run goes.
#[derive(Debug, Default)]
pub(crate) struct Early([Cell<u32>; NOTES]);

impl Early {
    pub(crate) fn clear(&self) {
        self.0.iter().for_each(|note| note.set(0));
    }

    /// Notes that it is `digest` after the first `polls`, a power of two.
    pub(crate) fn note(&self, polls: u64, digest: Digest) {
        if let Some(note) = self.0.get(polls.trailing_zeros() as usize) {
            // 0 stands for a run that did not go so far.
            note.set((digest.value() as u32).max(1));
        }
    }

    pub(crate) fn noted(&self) -> Noted {
        Noted(std::array::from_fn(|nth| self.0[nth].get()))
    }
}

impl Noted {
    /// Between which polls two runs parted: they were the same after the first, and were not after the second. `None` if
    /// that was after the last poll that both noted.
    pub(crate) fn parted(&self, other: &Self) -> Option<(u64, u64)> {
        let differs = |(one, two): (&u32, &u32)| *one != 0 && *two != 0 && one != two;
        let at = self.0.iter().zip(&other.0).position(differs)?;
        Some((if at == 0 { 0 } else { 1 << (at - 1) }, 1 << at))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn order_kind_and_value_all_count() {
        let one = Digest::EMPTY.with(Mark::Poll, 1).with(Mark::Poll, 2);
        assert_ne!(one, Digest::EMPTY.with(Mark::Poll, 2).with(Mark::Poll, 1));
        assert_ne!(one, Digest::EMPTY.with(Mark::Poll, 1).with(Mark::Wake, 2));
        assert_ne!(one, Digest::EMPTY.with(Mark::Poll, 1).with(Mark::Poll, 3));
        assert_eq!(one.value(), Digest::EMPTY.with(Mark::Poll, 1).with(Mark::Poll, 2).value());
    }

    #[test]
    fn where_two_runs_parted_is_known_to_a_power_of_two() {
        let early = |odd_from: u64, polls: u64| {
            let noted = (1..=polls).filter(|poll| poll.is_power_of_two());
            let early = Early::default();
            noted.for_each(|poll| early.note(poll, Digest::EMPTY.with(Mark::Poll, (poll >= odd_from).into())));
            early.noted()
        };
        assert_eq!(early(1, 9).parted(&early(99, 9)), Some((0, 1)));
        assert_eq!(early(5, 9).parted(&early(99, 100)), Some((4, 8)));
        assert_eq!(early(9, 9).parted(&early(99, 9)), None, "after the last that was noted");
        assert_eq!(early(99, 9).parted(&early(99, 100)), None, "the longer run goes on");
    }
}
