//! What looks on while a run goes: a trace, the user's oracles, and one task under the glass.
//!
//! Only replays are watched, and runs for which the user brought oracles; a plain run has no [`Watch`] at all. Watching
//! changes nothing: observing wakers compare equal to their clones just as plain ones do.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use reveille_executor::{Observe, TaskId, WakerOp};
use reveille_reactor::disk::OperationId;
use reveille_reactor::{Interest, SocketId};

use crate::context;
use crate::event::{Event, Stamped};
use crate::fair;
use crate::freedom;
use crate::leaf;
use crate::lens::Clones;
use crate::livelock;
use crate::oracle::Oracle;
use crate::panics;
use crate::parked::Survey;
use crate::run::Run;
use crate::site::Stack;
use crate::spin::Trap;

/// The onlookers of one run.
#[derive(Default)]
pub(crate) struct Watch {
    /// All events so far, when somebody wants to compare them.
    trace: Option<RefCell<Vec<Stamped>>>,
    oracles: RefCell<Vec<Box<dyn Oracle>>>,
    /// What the first oracle to object said.
    objection: RefCell<Option<String>>,
    stopped: Cell<bool>,
    focus: Option<Focus>,
    /// Several tasks, seen less closely.
    survey: Option<Survey>,
    /// What becomes of leaves.
    leaves: Option<leaf::Log>,
    /// Tells the wakers of one task apart.
    marks: Option<leaf::Marks>,
    /// Who wakes whom.
    wakes: Option<livelock::Wakes>,
    /// Where a poll goes round.
    trap: Option<Trap>,
    /// How long tasks wait for their turn.
    fair: Option<fair::Meter>,
    /// The spawns of the tasks named; `None` for those that have not been seen.
    spawns: RefCell<BTreeMap<TaskId, Option<Spawn>>>,
}

impl Watch {
    /// Keeps every event.
    pub(crate) fn tracing() -> Self {
        Self { trace: Some(RefCell::default()), ..Self::default() }
    }

    /// Follows the wakers of `task` and, in its `ordinal`-th poll, looks where they are cloned.
    pub(crate) fn focused(task: TaskId, ordinal: u64) -> Self {
        Self { focus: Some(Focus::new(task, ordinal)), ..Self::default() }
    }

    /// Keeps a record of every leaf.
    pub(crate) fn of_leaves(log: leaf::Log) -> Self {
        Self { leaves: Some(log), ..Self::default() }
    }

    /// Notes who wakes whom.
    pub(crate) fn of_wakes(wakes: livelock::Wakes) -> Self {
        Self { wakes: Some(wakes), ..Self::default() }
    }

    pub(crate) fn wakes(&self) -> Option<&livelock::Wakes> {
        self.wakes.as_ref()
    }

    /// Measures how long tasks wait for their turn.
    pub(crate) fn measuring() -> Self {
        Self { fair: Some(fair::Meter::new(None)), ..Self::default() }
    }

    /// The same, with a bound on how long tasks wait for their turn.
    pub(crate) fn and_fair(self, polls_max: Option<u64>) -> Self {
        let is_measured = self.fair.is_some() || polls_max.is_some();
        Self { fair: is_measured.then(|| fair::Meter::new(polls_max)), ..self }
    }

    /// The longest that a task waited for its turn, if that is measured.
    pub(crate) fn longest_wait(&self) -> Option<fair::Wait> {
        self.fair.as_ref().and_then(fair::Meter::longest)
    }

    /// The same, which looks where a poll goes round as well.
    pub(crate) fn and_trapping(self, trap: Trap) -> Self {
        Self { trap: Some(trap), ..self }
    }

    pub(crate) fn trap(&self) -> Option<&Trap> {
        self.trap.as_ref()
    }

    pub(crate) fn leaves(&self) -> Option<&leaf::Log> {
        self.leaves.as_ref()
    }

    /// Tells the wakers of one task apart.
    pub(crate) fn marking(marks: leaf::Marks) -> Self {
        Self { marks: Some(marks), ..Self::default() }
    }

    /// Whether the wakers of this task are told apart.
    pub(crate) fn is_marked(&self, task: TaskId) -> bool {
        self.marks.as_ref().is_some_and(|marks| marks.task() == task)
    }

    pub(crate) fn marks(&self) -> Option<&leaf::Marks> {
        self.marks.as_ref()
    }

    /// Looks where `tasks` are spawned.
    pub(crate) fn at_the_spawn_of(tasks: impl IntoIterator<Item = TaskId>) -> Self {
        Self { spawns: RefCell::new(tasks.into_iter().map(|task| (task, None)).collect()), ..Self::default() }
    }

    /// `task` is being spawned by `by`.
    pub(crate) fn spawned(&self, task: TaskId, by: Option<TaskId>) {
        if let Some(spawn) = self.spawns.borrow_mut().get_mut(&task) {
            *spawn = Some(Spawn { by, stack: Stack::capture() });
        }
    }

    pub(crate) fn take_spawns(&self) -> BTreeMap<TaskId, Option<Spawn>> {
        self.spawns.take()
    }

    /// Puts new oracles in the place of the last run's.
    pub(crate) fn judge_by(&self, oracles: Vec<Box<dyn Oracle>>) {
        self.oracles.replace(oracles);
        self.fair.iter().for_each(fair::Meter::clear);
        self.objection.take();
        self.stopped.set(false);
    }

    /// Whether anybody wants to hear of all that happens.
    pub(crate) fn listens(&self) -> bool {
        // Oracles that are at work hear of nothing new.
        self.trace.is_some() || self.oracles.try_borrow().is_ok_and(|oracles| !oracles.is_empty())
    }

    pub(crate) fn event(&self, run: &Run, event: Event) {
        let step = run.step();
        if let Some(fair) = &self.fair {
            fair.event(run, &event);
        }
        if let Some(trace) = &self.trace {
            trace.borrow_mut().push(Stamped { step, event });
        }
        if let Some(wakes) = &self.wakes {
            wakes.event(step, &event);
        }
        // An oracle that makes events of its own does not see them: it is busy.
        if let Ok(mut oracles) = self.oracles.try_borrow_mut()
            && !oracles.is_empty()
        {
            let verdict = asked(|| oracles.iter_mut().try_for_each(|oracle| oracle.event(&event)));
            self.object(verdict);
        }
    }

    /// Tells the oracles that the program has ended.
    pub(crate) fn end(&self) {
        let verdict = asked(|| self.oracles.borrow_mut().iter_mut().try_for_each(|oracle| oracle.end()));
        self.object(verdict);
    }

    fn object(&self, verdict: Result<(), String>) {
        if let Err(text) = verdict {
            self.objection.borrow_mut().get_or_insert(text);
            self.stopped.set(true);
        }
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stopped.get()
    }

    pub(crate) fn objection(&self) -> Option<String> {
        self.objection.borrow().clone()
    }

    pub(crate) fn take_trace(&self) -> Vec<Stamped> {
        self.trace.as_ref().map(RefCell::take).unwrap_or_default()
    }

    pub(crate) fn focus(&self) -> Option<&Focus> {
        self.focus.as_ref()
    }

    /// Looks into the last polls of several tasks.
    pub(crate) fn surveying(survey: Survey) -> Self {
        Self { survey: Some(survey), ..Self::default() }
    }

    pub(crate) fn survey(&self) -> Option<&Survey> {
        self.survey.as_ref()
    }

    /// The clones of the wakers that are lent to polls which are looked into.
    pub(crate) fn clones(&self) -> Option<&Clones> {
        self.focus.as_ref().map(Focus::clones).or_else(|| self.survey.as_ref().map(Survey::clones))
    }

    /// Whether this poll is one to be looked into.
    pub(crate) fn is_probed(&self, task: TaskId, ordinal: u64) -> bool {
        self.focus.as_ref().is_some_and(|focus| focus.task == task && focus.ordinal == ordinal)
            || self.survey.as_ref().is_some_and(|survey| survey.is_last_poll(task, ordinal))
    }

    /// Notes where `task` waits after such a poll.
    pub(crate) fn waits_at(&self, task: TaskId, sites: Vec<Stack>) {
        match (&self.focus, &self.survey) {
            (Some(focus), _) => drop(focus.sites.replace(sites)),
            (None, Some(survey)) => survey.waits_at(task, sites),
            (None, None) => {}
        }
    }

    fn observe(&self, run: &Run, task: TaskId, op: WakerOp, live: usize) {
        if op == WakerOp::Wake {
            self.event(run, Event::Woken { task, by: run.current() });
            self.leaves.iter().for_each(|leaves| leaves.task_woken(task));
        }
        let Some(focus) = self.focus.as_ref().filter(|focus| focus.task == task) else { return };
        match op {
            WakerOp::Drop if live == 0 => {
                let dropped = LastDrop { step: run.step(), by: run.current(), stack: Stack::capture() };
                focus.last_drop.replace(Some(dropped));
            }
            WakerOp::Clone if run.current() == Some(task) && !focus.clones.is_collecting() => {
                focus.last_clone.replace(Some(Stack::capture()));
            }
            _ => {}
        }
    }
}

/// The spawn of a task.
pub(crate) struct Spawn {
    /// The task that spawned it.
    pub(crate) by: Option<TaskId>,
    pub(crate) stack: Stack,
}

/// What an oracle says. One that panics objects: it asserts.
fn asked(oracle: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let panicked =
        |payload: Box<dyn std::any::Any + Send>| Err(format!("an oracle panicked: {}", panics::message(&*payload)));
    catch_unwind(AssertUnwindSafe(oracle)).unwrap_or_else(panicked)
}

/// The task under the glass.
pub(crate) struct Focus {
    task: TaskId,
    /// The poll to look into, counted from 1: the task's last.
    ordinal: u64,
    /// Where wakers were cloned while the lens was on the task.
    clones: Clones,
    /// Where the task waited after the poll in question.
    sites: RefCell<Vec<Stack>>,
    last_drop: RefCell<Option<LastDrop>>,
    /// Where the task's own waker was cloned last, outside of that poll.
    last_clone: RefCell<Option<Stack>>,
    /// The tasks whose handles were polled, in vain, while the lens was on the task.
    joins: RefCell<Vec<TaskId>>,
    /// The sockets that were waited for while the lens was on the task.
    sockets: RefCell<Vec<(SocketId, Interest)>>,
    /// The operations on files that were waited for meanwhile.
    operations: RefCell<Vec<OperationId>>,
}

/// The last waker of a task goes.
pub(crate) struct LastDrop {
    pub(crate) step: u64,
    pub(crate) by: Option<TaskId>,
    pub(crate) stack: Stack,
}

impl Focus {
    fn new(task: TaskId, ordinal: u64) -> Self {
        Self {
            task,
            ordinal,
            clones: Clones::default(),
            sites: RefCell::default(),
            last_drop: RefCell::default(),
            last_clone: RefCell::default(),
            joins: RefCell::default(),
            sockets: RefCell::default(),
            operations: RefCell::default(),
        }
    }

    pub(crate) fn task(&self) -> TaskId {
        self.task
    }

    /// What the task's wakers of fresh identity became.
    pub(crate) fn clones(&self) -> &Clones {
        &self.clones
    }

    /// The handle of `task` was polled, and the task has not ended.
    pub(crate) fn joins(&self, task: TaskId) {
        let mut joins = self.joins.borrow_mut();
        if self.clones.is_collecting() && !joins.contains(&task) {
            joins.push(task);
        }
    }

    /// These sockets were waited for.
    pub(crate) fn waits_on(&self, waits: Vec<(SocketId, Interest)>) {
        let mut sockets = self.sockets.borrow_mut();
        let new = waits.into_iter().filter(|_| self.clones.is_collecting());
        for wait in new {
            if !sockets.contains(&wait) {
                sockets.push(wait);
            }
        }
    }

    pub(crate) fn take_sockets(&self) -> Vec<(SocketId, Interest)> {
        self.sockets.take()
    }

    /// The end of this operation was waited for.
    pub(crate) fn waits_for(&self, operation: OperationId) {
        let mut operations = self.operations.borrow_mut();
        if self.clones.is_collecting() && !operations.contains(&operation) {
            operations.push(operation);
        }
    }

    pub(crate) fn take_operations(&self) -> Vec<OperationId> {
        self.operations.take()
    }

    pub(crate) fn take_joins(&self) -> Vec<TaskId> {
        self.joins.take()
    }

    pub(crate) fn take_sites(&self) -> Vec<Stack> {
        self.sites.take()
    }

    pub(crate) fn take_last_clone(&self) -> Option<Stack> {
        self.last_clone.take()
    }

    pub(crate) fn take_last_drop(&self) -> Option<LastDrop> {
        self.last_drop.take()
    }
}

/// The observer of an executor whose run is watched. It finds the watch through the run of its thread, so that a waker
/// used on another thread reports nothing: that is a finding of its own kind.
pub(crate) struct Onlooker;

impl Observe for Onlooker {
    fn observe(&self, task: TaskId, op: WakerOp, live: usize) {
        context::try_with(|run| {
            if let Some(watch) = &run.watch {
                watch.observe(run, task, op, live);
            }
        });
        if op == WakerOp::Wake {
            freedom::woken(task);
        }
    }
}
