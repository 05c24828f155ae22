//! Who waits for one direction of one socket.

use std::task::Waker;

use crate::Instant;
use crate::kernel::{Interest, Others, SocketId, Turn, Wakers};

/// Wakers on their way out of a kernel, and what became of the waits that they were of.
#[derive(Debug, Default)]
pub(crate) struct Out {
    pub(crate) wake: Vec<Waker>,
    pub(crate) discard: Vec<Waker>,
    /// Of waits that are followed.
    pub(crate) turns: Vec<Turn>,
    /// When wakers come to be woken here.
    pub(crate) now: Instant,
}

impl Out {
    pub(crate) fn is_empty(&self) -> bool {
        self.wake.is_empty() && self.discard.is_empty()
    }

    pub(crate) fn take(&mut self) -> Wakers {
        Wakers { wake: std::mem::take(&mut self.wake), discard: std::mem::take(&mut self.discard) }
    }
}

/// The wakers of one direction: hardly ever more than one, which takes no allocation.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    first: Option<Waker>,
    more: Vec<Waker>,
    /// When they were woken, until somebody tries again.
    woken: Option<Instant>,
    /// Whose direction it is, if that is followed.
    name: Option<(SocketId, Interest)>,
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
    pub(crate) fn add(&mut self, waker: Waker, others: Others, out: &mut Out) {
        match others {
            Others::Replace => {
                out.discard.extend(self.first.replace(waker));
                out.discard.append(&mut self.more);
            }
            Others::Keep if self.first.is_none() => self.first = Some(waker),
            Others::Keep => self.more.push(waker),
        }
    }

    /// From now on it is told what becomes of who waits for `interest` in `socket`.
    pub(crate) fn follow(&mut self, socket: SocketId, interest: Interest) {
        self.name = Some((socket, interest));
    }

    /// Whether somebody tries again only now, more than so many nanoseconds after who waited was woken. Never after 0.
    #[inline]
    pub(crate) fn tries_late(&mut self, now: Instant, nanos: u64) -> bool {
        self.woken.take().is_some_and(|woken| now.as_nanos() - woken.as_nanos() > nanos && nanos > 0)
    }

    /// Takes all of them to be woken, oldest first.
    pub(crate) fn wake(&mut self, out: &mut Out) {
        if self.first.is_some() {
            self.woken.get_or_insert(out.now);
            out.turns.extend(self.name.map(|(socket, interest)| Turn::Woken(socket, interest)));
        }
        out.wake.extend(self.first.take());
        out.wake.append(&mut self.more);
    }

    /// Takes all of them to be dropped.
    pub(crate) fn discard(&mut self, out: &mut Out) {
        out.turns.extend(self.name.take().map(|(socket, interest)| Turn::Closed(socket, interest)));
        out.discard.extend(self.first.take());
        out.discard.append(&mut self.more);
    }
}
