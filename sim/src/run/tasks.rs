//! What a run remembers of each of its tasks. The executor knows none of it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use reveille_executor::TaskId;
use reveille_reactor::Instant;

use super::Site;
use crate::event::TaskEnd;

/// What the spawner said of a task.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) site: Site,
    /// The task may wait for ever: it is never stuck.
    pub(crate) daemon: bool,
}

/// How far a task has come. Apart from its origin: every poll writes here, and the less there is of it, the better a run of
/// many tasks fits the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) polls: u64,
    /// The step of the last poll; 0 before the first.
    pub(crate) last_step: u64,
    /// The time of the last poll.
    pub(crate) last_time: Instant,
    pub(crate) ended: Option<TaskEnd>,
    /// Somebody received this task's panic as a `JoinError`.
    pub(crate) panic_taken: bool,
    /// As in its [`Origin`].
    pub(crate) daemon: bool,
}

/// The records of a run, by task.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    origins: RefCell<Vec<Origin>>,
    progress: RefCell<Vec<Progress>>,
    /// How many tasks have panicked.
    panicked: Cell<usize>,
}

impl Tasks {
    pub(super) fn clear(&self) {
        self.origins.borrow_mut().clear();
        self.progress.borrow_mut().clear();
        self.panicked.set(0);
    }

    pub(super) fn add(&self, task: TaskId, origin: Origin) {
        let mut progress = self.progress.borrow_mut();
        assert_eq!(task.index(), progress.len(), "the executor numbers its tasks from 0 without gaps");
        progress.push(Progress {
            polls: 0,
            last_step: 0,
            last_time: Instant::ZERO,
            ended: None,
            panic_taken: false,
            daemon: origin.daemon,
        });
        self.origins.borrow_mut().push(origin);
    }

    /// Notes a poll and returns its ordinal, counted from 1.
    #[inline]
    pub(super) fn polled(&self, task: TaskId, step: u64, now: Instant) -> u64 {
        let progress = &mut self.progress.borrow_mut()[task.index()];
        progress.polls += 1;
        progress.last_step = step;
        progress.last_time = now;
        progress.polls
    }

    pub(super) fn ended(&self, task: TaskId, how: TaskEnd) {
        self.progress.borrow_mut()[task.index()].ended = Some(how);
        if how == TaskEnd::Panicked {
            self.panicked.set(self.panicked.get() + 1);
        }
    }

    pub(crate) fn panic_taken(&self, task: TaskId) {
        if let Some(progress) = self.progress.borrow_mut().get_mut(task.index()) {
            progress.panic_taken = true;
        }
    }

    pub(crate) fn origin(&self, task: TaskId) -> Origin {
        self.origins.borrow()[task.index()].clone()
    }

    pub(crate) fn progress(&self, task: TaskId) -> Progress {
        self.progress.borrow()[task.index()]
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
        let progress = self.progress.borrow();
        progress.iter().enumerate().filter(|(i, progress)| wanted(id(*i), progress)).map(|(i, _)| id(i)).collect()
    }
}
