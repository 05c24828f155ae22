//! Links of which a test says that they lose packets.

use std::time::Duration;

use reveille_executor::{Choose, Hint, Point};

use super::{Fault, PACKET, Strikes};
use crate::net::{Fabric, Fate, Packet, Verdict};

/// A network on which packets are lost where their link [loses](crate::net::Net::set_loss) some.
///
/// ```
/// use std::time::Duration;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::fault::{Fault, LossyLinks, Strikes};
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
/// let strikes = Strikes::default();
/// let mut lossy = LossyLinks { fabric: Plain, choose: &mut One, strikes: &strikes };
/// assert_eq!(lossy.carry(&packet).fate, Fate::Arrives); // this link loses nothing
/// assert_eq!(lossy.carry(&Packet { loss: Some((1, 10)), ..packet }).fate, Fate::Lost);
/// assert_eq!(strikes.of(Fault::Lost), 1);
/// ```
#[derive(Debug)]
pub struct LossyLinks<'a, F, C: ?Sized> {
    /// The network without losses.
    pub fabric: F,
    /// What answers.
    pub choose: &'a mut C,
    /// What struck.
    pub strikes: &'a Strikes,
}

impl<F: Fabric, C: Choose + ?Sized> Fabric for LossyLinks<'_, F, C> {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        let honest = self.fabric.carry(packet);
        let Some((numerator, denominator)) = packet.loss else { return honest };
        let hint = Hint::Rarely { numerator, denominator };
        if self.choose.decide(Point { kind: PACKET, bound: 2, hint }) == 0 {
            return honest;
        }
        self.strikes.note(Fault::Lost);
        Verdict { fate: Fate::Lost, ..honest }
    }

    fn holds_back(&mut self, packet: &Packet) -> Duration {
        self.fabric.holds_back(packet)
    }
}
