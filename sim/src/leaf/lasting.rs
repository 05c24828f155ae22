//! Leaves that may outlast who waits for them: sockets, and the handles of tasks.
//!
//! A timer is dropped with the future that waits for it. A socket is not: `timeout(brief, read_message(&mut stream))` gives the wait
//! up and keeps the stream, and the waker stays where it was left. When bytes come a minute later nobody is owed a poll, though
//! all that can be seen is as it would be if the wait were still there. So of such a leaf two things more have to be shown.
//!
//! *The wait is still there*, since it goes on: when the leaf is polled again at last, that is with a waker which compares equal to
//! the one that was left. Of a task's own waker this says nothing, all futures of the task have it; but combinators that poll
//! their children one by one (`FuturesUnordered` and what is made of it, as `buffer_unordered`, a large `join_all`, the groups of
//! futures-concurrency) give each a waker of its own, and it lives and dies with the child.
//!
//! *It was not polled meanwhile.* Such wakers put the child on a list the first time, and do nothing until it has been taken off
//! again to be polled. So on replays that end with the first and with the last poll of the task that passed the leaf over, the
//! waker is used once more (a *knock*): if that wakes the task, then the child has been polled since, and has gone on to something
//! else. If nothing happens, then it is on the list, where it was put by the first wake, and waits for its turn. A task's own waker
//! always answers, so where it was left nothing is claimed.
//!
//! At a stall there is no later poll: there the knocks have to do.
//!
//! A handle is owed nothing for as long as its task goes on by itself: to give work a task of its own is how starvation is mended, and
//! `buffer_unordered` over `async { spawn(work).await }` delays nothing but the result. What waits for a handle counts at a stall.

use std::cell::Cell;
use std::task::Waker;

use reveille_executor::TaskId;
use reveille_reactor::{Interest, SocketId, Turn};

use super::log::{Log, Wake};
use super::record::{LeafId, Made, log_of};
use crate::explain::Case;
use crate::run::Run;
use crate::strategy::Replay;
use crate::watch::Watch;

/// Listens whether a waker that is used once more wakes its task.
#[derive(Debug, Default)]
pub(super) struct Knock {
    /// The task that is knocked at, while it is.
    at: Cell<Option<TaskId>>,
    answered: Cell<bool>,
}

impl Knock {
    /// Uses a waker of `task`. Whether that wakes the task, which it may have been already.
    pub(super) fn at(&self, task: TaskId, waker: &Waker) -> bool {
        self.answered.set(false);
        self.at.set(Some(task));
        waker.wake_by_ref();
        self.at.set(None);
        self.answered.get()
    }

    pub(super) fn woken(&self, task: TaskId) {
        if self.at.get() == Some(task) {
            self.answered.set(true);
        }
    }
}

impl Made {
    /// What waits for a socket: it has no place of its own, so that of the task has to do.
    fn wait(run: &Run, interest: Interest) -> Option<Self> {
        let what = match interest {
            Interest::Read => "read",
            Interest::Write => "write",
        };
        Some(Self { what, site: run.tasks.origin(run.current()?).site })
    }

    fn join(run: &Run, task: TaskId) -> Self {
        Self { what: "JoinHandle", site: run.tasks.origin(task).site }
    }
}

/// The wait of the current task for a socket came late, by some measure.
#[cold]
pub(crate) fn socket_is_late(run: &Run, socket: u64, interest: Interest) {
    if let Some(made) = Made::wait(run, interest).filter(|_| run.leaves.excuse().is_none()) {
        run.leaves.is_late(LeafId::Socket(socket, interest), made);
    }
}

/// A replay that keeps a log hears that a socket was tried in a poll with `waker`, and whether that waits now.
pub(crate) fn socket_tried(run: &Run, socket: SocketId, interest: Interest, waker: &Waker, waits: bool) {
    let Some(log) = log_of(run) else { return };
    let Some(leaf) = name(run, socket, interest) else { return };
    match Made::wait(run, interest).filter(|_| waits) {
        Some(made) => log.waits(run, leaf, made, waker),
        None => log.served(run, leaf, waker),
    }
}

/// The same of what became of a wait.
pub(crate) fn socket_turned(run: &Run, log: &Log, turn: Turn) {
    match turn {
        Turn::Woken(socket, interest) => name(run, socket, interest).into_iter().for_each(|leaf| log.woken(run, leaf)),
        Turn::Closed(socket, interest) => {
            name(run, socket, interest).into_iter().for_each(|leaf| log.gone(run, leaf, false));
        }
    }
}

fn name(run: &Run, socket: SocketId, interest: Interest) -> Option<LeafId> {
    run.network.name_of(socket).map(|socket| LeafId::Socket(socket, interest))
}

/// The current task waits for the end of `task`.
#[inline]
pub(crate) fn join_waits(run: &Run, task: TaskId, waker: &Waker) {
    if let Some(log) = log_of(run) {
        log.waits(run, LeafId::Join(task), Made::join(run, task), waker);
    }
}

/// The result of `task` has been taken in a poll with `waker`.
#[inline]
pub(crate) fn join_taken(run: &Run, task: TaskId, waker: &Waker) {
    if let Some(log) = log_of(run) {
        log.served(run, LeafId::Join(task), waker);
    }
}

impl Case<'_> {
    /// Whether the wait for a leaf that was `woken` was on its combinator's list, unpolled, after the first of the polls that
    /// passed it over, and after the last. (Right after each: what time brings may put it there once more.)
    pub(super) fn is_unpolled(&self, leaf: LeafId, woken: &Wake) -> bool {
        let steps = [woken.first_step, woken.last_step];
        steps.into_iter().all(|step| self.is_listed(leaf, step))
    }

    /// Whether it is on the list when the poll of `step` has ended.
    fn is_listed(&self, leaf: LeafId, step: u64) -> bool {
        self.trial.rules.call(|| {
            let source = Box::new(Replay::new(self.tape.clone()));
            let watch = Watch::of_leaves(Log::default());
            let run = self.trial.beginning(source, self.tape.settings, Some(watch), step);
            let knock = |run: &Run| log_of(run).and_then(|log| log.knock_at(leaf));
            self.trial.perform(&run, 0, |run, _| knock(run)).1 == Some(false)
        })
    }
}
