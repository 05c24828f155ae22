//! A point in virtual time, in the words of the standard library's and tokio's.

use std::time::Duration;

use crate::context;

/// A point in the virtual time of a run.
///
/// It is what the standard library's is, but for two things: there is nothing before the start of a run, and adding saturates at the
/// end of time, so that a wait of `Duration::MAX` is one without end.
///
/// ```
/// use reveille::time::{Duration, Instant};
/// # reveille::explore().runs(1).run(|| async {
/// let start = Instant::now();
/// assert_eq!(start.elapsed(), Duration::ZERO); // time does not pass within a poll
/// let later = start + Duration::from_millis(3);
/// assert_eq!((later - start, later - Duration::from_millis(3)), (Duration::from_millis(3), start));
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub(super) reveille_reactor::Instant);

impl Instant {
    /// The time of the run, by the clock of the [node](crate::node()) that asks: the two differ where that
    /// [drifts](crate::Node::set_clock_drift). Constant within a poll, and never goes back.
    ///
    /// # Panics
    /// Outside of a run.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let start = Instant::now();
    /// sleep(Duration::from_millis(1500)).await;
    /// assert_eq!(Instant::now(), start + Duration::from_millis(1500)); // to the nanosecond
    /// # }).unwrap();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn now() -> Self {
        context::with("reveille::time::Instant::now", |run| Self(run.reading()))
    }

    /// The start of the run.
    #[cfg(feature = "hyper")]
    pub(crate) fn start() -> Self {
        Self(reveille_reactor::Instant::ZERO)
    }

    /// The time since this instant; zero for one that is still to come.
    ///
    /// # Panics
    /// Outside of a run.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let start = Instant::now();
    /// sleep(Duration::from_secs(3600)).await;
    /// assert_eq!(start.elapsed(), Duration::from_secs(3600));
    /// # }).unwrap();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// The time from `earlier` to this instant; zero if `earlier` is later.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let start = Instant::now();
    /// sleep(Duration::from_secs(2)).await;
    /// let later = Instant::now();
    /// assert_eq!(later.duration_since(start), Duration::from_secs(2));
    /// assert_eq!(start.duration_since(later), Duration::ZERO);
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0)
    }

    /// The time from `earlier` to this instant; `None` if `earlier` is later.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant};
    ///
    /// # reveille::explore().runs(1).run(|| async {
    /// let now = Instant::now();
    /// let later = now + Duration::from_secs(2);
    /// assert_eq!(later.checked_duration_since(now), Some(Duration::from_secs(2)));
    /// assert_eq!(now.checked_duration_since(later), None);
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The time from `earlier` to this instant; zero if `earlier` is later. As [`duration_since`](Self::duration_since), and says so.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant};
    ///
    /// # reveille::explore().runs(1).run(|| async {
    /// let now = Instant::now();
    /// assert_eq!(now.saturating_duration_since(now + Duration::from_secs(2)), Duration::ZERO);
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The instant `duration` later; `None` beyond the end of time, 584 years after the start of the run.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let now = Instant::now();
    /// assert_eq!(now.checked_add(Duration::from_secs(1)), Some(now + Duration::from_secs(1)));
    /// assert_eq!(now.checked_add(Duration::MAX), None);
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// The instant `duration` earlier; `None` before the start of the run: a machine was there before, a run was not.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let start = Instant::now();
    /// sleep(Duration::from_secs(3)).await;
    /// assert_eq!(Instant::now().checked_sub(Duration::from_secs(3)), Some(start));
    /// assert_eq!(Instant::now().checked_sub(Duration::from_secs(4)), None);
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }
}

impl std::ops::Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time, 584 years after the start of the run.
    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl std::ops::AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl std::ops::Sub for Instant {
    type Output = Duration;

    /// Zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl std::ops::Sub<Duration> for Instant {
    type Output = Self;

    /// The instant `duration` earlier.
    ///
    /// # Panics
    /// If that is before the start of the run, as the standard library's does before the start of its clock.
    #[track_caller]
    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl std::ops::SubAssign<Duration> for Instant {
    /// # Panics
    /// As `-`.
    #[track_caller]
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}
