//! The children of one scope.

use std::future::Future;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll};

use super::Scope;
use super::child::{Cancelled, Child, Runner};
use super::reach::{Host, Reach};
use super::tally::Tally;
use crate::sync::Mutex;

/// The children of one scope, and where new ones go.
pub(super) struct Children<'env, R: Reach> {
    host: R::Hosting<'env>,
    pub(super) tally: StdArc<Tally>,
    lists: Mutex<Lists<'env, R>>,
}

struct Lists<'env, R: Reach> {
    /// Those polled inside of the scope, oldest first.
    enclosed: Vec<StdArc<Child<R::Task<'env>>>>,
    /// Those that are tasks, each at its place; free places are `None`.
    tasks: Vec<Option<StdArc<Child<R::Task<'static>>>>>,
    /// The free places of `tasks`.
    free: Vec<usize>,
    /// The scope's future is gone: whoever comes is dropped.
    closed: bool,
}

impl<'env, R: Reach> Children<'env, R> {
    pub(super) fn new(host: R::Hosting<'env>) -> Self {
        let lists = Lists { enclosed: Vec::new(), tasks: Vec::new(), free: Vec::new(), closed: false };
        Self { host, tally: StdArc::new(Tally::new()), lists: Mutex::new(lists) }
    }

    pub(super) fn add_enclosed(&self, task: R::Task<'env>) {
        let refused = {
            let mut lists = self.lists.lock();
            if lists.closed {
                Some(task)
            } else {
                lists.enclosed.push(Child::new(task, &self.tally, None));
                None
            }
        };
        drop(refused);
    }

    pub(super) fn add_task(&self, task: R::Task<'static>, at: &'static Location<'static>) {
        let gone = self.tally.take_gone();
        let (swept, child) = {
            let mut lists = self.lists.lock();
            let swept = lists.sweep(gone);
            let child = if lists.closed { Err(task) } else { Ok(lists.place(task, &self.tally)) };
            (swept, child)
        };
        drop(swept);
        if let Ok(child) = child {
            let abort = self.host.spawn(R::boxed(Runner::new(StdArc::clone(&child))), at);
            child.set_abort(abort);
        }
    }

    /// The borrowing child number `index`, oldest first.
    pub(super) fn enclosed(&self, index: usize) -> Option<StdArc<Child<R::Task<'env>>>> {
        self.lists.lock().enclosed.get(index).cloned()
    }

    /// Takes out the borrowing child number `index`, which is gone.
    pub(super) fn remove_enclosed(&self, index: usize) {
        let removed = self.lists.lock().enclosed.remove(index);
        drop(removed);
    }

    /// Cancels the children that there are.
    pub(super) fn cancel(&self) -> CancelScope<'env, R> {
        let (mut enclosed, mut tasks) = {
            let lists = self.lists.lock();
            (lists.enclosed.clone(), lists.tasks.iter().flatten().cloned().collect::<Vec<_>>())
        };
        enclosed.retain(|child| child.cancel() != Cancelled::Gone);
        tasks.retain(|child| child.cancel() != Cancelled::Gone);
        CancelScope { enclosed, tasks, tally: StdArc::clone(&self.tally) }
    }

    /// Drops all children and refuses more: the scope's future is being dropped.
    ///
    /// # Panics
    /// If one of the children is beneath the caller on the stack, or panicked while it was dropped; not while unwinding.
    pub(super) fn close(&self) {
        self.lists.lock().closed = true;
        let mut is_own = false;
        loop {
            let (enclosed, tasks) = {
                let mut lists = self.lists.lock();
                (std::mem::take(&mut lists.enclosed), std::mem::take(&mut lists.tasks))
            };
            if enclosed.is_empty() && tasks.is_empty() {
                break;
            }
            for child in enclosed {
                is_own |= child.cancel() == Cancelled::OutHere;
            }
            for child in tasks.into_iter().flatten() {
                match child.cancel() {
                    Cancelled::Gone => {}
                    Cancelled::OutHere => is_own = true,
                    Cancelled::OutElsewhere => child.wait_until_gone(),
                }
            }
        }
        self.tally.clear_waiters();
        if std::thread::panicking() {
            return;
        }
        if let Some(payload) = self.tally.take_panic() {
            resume_unwind(payload);
        }
        assert!(!is_own, "a scope was dropped by one of its own children, which it would have to wait for");
    }
}

impl<R: Reach> Lists<'_, R> {
    /// Frees the places of children that are gone; the result is to be dropped outside of the lock.
    fn sweep(&mut self, gone: Vec<usize>) -> Vec<StdArc<Child<R::Task<'static>>>> {
        let tasks = &mut self.tasks;
        let swept = gone.iter().filter_map(|place| tasks.get_mut(*place).and_then(Option::take)).collect();
        self.free.extend(gone);
        swept
    }

    fn place(&mut self, task: R::Task<'static>, tally: &StdArc<Tally>) -> StdArc<Child<R::Task<'static>>> {
        let place = self.free.pop().unwrap_or_else(|| {
            self.tasks.push(None);
            self.tasks.len() - 1
        });
        tally.started();
        let child = Child::new(task, tally, Some(place));
        self.tasks[place] = Some(StdArc::clone(&child));
        child
    }
}

/// Closes a scope when its future is dropped.
pub(super) struct CloseOnDrop<'env, R: Reach>(pub(super) Scope<'env, R>);

impl<R: Reach> Drop for CloseOnDrop<'_, R> {
    fn drop(&mut self) {
        self.0.children.close();
    }
}

/// The future of [`Scope::cancel`]: done when the children that were being polled are gone.
///
/// ```
/// use reveille_executor::{CancelScope, LocalExecutor, scope};
///
/// LocalExecutor::new().block_on(scope(async |scope| {
///     let child = scope.spawn(std::future::pending::<()>());
///     let cancel: CancelScope<'_, _> = scope.cancel();
///     cancel.await;
///     assert!(child.await.is_err());
/// }));
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct CancelScope<'env, R: Reach> {
    /// The borrowing children that were being polled.
    enclosed: Vec<StdArc<Child<R::Task<'env>>>>,
    /// The separate children that were.
    tasks: Vec<StdArc<Child<R::Task<'static>>>>,
    tally: StdArc<Tally>,
}

impl<R: Reach> CancelScope<'_, R> {
    fn are_gone(&self) -> bool {
        self.enclosed.iter().all(|child| child.is_gone()) && self.tasks.iter().all(|child| child.is_gone())
    }
}

impl<R: Reach> Future for CancelScope<'_, R> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.are_gone() {
            return Poll::Ready(());
        }
        self.tally.wait(cx);
        // They may have gone before we were among those who are woken.
        if self.are_gone() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<R: Reach> std::fmt::Debug for CancelScope<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CancelScope").field("done", &self.are_gone()).finish_non_exhaustive()
    }
}
