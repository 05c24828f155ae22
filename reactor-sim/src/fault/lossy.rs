//! Links of which a test says that they lose packets.

use std::time::Duration;

use reveille_executor::{Choose, Hint, Point};

use super::{Fault, PACKET, Strikes};
use crate::net::{Fabric, Fate, Packet, Verdict};

/// A network on which packets are lost where their link [loses](crate::net::Net::set_loss) some.
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
