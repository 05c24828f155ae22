//! The reactor's clock: its timers, and until when whoever turns the reactor waits for them.
//!
//! *How a wait ends in time.* Who is about to wait writes down, in one hold of the lock with its look at the timers, when the wait ends by
//! itself. Who arms a timer looks at that in one hold of the lock with arming: either the wait takes the new deadline into account, or
//! the one who arms sees a wait that is too long, and is told to end it. It crosses it out then, so a wait is ended once however many
//! deadlines come while it ends. A thread that turns the reactor arms nothing while it waits, so it never signals itself.

use std::sync::Mutex;
use std::task::Waker;
use std::time::{Duration, Instant as StdInstant};

use super::lock;
use crate::{Instant, TimerKey, Timers};

/// The longest wait that is asked of the system: it counts some in milliseconds of 31 bits, and refuses others that take years.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug)]
pub(super) struct Clock {
    /// When the reactor was made: its timers count nanoseconds from here.
    origin: StdInstant,
    schedule: Mutex<Schedule>,
}

#[derive(Debug, Default)]
struct Schedule {
    timers: Timers,
    /// When the wait that is under way ends by itself; `None` if none is, or if that one was ended.
    waits_until: Option<Instant>,
    /// Empty, and kept for the wakers of the next that are due.
    due: Vec<Waker>,
}

/// What came of arming a timer.
#[derive(Debug)]
pub(super) struct Armed {
    pub(super) timer: TimerKey,
    /// The waker that it had, for the caller to drop outside of every lock.
    pub(super) replaced: Option<Waker>,
    /// Somebody waits for longer than that, and the caller is to end it.
    pub(super) is_to_interrupt: bool,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the time of the operating system is what it tells")]
    pub(super) fn new() -> Self {
        Self { origin: StdInstant::now(), schedule: Mutex::default() }
    }

    pub(super) fn now(&self) -> Instant {
        Instant::ZERO + self.origin.elapsed()
    }

    /// `instant` by this clock; zero for what was before the reactor.
    pub(super) fn at(&self, instant: StdInstant) -> Instant {
        Instant::ZERO + instant.saturating_duration_since(self.origin)
    }

    /// Somebody is about to wait for `timeout` at the longest: says how long for.
    pub(super) fn begin_wait(&self, timeout: Option<Duration>) -> Option<Duration> {
        if timeout == Some(Duration::ZERO) {
            return timeout;
        }
        let mut schedule = lock(&self.schedule);
        let next = schedule.timers.next_deadline();
        if timeout.is_none() && next.is_none() {
            schedule.waits_until = Some(Instant::MAX);
            return None;
        }
        let now = self.now();
        let end = timeout.map_or(Instant::MAX, |timeout| now + timeout).min(next.unwrap_or(Instant::MAX));
        schedule.waits_until = Some(end);
        Some((end - now).min(WAIT_MAX))
    }

    /// The wait is over. Returns the wakers of all whose deadline has passed by now, in the order of the deadlines, for the caller to wake
    /// outside of every lock.
    pub(super) fn end_wait(&self) -> Vec<Waker> {
        let mut schedule = lock(&self.schedule);
        schedule.waits_until = None;
        let Schedule { timers, due, .. } = &mut *schedule;
        if timers.is_empty() {
            return Vec::new();
        }
        let now = self.now();
        let Some(first) = timers.pop_due(now) else { return Vec::new() };
        due.push(first.waker);
        while let Some(fired) = timers.pop_due(now) {
            due.push(fired.waker);
        }
        std::mem::take(due)
    }

    /// Takes back a list whose wakers were woken, to be used again.
    pub(super) fn reuse(&self, woken: Vec<Waker>) {
        debug_assert!(woken.is_empty(), "wakers are dropped outside of the lock");
        let mut schedule = lock(&self.schedule);
        if schedule.due.capacity() == 0 {
            schedule.due = woken;
        }
    }

    /// Whether the timer waits, with a waker that wakes what `waker` does.
    pub(super) fn holds(&self, timer: TimerKey, waker: &Waker) -> bool {
        lock(&self.schedule).timers.holds(timer, waker)
    }

    /// Gives `timer` the waker, or arms one for it.
    pub(super) fn arm(&self, timer: Option<TimerKey>, deadline: Instant, waker: Waker) -> Armed {
        let mut schedule = lock(&self.schedule);
        if let Some(timer) = timer.filter(|timer| schedule.timers.is_armed(*timer)) {
            let replaced = Some(schedule.timers.update(timer, waker));
            return Armed { timer, replaced, is_to_interrupt: false };
        }
        let timer = schedule.timers.insert(deadline, waker);
        let is_to_interrupt = schedule.waits_until.take_if(|end| deadline < *end).is_some();
        Armed { timer, replaced: None, is_to_interrupt }
    }

    /// Nobody waits for the timer any more. Returns its waker, for the caller to drop outside of every lock.
    pub(super) fn disarm(&self, timer: TimerKey) -> Option<Waker> {
        lock(&self.schedule).timers.remove(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn arms(clock: &Clock, hours: u32) -> Armed {
        clock.arm(None, clock.now() + HOUR * hours, Waker::noop().clone())
    }

    #[test]
    fn a_wait_is_ended_once_and_only_for_what_is_due_before_it_ends() {
        let clock = Clock::new();
        assert!(!arms(&clock, 9).is_to_interrupt, "nobody waits");
        assert_eq!(clock.begin_wait(Some(Duration::ZERO)), Some(Duration::ZERO));
        assert!(!arms(&clock, 8).is_to_interrupt, "a look is no wait");
        assert!(clock.begin_wait(None).is_some_and(|wait| (HOUR * 7..=HOUR * 8).contains(&wait)));
        assert!(!arms(&clock, 9).is_to_interrupt, "it ends earlier by itself");
        assert!(arms(&clock, 7).is_to_interrupt);
        assert!(!arms(&clock, 6).is_to_interrupt, "it was ended");
        assert!(clock.end_wait().is_empty());
        assert_eq!(clock.begin_wait(Some(HOUR * 3)), Some(HOUR * 3), "its own time-out is the earlier");
        assert!(!arms(&clock, 5).is_to_interrupt);
        assert!(clock.end_wait().is_empty());
        assert!(!arms(&clock, 2).is_to_interrupt, "it is over");
    }

    #[test]
    fn a_wait_without_anything_to_wait_for_is_ended_by_the_first_that_comes() {
        let clock = Clock::new();
        assert_eq!(clock.begin_wait(None), None);
        let Armed { timer, .. } = clock.arm(None, Instant::MAX, Waker::noop().clone());
        // A waker that takes another's place changes no deadline.
        assert!(!clock.arm(Some(timer), Instant::MAX, Waker::noop().clone()).is_to_interrupt);
        assert!(arms(&clock, 1).is_to_interrupt);
    }

    #[test]
    fn no_wait_is_longer_than_systems_take() {
        let clock = Clock::new();
        assert_eq!(clock.begin_wait(Some(Duration::MAX)), Some(WAIT_MAX));
        clock.arm(None, Instant::MAX, Waker::noop().clone());
        assert_eq!(clock.begin_wait(None), Some(WAIT_MAX));
    }
}
