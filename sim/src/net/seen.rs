//! What onlookers see of the network: each packet as it is sent, and each socket that becomes ready for who waits.

use std::time::Duration;

use reveille_reactor::net::{Content, Fabric, Fate, Net, Packet, Verdict};
use reveille_reactor::{Interest, Turn};

use crate::event::{Event, Told};
use crate::leaf;
use crate::run::Run;
use crate::watch::Watch;

/// Whether it is to be noted what becomes of each wait.
pub(super) fn follows_waits(run: &Run) -> bool {
    leaf::log_of(run).is_some() || is_wanted(run)
}

/// Whether anybody listens.
fn is_wanted(run: &Run) -> bool {
    run.watch.as_ref().is_some_and(Watch::listens)
}

/// A network of which every packet is noted.
struct Noted<'a> {
    fabric: &'a mut dyn Fabric,
    packets: Vec<(Packet, Verdict)>,
    /// Connections that were kept from who accepts them, and how long.
    held: Vec<(Packet, Duration)>,
}

impl Fabric for Noted<'_> {
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

/// What onlookers are to be told of a call, once the network is not borrowed any more.
pub(super) struct Seen {
    turns: Vec<Turn>,
    events: Vec<Event>,
}

impl Seen {
    /// Calls `work` and notes what is to be told of it.
    pub(super) fn of<R>(
        run: &Run,
        net: &mut Net,
        fabric: &mut dyn Fabric,
        work: impl FnOnce(&mut Net, &mut dyn Fabric) -> R,
    ) -> (R, Self) {
        if !is_wanted(run) {
            let result = work(net, fabric);
            return (result, Self { turns: net.take_turns(), events: Vec::new() });
        }
        let mut noted = Noted { fabric, packets: Vec::new(), held: Vec::new() };
        let result = work(net, &mut noted);
        let told = |(packet, verdict)| Event::Packet { what: Told::new(&words(net, &packet, &verdict)) };
        let held = |(packet, delay): (Packet, Duration)| Event::Packet {
            what: Told::new(&format!(
                "`{}` accepts the connection of `{}` after {delay:?} at the earliest",
                net.name(packet.to),
                net.name(packet.from)
            )),
        };
        let mut events: Vec<_> = noted.packets.into_iter().map(told).chain(noted.held.into_iter().map(held)).collect();
        let turns = net.take_turns();
        events.extend(turns.iter().filter_map(|turn| turned(net, turn)));
        (result, Self { turns, events })
    }

    pub(super) fn tell(self, run: &Run) {
        if let Some(log) = leaf::log_of(run) {
            self.turns.into_iter().for_each(|turn| leaf::socket_turned(run, log, turn));
        }
        self.events.into_iter().for_each(|event| run.emit(event));
    }
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
fn turned(net: &Net, turn: &Turn) -> Option<Event> {
    let Turn::Woken(socket, interest) = turn else { return None };
    let ready = match interest {
        Interest::Read => "readable",
        Interest::Write => "writable",
    };
    Some(Event::Ready { what: Told::new(&format!("{} is {ready}", net.title(*socket)?)) })
}
