//! What a run remembers of each of its tasks. The executor knows none of it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use reveille_executor::TaskId;

use super::Site;
use crate::event::TaskEnd;

/// What the spawner said of a task.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) site: Site,
    /// The task may wait for ever: it is never stuck.
    pub(crate) daemon: bool,
    /// The run may abort the task.
    pub(crate) abortable: bool,
    /// It is the operation that an audit cuts.
    pub(crate) audited: bool,
}

impl Origin {
    /// That of an ordinary task.
    pub(crate) fn at(site: Site) -> Self {
        Self { name: None, site, daemon: false, abortable: false, audited: false }
    }
}

/// How far a task has come. Twelve bytes, and apart from its origin: every poll writes here, and the less there is of it, the
/// better a run of many tasks fits the cache.
#[derive(Clone, Copy, Debug)]
struct Record {
    polls: u32,
    last_step: u32,
    ended: Option<TaskEnd>,
    panic_taken: bool,
    daemon: bool,
}

/// How far a task has come, as others see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) polls: u64,
    /// The step of the last poll; 0 before the first.
    pub(crate) last_step: u64,
    pub(crate) ended: Option<TaskEnd>,
    /// Somebody received this task's panic as a `JoinError`.
    pub(crate) panic_taken: bool,
    /// As in its [`Origin`].
    pub(crate) daemon: bool,
}

impl From<&Record> for Progress {
    fn from(record: &Record) -> Self {
        let &Record { polls, last_step, ended, panic_taken, daemon } = record;
        Self { polls: polls.into(), last_step: last_step.into(), ended, panic_taken, daemon }
    }
}

/// The most polls that a run may make: what fits a [`Record`].
pub(crate) const POLLS_MAX: u64 = u32::MAX as u64;

/// The records of a run, by task.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    records: RefCell<Vec<Record>>,
    sites: RefCell<Vec<Site>>,
    /// Few tasks have names. In the order of their spawn.
    names: RefCell<Vec<(TaskId, Cow<'static, str>)>>,
    /// Who spawned each task; kept in the dullest run only.
    parents: RefCell<Vec<Option<TaskId>>>,
    /// How many tasks have panicked.
    panicked: Cell<usize>,
}

impl Tasks {
    pub(super) fn clear(&self) {
        self.records.borrow_mut().clear();
        self.sites.borrow_mut().clear();
        self.names.borrow_mut().clear();
        self.parents.borrow_mut().clear();
        self.panicked.set(0);
    }

    pub(super) fn add(&self, task: TaskId, origin: Origin) {
        let Origin { name, site, daemon, abortable: _, audited: _ } = origin;
        let mut records = self.records.borrow_mut();
        assert_eq!(task.index(), records.len(), "the executor numbers its tasks from 0 without gaps");
        records.push(Record { polls: 0, last_step: 0, ended: None, panic_taken: false, daemon });
        self.sites.borrow_mut().push(site);
        if let Some(name) = name {
            self.names.borrow_mut().push((task, name));
        }
    }

    /// Notes a poll and returns its ordinal, counted from 1. `step` is at most [`POLLS_MAX`].
    #[inline]
    pub(super) fn polled(&self, task: TaskId, step: u64) -> u64 {
        let record = &mut self.records.borrow_mut()[task.index()];
        record.polls += 1;
        record.last_step = step as u32;
        record.polls.into()
    }

    pub(super) fn ended(&self, task: TaskId, how: TaskEnd) {
        self.records.borrow_mut()[task.index()].ended = Some(how);
        if how == TaskEnd::Panicked {
            self.panicked.set(self.panicked.get() + 1);
        }
    }

    /// Whether the task is known to have ended, and not by a panic. One that is ending, further down on the stack, is not.
    pub(crate) fn has_ended_well(&self, task: TaskId) -> bool {
        matches!(self.records.borrow()[task.index()].ended, Some(TaskEnd::Completed | TaskEnd::Cancelled))
    }

    pub(crate) fn panic_taken(&self, task: TaskId) {
        if let Some(record) = self.records.borrow_mut().get_mut(task.index()) {
            record.panic_taken = true;
        }
    }

    pub(crate) fn origin(&self, task: TaskId) -> Origin {
        let names = self.names.borrow();
        let name = names.binary_search_by_key(&task, |(task, _)| *task).ok().map(|at| names[at].1.clone());
        let site = self.sites.borrow()[task.index()];
        Origin { name, daemon: self.progress(task).daemon, ..Origin::at(site) }
    }

    /// Keeps the parent of the task that was added last.
    pub(super) fn add_parent(&self, parent: Option<TaskId>) {
        self.parents.borrow_mut().push(parent);
    }

    /// Of each task, in the order of their spawn: the number of the task that spawned it, where, and how often it was polled.
    pub(crate) fn pedigree(&self) -> Vec<(Option<usize>, Site, u32)> {
        let (parents, sites, records) = (self.parents.borrow(), self.sites.borrow(), self.records.borrow());
        let all = parents.iter().zip(sites.iter()).zip(records.iter());
        all.map(|((parent, site), record)| (parent.map(TaskId::index), *site, record.polls)).collect()
    }

    pub(crate) fn is_known(&self, task: TaskId) -> bool {
        task.index() < self.records.borrow().len()
    }

    pub(crate) fn progress(&self, task: TaskId) -> Progress {
        (&self.records.borrow()[task.index()]).into()
    }

    /// The first task whose panic nobody has received.
    pub(crate) fn first_untaken_panic(&self) -> Option<TaskId> {
        if self.panicked.get() == 0 {
            return None;
        }
        self.filter(|_, progress| progress.ended == Some(TaskEnd::Panicked) && !progress.panic_taken).first().copied()
    }

    /// The tasks for which `wanted` holds, in the order of their spawn.
    pub(crate) fn filter(&self, wanted: impl Fn(TaskId, &Progress) -> bool) -> Vec<TaskId> {
        let id = |index: usize| TaskId::new(u32::try_from(index).unwrap_or(u32::MAX));
        let records = self.records.borrow();
        let wanted = |(index, record): (usize, &Record)| Some(id(index)).filter(|id| wanted(*id, &record.into()));
        records.iter().enumerate().filter_map(wanted).collect()
    }
}
