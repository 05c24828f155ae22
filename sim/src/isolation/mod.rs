//! What runs share besides the program: a thread, a process, nothing.
//!
//! Runs are independent as far as the simulation goes. A program may keep state elsewhere: in thread-locals, in statics. What
//! one run leaves there, the next one finds, and a run that depends on it does not repeat itself.

mod child;
mod details;
mod exploration;
#[cfg(feature = "interpose")]
mod interposed;
mod message;
mod process;
mod share;
mod thread;

use std::io;
use std::path::Path;

use crate::explore::Explore;
pub(crate) use details::{Again, end_with_parent};
pub(crate) use exploration::exploration;
#[cfg(feature = "interpose")]
pub(crate) use interposed::{interposed, obstacle};
pub(crate) use message::{Counts, Progress};
pub(crate) use process::Parent;
pub(crate) use share::{Errand, Share, VARIABLE};
pub(crate) use thread::on_a_thread;

/// What the runs of a campaign have in common; see [`Explore::isolation`].
///
/// ```
/// use std::cell::Cell;
/// use reveille::{Isolation, explore};
///
/// thread_local!(static RUNS: Cell<u32> = const { Cell::new(0) });
///
/// // What one run leaves in the thread is not there for the next.
/// explore()
///     .isolation(Isolation::Thread)
///     .runs(20)
///     .run(|| async { assert_eq!(RUNS.replace(RUNS.get() + 1), 0) })
///     .unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// Runs follow one another on the same thread.
    #[default]
    Shared,
    /// Each run, and each replay of it, has a new thread, and with it new thread-locals.
    Thread,
    /// Runs are performed in processes that are started for them, a hundred or so in each. A run that ends its process is a
    /// finding.
    Process,
}

impl Isolation {
    /// The isolation called `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "shared" => Self::Shared,
            "thread" => Self::Thread,
            "process" => Self::Process,
            _ => return None,
        })
    }
}

/// The part of a campaign that this process is to perform for its parent.
#[derive(Debug)]
pub(crate) struct Part {
    /// By their numbers among those of the shard.
    pub(crate) first: u64,
    pub(crate) end: u64,
    pub(crate) progress: Progress,
}

impl Part {
    pub(crate) fn new(first: u64, end: u64, file: &Path) -> io::Result<Self> {
        Ok(Self { first, end, progress: Progress::open(file)? })
    }
}

impl Explore {
    /// What runs share. By default they follow one another on a thread, which is fastest.
    ///
    /// * [`Isolation::Thread`]: for programs with thread-locals that outlive a run, such as a cache, a counter or an arena.
    ///   Starting a thread takes longer than a short run.
    /// * [`Isolation::Process`]: for programs that may end their process (an abort, a stack overflow, a poll that never
    ///   returns: the finding then says which run did it), and for those with statics that outlive a campaign. The test binary is
    ///   started again for a hundred or so runs at a time, so those share their statics; in the tests of a library whose
    ///   names are known: `#[reveille::test]`, and `explore()` on the thread of a `#[test]`. A tape is repeated in this
    ///   process, where a debugger sees it.
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
    /// From [`run`](Self::run): with strategy `exhaustive`, whose runs follow from one another; and for
    /// [`Isolation::Process`] where the test's name is not known.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }
}
