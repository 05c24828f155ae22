//! The name of a task.

use std::fmt;

/// The name of a task within its executor: dense, counted from 0 in the order of spawning.
///
/// Numbers start over at 0 with [`LocalExecutor::reset`](crate::LocalExecutor::reset), and after 2³² spawns.
///
/// ```
/// use reveille_executor::LocalExecutor;
///
/// let executor = LocalExecutor::new();
/// let (first, second) = (executor.spawn(async {}), executor.spawn(async {}));
/// assert_eq!((first.id().index(), second.id().index()), (0, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u32);

impl TaskId {
    /// The task numbered `number`.
    ///
    /// ```
    /// # use reveille_executor::TaskId;
    /// assert_eq!(TaskId::new(3).to_string(), "3");
    /// ```
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number as an index into tables by task.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
