//! Packets that take longer, as often as a test says.

use reveille_executor::{Choose, Hint, Point};

use super::{Fault, Rate, Strikes};
use crate::net::{Fabric, Fate, LATENCIES, LATENCY, Packet, Verdict};

/// An honest network of which a test says how often a packet takes longer than its link usually does: in the place of
/// [`Honest`](crate::net::Honest), which has it be one packet in four, and counts nothing. The menu is the same.
///
/// ```
/// use std::time::Duration;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::fault::{Fault, Latencies, Rate, Strikes};
/// use reveille_reactor::net::{Content, Fabric, NodeId, Packet};
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
/// // `One`: the answer to every question is 1.
/// // `packet`: a datagram, on a link that takes 1 ms and loses nothing.
/// let strikes = Strikes::default();
/// let mut slow = Latencies { choose: &mut One, rate: Rate::new(1, 3), strikes: &strikes };
/// assert_eq!(slow.carry(&packet).delay, 2 * packet.latency); // the second of the menu
/// slow.rate = Rate::NEVER;
/// assert_eq!(slow.carry(&packet).delay, packet.latency); // nothing is asked
/// assert_eq!(strikes.of(Fault::Latency), 1);
/// ```
#[derive(Debug)]
pub struct Latencies<'a, C: ?Sized> {
    /// What answers.
    pub choose: &'a mut C,
    /// How often.
    pub rate: Rate,
    /// What struck.
    pub strikes: &'a Strikes,
}

impl<C: Choose + ?Sized> Fabric for Latencies<'_, C> {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        let (numerator, denominator) = (self.rate.numerator().into(), self.rate.denominator().into());
        let hint = Hint::Exactly { numerator, denominator };
        // Where all take the usual time nothing is asked.
        let bound = if numerator == 0 { 1 } else { LATENCIES.len() as u32 };
        let answer = self.choose.decide(Point { kind: LATENCY, bound, hint });
        let multiple = LATENCIES.get(answer as usize).copied().unwrap_or(1);
        if multiple > 1 {
            self.strikes.note(Fault::Latency);
        }
        Verdict { delay: packet.latency.saturating_mul(multiple), fate: Fate::Arrives }
    }
}
