//! The output of a child.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};

use super::{LocalBox, SendBox};
use crate::budget;
use crate::sync::Mutex;

/// Awaits the output of a child of a [`Scope`](crate::Scope). Dropping it changes nothing for the child.
///
/// # Panics
/// When polled again after it returned the output.
///
/// ```
/// use reveille_executor::{LocalExecutor, scope};
///
/// let sum = LocalExecutor::new().block_on(scope(async |scope| {
///     let (one, two) = (scope.spawn(async { 1 }), scope.enclose(async { 2 }));
///     one.await.unwrap() + two.await.unwrap()
/// }));
/// assert_eq!(sum, 3);
/// ```
#[must_use = "dropping the handle gives the child's output up; say so with `drop`, or await it"]
pub struct ChildHandle<T> {
    packet: StdArc<Packet<T>>,
}

/// The child was cancelled before it had an output: by its scope, by its executor, or by its own panic.
///
/// ```
/// use reveille_executor::{ChildCancelled, LocalExecutor, scope};
///
/// let never = LocalExecutor::new().block_on(scope(async |scope| {
///     let child = scope.spawn(std::future::pending::<()>());
///     scope.cancel().await;
///     child.await
/// }));
/// assert_eq!(never, Err(ChildCancelled));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildCancelled;

impl fmt::Display for ChildCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the child was cancelled")
    }
}

impl std::error::Error for ChildCancelled {}

/// What is between a child and its handle.
struct Packet<T>(Mutex<Slot<T>>);

enum Slot<T> {
    /// No output yet; who waits for it.
    Empty(Option<Waker>),
    /// The output, until it is taken.
    Output(T),
    Cancelled,
    Taken,
}

impl<T> Packet<T> {
    fn settle(&self, with: Slot<T>) {
        let before = std::mem::replace(&mut *self.0.lock(), with);
        // Outside of the lock: a wake may run anything.
        if let Slot::Empty(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Future for ChildHandle<T> {
    type Output = Result<T, ChildCancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        budget::within_budget(cx, || self.poll_packet(cx.waker()))
    }
}

impl<T> ChildHandle<T> {
    fn poll_packet(&self, own: &Waker) -> Poll<Result<T, ChildCancelled>> {
        // Cloned outside of the lock: that may run anything.
        let mut waker = None;
        loop {
            let mut slot = self.packet.0.lock();
            match (&mut *slot, waker.take()) {
                (Slot::Empty(Some(placed)), unused) if placed.will_wake(own) => {
                    drop(slot);
                    drop(unused);
                    return Poll::Pending;
                }
                (Slot::Empty(place), Some(waker)) => {
                    let before = place.replace(waker);
                    drop(slot);
                    drop(before);
                    return Poll::Pending;
                }
                (Slot::Empty(_), None) => {
                    drop(slot);
                    waker = Some(own.clone());
                }
                (Slot::Cancelled, unused) => {
                    drop(slot);
                    drop(unused);
                    return Poll::Ready(Err(ChildCancelled));
                }
                (Slot::Taken, _) => panic!("a child's handle was polled again after it returned the output"),
                (Slot::Output(_), unused) => {
                    let Slot::Output(output) = std::mem::replace(&mut *slot, Slot::Taken) else {
                        unreachable!("it was there a moment ago")
                    };
                    drop(slot);
                    drop(unused);
                    return Poll::Ready(Ok(output));
                }
            }
        }
    }
}

impl<T> fmt::Debug for ChildHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildHandle").finish_non_exhaustive()
    }
}

/// A future that reports its output to a handle. Dropped before it has one, it reports that it was cancelled; so a panic
/// is known to the scope, which catches it, before the handle says anything.
pub(super) struct Reporting<F, T> {
    future: F,
    packet: StdArc<Packet<T>>,
}

impl<'a, T> Reporting<LocalBox<'a, T>, T> {
    pub(super) fn new(future: impl Future<Output = T> + 'a) -> (Self, ChildHandle<T>) {
        Self::with_handle(Box::pin(future))
    }
}

impl<'a, T> Reporting<SendBox<'a, T>, T> {
    pub(super) fn new_send(future: impl Future<Output = T> + Send + 'a) -> (Self, ChildHandle<T>) {
        Self::with_handle(Box::pin(future))
    }
}

impl<F, T> Reporting<F, T> {
    fn with_handle(future: F) -> (Self, ChildHandle<T>) {
        let packet = StdArc::new(Packet(Mutex::new(Slot::Empty(None))));
        (Self { future, packet: StdArc::clone(&packet) }, ChildHandle { packet })
    }
}

impl<F: Future<Output = T> + Unpin, T> Future for Reporting<F, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let output = std::task::ready!(Pin::new(&mut self.future).poll(cx));
        self.packet.settle(Slot::Output(output));
        Poll::Ready(())
    }
}

impl<F, T> Drop for Reporting<F, T> {
    fn drop(&mut self) {
        let waiting = {
            let mut slot = self.packet.0.lock();
            matches!(*slot, Slot::Empty(_)).then(|| std::mem::replace(&mut *slot, Slot::Cancelled))
        };
        if let Some(Slot::Empty(Some(waker))) = waiting {
            waker.wake();
        }
    }
}
