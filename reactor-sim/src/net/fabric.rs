//! What lies between the nodes: how long a packet takes and whether it arrives.
//!
//! The kernel asks a [`Fabric`] about every packet and obeys. [`Honest`] is the one without faults; what makes the network
//! worse is a decorator around it.

use std::time::Duration;

use reveille_executor::{Choose, Hint, Kind, Point};

/// A simulated machine, by number in the order in which they were made. Number 0 is where a program starts.
///
/// ```
/// use reveille_reactor::net::{Net, NodeId};
///
/// let mut net = Net::default();
/// let (main, db) = (net.node("main"), net.node("db"));
/// assert_eq!((main, db.index()), (NodeId::default(), 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u16);

impl NodeId {
    /// Its number.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a packet carries, as far as the network can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// A part of the making of a connection.
    Handshake,
    /// Bytes of a stream, or its end.
    Stream,
    /// The reset of a connection.
    Reset,
    /// A datagram.
    Datagram,
}

/// A packet about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where it comes from.
    pub from: NodeId,
    /// Where it goes.
    pub to: NodeId,
    /// What it is.
    pub content: Content,
    /// The usual time that this link takes.
    pub latency: Duration,
    /// How many packets of how many this link loses, if any.
    pub loss: Option<(u32, u32)>,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How long it takes.
    pub delay: Duration,
    /// Whether it arrives.
    pub fate: Fate,
}

/// Whether a packet arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Once.
    Arrives,
    /// Not at all. A stream sends it again, so that loss is delay there; a datagram is gone.
    Lost,
    /// Twice. A stream notices and drops the second; a datagram comes out twice.
    Twice,
    /// Something on the way tears the connection down: both ends are reset. A datagram is gone.
    Torn,
}

/// Decides what becomes of packets.
///
/// ```
/// use std::time::Duration;
/// use reveille_reactor::net::{Content, Fabric, Fate, Packet, Verdict};
///
/// /// Loses every datagram, and takes no time.
/// struct StreamsOnly;
///
/// impl Fabric for StreamsOnly {
///     fn carry(&mut self, packet: &Packet) -> Verdict {
///         let fate = if packet.content == Content::Datagram { Fate::Lost } else { Fate::Arrives };
///         Verdict { delay: Duration::ZERO, fate }
///     }
/// }
/// ```
pub trait Fabric {
    /// The verdict on `packet`.
    fn carry(&mut self, packet: &Packet) -> Verdict;

    /// How much later than it could the kernel that is asked for a connection hands it to who accepts. `packet` is the last of
    /// the handshake, which is not [carried](Self::carry) like others: it travels with the first bytes.
    fn holds_back(&mut self, packet: &Packet) -> Duration {
        let _ = packet;
        Duration::ZERO
    }
}

impl<F: Fabric + ?Sized> Fabric for &mut F {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        (**self).carry(packet)
    }

    fn holds_back(&mut self, packet: &Packet) -> Duration {
        (**self).holds_back(packet)
    }
}

/// How long a packet takes.
pub const LATENCY: Kind = Kind::new(b'l');

/// The network without faults: nothing is lost, and the time that a packet takes is chosen from a menu of three: the
/// link's usual time, twice as long, ten times as long.
///
/// That is enough for packets of different connections to overtake each other in any order. Within a connection bytes
/// stay in order.
#[derive(Debug)]
pub struct Honest<'a, C: ?Sized> {
    /// What answers.
    pub choose: &'a mut C,
}

/// The menu of latencies, as multiples of the link's.
pub const LATENCIES: [u32; 3] = [1, 2, 10];

impl<C: Choose + ?Sized> Fabric for Honest<'_, C> {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        let hint = Hint::Rarely { numerator: 1, denominator: 4 };
        let index = self.choose.decide(Point { kind: LATENCY, bound: LATENCIES.len() as u32, hint });
        let multiple = LATENCIES.get(index as usize).copied().unwrap_or(1);
        Verdict { delay: packet.latency * multiple, fate: Fate::Arrives }
    }
}
