//! What a run remembers of each of its tasks. The executor knows none of it.

use std::borrow::Cow;
use std::cell::RefCell;

use reveille_executor::TaskId;
use reveille_reactor::Instant;

use super::Site;

/// What the spawner said of a task.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) site: Site,
    /// The task may wait for ever: it is never stuck.
    pub(crate) daemon: bool,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Ready,
    Panicked,
    Cancelled,
}

/// One task, from its spawn on.
#[derive(Clone, Debug)]
pub(crate) struct TaskRecord {
    pub(crate) origin: Origin,
    pub(crate) polls: u64,
    /// The step of the last poll; 0 before the first.
    pub(crate) last_step: u64,
    /// The time of the last poll.
    pub(crate) last_time: Instant,
    pub(crate) ended: Option<Ended>,
    /// Somebody received this task's panic as a `JoinError`.
    pub(crate) panic_taken: bool,
}

impl TaskRecord {
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, polls: 0, last_step: 0, last_time: Instant::ZERO, ended: None, panic_taken: false }
    }
}

/// The records of a run, by task.
#[derive(Debug, Default)]
pub(crate) struct Tasks(RefCell<Vec<TaskRecord>>);

impl Tasks {
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    pub(super) fn add(&self, task: TaskId, record: TaskRecord) {
        let mut records = self.0.borrow_mut();
        assert_eq!(task.index(), records.len(), "the executor numbers its tasks from 0 without gaps");
        records.push(record);
    }

    /// Notes a poll and returns its ordinal, counted from 1.
    pub(super) fn polled(&self, task: TaskId, step: u64, now: Instant) -> u64 {
        let record = &mut self.0.borrow_mut()[task.index()];
        record.polls += 1;
        record.last_step = step;
        record.last_time = now;
        record.polls
    }

    pub(super) fn ended(&self, task: TaskId, how: Ended) {
        self.0.borrow_mut()[task.index()].ended = Some(how);
    }

    pub(crate) fn panic_taken(&self, task: TaskId) {
        if let Some(record) = self.0.borrow_mut().get_mut(task.index()) {
            record.panic_taken = true;
        }
    }

    pub(crate) fn get(&self, task: TaskId) -> TaskRecord {
        self.0.borrow()[task.index()].clone()
    }

    /// The tasks for which `wanted` holds, in the order of their spawn.
    pub(crate) fn filter(&self, wanted: impl Fn(TaskId, &TaskRecord) -> bool) -> Vec<TaskId> {
        let id = |index: usize| TaskId::new(u32::try_from(index).unwrap_or(u32::MAX));
        let records = self.0.borrow();
        records.iter().enumerate().filter(|(i, record)| wanted(id(*i), record)).map(|(i, _)| id(i)).collect()
    }
}
