//! Faults of whole machines, as the choices have them: partitions, crashes, pauses, clocks that jump.
//!
//! They come when time moves, and so between polls; each ends by itself, and there are only so many in a run, so that every run
//! comes to an end. What a test does by its own verbs goes before: a node that it has crashed is not started, and one that it has
//! paused does not go on, because a fault ends. Asked for by [`Explore::faults`](crate::Explore::faults); where none is on nothing is asked.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use reveille_executor::{Hint, Point};
use reveille_reactor::Instant;
use reveille_reactor::fault::{Fault, Faults, Menu};
use reveille_reactor::net::NodeId;

use crate::kinds;
use crate::net::Asks;
use crate::run::{Origin, Run};

/// What of this a run has still to come, and what is to end.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    on: Cell<bool>,
    /// How many more there may be.
    left: Cell<u32>,
    /// By the time and the order in which they began.
    ends: RefCell<BTreeMap<(Instant, u64), End>>,
    begun: Cell<u64>,
}

/// How a fault ends.
#[derive(Clone, Debug)]
enum End {
    Mend(NodeId, Vec<(NodeId, NodeId)>),
    Restart(NodeId),
    Resume(NodeId),
}

/// At most so many in a run.
const LIGHT_MAX: u32 = 3;
const HEAVY_MAX: u32 = 12;

/// How long they last: within what any program puts up with, and beyond usual time-outs.
const PARTITIONED: [Duration; 3] = [Duration::from_millis(100), Duration::from_secs(5), Duration::from_secs(60)];
const DOWN: [Duration; 3] = [Duration::from_millis(10), Duration::from_secs(1), Duration::from_secs(30)];
const PAUSED: [Duration; 3] = [Duration::from_millis(10), Duration::from_secs(1), Duration::from_secs(60)];

/// By how many seconds a clock jumps.
const JUMPS: [i128; 4] = [1, -1, 3600, -3600];

impl Trouble {
    /// A run with these faults begins.
    pub(crate) fn begin(&self, faults: &Faults) {
        self.on.set(faults.has_any_of_nodes());
        self.left.set(if faults.is_heavy() { HEAVY_MAX } else { LIGHT_MAX });
        self.begun.set(0);
    }

    /// Whether there may be any in this run.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.on.get()
    }

    /// When one of them ends next.
    #[inline]
    pub(crate) fn next_end(&self) -> Option<Instant> {
        if self.on.get() { self.ends.borrow().keys().next().map(|(at, _)| *at) } else { None }
    }

    fn ends_at(&self, at: Instant, end: End) {
        let nth = self.begun.get();
        self.begun.set(nth + 1);
        self.ends.borrow_mut().insert((at, nth), end);
    }

    fn take_due(&self, now: Instant) -> Option<End> {
        let mut ends = self.ends.borrow_mut();
        let due = *ends.keys().next().filter(|(at, _)| *at <= now)?;
        ends.remove(&due)
    }

    /// The test decides what becomes of `node`: it is not restarted by us.
    pub(super) fn leave(&self, node: NodeId) {
        if self.on.get() {
            self.ends.borrow_mut().retain(|_, end| !matches!(end, End::Restart(its) if *its == node));
        }
    }

    pub(super) fn clear(&self) {
        if !self.ends.borrow().is_empty() {
            self.ends.borrow_mut().clear();
        }
    }
}

impl Run {
    /// Time has moved: ends what is to end, and perhaps begins something. Never unwinds.
    #[cold]
    pub(crate) fn trouble(&self) {
        self.end_trouble(self.clock.now());
        let faults = self.network.faults(self);
        if faults.has_any_of_nodes() && self.nodes.trouble.left.get() > 0 {
            self.begin_trouble(faults);
        }
    }

    /// Ends what is to end by `now`.
    fn end_trouble(&self, now: Instant) {
        while let Some(end) = self.nodes.trouble.take_due(now) {
            match end {
                End::Mend(node, links) => {
                    self.tell_of_node(node, "is connected again");
                    self.network.with(self, |net, _, _| links.iter().for_each(|(from, to)| net.mend(*from, *to)));
                }
                End::Restart(node) => self.start_anew(node),
                End::Resume(node) if self.nodes.pauses.is_asked_for(node) => {}
                End::Resume(node) => self.resume(node),
            }
        }
    }

    /// Ends all of it, for good: see [`heal`](crate::net::heal).
    pub(crate) fn heal_trouble(&self) {
        self.end_trouble(Instant::MAX);
    }

    fn begin_trouble(&self, faults: &Faults) {
        let sorts = [Fault::Partition, Fault::Crash, Fault::Pause, Fault::ClockJump];
        let on = sorts.into_iter().filter(|fault| faults.has(*fault));
        let menu: Vec<_> =
            on.map(|fault| (fault, self.concerned(fault))).filter(|(_, nodes)| !nodes.is_empty()).collect();
        if menu.is_empty() {
            return;
        }
        let sorts: Vec<_> = menu.iter().map(|(fault, _)| *fault).collect();
        let usual = if faults.is_heavy() { 16 } else { 4 };
        let asked = Menu { kind: kinds::TROUBLE, sorts: &sorts, idle: &[], usual };
        let Some(fault) = asked.strikes(faults, &mut Asks(self)) else { return };
        let Some((_, nodes)) = menu.iter().find(|(sort, _)| *sort == fault) else { return };
        let trouble = &self.nodes.trouble;
        trouble.left.set(trouble.left.get() - 1);
        self.network.struck().note(fault);
        let node = nodes[self.ask_of_trouble(nodes.len(), Hint::None).min(nodes.len() - 1)];
        match fault {
            Fault::Partition => self.cut_off(node),
            Fault::Crash => {
                self.crash(node);
                trouble.ends_at(self.after(&DOWN), End::Restart(node));
            }
            Fault::Pause => {
                self.pause(node, false);
                trouble.ends_at(self.after(&PAUSED), End::Resume(node));
            }
            _ => {
                let seconds = JUMPS[self.ask_of_trouble(JUMPS.len(), Hint::None).min(JUMPS.len() - 1)];
                self.nodes.clocks.jump(node, seconds * 1_000_000_000);
                self.tell_of_node(node, &format!("has its clock set by {seconds} s"));
            }
        }
    }

    /// The nodes that a fault may strike.
    fn concerned(&self, fault: Fault) -> Vec<NodeId> {
        let all = self.network.nodes();
        match fault {
            // One is nowhere to be cut off from.
            Fault::Partition => {
                if all.len() > 1 {
                    all
                } else {
                    Vec::new()
                }
            }
            Fault::Crash => self.nodes.restartable(),
            Fault::Pause => {
                let may_pause = |node: &NodeId| self.nodes.alive(*node) > 0 && !self.nodes.pauses.is_paused(*node);
                all.into_iter().filter(may_pause).collect()
            }
            _ => self.nodes.clocks.readers(),
        }
    }

    /// Cuts `node` off from all others, in both directions or in one, or from one of them.
    fn cut_off(&self, node: NodeId) {
        let mut others: Vec<_> = self.network.nodes().into_iter().filter(|other| *other != node).collect();
        let ways = if others.len() > 1 { 4 } else { 3 };
        let way = self.ask_of_trouble(ways, Hint::None);
        if way == 3 {
            let nth = self.ask_of_trouble(others.len(), Hint::None).min(others.len() - 1);
            others = vec![others[nth]];
        }
        let (out, into) = (way != 2, way != 1);
        let links = others.iter().flat_map(|other| [(out, (node, *other)), (into, (*other, node))]);
        let links: Vec<_> = links.filter_map(|(is_cut, link)| is_cut.then_some(link)).collect();
        self.network.with(self, |net, now, _| links.iter().for_each(|(from, to)| net.sever(now, *from, *to)));
        match way {
            0 => self.tell_of_node(node, "is cut off"),
            1 => self.tell_of_node(node, "is heard by nobody"),
            2 => self.tell_of_node(node, "hears nobody"),
            _ => self.tell_of_node(node, &format!("is cut off from `{}`", self.network.name(others[0]))),
        }
        self.nodes.trouble.ends_at(self.after(&PARTITIONED), End::Mend(node, links));
    }

    /// Starts the program of a node that has crashed.
    fn start_anew(&self, node: NodeId) {
        let Some((program, site)) = self.nodes.program(node) else { return };
        self.tell_of_node(node, "is started again");
        let before = self.nodes.spawn_on(Some(node));
        // The program is called in the first poll: it is the user's, and nobody polls here.
        let handle = self.spawn(async move { program().await }, Origin::at(site));
        self.nodes.spawn_on(before);
        self.nodes.started(node, handle.abort_handle());
    }

    /// The time after one of `durations`.
    fn after(&self, durations: &[Duration]) -> Instant {
        let nth = self.ask_of_trouble(durations.len(), Hint::None).min(durations.len() - 1);
        self.clock.now() + durations[nth]
    }

    fn ask_of_trouble(&self, bound: usize, hint: Hint<'_>) -> usize {
        // A run has at most 65,000 nodes.
        self.ask(Point { kind: kinds::TROUBLE, bound: bound as u32, hint }) as usize
    }
}
