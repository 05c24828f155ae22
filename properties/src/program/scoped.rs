//! Children of a scope, watched over: whether any is polled that should be gone.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

/// What is known of one scope. It may be shared between threads, as its children may.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The scope has cancelled its children, or is gone.
    over: AtomicBool,
    /// A borrowing child has panicked.
    panicked: AtomicBool,
    /// Polls of children that there should not have been; those of all scopes of a program are counted together.
    late: Arc<AtomicU64>,
}

impl Watch {
    pub(super) fn new(late: &Arc<AtomicU64>) -> Arc<Self> {
        Arc::new(Self { late: late.clone(), ..Self::default() })
    }

    /// From here on no child is to be polled.
    pub(super) fn ends(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Notes the end of the scope when it is dropped: to be declared before the scope's future.
    pub(super) fn at_drop(self: &Arc<Self>) -> Ends {
        Ends(self.clone())
    }

    /// Watches over a child that is polled within the scope.
    pub(super) fn borrowing<F: Future + Unpin>(self: &Arc<Self>, future: F) -> Child<F> {
        Child { future, watch: self.clone(), polls_after_panic: Some(0) }
    }

    /// Watches over a child that is a task.
    pub(super) fn separate<F: Future + Unpin>(self: &Arc<Self>, future: F) -> Child<F> {
        Child { future, watch: self.clone(), polls_after_panic: None }
    }

    fn is_late(&self) {
        self.late.fetch_add(1, Ordering::SeqCst);
    }
}

/// Notes the end of a scope.
#[derive(Debug)]
pub(super) struct Ends(Arc<Watch>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.ends();
    }
}

/// A child that is watched over.
#[derive(Debug)]
pub(super) struct Child<F> {
    future: F,
    watch: Arc<Watch>,
    /// How often it was polled since a borrowing child panicked, if it is one itself. The scope polls those one after the
    /// other, so one poll there may be. A task may be polled as often as it likes before it is the scope's turn.
    polls_after_panic: Option<u32>,
}

impl<F: Future + Unpin> Future for Child<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let panicked = this.watch.panicked.load(Ordering::SeqCst);
        let again = this.polls_after_panic.as_mut().is_some_and(|polls| {
            *polls += u32::from(panicked);
            *polls > 1
        });
        if again || this.watch.over.load(Ordering::SeqCst) {
            this.watch.is_late();
        }
        catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.future).poll(context))).unwrap_or_else(|panic| {
            if this.polls_after_panic.is_some() {
                this.watch.panicked.store(true, Ordering::SeqCst);
            }
            resume_unwind(panic)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll<T>(child: &mut Child<impl Future<Output = T> + Unpin>) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        catch_unwind(AssertUnwindSafe(|| Pin::new(child).poll(&mut context).is_ready())).unwrap_or(true)
    }

    #[test]
    fn polls_after_the_end_are_late_and_a_second_one_after_a_siblings_panic() {
        let late = Arc::new(AtomicU64::new(0));
        let watch = Watch::new(&late);
        let count = || late.load(Ordering::SeqCst);
        let mut child = watch.borrowing(std::future::pending::<()>());
        let mut task = watch.separate(std::future::pending::<()>());
        poll(&mut child);
        poll(&mut watch.separate(Box::pin(async { resume_unwind(Box::new("a task")) })));
        poll(&mut child);
        poll(&mut child);
        assert_eq!(count(), 0);
        poll(&mut watch.borrowing(Box::pin(async { resume_unwind(Box::new("within")) })));
        poll(&mut child);
        poll(&mut task);
        poll(&mut task);
        assert_eq!(count(), 0);
        poll(&mut child);
        assert_eq!(count(), 1);
        drop(watch.at_drop());
        poll(&mut task);
        assert_eq!(count(), 2);
    }
}
