//! How a connection comes about: asked for, granted, acknowledged; and what becomes of it when one of these is lost.
//!
//! Who asks repeats itself until it hears an answer: what was answered and got lost is void, and is answered anew. Who has granted waits
//! for about a minute to hear that this is known (tcp(7), `tcp_syn_retries` and `tcp_synack_retries`).

use std::io::ErrorKind;
use std::time::Duration;

use super::connection::Phase;
use super::events::What;
use super::hosts::Protocol;
use super::lane::Item;
use super::listener::Listener;
use super::{Moment, Net, Socket};
use crate::Instant;
use crate::kernel::SocketId;
use crate::slab::{Key, Slab};

/// How long a handshake that was granted holds its place in the backlog: the answer and five repeats of it, each of which waits twice as
/// long as the one before.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(63);

impl Net {
    /// Whether a connection is asked for at a listener whose backlog is full.
    pub(super) fn is_refused_room(&mut self, key: Key, item: Item) -> bool {
        item == Item::Syn && self.listener_for(key).is_some_and(|(_, listener)| listener.is_full())
    }

    fn listener_for(&mut self, key: Key) -> Option<(SocketId, &mut Listener)> {
        let server = &self.connections.get(key)?.ends[1];
        let socket = self.hosts.bound(server.node, Protocol::Stream, server.address)?;
        match self.sockets.get_mut(socket.0)? {
            Socket::Listener(listener) => Some((socket, listener)),
            _ => None,
        }
    }

    pub(super) fn asked(&mut self, key: Key, moment: &mut Moment<'_>) {
        let answer = match self.listener_for(key) {
            Some((socket, listener)) => {
                listener.embryos += 1;
                self.connections.get_mut(key).expect("it asks").end(1).phase = Phase::Embryo(socket);
                Item::SynAck
            }
            None => Item::Reset,
        };
        self.send_item(key, 1, answer, moment);
    }

    pub(super) fn granted(&mut self, key: Key, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let client = connection.end(0);
        if client.phase != Phase::Connecting {
            // It was dropped meanwhile.
            self.push_reset(key, 0, moment);
            return;
        }
        client.phase = Phase::Open;
        client.writer.wake(&mut self.out);
        client.reader.wake(&mut self.out);
        connection.out(0).was_answered();
        self.send_item(key, 0, Item::Ack, moment);
    }

    pub(super) fn acknowledged(&mut self, key: Key, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let Phase::Embryo(socket) = connection.end(1).phase else { return };
        match self.sockets.get_mut(socket.0) {
            Some(Socket::Listener(listener)) => {
                (connection.end(1).phase, connection.end(1).queued) = (Phase::Open, true);
                listener.embryos -= 1;
                listener.queue.push_back(key);
                listener.waiters.wake(&mut self.out);
            }
            _ => {
                connection.end(1).phase = Phase::Dead;
                self.push_reset(key, 1, moment);
            }
        }
    }

    /// Who asks hears no answer, be it yes or no, and asks again; the answer is void.
    pub(super) fn ask_again(&mut self, key: Key, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.out(1).give_up();
        if let Phase::Embryo(listener) = std::mem::replace(&mut connection.end(1).phase, Phase::Dead) {
            free_place(&mut self.sockets, listener);
        }
        connection.out(0).push(moment.now, Duration::ZERO, Item::Syn);
        self.lost(key, 0, moment);
    }

    /// What `end` sent was lost. If that is the first word of who was granted a connection, or its last one, nothing more may be heard of it.
    pub(super) fn forget_embryo_later(&mut self, key: Key, end: u8, now: Instant) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let is_embryo = end == 0 && matches!(connection.end(1).phase, Phase::Embryo(_));
        let is_news = !connection.out(end).is_repeated() || connection.end(end).is_over();
        if is_embryo && is_news {
            self.events.push(now + FORGOTTEN_AFTER, What::Forgotten { connection: key });
        }
    }

    /// Whether a connection is still one that was granted and not heard of since.
    pub(super) fn is_embryo(&self, key: Key) -> bool {
        self.connections.get(key).is_some_and(|connection| matches!(connection.ends[1].phase, Phase::Embryo(_)))
    }

    /// Who was granted a connection has not been heard of for too long. It is not told: what it sends is answered by a reset, and if it sends
    /// nothing it hears nothing.
    pub(super) fn forgotten(&mut self, key: Key) {
        self.kill(key, 1, ErrorKind::TimedOut);
        if let Some(connection) = self.connections.get_mut(key) {
            connection.out(0).drop_ack();
        }
        self.schedule(key, 0);
        self.reap(key);
    }
}

/// A handshake leaves the backlog of its listener, if there is still one.
pub(super) fn free_place(sockets: &mut Slab<Socket>, listener: SocketId) {
    if let Some(Socket::Listener(listener)) = sockets.get_mut(listener.0) {
        listener.embryos -= 1;
    }
}
