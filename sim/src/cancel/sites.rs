//! Where a future that can be cut waits.
//!
//! In replays such a future is polled with a waker of fresh identity, whose clones are where it waits; see `explain.rs`,
//! which looks at waiting tasks in the same way. A poll that leaves its waker in several places (`join!`, `select!`) waits
//! at the await that they have in common.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use reveille_executor::{Follow, TaskId, followed_waker};

use crate::context;
use crate::explain::Case;
use crate::kinds;
use crate::site::{AwaitSite, Frame, Stack};
use crate::watch::Watch;

/// What is seen of the polls of futures that can be cut.
#[derive(Debug, Default)]
pub(super) struct Glass {
    /// Whether anybody wants to know.
    on: Cell<bool>,
    /// The polls of the audited operation, counted from 1, that are to be looked at; all of them where that is not said.
    wanted: RefCell<Option<BTreeSet<u64>>>,
    /// By lens (see [`look`]) and clone.
    clones: RefCell<BTreeMap<(u32, u32), Stack>>,
    /// How many lenses there were, and clones of any of them.
    lenses: Cell<u32>,
    /// The lenses of the polls that are under way, one within the other.
    open: RefCell<Vec<u32>>,
    cloned: Cell<u32>,
    /// The stacks of pending polls of the audited operation, with the number of the poll, counted from 1.
    polls: RefCell<Vec<(u64, Vec<Stack>)>>,
    /// Where the operation waited that was cut.
    cut: RefCell<Option<Vec<Stack>>>,
    /// Where each task waits that may be aborted.
    tasks: RefCell<BTreeMap<TaskId, Vec<Stack>>>,
}

/// The clone that stands for a waker that was woken in the poll it was lent to.
const YIELDED: u32 = u32::MAX;
/// A poll that leaves its waker in more places is shown in part.
const CLONES_MAX: usize = 16;

impl Glass {
    pub(super) fn put_on(&self, wanted: Option<BTreeSet<u64>>) {
        self.on.set(true);
        self.wanted.replace(wanted);
    }

    /// Whether anybody looks.
    pub(super) fn is_on(&self) -> bool {
        self.on.get()
    }

    /// Whether poll number `poll` of the audited operation is looked at.
    fn wants(&self, poll: u64) -> bool {
        self.on.get() && self.wanted.borrow().as_ref().is_none_or(|wanted| wanted.contains(&poll))
    }

    pub(super) fn clear(&self) {
        if self.on.get() {
            self.lenses.set(0);
            self.open.take();
            self.cloned.set(0);
            self.clones.take();
            self.polls.take();
            self.cut.take();
            self.tasks.take();
        }
    }

    fn new_lens(&self) -> u32 {
        self.lenses.set(self.lenses.get() + 1);
        self.open.borrow_mut().push(self.lenses.get());
        self.lenses.get()
    }

    fn note_clone(&self, lens: u32) -> u32 {
        let clone = self.cloned.get() + 1;
        self.cloned.set(clone);
        let mut clones = self.clones.borrow_mut();
        if clones.len() < CLONES_MAX && self.open.borrow().contains(&lens) {
            clones.insert((lens, clone), Stack::capture());
        }
        clone
    }

    fn note_yield(&self, lens: u32) {
        if self.open.borrow().contains(&lens) {
            self.clones.borrow_mut().entry((lens, YIELDED)).or_insert_with(Stack::capture);
        }
    }

    fn take_clones(&self, lens: u32) -> Vec<Stack> {
        self.open.borrow_mut().retain(|open| *open != lens);
        let mut clones = self.clones.borrow_mut();
        let rest = clones.split_off(&(lens + 1, 0));
        let mut of_lens = clones.split_off(&(lens, 0));
        clones.extend(rest);
        // Woken through a clone that stays behind: then that is where it waits.
        if of_lens.len() > 1 {
            of_lens.remove(&(lens, YIELDED));
        }
        of_lens.into_values().collect()
    }

    /// Notes where the audited operation waits after poll number `poll`, if that was looked at.
    pub(super) fn waits_at(&self, poll: u64, stacks: &[Stack]) {
        if self.wants(poll) {
            self.polls.borrow_mut().push((poll, stacks.to_vec()));
        }
    }

    pub(super) fn take_polls(&self) -> Vec<(u64, Vec<Stack>)> {
        self.polls.take()
    }

    /// Notes where a task waits that may be aborted.
    pub(super) fn task_waits_at(&self, task: TaskId, stacks: Vec<Stack>) {
        self.tasks.borrow_mut().insert(task, stacks);
    }

    /// Notes that such a task is aborted where it waits.
    pub(super) fn task_was_cut(&self, task: TaskId) {
        if self.on.get() {
            self.was_cut_at(self.tasks.borrow_mut().remove(&task).unwrap_or_default());
        }
    }

    pub(super) fn was_cut_at(&self, stacks: Vec<Stack>) {
        self.cut.borrow_mut().get_or_insert(stacks);
    }

    pub(super) fn take_cut(&self) -> Option<Vec<Stack>> {
        self.cut.take()
    }
}

/// Calls `poll`, which makes poll number `nth`, with `waker`, or under the glass with a stranger that wakes it; then the
/// stacks of its clones come back.
pub(super) fn look<R>(nth: u64, waker: &Waker, poll: impl FnOnce(&Waker) -> R) -> (R, Vec<Stack>) {
    if !context::try_with(|run| run.cancel.glass.wants(nth)).unwrap_or(false) {
        return (poll(waker), Vec::new());
    }
    let lens = with_glass(Glass::new_lens).unwrap_or_default();
    let polled = poll(&followed_waker(waker.clone(), Box::new(Lens { lens, clone: 0 })));
    // What was cloned and dropped again within the poll is not where it waits.
    (polled, with_glass(|glass| glass.take_clones(lens)).unwrap_or_default())
}

fn with_glass<R>(f: impl FnOnce(&Glass) -> R) -> Option<R> {
    context::try_with(|run| f(&run.cancel.glass))
}

/// Follows the clones of a waker that is lent to one poll.
struct Lens {
    /// Which poll it is lent to.
    lens: u32,
    /// The number of this clone; 0 for the waker that was lent.
    clone: u32,
}

impl Follow for Lens {
    fn cloned(&self) -> Box<dyn Follow> {
        let clone = with_glass(|glass| glass.note_clone(self.lens)).unwrap_or(0);
        Box::new(Self { lens: self.lens, clone })
    }

    /// A future that yields wakes the waker that it is lent, and clones none.
    fn woken(&self) {
        with_glass(|glass| glass.note_yield(self.lens));
    }

    fn dropped(&self) {
        with_glass(|glass| glass.clones.borrow_mut().remove(&(self.lens, self.clone)));
    }
}

/// Where an operation waits, as a table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Await {
    /// The innermost line of the user that all its wakers went through.
    pub(super) frame: Option<Frame>,
    /// What is awaited there, where that is not the user's own.
    pub(super) leaf: Option<String>,
}

impl Await {
    fn of(sites: &[AwaitSite]) -> Self {
        let mut frames = sites.first().map(|site| site.frames.clone()).unwrap_or_default();
        for site in sites {
            let common = frames.iter().rev().zip(site.frames.iter().rev()).take_while(|(one, two)| one == two).count();
            frames.drain(..frames.len() - common);
        }
        let leaf = sites.first().and_then(|site| site.leaf.clone());
        let leaf = leaf.filter(|leaf| sites.iter().all(|site| site.leaf.as_ref() == Some(leaf)));
        Self { frame: frames.into_iter().next(), leaf }
    }

    /// `src/pool.rs:131:29`, or what is awaited where no line is known.
    pub(super) fn place(&self) -> String {
        match (&self.frame, &self.leaf) {
            (Some(frame), _) => frame.site.to_string(),
            (None, Some(leaf)) => leaf.clone(),
            (None, None) => "an await that left its waker with nobody".into(),
        }
    }
}

/// The distinct await sites of an operation, and a memory of the stacks that lead to them: looking a stack up takes
/// milliseconds, comparing addresses none.
#[derive(Debug, Default)]
pub(super) struct Atlas {
    by_stack: BTreeMap<Vec<usize>, AwaitSite>,
    pub(super) awaits: Vec<Await>,
}

impl Atlas {
    /// The number of the await at which a poll with these `stacks` waits.
    pub(super) fn find(&mut self, stacks: &[Stack]) -> usize {
        let found = self.site(stacks);
        self.awaits.iter().position(|known| *known == found).unwrap_or_else(|| {
            self.awaits.push(found);
            self.awaits.len() - 1
        })
    }

    fn site(&mut self, stacks: &[Stack]) -> Await {
        let site = |stack: &Stack| self.by_stack.entry(stack.addresses()).or_insert_with(|| stack.await_site()).clone();
        Await::of(&stacks.iter().map(site).collect::<Vec<_>>())
    }
}

/// Where what was cut in the run of `case` waited: the lines that say so, and the place. `None` if nothing was cut.
pub(crate) fn cut(case: &Case<'_>) -> Option<(Vec<String>, Option<String>)> {
    let is_cut = [kinds::CUT, kinds::CANCEL, kinds::ABORT].iter().any(|kind| case.tape.unusual_of(kind.letter()) > 0);
    if !is_cut {
        return None;
    }
    let (_, seen) = case.trial.rules.call(|| {
        let run = case.trial.stage(case.tape, Watch::default());
        run.cancel.glass.put_on(None);
        case.trial.perform(&run, 0, |run, _| Some((run.cancel.first()?, run.cancel.glass.take_cut())))
    });
    let (made, stacks) = seen?;
    let mut lines = vec![format!("cut: {made}")];
    let Some(stacks) = stacks.filter(|_| made.moment.is_at_await()) else { return Some((lines, None)) };
    let site = Atlas::default().site(&stacks);
    lines.push(match &site.frame {
        Some(frame) => format!("  it waited at {frame}"),
        None => format!("  it waited at {}", site.place()),
    });
    if let (Some(_), Some(leaf)) = (&site.frame, &site.leaf) {
        lines.push(format!("  through {leaf}"));
    }
    Some((lines, site.frame.map(|frame| frame.site.to_string())))
}
