//! What onlookers see of the network: each packet as it is sent, and each socket that becomes ready for who waits.

use std::time::Duration;

use reveille_reactor::net::{Content, Fabric, Fate, Net, Packet, Verdict};
use reveille_reactor::{Interest, Turn};

use crate::event::{Event, Told};
use crate::run::Run;
use crate::watch::Watch;

/// Whether anybody looks.
#[inline]
pub(super) fn is_wanted(run: &Run) -> bool {
    run.watch.as_ref().is_some_and(Watch::listens)
}

/// A network of which every packet is noted.
struct Seen<'a> {
    fabric: &'a mut dyn Fabric,
    packets: Vec<(Packet, Verdict)>,
    /// Connections that were kept from who accepts them, and how long.
    held: Vec<(Packet, Duration)>,
}

impl Fabric for Seen<'_> {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        let verdict = self.fabric.carry(packet);
        self.packets.push((*packet, verdict));
        verdict
    }

    fn holds_back(&mut self, packet: &Packet) -> Duration {
        let delay = self.fabric.holds_back(packet);
        if delay > Duration::ZERO {
            self.held.push((*packet, delay));
        }
        delay
    }
}

/// Calls `work`, and tells of the packets that were sent meanwhile.
pub(super) fn seeing<R>(
    net: &mut Net,
    fabric: &mut dyn Fabric,
    work: impl FnOnce(&mut Net, &mut dyn Fabric) -> R,
) -> (R, Vec<Event>) {
    let mut seen = Seen { fabric, packets: Vec::new(), held: Vec::new() };
    let result = work(net, &mut seen);
    let told = |(packet, verdict)| Event::Packet { what: Told::new(&words(net, &packet, &verdict)) };
    let held = |(packet, delay): (Packet, Duration)| Event::Packet {
        what: Told::new(&format!(
            "`{}` accepts the connection of `{}` after {delay:?} at the earliest",
            net.name(packet.to),
            net.name(packet.from)
        )),
    };
    let events = seen.packets.into_iter().map(told).chain(seen.held.into_iter().map(held)).collect();
    (result, events)
}

fn words(net: &Net, packet: &Packet, verdict: &Verdict) -> String {
    let what = match packet.content {
        Content::Handshake => "handshake",
        Content::Stream => "bytes",
        Content::Reset => "reset",
        Content::Datagram => "datagram",
    };
    let becomes = match verdict.fate {
        Fate::Arrives => format!("in {:?}", verdict.delay),
        Fate::Twice => format!("in {:?}, twice", verdict.delay),
        Fate::Lost => "lost".into(),
        Fate::Torn => "torn".into(),
    };
    let link = if net.is_passable(packet.from, packet.to) { "" } else { ", no way" };
    format!("{what} `{}`→`{}` {becomes}{link}", net.name(packet.from), net.name(packet.to))
}

/// What became of a wait, if that is worth telling.
pub(super) fn turned(net: &Net, turn: &Turn) -> Option<Event> {
    let Turn::Woken(socket, interest) = turn else { return None };
    let ready = match interest {
        Interest::Read => "readable",
        Interest::Write => "writable",
    };
    Some(Event::Ready { what: Told::new(&format!("{} is {ready}", net.title(*socket)?)) })
}
