//! A set of tasks that are waited for in the order in which they end.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_executor::{AbortHandle, JoinError};

use super::Builder;
use super::join::{misused, note_panic};

/// Tasks that belong together. Dropping the set aborts those that are still alive.
///
/// ```
/// # reveille::explore().runs(10).run(|| async {
/// let mut squares = reveille::JoinSet::new();
/// for n in 1..=3 {
///     squares.spawn(async move { n * n });
/// }
/// let mut sum = 0;
/// while let Some(square) = squares.join_next().await {
///     sum += square.unwrap();
/// }
/// assert_eq!(sum, 14);
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct JoinSet<T> {
    inner: reveille_executor::JoinSet<T>,
}

impl<T: 'static> JoinSet<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self { inner: reveille_executor::JoinSet::new() }
    }

    /// Spawns `future` as a task of the set. See [`spawn`](crate::spawn).
    ///
    /// # Panics
    /// Outside of a run and of [`#[reveille::main]`](crate::main).
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// let mut tasks = reveille::JoinSet::new();
    /// let first = tasks.spawn(std::future::pending());
    /// tasks.spawn(async { 42 });
    /// first.abort();
    /// let mut ended = Vec::new();
    /// while let Some(result) = tasks.join_next().await {
    ///     ended.extend(result);
    /// }
    /// assert_eq!(ended, [42]);
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let handle = Builder::new().spawn(future);
        let abort = handle.abort_handle();
        self.inner.insert(handle.into_inner());
        abort
    }

    /// Waits for the next task to end; `None` when the set is empty. Cancel-safe: a task's result is taken only when it is
    /// returned.
    ///
    /// ```
    /// use reveille::time::{Duration, sleep, timeout};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let mut tasks = reveille::JoinSet::new();
    /// tasks.spawn(async {
    ///     sleep(Duration::from_secs(5)).await;
    ///     42
    /// });
    /// assert!(timeout(Duration::from_secs(1), tasks.join_next()).await.is_err()); // given up, and nothing is lost
    /// assert_eq!(tasks.join_next().await.unwrap().unwrap(), 42);
    /// assert!(tasks.join_next().await.is_none());
    /// # }).unwrap();
    /// ```
    pub fn join_next(&mut self) -> JoinNext<'_, T> {
        JoinNext { inner: Some(self.inner.join_next()) }
    }

    /// The next result that is there already.
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// let mut tasks = reveille::JoinSet::new();
    /// let (send, receive) = futures::channel::oneshot::channel();
    /// tasks.spawn(receive);
    /// assert!(tasks.try_join_next().is_none() && tasks.len() == 1); // it is not there yet
    /// send.send(7).unwrap();
    /// reveille::time::sleep(std::time::Duration::from_secs(1)).await;
    /// assert_eq!(tasks.try_join_next().unwrap().unwrap(), Ok(7));
    /// assert!(tasks.is_empty());
    /// # }).unwrap();
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        let result = self.inner.try_join_next()?;
        note_panic(&result, crate::context::try_with(crate::run::Run::id));
        Some(result)
    }

    /// Aborts all tasks of the set. They stay in it until they are joined.
    ///
    /// ```
    /// # reveille::explore().runs(10).run(|| async {
    /// let mut tasks = reveille::JoinSet::new();
    /// for _ in 0..3 {
    ///     tasks.spawn(std::future::pending::<()>());
    /// }
    /// tasks.abort_all();
    /// assert_eq!(tasks.len(), 3);
    /// while let Some(ended) = tasks.join_next().await {
    ///     assert!(ended.unwrap_err().is_cancelled());
    /// }
    /// # }).unwrap();
    /// ```
    pub fn abort_all(&mut self) {
        self.inner.abort_all();
    }

    /// Aborts all tasks of the set, and waits until each has ended. The set is empty then, and may be used again.
    ///
    /// What the tasks come to is dropped. A panic among that is one that nobody has received, so it is a finding, as it is where the
    /// set is dropped: tokio's would ignore it.
    ///
    /// Cancel-safe: the tasks have been aborted, and those that have not ended are still in the set.
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let connections = Rc::new(());
    /// let mut tasks = reveille::JoinSet::new();
    /// for _ in 0..3 {
    ///     let connection = connections.clone();
    ///     tasks.spawn(async move {
    ///         std::future::pending::<()>().await;
    ///         drop(connection);
    ///     });
    /// }
    /// tasks.shutdown().await;
    /// assert!(tasks.is_empty() && Rc::strong_count(&connections) == 1); // each has dropped what it held
    /// # }).unwrap();
    /// ```
    pub async fn shutdown(&mut self) {
        self.inner.shutdown().await;
    }

    /// Waits for all tasks of the set, and returns their outputs in the order in which they ended. If this future is dropped, the tasks
    /// that are left are aborted.
    ///
    /// # Panics
    /// With the panic of the first task that panicked, or if a task was cancelled; the tasks that are left are aborted. Where one task
    /// may fail alone, [`join_next`](Self::join_next) says so.
    ///
    /// ```
    /// use reveille::time::{Duration, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let mut tasks = reveille::JoinSet::new();
    /// for seconds in [3, 1, 2] {
    ///     tasks.spawn(async move {
    ///         sleep(Duration::from_secs(seconds)).await;
    ///         seconds
    ///     });
    /// }
    /// assert_eq!(tasks.join_all().await, [1, 2, 3]);
    /// # }).unwrap();
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        // By the calls of this set, not of the inner one, so that the run knows who has received a panic.
        while let Some(result) = self.join_next().await {
            match result.map_err(JoinError::try_into_panic) {
                Ok(output) => outputs.push(output),
                Err(Ok(payload)) => resume_unwind(payload),
                Err(Err(cancelled)) => panic!("expected the output of every task, but {cancelled}"),
            }
        }
        outputs
    }

    /// Takes all tasks out of the set and lets them go on by themselves, detached: as if their handles had been dropped.
    ///
    /// ```
    /// use reveille::time::{Duration, sleep};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let (send, receive) = futures::channel::oneshot::channel();
    /// let mut tasks = reveille::JoinSet::new();
    /// tasks.spawn(async {
    ///     sleep(Duration::from_secs(1)).await;
    ///     send.send(42).unwrap();
    /// });
    /// tasks.detach_all();
    /// drop(tasks); // aborts nothing any more
    /// assert_eq!(receive.await, Ok(42));
    /// # }).unwrap();
    /// ```
    pub fn detach_all(&mut self) {
        self.inner.detach_all();
    }

    /// How many tasks have not been joined.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether every task has been joined.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }
}

impl<T: 'static> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits for the next task of a [`JoinSet`].
///
/// ```
/// # reveille::explore().runs(10).run(|| async {
/// let mut tasks = reveille::JoinSet::new();
/// tasks.spawn(async { 1 });
/// assert_eq!(tasks.join_next().await.unwrap().unwrap(), 1);
/// assert!(tasks.join_next().await.is_none()); // it is empty
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct JoinNext<'a, T> {
    /// `None` once it has completed.
    inner: Option<reveille_executor::JoinNext<'a, T>>,
}

impl<T: 'static> Future for JoinNext<'_, T> {
    type Output = Option<Result<T, JoinError>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(inner) = &mut self.inner else { misused("JoinNext") };
        let next = std::task::ready!(Pin::new(inner).poll(context));
        self.inner = None;
        if let Some(result) = &next {
            note_panic(result, crate::context::try_with(crate::run::Run::id));
        }
        Poll::Ready(next)
    }
}
