//! Waiting for a point in time.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use reveille_reactor::TimerKey;

use super::Instant;
use crate::context;
use crate::run::{Hint, Phase, RunId};

/// Waits until `duration` has passed. The wait begins with the call, not with the first poll.
///
/// A duration of zero completes at once; one that reaches beyond the end of time (584 years) never completes within the
/// limits of a run.
///
/// # Panics
/// Outside of a run.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    let (now, run) = context::with("reveille::time::sleep", |run| (Instant(run.clock.now()), run.id()));
    Sleep::new(now + duration, run, Location::caller())
}

/// Waits until `deadline`; completes at once if that has passed.
///
/// # Panics
/// Outside of a run.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    let run = context::with("reveille::time::sleep_until", crate::run::Run::id);
    Sleep::new(deadline, run, Location::caller())
}

/// The future of [`sleep`]. Dropping it disarms the timer. It may be polled again after it has completed.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    deadline: Instant,
    run: RunId,
    /// The armed timer, from the first pending poll on.
    timer: Option<TimerKey>,
    /// Where the future was made; `None` once it has been polled, or if it is part of another of ours.
    unpolled: Option<&'static Location<'static>>,
}

impl Sleep {
    fn new(deadline: Instant, run: RunId, made: &'static Location<'static>) -> Self {
        Self { deadline, run, timer: None, unpolled: Some(made) }
    }

    /// A part of another future of ours: that it is never polled means nothing.
    pub(super) fn inner(deadline: Instant, run: RunId) -> Self {
        Self { deadline, run, timer: None, unpolled: None }
    }

    /// When it completes.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has passed.
    ///
    /// # Panics
    /// Outside of a run.
    #[track_caller]
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Waits until `deadline` instead.
    pub fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.disarm();
        self.deadline = deadline;
    }

    fn disarm(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.in_its_run(|run| run.clock.cancel(timer));
        }
    }

    /// Calls `f` with the run that this future was made in, if that is the current one: futures outlive their runs.
    fn in_its_run<R>(&self, f: impl FnOnce(&crate::run::Run) -> R) -> Option<R> {
        context::try_with(|run| (run.id() == self.run).then(|| f(run))).flatten()
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.unpolled = None;
        let (timer, deadline) = (self.timer, self.deadline.0);
        let armed = self.in_its_run(|run| {
            if run.phase() == Phase::TearingDown {
                // A destructor blocks on it, perhaps while unwinding: neither a panic nor a wait would help anybody.
                run.notes.hint(Hint::PolledInTeardown { what: "Sleep" });
                return None;
            }
            (run.clock.now() < deadline).then(|| run.clock.wait(timer, deadline, context.waker()))
        });
        match armed {
            Some(Some(timer)) => {
                self.timer = Some(timer);
                Poll::Pending
            }
            Some(None) => {
                self.disarm();
                Poll::Ready(())
            }
            None => panic!("a `Sleep` was polled outside the run that it was made in: make it where it is awaited"),
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm();
        if let Some(made) = self.unpolled {
            self.in_its_run(|run| {
                if run.phase() == Phase::Running {
                    run.notes.hint(Hint::NeverPolled { what: "Sleep", made });
                }
            });
        }
    }
}
