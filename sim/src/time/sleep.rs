//! Waiting for a point in time.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use reveille_reactor::TimerKey;
use reveille_reactor::net::NodeId;

use super::Instant;
use crate::context;
use crate::leaf::{LeafId, Made};
use crate::run::{Hint, Phase, Run, RunId, Site};
use crate::spin::visit;
use crate::watch::Watch;

/// Waits until `duration` has passed. The wait begins with the call, not with the first poll.
///
/// A duration of zero completes at once; one that reaches beyond the end of time (583 years) never completes within the
/// limits of a run.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use reveille::time::{Duration, Instant, sleep};
///
/// # reveille::explore().runs(10).run(|| async {
/// let start = Instant::now();
/// let (one, two) = (sleep(Duration::from_secs(2)), sleep(Duration::from_secs(3)));
/// one.await;
/// two.await; // it began with the call
/// assert_eq!(start.elapsed(), Duration::from_secs(3));
/// # }).unwrap();
/// ```
#[track_caller]
// Inlined, so that it is written where it is awaited, and not moved there right after.
#[inline]
pub fn sleep(duration: Duration) -> Sleep {
    let site = Location::caller();
    let (now, home) = begin(site);
    Sleep::new(now + duration, home, site)
}

/// The time, and where a timer is that is being made at `site`.
#[inline]
#[track_caller]
fn begin(site: Site) -> (Instant, Home) {
    context::with("reveille::time::sleep", |run| (Instant::of_run(run.reading()), Home::of(run, site)))
}

/// Waits until `deadline`; completes at once if that has passed.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use reveille::time::{Duration, Instant, sleep_until};
///
/// # reveille::explore().runs(10).run(|| async {
/// let noon = Instant::now() + Duration::from_secs(12 * 3600);
/// sleep_until(noon).await;
/// assert_eq!(Instant::now(), noon);
/// sleep_until(noon).await; // at once
/// # }).unwrap();
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    let site = Location::caller();
    let run = context::with("reveille::time::sleep_until", |run| Home::of(run, site));
    Sleep::new(deadline, run, site)
}

/// The future of [`sleep`]. Dropping it disarms the timer. It may be polled again after it has completed.
///
/// ```
/// use std::pin::pin;
/// use reveille::time::{Duration, Instant, sleep};
///
/// # reveille::explore().runs(10).run(|| async {
/// let start = Instant::now();
/// let mut idle = pin!(sleep(Duration::from_secs(60)));
/// assert_eq!((idle.deadline() - start, idle.is_elapsed()), (Duration::from_secs(60), false));
/// idle.as_mut().reset(start + Duration::from_secs(90)); // somebody was active
/// idle.await;
/// assert_eq!(start.elapsed(), Duration::from_secs(90));
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    /// By the clock of `node`.
    deadline: Instant,
    run: RunId,
    /// The armed timer, from the first pending poll on.
    timer: Option<TimerKey>,
    /// Where it was made, or what it is a part of.
    site: Site,
    role: Role,
    polled: bool,
    /// Where it was made.
    node: NodeId,
}

/// Where a [`Sleep`] was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    run: RunId,
    /// Whose clock it goes by.
    node: NodeId,
}

impl Home {
    /// Where a timer is that is being made at `site`.
    #[inline]
    pub(super) fn of(run: &Run, site: Site) -> Self {
        if let Some(watch) = &run.watch {
            note_made(watch, site);
        }
        Self { run: run.id(), node: run.here() }
    }
}

#[cold]
fn note_made(watch: &Watch, site: Site) {
    if let Some(log) = watch.leaves() {
        log.timer_made(site);
    }
}

#[cold]
fn note_polled(watch: &Watch, site: Site) {
    if let Some(log) = watch.leaves() {
        log.timer_polled(site);
    }
}

/// Nobody waits for `timer` any more, since it `has_struck` or for another reason.
#[cold]
fn note_gone(run: &Run, watch: &Watch, timer: TimerKey, has_struck: bool) {
    if let Some(log) = watch.leaves() {
        log.gone(run, LeafId::Timer(run.clock.name(timer)), has_struck);
    }
}

/// What a [`Sleep`] is to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Sleep,
    Timeout,
    Interval,
    /// An interval's, in a [`Tick`](super::Tick) that tells when it is dropped.
    Tick,
    /// Another crate's.
    #[cfg(feature = "hyper")]
    Anothers,
}

impl Role {
    /// What a report calls it.
    #[inline]
    fn words(self) -> &'static str {
        match self {
            Self::Sleep => "sleep",
            Self::Timeout => "timeout",
            Self::Interval | Self::Tick => "interval",
            #[cfg(feature = "hyper")]
            Self::Anothers => "sleep",
        }
    }
}

impl Sleep {
    #[inline]
    fn new(deadline: Instant, home: Home, site: Site) -> Self {
        Self::inner(deadline, home, Role::Sleep, site)
    }

    /// A part of another future of ours, made at `site`.
    #[inline]
    pub(super) fn inner(deadline: Instant, home: Home, role: Role, site: Site) -> Self {
        Self { deadline, run: home.run, timer: None, site, role, polled: false, node: home.node }
    }

    /// A timer of another crate's, which is not the program's to poll.
    #[cfg(feature = "hyper")]
    #[track_caller]
    pub(crate) fn of_anothers(duration: Duration) -> Self {
        let mut made = sleep(duration);
        made.role = Role::Anothers;
        made
    }

    /// When it completes.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let nap = sleep(Duration::from_secs(3));
    /// assert_eq!(nap.deadline(), Instant::now() + Duration::from_secs(3));
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has passed.
    ///
    /// # Panics
    /// Outside of a run.
    ///
    /// ```
    /// use reveille::time::{Duration, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let limit = sleep(Duration::from_secs(3));
    /// assert!(!limit.is_elapsed());
    /// sleep(Duration::from_secs(3)).await;
    /// assert!(limit.is_elapsed()); // whether it was polled or not
    /// # }).unwrap();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        self.now() >= self.deadline
    }

    /// The time by the clock that it goes by.
    #[track_caller]
    pub(super) fn now(&self) -> Instant {
        context::with("Sleep", |run| Instant::of_run(run.reading_of(self.node)))
    }

    /// Waits until `deadline` instead.
    ///
    /// ```
    /// use std::pin::pin;
    /// use reveille::time::{Duration, Instant, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let start = Instant::now();
    /// let mut idle = pin!(sleep(Duration::from_secs(30)));
    /// sleep(Duration::from_secs(20)).await;
    /// idle.as_mut().reset(Instant::now() + Duration::from_secs(30)); // something was heard
    /// assert!(!idle.is_elapsed());
    /// idle.as_mut().await;
    /// assert_eq!(start.elapsed(), Duration::from_secs(50));
    /// assert!(idle.is_elapsed() && idle.deadline() == start + Duration::from_secs(50));
    /// # }).unwrap();
    /// ```
    pub fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.disarm();
        self.deadline = deadline;
    }

    /// Nobody waits for it any more.
    #[inline]
    pub(super) fn disarm(&mut self) {
        if self.timer.is_some() {
            self.disarm_anywhere();
        }
    }

    fn disarm_anywhere(&mut self) {
        in_run(self.run, |run| self.disarm_in(run));
        self.timer = None;
    }

    #[inline]
    fn disarm_in(&mut self, run: &Run) {
        if let Some(timer) = self.timer.take() {
            if let Some(watch) = &run.watch {
                note_gone(run, watch, timer, false);
            }
            run.clock.cancel(timer);
        }
    }

    /// From here on it is `role`.
    pub(super) fn act_as(&mut self, role: Role) {
        self.role = role;
    }

    /// Who waited for it does so no more, and it goes on.
    #[cold]
    pub(super) fn let_go(&self) {
        let Some(timer) = self.timer else { return };
        in_run(self.run, |run| {
            if let Some(log) = run.watch.as_ref().and_then(Watch::leaves) {
                log.let_go(run.clock.name(timer));
            }
        });
    }

    fn made(&self) -> Made {
        Made { what: self.role.words(), site: self.site }
    }

    /// Returns whether it is to be waited for: arms the timer then, or renews its waker.
    #[inline]
    fn poll_in(&mut self, run: &Run, context: &Context<'_>) -> bool {
        if run.phase() == Phase::TearingDown {
            // A destructor blocks on it, perhaps while unwinding: neither a panic nor a wait would help anybody.
            run.notes.hint(Hint::PolledInTeardown { what: "Sleep" });
            self.disarm_in(run);
            return false;
        }
        // In the time of the run.
        let deadline = run.when(self.node, self.deadline.in_run());
        if let Some(watch) = &run.watch {
            note_polled(watch, self.site);
        }
        if run.clock.now() >= deadline {
            if let Some(timer) = self.timer {
                run.leaves.timer_taken(run, || run.clock.name(timer), || self.made(), deadline);
                if let Some(watch) = &run.watch {
                    note_gone(run, watch, timer, true);
                }
            }
            self.disarm_in(run);
            return false;
        }
        visit(run, self.role.words());
        let timer = run.clock.wait(run, self.timer, self.node, deadline, context.waker());
        if let Some(watch) = &run.watch {
            self.note_armed(run, watch, timer, deadline);
        }
        self.timer = Some(timer);
        true
    }

    #[cold]
    fn note_unpolled(&self) {
        in_run(self.run, |run| {
            if run.phase() == Phase::Running {
                run.notes.hint(Hint::NeverPolled { what: "Sleep", made: self.site });
            }
        });
    }

    #[cold]
    fn note_armed(&self, run: &Run, watch: &Watch, timer: TimerKey, deadline: reveille_reactor::Instant) {
        if let Some(log) = watch.leaves() {
            log.armed(run, run.clock.name(timer), self.made(), deadline, self.role == Role::Tick);
        }
    }
}

/// Calls `f` with the run that a timer was made in, if that is the current one: futures outlive their runs.
#[inline]
fn in_run<R>(its: RunId, f: impl FnOnce(&Run) -> R) -> Option<R> {
    context::try_with(|run| (run.id() == its).then(|| f(run))).flatten()
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.polled = true;
        match in_run(self.run, |run| self.poll_in(run, context)) {
            Some(true) => Poll::Pending,
            Some(false) => Poll::Ready(()),
            None => panic!("a `Sleep` was polled outside the run that it was made in: make it where it is awaited"),
        }
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        self.disarm();
        // As a part of another future that means nothing.
        if !self.polled && self.role == Role::Sleep {
            self.note_unpolled();
        }
    }
}
