//! Virtual time, in tokio's words.
//!
//! Time stands still while a task is polled, and jumps to the next timer when nothing can run: a test of a five-minute
//! time-out takes no time. All timers of one instant are woken together; the schedule decides who is polled first.
//!
//! ```
//! use reveille::time::{Duration, Instant, sleep};
//!
//! reveille::explore()
//!     .run(|| async {
//!         let start = Instant::now();
//!         sleep(Duration::from_secs(5)).await;
//!         sleep(Duration::from_secs(5)).await;
//!         assert_eq!(start.elapsed(), Duration::from_secs(10));
//!     })
//!     .unwrap();
//! ```

mod interval;
mod sleep;
mod timeout;

pub use std::time::Duration;

pub use interval::{Interval, MissedTickBehavior, Tick, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};

use crate::context;
use crate::run::Run;

/// The time of day, by the clock of the [node](crate::node()) that asks: what `SystemTime::now()` is outside of a run. Virtual, from
/// 2001-09-09 on, and constant within a poll. It goes back where somebody [sets](crate::Node::set_clock) it back.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use std::time::SystemTime;
/// use reveille::time::{Duration, sleep, system_time};
///
/// # reveille::explore().runs(10).run(|| async {
/// let start = system_time();
/// assert_eq!(start.duration_since(SystemTime::UNIX_EPOCH).unwrap(), Duration::from_secs(1_000_000_000));
/// sleep(Duration::from_secs(60)).await;
/// assert_eq!(system_time().duration_since(start).unwrap(), Duration::from_secs(60));
/// # }).unwrap();
/// ```
#[track_caller]
#[must_use]
pub fn system_time() -> std::time::SystemTime {
    context::with("reveille::time::system_time", Run::read_time_of_day)
}

/// A point in the virtual time of a run.
///
/// ```
/// use reveille::time::{Duration, Instant};
/// # reveille::explore().runs(1).run(|| async {
/// let start = Instant::now();
/// assert_eq!(start.elapsed(), Duration::ZERO); // time does not pass within a poll
/// assert_eq!((start + Duration::from_millis(3)) - start, Duration::from_millis(3));
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(reveille_reactor::Instant);

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
        Duration::from_nanos(self.0.as_nanos().saturating_sub(earlier.0.as_nanos()))
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

    /// The instant `duration` later, or the end of time.
    fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl std::ops::Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time, 584 years after the start of the run.
    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
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

/// The virtual time since the start of the run, as reports and their schedules show it, whatever the clock of a [node](crate::node())
/// says; `None` outside of a run. For what is to be found in a report again, from code that may have no run to be in: a log, a history.
///
/// ```
/// use reveille::time::{Duration, since_start, sleep};
///
/// assert_eq!(since_start(), None);
/// # reveille::explore().runs(1).run(|| async {
/// sleep(Duration::from_millis(3)).await;
/// assert_eq!(since_start(), Some(Duration::from_millis(3)));
/// # }).unwrap();
/// ```
#[must_use]
pub fn since_start() -> Option<Duration> {
    context::try_with(|run| run.clock.now() - reveille_reactor::Instant::ZERO)
}
