//! How much a task of a pool may do in one poll before the others get their turn.
//!
//! A task that awaits what is always ready never returns from its poll, and its worker's queue waits behind it. So each
//! poll has a budget: what is ready costs one, and when nothing is left, futures wake their task and say that they are not ready.
//! So do the handles of tasks and of children of scopes, [`JoinSet`](crate::JoinSet), and the sockets of `reveille-reactor`; others can,
//! with [`within_budget`]. What waits costs nothing: a task may wait for any number of things at once. tokio's budget is of the
//! same size.
//!
//! Only a pool gives out budgets, to the polls of its tasks. A [`LocalExecutor`](crate::LocalExecutor), which a simulation steps,
//! has none: there a poll is as long as the program makes it. Nor has [`block_on`](crate::block_on), also when it is called
//! within a task of a pool: what waits there for its turn would wait for itself. An executor of somebody else's, run within
//! such a task, has what is left of that poll's; a simulation's is stepped [`without_budget`].

use std::cell::Cell;
use std::task::{Context, Poll};

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

/// Calls `f`, within which polls have no budget: an executor that is stepped there, in the middle of a task of a pool, does what it
/// does anywhere else.
///
/// ```
/// use std::future::poll_fn;
/// use std::task::Poll;
/// use reveille_executor::{LocalExecutor, Pool, Ran, within_budget, without_budget};
///
/// /// One poll of a task that finds more to do than a budget allows.
/// fn step() -> Ran {
///     let executor = LocalExecutor::new();
///     drop(executor.spawn(async {
///         for _ in 0..1_000 {
///             poll_fn(|cx| within_budget(cx, || Poll::Ready(()))).await;
///         }
///     }));
///     executor.start_newest().unwrap().run()
/// }
///
/// let pool = Pool::new(1)?;
/// let steps = pool.spawn(async { (without_budget(step), step()) });
/// assert_eq!(pool.block_on(steps).unwrap(), (Ran::Ready, Ran::Pending));
/// # Ok::<_, reveille_executor::PoolError>(())
/// ```
pub fn without_budget<R>(f: impl FnOnce() -> R) -> R {
    let _lifted = lift();
    f()
}

/// Polls a leaf within the budget that a [`Pool`](crate::Pool) gives to each poll of a task. If that is spent, the leaf is not
/// polled, and the task of `cx` is woken, to go on in its next poll. If the leaf is ready, that costs one.
///
/// For leaves that may be ready time and again, such as a queue that is never empty: without it, who awaits one in a loop keeps
/// all tasks waiting that are behind it in its worker's queue. Where there is no budget it just polls.
///
/// ```
/// use std::future::poll_fn;
/// use std::task::Poll;
/// use reveille_executor::{Pool, within_budget, yield_now};
///
/// let pool = Pool::new(1)?;
/// let handle = pool.handle();
/// let waited = pool.spawn(async move {
///     let other = handle.spawn(async {});
///     let mut asked = 0;
///     while !other.is_finished() {
///         // Always ready; yet the other task, which waits for this very worker, gets its turn.
///         poll_fn(|cx| within_budget(cx, || Poll::Ready(()))).await;
///         asked += 1;
///     }
///     asked
/// });
/// assert!(pool.block_on(waited).unwrap() < 1_000);
/// # Ok::<_, reveille_executor::PoolError>(())
/// ```
#[inline]
pub fn within_budget<T>(cx: &Context<'_>, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
    if is_spent(cx) {
        return Poll::Pending;
    }
    let polled = poll();
    if polled.is_ready() {
        spend();
    }
    polled
}

/// Whether the poll under way has nothing left; then the task of `cx` is woken, to go on in its next poll.
#[inline]
pub(crate) fn is_spent(cx: &Context<'_>) -> bool {
    let is_spent = LEFT.with(Cell::get) == 0;
    if is_spent {
        cx.waker().wake_by_ref();
    }
    is_spent
}

/// Something was ready.
#[inline]
pub(crate) fn spend() {
    LEFT.with(|left| {
        if left.get() != UNLIMITED {
            left.set(left.get().saturating_sub(1));
        }
    });
}
