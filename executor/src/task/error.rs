//! Why a task has no output.

use std::any::Any;
use std::fmt;

use crate::TaskId;

/// Why a task ended without an output: it panicked, or it was cancelled.
///
/// ```
/// use reveille_executor::LocalExecutor;
///
/// let executor = LocalExecutor::new();
/// let task = executor.spawn(std::future::pending::<()>());
/// task.abort();
/// let error = executor.block_on(task).unwrap_err();
/// assert!(error.is_cancelled());
/// assert_eq!(error.to_string(), "task 0 was cancelled");
/// ```
pub struct JoinError {
    id: TaskId,
    /// What the panic was thrown with; `None` for a cancelled task.
    panic: Option<Payload>,
}

impl JoinError {
    pub(super) fn cancelled(id: TaskId) -> Self {
        Self { id, panic: None }
    }

    pub(super) fn panicked(id: TaskId, payload: Box<dyn Any + Send>) -> Self {
        Self { id, panic: Some(Payload(payload)) }
    }

    /// Which task ended.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Whether the task was aborted, or its executor closed.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.panic.is_none()
    }

    /// Whether the task panicked, in a poll or while its future was dropped.
    ///
    /// ```
    /// # use reveille_executor::{JoinError, LocalExecutor};
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { std::panic::resume_unwind(Box::new("lost")) });
    /// let error: JoinError = executor.block_on(task).unwrap_err();
    /// assert!(error.is_panic() && !error.is_cancelled());
    /// assert_eq!(error.to_string(), "task 0 panicked: lost");
    /// ```
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// What the panic was thrown with, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If the task was cancelled.
    ///
    /// ```
    /// # use reveille_executor::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { std::panic::resume_unwind(Box::new(7_u8)) });
    /// let error: reveille_executor::JoinError = executor.block_on(task).unwrap_err();
    /// assert_eq!(error.into_panic().downcast_ref(), Some(&7_u8));
    /// ```
    #[must_use]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("expected a panic, but {error}"),
        }
    }

    /// What the panic was thrown with.
    ///
    /// # Errors
    /// The error itself, if the task was cancelled.
    ///
    /// ```
    /// # use reveille_executor::{JoinError, LocalExecutor};
    /// /// Panics on, if the task did.
    /// fn propagate<T>(result: Result<T, JoinError>) -> Option<T> {
    ///     match result.map_err(JoinError::try_into_panic) {
    ///         Ok(output) => Some(output),
    ///         Err(Ok(payload)) => std::panic::resume_unwind(payload),
    ///         Err(Err(_cancelled)) => None,
    ///     }
    /// }
    /// let executor = LocalExecutor::new();
    /// assert_eq!(propagate(executor.block_on(executor.spawn(async { 42 }))), Some(42));
    /// ```
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.panic {
            Some(Payload(payload)) => Ok(payload),
            None => Err(self),
        }
    }

    /// The panic's message, if it has one.
    fn message(&self) -> Option<&str> {
        let payload = self.panic.as_ref()?;
        payload.downcast::<&'static str>().copied().or_else(|| payload.downcast::<String>().map(String::as_str))
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_panic(), self.message()) {
            (false, _) => write!(f, "task {} was cancelled", self.id),
            (true, None) => write!(f, "task {} panicked", self.id),
            (true, Some(message)) => write!(f, "task {} panicked: {message}", self.id),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_panic() { "Panic" } else { "Cancelled" };
        let mut shown = f.debug_tuple("JoinError");
        shown.field(&self.id).field(&format_args!("{kind}"));
        if let Some(message) = self.message() {
            shown.field(&message);
        }
        shown.finish()
    }
}

impl std::error::Error for JoinError {}

/// What a panic was thrown with. It is `Send` only; the wrapper lends out no reference unless to a type that is `Sync`.
struct Payload(Box<dyn Any + Send>);

// SAFETY: a shared `Payload` gives access to its contents by `downcast` only, which demands `T: Sync`. Asking a value
// for its type runs no code of that type.
unsafe impl Sync for Payload {}

impl Payload {
    fn downcast<T: Any + Sync>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}
