//! Polling other tasks within `spawn`.
//!
//! On many threads the new task, or any other, may run before `spawn` has returned to whoever called it. Here there is one thread,
//! with the spawner on its stack: the others can run, and it cannot until they are done with their polls. So this is a subset
//! of what threads do, and nothing that they do not.

use std::cell::Cell;

use super::{Freedom, is_taken};
use crate::run::{Phase, Run};

/// So many polls may be under way at once, one within the other.
const DEPTH_MAX: u32 = 4;
/// The most polls that are made within one spawn: tasks may wake one another for ever.
const POLLS_MAX: u32 = 8;

/// How many spawns are under way within which others are polled.
#[derive(Debug, Default)]
pub(super) struct WithinSpawn {
    depth: Cell<u32>,
}

/// The task that is being polled has just spawned one, which is on the run queue.
#[cold]
pub(crate) fn spawned(run: &Run) {
    let state = &run.freedoms.within_spawn;
    if run.current().is_none() || run.phase() != Phase::Running || std::thread::panicking() {
        return;
    }
    for _ in 0..POLLS_MAX {
        // None that can run is left where all others wait.
        let may_poll = state.depth.get() < DEPTH_MAX && run.may_poll() && run.executor.ready() > 0;
        if !may_poll || !is_taken(run, Freedom::WithinSpawn) {
            break;
        }
        // A statement of its own: the choices are not borrowed in the poll.
        let picked = run.choices.borrow_mut().guarded(|choices| run.executor.pick(choices)).flatten();
        let refused = run.choices.borrow().refused();
        let picked = picked.filter(|_| !refused).and_then(|runnable| run.unless_paused(runnable));
        let Some(runnable) = picked.and_then(|runnable| super::hold(run, runnable)) else { break };
        run.freedoms.took(Freedom::WithinSpawn);
        state.depth.set(state.depth.get() + 1);
        run.poll_within(runnable, false);
        state.depth.set(state.depth.get() - 1);
    }
    run.end_if_refused();
}
