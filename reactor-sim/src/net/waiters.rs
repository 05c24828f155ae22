//! Who waits for one direction of one socket.

use std::task::Waker;

use crate::kernel::{Others, Wakers};

/// The wakers of one direction: hardly ever more than one, which takes no allocation.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Waiters {
    pub(crate) fn has(&self, waker: &Waker) -> bool {
        self.first.as_ref().is_some_and(|first| first.will_wake(waker))
            || self.more.iter().any(|other| other.will_wake(waker))
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.len()
    }

    /// Adds `waker`; what it replaces is put with the wakers to be dropped.
    pub(crate) fn add(&mut self, waker: Waker, others: Others, out: &mut Wakers) {
        match others {
            Others::Replace => {
                out.discard.extend(self.first.replace(waker));
                out.discard.append(&mut self.more);
            }
            Others::Keep if self.first.is_none() => self.first = Some(waker),
            Others::Keep => self.more.push(waker),
        }
    }

    /// Takes all of them to be woken, oldest first.
    pub(crate) fn wake(&mut self, out: &mut Wakers) {
        out.wake.extend(self.first.take());
        out.wake.append(&mut self.more);
    }

    /// Takes all of them to be dropped.
    pub(crate) fn discard(&mut self, out: &mut Wakers) {
        out.discard.extend(self.first.take());
        out.discard.append(&mut self.more);
    }
}
