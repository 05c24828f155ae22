//! UDP.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use super::events::What;
use super::fabric::{Content, Fate, Packet};
use super::hosts::{Hosts, Protocol};
use super::listener::not_a_socket;
use super::waiters::Waiters;
use super::{Moment, Net, NodeId, Socket, destination};
use crate::kernel::{Interest, SocketId};
use crate::slab::Key;

/// The longest datagram: what an IPv4 packet has room for.
const LENGTH_MAX: usize = 65_507;

/// How many bytes wait to be received at most; what comes on top is lost.
const INBOX_MAX: usize = 208 * 1024;

/// A socket for datagrams.
#[derive(Debug)]
pub(super) struct DatagramSocket {
    pub(super) node: NodeId,
    pub(super) address: SocketAddr,
    peer: Option<SocketAddr>,
    pub(super) inbox: VecDeque<(SocketAddr, Vec<u8>)>,
    inbox_bytes: usize,
    pub(super) error: Option<ErrorKind>,
    pub(super) reader: Waiters,
}

impl DatagramSocket {
    pub(super) fn is_readable(&self) -> bool {
        !self.inbox.is_empty() || self.error.is_some()
    }

    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }
}

/// A datagram on its way.
#[derive(Debug)]
pub(super) struct Datagram {
    link: (NodeId, NodeId),
    sender: SocketId,
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

fn too_long() -> io::Error {
    // What the real kernel says has no kind of its own in the standard library.
    #[cfg(target_os = "linux")]
    return io::Error::from_raw_os_error(90);
    #[cfg(not(target_os = "linux"))]
    return io::Error::new(ErrorKind::InvalidInput, "message too long");
}

fn no_peer() -> io::Error {
    #[cfg(target_os = "linux")]
    return io::Error::from_raw_os_error(89);
    #[cfg(not(target_os = "linux"))]
    return ErrorKind::NotConnected.into();
}

impl Net {
    pub(super) fn datagram_socket(&mut self, socket: SocketId) -> io::Result<&mut DatagramSocket> {
        match self.sockets.get_mut(socket.0) {
            Some(Socket::Datagram(datagram)) => Ok(datagram),
            Some(_) => Err(io::Error::new(ErrorKind::InvalidInput, "the socket is of another kind")),
            None => Err(not_a_socket()),
        }
    }

    pub(super) fn bind_datagram(&mut self, node: NodeId, address: SocketAddr) -> io::Result<SocketId> {
        let datagram = DatagramSocket {
            node,
            address,
            peer: None,
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            error: None,
            reader: Waiters::default(),
        };
        let socket = SocketId(self.sockets.insert(Socket::Datagram(Box::new(datagram))));
        match self.hosts.bind(node, Protocol::Datagram, address, socket) {
            Ok(bound) => {
                self.datagram_socket(socket)?.address = bound;
                Ok(socket)
            }
            Err(error) => {
                self.sockets.remove(socket.0);
                Err(error)
            }
        }
    }

    pub(super) fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> io::Result<()> {
        let datagram = self.datagram_socket(socket)?;
        let (node, peer, before) = (datagram.node, destination(datagram.node, peer), datagram.address);
        datagram.peer = Some(peer);
        if before.ip().is_unspecified() {
            // A socket bound to every address is bound to the one that it talks from, once it has a peer.
            let source = SocketAddr::new(Hosts::source(node, peer.ip()), before.port());
            self.hosts.release(node, Protocol::Datagram, before, socket);
            let bound = self.hosts.bind(node, Protocol::Datagram, source, socket)?;
            self.datagram_socket(socket)?.address = bound;
        }
        Ok(())
    }

    pub(super) fn send(
        &mut self,
        socket: SocketId,
        bytes: &[u8],
        to: Option<SocketAddr>,
        moment: &mut Moment<'_>,
    ) -> io::Result<usize> {
        let datagram = self.datagram_socket(socket)?;
        let node = datagram.node;
        let to = match to.or(datagram.peer) {
            Some(to) => destination(node, to),
            None => return Err(no_peer()),
        };
        if bytes.len() > LENGTH_MAX {
            return Err(too_long());
        }
        if let Some(kind) = datagram.error.take() {
            return Err(kind.into());
        }
        let mut from = datagram.address;
        if from.ip().is_unspecified() {
            from.set_ip(Hosts::source(node, to.ip()));
        }
        // To an address that nobody has, it is sent and lost.
        let Some(target) = self.hosts.reached(node, to.ip()) else { return Ok(bytes.len()) };
        let latency = self.links.latency(node, target);
        let loss = self.links.loss(node, target);
        let packet = Packet { from: node, to: target, content: Content::Datagram, latency, loss };
        let verdict = moment.fabric.carry(&packet);
        let copies = match verdict.fate {
            Fate::Arrives => 1,
            Fate::Twice => 2,
            Fate::Lost | Fate::Torn => 0,
        };
        for copy in 0..copies {
            let mut buffer = self.spare.pop().unwrap_or_default();
            buffer.clear();
            buffer.extend_from_slice(bytes);
            let link = (node, target);
            let datagram = self.datagrams.insert(Datagram { link, sender: socket, from, to, bytes: buffer });
            self.events.push(moment.now + verdict.delay + latency.saturating_mul(copy), What::Datagram { datagram });
        }
        Ok(bytes.len())
    }

    pub(super) fn receive(
        &mut self,
        socket: SocketId,
        buffer: &mut [u8],
        peek: bool,
    ) -> io::Result<(usize, SocketAddr)> {
        let (now, late_after) = (self.out.now, self.late_after);
        let datagram = self.datagram_socket(socket)?;
        if datagram.reader.tries_late(now, late_after) {
            self.late.push((socket, Interest::Read));
            return self.receive(socket, buffer, peek);
        }
        if let Some(kind) = datagram.error.take() {
            return Err(kind.into());
        }
        let (from, bytes) = datagram.inbox.front().ok_or(ErrorKind::WouldBlock)?;
        let (count, from) = (bytes.len().min(buffer.len()), *from);
        buffer[..count].copy_from_slice(&bytes[..count]);
        if !peek && let Some((_, bytes)) = datagram.inbox.pop_front() {
            datagram.inbox_bytes -= bytes.len();
            self.spare.push(bytes);
        }
        Ok((count, from))
    }

    pub(super) fn datagram_arrives(&mut self, key: Key, moment: &mut Moment<'_>) {
        let Some((from, to)) = self.datagrams.get(key).map(|datagram| datagram.link) else { return };
        if self.links.is_held(from, to) {
            self.links.keep(from, to, What::Datagram { datagram: key });
            return;
        }
        let Some(datagram) = self.datagrams.remove(key) else { return };
        if self.links.is_cut(from, to) {
            self.spare.push(datagram.bytes);
            return;
        }
        let Some(receiver) = self.hears(to, &datagram) else {
            let empty = Datagram { bytes: Vec::new(), ..datagram };
            self.spare.push(datagram.bytes);
            let datagram = self.datagrams.insert(empty);
            self.events.push(moment.now + self.links.latency(to, from), What::Unheard { datagram });
            return;
        };
        let Some(Socket::Datagram(receiver)) = self.sockets.get_mut(receiver.0) else { return };
        if receiver.inbox_bytes + datagram.bytes.len() <= INBOX_MAX {
            receiver.inbox_bytes += datagram.bytes.len();
            receiver.inbox.push_back((datagram.from, datagram.bytes));
            receiver.reader.wake(&mut self.out);
        } else {
            self.spare.push(datagram.bytes);
        }
    }

    /// The socket of `node` that a datagram is for. One that has a peer hears nobody else, and for others there is nobody.
    fn hears(&self, node: NodeId, datagram: &Datagram) -> Option<SocketId> {
        let socket = self.hosts.bound(node, Protocol::Datagram, datagram.to)?;
        let Some(Socket::Datagram(receiver)) = self.sockets.get(socket.0) else { return None };
        let wanted = receiver.peer.is_none_or(|peer| peer == datagram.from);
        wanted.then_some(socket)
    }

    /// Whether who sent a datagram that nobody heard is gone: then it is forgotten.
    pub(super) fn has_no_sender(&mut self, key: Key) -> bool {
        let is_there = self.datagrams.get(key).is_some_and(|unheard| self.sockets.get(unheard.sender.0).is_some());
        if !is_there {
            self.datagrams.remove(key);
        }
        !is_there
    }

    /// That nobody heard a datagram is told who sent it, over the link that leads back. Only a socket learns of it whose peer that would
    /// have been.
    pub(super) fn unheard(&mut self, key: Key) {
        let Some((from, to)) = self.datagrams.get(key).map(|datagram| datagram.link) else { return };
        if self.links.is_held(to, from) {
            self.links.keep(to, from, What::Unheard { datagram: key });
            return;
        }
        let Some(Datagram { sender, to: unheard, .. }) = self.datagrams.remove(key) else { return };
        if !self.links.is_cut(to, from)
            && let Some(Socket::Datagram(datagram)) = self.sockets.get_mut(sender.0)
            && datagram.peer == Some(unheard)
        {
            datagram.error = Some(ErrorKind::ConnectionRefused);
            datagram.reader.wake(&mut self.out);
        }
    }
}
