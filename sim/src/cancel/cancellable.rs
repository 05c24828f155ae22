//! A future that the run may drop at any of its awaits.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use reveille_executor::{Hint, Point};

use super::cuts::{Made, Moment, Way};
use super::record::drop_cancelled;
use super::sites::look;
use crate::context;
use crate::kinds;
use crate::run::Run;
use crate::site::Stack;
use crate::task::misused;

/// Lets the run decide, at every await of `future`, whether it is dropped there; the result is `None` then.
///
/// It is dropped as a `select!` or a `timeout` in the same task would do it: before its first poll, right after a poll that
/// returned `Pending`, or when it has been woken and not polled yet. What the rest of the program makes of that is for its
/// own assertions, and for [`track`](super::track), [`must_complete`](super::must_complete) and the verdicts on stuck
/// tasks. One decision in eight is a cut, in random runs; answer 0 goes on, so seed 0 cuts nothing. Outside of a run the
/// future always completes.
///
/// ```
/// use reveille::{cancel, sometimes, yield_now};
///
/// reveille::explore()
///     .run(|| async {
///         let answer = cancel::cancellable(async {
///             yield_now().await;
///             42
///         });
///         let answer = answer.await;
///         sometimes!(answer.is_none(), "it is dropped");
///         sometimes!(answer == Some(42), "it completes");
///     })
///     .unwrap();
/// ```
pub fn cancellable<F: IntoFuture>(future: F) -> Cancellable<F::IntoFuture> {
    Cancellable { future: Some(future.into_future()), polls: 0, stacks: Vec::new(), ended: false }
}

pin_project! {
    /// The future of [`cancellable`].
    ///
    /// ```
    /// use reveille::cancel::cancellable;
    ///
    /// // Outside of a run it always completes.
    /// assert_eq!(futures::executor::block_on(cancellable(async { 42 })), Some(42));
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Cancellable<F> {
        #[pin]
        future: Option<F>,
        // How many polls have returned `Pending`.
        polls: u64,
        // Where it waits, under the glass.
        stacks: Vec<Stack>,
        ended: bool,
    }
}

impl<F: Future> Future for Cancellable<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if *this.ended {
            misused("Cancellable");
        }
        let moment = if *this.polls == 0 { Moment::BeforeFirstPoll } else { Moment::AfterWake };
        if !is_cut(moment, *this.polls, this.stacks) {
            let (polled, stacks) = match this.future.as_mut().as_pin_mut() {
                Some(future) => {
                    look(*this.polls + 1, context.waker(), |waker| future.poll(&mut Context::from_waker(waker)))
                }
                None => misused("Cancellable"),
            };
            if let Poll::Ready(output) = polled {
                *this.ended = true;
                this.future.set(None);
                return Poll::Ready(Some(output));
            }
            *this.polls += 1;
            *this.stacks = stacks;
            if !is_cut(Moment::AfterPending, *this.polls, this.stacks) {
                return Poll::Pending;
            }
        }
        *this.ended = true;
        drop_cancelled(|| this.future.set(None));
        Poll::Ready(None)
    }
}

/// Asks the run whether to cut here.
fn is_cut(moment: Moment, polls: u64, stacks: &mut Vec<Stack>) -> bool {
    let hint = Hint::Rarely { numerator: 1, denominator: 8 };
    let cut = |run: &Run| {
        let is_cut = run.decide(Point { kind: kinds::CANCEL, bound: 2, hint }) == 1;
        if is_cut {
            run.cancel.cut_by_itself(Made {
                moment,
                way: Way::Dropped,
                polls,
                what: "a cancellable future",
                task: None,
            });
            run.cancel.glass.was_cut_at(std::mem::take(stacks));
        }
        is_cut
    };
    context::try_with(cut).unwrap_or(false)
}

impl<F> std::fmt::Debug for Cancellable<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cancellable").field("polls", &self.polls).field("ended", &self.ended).finish_non_exhaustive()
    }
}
