//! What runs share besides the program: a thread, a process, nothing.
//!
//! Runs are independent as far as the simulation goes. A program may keep state elsewhere: in thread-locals, in statics. What
//! one run leaves there, the next one finds, and a run that depends on it does not repeat itself.

mod thread;

use crate::explore::Explore;

/// What the runs of a campaign have in common; see [`Explore::isolation`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// Runs follow one another on the same thread.
    #[default]
    Shared,
    /// Each run, and each replay of it, has a new thread, and with it new thread-locals.
    Thread,
}

impl Explore {
    /// What runs share. By default they follow one another on a thread, which is fastest.
    ///
    /// * [`Isolation::Thread`]: for programs with thread-locals that outlive a run, such as a cache, a counter or an arena.
    ///   Starting a thread takes longer than a short run.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// use reveille::{FindingKind, Isolation, explore};
    ///
    /// thread_local!(static NEXT_ID: Cell<u32> = const { Cell::new(1) });
    ///
    /// /// Its first run on a thread is another than those that follow.
    /// async fn program() {
    ///     let id = NEXT_ID.replace(NEXT_ID.get() + 1);
    ///     if id == 1 {
    ///         reveille::yield_now().await;
    ///     }
    /// }
    ///
    /// let failure = explore().run(program).unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism));
    /// explore().isolation(Isolation::Thread).run(program).unwrap();
    /// ```
    ///
    /// # Errors
    /// From [`run`](Self::run): for [`Isolation::Thread`] with strategy `exhaustive`, whose runs follow from one another.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }
}
