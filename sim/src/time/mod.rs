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

mod instant;
mod interval;
mod sleep;
mod timeout;

pub use std::time::Duration;

pub use instant::Instant;
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
