//! The network of one run: the value of `reveille_reactor`, the choices that it asks, and the wakers that it gives out.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;

use reveille_executor::{Choose, Point};
use reveille_reactor::disk::InodeId;
use reveille_reactor::fault::{Fault, Faults, Faulty, Latencies, LossyLinks, Rate, Strikes, Weather};
use reveille_reactor::net::{Fabric, Honest, Net, NodeId, Paths};
use reveille_reactor::{Instant, Interest, Kernel, SocketId, Wakers};

use super::seen::{self, Seen};
use crate::leaf;
use crate::run::Run;
use crate::spin::visit;

/// The name of the node on which a program starts.
const MAIN: &str = "main";

/// Nodes, sockets and what is on its way. Costs nothing until the first use.
#[derive(Debug, Default)]
pub(crate) struct Network {
    net: RefCell<Net>,
    /// Somebody has used it in this run: there is a node.
    used: Cell<bool>,
    /// The fault phase is over.
    healed: Cell<bool>,
    strikes: Strikes,
    /// Those of the runs before this one.
    before: RefCell<Strikes>,
}

/// Answers the network's questions from the choices of the run. Never unwinds: the network is borrowed meanwhile.
pub(crate) struct Asks<'a>(pub(crate) &'a Run);

impl Choose for Asks<'_> {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        self.0.ask(point)
    }
}

/// The files of a node that Unix sockets are bound to: those of its disk.
struct PathsOf<'a> {
    run: &'a Run,
    node: NodeId,
}

impl PathsOf<'_> {
    fn on_disk<R>(&self, work: impl FnOnce(&mut dyn Paths) -> io::Result<R>) -> io::Result<R> {
        self.run
            .disks
            .with_paths(self.run, self.node, work)
            .unwrap_or_else(|| Err(io::Error::other("the disk is being worked on")))
    }
}

impl Paths for PathsOf<'_> {
    fn make_socket(&mut self, path: &Path) -> io::Result<InodeId> {
        self.on_disk(|paths| paths.make_socket(path))
    }

    fn find_socket(&mut self, path: &Path) -> io::Result<InodeId> {
        self.on_disk(|paths| paths.find_socket(path))
    }
}

impl Network {
    /// Calls the kernel of the current task's node, faults included; `None` if it is being called already, which only an
    /// oracle can bring about.
    pub(crate) fn call<R>(&self, run: &Run, call: impl FnOnce(&mut dyn Kernel) -> R) -> Option<R> {
        let node = run.nodes.current(run.current());
        let faults = self.faults(run);
        let focus = run.watch.as_ref().and_then(|watch| watch.focus());
        let result = self.with(run, |net, now, fabric| {
            if run.watch.is_some() {
                net.remember_waits(focus.is_some());
                net.follow_waits(seen::follows_waits(run));
            }
            let mut paths = PathsOf { run, node };
            let mut kernel = net.calls(now, node, fabric).with_paths(&mut paths);
            if faults.is_off() {
                return call(&mut kernel);
            }
            let (mut choose, strikes) = (Asks(run), &self.strikes);
            call(&mut Faulty { kernel: &mut kernel, choose: &mut choose, faults, strikes })
        })?;
        if let Some(focus) = focus
            && let Ok(mut net) = self.net.try_borrow_mut()
        {
            focus.waits_on(net.take_waits());
        }
        run.end_if_refused();
        visit(run, "socket");
        Some(result)
    }

    /// Tries have come long after the wakes of who waited.
    #[cold]
    fn accuse(&self, run: &Run) {
        let late = self.net.try_borrow_mut().map(|mut net| net.take_late()).unwrap_or_default();
        for (socket, interest) in late {
            self.name_of(socket).into_iter().for_each(|socket| leaf::socket_is_late(run, socket, interest));
        }
    }

    /// What a socket is called in each replay; `None` while the network is borrowed.
    pub(crate) fn name_of(&self, socket: SocketId) -> Option<u64> {
        self.net.try_borrow().ok().map(|net| net.socket_name(socket))
    }

    /// What a socket waits for, in words.
    pub(crate) fn describe(&self, socket: SocketId, interest: Interest) -> Option<String> {
        self.net.try_borrow().ok()?.describe(socket, interest)
    }

    /// Works on the network, and wakes and drops, after the borrow has ended, whom that concerns.
    pub(crate) fn with<R>(&self, run: &Run, work: impl FnOnce(&mut Net, Instant, &mut dyn Fabric) -> R) -> Option<R> {
        let mut net = self.net.try_borrow_mut().ok()?;
        if !self.used.replace(true) {
            net.node(MAIN);
            net.note_late(run.limits().starved_time);
        }
        let (faults, now) = (self.faults(run), run.clock.now());
        let (mut latency, mut losses, mut weather) = (Asks(run), Asks(run), Asks(run));
        let (mut honest, mut varied, mut bad);
        let fabric: &mut dyn Fabric = if faults.is_plain() && !net.has_lossy_links() {
            honest = Honest { choose: &mut latency };
            &mut honest
        } else {
            let strikes = &self.strikes;
            let fabric: &mut dyn Fabric = match faults.rate(Fault::Latency) {
                None => {
                    honest = Honest { choose: &mut latency };
                    &mut honest
                }
                Some(rate) => {
                    varied = Latencies { choose: &mut latency, rate, strikes };
                    &mut varied
                }
            };
            let lossy = LossyLinks { fabric, choose: &mut losses, strikes };
            bad = Weather { fabric: lossy, choose: &mut weather, faults, strikes };
            &mut bad
        };
        let (result, seen) = match &run.watch {
            None => (work(&mut net, now, fabric), None),
            Some(_) => {
                let (result, seen) = Seen::of(run, &mut net, fabric, |net, fabric| work(net, now, fabric));
                (result, Some(seen))
            }
        };
        let wakers = net.has_wakers().then(|| net.take_wakers());
        let came_late = net.has_late();
        drop(net);
        if came_late {
            self.accuse(run);
        }
        if let Some(seen) = seen {
            seen.tell(run);
        }
        if let Some(wakers) = wakers {
            self.let_go(run, wakers);
        }
        Some(result)
    }

    /// How bad things are, by now. Latencies that never vary are no fault that ends.
    pub(crate) fn faults<'a>(&self, run: &'a Run) -> &'a Faults {
        let asked = run.faults();
        match (self.healed.get(), asked.rate(Fault::Latency)) {
            (false, _) => asked,
            (true, Some(Rate::NEVER)) => const { &Faults::STEADY },
            (true, _) => const { &Faults::OFF },
        }
    }

    fn let_go(&self, run: &Run, mut wakers: Wakers) {
        wakers.wake.drain(..).for_each(|waker| run.wake(waker));
        wakers.discard.clear();
        if let Ok(mut net) = self.net.try_borrow_mut() {
            net.recycle(wakers);
        }
    }

    /// Whether it can have events.
    #[inline]
    pub(crate) fn is_used(&self) -> bool {
        self.used.get()
    }

    /// When something will happen next.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        if self.used.get() { self.net.try_borrow_mut().ok()?.next_event() } else { None }
    }

    /// Lets everything happen that is due. Returns how many events that were.
    #[inline]
    pub(crate) fn advance(&self, run: &Run) -> u64 {
        if self.used.get() { self.advance_used(run) } else { 0 }
    }

    fn advance_used(&self, run: &Run) -> u64 {
        self.with(run, |net, now, fabric| net.advance(now, fabric)).unwrap_or(0)
    }

    pub(crate) fn heal(&self, run: &Run) {
        self.with(run, |net, now, _| net.heal(now));
        run.disks.heal(run);
        run.resume_all();
        run.heal_trouble();
        self.healed.set(true);
    }

    pub(crate) fn strikes(&self) -> Strikes {
        self.strikes.clone()
    }

    /// How often faults struck in all runs since this was last asked.
    pub(crate) fn take_struck(&self) -> Strikes {
        self.before.take()
    }

    /// Where strikes are counted: those of files too.
    pub(crate) fn struck(&self) -> &Strikes {
        &self.strikes
    }

    /// All nodes.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        self.net.try_borrow().map_or_else(|_| Vec::new(), |net| net.all().collect())
    }

    /// How many connections there are, those on their way out included.
    pub(crate) fn connections(&self) -> usize {
        self.net.try_borrow().map_or(0, |net| net.connections())
    }

    /// How many wakers wait for a socket to become ready.
    pub(crate) fn registrations(&self) -> usize {
        self.net.try_borrow().map_or(0, |net| net.registrations())
    }

    /// The name of a node.
    pub(crate) fn name(&self, node: NodeId) -> String {
        self.net.try_borrow().map_or_else(|_| String::new(), |net| net.name(node).to_owned())
    }

    /// Makes an empty network for the next run. Others than sockets may have counted strikes here.
    pub(crate) fn clear(&self, has_others: bool) {
        let used = self.used.replace(false);
        if used {
            let wakers = self.net.borrow_mut().clear();
            drop(wakers);
        }
        if used || has_others {
            self.before.borrow_mut().add(&self.strikes);
            self.strikes.clear();
        }
        self.healed.set(false);
    }
}
