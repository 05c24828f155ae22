//! Operations that must not be dropped half-way.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::record::Harm;
use crate::context;
use crate::finding::TaskInfo;
use crate::run::{Phase, RunId, Site};
use crate::site::Stack;
use crate::task::misused;

/// Marks an operation that, once begun, has to be brought to its end: dropping it between its first poll and its
/// completion, whoever does it, is a finding ([`CutShort`](crate::FindingKind::CutShort)).
///
/// Dropping it before its first poll is no finding, nor is what happens when the world is dropped at the end of a run, or
/// when its task panics. Outside of a run the future is passed through.
///
/// ```
/// use reveille::time::{Duration, sleep, timeout};
/// use reveille::{FindingKind, cancel};
///
/// let failure = reveille::explore()
///     .run(|| async {
///         let commit = cancel::must_complete(sleep(Duration::from_secs(5)));
///         let _ = timeout(Duration::from_secs(1), commit).await;
///     })
///     .unwrap_err();
/// assert_eq!(failure.kind(), Some(FindingKind::CutShort));
/// ```
#[track_caller]
pub fn must_complete<F: IntoFuture>(future: F) -> MustComplete<F::IntoFuture> {
    MustComplete { future: Box::pin(future.into_future()), stage: Stage::Unpolled, made: Location::caller() }
}

/// The future of [`must_complete`].
///
/// ```
/// use reveille::{cancel::must_complete, yield_now};
///
/// # reveille::explore().runs(10).run(|| async {
/// drop(must_complete(yield_now())); // never polled, so nothing is cut short
/// let commit = must_complete(async { 42 });
/// assert_eq!(commit.await, 42); // it yields what the future does
/// # }).unwrap();
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct MustComplete<F> {
    /// Boxed: a destructor and a pinned field do not go together without unsafe code.
    future: Pin<Box<F>>,
    stage: Stage,
    made: Site,
}

enum Stage {
    Unpolled,
    /// Begun in this run (none outside of one), and polled so often.
    Begun(Option<RunId>, u64),
    Ended,
}

impl<F: Future> Future for MustComplete<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polls = match self.stage {
            Stage::Unpolled => 0,
            Stage::Begun(_, polls) => polls,
            Stage::Ended => misused("MustComplete"),
        };
        self.stage = Stage::Begun(context::try_with(crate::run::Run::id), polls + 1);
        let polled = self.future.as_mut().poll(context);
        if polled.is_ready() {
            self.stage = Stage::Ended;
        }
        polled
    }
}

impl<F> Drop for MustComplete<F> {
    fn drop(&mut self) {
        let Stage::Begun(Some(begun), polls) = self.stage else { return };
        context::try_with(|run| {
            let is_unwinding = std::thread::panicking() && !run.cancel.is_dropping();
            if run.id() == begun && run.phase() == Phase::Running && !is_unwinding && !run.cancel.is_harmed() {
                let by = run.current().map(|task| TaskInfo::of(run, task));
                run.cancel.harmed(Harm::CutShort { made: self.made, polls, by, stack: Stack::capture() });
            }
        });
    }
}

impl<F> std::fmt::Debug for MustComplete<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MustComplete").field("made", &self.made).finish_non_exhaustive()
    }
}
