//! Futures that watch over how they are treated.

use std::cell::RefCell;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll as Polled, Waker};

use super::{Poll, Property};

/// What the tasks of one script have seen.
#[derive(Default)]
pub(super) struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    probes: Vec<Record>,
    /// The wakers that tasks have kept, with the number of the task.
    wakers: Vec<(usize, Waker)>,
    /// The first property that was broken.
    broken: Option<Property>,
    /// What is under way, so that it can be named if it never returns.
    waking: u32,
    polls: u64,
    wakes: u64,
    executor_is_gone: bool,
}

/// What is known of one future.
#[derive(Default)]
struct Record {
    polls: u64,
    /// How many polls of all futures there were by then, at its last poll.
    last_polled: u64,
    /// It was woken since its last poll began.
    woken: bool,
    polling: bool,
    completed: bool,
    drops: u32,
    /// Where it was at its first poll.
    address: Option<usize>,
}

impl Ledger {
    /// Held for moments only: never while anything of the subject runs.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A future for the subject.
    pub(super) fn probe(self: &Arc<Self>, script: Vec<Poll>) -> Probe {
        let mut inner = self.lock();
        inner.probes.push(Record::default());
        Probe {
            ledger: self.clone(),
            number: inner.probes.len() - 1,
            script: RefCell::new(script.into_iter()),
            _pinned: PhantomPinned,
        }
    }

    pub(super) fn broken(&self) -> Option<Property> {
        self.lock().broken
    }

    pub(super) fn breaks(&self, property: Property) {
        self.lock().broken.get_or_insert(property);
    }

    pub(super) fn counts(&self) -> (u64, u64) {
        let inner = self.lock();
        (inner.polls, inner.wakes)
    }

    pub(super) fn is_waking(&self) -> bool {
        self.lock().waking > 0
    }

    /// How many polls of all futures there had been when that one was last polled.
    pub(super) fn last_polled(&self, number: usize) -> u64 {
        self.lock().probes[number].last_polled
    }

    /// Notes that the future of that number is being woken, does so by `wake`, and notes that it returned.
    fn waking(&self, number: usize, wake: impl FnOnce()) {
        {
            let mut inner = self.lock();
            inner.wakes += 1;
            inner.waking += 1;
            inner.probes[number].woken = true;
        }
        wake();
        self.lock().waking -= 1;
    }

    /// Does `f` to the kept waker of that number, taken out meanwhile.
    fn with_waker(&self, at: u8, f: impl FnOnce(&Self, usize, Waker) -> Option<Waker>) {
        let taken = {
            let mut inner = self.lock();
            let count = inner.wakers.len();
            (count > 0).then(|| inner.wakers.swap_remove(usize::from(at) % count))
        };
        if let Some((number, waker)) = taken {
            let rest = f(self, number, waker);
            self.lock().wakers.extend(rest.map(|waker| (number, waker)));
        }
    }

    pub(super) fn wake(&self, at: u8) {
        self.with_waker(at, |ledger, number, waker| {
            ledger.waking(number, || waker.wake());
            None
        });
    }

    pub(super) fn wake_by_ref(&self, at: u8) {
        self.with_waker(at, |ledger, number, waker| {
            ledger.waking(number, || waker.wake_by_ref());
            Some(waker)
        });
    }

    pub(super) fn wake_elsewhere(&self, at: u8) {
        self.with_waker(at, |ledger, number, waker| {
            ledger.waking(number, || {
                std::thread::scope(|scope| {
                    scope.spawn(|| waker.wake_by_ref());
                });
            });
            Some(waker)
        });
    }

    pub(super) fn clone_waker(&self, at: u8) {
        self.with_waker(at, |ledger, number, waker| {
            let clone = waker.clone();
            ledger.lock().wakers.push((number, clone));
            Some(waker)
        });
    }

    pub(super) fn drop_waker(&self, at: u8) {
        self.with_waker(at, |_, _, waker| {
            drop(waker);
            None
        });
    }

    /// Wakes and drops all kept wakers.
    pub(super) fn wake_all(&self) {
        while !self.lock().wakers.is_empty() {
            self.wake(0);
        }
    }

    /// No task can run: so each has been polled since it was spawned and since it was last woken.
    pub(super) fn settled(&self) {
        if let Some(property) = self.unsettled() {
            self.breaks(property);
        }
    }

    /// What would be broken if no task could run now.
    pub(super) fn unsettled(&self) -> Option<Property> {
        let inner = self.lock();
        // Also of those that are gone: an executor may drop a task that nobody can wake, and no other.
        let unfinished = inner.probes.iter().filter(|record| !record.completed);
        unfinished.fold(None, |broken, record| match (record.polls, record.woken || record.polling) {
            (0, _) => Some(Property::SpawnIsPolled),
            (_, true) => broken.or(Some(Property::WakeIsPolled)),
            _ => broken,
        })
    }

    /// The executor has been dropped.
    pub(super) fn dropped(&self) {
        let mut inner = self.lock();
        inner.executor_is_gone = true;
        if inner.probes.iter().any(|record| record.drops == 0) {
            inner.broken.get_or_insert(Property::DroppedWithExecutor);
        }
    }
}

/// A future that does what its script says, and notes what is done to it.
pub(super) struct Probe {
    ledger: Arc<Ledger>,
    number: usize,
    script: RefCell<std::vec::IntoIter<Poll>>,
    /// Once polled it may not be moved.
    _pinned: PhantomPinned,
}

impl Probe {
    /// A poll has begun.
    fn begin(&self, address: usize) {
        let mut inner = self.ledger.lock();
        inner.polls += 1;
        let (gone, polls) = (inner.executor_is_gone, inner.polls);
        let record = &mut inner.probes[self.number];
        record.polls += 1;
        record.last_polled = polls;
        let broken = if record.completed {
            Some(Property::NoPollAfterCompletion)
        } else if record.polling {
            Some(Property::NoPollWithinPoll)
        } else if record.address.is_some_and(|first| first != address) {
            Some(Property::StaysInPlace)
        } else if gone {
            Some(Property::LateWakesDoNothing)
        } else {
            None
        };
        record.address = Some(address);
        record.polling = true;
        record.woken = false;
        inner.broken = inner.broken.or(broken);
    }

    fn end(&self, completed: bool) {
        let mut inner = self.ledger.lock();
        let record = &mut inner.probes[self.number];
        record.polling = false;
        record.completed |= completed;
    }
}

impl Future for Probe {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled<()> {
        self.begin(&raw const *self as usize);
        let rest = Poll { keeps: 1, wakes_self: 0, wakes: None, ends: false };
        let poll = self.script.borrow_mut().next().unwrap_or(rest);
        for _ in 0..poll.keeps {
            let waker = context.waker().clone();
            self.ledger.lock().wakers.push((self.number, waker));
        }
        for _ in 0..poll.wakes_self {
            self.ledger.waking(self.number, || context.waker().wake_by_ref());
        }
        if let Some(at) = poll.wakes {
            self.ledger.wake(at);
        }
        self.end(poll.ends);
        if poll.ends { Polled::Ready(()) } else { Polled::Pending }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let address = &raw const *self as usize;
        let mut inner = self.ledger.lock();
        let record = &mut inner.probes[self.number];
        record.drops += 1;
        let broken = if record.drops > 1 {
            Some(Property::DroppedOnce)
        } else if record.address.is_some_and(|first| first != address) {
            Some(Property::StaysInPlace)
        } else {
            None
        };
        inner.broken = inner.broken.or(broken);
    }
}
