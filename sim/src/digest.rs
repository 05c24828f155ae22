//! A rolling hash of everything that a run did.
//!
//! Two runs with one tape must have one digest; that is what "deterministic" means here, and it is compared, not assumed.
//! What goes in: answered choices, polls, wakes that queued a task, spawns, time, ends, deliveries. What stays out: waker clones and
//! drops, whose number a program may change without changing what it does.

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
}
