//! Who waits for one direction of one socket.

use std::task::Waker;

use crate::Instant;
use crate::kernel::{Interest, Others, SocketId, Turn, WaitId, Wakers};

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
    first: Option<Waiter>,
    /// When they were woken, until somebody tries again.
    woken: Option<Instant>,
    /// What most directions never have: of thousands of connections each is as small as can be.
    rare: Option<Box<Rare>>,
}

#[derive(Debug, Default)]
struct Rare {
    /// Invariant: empty without a first.
    more: Vec<Waiter>,
    /// The last wait that was given a name.
    named: u32,
    /// Whose direction it is, if that is followed.
    name: Option<(SocketId, Interest)>,
}

#[derive(Debug)]
struct Waiter {
    /// `None` for who waits by polling: there is one at most.
    wait: Option<WaitId>,
    waker: Waker,
}

impl Waiters {
    fn more(&self) -> &[Waiter] {
        self.rare.as_ref().map_or(&[], |rare| &rare.more)
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether `wait`, or who waits by polling, has left a waker that does as well as `waker`.
    pub(crate) fn has(&self, wait: Option<WaitId>, waker: &Waker) -> bool {
        self.first.iter().chain(self.more()).any(|waiter| waiter.wait == wait && waiter.waker.will_wake(waker))
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more().len()
    }

    /// Adds `waker`, under a name if it keeps the others; what it replaces is put with the wakers to be dropped.
    pub(crate) fn add(&mut self, waker: Waker, others: Others, out: &mut Out) -> Option<WaitId> {
        let wait = match others {
            Others::Replace => None,
            Others::Keep => {
                let rare = self.rare();
                rare.named = rare.named.wrapping_add(1);
                Some(WaitId(rare.named))
            }
        };
        if others == Others::Replace
            && let Some(polled) = self.polled()
        {
            out.discard.push(std::mem::replace(&mut polled.waker, waker));
            return None;
        }
        let waiter = Waiter { wait, waker };
        match self.first {
            None => self.first = Some(waiter),
            Some(_) => self.rare().more.push(waiter),
        }
        wait
    }

    /// Who waits by polling.
    fn polled(&mut self) -> Option<&mut Waiter> {
        let more = self.rare.iter_mut().flat_map(|rare| &mut rare.more);
        self.first.iter_mut().chain(more).find(|waiter| waiter.wait.is_none())
    }

    /// Takes the waker of a wait, to be dropped.
    pub(crate) fn give_up(&mut self, wait: WaitId, out: &mut Out) {
        let Some(rare) = &mut self.rare else { return };
        let given_up = match &self.first {
            Some(first) if first.wait == Some(wait) => {
                let next = if rare.more.is_empty() { None } else { Some(rare.more.remove(0)) };
                std::mem::replace(&mut self.first, next)
            }
            _ => rare.more.iter().position(|waiter| waiter.wait == Some(wait)).map(|at| rare.more.remove(at)),
        };
        let Some(waiter) = given_up else { return };
        out.discard.push(waiter.waker);
        if self.first.is_none() {
            out.turns.extend(rare.name.map(|(socket, interest)| Turn::Closed(socket, interest)));
        }
    }

    /// From now on it is told what becomes of who waits for `interest` in `socket`.
    pub(crate) fn follow(&mut self, socket: SocketId, interest: Interest) {
        self.rare().name = Some((socket, interest));
    }

    /// Whether somebody tries again only now, more than so many nanoseconds after who waited was woken. Never after 0.
    #[inline]
    pub(crate) fn tries_late(&mut self, now: Instant, nanos: u64) -> bool {
        self.woken.take().is_some_and(|woken| now.as_nanos() - woken.as_nanos() > nanos && nanos > 0)
    }

    /// Takes all of them to be woken, oldest first.
    pub(crate) fn wake(&mut self, out: &mut Out) {
        let Some(first) = self.first.take() else { return };
        self.woken.get_or_insert(out.now);
        out.wake.push(first.waker);
        if let Some(rare) = &mut self.rare {
            out.turns.extend(rare.name.map(|(socket, interest)| Turn::Woken(socket, interest)));
            out.wake.extend(rare.more.drain(..).map(|waiter| waiter.waker));
        }
    }

    /// Takes all of them to be dropped.
    pub(crate) fn discard(&mut self, out: &mut Out) {
        out.discard.extend(self.first.take().map(|waiter| waiter.waker));
        if let Some(rare) = &mut self.rare {
            out.turns.extend(rare.name.take().map(|(socket, interest)| Turn::Closed(socket, interest)));
            out.discard.extend(rare.more.drain(..).map(|waiter| waiter.waker));
        }
    }
}
