//! What timers are ordered by.

use crate::Instant;

/// The deadline (64 bits), then when it was armed, counted in timers (32), then the slot (32): as one number it is compared without a
/// branch, and moved at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry(u128);

impl Entry {
    pub(super) fn new(deadline: Instant, order: u32, slot: u32) -> Self {
        Self((u128::from(deadline.as_nanos()) << 64) | (u128::from(order) << 32) | u128::from(slot))
    }

    pub(super) fn deadline(self) -> Instant {
        Instant::from_nanos((self.0 >> 64) as u64)
    }

    pub(super) fn order(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) fn slot(self) -> u32 {
        self.0 as u32
    }
}
