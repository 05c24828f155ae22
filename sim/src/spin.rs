//! Where a poll goes round and round.
//!
//! Our own leaves count how often they are polled within one poll of a task: beyond any number that makes sense the poll is ended,
//! and the run has its finding, without a watchdog.
//!
//! A poll that does not return cannot be looked into from outside, and cannot be stopped. In a replay it can be lent a waker that counts what is
//! done with it: a loop that registers with something in each turn clones it, or wakes it, and after so many times the next one
//! unwinds out of the poll, with the stack in hand. A loop that touches no waker stays unseen.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;

use reveille_executor::{Follow, TaskId};

use crate::context;
use crate::run::Run;
use crate::site::Stack;
use crate::watchdog::PollAt;

/// So many times no poll that ends takes its waker: a `select!` of many branches takes it once for each.
pub(crate) const TOUCHES_MAX: u32 = 20_000;

/// So often no poll that ends polls leaves of ours: a million timers in a `join_all` are polled once each.
const VISITS_MAX: u32 = 1 << 21;

/// How often leaves of ours were polled within the poll under way.
#[derive(Debug, Default)]
pub(crate) struct Visits {
    /// The step of the last visit, and how many there were in it.
    last: Cell<(u64, u32)>,
    /// A poll that was ended.
    ended: RefCell<Option<Spun>>,
}

/// A poll that went round and round.
#[derive(Clone, Debug)]
pub(crate) struct Spun {
    pub(crate) task: TaskId,
    /// What it polled for the last time.
    pub(crate) what: &'static str,
    /// Where that was.
    pub(crate) stack: Stack,
}

impl Visits {
    pub(crate) fn clear(&self) {
        self.last.set((0, 0));
        self.ended.take();
    }

    pub(crate) fn ended(&self) -> Option<Spun> {
        self.ended.borrow().clone()
    }
}

/// A leaf of ours, a `what`, is being polled.
///
/// # Panics
/// If that happens for ever within one poll: unwinds out of it.
#[inline]
pub(crate) fn visit(run: &Run, what: &'static str) {
    let step = run.step();
    let count = match run.visits.last.get() {
        (last, count) if last == step => count + 1,
        _ => 1,
    };
    run.visits.last.set((step, count));
    if count > VISITS_MAX {
        end_poll(run, what);
    }
}

#[cold]
fn end_poll(run: &Run, what: &'static str) {
    if run.progress.is_meant_to_spin() {
        // The watchdog is all that looks at it now.
        run.visits.last.set((run.step(), 0));
        return;
    }
    let Some(task) = run.current().filter(|_| !std::thread::panicking()) else { return };
    run.visits.ended.borrow_mut().get_or_insert_with(|| Spun { task, what, stack: Stack::capture() });
    resume_unwind(Box::new("this poll does not end"));
}

/// Waits for a task's waker to be used in one of its polls, over and over.
pub(crate) struct Trap {
    poll: PollAt,
    /// Called when that poll begins; `None` afterwards.
    on_begin: RefCell<Option<OnBegin>>,
    touches: Cell<u32>,
    /// Where it was used for the last time, when there were enough.
    caught: RefCell<Option<Stack>>,
}

type OnBegin = Box<dyn FnOnce(&Run)>;

impl Trap {
    pub(crate) fn new(poll: PollAt, on_begin: impl FnOnce(&Run) + 'static) -> Self {
        let on_begin = RefCell::new(Some(Box::new(on_begin) as OnBegin));
        Self { poll, on_begin, touches: Cell::new(0), caught: RefCell::default() }
    }

    /// Whether the poll that begins, number `ordinal` of `task`, is the one that it waits for. In another run, which a program that does
    /// not repeat itself may have come to, none is.
    pub(crate) fn springs(&self, run: &Run, task: TaskId, ordinal: u64) -> bool {
        let is_it = (task, run.step(), ordinal) == (self.poll.task, self.poll.step, self.poll.ordinal);
        if is_it && let Some(on_begin) = self.on_begin.take() {
            on_begin(run);
        }
        is_it
    }

    pub(crate) fn take_caught(&self) -> Option<Stack> {
        self.caught.take()
    }
}

/// Follows the waker that is lent to the poll in question, and all its clones.
pub(crate) struct Touch;

impl Follow for Touch {
    fn cloned(&self) -> Box<dyn Follow> {
        touched();
        Box::new(Self)
    }

    fn woken(&self) {
        touched();
    }

    fn dropped(&self) {}
}

fn touched() {
    let is_caught = |run: &Run| {
        let trap = run.watch.as_ref()?.trap()?;
        trap.touches.set(trap.touches.get() + 1);
        let is_enough = run.current() == Some(trap.poll.task) && trap.touches.get() == TOUCHES_MAX;
        is_enough.then(|| trap.caught.replace(Some(Stack::capture())))
    };
    if context::try_with(is_caught).flatten().is_some() && !std::thread::panicking() {
        resume_unwind(Box::new("this poll does not end"));
    }
}
