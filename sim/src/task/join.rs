//! The handle to a task.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use reveille_executor::{AbortHandle, JoinError, TaskId};

use crate::context;
use crate::leaf;
use crate::run::{Run, RunId};
use crate::spin::visit;

/// Waits for a task and yields its output. Dropping it lets the task go on, detached.
///
/// A panic of the task comes out as a [`JoinError`]; a panic that nobody receives in this way is a finding.
///
/// ```
/// # reveille::explore().runs(10).run(|| async {
/// let task = reveille::spawn(std::future::pending::<()>());
/// task.abort();
/// assert!(task.await.unwrap_err().is_cancelled());
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct JoinHandle<T> {
    // Two words, so that a handle is passed in registers.
    inner: reveille_executor::JoinHandle<T>,
    /// The run of the task; `None` for a task of a real executor; [`RunId::NO_MORE`] once the result has been taken.
    run: Option<RunId>,
}

impl<T> JoinHandle<T> {
    pub(super) fn of_run(inner: reveille_executor::JoinHandle<T>, run: RunId) -> Self {
        Self { inner, run: Some(run) }
    }

    pub(super) fn real(inner: reveille_executor::JoinHandle<T>) -> Self {
        Self { inner, run: None }
    }

    pub(super) fn into_inner(self) -> reveille_executor::JoinHandle<T> {
        self.inner
    }

    /// Cancels the task: its future is dropped when the task is next scheduled. A task that has ended is not affected.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let done = Rc::new(Cell::new(false));
    /// let task = reveille::spawn({
    ///     let done = done.clone();
    ///     async move {
    ///         reveille::time::sleep(std::time::Duration::from_secs(5)).await;
    ///         done.set(true);
    ///     }
    /// });
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// assert!(!done.get());
    /// # }).unwrap();
    /// ```
    pub fn abort(&self) {
        self.inner.abort();
    }

    /// A handle that can only abort, for keeping elsewhere.
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// let task = reveille::spawn(std::future::pending::<()>());
    /// let abort = task.abort_handle();
    /// let joins = reveille::spawn(task); // the handle itself has gone elsewhere
    /// abort.abort();
    /// assert!(joins.await.unwrap().unwrap_err().is_cancelled());
    /// # }).unwrap();
    /// ```
    pub fn abort_handle(&self) -> AbortHandle {
        self.inner.abort_handle()
    }

    /// Whether the task has ended, in whatever way.
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// let (send, receive) = futures::channel::oneshot::channel();
    /// let mut task = reveille::spawn(receive);
    /// assert!(!task.is_finished());
    /// send.send(7).unwrap();
    /// assert_eq!((&mut task).await.unwrap(), Ok(7));
    /// assert!(task.is_finished());
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }

    /// The number of the task in its run, as reports show it.
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// let (one, two) = (reveille::spawn(async {}), reveille::spawn(async {}));
    /// assert_eq!((one.id().index(), two.id().index()), (1, 2)); // the root is task 0
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.inner.id()
    }
}

impl<T> JoinHandle<T> {
    /// Whether this is the handle of a task of the current run that has ended, and not by a panic.
    fn has_ended_well(&self) -> bool {
        let ended_well = |run: &Run| self.run == Some(run.id()) && run.tasks.has_ended_well(self.inner.id());
        self.inner.is_finished() && context::try_with(ended_well) == Some(true)
    }

    /// Tells the run that somebody waits for its task, and a replay that looks where that is.
    fn note_wait(&self, waker: &Waker) {
        context::try_with(|run| {
            visit(run, "JoinHandle");
            if self.run == Some(run.id()) {
                leaf::join_waits(run, self.inner.id(), waker);
            }
            if let Some(focus) = run.watch.as_ref().and_then(|watch| watch.focus()) {
                focus.joins(self.inner.id());
            }
        });
    }

    /// Tells `run`, which the task is of, that its result has been taken in a poll with `waker`.
    fn note_taken(&self, run: Option<RunId>, waker: &Waker) {
        context::try_with(|current| {
            if run == Some(current.id()) {
                leaf::join_taken(current, self.inner.id(), waker);
            }
        });
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.run == Some(RunId::NO_MORE) {
            misused_handle("JoinHandle", Some(self.inner.id()));
        }
        if self.has_ended_well() {
            self.note_taken(self.run, context.waker());
            self.run = Some(RunId::NO_MORE);
            // Not looked at, and so not moved.
            return Pin::new(&mut self.inner).poll(context);
        }
        let Poll::Ready(result) = Pin::new(&mut self.inner).poll(context) else {
            self.note_wait(context.waker());
            return Poll::Pending;
        };
        let run = self.run.replace(RunId::NO_MORE);
        self.note_taken(run, context.waker());
        note_panic(&result, run);
        Poll::Ready(result)
    }
}

impl<T> Unpin for JoinHandle<T> {}

/// Puts on record that the panic of a task of `run` has been received.
pub(super) fn note_panic<T>(result: &Result<T, JoinError>, run: Option<RunId>) {
    if let Err(error) = result
        && error.is_panic()
    {
        context::try_with(|current| {
            if Some(current.id()) == run {
                current.tasks.panic_taken(error.id());
            }
        });
    }
}

/// A future of ours was polled again after it had completed.
///
/// # Panics
/// Always; in a run the finding says more than the panic.
#[track_caller]
pub(crate) fn misused(what: &'static str) -> ! {
    misused_handle(what, None)
}

/// The same, of the handle of the task `of`.
#[track_caller]
fn misused_handle(what: &'static str, of: Option<TaskId>) -> ! {
    context::try_with(|run| run.notes.misused(what, run.current(), of.filter(|task| run.tasks.is_known(*task))));
    panic!("`{what}` was polled after it had completed");
}
