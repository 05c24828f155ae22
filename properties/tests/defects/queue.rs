//! A queue of work with many consumers, right unless a flaw is asked for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::waiters::{Flaw, Rank, Waiters};

/// An item, and how many were pushed before it.
#[derive(Clone, Copy)]
struct Entry {
    number: u64,
    item: u32,
}

/// Consumers wait in line, the urgent before all others. An item is handed to the first of them; one that is cancelled with
/// an item in its hands gives it back, before all that were pushed later.
///
/// Invariant: while somebody is in line, there are no items.
pub(crate) struct Queue {
    items: RefCell<VecDeque<Entry>>,
    pushed: Cell<u64>,
    closed: Cell<bool>,
    /// Their turn is an item; none, if the queue is closed.
    line: Waiters<Option<Entry>>,
    flaw: Option<Flaw>,
}

impl Queue {
    pub(crate) fn new(flaw: Option<Flaw>) -> Self {
        Self {
            items: RefCell::default(),
            pushed: Cell::new(0),
            closed: Cell::new(false),
            line: Waiters::new(flaw),
            flaw,
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(crate) fn push(&self, item: u32) {
        let entry = Entry { number: self.pushed.get(), item };
        self.pushed.set(entry.number + 1);
        if !self.line.grant(Some(entry)) || self.has(Flaw::KeepsWhatItHands) {
            self.items.borrow_mut().push_back(entry);
        }
    }

    /// The next item; none once the queue is closed and empty.
    pub(crate) async fn pop(&self, rank: Rank) -> Option<u32> {
        let closed = self.closed.get();
        let first = match self.flaw {
            Some(Flaw::ClosesEarly) if closed => None,
            Some(Flaw::LastItemFirst) => self.items.borrow_mut().pop_back(),
            _ => self.items.borrow_mut().pop_front(),
        };
        let entry = match first {
            None if !closed => self.line.wait_as(rank, |entry| self.give_back(entry)).await,
            first => first,
        };
        if self.has(Flaw::TakesThenWaits) {
            reveille::yield_now().await;
        }
        entry.map(|entry| entry.item)
    }

    fn give_back(&self, entry: Option<Entry>) {
        let Some(entry) = entry else { return };
        if self.closed.get() && self.has(Flaw::LosesWhatComesBackLate) {
            return;
        }
        if !self.has(Flaw::GivesBackInSilence) && self.line.grant(Some(entry)) {
            return;
        }
        let mut items = self.items.borrow_mut();
        let place = match self.flaw {
            Some(Flaw::GivesBackToTheEnd) => items.len(),
            Some(Flaw::GivesBackToTheFront) => 0,
            _ => items.partition_point(|other| other.number < entry.number),
        };
        items.insert(place, entry);
    }

    /// Nothing is pushed from now on. What was pushed can be popped.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        if !self.has(Flaw::ForgetsToClose) {
            while self.line.grant(None) && !self.has(Flaw::CloseWakesOne) {}
        }
    }
}
