//! What was noticed during a run that is no event of its schedule.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use reveille_executor::TaskId;
use reveille_reactor::Instant;

use super::Site;
use crate::event::Told;
use crate::site::Stack;

/// A panic that happened while the run was this thread's.
#[derive(Clone, Debug)]
pub(crate) struct PanicNote {
    /// The task whose poll panicked; `None` in a waker or a destructor outside of any poll.
    pub(crate) task: Option<TaskId>,
    pub(crate) message: String,
    /// File, line and column.
    pub(crate) place: Option<(String, u32, u32)>,
    /// Where the program was, if the place may lie outside of it.
    pub(crate) stack: Option<Stack>,
    /// The world was being dropped.
    pub(crate) in_teardown: bool,
    /// It came from what answers the choices, or from what asks it.
    pub(crate) in_choices: bool,
}

impl PanicNote {
    /// Whether a reader could tell the two apart. A stack is no difference: it says where the same place was come to.
    fn tells_the_same(&self, other: &Self) -> bool {
        (self.task, self.in_teardown, self.in_choices) == (other.task, other.in_teardown, other.in_choices)
            && self.message == other.message
            && self.place == other.place
    }
}

/// A rule of the `Future` contract, broken towards one of our futures.
#[derive(Clone, Debug)]
pub(crate) struct Misuse {
    /// What was polled after it had completed.
    pub(crate) what: &'static str,
    /// By whom.
    pub(crate) task: Option<TaskId>,
    /// The task that it was the handle of.
    pub(crate) of: Option<TaskId>,
    /// Where.
    pub(crate) stack: Stack,
}

/// Something that is not wrong by itself and may explain what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// A future was dropped without ever having been polled: it did nothing.
    NeverPolled { what: &'static str, made: Site },
    /// A task was spawned by a destructor while the world was being dropped; it was dropped in turn.
    SpawnedInTeardown { site: Site },
    /// A future was polled while the world was being dropped; it completed at once.
    PolledInTeardown { what: &'static str },
    /// A node was paused when the run ended.
    Paused { node: Told, since: Instant },
}

/// At most so many notes of one sort are kept: a report shows a few, and a run may make millions.
const KEPT: usize = 32;

/// The notes of one run, except for `sometimes`, which lasts for the campaign.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    panics: RefCell<Vec<PanicNote>>,
    misuse: RefCell<Option<Misuse>>,
    hints: RefCell<Vec<Hint>>,
    /// What was unfair first.
    unfair: RefCell<Option<Vec<String>>>,
    /// By name and site: whether the condition of a `sometimes!` has held.
    sometimes: RefCell<BTreeMap<Sometimes, bool>>,
    /// A panic hook must not borrow what the panicking code may have borrowed.
    panicked: Cell<bool>,
}

/// A `sometimes!` in the source.
pub(crate) type Sometimes = (&'static str, &'static str, u32);

impl Notes {
    pub(super) fn clear(&self) {
        self.panics.borrow_mut().clear();
        self.misuse.borrow_mut().take();
        self.hints.borrow_mut().clear();
        self.unfair.take();
        self.panicked.set(false);
    }

    pub(crate) fn panicked(&self, note: PanicNote) {
        self.panicked.set(true);
        if let Ok(mut panics) = self.panics.try_borrow_mut()
            && !panics.last().is_some_and(|last| last.tells_the_same(&note))
        {
            if panics.len() == KEPT {
                panics.remove(0);
            }
            panics.push(note);
        }
    }

    pub(crate) fn has_panics(&self) -> bool {
        self.panicked.get()
    }

    pub(crate) fn panics(&self) -> Vec<PanicNote> {
        if self.panicked.get() { self.panics.borrow().clone() } else { Vec::new() }
    }

    /// Notes the first misuse, with the stack of the caller.
    pub(crate) fn misused(&self, what: &'static str, task: Option<TaskId>, of: Option<TaskId>) {
        let misuse = || Misuse { what, task, of, stack: Stack::capture() };
        self.misuse.borrow_mut().get_or_insert_with(misuse);
    }

    pub(crate) fn misuse(&self) -> Option<Misuse> {
        self.misuse.borrow().clone()
    }

    pub(crate) fn unfair(&self, lines: Vec<String>) {
        self.unfair.borrow_mut().get_or_insert(lines);
    }

    pub(crate) fn unfairness(&self) -> Option<Vec<String>> {
        self.unfair.borrow().clone()
    }

    pub(crate) fn hint(&self, hint: Hint) {
        let mut hints = self.hints.borrow_mut();
        if hints.len() < KEPT && !hints.contains(&hint) {
            hints.push(hint);
        }
    }

    pub(super) fn spawned_in_teardown(&self, site: Site) {
        self.hint(Hint::SpawnedInTeardown { site });
    }

    pub(crate) fn hints(&self) -> Vec<Hint> {
        self.hints.borrow().clone()
    }

    pub(crate) fn sometimes(&self, key: Sometimes, held: bool) {
        *self.sometimes.borrow_mut().entry(key).or_insert(false) |= held;
    }

    pub(crate) fn take_sometimes(&self) -> BTreeMap<Sometimes, bool> {
        self.sometimes.take()
    }
}
