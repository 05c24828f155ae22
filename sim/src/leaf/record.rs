//! What every run keeps of its leaves: hardly anything.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Weak};
use std::task::Waker;

use reveille_executor::TaskId;
use reveille_reactor::{Instant, Interest};

use super::log::Log;
use super::proxy::Proxy;
use crate::run::{Run, Site};
use crate::site::{self, Way};
use crate::watch::Watch;

/// Names a leaf of a run; its name is the same in each replay, whatever the world was used for before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LeafId {
    /// One of our timers, from the poll that arms it to the poll or drop that lets go of it.
    Timer(u64),
    /// A future in [`leaf`](super::leaf), counted from 0 in the order of first polls.
    Wrapped(u64),
    /// One direction of a socket of ours, while somebody waits for it.
    Socket(u64, Interest),
    /// The handle of a task, while somebody waits for it.
    Join(TaskId),
}

impl LeafId {
    /// Whether it may outlast the future that waits for it; see `lasting.rs`.
    pub(super) fn is_lasting(self) -> bool {
        matches!(self, Self::Socket(..) | Self::Join(_))
    }
}

/// What a leaf is, as a report says it, and where it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Made {
    pub(crate) what: &'static str,
    /// Of a handle, where its task was spawned; of a wait for a socket, where the task that waits was.
    pub(crate) site: Site,
}

impl Made {
    /// What a report calls it.
    pub(super) fn words(&self, leaf: LeafId) -> String {
        let (what, at) = (self.what, site::place(self.site));
        match leaf {
            LeafId::Timer(_) | LeafId::Wrapped(_) => format!("the `{what}` made at {at}"),
            LeafId::Socket(..) => format!("a {what} of a socket, in the task spawned at {at},"),
            LeafId::Join(task) => format!("the `{what}` of task {task}, spawned at {at},"),
        }
    }
}

/// A leaf that seems to have been owed a poll for too long. Whether it was, and whether that matters, a replay tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late {
    pub(crate) leaf: LeafId,
    pub(crate) made: Made,
    /// How its task came to it at last.
    pub(crate) way: Way,
}

/// So many leaves of a run can be accused; beyond, the first are enough.
const LATE_MAX: usize = 8;

/// Of so many late leaves of a run the stack is walked, which takes microseconds.
const WALKS_MAX: u32 = 32;

/// The leaves of one run.
#[derive(Debug, Default)]
pub(crate) struct Leaves {
    /// How many futures in [`leaf`](super::leaf) have been polled.
    wrapped: Cell<u64>,
    /// The first late leaf of each place and way.
    late: RefCell<Vec<Late>>,
    /// How many leaves were late.
    late_count: Cell<u32>,
    /// Why what is being polled may starve, if it may.
    excuse: Cell<Option<&'static str>>,
    /// Those futures in [`leaf`](super::leaf) that are alive, and some that were.
    proxies: RefCell<Vec<Weak<Proxy>>>,
}

impl Leaves {
    pub(crate) fn clear(&self) {
        self.wrapped.set(0);
        self.late.borrow_mut().clear();
        self.late_count.set(0);
        self.excuse.set(None);
        self.proxies.borrow_mut().clear();
    }

    /// Remembers a new future in [`leaf`](super::leaf).
    pub(super) fn add(&self, proxy: &Arc<Proxy>) {
        let mut proxies = self.proxies.borrow_mut();
        if proxies.len() == proxies.capacity() {
            proxies.retain(|proxy| proxy.strong_count() > 0);
            // As much again as is alive: so looking for the dead is paid for by those that were added since.
            let alive = proxies.len();
            proxies.reserve(alive.max(4));
        }
        proxies.push(Arc::downgrade(proxy));
    }

    /// The name of a new future in [`leaf`](super::leaf).
    pub(super) fn next(&self) -> LeafId {
        let nth = self.wrapped.get();
        self.wrapped.set(nth + 1);
        LeafId::Wrapped(nth)
    }

    /// A timer that struck at `deadline` is polled at `now`, by the first poll since.
    #[inline]
    pub(crate) fn timer_taken(
        &self,
        run: &Run,
        timer: impl FnOnce() -> u64,
        made: impl FnOnce() -> Made,
        deadline: Instant,
    ) {
        let now = run.clock.now();
        // At once, as a rule: then nothing is added up.
        if now > deadline && now > deadline + run.limits().starved_time && self.excuse.get().is_none() {
            self.is_late(LeafId::Timer(timer()), made());
        }
    }

    /// Accuses a leaf.
    #[cold]
    pub(super) fn is_late(&self, leaf: LeafId, made: Made) {
        let mut all = self.late.borrow_mut();
        if all.len() == LATE_MAX {
            return;
        }
        let count = self.late_count.get();
        self.late_count.set(count.saturating_add(1));
        let way = if count < WALKS_MAX { Way::here() } else { Way::ANY };
        // Many sockets of one task share a place, and only one of them may be guilty.
        let is_same =
            |other: &Late| (other.made, other.way) == (made, way) && (!leaf.is_lasting() || other.leaf == leaf);
        if !all.iter().any(is_same) {
            all.push(Late { leaf, made, way });
        }
    }

    /// The leaves that are accused.
    pub(crate) fn late(&self) -> Vec<Late> {
        self.late.borrow().clone()
    }

    /// Why what is being polled may starve.
    pub(super) fn excuse(&self) -> Option<&'static str> {
        self.excuse.get()
    }

    /// From now on this is the reason why what is polled may starve. Returns the one before.
    pub(super) fn excuse_by(&self, reason: Option<&'static str>) -> Option<&'static str> {
        self.excuse.replace(reason)
    }

    /// The wakers that are kept by a future in [`leaf`](super::leaf) of which nobody else holds one: with its task, as nobody
    /// will use them. To be asked when the run is over.
    pub(crate) fn idle(&self) -> Vec<(TaskId, Waker)> {
        let all = self.proxies.borrow();
        all.iter().filter_map(|proxy| proxy.upgrade()?.idle()).collect()
    }
}

/// The log of `run`, if it keeps one: in some replays.
pub(crate) fn log_of(run: &Run) -> Option<&Log> {
    run.watch.as_ref().and_then(Watch::leaves)
}
