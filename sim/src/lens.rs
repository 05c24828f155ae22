//! A waker of fresh identity, lent to a poll: where it is cloned, and whether the poll wakes it.
//!
//! `will_wake` tells every leaf that the waker it holds is another one, so it has to clone this one. What clones are left when the poll
//! returns are the places where the task waits; none means that it left its waker with nobody.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::task::Waker;

use reveille_executor::{Follow, followed_waker};

use crate::context;
use crate::site::Stack;
use crate::watch::Watch;

/// The clones of the wakers that polls were lent, one poll after another.
#[derive(Default)]
pub(crate) struct Clones {
    /// Where wakers were cloned while the lens was on; see [`Clones::collect`].
    stacks: RefCell<BTreeMap<u32, Stack>>,
    /// How many clones there have been.
    cloned: Cell<u32>,
    collecting: Cell<bool>,
    /// Which lens is on, counted from 1: clones of an earlier one may still be about.
    lens: Cell<u32>,
    /// The poll under the lens woke the waker that it was lent: the task runs on.
    woke_itself: Cell<bool>,
    /// Where it did.
    woke_at: RefCell<Option<Stack>>,
}

impl Clones {
    /// Enough to see all that is awaited, whatever the order in which it is; a poll that clones more is shown in part.
    const MAX: usize = 4_096;

    /// Whether a poll is under way whose clones are collected.
    pub(crate) fn is_collecting(&self) -> bool {
        self.collecting.get()
    }

    /// Calls `poll` with a waker of fresh identity and returns where it was cloned: a leaf has to register again, since
    /// `will_wake` tells it that the waker it holds is another one.
    pub(crate) fn collect<R>(&self, waker: Waker, poll: impl FnOnce(&Waker) -> R) -> (R, Vec<Stack>) {
        self.lens.set(self.lens.get() + 1);
        self.woke_itself.set(false);
        self.woke_at.take();
        let lens = followed_waker(waker, Box::new(Lens { lens: self.lens.get(), clone: 0 }));
        self.collecting.set(true);
        let result = poll(&lens);
        self.collecting.set(false);
        // What was cloned and dropped again within the poll, for a branch that lost, is not where the task waits.
        (result, self.stacks.take().into_values().collect())
    }

    /// Whether a poll under the last lens woke the waker that it was lent, since this was last asked.
    pub(crate) fn take_woke_itself(&self) -> bool {
        self.woke_itself.take()
    }

    /// Where that was, for a task that asks to be polled again and leaves its waker with nobody.
    pub(crate) fn take_woke_at(&self) -> Option<Stack> {
        self.woke_at.take()
    }

    fn note_clone(&self) -> u32 {
        let clone = self.cloned.get() + 1;
        self.cloned.set(clone);
        let mut stacks = self.stacks.borrow_mut();
        if stacks.len() < Self::MAX {
            stacks.insert(clone, Stack::capture());
        }
        clone
    }
}

/// Follows a waker of fresh identity: notes where it is cloned, and whether it is woken in the poll that it is lent to.
struct Lens {
    /// Which lens this belongs to.
    lens: u32,
    /// The number of this clone; 0 for the waker that was lent.
    clone: u32,
}

impl Lens {
    /// Calls `f` with the clones of the current run, if the lens that this belongs to is on.
    fn on<R>(&self, f: impl FnOnce(&Clones) -> R) -> Option<R> {
        context::try_with(|run| {
            let clones = run.watch.as_ref().and_then(Watch::clones)?;
            (clones.collecting.get() && clones.lens.get() == self.lens).then(|| f(clones))
        })
        .flatten()
    }
}

impl Follow for Lens {
    fn cloned(&self) -> Box<dyn Follow> {
        let clone = self.on(Clones::note_clone).unwrap_or(u32::MAX);
        Box::new(Self { lens: self.lens, clone })
    }

    fn woken(&self) {
        self.on(|clones| {
            clones.woke_itself.set(true);
            clones.woke_at.replace(Some(Stack::capture()));
        });
    }

    fn dropped(&self) {
        self.on(|clones| clones.stacks.borrow_mut().remove(&self.clone));
    }
}
