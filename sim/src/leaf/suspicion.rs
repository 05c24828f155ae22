//! A stuck task that may hold back a future of another crate.
//!
//! Such a future does not say that it is owed a poll: its waker was used, and that is all that can be seen. But wakers can be
//! told apart. If the last poll of a stuck task changed nothing, and came about through a waker that was left behind by a
//! future which the task does not wait for now, then that future was meant, and may still be there. It may also have been
//! dropped, or have had nothing to do. So this is a line in a report, and never a finding.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use reveille_executor::{Follow, TaskId};

use crate::context;
use crate::explain::{Case, waits_at};
use crate::finding::{StuckTask, TaskInfo};
use crate::site::{AwaitSite, Stack};
use crate::watch::Watch;

/// Tells the wakers of one task apart.
#[derive(Debug)]
pub(crate) struct Marks {
    task: TaskId,
    /// The clone whose stack is taken.
    wanted: Option<u32>,
    stack: RefCell<Option<Stack>>,
    /// How many clones there were.
    clones: Cell<u32>,
    /// The last wakes through clones.
    wakes: RefCell<VecDeque<Wake>>,
}

/// A wake of the task.
#[derive(Clone, Copy, Debug)]
struct Wake {
    clone: u32,
    step: u64,
    by: Option<TaskId>,
    /// How many polls the task had had.
    polls: u64,
}

/// So many wakes between two polls are looked at.
const WAKES_MAX: usize = 8;

impl Marks {
    fn new(task: TaskId, wanted: Option<u32>) -> Self {
        let (stack, clones, wakes) = (RefCell::default(), Cell::new(0), RefCell::default());
        Self { task, wanted, stack, clones, wakes }
    }

    pub(crate) fn task(&self) -> TaskId {
        self.task
    }

    /// Who follows the waker that is lent to a poll of the task.
    pub(crate) fn follow() -> Box<dyn Follow> {
        Box::new(Mark { clone: 0 })
    }

    fn cloned(&self) -> u32 {
        let clone = self.clones.get() + 1;
        self.clones.set(clone);
        if self.wanted == Some(clone) {
            self.stack.replace(Some(Stack::capture()));
        }
        clone
    }

    fn woken(&self, wake: Wake) {
        let mut wakes = self.wakes.borrow_mut();
        if wakes.len() == WAKES_MAX {
            wakes.pop_front();
        }
        wakes.push_back(wake);
    }
}

/// Follows one waker of the marked task.
struct Mark {
    /// The number of this clone; 0 for the waker that was lent.
    clone: u32,
}

impl Follow for Mark {
    fn cloned(&self) -> Box<dyn Follow> {
        let clone = context::try_with(|run| run.watch.as_ref().and_then(Watch::marks).map(Marks::cloned)).flatten();
        Box::new(Self { clone: clone.unwrap_or(0) })
    }

    fn woken(&self) {
        context::try_with(|run| {
            if let Some(marks) = run.watch.as_ref().and_then(Watch::marks).filter(|_| self.clone > 0) {
                let polls = run.tasks.progress(marks.task).polls;
                marks.woken(Wake { clone: self.clone, step: run.step(), by: run.current(), polls });
            }
        });
    }

    fn dropped(&self) {}
}

/// A future of another crate that was woken, and that its task does not wait for.
#[derive(Clone, Debug)]
pub(crate) struct Suspicion {
    /// Where it left the waker.
    pub(super) site: AwaitSite,
    pub(super) step: u64,
    /// The task that used the waker.
    pub(super) by: TaskId,
}

impl Case<'_> {
    /// Whether `stuck` may hold back a future.
    pub(crate) fn suspicion(&self, stuck: &StuckTask) -> Option<Suspicion> {
        let TaskInfo { polls, last_step, .. } = stuck.task;
        if polls < 2 || stuck.awaits.is_empty() {
            return None;
        }
        let before = TaskInfo { polls: polls - 1, ..stuck.task.clone() };
        let waited = waits_at(self.trial, self.tape, &before, last_step - 1);
        // It went on by its last poll: what it waits for now is new.
        if stuck.awaits.iter().any(|site| !waited.contains(site)) {
            return None;
        }
        let (wakes, _) = self.marked(stuck.task.id, None)?;
        // A timer or a socket hands nothing over, and what they are inside of has been judged.
        let by_another = |wake: &Wake| wake.by.is_some_and(|by| by != stuck.task.id);
        let last = wakes.into_iter().filter(|wake| wake.polls == polls - 1 && by_another(wake));
        last.rev().find_map(|wake| {
            let site = self.marked(stuck.task.id, Some(wake.clone))?.1?.await_site();
            is_elsewhere(&site, &stuck.awaits).then_some(Suspicion { site, step: wake.step, by: wake.by? })
        })
    }

    /// The last wakes of `task`, and the stack of a clone. `None` if telling its wakers apart makes it another run.
    fn marked(&self, task: TaskId, wanted: Option<u32>) -> Option<(VecDeque<Wake>, Option<Stack>)> {
        let watch = || Watch::marking(Marks::new(task, wanted));
        let (outcome, seen) = self.trial.repeat(self.tape, watch, |run, _| {
            let marks = run.watch.as_ref().and_then(Watch::marks)?;
            Some((marks.wakes.take(), marks.stack.take()))
        });
        seen.filter(|_| outcome.digest == self.digest)
    }
}

/// Whether a future that left its waker at `site` is not what is waited for at `awaits`.
fn is_elsewhere(site: &AwaitSite, awaits: &[AwaitSite]) -> bool {
    !site.frames.is_empty() && awaits.iter().all(|other| other.frames != site.frames)
}
