//! Faults of the network.

use std::time::Duration;

use reveille_executor::{Choose, Kind, Point};

use super::menu::Menu;
use super::{Fault, Faults, Strikes};
use crate::net::{Content, Fabric, Fate, Packet, Verdict};

/// What becomes of a packet.
///
/// ```
/// use std::time::Duration;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::fault::{Fault, Faults, PACKET, Strikes, Weather};
/// use reveille_reactor::net::{Content, Fabric, Fate, NodeId, Packet};
///
/// /// Whatever may become of a packet does, and nothing else goes wrong.
/// struct BadLinks;
/// impl Choose for BadLinks {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         u32::from(point.kind == PACKET)
///     }
/// }
#[doc = include_str!("../../doc/plain.txt")]
/// let (faults, strikes) = (Faults::OFF.with(Fault::Lost), Strikes::default());
/// let mut weather = Weather { fabric: Plain, choose: &mut BadLinks, faults: &faults, strikes: &strikes };
/// let (from, to) = (NodeId::default(), NodeId::default());
/// let packet = Packet { from, to, content: Content::Datagram, latency: Duration::from_millis(1), loss: None };
/// assert_eq!(weather.carry(&packet).fate, Fate::Lost);
/// ```
pub const PACKET: Kind = Kind::new(b'w');

/// A network on which packets come late, are lost, come twice, or tear their connection down.
///
/// ```
/// use std::time::Duration;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::fault::{Fault, Faults, Strikes, Weather};
/// use reveille_reactor::net::{Content, NodeId};
/// # use reveille_reactor::net::{Fabric, Fate, Packet, Verdict};
/// # struct Plain;
/// # impl Fabric for Plain {
/// #     fn carry(&mut self, packet: &Packet) -> Verdict {
/// #         Verdict { delay: packet.latency, fate: Fate::Arrives }
/// #     }
/// # }
/// # struct One;
/// # impl Choose for One {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         1
/// #     }
/// # }
/// # let packet = Packet {
/// #     from: NodeId::default(),
/// #     to: NodeId::default(),
/// #     content: Content::Datagram,
/// #     latency: Duration::from_millis(1),
/// #     loss: None,
/// # };
///
/// // `Plain`: every packet arrives, in the usual time of its link.
/// // `One`: the answer to every question is 1.
/// // `packet`: a datagram, on a link that takes 1 ms and loses nothing.
/// let (strikes, twice) = (Strikes::default(), Faults::OFF.with(Fault::Twice));
/// let mut weather = Weather { fabric: Plain, choose: &mut One, faults: &twice, strikes: &strikes };
/// assert_eq!(weather.carry(&packet).fate, Fate::Twice);
/// assert_eq!(weather.carry(&Packet { content: Content::Reset, ..packet }).fate, Fate::Arrives); // nothing would come of two
/// assert_eq!(strikes.of(Fault::Twice), 1);
/// ```
#[derive(Debug)]
pub struct Weather<'a, F, C: ?Sized> {
    /// The network without faults.
    pub fabric: F,
    /// What answers.
    pub choose: &'a mut C,
    /// How bad it is.
    pub faults: &'a Faults,
    /// What struck.
    pub strikes: &'a Strikes,
}

/// A packet that comes late takes so many times as long: beyond any time-out that suits the link.
const LATE: u32 = 2_000;

/// What may happen to a packet beside arriving.
const MENU: [Fault; 3] = [Fault::Late, Fault::Lost, Fault::Twice];

/// How long a connection that its client has is kept from who accepts it: as long as a kernel that is busy takes, and as long as it takes
/// to ask again for what was lost, once and twice (RFC 6298, 1 s doubled).
const HELD_BACK: [Duration; 3] = [Duration::from_millis(50), Duration::from_secs(1), Duration::from_secs(3)];

impl<F: Fabric, C: Choose + ?Sized> Weather<'_, F, C> {
    fn strikes(&mut self, sorts: &[Fault], idle: &[Fault], usual: u32) -> Option<Fault> {
        Menu { kind: PACKET, sorts, idle, usual }.strikes(self.faults, self.choose)
    }
}

impl<F: Fabric, C: Choose + ?Sized> Fabric for Weather<'_, F, C> {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        let honest = self.fabric.carry(packet);
        let is_stream = packet.content == Content::Stream;
        if is_stream && self.strikes(&[Fault::Torn], &[], self.faults.torn()).is_some() {
            self.strikes.note(Fault::Torn);
            return Verdict { fate: Fate::Torn, ..honest };
        }
        // A stream knows the numbers of its bytes, and nothing comes of the second packet.
        let idle: &[Fault] = if packet.content == Content::Datagram { &[] } else { &[Fault::Twice] };
        match self.strikes(&MENU, idle, self.faults.packets()) {
            Some(Fault::Late) => {
                self.strikes.note(Fault::Late);
                Verdict { delay: packet.latency.saturating_mul(LATE), ..honest }
            }
            Some(Fault::Lost) => {
                self.strikes.note(Fault::Lost);
                Verdict { fate: Fate::Lost, ..honest }
            }
            Some(Fault::Twice) if idle.is_empty() => {
                self.strikes.note(Fault::Twice);
                Verdict { fate: Fate::Twice, ..honest }
            }
            _ => honest,
        }
    }

    fn holds_back(&mut self, packet: &Packet) -> Duration {
        let honest = self.fabric.holds_back(packet);
        if self.strikes(&[Fault::SlowAccept], &[], self.faults.packets()).is_none() {
            return honest;
        }
        self.strikes.note(Fault::SlowAccept);
        let nth = self.choose.decide(Point::new(PACKET, HELD_BACK.len() as u32)) as usize;
        honest + HELD_BACK.get(nth).copied().unwrap_or_default()
    }
}
