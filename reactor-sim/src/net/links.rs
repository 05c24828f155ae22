//! The state of the links between nodes: cut, held, slow.

use std::collections::BTreeMap;
use std::time::Duration;

use super::events::What;
use super::{Net, NodeId};
use crate::Instant;

/// One direction of a link that is not as usual.
#[derive(Clone, Copy, Debug, Default)]
struct Link {
    /// Nothing gets through.
    cut: bool,
    /// The same, by a fault.
    severed: bool,
    /// What arrives waits until the link is released.
    held: bool,
    /// Its usual time, if another than that of all links.
    latency: Option<Duration>,
    /// How many packets of how many are lost.
    loss: Option<(u32, u32)>,
}

/// All links; those that are as usual take no room.
#[derive(Debug, Default)]
pub(super) struct Links {
    unusual: BTreeMap<(NodeId, NodeId), Link>,
    /// What has arrived over held links, in order.
    held: Vec<((NodeId, NodeId), What)>,
    /// Some may lose packets.
    any_loses: bool,
    /// Some may be cut or held.
    any_stops: bool,
}

/// The usual time between two nodes.
const LATENCY: Duration = Duration::from_millis(1);
/// The usual time within a node.
const LOOPBACK: Duration = Duration::from_micros(20);

impl Links {
    pub(super) fn clear(&mut self) {
        self.unusual.clear();
        self.held.clear();
        (self.any_loses, self.any_stops) = (false, false);
    }

    pub(super) fn latency(&self, from: NodeId, to: NodeId) -> Duration {
        let usual = if from == to { LOOPBACK } else { LATENCY };
        self.unusual.get(&(from, to)).and_then(|link| link.latency).unwrap_or(usual)
    }

    pub(super) fn loss(&self, from: NodeId, to: NodeId) -> Option<(u32, u32)> {
        if self.any_loses { self.unusual.get(&(from, to))?.loss } else { None }
    }

    /// Whether any link loses packets.
    pub(super) fn any_loses(&self) -> bool {
        self.any_loses
    }

    pub(super) fn set_loss(&mut self, from: NodeId, to: NodeId, loss: Option<(u32, u32)>) {
        self.any_loses |= loss.is_some();
        self.unusual.entry((from, to)).or_default().loss = loss;
    }

    pub(super) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.any_stops && self.unusual.get(&(from, to)).is_some_and(|link| link.cut || link.severed)
    }

    pub(super) fn is_held(&self, from: NodeId, to: NodeId) -> bool {
        self.any_stops && self.unusual.get(&(from, to)).is_some_and(|link| link.held)
    }

    pub(super) fn set_latency(&mut self, from: NodeId, to: NodeId, latency: Duration) {
        self.unusual.entry((from, to)).or_default().latency = Some(latency);
    }

    pub(super) fn set_cut(&mut self, from: NodeId, to: NodeId, cut: bool) {
        self.any_stops |= cut;
        self.unusual.entry((from, to)).or_default().cut = cut;
    }

    pub(super) fn set_severed(&mut self, from: NodeId, to: NodeId, severed: bool) {
        self.any_stops |= severed;
        self.unusual.entry((from, to)).or_default().severed = severed;
    }

    pub(super) fn set_held(&mut self, from: NodeId, to: NodeId) {
        self.any_stops = true;
        self.unusual.entry((from, to)).or_default().held = true;
    }

    /// Keeps what arrived over a held link.
    pub(super) fn keep(&mut self, from: NodeId, to: NodeId, what: What) {
        self.held.push(((from, to), what));
    }

    /// Lets go of what was held between two nodes, in one direction.
    pub(super) fn release(&mut self, from: NodeId, to: NodeId) -> Vec<What> {
        if let Some(link) = self.unusual.get_mut(&(from, to)) {
            link.held = false;
        }
        let (released, kept) = std::mem::take(&mut self.held).into_iter().partition(|(link, _)| *link == (from, to));
        self.held = kept;
        released.into_iter().map(|(_, what)| what).collect()
    }

    /// Repairs and releases every link, which lose nothing more; latencies stay. Returns what was held.
    pub(super) fn heal(&mut self) -> Vec<What> {
        for link in self.unusual.values_mut() {
            (link.cut, link.severed, link.held, link.loss) = (false, false, false, None);
        }
        (self.any_loses, self.any_stops) = (false, false);
        std::mem::take(&mut self.held).into_iter().map(|(_, what)| what).collect()
    }
}

/// What a test does to the network on purpose.
impl Net {
    /// Sets the usual time from `from` to `to`. Without it that is 1 ms, and 20 µs within a node.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let (here, far) = (net.node("here"), net.node("far"));
    /// net.set_latency(here, far, Duration::from_millis(80));
    ///
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let socket = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
    /// kernel.send(socket, b"ping", Some((Net::address(far), 2).into()))?;
    /// assert_eq!(net.next_event(), Some(Instant::ZERO + Duration::from_millis(80)));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_latency(&mut self, from: NodeId, to: NodeId, latency: Duration) {
        self.links.set_latency(from, to, latency);
    }

    /// Lets `lost` of `of` packets from `from` to `to` be lost, where the network is decorated with
    /// [`LossyLinks`](crate::fault::LossyLinks). Streams send again, datagrams are gone.
    ///
    /// # Panics
    /// If `lost` is more than `of`.
    ///
    /// ```
    /// use reveille_executor::{Choose, Point};
    /// use reveille_reactor::fault::{LossyLinks, Strikes};
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// /// Has lost whatever may be.
    /// struct One;
    /// impl Choose for One {
    ///     fn choose(&mut self, _: Point<'_>) -> u32 {
    ///         1
    ///     }
    /// }
    ///
    /// let mut net = Net::default();
    /// let (here, far) = (net.node("here"), net.node("far"));
    /// net.set_loss(here, far, 1, 10);
    ///
    /// let strikes = Strikes::default();
    /// let mut lossy = LossyLinks { fabric: Plain, choose: &mut One, strikes: &strikes };
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut lossy);
    /// let socket = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
    /// kernel.send(socket, b"ping", Some((Net::address(far), 2).into()))?;
    /// assert_eq!(strikes.to_string(), "Lost 1");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_loss(&mut self, from: NodeId, to: NodeId, lost: u32, of: u32) {
        assert!(lost <= of, "a link cannot lose {lost} of {of} packets");
        self.links.set_loss(from, to, (lost > 0).then_some((lost, of)));
    }

    /// Whether any link loses packets.
    #[must_use]
    pub fn has_lossy_links(&self) -> bool {
        self.links.any_loses()
    }

    /// Lets nothing through from `from` to `to`; streams try again until they give up, datagrams are lost.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain, now) = (Net::default(), Plain, Instant::ZERO);
    /// let (here, far) = (net.node("here"), net.node("far"));
    /// let to = net.calls(now, far, &mut plain).bind_datagram("0.0.0.0:2".parse().unwrap())?;
    /// let from = net.calls(now, here, &mut plain).bind_datagram("0.0.0.0:1".parse().unwrap())?;
    ///
    /// net.cut(now, here, far);
    /// net.calls(now, here, &mut plain).send(from, b"ping", Some((Net::address(far), 2).into()))?;
    /// let later = now + Duration::from_secs(1);
    /// net.advance(later, &mut plain);
    /// net.repair(here, far); // too late: it is gone
    /// net.advance(later, &mut plain);
    /// assert!(net.calls(later, far, &mut plain).receive(to, &mut [0; 16], false).is_err());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn cut(&mut self, now: Instant, from: NodeId, to: NodeId) {
        self.links.set_cut(from, to, true);
        self.probe(now, from, to);
    }

    /// The same, as a fault: [`mend`](Self::mend) undoes it, and leaves alone what was [cut](Self::cut) on purpose.
    ///
    /// ```
    /// use reveille_reactor::Instant;
    /// use reveille_reactor::net::Net;
    ///
    /// let (mut net, now) = (Net::default(), Instant::ZERO);
    /// let (here, far) = (net.node("here"), net.node("far"));
    /// net.sever(now, here, far);
    /// assert!(!net.is_passable(here, far) && net.is_passable(far, here)); // one direction
    /// net.cut(now, far, here);
    /// for (from, to) in [(here, far), (far, here)] {
    ///     net.mend(from, to);
    /// }
    /// assert!(net.is_passable(here, far) && !net.is_passable(far, here)); // what was cut on purpose is cut
    /// net.repair(far, here);
    /// assert!(net.is_passable(far, here));
    /// ```
    pub fn sever(&mut self, now: Instant, from: NodeId, to: NodeId) {
        self.links.set_severed(from, to, true);
        self.probe(now, from, to);
    }

    /// Undoes [`sever`](Self::sever).
    pub fn mend(&mut self, from: NodeId, to: NodeId) {
        self.links.set_severed(from, to, false);
    }

    /// Undoes [`cut`](Self::cut), and [`sever`](Self::sever) too.
    pub fn repair(&mut self, from: NodeId, to: NodeId) {
        self.links.set_cut(from, to, false);
        self.links.set_severed(from, to, false);
    }

    /// Keeps all that is sent from `from` to `to` until it is [released](Self::release).
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain, now) = (Net::default(), Plain, Instant::ZERO);
    /// let (here, far) = (net.node("here"), net.node("far"));
    /// let to = net.calls(now, far, &mut plain).bind_datagram("0.0.0.0:2".parse().unwrap())?;
    /// let from = net.calls(now, here, &mut plain).bind_datagram("0.0.0.0:1".parse().unwrap())?;
    ///
    /// net.hold(here, far);
    /// net.calls(now, here, &mut plain).send(from, b"ping", Some((Net::address(far), 2).into()))?;
    /// let later = now + Duration::from_secs(60);
    /// net.advance(later, &mut plain);
    /// assert!(net.calls(later, far, &mut plain).receive(to, &mut [0; 16], false).is_err()); // it would wait
    ///
    /// net.release(later, here, far);
    /// net.advance(later, &mut plain);
    /// assert_eq!(net.calls(later, far, &mut plain).receive(to, &mut [0; 16], false)?.0, 4);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn hold(&mut self, from: NodeId, to: NodeId) {
        self.links.set_held(from, to);
    }

    /// Lets go of what was held: it arrives `now`.
    pub fn release(&mut self, now: Instant, from: NodeId, to: NodeId) {
        for what in self.links.release(from, to) {
            self.events.push(now, what);
        }
    }

    /// Repairs and releases every link, which lose nothing more. Latencies stay.
    ///
    /// ```
    /// use reveille_reactor::Instant;
    /// use reveille_reactor::net::Net;
    ///
    /// let (mut net, now) = (Net::default(), Instant::ZERO);
    /// let (here, far, other) = (net.node("here"), net.node("far"), net.node("other"));
    /// net.cut(now, here, far);
    /// net.hold(far, here);
    /// net.set_loss(here, other, 1, 2);
    /// net.heal(now);
    /// assert!(net.is_passable(here, far) && net.is_passable(far, here) && !net.has_lossy_links());
    /// ```
    pub fn heal(&mut self, now: Instant) {
        for what in self.links.heal() {
            self.events.push(now, what);
        }
    }
}
