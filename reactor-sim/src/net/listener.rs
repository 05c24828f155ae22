//! Sockets that listen, on a port or on a path: what they are bound to, and who waits to be accepted.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::hosts::Protocol;
use super::lane::Item;
use super::paths::Paths;
use super::waiters::Waiters;
use super::{Moment, Net, NodeId, Socket};
use crate::address::Address;
use crate::disk::InodeId;
use crate::kernel::{Interest, SocketId};
use crate::slab::Key;

/// A socket that listens.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) node: NodeId,
    pub(super) bound: Bound,
    backlog: u32,
    /// Connections that wait to be accepted, oldest first.
    pub(super) queue: VecDeque<Key>,
    /// Connections that were granted, of which the other side has not been heard since.
    pub(super) embryos: u32,
    pub(super) waiters: Waiters,
}

/// What a listener is bound to.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Port(SocketAddr),
    /// A file that was made for it. Its names may change; that which it was made with is its address for ever.
    Path(Arc<Path>, InodeId),
}

impl Listener {
    fn new(node: NodeId, bound: Bound, backlog: u32) -> Self {
        Self { node, bound, backlog, queue: VecDeque::new(), embryos: 0, waiters: Waiters::default() }
    }

    /// Linux lets one more wait than was asked for.
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() + self.embryos as usize > self.backlog as usize
    }

    pub(super) fn has_connection(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(super) fn address(&self) -> Address {
        match &self.bound {
            Bound::Port(address) => Address::Internet(*address),
            Bound::Path(path, _) => Address::Path(Some(Arc::clone(path))),
        }
    }
}

pub(super) fn not_a_socket() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "the socket is gone: it was closed, or its node crashed")
}

pub(super) fn wrong_kind() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "the socket is of another kind")
}

impl Net {
    pub(super) fn listen(&mut self, node: NodeId, address: SocketAddr, backlog: u32) -> io::Result<SocketId> {
        let listener = Listener::new(node, Bound::Port(address), backlog);
        let socket = SocketId(self.sockets.insert(Socket::Listener(Box::new(listener))));
        match self.hosts.bind(node, Protocol::Stream, address, socket) {
            Ok(bound) => {
                if let Some(Socket::Listener(listener)) = self.sockets.get_mut(socket.0) {
                    listener.bound = Bound::Port(bound);
                }
                Ok(socket)
            }
            Err(error) => {
                self.sockets.remove(socket.0);
                Err(error)
            }
        }
    }

    /// Listens on a path, of which a file is made: that names the socket from now on, wherever it is moved.
    pub(super) fn listen_on_path(
        &mut self,
        node: NodeId,
        path: &Arc<Path>,
        backlog: u32,
        paths: &mut dyn Paths,
    ) -> io::Result<SocketId> {
        let inode = paths.make_socket(path)?;
        let listener = Listener::new(node, Bound::Path(Arc::clone(path), inode), backlog);
        let socket = SocketId(self.sockets.insert(Socket::Listener(Box::new(listener))));
        self.bound.insert((node, inode), socket);
        Ok(socket)
    }

    pub(super) fn accept(&mut self, socket: SocketId) -> io::Result<(SocketId, Address)> {
        let listener = match self.sockets.get_mut(socket.0) {
            Some(Socket::Listener(listener)) => listener,
            Some(_) => return Err(wrong_kind()),
            None => return Err(not_a_socket()),
        };
        if listener.waiters.tries_late(self.out.now, self.late_after) {
            self.late.push((socket, Interest::Read));
        }
        let key = listener.queue.pop_front().ok_or(ErrorKind::WouldBlock)?;
        if let Bound::Path(..) = listener.bound {
            return Ok((self.accept_local(key), Address::Path(None)));
        }
        let accepted = SocketId(self.sockets.insert(Socket::Stream { connection: key, end: 1 }));
        let connection = self.connections.get_mut(key).expect("a queued connection exists");
        let end = connection.end(1);
        (end.socket, end.queued) = (Some(accepted), false);
        Ok((accepted, Address::Internet(connection.end(0).address)))
    }

    /// Closes a listener, and resets who waits to be accepted. The file of a path stays.
    pub(super) fn close_listener(&mut self, socket: SocketId, listener: Listener, moment: &mut Moment<'_>) {
        match listener.bound {
            Bound::Port(address) => {
                self.hosts.release(listener.node, Protocol::Stream, address, socket);
                listener.queue.into_iter().for_each(|key| self.refuse_queued(key, moment));
            }
            Bound::Path(_, inode) => {
                self.bound.remove(&(listener.node, inode));
                listener.queue.into_iter().for_each(|key| self.leave_local(key, 1));
            }
        }
    }

    fn refuse_queued(&mut self, key: Key, moment: &mut Moment<'_>) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let alive = !connection.end(1).is_over();
        (connection.end(1).phase, connection.end(1).queued) = (super::connection::Phase::Dead, false);
        if alive {
            self.send_item(key, 1, Item::Reset, moment);
        }
        self.reap(key);
    }
}
