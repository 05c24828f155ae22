//! A task that could run, and is held back until time has moved on.
//!
//! Holding one back while others run is what the schedule does anyway. What it never does is to let time pass meanwhile: time moves when
//! nothing can run. That takes a freedom, and it is for programs that mind: one with a deadline has to survive that the deadline
//! passes while its task is ready.

use std::cell::RefCell;

use reveille_executor::Runnable;

use super::{Freedom, is_taken};
use crate::event::Event;
use crate::run::Run;

/// The tasks that are held back.
#[derive(Debug, Default)]
pub(super) struct Held(RefCell<Vec<Runnable>>);

impl Held {
    pub(super) fn clear(&self) {
        // Giving a cancelled task back drops its future, which may do anything: nothing is borrowed meanwhile.
        drop(self.0.take());
    }
}

/// Holds `runnable` back if the choices have it so; else it comes back to the caller.
pub(crate) fn hold(run: &Run, runnable: Runnable) -> Option<Runnable> {
    let may_wait = !runnable.is_cancelled() && run.is_waiting_for_time();
    if may_wait && is_taken(run, Freedom::HeldBack) {
        run.freedoms.took(Freedom::HeldBack);
        run.emit(Event::Took { freedom: Freedom::HeldBack, task: runnable.id() });
        run.freedoms.held.0.borrow_mut().push(runnable);
        return None;
    }
    Some(runnable)
}

/// Puts the tasks that were held back at the back of the run queue, in their order.
pub(super) fn release(run: &Run) -> bool {
    let held = run.freedoms.held.0.take();
    let any = !held.is_empty();
    for runnable in held {
        // One that was aborted meanwhile is dropped as in any other turn of its own.
        if runnable.is_cancelled() { run.poll(runnable) } else { drop(runnable) }
    }
    any
}
