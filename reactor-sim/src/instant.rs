//! A point in virtual time.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

/// A point in the virtual time of a run: nanoseconds since its start.
///
/// Adding saturates at the [end of time](Self::MAX), so that a wait of `Duration::MAX` is a wait without end and no panic. The time from a
/// later instant to an earlier one is zero. Taking more from an instant than there is before it panics, as with the standard library's.
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
/// assert_eq!(later - Duration::from_secs(1), Instant::from_nanos(500_000_000));
/// assert_eq!(later.checked_sub(Duration::from_secs(2)), None);
/// assert_eq!(Instant::ZERO.checked_duration_since(later), None);
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
    #[inline]
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let nanos = u64::try_from(duration.as_nanos()).ok()?;
        self.nanos.checked_add(nanos).map(Self::from_nanos)
    }

    /// The instant `duration` earlier; `None` before the start of the run.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::Instant;
    ///
    /// let now = Instant::from_nanos(1_000);
    /// assert_eq!(now.checked_sub(Duration::from_nanos(1_000)), Some(Instant::ZERO));
    /// assert_eq!(now.checked_sub(Duration::from_nanos(1_001)), None);
    /// ```
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        let nanos = u64::try_from(duration.as_nanos()).ok()?;
        self.nanos.checked_sub(nanos).map(Self::from_nanos)
    }

    /// The instant `duration` later, or the end of time.
    #[inline]
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }

    /// The instant `duration` earlier, or the start of the run.
    #[inline]
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self::from_nanos(self.nanos.saturating_sub(nanos))
    }

    /// The time from `earlier` to this instant; zero if `earlier` is later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::Instant;
    ///
    /// let later = Instant::from_nanos(7);
    /// assert_eq!(later.duration_since(Instant::ZERO), Duration::from_nanos(7));
    /// assert_eq!(Instant::ZERO.duration_since(later), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }

    /// The time from `earlier` to this instant; `None` if `earlier` is later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::Instant;
    ///
    /// let later = Instant::from_nanos(7);
    /// assert_eq!(later.checked_duration_since(Instant::ZERO), Some(Duration::from_nanos(7)));
    /// assert_eq!(Instant::ZERO.checked_duration_since(later), None);
    /// ```
    #[must_use]
    pub fn checked_duration_since(self, earlier: Self) -> Option<Duration> {
        self.nanos.checked_sub(earlier.nanos).map(Duration::from_nanos)
    }

    /// The time from `earlier` to this instant; zero if `earlier` is later. As [`duration_since`](Self::duration_since), and says so.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::Instant;
    ///
    /// assert_eq!(Instant::ZERO.saturating_duration_since(Instant::MAX), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// As [`saturating_add`](Instant::saturating_add).
    #[inline]
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
        self.duration_since(earlier)
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// The instant `duration` earlier.
    ///
    /// # Panics
    /// If that is before the start of the run: an age that is measured from a later instant than was meant would be wrong in silence.
    #[track_caller]
    fn sub(self, duration: Duration) -> Self {
        match self.checked_sub(duration) {
            Some(earlier) => earlier,
            None => panic!("{duration:?} before {self} is before the start of the run"),
        }
    }
}

impl SubAssign<Duration> for Instant {
    /// # Panics
    /// As `-`.
    #[track_caller]
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
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
    fn nothing_is_before_the_start_of_the_run() {
        let (one, two) = (Instant::from_nanos(1), Instant::from_nanos(2));
        assert_eq!(two.checked_sub(Duration::from_nanos(2)), Some(Instant::ZERO));
        assert_eq!(two.checked_sub(Duration::from_nanos(3)), None);
        // More nanoseconds than 64 bits hold, by less than one wrap.
        assert_eq!(Instant::MAX.checked_sub(Duration::from_secs(18_446_744_074)), None);
        let mut instant = two;
        instant -= Duration::from_nanos(1);
        assert_eq!((instant, two - Duration::from_nanos(2)), (one, Instant::ZERO));
        assert_eq!(
            (two.checked_duration_since(one), one.checked_duration_since(two)),
            (Some(Duration::from_nanos(1)), None)
        );
        assert_eq!((two.duration_since(one), one.duration_since(two)), (Duration::from_nanos(1), Duration::ZERO));
        assert_eq!(two.checked_duration_since(two), Some(Duration::ZERO));
    }

    #[test]
    #[should_panic(expected = "3ns before 2ns is before the start of the run")]
    fn taking_more_than_there_is_panics() {
        let _ = Instant::from_nanos(2) - Duration::from_nanos(3);
    }

    #[test]
    fn display_heeds_the_format() {
        let instant = Instant::from_nanos(3_000_000);
        assert_eq!(format!("{instant}|{instant:+}|{instant:>6}|{}", Instant::ZERO), "3ms|+3ms|   3ms|0ns");
    }
}
