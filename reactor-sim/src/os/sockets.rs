//! All sockets of a reactor: each with the wakers that wait for it, and whether there was an edge since somebody looked.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::task::Waker;
use std::time::Duration;

use mio::net::{TcpStream as MioStream, UdpSocket as MioDatagram};
use mio::{Registry, Token};
use socket2::SockRef;

use super::source::{Source, wrong_kind};
use crate::address::Address;
use crate::kernel::{Interest, Kernel, Others, SocketId, StreamOption, WaitId, Wakers};
use crate::net::waiters::{Out, Waiters};
use crate::slab::Slab;

/// All sockets of a reactor.
#[derive(Debug)]
pub(super) struct Sockets {
    registry: Registry,
    slab: Slab<Entry>,
    out: Out,
}

#[derive(Debug)]
struct Entry {
    source: Source,
    reader: Side,
    writer: Side,
}

/// One direction of one socket.
#[derive(Debug, Default)]
struct Side {
    /// There was an edge since a call last found nothing.
    edge: bool,
    waiters: Waiters,
}

fn stale() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "the socket was closed")
}

impl Sockets {
    pub(super) fn new(registry: Registry) -> Self {
        Self { registry, slab: Slab::default(), out: Out::default() }
    }

    fn add(&mut self, source: Source) -> io::Result<SocketId> {
        let entry = Entry { source, reader: Side::default(), writer: Side::default() };
        let key = self.slab.insert(entry);
        let Some(entry) = self.slab.get_mut(key) else { return Err(stale()) };
        let (source, writes) = entry.source.registered();
        let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
        let interest = if writes { both } else { mio::Interest::READABLE };
        if let Err(error) = self.registry.register(source, Token(key.slot()), interest) {
            self.slab.remove(key);
            return Err(error);
        }
        Ok(SocketId(key))
    }

    pub(super) fn edge(&mut self, token: Token, read: bool, write: bool) {
        let Some(entry) = self.slab.at_slot(token.0) else { return };
        for (side, happened) in [(&mut entry.reader, read), (&mut entry.writer, write)] {
            if happened {
                side.edge = true;
                side.waiters.wake(&mut self.out);
            }
        }
    }

    fn entry(&mut self, socket: SocketId, interest: Option<Interest>) -> io::Result<&mut Source> {
        let entry = self.slab.get_mut(socket.0).ok_or_else(stale)?;
        // What is attempted now sees all that the edge announced.
        match interest {
            Some(Interest::Read) => entry.reader.edge = false,
            Some(Interest::Write) => entry.writer.edge = false,
            None => {}
        }
        Ok(&mut entry.source)
    }

    fn tcp(&mut self, socket: SocketId) -> io::Result<&mut MioStream> {
        match self.entry(socket, None)? {
            Source::Stream { stream, .. } => Ok(stream),
            _ => Err(wrong_kind()),
        }
    }

    fn datagram(&mut self, socket: SocketId, interest: Option<Interest>) -> io::Result<&mut MioDatagram> {
        match self.entry(socket, interest)? {
            Source::Datagram(datagram) => Ok(datagram),
            _ => Err(wrong_kind()),
        }
    }

    fn side(&mut self, socket: SocketId, interest: Interest) -> Option<(&mut Side, &mut Out)> {
        let entry = self.slab.get_mut(socket.0)?;
        let side = match interest {
            Interest::Read => &mut entry.reader,
            Interest::Write => &mut entry.writer,
        };
        Some((side, &mut self.out))
    }
}

impl Kernel for Sockets {
    fn listen(&mut self, address: &Address, backlog: u32) -> io::Result<SocketId> {
        Source::listen(address, backlog).and_then(|source| self.add(source))
    }

    fn accept(&mut self, listener: SocketId) -> io::Result<(SocketId, Address)> {
        let (source, peer) = self.entry(listener, Some(Interest::Read))?.accept()?;
        Ok((self.add(source)?, peer))
    }

    fn connect(&mut self, peer: &Address) -> io::Result<SocketId> {
        Source::connect(peer).and_then(|source| self.add(source))
    }

    fn pair(&mut self) -> io::Result<(SocketId, SocketId)> {
        let (one, other) = Source::pair()?;
        let one = self.add(one)?;
        // The first is closed if there is no room for the second.
        self.add(other).map(|other| (one, other)).inspect_err(|_| self.close(one))
    }

    fn connected(&mut self, stream: SocketId) -> io::Result<()> {
        self.entry(stream, Some(Interest::Write))?.connected()
    }

    fn read(&mut self, stream: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
        self.entry(stream, Some(Interest::Read))?.read(buffer, peek)
    }

    fn write(&mut self, stream: SocketId, bytes: &[u8]) -> io::Result<usize> {
        self.entry(stream, Some(Interest::Write))?.write(bytes)
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> io::Result<()> {
        self.entry(stream, None)?.shutdown(how)
    }

    fn set_option(&mut self, stream: SocketId, option: StreamOption) -> io::Result<()> {
        let stream = self.tcp(stream)?;
        match option {
            StreamOption::NoDelay(on) => stream.set_nodelay(on),
            StreamOption::ResetOnClose(on) => SockRef::from(&*stream).set_linger(on.then_some(Duration::ZERO)),
        }
    }

    fn nodelay(&mut self, stream: SocketId) -> io::Result<bool> {
        self.tcp(stream)?.nodelay()
    }

    fn bind_datagram(&mut self, address: SocketAddr) -> io::Result<SocketId> {
        self.add(Source::Datagram(MioDatagram::bind(address)?))
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> io::Result<()> {
        self.datagram(socket, None)?.connect(peer)
    }

    fn send(&mut self, socket: SocketId, bytes: &[u8], to: Option<SocketAddr>) -> io::Result<usize> {
        let datagram = self.datagram(socket, Some(Interest::Write))?;
        match to {
            Some(to) => datagram.send_to(bytes, to),
            None => datagram.send(bytes),
        }
    }

    fn receive(&mut self, socket: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<(usize, SocketAddr)> {
        let datagram = self.datagram(socket, Some(Interest::Read))?;
        if peek { datagram.peek_from(buffer) } else { datagram.recv_from(buffer) }
    }

    fn local_address(&mut self, socket: SocketId) -> io::Result<Address> {
        self.entry(socket, None)?.local_address()
    }

    fn peer_address(&mut self, socket: SocketId) -> io::Result<Address> {
        self.entry(socket, None)?.peer_address()
    }

    fn take_error(&mut self, socket: SocketId) -> io::Result<Option<io::Error>> {
        self.entry(socket, None)?.take_error()
    }

    fn lookup(&mut self, name: &str) -> io::Result<Vec<IpAddr>> {
        if name == "localhost" {
            return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        }
        Err(io::Error::new(ErrorKind::Unsupported, format!("`{name}` was not looked up: the system's look-up blocks")))
    }

    fn close(&mut self, socket: SocketId) {
        let Some(mut entry) = self.slab.remove(socket.0) else { return };
        entry.reader.waiters.discard(&mut self.out);
        entry.writer.waiters.discard(&mut self.out);
        // The system forgets a closed socket by itself; what it might say against it helps nobody.
        let _ = self.registry.deregister(entry.source.registered().0);
    }

    fn is_waiting(&mut self, socket: SocketId, interest: Interest, wait: Option<WaitId>, waker: &Waker) -> bool {
        self.side(socket, interest).is_some_and(|(side, _)| side.waiters.has(wait, waker))
    }

    fn wait(&mut self, socket: SocketId, interest: Interest, others: Others, waker: Waker) -> Option<WaitId> {
        match self.side(socket, interest) {
            Some((side, out)) if !side.edge => side.waiters.add(waker, others, out),
            _ => {
                self.out.wake.push(waker);
                None
            }
        }
    }

    fn give_up(&mut self, socket: SocketId, interest: Interest, wait: WaitId) {
        if let Some((side, out)) = self.side(socket, interest) {
            side.waiters.give_up(wait, out);
        }
    }

    fn wait_briefly(&mut self, waker: Waker) {
        self.out.wake.push(waker);
    }

    fn take_wakers(&mut self) -> Wakers {
        self.out.take()
    }
}
