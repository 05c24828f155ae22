//! What a run notes of cancellations: the cut that was made, what was lost by one, and how the audited tasks ended.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use reveille_executor::{AbortHandle, JoinHandle, TaskId};

use super::cuts::Made;
use super::fault::Who;
use super::sites::Glass;
use crate::context;
use crate::finding::TaskInfo;
use crate::run::Site;
use crate::site::Stack;

/// What a cancellation did that it must not do.
#[derive(Clone, Debug)]
pub(crate) enum Harm {
    /// A [tracked](super::track) value of this type was dropped unsettled.
    DroppedValue { what: &'static str, made: Site },
    /// A value of this type, which [must be closed](super::must_close), was not.
    Leaked { what: &'static str, made: Site, end: End },
    /// An effect came after its [owner](super::owner) was gone.
    Late { what: &'static str, made: Site, effect: &'static str, at: Site, task: Option<TaskInfo> },
    /// Waits that were given up [left so many things](super::leaks) behind.
    Grows { what: &'static str, count: i64, waits: u32, made: Site },
    /// An operation that [must complete](super::must_complete) was dropped after so many polls: by whom, and from where.
    CutShort { made: Site, polls: u64, by: Option<TaskInfo>, stack: Stack },
    /// After an audited operation was cut, somebody ended as nobody does without the cut.
    Changed { who: Who, outcome: String, usual: String },
}

/// What became of a value that was never closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was dropped.
    Dropped,
    /// It was dropped by a panic.
    Unwound,
    /// Its closing was dropped half-way.
    HalfClosed,
    /// It was forgotten: never dropped, and owned by nobody who was.
    Forgotten,
}

/// The notes of one run. Part of every [`Run`](crate::run::Run); one that cuts nothing leaves it empty.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The cut of the audited operation.
    made: Cell<Option<Made>>,
    /// The first cut that the run made elsewhere, where the program allows it.
    elsewhere: Cell<Option<Made>>,
    /// Whether polls have to be looked after: some values are tracked, or some tasks may be aborted.
    watchful: Cell<bool>,
    /// The tasks that the run may abort.
    abortable: RefCell<BTreeMap<TaskId, AbortHandle>>,
    /// The tasks that went with their node.
    crashed: RefCell<BTreeSet<TaskId>>,
    /// Values that have to be closed, by number: what and where from.
    open: RefCell<BTreeMap<u64, (&'static str, Site)>>,
    /// How many values had to be closed so far.
    opened: Cell<u64>,
    /// How many cancelled futures are being dropped, one inside the other.
    dropping: Cell<u32>,
    /// The first harm that was done.
    harm: RefCell<Option<Harm>>,
    /// How often the audited operation has returned `Pending`.
    polls: Cell<u64>,
    /// How the second run of the operation (index 0) and the bystanders ended. Kept for its memory.
    outcomes: RefCell<Vec<Option<String>>>,
    /// The audited operation's task, for the cuts that abort it.
    abort: RefCell<Option<AbortHandle>>,
    /// The task that makes a cut on another's behalf.
    pub(super) knife: RefCell<Option<JoinHandle<()>>>,
    /// Looks where futures that can be cut wait. Present in replays.
    pub(super) glass: Glass,
}

impl Record {
    /// Makes it the record of a new run; the glass stays as it is set.
    pub(crate) fn clear(&self) {
        self.made.set(None);
        self.elsewhere.set(None);
        self.watchful.set(false);
        // Most runs leave these empty, and to drop an empty tree takes longer than to ask.
        if !self.abortable.borrow().is_empty() {
            drop(self.abortable.take());
        }
        if !self.crashed.borrow().is_empty() {
            drop(self.crashed.take());
        }
        if !self.open.borrow().is_empty() {
            drop(self.open.take());
        }
        self.opened.set(0);
        self.dropping.set(0);
        self.harm.take();
        self.polls.set(0);
        self.outcomes.borrow_mut().iter_mut().for_each(|outcome| *outcome = None);
        self.abort.take();
        self.knife.take();
        self.glass.clear();
    }

    /// The audited operation is cut: once in a run.
    pub(super) fn cut(&self, made: Made) {
        if self.made.get().is_none() {
            self.made.set(Some(made));
        }
    }

    /// The run cuts something that the program allows it to, as part of that program.
    pub(super) fn cut_by_itself(&self, made: Made) {
        if self.elsewhere.get().is_none() {
            self.elsewhere.set(Some(made));
        }
    }

    /// The cut that a report speaks of.
    pub(super) fn first(&self) -> Option<Made> {
        self.made.get().or(self.elsewhere.get())
    }

    /// Whether somebody looks where futures wait that can be cut.
    pub(crate) fn is_looked_into(&self) -> bool {
        self.glass.is_on()
    }

    /// Whether [`poll`](super::storm::poll) has to be called for each poll.
    pub(crate) fn is_watchful(&self) -> bool {
        self.watchful.get()
    }

    /// Some value is tracked: from now on it matters which tasks are cancelled.
    pub(super) fn watch(&self) {
        self.watchful.set(true);
    }

    /// The run may abort `task`.
    pub(crate) fn may_abort(&self, task: TaskId, abort: AbortHandle) {
        self.watchful.set(true);
        self.abortable.borrow_mut().insert(task, abort);
    }

    /// The task of the operation that an audit cuts has been spawned.
    pub(crate) fn is_audited(&self, abort: AbortHandle) {
        self.abort.replace(Some(abort));
    }

    /// What the task of the audited operation is aborted with: once.
    pub(super) fn take_victim(&self) -> Option<AbortHandle> {
        self.abort.take()
    }

    pub(super) fn abort_handle(&self, task: TaskId) -> Option<AbortHandle> {
        self.abortable.borrow().get(&task).cloned()
    }

    /// `task` dies with its node.
    pub(crate) fn crashes(&self, task: TaskId) {
        self.crashed.borrow_mut().insert(task);
    }

    pub(super) fn has_crashed(&self, task: TaskId) -> bool {
        self.crashed.borrow().contains(&task)
    }

    /// Something came into being that has to be closed. Returns its number.
    pub(super) fn opened(&self, what: &'static str, made: Site) -> u64 {
        let number = self.opened.get();
        self.opened.set(number + 1);
        self.open.borrow_mut().insert(number, (what, made));
        number
    }

    /// It was closed, or is gone. Whether it was open.
    pub(super) fn closed(&self, number: u64) -> bool {
        self.open.borrow_mut().remove(&number).is_some()
    }

    /// What was never closed nor dropped, now that the world is gone.
    pub(crate) fn forgotten(&self) -> Option<Harm> {
        let (_, &(what, made)) = self.open.borrow().first_key_value()?;
        Some(Harm::Leaked { what, made, end: End::Forgotten })
    }

    pub(super) fn made(&self) -> Option<Made> {
        self.made.get()
    }

    pub(crate) fn harm(&self) -> Option<Harm> {
        self.harm.borrow().clone()
    }

    pub(super) fn harmed(&self, harm: Harm) {
        self.harm.borrow_mut().get_or_insert(harm);
    }

    /// Whether some harm has been done already: then any other is of no interest.
    pub(super) fn is_harmed(&self) -> bool {
        self.harm.borrow().is_some()
    }

    /// Whether a cancelled future is being dropped right now.
    pub(super) fn is_dropping(&self) -> bool {
        self.dropping.get() > 0
    }

    pub(super) fn pending(&self, polls: u64) {
        self.polls.set(polls);
    }

    pub(super) fn polls(&self) -> u64 {
        self.polls.get()
    }

    pub(super) fn ended(&self, role: usize, outcome: String) {
        let mut outcomes = self.outcomes.borrow_mut();
        if outcomes.len() <= role {
            outcomes.resize(role + 1, None);
        }
        outcomes[role] = Some(outcome);
    }

    /// Shows how each of the audited tasks ended.
    pub(super) fn outcomes<R>(&self, see: impl FnOnce(&[Option<String>]) -> R) -> R {
        see(&self.outcomes.borrow())
    }
}

/// Drops a future that is cancelled, with the run knowing that it is.
pub(crate) fn drop_cancelled<R>(drop: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            context::try_with(|run| run.cancel.dropping.set(run.cancel.dropping.get().saturating_sub(1)));
        }
    }
    context::try_with(|run| run.cancel.dropping.set(run.cancel.dropping.get() + 1));
    let _leave = Leave;
    drop()
}
