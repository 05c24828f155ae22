//! Faults of the network.

use reveille_executor::{Choose, Hint, Kind, Point};

use super::{Fault, Faults, Strikes};
use crate::net::{Content, Fabric, Fate, Packet, Verdict};

/// What becomes of a packet.
pub const PACKET: Kind = Kind::new(b'w');

/// A network on which packets come late, are lost, come twice, or tear their connection down.
#[derive(Debug)]
pub struct Weather<'a, F, C: ?Sized> {
    /// The network without faults.
    pub fabric: F,
    /// What answers.
    pub choose: &'a mut C,
    /// How bad it is.
    pub faults: Faults,
    /// What struck.
    pub strikes: &'a Strikes,
}

/// A packet that comes late takes so many times as long: beyond any time-out that suits the link.
const LATE: u32 = 2_000;

/// What may happen to a packet beside arriving.
const MENU: [Fault; 3] = [Fault::Late, Fault::Lost, Fault::Twice];

impl<F: Fabric, C: Choose + ?Sized> Weather<'_, F, C> {
    fn asks(&mut self, bound: u32, numerator: u32) -> u32 {
        self.choose.decide(Point { kind: PACKET, bound, hint: Hint::Rarely { numerator, denominator: 1024 } })
    }
}

impl<F: Fabric, C: Choose + ?Sized> Fabric for Weather<'_, F, C> {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        let honest = self.fabric.carry(packet);
        if packet.content == Content::Stream && self.faults.has(Fault::Torn) && self.asks(2, self.faults.torn()) == 1 {
            self.strikes.note(Fault::Torn);
            return Verdict { fate: Fate::Torn, ..honest };
        }
        let (on, meant) = self.faults.among(&MENU);
        let Some(struck) = meant(self.asks(on + 1, self.faults.packets())) else { return honest };
        match struck {
            Fault::Late => {
                self.strikes.note(Fault::Late);
                Verdict { delay: packet.latency * LATE, ..honest }
            }
            Fault::Lost => {
                self.strikes.note(Fault::Lost);
                Verdict { fate: Fate::Lost, ..honest }
            }
            // A stream knows the numbers of its bytes, and nothing comes of the second packet.
            _ if packet.content != Content::Datagram => honest,
            _ => {
                self.strikes.note(Fault::Twice);
                Verdict { fate: Fate::Twice, ..honest }
            }
        }
    }
}
