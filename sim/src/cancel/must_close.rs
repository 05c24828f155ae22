//! Values whose cleanup is asynchronous, and so is none that a destructor could make.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::record::{End, Harm};
use crate::context;
use crate::run::{Phase, RunId, Site};

/// Watches over `value`, whose cleanup has to be awaited: that it is [closed](MustClose::close), and that the closing comes
/// to its end. If it is dropped before that (in a `Vec`, by a panic, with a cancelled future), or forgotten, it is a finding
/// ([`Leak`](crate::FindingKind::Leak)) that says where the value was made.
///
/// What is still owned by somebody when the run ends is dropped with the world, and no finding. Outside of a run it is just
/// the value.
///
/// ```
/// use reveille::{FindingKind, cancel, yield_now};
///
/// async fn hang_up(line: &'static str) {
///     yield_now().await; // says good-bye
///     drop(line);
/// }
/// reveille::explore()
///     .run(|| async { cancel::must_close("line 1").close(hang_up).await })
///     .unwrap();
/// let failure = reveille::explore().run(|| async { drop(cancel::must_close("line 1")) }).unwrap_err();
/// assert_eq!(failure.kind(), Some(FindingKind::Leak));
/// ```
#[track_caller]
pub fn must_close<T>(value: T) -> MustClose<T> {
    let (what, made) = (std::any::type_name::<T>(), Location::caller());
    let entry = context::try_with(|run| (run.id(), run.cancel.opened(what, made)));
    MustClose { value, debt: Debt { entry, what, made, begun: false } }
}

/// A value made by [`must_close`]. Behaves as a reference to it.
///
/// ```
/// use reveille::cancel;
///
/// # reveille::explore().runs(10).run(|| async {
/// let mut line = cancel::must_close(vec!["hello"]);
/// line.push("bye"); // it is the value
/// line.close(async |words| assert_eq!(words.len(), 2)).await;
/// # }).unwrap();
/// ```
#[must_use = "a value that must be closed leaks if it is dropped"]
pub struct MustClose<T> {
    value: T,
    debt: Debt,
}

impl<T> MustClose<T> {
    /// Closes the value: with the end of the future that `close` makes, it is done.
    ///
    /// ```
    /// use reveille::{FindingKind, cancel, explore, yield_now};
    ///
    /// // To begin is not enough.
    /// let failure = explore().run(|| async {
    ///     let closing = cancel::must_close("line 1").close(async |_| yield_now().await);
    ///     cancel::cancellable(closing).await;
    /// });
    /// assert_eq!(failure.unwrap_err().kind(), Some(FindingKind::Leak));
    /// ```
    pub fn close<F: Future>(self, close: impl FnOnce(T) -> F) -> Closing<F> {
        let Self { value, mut debt } = self;
        debt.begun = true;
        Closing { future: close(value), debt: Some(debt) }
    }
}

impl<T> Deref for MustClose<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for MustClose<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for MustClose<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, f)
    }
}

pin_project! {
    /// The future of [`MustClose::close`].
    ///
    /// ```
    /// use reveille::cancel::must_close;
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let closing = must_close("line 1").close(async |line| line.len());
    /// assert_eq!(closing.await, 6); // it yields what the future does
    /// # }).unwrap();
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Closing<F> {
        #[pin]
        future: F,
        // `None` once it is paid.
        debt: Option<Debt>,
    }
}

impl<F: Future> Future for Closing<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = std::task::ready!(this.future.poll(context));
        if let Some(mut debt) = this.debt.take() {
            debt.pay();
        }
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for Closing<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("is_closed", &self.debt.is_none()).finish_non_exhaustive()
    }
}

/// That a value has to be closed. Dropped unpaid, it is a leak.
struct Debt {
    /// The run that the value was made in, and its number there; `None` outside of one, and once it is paid.
    entry: Option<(RunId, u64)>,
    what: &'static str,
    made: Site,
    /// The closing has been called, if not awaited.
    begun: bool,
}

impl Debt {
    /// Nothing is owed any more; whether this is still the run, and something was.
    fn pay(&mut self) -> bool {
        let Some((of, number)) = self.entry.take() else { return false };
        context::try_with(|run| run.id() == of && run.cancel.closed(number) && run.phase() == Phase::Running)
            .unwrap_or(false)
    }
}

impl Drop for Debt {
    fn drop(&mut self) {
        if !self.pay() {
            return;
        }
        let end = match self.begun {
            true => End::HalfClosed,
            false if std::thread::panicking() => End::Unwound,
            false => End::Dropped,
        };
        context::try_with(|run| run.cancel.harmed(Harm::Leaked { what: self.what, made: self.made, end }));
    }
}
