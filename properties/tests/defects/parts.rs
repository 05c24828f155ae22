//! A lock, a semaphore and a channel, right unless a flaw is asked for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::waiters::{Flaw, Waiters};

/// A fair lock: a release hands it to the next.
pub(crate) struct Lock {
    locked: Cell<bool>,
    waiters: Waiters,
    flaw: Option<Flaw>,
}

impl Lock {
    pub(crate) fn new(flaw: Option<Flaw>) -> Self {
        Self { locked: Cell::new(false), waiters: Waiters::new(flaw), flaw }
    }

    pub(crate) async fn acquire(&self) {
        let free = self.waiters.is_empty() || self.flaw == Some(Flaw::Barges);
        if free && !self.locked.get() {
            self.locked.set(true);
        } else if self.flaw == Some(Flaw::Barges) {
            // Who is woken may find it taken again, and goes to the end of the queue.
            while self.locked.replace(true) {
                self.waiters.wait(|()| pass_on(&self.waiters)).await;
            }
        } else {
            self.waiters.wait(|()| self.release()).await;
        }
        if self.flaw == Some(Flaw::ReleasesEarly) {
            self.release();
        }
    }

    pub(crate) fn release(&self) {
        if self.flaw == Some(Flaw::Barges) {
            self.locked.set(false);
            self.waiters.grant(());
        } else if !self.waiters.grant(()) {
            self.locked.set(false);
        }
    }
}

/// A semaphore that begins without permits.
pub(crate) struct Semaphore {
    permits: Cell<usize>,
    waiters: Waiters,
}

impl Semaphore {
    pub(crate) fn new(flaw: Option<Flaw>) -> Self {
        Self { permits: Cell::new(0), waiters: Waiters::new(flaw) }
    }

    pub(crate) fn permits(&self) -> usize {
        self.permits.get()
    }

    pub(crate) fn add(&self) {
        if !self.waiters.grant(()) {
            self.permits.set(self.permits.get() + 1);
        }
    }

    pub(crate) async fn acquire(&self) {
        if self.waiters.is_empty() && self.permits.get() > 0 {
            self.permits.set(self.permits.get() - 1);
        } else {
            self.waiters.wait(|()| self.add()).await;
        }
    }
}

/// How many items a channel has room for.
pub(crate) const ROOM: usize = 2;

/// A channel with many senders and many receivers.
pub(crate) struct Channel {
    items: RefCell<VecDeque<u32>>,
    senders: Cell<usize>,
    senders_waiting: Waiters,
    receivers_waiting: Waiters,
    flaw: Option<Flaw>,
    delivered_twice: Cell<bool>,
    /// The most items that it held at once.
    pub(crate) items_max: Cell<usize>,
}

impl Channel {
    pub(crate) fn new(flaw: Option<Flaw>) -> Self {
        Self {
            items: RefCell::default(),
            senders: Cell::new(0),
            senders_waiting: Waiters::new(flaw),
            receivers_waiting: Waiters::new(flaw),
            flaw,
            delivered_twice: Cell::new(false),
            items_max: Cell::new(0),
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(crate) fn sender(self: &Rc<Self>) -> Sender {
        self.senders.set(self.senders.get() + 1);
        Sender(self.clone())
    }

    fn push(&self, item: u32) {
        self.items.borrow_mut().push_back(item);
        self.items_max.set(self.items_max.get().max(self.items.borrow().len()));
        self.receivers_waiting.grant(());
    }

    async fn send(&self, item: u32) {
        let room = ROOM + usize::from(self.has(Flaw::OneTooMany));
        let is_full = || self.items.borrow().len() >= room;
        if is_full() && self.has(Flaw::Overwrites) {
            self.items.borrow_mut().pop_back();
        }
        if is_full() && self.has(Flaw::SendsBeforeThereIsRoom) {
            self.items.borrow_mut().push_back(item);
            self.receivers_waiting.grant(());
            return self.senders_waiting.wait(|()| pass_on(&self.senders_waiting)).await;
        }
        while is_full() {
            self.senders_waiting.wait(|()| pass_on(&self.senders_waiting)).await;
        }
        self.push(item);
    }

    pub(crate) async fn receive(&self) -> Option<u32> {
        loop {
            let closed = self.senders.get() == 0;
            if closed && self.has(Flaw::ClosesEarly) {
                return None;
            }
            let item = self.pop();
            if item.is_some() {
                if !self.has(Flaw::ForgetsTheSenders) {
                    self.senders_waiting.grant(());
                }
                if self.has(Flaw::TakesThenWaits) {
                    reveille::yield_now().await;
                }
                return item;
            }
            if closed {
                return None;
            }
            self.receivers_waiting.wait(|()| pass_on(&self.receivers_waiting)).await;
        }
    }

    fn pop(&self) -> Option<u32> {
        let mut items = self.items.borrow_mut();
        match self.flaw {
            Some(Flaw::LastItemFirst) => items.pop_back(),
            Some(Flaw::DeliversTwice) if items.len() == 2 && !self.delivered_twice.replace(true) => {
                items.front().copied()
            }
            _ => items.pop_front(),
        }
    }
}

/// One that may send; the channel closes when the last is gone.
pub(crate) struct Sender(Rc<Channel>);

impl Sender {
    pub(crate) async fn send(&self, item: u32) {
        self.0.send(item).await;
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let channel = &self.0;
        channel.senders.set(channel.senders.get() - 1);
        if channel.senders.get() == 0 && !channel.has(Flaw::ForgetsToClose) {
            while channel.receivers_waiting.grant(()) && !channel.has(Flaw::CloseWakesOne) {}
        }
    }
}

/// Whoever is next may look again.
fn pass_on(waiters: &Waiters) {
    let _ = waiters.grant(());
}
