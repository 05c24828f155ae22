//! What a run notes of cancellations: the cut that was made, what was lost by one, and how the audited tasks ended.

use std::cell::{Cell, RefCell};

use reveille_executor::{AbortHandle, JoinHandle};

use super::cuts::Made;
use super::sites::Glass;
use crate::context;
use crate::run::Site;

/// A value or an operation that a cancellation took with it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// A [tracked](super::track) value of this type was dropped unsettled.
    Value { what: &'static str, made: Site },
    /// An operation that [must complete](super::must_complete) was dropped after so many polls.
    Operation { made: Site, polls: u64 },
}

/// The notes of one run. Part of every [`Run`](crate::run::Run); one that cuts nothing leaves it empty.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The first cut of the run.
    made: Cell<Option<Made>>,
    /// How many cancelled futures are being dropped, one inside the other.
    dropping: Cell<u32>,
    loss: Cell<Option<Loss>>,
    /// How often the audited operation has returned `Pending`.
    polls: Cell<u64>,
    /// How the second run of the operation (index 0) and the bystanders ended. Kept for its memory.
    outcomes: RefCell<Vec<Option<String>>>,
    /// The audited operation's task, for the cuts that abort it.
    pub(super) abort: RefCell<Option<AbortHandle>>,
    /// The task that makes a cut on another's behalf.
    pub(super) knife: RefCell<Option<JoinHandle<()>>>,
    /// Looks where futures that can be cut wait. Present in replays.
    pub(super) glass: Glass,
}

impl Record {
    /// Makes it the record of a new run; the glass stays as it is set.
    pub(crate) fn clear(&self) {
        self.made.set(None);
        self.dropping.set(0);
        self.loss.set(None);
        self.polls.set(0);
        self.outcomes.borrow_mut().iter_mut().for_each(|outcome| *outcome = None);
        self.abort.take();
        self.knife.take();
        self.glass.clear();
    }

    pub(super) fn cut(&self, made: Made) {
        if self.made.get().is_none() {
            self.made.set(Some(made));
        }
    }

    pub(super) fn made(&self) -> Option<Made> {
        self.made.get()
    }

    pub(crate) fn loss(&self) -> Option<Loss> {
        self.loss.get()
    }

    pub(super) fn lost(&self, loss: Loss) {
        if self.loss.get().is_none() {
            self.loss.set(Some(loss));
        }
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
pub(super) fn drop_cancelled(drop: impl FnOnce()) {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            context::try_with(|run| run.cancel.dropping.set(run.cancel.dropping.get().saturating_sub(1)));
        }
    }
    context::try_with(|run| run.cancel.dropping.set(run.cancel.dropping.get() + 1));
    let _leave = Leave;
    drop();
}
