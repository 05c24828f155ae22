//! The kernel of one node at one moment: the calls of a program, sorted to where they belong.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::path::Path;
use std::task::Waker;

use super::connection::other;
use super::hosts::Hosts;
use super::listener::not_a_socket;
use super::paths::{Nowhere, Paths};
use super::waiters::{Out, Waiters};
use super::{Moment, Net, NodeId, Socket};
use crate::address::Address;
use crate::kernel::{Interest, Kernel, Others, SocketId, StreamOption, WaitId, Wakers};
use crate::slab::Key;

/// The [`Kernel`] of a node; see [`Net::calls`].
///
/// ```
/// use std::io::ErrorKind;
/// use std::net::SocketAddr;
/// use reveille_reactor::net::{Calls, Net};
/// use reveille_reactor::{Address, Instant, Kernel};
#[doc = include_str!("../../doc/plain.txt")]
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let port = Address::from("0.0.0.0:80".parse::<SocketAddr>().unwrap());
/// for node in [net.node("one"), net.node("two")] {
///     let mut kernel: Calls<'_> = net.calls(Instant::ZERO, node, &mut plain);
///     kernel.listen(&port, 16)?; // each node has ports of its own
///     assert_eq!(kernel.listen(&port, 16).unwrap_err().kind(), ErrorKind::AddrInUse);
/// }
/// # std::io::Result::Ok(())
/// ```
pub struct Calls<'a> {
    pub(super) net: &'a mut Net,
    pub(super) node: NodeId,
    pub(super) moment: Moment<'a>,
    /// What the paths of Unix sockets mean. Without it there are none.
    pub(super) paths: Option<&'a mut dyn Paths>,
}

impl std::fmt::Debug for Calls<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").field("node", &self.node).field("now", &self.moment.now).finish_non_exhaustive()
    }
}

impl<'a> Calls<'a> {
    /// The same, with files for Unix sockets to be bound to: those of the node's disk.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use reveille_executor::{Choose, Point};
    /// use reveille_reactor::disk::Disk;
    /// use reveille_reactor::net::{Honest, Net};
    /// use reveille_reactor::{Address, Instant, Kernel};
    ///
    /// # struct Dullest;
    /// # impl Choose for Dullest {
    /// #     fn choose(&mut self, _: Point<'_>) -> u32 { 0 }
    /// # }
    /// # fn main() -> std::io::Result<()> {
    /// let (mut net, mut disk) = (Net::default(), Disk::default());
    /// let node = net.node("main");
    /// let mut honest = Honest { choose: &mut Dullest };
    /// let mut kernel = net.calls(Instant::ZERO, node, &mut honest).with_paths(&mut disk);
    ///
    /// let path = Address::from(Path::new("/echo"));
    /// let listener = kernel.listen(&path, 16)?;
    /// let client = kernel.connect(&path)?;
    /// kernel.write(client, b"hello")?;
    /// let (server, _) = kernel.accept(listener)?;
    /// let mut buffer = [0; 16];
    /// assert_eq!(kernel.read(server, &mut buffer, false)?, 5); // there at once
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_paths(mut self, paths: &'a mut dyn Paths) -> Self {
        self.paths = Some(paths);
        self
    }
}

impl Calls<'_> {
    /// The connection and the end that `socket` is, if it is a Unix socket.
    #[inline]
    fn local(&self, socket: SocketId) -> Option<(Key, u8)> {
        match self.net.sockets.get(socket.0) {
            Some(&Socket::Local { connection, end }) => Some((connection, end)),
            _ => None,
        }
    }

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
            (Some(Socket::Local { connection, end }), interest) => {
                self.net.locals.get(*connection).is_none_or(|local| match interest {
                    Interest::Read => local.is_readable(*end),
                    Interest::Write => local.is_writable(*end),
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
            (&mut Socket::Local { connection, end }, interest) => {
                let end = self.net.locals.get_mut(connection)?.end(end);
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
    fn listen(&mut self, address: &Address, backlog: u32) -> io::Result<SocketId> {
        match address {
            Address::Internet(address) => self.net.listen(self.node, *address, backlog),
            Address::Path(Some(path)) => {
                check_length(path)?;
                let paths: &mut dyn Paths = match &mut self.paths {
                    Some(paths) => *paths,
                    None => &mut Nowhere,
                };
                self.net.listen_on_path(self.node, path, backlog, paths)
            }
            Address::Path(None) => Err(ErrorKind::InvalidInput.into()),
        }
    }

    fn accept(&mut self, listener: SocketId) -> io::Result<(SocketId, Address)> {
        self.net.accept(listener)
    }

    fn connect(&mut self, peer: &Address) -> io::Result<SocketId> {
        match peer {
            Address::Internet(peer) => self.net.connect(self.node, *peer, &mut self.moment),
            Address::Path(Some(path)) => {
                check_length(path)?;
                let paths: &mut dyn Paths = match &mut self.paths {
                    Some(paths) => *paths,
                    None => &mut Nowhere,
                };
                self.net.connect_local(self.node, path, paths)
            }
            Address::Path(None) => Err(ErrorKind::InvalidInput.into()),
        }
    }

    fn pair(&mut self) -> io::Result<(SocketId, SocketId)> {
        Ok(self.net.pair(self.node))
    }

    fn connected(&mut self, stream: SocketId) -> io::Result<()> {
        match self.local(stream) {
            Some((key, end)) => self.net.take_local_error(key, end)?.map_or(Ok(()), Err),
            None => self.net.connected(stream),
        }
    }

    fn read(&mut self, stream: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
        match self.local(stream) {
            Some(end) => self.net.read_local(stream, end, buffer, peek),
            None => self.net.read(stream, buffer, peek, &mut self.moment),
        }
    }

    fn write(&mut self, stream: SocketId, bytes: &[u8]) -> io::Result<usize> {
        match self.local(stream) {
            Some(end) => self.net.write_local(stream, end, bytes),
            None => self.net.write(stream, bytes, &mut self.moment),
        }
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> io::Result<()> {
        match self.local(stream) {
            Some((key, end)) => self.net.shut_down_local(key, end, how),
            None => self.net.shutdown(stream, how, &mut self.moment),
        }
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

    fn local_address(&mut self, socket: SocketId) -> io::Result<Address> {
        match self.net.sockets.get(socket.0) {
            Some(Socket::Listener(listener)) => Ok(listener.address()),
            Some(Socket::Datagram(datagram)) => Ok(Address::Internet(datagram.address)),
            Some(Socket::Stream { .. }) => {
                self.net.stream(socket).map(|(_, end, connection)| Address::Internet(connection.end(end).address))
            }
            Some(&Socket::Local { connection, end }) => Ok(self.net.local(connection)?.end(end).address()),
            None => Err(not_a_socket()),
        }
    }

    fn peer_address(&mut self, socket: SocketId) -> io::Result<Address> {
        match self.net.sockets.get(socket.0) {
            Some(Socket::Datagram(datagram)) => {
                return datagram.peer().map(Address::Internet).ok_or_else(|| ErrorKind::NotConnected.into());
            }
            Some(Socket::Listener(_)) => return Err(ErrorKind::NotConnected.into()),
            Some(&Socket::Local { connection, end }) => {
                return Ok(self.net.local(connection)?.end(other(end)).address());
            }
            _ => {}
        }
        let (_, end, connection) = self.net.stream(socket)?;
        if connection.end(end).phase == super::connection::Phase::Open {
            Ok(Address::Internet(connection.end(other(end)).address))
        } else {
            Err(ErrorKind::NotConnected.into())
        }
    }

    fn take_error(&mut self, socket: SocketId) -> io::Result<Option<io::Error>> {
        if let Some(Socket::Datagram(datagram)) = self.net.sockets.get_mut(socket.0) {
            return Ok(datagram.error.take().map(Into::into));
        }
        if let Some((key, end)) = self.local(socket) {
            return self.net.take_local_error(key, end);
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

    fn is_waiting(&mut self, socket: SocketId, interest: Interest, wait: Option<WaitId>, waker: &Waker) -> bool {
        self.waiters(socket, interest).is_some_and(|(waiters, _)| waiters.has(wait, waker))
    }

    fn wait(&mut self, socket: SocketId, interest: Interest, others: Others, waker: Waker) -> Option<WaitId> {
        if self.is_ready(socket, interest) {
            self.net.out.wake.push(waker);
            return None;
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
                waiters.add(waker, others, out)
            }
            None => {
                self.net.out.wake.push(waker);
                None
            }
        }
    }

    fn give_up(&mut self, socket: SocketId, interest: Interest, wait: WaitId) {
        if let Some((waiters, out)) = self.waiters(socket, interest) {
            waiters.give_up(wait, out);
        }
    }

    fn wait_briefly(&mut self, waker: Waker) {
        self.net.out.wake.push(waker);
    }

    fn take_wakers(&mut self) -> Wakers {
        self.net.take_wakers()
    }
}

/// Refuses a path that does not fit into an address, as the standard library does before it asks the system.
fn check_length(path: &Path) -> io::Result<()> {
    /// How long it can be on Linux, with the byte that ends it.
    const PATH_MAX: usize = 108;
    let length = path.as_os_str().len();
    if (1..PATH_MAX).contains(&length) {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "the path of a Unix socket has between 1 and 107 bytes"))
}
