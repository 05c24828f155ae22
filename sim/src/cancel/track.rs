//! Values that must arrive.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use super::record::Harm;
use crate::context;
use crate::run::{Phase, Site};

/// Watches over `value` until it is [settled](Tracked::settle): if a cancellation drops it before that, it is a finding
/// ([`DroppedValue`](crate::FindingKind::DroppedValue)) that says where the cancelled future waited and where the value
/// was made.
///
/// Dropping it in the ordinary course of the program is no finding: what counts is that a future that held it was
/// cancelled, by an [audit](super::audit), by [`cancellable`](super::cancellable), by the program's own
/// [`abort`](crate::JoinHandle::abort) of its task, or by a [`timeout`](crate::time::timeout) that strikes. A future that
/// loses a `select!` cannot be told from other values that go out of scope; wrap it into `cancellable`, or use a
/// [`Ledger`](super::Ledger), which counts. What a node's crash takes with it is no finding. Outside of a run it is just the
/// value.
///
/// ```
/// use reveille::{FindingKind, cancel, yield_now};
///
/// let failure = reveille::explore()
///     .run(|| async {
///         cancel::cancellable(async {
///             let order = cancel::track("two tickets");
///             yield_now().await;
///             order.settle();
///         })
///         .await;
///     })
///     .unwrap_err();
/// assert_eq!(failure.kind(), Some(FindingKind::DroppedValue));
/// ```
#[track_caller]
pub fn track<T>(value: T) -> Tracked<T> {
    context::try_with(|run| run.cancel.watch());
    Tracked { value: Some(value), made: Location::caller() }
}

/// A value made by [`track`]. Behaves as a reference to it.
///
/// ```
/// use reveille::cancel;
///
/// # reveille::explore().runs(10).run(|| async {
/// let order = cancel::track("two tickets");
/// assert_eq!(order.len(), 11); // it is the value
/// assert_eq!(order.settle(), "two tickets"); // and is the value alone again
/// # }).unwrap();
/// ```
#[must_use = "a tracked value that is dropped at once was not worth tracking"]
pub struct Tracked<T> {
    /// Invariant: present until it is settled, which consumes this.
    value: Option<T>,
    made: Site,
}

impl<T> Tracked<T> {
    /// Says that the value has arrived, and takes it out.
    ///
    /// ```
    /// use reveille::cancel;
    ///
    /// // Settled before the await, it is nobody's loss that the rest is cut off.
    /// reveille::explore()
    ///     .run(|| async {
    ///         cancel::cancellable(async {
    ///             let order = cancel::track("two tickets").settle();
    ///             reveille::yield_now().await;
    ///             assert_eq!(order, "two tickets");
    ///         })
    ///         .await;
    ///     })
    ///     .unwrap();
    /// ```
    pub fn settle(mut self) -> T {
        self.value.take().expect("only `settle` takes the value, and it consumes the `Tracked`")
    }
}

impl<T> Deref for Tracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("only `settle` takes the value, and it consumes the `Tracked`")
    }
}

impl<T> DerefMut for Tracked<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("only `settle` takes the value, and it consumes the `Tracked`")
    }
}

impl<T: fmt::Debug> fmt::Debug for Tracked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T> Drop for Tracked<T> {
    fn drop(&mut self) {
        if self.value.is_none() {
            return;
        }
        let what = std::any::type_name::<T>();
        context::try_with(|run| {
            if run.cancel.is_dropping() && run.phase() == Phase::Running {
                run.cancel.harmed(Harm::DroppedValue { what, made: self.made });
            }
        });
    }
}
