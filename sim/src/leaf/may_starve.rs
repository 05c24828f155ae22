//! Holding futures unpolled on purpose.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::context;

/// Says that `future`, and whatever is polled inside of it, may be left unpolled for as long as its task likes, and why.
///
/// Nothing in it is called a [starved leaf](crate::FindingKind::StarvedLeaf), nor is it blamed for a stall: should one come,
/// the report shows it with the reason, and what it says of the stuck task is what it would say without it.
///
/// ```
/// use std::pin::pin;
///
/// use reveille::leaf::{leaf, may_starve};
/// use reveille::time::{Duration, sleep};
///
/// reveille::explore()
///     .run(|| async {
///         let fetch_ahead = leaf(sleep(Duration::from_secs(1)));
///         let mut fetch_ahead = pin!(may_starve("fetched ahead: nobody waits for it", fetch_ahead));
///         futures::poll!(fetch_ahead.as_mut());
///         sleep(Duration::from_secs(3_600)).await;
///         fetch_ahead.await;
///     })
///     .unwrap();
/// ```
pub fn may_starve<F: IntoFuture>(reason: &'static str, future: F) -> MayStarve<F::IntoFuture> {
    MayStarve { future: future.into_future(), reason }
}

pin_project! {
    /// The future of [`may_starve`].
    ///
    /// ```
    /// use reveille::leaf::may_starve;
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let ahead = may_starve("fetched ahead", async { 42 });
    /// assert_eq!(ahead.await, 42); // it yields what the future does
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct MayStarve<F> {
        #[pin]
        future: F,
        reason: &'static str,
    }
}

impl<F: Future> Future for MayStarve<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _excused = Excused::by(this.reason);
        this.future.poll(context)
    }
}

/// A reason holds until this is dropped, by a panic too.
struct Excused {
    before: Option<&'static str>,
}

impl Excused {
    fn by(reason: &'static str) -> Self {
        Self { before: context::try_with(|run| run.leaves.excuse_by(Some(reason))).flatten() }
    }
}

impl Drop for Excused {
    fn drop(&mut self) {
        context::try_with(|run| run.leaves.excuse_by(self.before));
    }
}
