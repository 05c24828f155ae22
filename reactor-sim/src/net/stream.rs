//! TCP: connections, as far as a program can tell.
//!
//! Where a rule is not obvious it is Linux', found out by running the same script on both (`tests/parity`).

use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use super::connection::{Connection, End, Phase, other};
use super::events::What;
use super::fabric::{Content, Fate, Packet};
use super::handshake::free_place;
use super::hosts::{Hosts, Protocol};
use super::lane::{AGAIN, Item, TRIES_MAX, pause};
use super::listener::{not_a_socket, wrong_kind};
use super::{Moment, Net, NodeId, Socket, destination};
use crate::Instant;
use crate::kernel::{Interest, SocketId};
use crate::slab::Key;

/// The calls of a program.
impl Net {
    pub(super) fn connect(&mut self, node: NodeId, peer: SocketAddr, moment: &mut Moment<'_>) -> io::Result<SocketId> {
        let peer = destination(node, peer);
        let target = self.hosts.reached(node, peer.ip());
        let key = self.connections.insert(Connection {
            ends: [End::new(node, peer, Phase::Connecting), End::new(target.unwrap_or_default(), peer, Phase::Dead)],
            lanes: Default::default(),
        });
        let socket = SocketId(self.sockets.insert(Socket::Stream { connection: key, end: 0 }));
        let source = SocketAddr::new(Hosts::source(node, peer.ip()), 0);
        let local = match self.hosts.bind(node, Protocol::Stream, source, socket) {
            Ok(local) => local,
            Err(error) => {
                self.sockets.remove(socket.0);
                self.connections.remove(key);
                // Linux' words for having run out of ports differ between the two calls.
                let kind =
                    if error.kind() == ErrorKind::AddrInUse { ErrorKind::AddrNotAvailable } else { error.kind() };
                return Err(kind.into());
            }
        };
        let end = self.connections.get_mut(key).expect("just made").end(0);
        (end.address, end.socket) = (local, Some(socket));
        match target {
            Some(_) => self.send_item(key, 0, Item::Syn, moment),
            // How long Linux asks around before it says so.
            None => {
                self.events.push(moment.now + Duration::from_secs(3), What::Unreachable { connection: key });
            }
        }
        Ok(socket)
    }

    pub(super) fn stream(&mut self, socket: SocketId) -> io::Result<(Key, u8, &mut Connection)> {
        match self.sockets.get(socket.0) {
            Some(&Socket::Stream { connection: key, end }) => {
                self.connections.get_mut(key).map(|connection| (key, end, connection)).ok_or_else(not_a_socket)
            }
            Some(_) => Err(wrong_kind()),
            None => Err(not_a_socket()),
        }
    }

    pub(super) fn connected(&mut self, socket: SocketId) -> io::Result<()> {
        let (now, late_after) = (self.out.now, self.late_after);
        let (_, end, connection) = self.stream(socket)?;
        let end = connection.end(end);
        if end.writer.tries_late(now, late_after) {
            self.late.push((socket, Interest::Write));
            return self.connected(socket);
        }
        end.report()?;
        match end.phase {
            Phase::Connecting => Err(ErrorKind::WouldBlock.into()),
            Phase::Dead => Err(ErrorKind::NotConnected.into()),
            _ => Ok(()),
        }
    }

    /// What has arrived comes first, also after a reset; then the end of the stream; then an error, once.
    pub(super) fn read(
        &mut self,
        socket: SocketId,
        buffer: &mut [u8],
        peek: bool,
        moment: &mut Moment<'_>,
    ) -> io::Result<usize> {
        let late_after = self.late_after;
        let (key, end, connection) = self.stream(socket)?;
        if connection.end(end).reader.tries_late(moment.now, late_after) {
            self.late.push((socket, Interest::Read));
            return self.read(socket, buffer, peek, moment);
        }
        if connection.into(end).arrived() > 0 {
            let count = connection.into(end).read(buffer, peek);
            if let Some(bytes) = connection.into(end).take_credit() {
                self.tell_credit(key, end, bytes, moment);
            }
            return Ok(count);
        }
        let this = connection.end(end);
        if this.fin_received {
            return Ok(0);
        }
        this.report()?;
        if this.read_shut || this.phase == Phase::Dead { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) }
    }

    pub(super) fn write(&mut self, socket: SocketId, bytes: &[u8], moment: &mut Moment<'_>) -> io::Result<usize> {
        let late_after = self.late_after;
        let (key, end, connection) = self.stream(socket)?;
        let this = connection.end(end);
        if this.writer.tries_late(moment.now, late_after) {
            self.late.push((socket, Interest::Write));
            return self.write(socket, bytes, moment);
        }
        this.report()?;
        if this.write_shut || this.is_over() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if this.phase == Phase::Connecting {
            return Err(ErrorKind::WouldBlock.into());
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        let lane = connection.out(end);
        let count = lane.write(bytes);
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        // What the writer could not be told in a long partition it learns when it needs to.
        let credit = if lane.room() == 0 { lane.take_credit() } else { None };
        if !lane.join_last(moment.now, count as u32) {
            self.send_item(key, end, Item::Data(count as u32), moment);
        }
        if let Some(bytes) = credit {
            self.tell_credit(key, other(end), bytes, moment);
        }
        Ok(count)
    }

    pub(super) fn shutdown(&mut self, socket: SocketId, how: Shutdown, moment: &mut Moment<'_>) -> io::Result<()> {
        let (key, end, connection) = self.stream(socket)?;
        let this = connection.end(end);
        if this.phase != Phase::Open {
            return Err(ErrorKind::NotConnected.into());
        }
        let (reading, writing) = (how != Shutdown::Write, how != Shutdown::Read);
        this.read_shut |= reading;
        let ends_now = writing && !this.write_shut;
        this.write_shut |= writing;
        if let Some(connection) = self.connections.get_mut(key) {
            if reading {
                connection.end(end).reader.wake(&mut self.out);
            }
            if ends_now {
                connection.end(end).writer.wake(&mut self.out);
            }
        }
        if ends_now {
            self.send_item(key, end, Item::Fin, moment);
        }
        Ok(())
    }

    /// Closes one end. Unread bytes, or a wish to that effect, make it a reset.
    pub(super) fn close_stream(&mut self, socket: SocketId, key: Key, end: u8, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let unread = connection.into(end).arrived() > 0;
        connection.into(end).discard_arrived();
        let this = connection.end(end);
        this.socket = None;
        let (node, address, write_shut) = (this.node, this.address, this.write_shut);
        match this.phase {
            Phase::Open if unread || this.reset_on_close => {
                this.phase = Phase::Dead;
                connection.out(end).leave();
                self.send_item(key, end, Item::Reset, moment);
            }
            Phase::Open if !write_shut => {
                this.write_shut = true;
                self.send_item(key, end, Item::Fin, moment);
            }
            Phase::Open => {}
            _ => this.phase = Phase::Dead,
        }
        if end == 0 {
            self.hosts.release(node, Protocol::Stream, address, socket);
        }
        self.reap(key);
    }
}

/// What happens on the way.
impl Net {
    /// Sends `item` from `end`, as the fabric has it.
    pub(super) fn send_item(&mut self, key: Key, end: u8, item: Item, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (from, to) = connection.way(end);
        let latency = self.links.latency(from, to);
        let content = match item {
            Item::Syn | Item::SynAck | Item::Ack => Content::Handshake,
            Item::Data(_) | Item::Fin => Content::Stream,
            Item::Reset => Content::Reset,
        };
        let (delay, fate) = match item {
            // It travels with the first bytes.
            Item::Ack => {
                let packet = Packet { from, to, content, latency, loss: None };
                (latency.saturating_add(moment.fabric.holds_back(&packet)), Fate::Arrives)
            }
            _ => {
                let loss = self.links.loss(from, to);
                let verdict = moment.fabric.carry(&Packet { from, to, content, latency, loss });
                (verdict.delay, verdict.fate)
            }
        };
        let (delay, item) = match fate {
            Fate::Arrives | Fate::Twice => (delay, item),
            Fate::Lost => (delay.saturating_add(AGAIN), item),
            Fate::Torn => (delay, Item::Reset),
        };
        connection.out(end).push(moment.now, delay, item);
        self.schedule(key, end);
        if fate == Fate::Torn && content != Content::Reset {
            self.push_reset(key, other(end), moment);
        }
    }

    /// Sends a reset that nothing interferes with.
    pub(super) fn push_reset(&mut self, key: Key, end: u8, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (from, to) = connection.way(end);
        let latency = self.links.latency(from, to);
        connection.out(end).push(moment.now, latency, Item::Reset);
        self.schedule(key, end);
    }

    /// Sees to it that there is an event for the head of a lane.
    pub(super) fn schedule(&mut self, key: Key, end: u8) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let lane = connection.out(end);
        if let Some(head) = lane.head().filter(|_| !lane.scheduled) {
            lane.scheduled = true;
            self.events.push(head.at, What::Lane { connection: key, end });
        }
    }

    pub(super) fn lane_is_due(&mut self, key: Key, end: u8, moment: &mut Moment<'_>) {
        while let Some(connection) = self.connections.get_mut(key) {
            connection.out(end).scheduled = false;
            let Some(head) = connection.out(end).head() else { break };
            if head.at > moment.now {
                self.schedule(key, end);
                break;
            }
            if connection.out(end).has_tried_enough() {
                connection.out(end).cut_off();
                self.kill(key, end, ErrorKind::TimedOut);
                break;
            }
            let (from, to) = connection.way(end);
            if self.links.is_held(from, to) {
                connection.out(end).scheduled = true;
                self.links.keep(from, to, What::Lane { connection: key, end });
                break;
            }
            if self.links.is_cut(from, to) || self.is_refused_room(key, head.item) {
                self.lost(key, end, moment);
                break;
            }
            connection_pop(&mut self.connections, key, end);
            self.arrive(key, end, head.item, moment);
            if self.links.is_cut(to, from) {
                self.probe_from(key, end, moment.now);
            }
        }
        self.reap(key);
    }

    /// The head of a lane did not get through: it is sent again, if there is still somebody to do that.
    pub(super) fn lost(&mut self, key: Key, end: u8, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if end == 1 && connection.end(0).phase == Phase::Connecting {
            return self.ask_again(key, moment);
        }
        self.forget_embryo_later(key, end, moment.now);
        let Some(connection) = self.connections.get_mut(key) else { return };
        let is_over = connection.end(end).is_over();
        let lane = connection.out(end);
        match lane.head().map(|head| head.item) {
            // Nobody repeats a reset; it is sent again when the other side talks.
            Some(Item::Reset) => lane.give_up(),
            _ if is_over => lane.cut_off(),
            _ => lane.try_again(moment.now),
        }
        self.schedule(key, end);
    }

    /// `item`, sent from `from`, has arrived at the other end.
    fn arrive(&mut self, key: Key, from: u8, item: Item, moment: &mut Moment<'_>) {
        let here = other(from);
        match item {
            Item::Syn => self.asked(key, moment),
            Item::SynAck => self.granted(key, moment),
            Item::Ack => self.acknowledged(key, moment),
            Item::Reset => self.was_reset(key, here),
            Item::Data(_) => self.bytes_arrived(key, here, moment),
            Item::Fin => self.end_arrived(key, here, moment),
        }
    }

    fn bytes_arrived(&mut self, key: Key, here: u8, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let end = connection.end(here);
        let refused = end.is_left() || (end.read_shut && end.write_shut);
        if !refused {
            end.reader.wake(&mut self.out);
            return;
        }
        end.phase = Phase::Dead;
        connection.into(here).discard_arrived();
        connection.out(here).leave();
        self.push_reset(key, here, moment);
    }

    fn end_arrived(&mut self, key: Key, here: u8, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.end(here).is_over() {
            self.push_reset(key, here, moment);
        } else {
            connection.ended(other(here), &mut self.out);
        }
    }

    fn was_reset(&mut self, key: Key, here: u8) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let end = connection.end(here);
        let kind = match end.phase {
            Phase::Connecting => ErrorKind::ConnectionRefused,
            _ if end.fin_received => ErrorKind::BrokenPipe,
            _ => ErrorKind::ConnectionReset,
        };
        self.kill(key, here, kind);
    }

    /// An end is over, with an error that is reported once.
    pub(super) fn kill(&mut self, key: Key, here: u8, kind: ErrorKind) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let end = connection.end(here);
        match std::mem::replace(&mut end.phase, Phase::Dead) {
            Phase::Dead => return,
            Phase::Embryo(listener) => free_place(&mut self.sockets, listener),
            _ => {}
        }
        end.error = Some(kind);
        end.reader.wake(&mut self.out);
        end.writer.wake(&mut self.out);
        // Who gives up a silent peer has not told it: what that sends is still repeated, until it gives up too or is answered by a reset.
        if kind != ErrorKind::TimedOut {
            connection.into(here).cut_off();
        }
        connection.out(here).cut_off();
    }

    pub(super) fn unreachable(&mut self, key: Key) {
        self.kill(key, 0, ErrorKind::HostUnreachable);
        self.reap(key);
    }

    /// Tells the other side that `bytes` have been read.
    fn tell_credit(&mut self, key: Key, reader: u8, bytes: u32, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (from, to) = connection.way(reader);
        let at = moment.now + self.links.latency(from, to);
        self.events.push(at, What::Credit { connection: key, end: other(reader), tries: 0, bytes });
    }

    /// A link was cut just now: who waits for room behind it probes. Before, every answer would have been no.
    pub(super) fn probe(&mut self, now: Instant, from: NodeId, to: NodeId) {
        for key in self.connections.keys() {
            for end in 0..2 {
                let way = self.connections.get(key).map(|connection| connection.way(end));
                if way == Some((from, to)) || way == Some((to, from)) {
                    self.probe_from(key, end, now);
                }
            }
        }
    }

    /// If end `end` waits for room, and has nothing on its way that could be lost, it asks whether there is any, as a kernel probes a
    /// window that is closed. To be called where the answer may not get through.
    fn probe_from(&mut self, key: Key, end: u8, now: Instant) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.out(end).room() == 0 && connection.out(end).is_idle() {
            self.events.push(now + AGAIN, What::Credit { connection: key, end, tries: 1, bytes: 0 });
        }
    }

    /// End `end` is told that so many bytes have been read, after so many tries. While that does not get through it asks, as often
    /// as it repeats what was lost; then the time is up in the same way, or, if there is room, nobody asks until there is none.
    pub(super) fn credit(&mut self, key: Key, end: u8, (tries, bytes): (u8, u32), moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (to, from) = connection.way(end);
        // Who asks has to be heard as well.
        let is_cut = self.links.is_cut(from, to) || (bytes == 0 && self.links.is_cut(to, from));
        // The last wait is for an answer to the last try.
        let is_last = u32::from(tries) > TRIES_MAX;
        if connection.end(end).is_over() {
            return;
        }
        if self.links.is_held(from, to) && !is_last {
            self.links.keep(from, to, What::Credit { connection: key, end, tries, bytes });
        } else if is_cut || is_last {
            let has_room = connection.out(end).room() > 0;
            if has_room && (is_last || bytes == 0) {
                // Nobody waits for it. What goes on for ever would hide that a run is stuck.
                connection.out(end).take_credit_back(bytes);
                return;
            }
            if is_last {
                self.kill(key, end, ErrorKind::TimedOut);
                self.reap(key);
                return;
            }
            let again = What::Credit { connection: key, end, tries: tries + 1, bytes };
            self.events.push(moment.now + pause(AGAIN, tries.into()), again);
        } else if tries > 0 && connection.end(other(end)).is_left() {
            // Who asks finds nobody there.
            self.push_reset(key, other(end), moment);
        } else if bytes > 0 {
            connection.out(end).credit(bytes);
            connection.end(end).writer.wake(&mut self.out);
        }
    }

    /// Drops a connection that nobody can learn anything of.
    pub(super) fn reap(&mut self, key: Key) {
        if self.connections.get(key).is_some_and(Connection::is_forgotten) {
            self.connections.remove(key);
        }
    }
}

fn connection_pop(connections: &mut crate::slab::Slab<Connection>, key: Key, end: u8) {
    if let Some(connection) = connections.get_mut(key) {
        connection.out(end).pop();
    }
}
