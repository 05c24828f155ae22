//! What looks on while a run goes: a trace, the user's oracles, and one task under the glass.
//!
//! Only replays are watched, and runs for which the user brought oracles; a plain run has no [`Watch`] at all. Watching
//! changes nothing: observing wakers compare equal to their clones just as plain ones do.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use reveille_executor::{Follow, Observe, TaskId, WakerOp, followed_waker};
use reveille_reactor::disk::OperationId;
use reveille_reactor::{Interest, SocketId};

use crate::context;
use crate::event::{Event, Stamped};
use crate::fair;
use crate::freedom;
use crate::leaf;
use crate::livelock;
use crate::oracle::Oracle;
use crate::panics;
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

    /// Whether this poll is the one to be looked into.
    pub(crate) fn is_probed(&self, task: TaskId, ordinal: u64) -> bool {
        self.focus.as_ref().is_some_and(|focus| focus.task == task && focus.ordinal == ordinal)
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
            WakerOp::Clone if run.current() == Some(task) && !focus.collecting.get() => {
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
    /// Where wakers were cloned while the lens was on the task; see [`Focus::collect`].
    clones: RefCell<BTreeMap<u32, Stack>>,
    /// How many clones there have been.
    cloned: Cell<u32>,
    collecting: Cell<bool>,
    /// Which lens is on, counted from 1: clones of an earlier one may still be about.
    lens: Cell<u32>,
    /// The poll under the lens woke the waker that it was lent: the task runs on.
    woke_itself: Cell<bool>,
    /// Where it did.
    woke_at: RefCell<Option<Stack>>,
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
    /// Enough to see all that is awaited, whatever the order in which it is; a poll that clones more is shown in part.
    const CLONES_MAX: usize = 4_096;

    fn new(task: TaskId, ordinal: u64) -> Self {
        Self {
            task,
            ordinal,
            clones: RefCell::default(),
            cloned: Cell::new(0),
            collecting: Cell::new(false),
            lens: Cell::new(0),
            woke_itself: Cell::new(false),
            woke_at: RefCell::default(),
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

    /// Whether a poll is under way whose clones are collected.
    pub(crate) fn is_collecting(&self) -> bool {
        self.collecting.get()
    }

    /// Calls `poll` with a waker of fresh identity and returns where it was cloned: a leaf has to register again, since
    /// `will_wake` tells it that the waker it holds is another one.
    pub(crate) fn collect<R>(&self, waker: Waker, poll: impl FnOnce(&Waker) -> R) -> (R, Vec<Stack>) {
        self.lens.set(self.lens.get() + 1);
        self.woke_itself.set(false);
        self.woke_at.take();
        let lens = followed_waker(waker, Box::new(Lens { lens: self.lens.get(), clone: 0 }));
        self.collecting.set(true);
        let result = poll(&lens);
        self.collecting.set(false);
        // What was cloned and dropped again within the poll, for a branch that lost, is not where the task waits.
        (result, self.clones.take().into_values().collect())
    }

    fn note_clone(&self) -> u32 {
        let clone = self.cloned.get() + 1;
        self.cloned.set(clone);
        let mut clones = self.clones.borrow_mut();
        if clones.len() < Self::CLONES_MAX {
            clones.insert(clone, Stack::capture());
        }
        clone
    }

    pub(crate) fn waits_at(&self, sites: Vec<Stack>) {
        self.sites.replace(sites);
    }

    /// Whether a poll under the last lens woke the waker that it was lent, since this was last asked.
    pub(crate) fn take_woke_itself(&self) -> bool {
        self.woke_itself.take()
    }

    /// Where that was, for a task that asks to be polled again and leaves its waker with nobody.
    pub(crate) fn take_woke_at(&self) -> Option<Stack> {
        self.woke_at.take()
    }

    /// The handle of `task` was polled, and the task has not ended.
    pub(crate) fn joins(&self, task: TaskId) {
        let mut joins = self.joins.borrow_mut();
        if self.collecting.get() && !joins.contains(&task) {
            joins.push(task);
        }
    }

    /// These sockets were waited for.
    pub(crate) fn waits_on(&self, waits: Vec<(SocketId, Interest)>) {
        let mut sockets = self.sockets.borrow_mut();
        let new = waits.into_iter().filter(|_| self.collecting.get());
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
        if self.collecting.get() && !operations.contains(&operation) {
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

/// Follows a waker of fresh identity: notes where it is cloned, and whether it is woken in the poll that it is lent to.
struct Lens {
    /// Which lens this belongs to.
    lens: u32,
    /// The number of this clone; 0 for the waker that was lent.
    clone: u32,
}

impl Lens {
    /// Calls `f` with the focus of the current run, if the lens that this belongs to is on.
    fn on<R>(&self, f: impl FnOnce(&Focus) -> R) -> Option<R> {
        context::try_with(|run| {
            let focus = run.watch.as_ref().and_then(Watch::focus)?;
            (focus.collecting.get() && focus.lens.get() == self.lens).then(|| f(focus))
        })
        .flatten()
    }
}

impl Follow for Lens {
    fn cloned(&self) -> Box<dyn Follow> {
        let clone = self.on(Focus::note_clone).unwrap_or(u32::MAX);
        Box::new(Self { lens: self.lens, clone })
    }

    fn woken(&self) {
        self.on(|focus| {
            focus.woke_itself.set(true);
            focus.woke_at.replace(Some(Stack::capture()));
        });
    }

    fn dropped(&self) {
        self.on(|focus| focus.clones.borrow_mut().remove(&self.clone));
    }
}
