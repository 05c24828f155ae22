//! Giving up on a future.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::sleep::{Home, Role};
use super::{Instant, Sleep};
use crate::cancel::drop_cancelled;
use crate::context;
use crate::task::misused;

/// Awaits `future` for at most `duration`; then the future is dropped and the result is [`Elapsed`].
///
/// The future is polled first, so one that is ready wins even against a duration of zero.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use reveille::time::{Duration, sleep, timeout};
/// # reveille::explore().runs(10).run(|| async {
/// let late = timeout(Duration::from_secs(1), sleep(Duration::from_secs(2))).await;
/// assert!(late.is_err());
/// # }).unwrap();
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    let site = Location::caller();
    let (now, run) =
        context::with("reveille::time::timeout", |run| (Instant::of_run(run.reading()), Home::of(run, site)));
    Timeout::new(future.into_future(), Sleep::inner(now + duration, run, Role::Timeout, site))
}

/// Awaits `future` until `deadline` at most. See [`timeout`].
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use reveille::time::{Duration, Instant, sleep, timeout_at};
///
/// # reveille::explore().runs(10).run(|| async {
/// // One deadline for several steps.
/// let deadline = Instant::now() + Duration::from_secs(3);
/// assert!(timeout_at(deadline, sleep(Duration::from_secs(2))).await.is_ok());
/// assert!(timeout_at(deadline, sleep(Duration::from_secs(2))).await.is_err());
/// assert_eq!(Instant::now(), deadline);
/// # }).unwrap();
/// ```
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    let site = Location::caller();
    let run = context::with("reveille::time::timeout_at", |run| Home::of(run, site));
    Timeout::new(future.into_future(), Sleep::inner(deadline, run, Role::Timeout, site))
}

pin_project! {
    /// The future of [`timeout`].
    ///
    /// ```
    /// use reveille::time::{Duration, sleep, timeout};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let reply = timeout(Duration::from_secs(5), async {
    ///     sleep(Duration::from_secs(1)).await;
    ///     42
    /// });
    /// assert_eq!(reply.await, Ok(42)); // it yields what the future does, in time
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F> {
        #[pin]
        future: Option<F>,
        #[pin]
        delay: Sleep,
        ended: bool,
    }
}

impl<F> Timeout<F> {
    fn new(future: F, delay: Sleep) -> Self {
        Self { future: Some(future), delay, ended: false }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut().filter(|_| !*this.ended) else { misused("Timeout") };
        let result = match future.poll(context) {
            Poll::Ready(output) => {
                // Whoever keeps the future must not be woken for it.
                this.delay.disarm();
                Ok(output)
            }
            Poll::Pending => {
                std::task::ready!(this.delay.poll(context));
                // A future that is dropped for being late is cancelled, as far as what it holds is concerned.
                drop_cancelled(|| this.future.set(None));
                Err(Elapsed(()))
            }
        };
        *this.ended = true;
        Poll::Ready(result)
    }
}

/// A time-out struck.
///
/// ```
/// use std::io;
/// use reveille::time::{Duration, timeout};
///
/// # reveille::explore().runs(10).run(|| async {
/// let late = timeout(Duration::from_secs(1), std::future::pending::<()>()).await.unwrap_err();
/// assert_eq!(io::Error::from(late).kind(), io::ErrorKind::TimedOut);
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(_: Elapsed) -> Self {
        std::io::ErrorKind::TimedOut.into()
    }
}
