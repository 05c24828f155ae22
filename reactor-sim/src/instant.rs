//! A point in virtual time.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A point in the virtual time of a run: nanoseconds since its start.
///
/// Arithmetic saturates: at the start of the run on one side, at the [end of time](Self::MAX) on the other, so that a wait
/// of `Duration::MAX` is a wait without end and no panic.
///
/// ```
/// use std::time::Duration;
/// use reveille_reactor::Instant;
///
/// let later = Instant::ZERO + Duration::from_millis(1500);
/// assert_eq!(later.as_nanos(), 1_500_000_000);
/// assert_eq!(later - Instant::ZERO, Duration::from_millis(1500));
/// assert_eq!(later, Instant::from_nanos(1_500_000_000));
/// assert_eq!(Instant::ZERO - later, Duration::ZERO);
/// assert_eq!(later.saturating_sub(Duration::from_secs(2)), Instant::ZERO);
/// assert_eq!((later + Duration::MAX, later.saturating_add(Duration::MAX)), (Instant::MAX, Instant::MAX));
/// assert_eq!(later.checked_add(Duration::MAX), None);
/// assert_eq!(format!("{later} {later:+.2}"), "1.5s +1.50s");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    nanos: u64,
}

impl Instant {
    /// The start of the run.
    pub const ZERO: Self = Self { nanos: 0 };

    /// The end of time, 584 years after the start of the run.
    pub const MAX: Self = Self { nanos: u64::MAX };

    /// The instant `nanos` nanoseconds after the start of the run.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self { nanos }
    }

    /// Nanoseconds since the start of the run.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.nanos
    }

    /// The instant `duration` later; `None` beyond the end of time.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let seconds = duration.as_secs().checked_mul(1_000_000_000)?;
        let nanos = seconds.checked_add(duration.subsec_nanos().into())?;
        self.nanos.checked_add(nanos).map(Self::from_nanos)
    }

    /// The instant `duration` later, or the end of time.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }

    /// The instant `duration` earlier, or the start of the run.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self::from_nanos(self.nanos.saturating_sub(nanos))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// As [`saturating_add`](Instant::saturating_add).
    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The time from `earlier` to this instant; zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }
}

/// The time since the start of the run, as `Duration` shows it: `1.5s`, `3ms`; with a plus sign, a precision or a width
/// where the format asks for them.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&(*self - Self::ZERO), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let one = Instant::from_nanos(1);
        assert_eq!(Instant::MAX + Duration::from_nanos(1), Instant::MAX);
        assert_eq!(one + Duration::from_nanos(u64::MAX - 1), Instant::MAX);
        assert_eq!(one + Duration::from_nanos(u64::MAX), Instant::MAX);
        assert_eq!(one.saturating_sub(Duration::MAX), Instant::ZERO);
        assert_eq!(one.checked_add(Duration::from_nanos(u64::MAX - 1)), Some(Instant::MAX));
        assert_eq!(one.checked_add(Duration::from_nanos(u64::MAX)), None);
        // More nanoseconds than 64 bits hold, by less than one wrap.
        assert_eq!(Instant::ZERO.checked_add(Duration::from_secs(18_446_744_074)), None);
        assert_eq!(Instant::MAX - Instant::ZERO, Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn display_heeds_the_format() {
        let instant = Instant::from_nanos(3_000_000);
        assert_eq!(format!("{instant}|{instant:+}|{instant:>6}|{}", Instant::ZERO), "3ms|+3ms|   3ms|0ns");
    }
}
