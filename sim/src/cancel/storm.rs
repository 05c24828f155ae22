//! Polls of tasks that are, or may be, cancelled as tasks: by the program's own aborts, and by the run.

use reveille_executor::{AbortHandle, Hint, Point, Ran, Runnable};

use super::cuts::{Made, Moment, Way};
use super::record::drop_cancelled;
use super::sites::look;
use crate::kinds;
use crate::run::Run;

/// Polls a task, or drops it if it has been aborted. One that [may be aborted](crate::task::Builder::abortable) is perhaps,
/// before the poll or after it. `ordinal` is the number of the poll, from 1.
pub(crate) fn poll(run: &Run, runnable: Runnable, ordinal: u64) -> Ran {
    let task = runnable.id();
    let abort = run.cancel.abort_handle(task).filter(|_| !runnable.is_cancelled());
    if let Some(abort) = &abort {
        let moment = if ordinal == 1 { Moment::BeforeFirstPoll } else { Moment::AfterWake };
        strike(run, abort, moment, ordinal - 1);
    }
    if runnable.is_cancelled() {
        // What a crash takes with it is lost by intent.
        return match run.cancel.has_crashed(task) {
            true => run.poll_plainly(runnable, ordinal),
            false => drop_cancelled(|| run.poll_plainly(runnable, ordinal)),
        };
    }
    let Some(abort) = abort else { return run.poll_plainly(runnable, ordinal) };
    let waker = if run.cancel.glass.is_on() { run.executor.waker(task) } else { None };
    let ran = match waker {
        Some(waker) => {
            let (ran, stacks) = look(ordinal, &waker, |waker| runnable.run_with(waker));
            run.cancel.glass.task_waits_at(task, stacks);
            ran
        }
        None => run.poll_plainly(runnable, ordinal),
    };
    if ran == Ran::Pending {
        strike(run, &abort, Moment::AfterPending, ordinal);
    }
    ran
}

/// Asks the run whether to abort now.
fn strike(run: &Run, abort: &AbortHandle, moment: Moment, polls: u64) {
    let hint = Hint::Rarely { numerator: 1, denominator: 8 };
    if run.ask(Point { kind: kinds::ABORT, bound: 2, hint }) == 1 {
        let made = Made { moment, way: Way::Aborted, polls, what: "abortable task", task: Some(abort.id()) };
        run.cancel.cut_by_itself(made);
        run.cancel.glass.task_was_cut(abort.id());
        abort.abort();
    }
}
