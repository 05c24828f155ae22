//! A point in virtual time, in the words of the standard library's and tokio's.

use std::fmt;
use std::time::Duration;

use crate::context;

/// A point in the virtual time of a run.
///
/// It is what the standard library's is, but that adding saturates at the end of time, so that a wait of `Duration::MAX` is one without end.
/// As on a machine that has been up for long there is time before the start of a run, a year of it: a program that begins with
/// `Instant::now() - interval`, so that something is due at once, does so here.
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Since [`BEFORE`] the start of the run.
    since: reveille_reactor::Instant,
}

/// The time that there was before the start of a run.
const BEFORE: Duration = Duration::from_secs(365 * 24 * 3600);

impl Instant {
    /// What a clock of the run shows.
    #[inline]
    pub(super) fn of_run(reading: reveille_reactor::Instant) -> Self {
        Self { since: reading + BEFORE }
    }

    /// What a clock of the run shows at this instant; its start for one before.
    pub(super) fn in_run(self) -> reveille_reactor::Instant {
        // The end of time is that of runs as well.
        if self.since == reveille_reactor::Instant::MAX { self.since } else { self.since.saturating_sub(BEFORE) }
    }

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
        context::with("reveille::time::Instant::now", |run| Self::of_run(run.reading()))
    }

    /// The start of the run.
    #[cfg(feature = "hyper")]
    pub(crate) fn start() -> Self {
        Self::of_run(reveille_reactor::Instant::ZERO)
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
        self.since.duration_since(earlier.since)
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
        self.since.checked_duration_since(earlier.since)
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
        self.since.saturating_duration_since(earlier.since)
    }

    /// The instant `duration` later; `None` beyond the end of time, 583 years after the start of the run.
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
        self.since.checked_add(duration).map(|since| Self { since })
    }

    /// The instant `duration` earlier; `None` more than a year before the start of the run.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let start = Instant::now();
    /// sleep(Duration::from_secs(3)).await;
    /// assert_eq!(Instant::now().checked_sub(Duration::from_secs(3)), Some(start));
    /// assert!(start.checked_sub(Duration::from_secs(60)).is_some_and(|before| before.elapsed() > Duration::from_secs(60)));
    /// assert_eq!(start.checked_sub(Duration::MAX), None);
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.since.checked_sub(duration).map(|since| Self { since })
    }
}

/// Since the start of the run.
impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = Self::of_run(reveille_reactor::Instant::ZERO);
        match self.checked_duration_since(start) {
            Some(after) => write!(f, "Instant({after:?})"),
            None => write!(f, "Instant(-{:?})", start - *self),
        }
    }
}

impl std::ops::Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time, 583 years after the start of the run.
    #[inline]
    fn add(self, duration: Duration) -> Self {
        Self { since: self.since + duration }
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
    /// If that is more than a year before the start of the run, as the standard library's does before the start of its clock.
    #[track_caller]
    fn sub(self, duration: Duration) -> Self {
        match self.checked_sub(duration) {
            Some(earlier) => earlier,
            None => panic!("{duration:?} before {self:?} is more than a year before the start of the run"),
        }
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
