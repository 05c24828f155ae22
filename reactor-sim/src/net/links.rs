//! The state of the links between nodes: cut, held, slow.

use std::collections::BTreeMap;
use std::time::Duration;

use super::NodeId;
use super::events::What;

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
