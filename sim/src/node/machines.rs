//! Which task runs on which node, and what a node does when it starts.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;

use reveille_executor::{AbortHandle, TaskId};
use reveille_reactor::net::NodeId;

use super::clock::Clocks;
use super::pause::Pauses;
use super::stop::Stops;
use super::trouble::Trouble;
use crate::run::Site;

pub(super) type Boxed = Pin<Box<dyn Future<Output = ()>>>;
type Program = Rc<dyn Fn() -> Boxed>;

/// What a node does when it starts.
struct Start {
    program: Program,
    /// Where it was given to the node.
    site: Site,
    /// The task that does it.
    task: AbortHandle,
}

/// The nodes of one run, as far as tasks are concerned. Costs nothing while all tasks run on the first.
#[derive(Default)]
pub(crate) struct Machines {
    /// Whether any task runs on another node than the first.
    any: Cell<bool>,
    /// By task; tasks beyond the end run on the first node.
    of_task: RefCell<Vec<NodeId>>,
    /// Where tasks are spawned, if not where their parent runs.
    target: Cell<Option<NodeId>>,
    /// The tasks of every node but the first.
    tasks: RefCell<BTreeMap<NodeId, Vec<AbortHandle>>>,
    programs: RefCell<BTreeMap<NodeId, Start>>,
    pub(crate) pauses: Pauses,
    pub(crate) stops: Stops,
    pub(crate) clocks: Clocks,
    pub(crate) trouble: Trouble,
}

impl Machines {
    /// The node of `task`; the first outside of any.
    #[inline]
    pub(crate) fn current(&self, task: Option<TaskId>) -> NodeId {
        if !self.any.get() {
            return NodeId::default();
        }
        let of_task = self.of_task.borrow();
        task.and_then(|task| of_task.get(task.index()).copied()).unwrap_or_default()
    }

    /// Notes where a task that has just been spawned by `parent` runs.
    pub(crate) fn spawned(&self, task: TaskId, parent: Option<TaskId>, abort: impl FnOnce() -> AbortHandle) {
        let node = self.target.get().unwrap_or_else(|| self.current(parent));
        if node == NodeId::default() {
            return;
        }
        self.any.set(true);
        let mut of_task = self.of_task.borrow_mut();
        of_task.resize(task.index() + 1, NodeId::default());
        of_task[task.index()] = node;
        let mut tasks = self.tasks.borrow_mut();
        let tasks = tasks.entry(node).or_default();
        // Those that have ended are of no interest; looked for only as often as the list has doubled.
        if tasks.len() == tasks.capacity() {
            tasks.retain(|task| !task.is_finished());
        }
        tasks.push(abort());
    }

    pub(super) fn spawn_on(&self, node: Option<NodeId>) -> Option<NodeId> {
        self.target.replace(node)
    }

    pub(super) fn remember(&self, node: NodeId, program: Box<dyn Fn() -> Boxed>, site: Site, task: AbortHandle) {
        let replaced = self.programs.borrow_mut().insert(node, Start { program: program.into(), site, task });
        drop(replaced);
    }

    /// What `node` does when it starts, and where it was given that.
    pub(super) fn program(&self, node: NodeId) -> Option<(Program, Site)> {
        self.programs.borrow().get(&node).map(|start| (start.program.clone(), start.site))
    }

    /// The program of `node` runs as this task now.
    pub(super) fn started(&self, node: NodeId, task: AbortHandle) {
        let before = self.programs.borrow_mut().get_mut(&node).map(|start| std::mem::replace(&mut start.task, task));
        drop(before);
    }

    /// The nodes whose programs run, and are not about to stop.
    pub(super) fn restartable(&self) -> Vec<NodeId> {
        let programs = self.programs.borrow();
        let runs = |node: NodeId, start: &Start| {
            node != NodeId::default() && !start.task.is_finished() && !self.stops.is_told(node)
        };
        programs.iter().filter(|(node, start)| runs(**node, start)).map(|(node, _)| *node).collect()
    }

    pub(super) fn take_tasks(&self, node: NodeId) -> Vec<AbortHandle> {
        self.tasks.borrow_mut().remove(&node).unwrap_or_default()
    }

    /// How many tasks of `node` have not ended.
    pub(super) fn alive(&self, node: NodeId) -> usize {
        let tasks = self.tasks.borrow();
        tasks.get(&node).map_or(0, |tasks| tasks.iter().filter(|task| !task.is_finished()).count())
    }

    /// The tasks of `node` that have not ended, in the order in which they were spawned.
    pub(super) fn left(&self, node: NodeId) -> impl Iterator<Item = TaskId> {
        let mut left: Vec<_> = match self.tasks.borrow().get(&node) {
            Some(tasks) => tasks.iter().filter(|task| !task.is_finished()).map(AbortHandle::id).collect(),
            None => Vec::new(),
        };
        left.sort_unstable();
        left.into_iter()
    }

    /// Forgets all, for the next run.
    pub(crate) fn clear(&self) {
        self.stops.clear();
        self.clocks.clear();
        self.trouble.clear();
        self.any.set(false);
        self.of_task.borrow_mut().clear();
        self.target.set(None);
        // Dropped outside of the borrows: a program may own anything. Most runs have none.
        if !self.tasks.borrow().is_empty() || !self.programs.borrow().is_empty() {
            drop((self.tasks.take(), self.programs.take()));
        }
    }
}
