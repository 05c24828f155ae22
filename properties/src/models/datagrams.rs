//! The link of datagrams, as a list of what is on its way and a list of what has arrived.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::Duration;

use reveille_reactor::net::{Fate, Net, NodeId};
use reveille_reactor::{Instant, Kernel, SocketId};

use super::Bytes;
use super::wire::Wire;

/// The usual time of the link.
const LATENCY: Duration = Duration::from_millis(1);
/// What a receiver keeps; the rest is lost.
const KEPT_MAX: usize = 208 * 1024;

/// A link and its model.
struct Pair<'a, 'b> {
    bytes: &'a mut Bytes<'b>,
    net: Net,
    now: Instant,
    ends: [(NodeId, SocketId); 2],
    /// When it arrives, and what it is; in the order in which they were sent.
    on_way: Vec<(Instant, Vec<u8>)>,
    arrived: VecDeque<Vec<u8>>,
    is_cut: bool,
    sent: usize,
}

/// Makes the operations that `bytes` say on the simulated network and on two lists, and compares what can be seen after each:
/// datagrams that are sent, lost, doubled, delayed, cut off; received whole, in part, or only looked at.
///
/// # Panics
/// If they differ.
///
/// ```
/// reveille_properties::models::datagrams_agree(&[0, 9, 0, 0, 6, 3]);
/// ```
pub fn datagrams_agree(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let mut pair = Pair::new(&mut bytes);
    while !pair.bytes.is_empty() {
        pair.operate();
        let next = pair.on_way.iter().map(|(at, ..)| *at).min();
        assert_eq!(pair.net.next_event(), next, "when something arrives next");
    }
}

impl<'a, 'b> Pair<'a, 'b> {
    fn new(bytes: &'a mut Bytes<'b>) -> Self {
        let mut net = Net::default();
        let bind = |net: &mut Net, name, bytes: &mut Bytes<'_>| {
            let node = net.node(name);
            let address = "0.0.0.0:7".parse().expect("it is an address");
            let socket = net.calls(Instant::ZERO, node, &mut Wire::new(bytes)).bind_datagram(address);
            (node, socket.expect("nobody else has the port"))
        };
        let ends = [bind(&mut net, "one", bytes), bind(&mut net, "two", bytes)];
        net.set_latency(ends[0].0, ends[1].0, LATENCY);
        let (on_way, arrived) = (Vec::new(), VecDeque::new());
        Self { bytes, net, now: Instant::ZERO, ends, on_way, arrived, is_cut: false, sent: 0 }
    }

    fn operate(&mut self) {
        match self.bytes.below(8) {
            0..=2 => self.send(),
            3 => self.receive(usize::from(u16::MAX), false),
            4 => {
                let room = usize::from(self.bytes.byte());
                self.receive(room, false);
            }
            5 => self.receive(usize::from(u16::MAX), true),
            6 => self.advance(),
            _ => self.cut(),
        }
    }

    fn send(&mut self) {
        self.sent += 1;
        let length = usize::from(self.bytes.byte()).pow(2);
        let datagram: Vec<u8> = (0..length).map(|at| u8::try_from((at + self.sent) % 251).unwrap_or(0)).collect();
        let [(from, socket), (to, _)] = self.ends;
        let mut wire = Wire::new(self.bytes);
        let sent =
            self.net.calls(self.now, from, &mut wire).send(socket, &datagram, Some((Net::address(to), 7).into()));
        assert_eq!(sent.ok(), Some(length), "what was sent");
        for verdict in wire.carried {
            let first = self.now + verdict.delay;
            let arrivals = match verdict.fate {
                Fate::Twice => vec![first, first + LATENCY],
                Fate::Arrives => vec![first],
                _ => Vec::new(),
            };
            self.on_way.extend(arrivals.into_iter().map(|at| (at, datagram.clone())));
        }
    }

    fn receive(&mut self, room: usize, peek: bool) {
        let [(from, _), (node, socket)] = self.ends;
        let mut buffer = vec![0; room];
        let received = self.net.calls(self.now, node, &mut Wire::new(self.bytes)).receive(socket, &mut buffer, peek);
        let expected = if peek { self.arrived.front().cloned() } else { self.arrived.pop_front() };
        match (received, expected) {
            (Ok((length, source)), Some(datagram)) => {
                assert_eq!(source, (Net::address(from), 7).into(), "whose it is");
                assert_eq!(buffer[..length], datagram[..datagram.len().min(room)], "what was received");
            }
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            (received, expected) => panic!("{received:?} was received in place of {expected:?}"),
        }
    }

    /// Time goes on to where the next arrives, and all arrive that are due then.
    fn advance(&mut self) {
        let Some(next) = self.on_way.iter().map(|(at, ..)| *at).min() else { return };
        self.now = next;
        self.net.advance(next, &mut Wire::new(self.bytes));
        // In the order in which they were sent.
        let (due, later) = self.on_way.drain(..).partition::<Vec<_>, _>(|(at, ..)| *at == next);
        self.on_way = later;
        for (_, datagram) in due {
            let kept: usize = self.arrived.iter().map(Vec::len).sum();
            if !self.is_cut && kept + datagram.len() <= KEPT_MAX {
                self.arrived.push_back(datagram);
            }
        }
    }

    fn cut(&mut self) {
        let [(from, _), (to, _)] = self.ends;
        self.is_cut = !self.is_cut;
        if self.is_cut { self.net.cut(self.now, from, to) } else { self.net.repair(from, to) }
    }
}
