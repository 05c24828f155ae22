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
///
/// ```
/// use std::net::SocketAddr;
/// use reveille_reactor::net::{Content, Fabric, Net, Packet, Verdict};
/// use reveille_reactor::{Instant, Kernel};
/// # use reveille_reactor::net::Fate;
///
/// /// Writes down what is sent, which arrives.
/// struct Record(Vec<Content>);
///
/// impl Fabric for Record {
///     fn carry(&mut self, packet: &Packet) -> Verdict {
///         self.0.push(packet.content);
///         Verdict { delay: packet.latency, fate: Fate::Arrives }
///     }
/// }
///
/// let (mut net, mut record) = (Net::default(), Record(Vec::new()));
/// let here = net.node("here");
/// let mut kernel = net.calls(Instant::ZERO, here, &mut record);
/// let socket = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
/// kernel.send(socket, b"ping", Some("127.0.0.1:2".parse().unwrap()))?;
/// kernel.connect(&"127.0.0.1:80".parse::<SocketAddr>().unwrap().into())?;
/// assert_eq!(record.0, [Content::Datagram, Content::Handshake]);
/// # std::io::Result::Ok(())
/// ```
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
///
/// ```
/// use std::time::Duration;
/// use reveille_reactor::net::{Content, Fabric, Fate, NodeId, Packet, Verdict};
///
/// /// Nothing gets through to one of the nodes.
/// struct Deaf(NodeId);
///
/// impl Fabric for Deaf {
///     fn carry(&mut self, packet: &Packet) -> Verdict {
///         let fate = if packet.to == self.0 { Fate::Lost } else { Fate::Arrives };
///         Verdict { delay: packet.latency, fate }
///     }
/// }
///
/// # let mut net = reveille_reactor::net::Net::default();
/// # let (from, to) = (net.node("here"), net.node("db"));
/// let packet = Packet { from, to, content: Content::Stream, latency: Duration::from_millis(1), loss: None };
/// assert_eq!(Deaf(to).carry(&packet).fate, Fate::Lost);
/// assert_eq!(Deaf(to).carry(&Packet { from: to, to: from, ..packet }).fate, Fate::Arrives);
/// ```
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
///
/// ```
/// use std::time::Duration;
/// use reveille_reactor::net::{Content, Fabric, NodeId, Packet, Verdict};
///
/// /// Another network, but each packet takes twice as long.
/// struct Slower<F>(F);
///
/// impl<F: Fabric> Fabric for Slower<F> {
///     fn carry(&mut self, packet: &Packet) -> Verdict {
///         let verdict = self.0.carry(packet);
///         Verdict { delay: verdict.delay * 2, ..verdict }
///     }
/// }
#[doc = include_str!("../../doc/plain.txt")]
/// let (node, latency) = (NodeId::default(), Duration::from_millis(1));
/// let packet = Packet { from: node, to: node, content: Content::Datagram, latency, loss: None };
/// assert_eq!(Slower(Plain).carry(&packet).delay, Duration::from_millis(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How long it takes.
    pub delay: Duration,
    /// Whether it arrives.
    pub fate: Fate,
}

/// Whether a packet arrives.
///
/// ```
/// use reveille_reactor::net::{Fabric, Fate, Net, Packet, Verdict};
/// use reveille_reactor::{Instant, Kernel};
///
/// /// Every packet arrives twice.
/// struct Echoing;
///
/// impl Fabric for Echoing {
///     fn carry(&mut self, packet: &Packet) -> Verdict {
///         Verdict { delay: packet.latency, fate: Fate::Twice }
///     }
/// }
///
/// let (mut net, mut echoing) = (Net::default(), Echoing);
/// let here = net.node("here");
/// let mut kernel = net.calls(Instant::ZERO, here, &mut echoing);
/// let socket = kernel.bind_datagram("127.0.0.1:1".parse().unwrap())?;
/// kernel.send(socket, b"ping", Some("127.0.0.1:1".parse().unwrap()))?;
/// net.advance(Instant::MAX, &mut echoing);
/// let mut kernel = net.calls(Instant::MAX, here, &mut echoing);
/// for _ in 0..2 {
///     assert_eq!(kernel.receive(socket, &mut [0; 16], false)?.0, 4);
/// }
/// assert!(kernel.receive(socket, &mut [0; 16], false).is_err()); // no third
/// # std::io::Result::Ok(())
/// ```
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
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use std::time::Duration;
    /// use reveille_reactor::net::{Fabric, Fate, Net, Packet, Verdict};
    /// use reveille_reactor::{Instant, Kernel};
    ///
    /// /// Whoever is asked for a connection hands it on a second later.
    /// struct Busy;
    ///
    /// impl Fabric for Busy {
    ///     fn carry(&mut self, packet: &Packet) -> Verdict {
    ///         Verdict { delay: packet.latency, fate: Fate::Arrives }
    ///     }
    ///
    ///     fn holds_back(&mut self, _: &Packet) -> Duration {
    ///         Duration::from_secs(1)
    ///     }
    /// }
    ///
    /// let (mut net, mut busy) = (Net::default(), Busy);
    /// let (here, address) = (net.node("here"), "127.0.0.1:80".parse::<SocketAddr>().unwrap().into());
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut busy);
    /// let listener = kernel.listen(&address, 16)?;
    /// kernel.connect(&address)?;
    /// let accepted = loop {
    ///     let now = net.next_event().expect("it is on its way");
    ///     net.advance(now, &mut busy);
    ///     if net.calls(now, here, &mut busy).accept(listener).is_ok() {
    ///         break now;
    ///     }
    /// };
    /// assert!(accepted > Instant::ZERO + Duration::from_secs(1));
    /// # std::io::Result::Ok(())
    /// ```
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
///
/// ```
/// use std::time::Duration;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::net::{Content, Fabric, Honest, LATENCY, NodeId, Packet};
///
/// /// Every packet takes as long as it may, all else is as usual.
/// struct SlowLinks;
/// impl Choose for SlowLinks {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         if point.kind == LATENCY { point.bound - 1 } else { 0 }
///     }
/// }
///
/// let (node, latency) = (NodeId::default(), Duration::from_millis(1));
/// let packet = Packet { from: node, to: node, content: Content::Datagram, latency, loss: None };
/// assert_eq!(Honest { choose: &mut SlowLinks }.carry(&packet).delay, Duration::from_millis(10));
/// ```
pub const LATENCY: Kind = Kind::new(b'l');

/// The network without faults: nothing is lost, and the time that a packet takes is chosen from a menu of three: the
/// link's usual time, twice as long, ten times as long.
///
/// That is enough for packets of different connections to overtake each other in any order. Within a connection bytes
/// stay in order.
///
/// ```
/// use std::time::Duration;
/// use reveille_reactor::net::{Content, Fabric, Fate, Honest, NodeId, Packet, Verdict};
#[doc = include_str!("../../doc/dullest.txt")]
/// let (node, latency) = (NodeId::default(), Duration::from_millis(1));
/// let packet = Packet { from: node, to: node, content: Content::Datagram, latency, loss: None };
/// let verdict = Honest { choose: &mut Dullest }.carry(&packet);
/// assert_eq!(verdict, Verdict { delay: latency, fate: Fate::Arrives });
/// ```
#[derive(Debug)]
pub struct Honest<'a, C: ?Sized> {
    /// What answers.
    pub choose: &'a mut C,
}

/// The menu of latencies, as multiples of the link's.
///
/// ```
/// use std::time::Duration;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::net::{Content, Fabric, Honest, LATENCIES, NodeId, Packet};
///
/// /// Always the same answer.
/// struct Always(u32);
/// impl Choose for Always {
///     fn choose(&mut self, _: Point<'_>) -> u32 {
///         self.0
///     }
/// }
///
/// let (node, latency) = (NodeId::default(), Duration::from_millis(1));
/// let packet = Packet { from: node, to: node, content: Content::Datagram, latency, loss: None };
/// for (answer, multiple) in (0..).zip(LATENCIES) {
///     assert_eq!(Honest { choose: &mut Always(answer) }.carry(&packet).delay, latency * multiple);
/// }
/// ```
pub const LATENCIES: [u32; 3] = [1, 2, 10];

impl<C: Choose + ?Sized> Fabric for Honest<'_, C> {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        let hint = Hint::Rarely { numerator: 1, denominator: 4 };
        let index = self.choose.decide(Point { kind: LATENCY, bound: LATENCIES.len() as u32, hint });
        let multiple = LATENCIES.get(index as usize).copied().unwrap_or(1);
        Verdict { delay: packet.latency.saturating_mul(multiple), fate: Fate::Arrives }
    }
}
