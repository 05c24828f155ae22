//! The clocks of nodes.
//!
//! A machine has two: one that only ever goes forward, which `Instant` and timers go by, and one that shows the time of day and can be set.
//! Both run at the machine's own rate, and setting the second leaves the first alone; so it is with real ones. (The other design
//! skews the time of day only. It is less to do, and misses the mistake that drift is about: a lease that one machine measures as ten
//! seconds and another as eleven.)
//!
//! A timer belongs to the node on which it was made, since its deadline is a reading of that node's clock. The run knows one time, in
//! which all timers are armed; while no clock was touched the two are the same, and nothing is looked up.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use reveille_reactor::net::NodeId;
use reveille_reactor::{Drift, Instant};

use super::Node;
use crate::run::Run;

/// What clocks that show the time of day show at the start of a run: 2001-09-09, a round number of seconds.
pub(crate) const EPOCH: Duration = Duration::from_secs(1_000_000_000);

/// The clocks of one run that are not as they were made.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    any: Cell<bool>,
    of_node: RefCell<BTreeMap<NodeId, NodeClock>>,
    /// The nodes that have looked at the time of day, in a run whose clocks may jump.
    readers: RefCell<BTreeSet<NodeId>>,
}

/// The clocks of a node.
#[derive(Clone, Copy, Debug, Default)]
struct NodeClock {
    drift: Drift,
    /// By how many nanoseconds the time of day is ahead of what it would show, had nobody set it.
    ahead: i128,
}

impl Clocks {
    /// Not inlined, for the sake of those who ask first whether there are any.
    #[inline(never)]
    fn of(&self, node: NodeId) -> NodeClock {
        if self.any.get() {
            self.of_node.borrow().get(&node).copied().unwrap_or_default()
        } else {
            NodeClock::default()
        }
    }

    fn change(&self, node: NodeId, change: impl FnOnce(&mut NodeClock)) {
        self.any.set(true);
        change(self.of_node.borrow_mut().entry(node).or_default());
    }

    /// Lets the time of day of `node` jump.
    pub(super) fn jump(&self, node: NodeId, nanos: i128) {
        self.change(node, |clock| clock.ahead = clock.ahead.saturating_add(nanos));
    }

    /// The nodes that have looked at the time of day.
    pub(super) fn readers(&self) -> Vec<NodeId> {
        self.readers.borrow().iter().copied().collect()
    }

    /// Forgets all, for the next run.
    pub(crate) fn clear(&self) {
        // Most runs have none, and to drop an empty tree takes longer than to ask.
        if !self.readers.borrow().is_empty() {
            self.readers.borrow_mut().clear();
        }
        if self.any.replace(false) {
            self.of_node.borrow_mut().clear();
        }
    }
}

impl NodeClock {
    fn time_of_day(&self, now: Instant) -> SystemTime {
        let nanos = i128::from(self.drift.at(now).as_nanos()) + self.ahead;
        let distance = |nanos: u128| {
            let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
            Duration::new(seconds, (nanos % 1_000_000_000) as u32)
        };
        let start = SystemTime::UNIX_EPOCH + EPOCH;
        let shown = match nanos {
            0.. => start.checked_add(distance(nanos.unsigned_abs())),
            _ => start.checked_sub(distance(nanos.unsigned_abs())),
        };
        // What cannot be represented cannot have been set.
        shown.unwrap_or(start)
    }

    fn set_time_of_day(&mut self, now: Instant, time: SystemTime) {
        let nanos = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
        let start = SystemTime::UNIX_EPOCH + EPOCH;
        let since_start = time.duration_since(start).map_or_else(|error| -nanos(error.duration()), nanos);
        self.ahead = since_start - i128::from(self.drift.at(now).as_nanos());
    }
}

impl Run {
    /// The node of the task that is being polled; the first outside of any.
    #[inline]
    pub(crate) fn here(&self) -> NodeId {
        self.nodes.current(self.current())
    }

    /// What the clock of this node shows that only goes forward.
    #[inline]
    pub(crate) fn reading(&self) -> Instant {
        if self.nodes.clocks.any.get() { self.reading_of(self.here()) } else { self.clock.now() }
    }

    /// The same of `node`.
    #[inline]
    pub(crate) fn reading_of(&self, node: NodeId) -> Instant {
        let now = self.clock.now();
        if self.nodes.clocks.any.get() { self.nodes.clocks.of(node).drift.at(now) } else { now }
    }

    /// When the clock of `node` shows `reading`, as things are.
    #[inline]
    pub(crate) fn when(&self, node: NodeId, reading: Instant) -> Instant {
        if self.nodes.clocks.any.get() { self.nodes.clocks.of(node).drift.when(reading) } else { reading }
    }

    /// The time of day, as a task of this node reads it.
    pub(crate) fn read_time_of_day(&self) -> SystemTime {
        let node = self.here();
        if self.nodes.trouble.is_on() {
            self.nodes.clocks.readers.borrow_mut().insert(node);
        }
        self.time_of_day(node)
    }

    /// The time of day on `node`.
    pub(crate) fn time_of_day(&self, node: NodeId) -> SystemTime {
        self.nodes.clocks.of(node).time_of_day(self.clock.now())
    }
}

impl Node {
    /// The time of day on this node: what [`system_time`](crate::time::system_time) gives its tasks. Every run starts on 2001-09-09.
    ///
    /// ```
    /// use reveille::time::{Duration, sleep, system_time};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = reveille::node("db");
    /// let start = db.clock();
    /// assert_eq!(start, system_time()); // that of `main`
    /// db.set_clock(start + Duration::from_secs(60));
    /// sleep(Duration::from_secs(1)).await;
    /// assert_eq!(db.clock().duration_since(system_time()).unwrap(), Duration::from_secs(60));
    /// # }).unwrap();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn clock(self) -> SystemTime {
        self.with("Node::clock", |run| run.time_of_day(self.id))
    }

    /// Sets the time of day on this node, as an administrator does, or a time service that has been away for a while. It may jump back;
    /// what `Instant` and timers go by does not notice.
    ///
    /// ```
    /// use reveille::node;
    /// use reveille::time::{Duration, Instant, sleep, system_time};
    ///
    /// reveille::explore()
    ///     .run(|| async {
    ///         let db = node("db");
    ///         let hour = Duration::from_secs(3600);
    ///         let worker = db.spawn(async move {
    ///             let (start, instant) = (system_time(), Instant::now());
    ///             sleep(hour).await;
    ///             // Code that takes this for a duration has to live with an error.
    ///             assert!(system_time().duration_since(start).is_err());
    ///             assert_eq!(instant.elapsed(), hour);
    ///         });
    ///         sleep(Duration::from_secs(1)).await;
    ///         db.set_clock(db.clock() - 2 * hour);
    ///         worker.await.unwrap();
    ///     })
    ///     .unwrap();
    /// ```
    #[track_caller]
    pub fn set_clock(self, time: SystemTime) {
        self.with("Node::set_clock", |run| {
            let now = run.clock.now();
            run.nodes.clocks.change(self.id, |clock| clock.set_time_of_day(now, time));
            run.tell_of_node(self.id, "has its clock set");
        });
    }

    /// Lets both clocks of this node gain `ppm` millionths on those of the run, or lose them, from now on: its
    /// [`Instant`](crate::time::Instant)s, the timers that are made on it, and the time of day. A good quartz is off by 20, a bad one by
    /// 100; a mistake about leases is found sooner with 100,000. What `Instant::now` shows never goes back, whatever is set.
    ///
    /// Timers that are armed go on at the new rate. Instants of nodes with different rates cannot be compared, as on real machines.
    ///
    /// ```
    /// use reveille::node;
    /// use reveille::time::{Duration, Instant, sleep};
    ///
    /// reveille::explore()
    ///     .run(|| async {
    ///         let slow = node("slow");
    ///         slow.set_clock_drift(-200_000);
    ///         let start = Instant::now();
    ///         slow.spawn(async {
    ///             let start = Instant::now();
    ///             sleep(Duration::from_secs(8)).await;
    ///             assert_eq!(start.elapsed(), Duration::from_secs(8));
    ///         })
    ///         .await
    ///         .unwrap();
    ///         assert_eq!(start.elapsed(), Duration::from_secs(10));
    ///     })
    ///     .unwrap();
    /// ```
    ///
    /// # Panics
    /// If `ppm` is not above minus one million: a clock does not stand still, nor go back.
    #[track_caller]
    pub fn set_clock_drift(self, ppm: i32) {
        assert!(ppm > -1_000_000, "a clock cannot lose {ppm} millionths: it would stand still, or go back");
        self.with("Node::set_clock_drift", |run| {
            let (now, before) = (run.clock.now(), run.nodes.clocks.of(self.id).drift);
            run.nodes.clocks.change(self.id, |clock| clock.drift.set_rate(now, ppm));
            run.clock.move_all(self.id, |due| run.when(self.id, before.at(due)));
            run.tell_of_node(self.id, "has a clock of another rate");
        });
    }
}
