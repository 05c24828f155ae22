//! Polling the woken task within `wake`.
//!
//! An observer of wakers is told of each wake after it was made, with nothing of the executor's borrowed, and may come back to
//! the executor; so it takes the task off the run queue again and polls it right there. A task that is being polled is only
//! marked, as always. What hangs then hangs for good, since it is one thread: the watchdog says so.

use std::cell::Cell;

use reveille_executor::TaskId;

use super::{Freedom, is_taken};
use crate::context;
use crate::run::Phase;

/// So many polls may be under way at once, one within the other.
const DEPTH_MAX: u32 = 4;

/// How many polls are under way within wakes.
#[derive(Debug, Default)]
pub(super) struct Inline {
    depth: Cell<u32>,
}

/// `task` has just been woken.
pub(crate) fn woken(task: TaskId) {
    let Some(run) = context::current() else { return };
    let state = &run.freedoms.inline;
    let is_on = run.freedoms.on().has(Freedom::InlineWake) && run.phase() == Phase::Running;
    if !is_on || state.depth.get() >= DEPTH_MAX || !run.may_poll() || std::thread::panicking() {
        return;
    }
    // Only a task that this wake has put there is last: one that is being polled is not on the queue at all.
    if run.is_paused(task) || run.executor.newest() != Some(task) || !is_taken(&run, Freedom::InlineWake) {
        return;
    }
    let Some(runnable) = run.executor.start_newest() else { return };
    run.freedoms.took(Freedom::InlineWake);
    state.depth.set(state.depth.get() + 1);
    run.poll_within(runnable, true);
    state.depth.set(state.depth.get() - 1);
}
