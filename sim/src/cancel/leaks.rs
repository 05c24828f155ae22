//! What waits that are given up leave behind.

use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::record::{Harm, drop_cancelled};
use crate::context;
use crate::run::{Run, Site};

/// Waits and gives up, `waits` times in a row, and measures what is left of it: the calling task's live wakers, the timers
/// that are armed, the connections that there are, the wakers that wait for sockets, the open files. If one of them grows by half a piece per wait or more, over the second half
/// of the waits, that is a finding ([`Leak`](crate::FindingKind::Leak)).
///
/// Each of the futures that `wait` makes is polled once and dropped, and then a second of virtual time passes, in which
/// others can tidy up. What keeps up to *n* stale entries before it sweeps them needs more than 2 *n* waits to be told from
/// a leak. All but the first are those of the whole run: what other tasks do meanwhile should not grow by itself.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use std::{cell::RefCell, task::Waker};
/// use reveille::{FindingKind, cancel};
///
/// // Takes a waker per wait, and never lets go of it.
/// let failure = reveille::explore()
///     .run(|| async {
///         let waiting = RefCell::new(Vec::<Waker>::new());
///         let wait = || {
///             std::future::poll_fn(|context| {
///                 waiting.borrow_mut().push(context.waker().clone());
///                 std::task::Poll::<()>::Pending
///             })
///         };
///         cancel::leaks(20, wait).await;
///     })
///     .unwrap_err();
/// assert_eq!(failure.kind(), Some(FindingKind::Leak));
/// ```
#[track_caller]
pub fn leaks<F: IntoFuture>(waits: u32, wait: impl FnMut() -> F) -> impl Future<Output = Growth> {
    measure(waits, wait, Location::caller())
}

/// What was left by the second half of the waits that [`leaks`] made.
///
/// ```
/// use reveille::{cancel, time::{Duration, sleep}};
///
/// # reveille::explore().runs(10).run(|| async {
/// let growth = cancel::leaks(20, || sleep(Duration::from_secs(1))).await;
/// assert_eq!((growth.wakers, growth.timers), (0, 0));
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Growth {
    /// By how many the live wakers of the task grew.
    pub wakers: i64,
    /// By how many the armed timers of the run grew.
    pub timers: i64,
    /// By how many the connections of the run grew, those on their way out included.
    pub connections: i64,
    /// By how many the wakers grew that wait for a socket of the run to become ready.
    pub registrations: i64,
    /// By how many the open files of the run grew.
    pub open_files: i64,
    /// Over so many waits.
    pub waits: u32,
    /// How many of all the futures were ready at their first poll, and so never waited.
    pub ready: u32,
}

async fn measure<F: IntoFuture>(waits: u32, mut wait: impl FnMut() -> F, made: Site) -> Growth {
    let mut ready = 0;
    context::with("reveille::cancel::leaks", |run| run.freedoms.count_wakers());
    let mut half_way = context::with("reveille::cancel::leaks", Reading::of);
    for nth in 0..waits {
        if nth == waits / 2 {
            half_way = context::with("reveille::cancel::leaks", Reading::of);
        }
        let mut future = Box::pin(wait().into_future());
        let is_ready = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
        ready += u32::from(is_ready);
        drop_cancelled(|| drop(future));
        pin!(crate::time::sleep(Duration::from_secs(1))).await;
    }
    context::with("reveille::cancel::leaks", |run| {
        let growth = Reading::of(run).since(half_way, waits - waits / 2, ready);
        let Growth { wakers, timers, connections, registrations, open_files, waits, .. } = growth;
        let grown = [
            (wakers, "live wakers of the task"),
            (timers, "armed timers"),
            (connections, "connections"),
            (registrations, "wakers that wait for a socket"),
            (open_files, "open files"),
        ];
        for (count, what) in grown {
            if waits > 1 && 2 * count >= i64::from(waits) {
                run.cancel.harmed(Harm::Grows { what, count, waits, made });
            }
        }
        growth
    })
}

/// What there is at a moment.
#[derive(Clone, Copy)]
struct Reading {
    wakers: usize,
    timers: usize,
    connections: usize,
    registrations: usize,
    open_files: usize,
}

impl Reading {
    fn of(run: &Run) -> Self {
        let wakers = run.current().and_then(|task| run.executor.live_wakers(task)).unwrap_or(0);
        let (connections, registrations) = (run.network.connections(), run.network.registrations());
        Self { wakers, timers: run.clock.timers(), connections, registrations, open_files: run.disks.open_files() }
    }

    fn since(self, before: Self, waits: u32, ready: u32) -> Growth {
        let grown = |now: usize, before: usize| now as i64 - before as i64;
        Growth {
            wakers: grown(self.wakers, before.wakers),
            timers: grown(self.timers, before.timers),
            connections: grown(self.connections, before.connections),
            registrations: grown(self.registrations, before.registrations),
            open_files: grown(self.open_files, before.open_files),
            waits,
            ready,
        }
    }
}
