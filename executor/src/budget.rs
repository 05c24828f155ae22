//! How much a task of a pool may do in one poll before the others get their turn.
//!
//! A task that awaits what is always ready never returns from its poll, and its worker's queue waits behind it. So each
//! poll has a budget: what is ready on first asking costs one, and when nothing is left, the futures of this crate wake
//! their task and say that they are not ready. tokio's budget is of the same size.
//!
//! Only a pool gives out budgets, to the polls of its tasks. A [`LocalExecutor`](crate::LocalExecutor), which a simulation steps,
//! has none: there a poll is as long as the program makes it. Nor has [`block_on`](crate::block_on), also when it is called
//! within a task of a pool: what waits there for its turn would wait for itself. An executor of somebody else's, run within
//! such a task, has what is left of that poll's.

use std::cell::Cell;
use std::task::Context;

use crate::sync::thread_cell;

/// What a poll has to spend.
const BUDGET: u32 = 128;
/// What a thread has that is no worker.
const UNLIMITED: u32 = u32::MAX;

thread_cell! {
    /// What is left for the current poll on this thread.
    static LEFT: Cell<u32> = Cell::new(UNLIMITED)
}

/// A poll begins.
#[inline]
pub(crate) fn renew() {
    LEFT.with(|left| left.set(BUDGET));
}

/// The poll is over: what else runs on the thread has no budget.
#[inline]
pub(crate) fn end() {
    LEFT.with(|left| left.set(UNLIMITED));
}

/// While it exists, the calling thread has no budget.
pub(crate) struct Lifted {
    before: u32,
}

/// Lifts the budget of the calling thread.
pub(crate) fn lift() -> Lifted {
    Lifted { before: LEFT.with(|left| left.replace(UNLIMITED)) }
}

impl Drop for Lifted {
    fn drop(&mut self) {
        LEFT.with(|left| left.set(self.before));
    }
}

/// Takes one from the budget. If nothing is left, the task of `cx` is woken, to go on in its next poll.
#[inline]
pub(crate) fn spend(cx: &Context<'_>) -> bool {
    LEFT.with(|left| match left.get() {
        UNLIMITED => true,
        0 => {
            cx.waker().wake_by_ref();
            false
        }
        some => {
            left.set(some - 1);
            true
        }
    })
}
