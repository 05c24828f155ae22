//! The kernel of one node at one moment: the calls of a program, sorted to where they belong.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::task::Waker;

use super::connection::other;
use super::hosts::Hosts;
use super::stream::not_a_socket;
use super::waiters::{Out, Waiters};
use super::{Moment, Net, NodeId, Socket};
use crate::kernel::{Interest, Kernel, Others, SocketId, StreamOption, Wakers};

/// The [`Kernel`] of a node; see [`Net::calls`].
pub struct Calls<'a> {
    pub(super) net: &'a mut Net,
    pub(super) node: NodeId,
    pub(super) moment: Moment<'a>,
}

impl std::fmt::Debug for Calls<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").field("node", &self.node).field("now", &self.moment.now).finish_non_exhaustive()
    }
}

impl Calls<'_> {
    fn is_ready(&mut self, socket: SocketId, interest: Interest) -> bool {
        match (self.net.sockets.get(socket.0), interest) {
            (Some(Socket::Listener(listener)), Interest::Read) => listener.has_connection(),
            (Some(Socket::Datagram(datagram)), Interest::Read) => datagram.is_readable(),
            (Some(Socket::Stream { connection, end }), interest) => {
                self.net.connections.get(*connection).is_none_or(|connection| match interest {
                    Interest::Read => connection.is_readable(*end),
                    Interest::Write => connection.is_writable(*end),
                })
            }
            (Some(_), Interest::Write) | (None, _) => true,
        }
    }

    fn waiters(&mut self, socket: SocketId, interest: Interest) -> Option<(&mut Waiters, &mut Out)> {
        let waiters = match (self.net.sockets.get_mut(socket.0)?, interest) {
            (Socket::Listener(listener), _) => &mut listener.waiters,
            (Socket::Datagram(datagram), _) => &mut datagram.reader,
            (&mut Socket::Stream { connection, end }, interest) => {
                let end = self.net.connections.get_mut(connection)?.end(end);
                match interest {
                    Interest::Read => &mut end.reader,
                    Interest::Write => &mut end.writer,
                }
            }
        };
        Some((waiters, &mut self.net.out))
    }
}

impl Kernel for Calls<'_> {
    fn listen(&mut self, address: SocketAddr, backlog: u32) -> io::Result<SocketId> {
        self.net.listen(self.node, address, backlog)
    }

    fn accept(&mut self, listener: SocketId) -> io::Result<(SocketId, SocketAddr)> {
        self.net.accept(listener)
    }

    fn connect(&mut self, peer: SocketAddr) -> io::Result<SocketId> {
        self.net.connect(self.node, peer, &mut self.moment)
    }

    fn connected(&mut self, stream: SocketId) -> io::Result<()> {
        self.net.connected(stream)
    }

    fn read(&mut self, stream: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
        self.net.read(stream, buffer, peek, &mut self.moment)
    }

    fn write(&mut self, stream: SocketId, bytes: &[u8]) -> io::Result<usize> {
        self.net.write(stream, bytes, &mut self.moment)
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> io::Result<()> {
        self.net.shutdown(stream, how, &mut self.moment)
    }

    fn set_option(&mut self, stream: SocketId, option: StreamOption) -> io::Result<()> {
        let (_, end, connection) = self.net.stream(stream)?;
        match option {
            StreamOption::NoDelay(on) => connection.end(end).nodelay = on,
            StreamOption::ResetOnClose(on) => connection.end(end).reset_on_close = on,
        }
        Ok(())
    }

    fn nodelay(&mut self, stream: SocketId) -> io::Result<bool> {
        self.net.stream(stream).map(|(_, end, connection)| connection.end(end).nodelay)
    }

    fn bind_datagram(&mut self, address: SocketAddr) -> io::Result<SocketId> {
        self.net.bind_datagram(self.node, address)
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> io::Result<()> {
        self.net.connect_datagram(socket, peer)
    }

    fn send(&mut self, socket: SocketId, bytes: &[u8], to: Option<SocketAddr>) -> io::Result<usize> {
        self.net.send(socket, bytes, to, &mut self.moment)
    }

    fn receive(&mut self, socket: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<(usize, SocketAddr)> {
        self.net.receive(socket, buffer, peek)
    }

    fn local_address(&mut self, socket: SocketId) -> io::Result<SocketAddr> {
        match self.net.sockets.get(socket.0) {
            Some(Socket::Listener(listener)) => Ok(listener.address),
            Some(Socket::Datagram(datagram)) => Ok(datagram.address),
            Some(Socket::Stream { .. }) => {
                self.net.stream(socket).map(|(_, end, connection)| connection.end(end).address)
            }
            None => Err(not_a_socket()),
        }
    }

    fn peer_address(&mut self, socket: SocketId) -> io::Result<SocketAddr> {
        if let Some(Socket::Datagram(datagram)) = self.net.sockets.get(socket.0) {
            return datagram.peer().ok_or_else(|| ErrorKind::NotConnected.into());
        }
        let (_, end, connection) = self.net.stream(socket)?;
        if connection.end(end).phase == super::connection::Phase::Open {
            Ok(connection.end(other(end)).address)
        } else {
            Err(ErrorKind::NotConnected.into())
        }
    }

    fn take_error(&mut self, socket: SocketId) -> io::Result<Option<io::Error>> {
        if let Some(Socket::Datagram(datagram)) = self.net.sockets.get_mut(socket.0) {
            return Ok(datagram.error.take().map(Into::into));
        }
        self.net.stream(socket).map(|(_, end, connection)| connection.end(end).error.take().map(Into::into))
    }

    fn lookup(&mut self, name: &str) -> io::Result<Vec<IpAddr>> {
        if name == "localhost" {
            return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        }
        match self.net.hosts.find(name) {
            Some(node) => Ok(vec![Hosts::address(node)]),
            None => {
                Err(io::Error::new(ErrorKind::NotFound, format!("failed to look up `{name}`: no node has that name")))
            }
        }
    }

    fn close(&mut self, socket: SocketId) {
        self.net.close(socket, &mut self.moment);
    }

    fn is_waiting(&mut self, socket: SocketId, interest: Interest, waker: &Waker) -> bool {
        self.waiters(socket, interest).is_some_and(|(waiters, _)| waiters.has(waker))
    }

    fn wait(&mut self, socket: SocketId, interest: Interest, others: Others, waker: Waker) {
        if self.is_ready(socket, interest) {
            self.net.out.wake.push(waker);
            return;
        }
        if self.net.remembers {
            self.net.waits.push((socket, interest));
        }
        let follows = self.net.follows;
        match self.waiters(socket, interest) {
            Some((waiters, out)) => {
                if follows {
                    waiters.follow(socket, interest);
                }
                waiters.add(waker, others, out);
            }
            None => self.net.out.wake.push(waker),
        }
    }

    fn wait_briefly(&mut self, waker: Waker) {
        self.net.out.wake.push(waker);
    }

    fn take_wakers(&mut self) -> Wakers {
        self.net.take_wakers()
    }
}
