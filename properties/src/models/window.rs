//! A connection with windows, as lists: what was written and is on its way, what has arrived, what the writer has yet to hear of.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use reveille_reactor::net::{Fate, Net, NodeId};
use reveille_reactor::{Instant, Kernel, SocketId};

use super::Bytes;
use super::wire::Wire;

/// The usual time in each direction.
const LATENCY: Duration = Duration::from_millis(1);
/// How many bytes may be written of which the writer does not know that they were read.
const WINDOW: usize = 64 * 1024;
/// So many bytes are read before the writer is told.
const WORTH_TELLING: usize = WINDOW / 4;
/// What was lost is there so much later.
const SENT_AGAIN: Duration = Duration::from_millis(200);

/// What is on its way: bytes, or the end.
#[derive(Debug)]
struct Segment {
    at: Instant,
    sent: Instant,
    bytes: Vec<u8>,
    is_end: bool,
}

/// One direction, in the model.
#[derive(Debug, Default)]
struct Lane {
    on_way: VecDeque<Segment>,
    arrived: VecDeque<u8>,
    has_ended: bool,
    /// The writer has said that it writes no more.
    is_shut: bool,
    unheard: usize,
    read_since: usize,
    /// Words to the writer, of so many bytes that were read.
    told: Vec<(Instant, usize)>,
    written: usize,
}

struct Pair<'a, 'b> {
    bytes: &'a mut Bytes<'b>,
    net: Net,
    now: Instant,
    ends: [(NodeId, SocketId); 2],
    /// By the end that writes.
    lanes: [Lane; 2],
}

/// Makes the operations that `bytes` say on a connection of the simulated network and on lists, and compares what can be seen
/// after each: writes of all sizes, reads, looks, ends; segments that take their time and are sent again.
///
/// # Panics
/// If they differ.
///
/// ```
/// reveille_properties::models::window_agrees(&[0, 0, 200, 0, 0, 5, 3, 1, 220]);
/// ```
pub fn window_agrees(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let mut pair = Pair::new(&mut bytes);
    while !pair.bytes.is_empty() {
        pair.operate();
        assert_eq!(pair.net.next_event(), pair.next(), "when something happens next");
    }
}

impl<'a, 'b> Pair<'a, 'b> {
    /// Two nodes with a connection that nothing is on.
    fn new(bytes: &'a mut Bytes<'b>) -> Self {
        let mut net = Net::default();
        let (client, server) = (net.node("client"), net.node("server"));
        net.set_latency(client, server, LATENCY);
        net.set_latency(server, client, LATENCY);
        let (mut nothing, mut now) = (Bytes::new(&[]), Instant::ZERO);
        let usual = &mut Wire::new(&mut nothing);
        let address = SocketAddr::from((Net::address(server), 80)).into();
        let listener = net.calls(now, server, usual).listen(&address, 1).expect("nobody else has the port");
        let asking = net.calls(now, client, usual).connect(&address).expect("there are ports left");
        while let Some(next) = net.next_event() {
            now = next;
            net.advance(now, usual);
        }
        let (accepted, _) = net.calls(now, server, usual).accept(listener).expect("somebody has asked");
        Self { bytes, net, now, ends: [(client, asking), (server, accepted)], lanes: Default::default() }
    }

    fn operate(&mut self) {
        let operation = self.bytes.below(8);
        let end = self.bytes.below(2);
        let size = usize::from(self.bytes.byte()).pow(2);
        match operation {
            0..=2 => self.write(end, size),
            3 => self.read(end, size, false),
            4 => self.read(end, size, true),
            5 if size % 8 == 1 => self.shut(end),
            _ => self.advance(),
        }
    }

    fn next(&self) -> Option<Instant> {
        let arrivals = self.lanes.iter().filter_map(|lane| Some(lane.on_way.front()?.at));
        let words = self.lanes.iter().flat_map(|lane| lane.told.iter().map(|(at, _)| *at));
        arrivals.chain(words).min()
    }

    fn write(&mut self, end: usize, size: usize) {
        let ((node, socket), lane) = (self.ends[end], &mut self.lanes[end]);
        let byte = |place: usize| u8::try_from(place % 251).unwrap_or(0);
        let offered: Vec<u8> = (lane.written..lane.written + size).map(byte).collect();
        let mut wire = Wire::new(self.bytes);
        let written = self.net.calls(self.now, node, &mut wire).write(socket, &offered);
        let written = written.map_err(|error| error.kind());
        let room = size.min(WINDOW - lane.unheard);
        let expected = match room {
            _ if lane.is_shut => Err(ErrorKind::BrokenPipe),
            0 if size > 0 => Err(ErrorKind::WouldBlock),
            _ => Ok(room),
        };
        assert_eq!(written, expected, "how much was written");
        let Ok(count @ 1..) = expected else { return };
        lane.written += count;
        lane.unheard += count;
        match lane.on_way.back_mut() {
            // What is written in one instant travels together.
            Some(last) if last.sent == self.now && !last.is_end => last.bytes.extend(&offered[..count]),
            _ => lane.send(self.now, &wire, offered[..count].to_vec(), false),
        }
    }

    fn shut(&mut self, end: usize) {
        let ((node, socket), lane) = (self.ends[end], &mut self.lanes[end]);
        let mut wire = Wire::new(self.bytes);
        let shut = self.net.calls(self.now, node, &mut wire).shutdown(socket, Shutdown::Write);
        if !lane.is_shut {
            assert!(shut.is_ok(), "{shut:?}");
            lane.is_shut = true;
            lane.send(self.now, &wire, Vec::new(), true);
        }
    }

    fn read(&mut self, end: usize, size: usize, peek: bool) {
        let ((node, socket), lane) = (self.ends[end], &mut self.lanes[1 - end]);
        let mut buffer = vec![0; size];
        let read = self.net.calls(self.now, node, &mut Wire::new(self.bytes)).read(socket, &mut buffer, peek);
        let count = size.min(lane.arrived.len());
        let expected = match lane.arrived.len() {
            0 if lane.has_ended => Ok(0),
            0 => Err(ErrorKind::WouldBlock),
            _ => Ok(count),
        };
        assert_eq!(read.map_err(|error| error.kind()), expected, "how much was read");
        assert!(buffer.iter().zip(&lane.arrived).take(count).all(|(read, byte)| read == byte), "what was read");
        if peek {
            return;
        }
        lane.arrived.drain(..count);
        lane.read_since += count;
        if lane.read_since >= WORTH_TELLING {
            lane.told.push((self.now + LATENCY, std::mem::take(&mut lane.read_since)));
        }
    }

    /// Time goes on to where something happens next, and all happens that is due then.
    fn advance(&mut self) {
        let Some(next) = self.next() else { return };
        self.now = next;
        self.net.advance(next, &mut Wire::new(self.bytes));
        for lane in &mut self.lanes {
            while lane.on_way.front().is_some_and(|segment| segment.at <= next) {
                let segment = lane.on_way.pop_front().expect("there is one");
                lane.arrived.extend(segment.bytes);
                lane.has_ended |= segment.is_end;
            }
            let heard: usize = lane.told.iter().filter(|(at, _)| *at <= next).map(|(_, count)| count).sum();
            lane.told.retain(|(at, _)| *at > next);
            lane.unheard -= heard;
        }
    }
}

impl Lane {
    /// Nothing overtakes what was sent before.
    fn send(&mut self, now: Instant, wire: &Wire<'_, '_>, bytes: Vec<u8>, is_end: bool) {
        let verdict = wire.carried.last().expect("the wire was asked");
        let again = if verdict.fate == Fate::Lost { SENT_AGAIN } else { Duration::ZERO };
        let at = (now + verdict.delay + again).max(self.on_way.back().map_or(now, |last| last.at));
        self.on_way.push_back(Segment { at, sent: now, bytes, is_end });
    }
}
