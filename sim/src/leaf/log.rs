//! What a replay puts on record of every leaf, to be asked at its end.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;
use std::time::Duration;

use reveille_executor::TaskId;
use reveille_reactor::Instant;

use super::lasting::Knock;
use super::record::{LeafId, Made};
use crate::run::{Run, Site};
use crate::site::Stack;

/// The leaves of a replay.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Those whose stacks are taken, and whose delays are kept.
    wanted: BTreeSet<LeafId>,
    /// Where the timers among them were made.
    sites: BTreeSet<Site>,
    /// The stacks on which timers were made there, each once.
    makers: RefCell<Vec<(Site, Stack)>>,
    inner: RefCell<Inner>,
    /// Where timers were made that were polled at all.
    polled: RefCell<BTreeSet<Site>>,
    knock: Knock,
}

#[derive(Debug, Default)]
struct Inner {
    /// Those that are alive and were polled.
    leaves: BTreeMap<LeafId, Record>,
    /// Timers that have not struck, by deadline.
    armed: BTreeSet<(Instant, u64)>,
    /// Those that have been woken and not polled since.
    owed: BTreeSet<LeafId>,
    /// The longest delay of each leaf that is wanted.
    delays: BTreeMap<LeafId, Owed>,
}

#[derive(Clone, Debug)]
struct Record {
    made: Made,
    owner: Option<TaskId>,
    poll: Option<Poll>,
    excuse: Option<&'static str>,
    wake: Option<Wake>,
    /// When it strikes, if it is a timer.
    deadline: Option<Instant>,
    /// Who waits for it tells when they give up.
    held: bool,
    /// The waker of the last poll, of a leaf that may outlast who waits for it.
    waker: Option<Waker>,
}

/// So many ways to a place at which timers are made are looked at.
const MAKERS_MAX: usize = 64;

/// By what a leaf is held when it is polled.
#[derive(Default)]
struct Held {
    /// As in a [`Record`].
    deadline: Option<Instant>,
    held: bool,
    waker: Option<Waker>,
}

/// The last poll of a leaf.
#[derive(Clone, Debug)]
pub(super) struct Poll {
    pub(super) step: u64,
    /// Where that was, if somebody wants to know.
    pub(super) stack: Option<Stack>,
}

/// The first wake since the last poll.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wake {
    pub(super) step: u64,
    pub(super) at: Instant,
    /// How many polls of the owner have passed it over.
    pub(super) passed_over: u64,
    /// When the first of them did, and the ordinal of that poll.
    since: Option<(Instant, u64)>,
    /// How long the node of the owner had been paused by then.
    paused: Duration,
    /// The steps of the first, of the last, and of the one before that.
    pub(super) first_step: u64,
    pub(super) last_step: u64,
    step_before: u64,
}

/// How it came that nothing is owed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Polled,
    Dropped,
    /// The run came to its end, and it is owed.
    Never,
}

/// A leaf that was owed a poll.
#[derive(Clone, Debug)]
pub(super) struct Owed {
    pub(super) leaf: LeafId,
    pub(super) made: Made,
    pub(super) owner: TaskId,
    pub(super) poll: Poll,
    pub(super) wake: Wake,
    pub(super) excuse: Option<&'static str>,
    /// Who waits for it has not given up, or would have told.
    pub(super) held: bool,
    /// When the owner first passed it over, and in which of its polls.
    pub(super) since: Instant,
    pub(super) first: u64,
    pub(super) until: Instant,
    pub(super) until_step: u64,
    /// How long the node of the owner was paused in between: its tasks owed nobody anything.
    paused: Duration,
    pub(super) end: End,
    /// It was polled at last with the waker that it had been left with.
    pub(super) same_waker: bool,
    /// Where it was polled at last, if it was.
    pub(super) again: Option<Stack>,
}

impl Owed {
    pub(super) fn time(&self) -> Duration {
        (self.until - self.since).saturating_sub(self.paused)
    }
}

impl Record {
    /// Whether it was left with a waker equal to this one.
    fn has(&self, waker: Option<&Waker>) -> bool {
        self.waker.as_ref().zip(waker).is_some_and(|(left, waker)| left.will_wake(waker))
    }

    /// What is owed to it at the end of the poll that is under way; `None` if its owner has not passed it over.
    fn owed(&self, run: &Run, leaf: LeafId, end: End) -> Option<Owed> {
        let (mut wake, owner) = (self.wake?, self.owner?);
        let (since, first) = wake.since?;
        // The poll in which it is polled at last, or dropped, has not passed it over.
        if end != End::Never && run.current() == Some(owner) {
            wake.passed_over -= 1;
            wake.last_step = wake.step_before;
        }
        (wake.passed_over > 0).then(|| Owed {
            leaf,
            made: self.made,
            owner,
            poll: self.poll.clone().unwrap_or(Poll { step: 0, stack: None }),
            wake,
            excuse: self.excuse,
            held: self.held,
            since,
            first,
            until: run.clock.now(),
            until_step: run.step(),
            paused: run.time_paused(owner).saturating_sub(wake.paused),
            end,
            same_waker: false,
            again: None,
        })
    }
}

impl Inner {
    fn forget(&mut self, leaf: LeafId) -> Option<Record> {
        let record = self.leaves.remove(&leaf)?;
        self.owed.remove(&leaf);
        if let (LeafId::Timer(timer), Some(deadline)) = (leaf, record.deadline) {
            self.armed.remove(&(deadline, timer));
        }
        Some(record)
    }

    fn keep(&mut self, owed: Owed) {
        if self.delays.get(&owed.leaf).is_none_or(|other| other.time() < owed.time()) {
            self.delays.insert(owed.leaf, owed);
        }
    }
}

impl Log {
    /// Takes the stacks of `wanted`, and keeps their delays.
    pub(crate) fn of(wanted: impl IntoIterator<Item = (LeafId, Made)>) -> Self {
        let wanted: Vec<_> = wanted.into_iter().collect();
        let timers = wanted.iter().filter(|(leaf, _)| matches!(leaf, LeafId::Timer(_)));
        let sites = timers.map(|(_, made)| made.site).collect();
        Self { wanted: wanted.into_iter().map(|(leaf, _)| leaf).collect(), sites, ..Self::default() }
    }

    /// A timer is being made at `site`.
    pub(crate) fn timer_made(&self, site: Site) {
        if !self.sites.contains(&site) || self.makers.borrow().len() >= MAKERS_MAX {
            return;
        }
        let stack = Stack::capture();
        let mut makers = self.makers.borrow_mut();
        if !makers.iter().any(|(other, known)| *other == site && known.addresses() == stack.addresses()) {
            makers.push((site, stack));
        }
    }

    /// The stacks on which timers were made at `site`.
    pub(super) fn makers(&self, site: Site) -> Vec<Stack> {
        let makers = self.makers.borrow();
        makers.iter().filter(|(other, _)| *other == site).map(|(_, stack)| stack.clone()).collect()
    }

    /// `task` has been woken, or would be if it had not been.
    pub(crate) fn task_woken(&self, task: TaskId) {
        self.knock.woken(task);
    }

    /// Uses the waker of `leaf`, which may outlast who waits for it, once more: whether that wakes its task. To be asked when
    /// the run is over.
    pub(super) fn knock_at(&self, leaf: LeafId) -> Option<bool> {
        let inner = self.inner.borrow();
        let record = inner.leaves.get(&leaf)?;
        let (owner, waker) = (record.owner?, record.waker.clone()?);
        drop(inner);
        Some(self.knock.at(owner, &waker))
    }

    /// A leaf is being polled, and waits or may wait.
    pub(super) fn polled(&self, run: &Run, leaf: LeafId, made: Made) {
        self.poll(run, leaf, made, Held::default());
    }

    /// A leaf that may outlast who waits for it is being polled with `waker`, and waits.
    pub(super) fn waits(&self, run: &Run, leaf: LeafId, made: Made, waker: &Waker) {
        // Cloned outside of the borrow: it may be anybody's code.
        self.poll(run, leaf, made, Held { waker: Some(waker.clone()), ..Held::default() });
    }

    /// A timer that was made at `site` is being polled.
    pub(crate) fn timer_polled(&self, site: Site) {
        self.polled.borrow_mut().insert(site);
    }

    /// Whether a timer that was made at `site` was polled.
    pub(crate) fn is_polled(&self, site: Site) -> bool {
        self.polled.borrow().contains(&site)
    }

    /// A timer is being polled, and waits; `held` by somebody who calls [`let_go`](Self::let_go) when they give up.
    pub(crate) fn armed(&self, run: &Run, timer: u64, made: Made, deadline: Instant, held: bool) {
        self.poll(run, LeafId::Timer(timer), made, Held { deadline: Some(deadline), held, waker: None });
    }

    /// Nobody waits for a timer any more that goes on.
    pub(crate) fn let_go(&self, timer: u64) {
        drop(self.inner.borrow_mut().forget(LeafId::Timer(timer)));
    }

    fn poll(&self, run: &Run, leaf: LeafId, made: Made, Held { deadline, held, waker }: Held) {
        let wanted = self.wanted.contains(&leaf);
        let stack = wanted.then(Stack::capture);
        let mut inner = self.inner.borrow_mut();
        // Dropped when nothing is borrowed any more, as its waker may be anybody's code.
        let before = inner.forget(leaf);
        let same_waker = before.as_ref().is_some_and(|before| before.has(waker.as_ref()));
        let owed = before.as_ref().and_then(|before| before.owed(run, leaf, End::Polled));
        if let Some(owed) = owed.filter(|_| wanted) {
            inner.keep(Owed { same_waker, again: stack.clone(), ..owed });
        }
        if let (LeafId::Timer(timer), Some(deadline)) = (leaf, deadline) {
            inner.armed.insert((deadline, timer));
        }
        let poll = Some(Poll { step: run.step(), stack });
        let (owner, excuse) = (run.current(), run.leaves.excuse());
        inner.leaves.insert(leaf, Record { made, owner, poll, excuse, wake: None, deadline, held, waker });
        drop(inner);
        drop(before);
    }

    /// A leaf has completed, or is let go of.
    pub(crate) fn gone(&self, run: &Run, leaf: LeafId, completed: bool) {
        self.end(run, leaf, completed, None);
    }

    /// A leaf that may outlast who waits for it has completed, in a poll with `waker`.
    pub(super) fn served(&self, run: &Run, leaf: LeafId, waker: &Waker) {
        self.end(run, leaf, true, Some(waker));
    }

    fn end(&self, run: &Run, leaf: LeafId, completed: bool, waker: Option<&Waker>) {
        let end = if completed { End::Polled } else { End::Dropped };
        let mut inner = self.inner.borrow_mut();
        let before = inner.forget(leaf);
        let same_waker = before.as_ref().is_some_and(|before| before.has(waker));
        let owed = before.as_ref().and_then(|before| before.owed(run, leaf, end));
        if let Some(owed) = owed.filter(|_| self.wanted.contains(&leaf)) {
            let again = completed.then(Stack::capture);
            inner.keep(Owed { same_waker, again, ..owed });
        }
        drop(inner);
        drop(before);
    }

    pub(crate) fn woken(&self, run: &Run, leaf: LeafId) {
        self.inner.borrow_mut().woken(run, leaf, run.clock.now());
    }

    /// Timers that are due by `now` are about to strike.
    pub(crate) fn strikes(&self, run: &Run, now: Instant) {
        let mut inner = self.inner.borrow_mut();
        while let Some((_, timer)) = inner.armed.first().copied().filter(|(deadline, _)| *deadline <= now) {
            inner.armed.pop_first();
            inner.woken(run, LeafId::Timer(timer), now);
        }
    }

    /// `task` is about to be polled for the `ordinal`-th time.
    pub(crate) fn task_polled(&self, run: &Run, task: TaskId, ordinal: u64) {
        let inner = &mut *self.inner.borrow_mut();
        for leaf in &inner.owed {
            let record = inner.leaves.get_mut(leaf).filter(|record| record.owner == Some(task));
            if let Some(wake) = record.and_then(|record| record.wake.as_mut()) {
                wake.passed_over += 1;
                if wake.since.is_none() {
                    (wake.since, wake.first_step) = (Some((run.clock.now(), ordinal)), run.step());
                    wake.paused = run.time_paused(task);
                }
                (wake.step_before, wake.last_step) = (wake.last_step, run.step());
            }
        }
    }

    /// What is owed at the end of the run, oldest first.
    pub(super) fn owed(&self, run: &Run) -> Vec<Owed> {
        let inner = self.inner.borrow();
        let records = inner.owed.iter().filter_map(|leaf| Some((*leaf, inner.leaves.get(leaf)?)));
        let mut owed: Vec<_> = records.filter_map(|(leaf, record)| record.owed(run, leaf, End::Never)).collect();
        owed.sort_by_key(|owed| (owed.wake.step, owed.leaf));
        owed
    }

    /// The longest delay of `leaf`, which is wanted; one that lasts to the end of the run counts.
    pub(super) fn delay(&self, run: &Run, leaf: LeafId) -> Option<Owed> {
        let inner = self.inner.borrow();
        let lasting = inner.leaves.get(&leaf).and_then(|record| record.owed(run, leaf, End::Never));
        inner.delays.get(&leaf).cloned().into_iter().chain(lasting).max_by_key(Owed::time)
    }
}

impl Inner {
    fn woken(&mut self, run: &Run, leaf: LeafId, at: Instant) {
        let Some(record) = self.leaves.get_mut(&leaf) else { return };
        if record.wake.is_none() {
            let step = run.step();
            record.wake = Some(Wake {
                step,
                at,
                passed_over: 0,
                since: None,
                paused: Duration::ZERO,
                first_step: 0,
                last_step: 0,
                step_before: 0,
            });
            self.owed.insert(leaf);
        }
    }
}
