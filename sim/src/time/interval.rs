//! Ticking.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::sleep::{Home, Role};
use super::{Instant, Sleep};
use crate::context;

/// Ticks at once and then every `period`.
///
/// # Panics
/// Outside of a run, and if `period` is zero.
///
/// ```
/// use reveille::time::{Duration, Instant, interval};
/// # reveille::explore().runs(10).run(|| async {
/// let start = Instant::now();
/// let mut ticks = interval(Duration::from_secs(1));
/// for _ in 0..3 {
///     ticks.tick().await;
/// }
/// assert_eq!(start.elapsed(), Duration::from_secs(2));
/// # }).unwrap();
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(context::with("reveille::time::interval", |run| Instant::of_run(run.reading())), period)
}

/// Ticks at `start` and then every `period`.
///
/// # Panics
/// Outside of a run, and if `period` is zero.
///
/// ```
/// use reveille::time::{Duration, Instant, interval_at};
///
/// # reveille::explore().runs(10).run(|| async {
/// let start = Instant::now();
/// let mut ticks = interval_at(start + Duration::from_secs(10), Duration::from_secs(1));
/// ticks.tick().await;
/// assert_eq!(start.elapsed(), Duration::from_secs(10));
/// # }).unwrap();
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval needs a period above zero");
    let site = Location::caller();
    let run = context::with("reveille::time::interval_at", |run| Home::of(run, site));
    let delay = Sleep::inner(start, run, Role::Interval, site);
    Interval { delay, period, missed: MissedTickBehavior::default() }
}

/// What an [`Interval`] does when a tick was due and nobody took it. The three behaviours are those of tokio.
///
/// ```
/// use reveille::time::{Duration, MissedTickBehavior, interval, sleep};
///
/// # reveille::explore().runs(10).run(|| async {
/// for (behavior, next) in [
///     (MissedTickBehavior::Burst, 0),    // what was due after one second,
///     (MissedTickBehavior::Delay, 1000), // a second from now,
///     (MissedTickBehavior::Skip, 500),   // or at the next full second
/// ] {
///     let mut ticks = interval(Duration::from_secs(1));
///     ticks.set_missed_tick_behavior(behavior);
///     ticks.tick().await;
///     sleep(Duration::from_millis(2500)).await;
///     ticks.tick().await; // late: it was due after one second
///     let late = reveille::time::Instant::now();
///     ticks.tick().await;
///     assert_eq!(late.elapsed(), Duration::from_millis(next), "{behavior:?}");
/// }
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Ticks as fast as they are taken until it has caught up.
    #[default]
    Burst,
    /// Goes on a period after the late tick was taken.
    Delay,
    /// Leaves out what was missed and keeps to the multiples of the period.
    Skip,
}

/// Ticks. Made by [`interval`].
///
/// ```
/// use reveille::time::{Duration, Instant, interval, sleep};
///
/// # reveille::explore().runs(10).run(|| async {
/// let mut ticks = interval(Duration::from_secs(10));
/// ticks.tick().await; // at once
/// sleep(Duration::from_secs(4)).await;
/// ticks.reset(); // a period from now
/// let start = Instant::now();
/// ticks.tick().await;
/// assert_eq!(start.elapsed(), ticks.period());
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Interval {
    /// Waits for the next tick.
    delay: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick and says when it was due. Cancel-safe: a tick is taken only when it is returned.
    ///
    /// ```
    /// use reveille::time::{Duration, interval, timeout};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let mut ticks = interval(Duration::from_secs(10));
    /// let first = ticks.tick().await;
    /// assert!(timeout(Duration::from_secs(4), ticks.tick()).await.is_err()); // given up, and no tick is lost
    /// assert_eq!(ticks.tick().await - first, Duration::from_secs(10));
    /// # }).unwrap();
    /// ```
    pub fn tick(&mut self) -> Tick<'_> {
        Tick { interval: self, waits: false }
    }

    /// Polls for the next tick. See [`tick`](Self::tick).
    ///
    /// For a future or a stream of one's own:
    ///
    /// ```
    /// use std::pin::Pin;
    /// use std::task::{Context, Poll};
    ///
    /// use futures::{Stream, StreamExt};
    /// use reveille::time::{Duration, Instant, Interval, interval};
    ///
    /// struct Ticks(Interval);
    ///
    /// impl Stream for Ticks {
    ///     type Item = Instant;
    ///
    ///     fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Instant>> {
    ///         self.0.poll_tick(context).map(Some)
    ///     }
    /// }
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let ticks: Vec<_> = Ticks(interval(Duration::from_secs(2))).take(3).collect().await;
    /// assert_eq!(ticks[2] - ticks[0], Duration::from_secs(4));
    /// # }).unwrap();
    /// ```
    pub fn poll_tick(&mut self, context: &mut Context<'_>) -> Poll<Instant> {
        self.poll_as(Role::Interval, context)
    }

    fn poll_as(&mut self, role: Role, context: &mut Context<'_>) -> Poll<Instant> {
        self.delay.act_as(role);
        std::task::ready!(Pin::new(&mut self.delay).poll(context));
        let due = self.delay.deadline();
        let next = self.next(due, self.delay.now());
        Pin::new(&mut self.delay).reset(next);
        Poll::Ready(due)
    }

    /// When the tick after the one that was `due` comes, if that is taken `now`.
    fn next(&self, due: Instant, now: Instant) -> Instant {
        let next = due + self.period;
        match self.missed {
            MissedTickBehavior::Burst => next,
            _ if next > now => next,
            MissedTickBehavior::Delay => now + self.period,
            MissedTickBehavior::Skip => {
                let past = (now - due).as_nanos() % self.period.as_nanos();
                // Below the period, and so below u64::MAX whenever time itself is.
                now + (self.period - Duration::from_nanos(u64::try_from(past).unwrap_or(u64::MAX)))
            }
        }
    }

    /// Starts anew: the next tick comes a period from now.
    ///
    /// # Panics
    /// Outside of a run.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant, interval, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let start = Instant::now();
    /// let mut ticks = interval(Duration::from_secs(10));
    /// ticks.tick().await; // the first comes at once
    /// sleep(Duration::from_secs(9)).await;
    /// ticks.reset();
    /// ticks.tick().await;
    /// assert_eq!(start.elapsed(), Duration::from_secs(19));
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn reset(&mut self) {
        let next = self.delay.now() + self.period;
        Pin::new(&mut self.delay).reset(next);
    }

    /// What happens to ticks that nobody took in time.
    ///
    /// ```
    /// use reveille::time::{Duration, MissedTickBehavior, interval};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let mut ticks = interval(Duration::from_secs(1));
    /// assert_eq!(ticks.missed_tick_behavior(), MissedTickBehavior::Burst);
    /// ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    /// assert_eq!(ticks.missed_tick_behavior(), MissedTickBehavior::Skip);
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets what happens to ticks that nobody took in time.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant, MissedTickBehavior, interval, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let mut ticks = interval(Duration::from_secs(1));
    /// ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    /// ticks.tick().await;
    /// sleep(Duration::from_secs(60)).await;
    /// ticks.tick().await; // one for all that were missed
    /// let late = Instant::now();
    /// ticks.tick().await;
    /// assert_eq!(late.elapsed(), Duration::from_secs(1));
    /// # }).unwrap();
    /// ```
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The time between ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }
}

/// Waits for the next tick of an [`Interval`].
///
/// ```
/// use reveille::time::{Duration, interval};
///
/// # reveille::explore().runs(10).run(|| async {
/// let mut ticks = interval(Duration::from_secs(10));
/// let due = ticks.tick().await; // it yields the moment at which it was due
/// assert_eq!(ticks.tick().await, due + Duration::from_secs(10));
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Tick<'a> {
    interval: &'a mut Interval,
    /// It was polled, and has not completed.
    waits: bool,
}

impl Future for Tick<'_> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Instant> {
        let polled = self.interval.poll_as(Role::Tick, context);
        self.waits = polled.is_pending();
        polled
    }
}

impl Drop for Tick<'_> {
    fn drop(&mut self) {
        if self.waits {
            self.interval.delay.let_go();
        }
    }
}
