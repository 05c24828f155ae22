//! The clock of a run: stands still during a poll, jumps when nothing can run.

use std::cell::{Cell, RefCell};
use std::task::Waker;

use reveille_reactor::net::NodeId;
use reveille_reactor::{Fired, Instant, TimerKey, Timers};

use super::Run;
use crate::panics;

/// Virtual time and what waits for it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    now: Cell<Instant>,
    timers: RefCell<Timers>,
    /// The timers that have fired, while their wakers are being woken. Kept for its memory.
    fired: RefCell<Vec<Fired>>,
}

impl Clock {
    pub(super) fn restart(&self) {
        self.now.set(Instant::ZERO);
    }

    pub(crate) fn now(&self) -> Instant {
        self.now.get()
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timers.borrow().next_deadline()
    }

    /// How many timers are armed.
    pub(crate) fn timers(&self) -> usize {
        self.timers.borrow().len()
    }

    /// Arms a timer that goes by the clock of `node`, or renews the waker of one that is armed. Returns the key to it.
    #[inline]
    pub(crate) fn wait(
        &self,
        run: &Run,
        key: Option<TimerKey>,
        node: NodeId,
        deadline: Instant,
        waker: &Waker,
    ) -> TimerKey {
        let Some(key) = key.filter(|key| self.timers.borrow().is_armed(*key)) else {
            // Cloned outside of the borrow: that can run code that comes back here.
            let waker = waker.clone();
            return self.timers.borrow_mut().insert_for(owner(node), batch(run), deadline, waker);
        };
        self.renew(key, waker);
        key
    }

    fn renew(&self, key: TimerKey, waker: &Waker) {
        let holds = self.timers.borrow().holds(key, waker);
        if !holds {
            // Cloned and dropped outside of the borrow, since that can run code that comes back here.
            let waker = waker.clone();
            let replaced = self.timers.borrow_mut().update(key, waker);
            drop(replaced);
        }
    }

    /// Moves the timers that go by the clock of `node` to where `to` says.
    pub(crate) fn move_all(&self, node: NodeId, to: impl FnMut(Instant) -> Instant) {
        self.timers.borrow_mut().move_all(owner(node), to);
    }

    /// What a timer is called in each replay.
    pub(crate) fn name(&self, key: TimerKey) -> u64 {
        self.timers.borrow().name(key)
    }

    // Seldom is there anything to do: a timer that was waited for has fired.
    #[inline(always)]
    pub(crate) fn cancel(&self, key: TimerKey) {
        if self.timers.borrow().is_armed(key) {
            self.cancel_armed(key);
        }
    }

    #[inline(never)]
    fn cancel_armed(&self, key: TimerKey) {
        let waker = self.timers.borrow_mut().remove(key);
        drop(waker);
    }

    /// Moves time to `now` and wakes what was due by then, in the order of deadlines and, within one, of arming. What one poll armed for
    /// one instant is one thing, as what it wakes by itself is: see `order.rs`.
    pub(super) fn advance(&self, run: &Run, now: Instant) {
        debug_assert!(now >= self.now.get(), "time does not go back");
        self.now.set(now);
        let Some(first) = self.pop_due(now) else { return };
        if self.next_deadline().is_none_or(|next| next > now) {
            return run.wake(first.waker);
        }
        // All before any is woken: that can run code, which finds none that is due.
        let mut fired = self.fired.take();
        fired.push(first);
        fired.extend(std::iter::from_fn(|| self.pop_due(now)));
        let mut before = None;
        let mut pushes = run.executor.pushes();
        for Fired { deadline, batch, waker } in fired.drain(..) {
            // Armed in another poll, or for another instant.
            if before.replace((deadline, batch)) != Some((deadline, batch)) {
                pushes += run.order_since(pushes, None);
            }
            panics::noting(|| waker.wake());
        }
        run.order_since(pushes, None);
        self.fired.replace(fired);
    }

    #[inline]
    fn pop_due(&self, now: Instant) -> Option<Fired> {
        self.timers.borrow_mut().pop_due(now)
    }

    /// Forgets all timers, keeps their memory.
    pub(super) fn clear(&self) {
        let mut wakers = Vec::new();
        self.timers.borrow_mut().clear(&mut wakers);
        drop(wakers);
    }
}

/// The poll under way, as timers know it. One 65,536 polls later has the same number: should the two arm neighbours, those are taken for
/// one thing, in each replay alike.
fn batch(run: &Run) -> u16 {
    run.step() as u16
}

/// A node, as timers know it.
fn owner(node: NodeId) -> u16 {
    // There are no more than 65,000.
    node.index() as u16
}
