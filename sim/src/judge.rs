//! What the end of a run means, as far as one run can tell.
//!
//! This is the cheap half of judging: it looks at the world as it stands, polls nothing and takes no backtrace, so every run
//! can afford it. Why a task is stuck, and where, is found out on replays (`explain.rs`).

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reveille_executor::{JoinHandle, TaskId};

use crate::cancel::Harm;
use crate::event::TaskEnd;
use crate::finding::TaskInfo;
use crate::leaf::Late;
use crate::livelock::Quiet;
use crate::run::{Ending, Limit, Misuse, PanicNote, Run};
use crate::spin::Spun;
use crate::tape::Mismatch;

/// What is wrong with a run.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// The tape does not fit the program.
    Refused(Mismatch),
    /// One of our futures, of the kind named, was polled after it had completed.
    PollAfterReady { misuse: Misuse, task: Option<TaskInfo>, of: Option<TaskInfo> },
    /// A poll went round and round with leaves of ours, and was ended.
    Spun { spun: Spun, task: TaskInfo },
    /// A task panicked and nobody took its `JoinError`; or a waker or a destructor did, outside of any task.
    Panic(Panicked),
    /// The program returned an error.
    Error(String),
    /// An oracle of the user's objected.
    Oracle(String),
    /// Somebody waited for longer, or was overtaken more often, than the test allows.
    Unfair(Vec<String>),
    /// A task was woken from another thread.
    ForeignWake(TaskInfo),
    /// The root is pending, nothing can move, and these tasks wait.
    Stuck(Vec<TaskInfo>),
    /// The root has ended; these wait and nobody can ever wake them.
    Dead(Vec<TaskInfo>),
    /// The run went as far as it may; these tasks had not been polled for half of it.
    Limit { limit: Limit, busiest: Option<TaskInfo>, unpolled: Vec<TaskInfo>, quiet: Quiet },
    /// The root has ended and these tasks live, which the test forbids.
    Detached(Vec<TaskInfo>),
    /// A cancellation did what it must not do.
    Harm(Harm),
    /// These leaves were owed a poll for too long.
    Starved(Vec<Late>),
}

/// A panic, and those that came before it in the run: a task's panic often comes out of another's `unwrap` of its handle.
#[derive(Clone, Debug)]
pub(crate) struct Panicked {
    /// Who panicked; `None` outside of any task.
    pub(crate) task: Option<TaskInfo>,
    /// What it said; `None` if no hook saw it.
    pub(crate) note: Option<PanicNote>,
    pub(crate) before: Vec<(Option<TaskInfo>, PanicNote)>,
}

/// Whether tasks may outlive the root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Detached {
    #[default]
    Allow,
    Deny,
}

/// Judges `run`, which has come to `ending`. The first match wins; what is more certain comes first.
pub(crate) fn judge(
    run: &Run,
    ending: Ending,
    root: &mut JoinHandle<Result<(), String>>,
    detached: Detached,
) -> Option<Verdict> {
    run.note_pauses();
    if let Some(mismatch) = run.choices.borrow_mut().complaint() {
        return Some(Verdict::Refused(mismatch));
    }
    if let Some(misuse) = run.notes.misuse() {
        let [task, of] = [misuse.task, misuse.of].map(|task| Some(TaskInfo::of(run, task?)));
        return Some(Verdict::PollAfterReady { misuse, task, of });
    }
    if let Some(spun) = run.visits.ended() {
        let task = TaskInfo::of(run, spun.task);
        return Some(Verdict::Spun { spun, task });
    }
    let harm = || run.cancel.harm().map(Verdict::Harm);
    let unfair = || run.notes.unfairness().map(Verdict::Unfair);
    if let Some(verdict) = objection(run, ending).or_else(|| panicked(run)).or_else(harm).or_else(unfair) {
        return Some(verdict);
    }
    if let Some(task) = foreign(run, ending) {
        return Some(Verdict::ForeignWake(TaskInfo::of(run, task)));
    }
    match ending {
        Ending::Finished => finished(run, root, detached),
        Ending::Stuck => Some(Verdict::Stuck(infos(run, &stuck(run)))),
        Ending::Limit(limit) => {
            let unpolled = infos(run, &unpolled(run, limit));
            let quiet = if limit == Limit::Polls { run.quiet() } else { Quiet::No };
            Some(Verdict::Limit { limit, busiest: busiest(run), unpolled, quiet })
        }
        Ending::Refused | Ending::Stopped => None,
    }
}

fn infos(run: &Run, tasks: &[TaskId]) -> Vec<TaskInfo> {
    let wakers = live_wakers(run);
    let info = |&task| TaskInfo::with_wakers(run, task, wakers.get(&task).copied().unwrap_or(0));
    tasks.iter().map(info).collect()
}

/// How many wakers each task that waits has. One walk over the tasks: a run may leave 100,000 of them behind.
fn live_wakers(run: &Run) -> BTreeMap<TaskId, usize> {
    let mut wakers = BTreeMap::new();
    run.executor.for_each_task(|task| {
        // One that is queued waits for nobody, nor does one whose node is paused and that would be polled otherwise.
        if !task.scheduled && !task.running {
            wakers.insert(task.id, task.live_wakers);
        }
    });
    for (task, waker) in run.leaves.idle() {
        // The leaf keeps it, and nobody has the leaf's.
        let is_the_tasks_own = run.executor.waker(task).is_some_and(|own| own.will_wake(&waker));
        if let Some(live) = wakers.get_mut(&task).filter(|_| is_the_tasks_own) {
            *live = live.saturating_sub(1);
        }
    }
    wakers
}

/// The task with the most polls.
fn busiest(run: &Run) -> Option<TaskInfo> {
    let all = run.tasks.filter(|_, _| true);
    all.into_iter().max_by_key(|task| run.tasks.progress(*task).polls).map(|task| TaskInfo::of(run, task))
}

/// A panic whose `JoinError` nobody received; the root's first of all.
fn panicked(run: &Run) -> Option<Verdict> {
    let untaken = run.tasks.first_untaken_panic();
    if untaken.is_none() && !run.notes.has_panics() {
        return None;
    }
    let mut notes = run.notes.panics();
    // What answers the choices has caught that by itself.
    notes.retain(|note| !note.in_choices);
    let Some(task) = untaken else {
        // In a waker, between polls: nobody else would hear of it.
        let note = notes.into_iter().find(|note| note.task.is_none() && !note.in_teardown)?;
        return Some(Verdict::Panic(Panicked { task: None, note: Some(note), before: Vec::new() }));
    };
    let of_task = notes.iter().rposition(|note| note.task == Some(task));
    // The closure that makes the root panics before there is a task.
    let last = of_task.or_else(|| notes.iter().rposition(|note| note.task.is_none()));
    // A panic that came out of a scope was one of its children's.
    let last = last.or_else(|| notes.len().checked_sub(1));
    notes.truncate(last.map_or(0, |last| last + 1));
    let note = notes.pop();
    // A panic that was caught within its task is the program's business; one that ended a task may be the cause.
    let ended_another = |other| other != task && run.tasks.progress(other).ended == Some(TaskEnd::Panicked);
    notes.retain(|note| note.task.is_some_and(ended_another));
    let before = notes.into_iter().map(|note| (note.task.map(|task| TaskInfo::of(run, task)), note)).collect();
    Some(Verdict::Panic(Panicked { task: Some(TaskInfo::of(run, task)), note, before }))
}

fn objection(run: &Run, ending: Ending) -> Option<Verdict> {
    let watch = run.watch.as_ref()?;
    if ending == Ending::Finished {
        watch.end();
    }
    watch.objection().map(Verdict::Oracle)
}

fn foreign(run: &Run, ending: Ending) -> Option<TaskId> {
    let somebody_may_wake = || live_wakers(run).values().any(|wakers| *wakers > 0);
    let patience = if ending == Ending::Stuck && somebody_may_wake() { run.limits().patience } else { Duration::ZERO };
    run.foreign_wake(patience)
}

fn finished(run: &Run, root: &mut JoinHandle<Result<(), String>>, detached: Detached) -> Option<Verdict> {
    if let Some(error) = root_error(root) {
        return Some(Verdict::Error(error));
    }
    if run.executor.live_tasks() == 0 {
        return None;
    }
    let alive = waiting(run);
    let wakers = live_wakers(run);
    let dead: Vec<_> = alive.iter().copied().filter(|task| wakers.get(task) == Some(&0)).collect();
    // That one is dead is no excuse for the others: it may turn out to be parked on purpose.
    if detached == Detached::Deny && dead.len() < alive.len() {
        return Some(Verdict::Detached(infos(run, &alive)));
    }
    (!dead.is_empty()).then(|| Verdict::Dead(infos(run, &dead)))
}

/// What the root returned, if that is an error. A cancelled root is one too: it aborted itself.
fn root_error(root: &mut JoinHandle<Result<(), String>>) -> Option<String> {
    let mut context = Context::from_waker(Waker::noop());
    match Future::poll(std::pin::Pin::new(root), &mut context) {
        Poll::Ready(Ok(Ok(()))) | Poll::Pending => None,
        Poll::Ready(Ok(Err(error))) => Some(error),
        Poll::Ready(Err(error)) => Some(error.to_string()),
    }
}

/// The tasks that wait and are not meant to wait for ever. Nothing is queued when this is asked.
fn waiting(run: &Run) -> Vec<TaskId> {
    run.tasks.filter(|_, task| task.ended.is_none() && !task.daemon)
}

/// Those of them that may be to blame if nothing can move: whose node is paused has an excuse, unless all have.
fn stuck(run: &Run) -> Vec<TaskId> {
    let (paused, going): (Vec<_>, Vec<_>) = waiting(run).into_iter().partition(|task| run.is_paused(*task));
    if going.is_empty() { paused } else { going }
}

/// The tasks that were polled, but not in the last half of the budget that ran out.
fn unpolled(run: &Run, limit: Limit) -> Vec<TaskId> {
    let half_way = run.half_way(limit);
    run.tasks.filter(|id, task| {
        let waits = task.ended.is_none() && !task.daemon && task.polls > 0;
        waits && task.last_step <= half_way && !run.is_paused(id)
    })
}
