//! A poll that nobody asked for.
//!
//! The task is any of those that wait, at any moment: also right before time moves on. In a crowd of more tasks than compete for a
//! turn nothing is asked: looking through all of them at each turn would cost more than it tells.

use std::cell::Cell;

use reveille_executor::{Point, SCHEDULE_BOUND_MAX, TaskId};

use super::{Freedom, is_taken};
use crate::event::Event;
use crate::kinds;
use crate::run::Run;

/// Whether the last poll was a spurious one: no two come in a row, so that a run goes on whatever is answered.
#[derive(Debug, Default)]
pub(super) struct Spurious {
    was_last: Cell<bool>,
}

impl Spurious {
    pub(super) fn clear(&self) {
        self.was_last.set(false);
    }
}

/// Polls a task that waits, if the choices have it so.
pub(super) fn poll(run: &Run) -> bool {
    let state = &run.freedoms.spurious;
    let is_due = run.freedoms.on().has(Freedom::Spurious) && !state.was_last.take();
    let crowd = SCHEDULE_BOUND_MAX as usize;
    // A run in which nothing can move is stuck, and to be found so.
    if !is_due || !run.is_moving() || run.executor.live_tasks() > crowd || !is_taken(run, Freedom::Spurious) {
        return false;
    }
    let waiting = waiting(run);
    let which = match u32::try_from(waiting.len()).unwrap_or(u32::MAX) {
        0 => return false,
        1 => 0,
        bound => run.ask_quietly(Point::new(kinds::SPURIOUS, bound)) as usize,
    };
    let Some(runnable) = run.executor.claim(waiting[which]) else { return false };
    state.was_last.set(true);
    run.freedoms.took(Freedom::Spurious);
    let task = runnable.id();
    run.poll(runnable);
    // After it: a row of a schedule begins with the poll.
    run.emit(Event::Took { freedom: Freedom::Spurious, task });
    true
}

/// The tasks that have been polled and wait, oldest first.
fn waiting(run: &Run) -> Vec<TaskId> {
    let mut waiting = Vec::new();
    run.executor.for_each_task(|task| {
        if !task.scheduled && !task.running && !run.is_paused(task.id) {
            waiting.push(task.id);
        }
    });
    waiting
}
