//! Giving the other tasks a turn.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets the other runnable tasks go first: the task wakes itself and returns to the run queue once.
///
/// ```
/// use reveille_executor::{block_on, yield_now};
///
/// block_on(async { yield_now().await });
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
///
/// ```
/// use reveille_executor::{LocalExecutor, YieldNow, yield_now};
///
/// let executor = LocalExecutor::new();
/// let turns: Vec<YieldNow> = (0..3).map(|_| yield_now()).collect();
/// executor.block_on(async {
///     for turn in turns {
///         turn.await;
///     }
/// });
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct YieldNow {
    /// Whether the one pending poll has been.
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
