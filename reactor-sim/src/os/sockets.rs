//! All sockets of a reactor: each with the wakers that wait for it, and whether it may be ready.
//!
//! Edges are told once, so what they said is kept: a direction may be ready from an edge until a call finds nothing there. A call that
//! finds something takes nothing back, since there may be more of it, for somebody else who is just about to wait.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::task::Waker;
use std::time::Duration;

use mio::event::Event;
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
#[derive(Debug)]
struct Side {
    /// No call has found nothing there since the last edge, or since the socket was made: who tries may succeed.
    may_be_ready: bool,
    /// There was an edge that said that the direction has ended: no other will.
    has_ended: bool,
    /// Who takes or gives less than it is asked for is exhausted.
    less_means_all: bool,
    waiters: Waiters,
}

/// Where a stream that took or gave less than was asked for is known to be exhausted: epoll tells of all that comes later (epoll(7),
/// "Questions and answers", 9). Elsewhere `mio` may want to see a call that has to wait.
///
/// Two reads stop short with more behind: that of a Unix stream where file descriptors were sent along (unix(7), `SCM_RIGHTS`), and one of TCP
/// at the urgent mark (tcp(7)). A mark is told of by an edge, not later than what is behind it, and from then on less does not mean all.
const LESS_MEANS_ALL: bool = cfg!(any(target_os = "linux", target_os = "android"));

impl Side {
    fn new(less_means_all: bool) -> Self {
        Self { may_be_ready: true, has_ended: false, less_means_all, waiters: Waiters::default() }
    }

    /// Looks at what came of a call.
    fn tried<R>(&mut self, result: &io::Result<R>) {
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
            self.may_be_ready = false;
        }
    }

    /// Looks at what came of a call to a stream for so many bytes. Of one that has ended there is the end to be seen yet.
    fn moved(&mut self, result: &io::Result<usize>, length: usize) {
        match result {
            Ok(count) if self.less_means_all && (1..length).contains(count) => self.may_be_ready = self.has_ended,
            result => self.tried(result),
        }
    }
}

/// What an edge says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    happened: bool,
    ends: bool,
    is_urgent: bool,
}

impl Edge {
    /// For who reads, and for who writes.
    pub(super) fn both(event: &Event) -> [Self; 2] {
        let edge = |happened, ends, is_urgent| Self { happened: happened || ends || event.is_error(), ends, is_urgent };
        [
            edge(event.is_readable(), event.is_read_closed(), event.is_priority()),
            edge(event.is_writable(), event.is_write_closed(), false),
        ]
    }
}

fn stale() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "the socket was closed")
}

impl Sockets {
    pub(super) fn new(registry: Registry) -> Self {
        Self { registry, slab: Slab::default(), out: Out::default() }
    }

    fn add(&mut self, source: Source) -> io::Result<SocketId> {
        let is_tcp = matches!(source, Source::Stream { .. });
        let (reader, writer) = (Side::new(LESS_MEANS_ALL && is_tcp), Side::new(LESS_MEANS_ALL));
        let key = self.slab.insert(Entry { source, reader, writer });
        let Some(entry) = self.slab.get_mut(key) else { return Err(stale()) };
        let (source, writes) = entry.source.registered();
        let mut interest = mio::Interest::READABLE;
        if writes {
            interest |= mio::Interest::WRITABLE;
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if is_tcp {
            interest |= mio::Interest::PRIORITY;
        }
        if let Err(error) = self.registry.register(source, Token(key.slot()), interest) {
            self.slab.remove(key);
            return Err(error);
        }
        Ok(SocketId(key))
    }

    /// An edge may be that of a socket whose place another has by now: that one tries in vain.
    pub(super) fn edge(&mut self, token: Token, [read, write]: [Edge; 2]) {
        let Some(entry) = self.slab.at_slot(token.0) else { return };
        for (side, edge) in [(&mut entry.reader, read), (&mut entry.writer, write)] {
            side.less_means_all &= !edge.is_urgent;
            if edge.happened {
                side.may_be_ready = true;
                side.has_ended |= edge.ends;
                side.waiters.wake(&mut self.out);
            }
        }
    }

    /// Takes back a list whose wakers were woken, to be used again.
    pub(super) fn reuse(&mut self, woken: Vec<Waker>) {
        if self.out.wake.capacity() == 0 {
            self.out.wake = woken;
        }
    }

    fn entry(&mut self, socket: SocketId) -> io::Result<&mut Entry> {
        self.slab.get_mut(socket.0).ok_or_else(stale)
    }

    fn source(&mut self, socket: SocketId) -> io::Result<&mut Source> {
        self.entry(socket).map(|entry| &mut entry.source)
    }

    fn tcp(&mut self, socket: SocketId) -> io::Result<&mut MioStream> {
        match self.source(socket)? {
            Source::Stream { stream, .. } => Ok(stream),
            _ => Err(wrong_kind()),
        }
    }

    fn datagram(&mut self, socket: SocketId) -> io::Result<(&mut MioDatagram, &mut Side, &mut Side)> {
        let Entry { source, reader, writer } = self.entry(socket)?;
        match source {
            Source::Datagram(datagram) => Ok((datagram, reader, writer)),
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
        let Entry { source, reader, .. } = self.entry(listener)?;
        let accepted = source.accept();
        reader.tried(&accepted);
        let (source, peer) = accepted?;
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
        let Entry { source, writer, .. } = self.entry(stream)?;
        let connected = source.connected();
        writer.tried(&connected);
        connected
    }

    fn read(&mut self, stream: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
        let Entry { source, reader, .. } = self.entry(stream)?;
        let (length, read) = (buffer.len(), source.read(buffer, peek));
        if peek {
            reader.tried(&read);
        } else {
            reader.moved(&read, length);
        }
        read
    }

    fn write(&mut self, stream: SocketId, bytes: &[u8]) -> io::Result<usize> {
        let Entry { source, writer, .. } = self.entry(stream)?;
        let written = source.write(bytes);
        writer.moved(&written, bytes.len());
        written
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> io::Result<()> {
        self.source(stream)?.shutdown(how)
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
        self.datagram(socket)?.0.connect(peer)
    }

    fn send(&mut self, socket: SocketId, bytes: &[u8], to: Option<SocketAddr>) -> io::Result<usize> {
        let (datagram, _, writer) = self.datagram(socket)?;
        let sent = match to {
            Some(to) => datagram.send_to(bytes, to),
            None => datagram.send(bytes),
        };
        writer.tried(&sent);
        sent
    }

    fn receive(&mut self, socket: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<(usize, SocketAddr)> {
        let (datagram, reader, _) = self.datagram(socket)?;
        let received = if peek { datagram.peek_from(buffer) } else { datagram.recv_from(buffer) };
        reader.tried(&received);
        received
    }

    fn local_address(&mut self, socket: SocketId) -> io::Result<Address> {
        self.source(socket)?.local_address()
    }

    fn peer_address(&mut self, socket: SocketId) -> io::Result<Address> {
        self.source(socket)?.peer_address()
    }

    fn take_error(&mut self, socket: SocketId) -> io::Result<Option<io::Error>> {
        self.source(socket)?.take_error()
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

    fn is_known_to_wait(&mut self, socket: SocketId, interest: Interest) -> bool {
        self.side(socket, interest).is_some_and(|(side, _)| !side.may_be_ready)
    }

    fn is_waiting(&mut self, socket: SocketId, interest: Interest, wait: Option<WaitId>, waker: &Waker) -> bool {
        self.side(socket, interest).is_some_and(|(side, _)| side.waiters.has(wait, waker))
    }

    fn wait(&mut self, socket: SocketId, interest: Interest, others: Others, waker: Waker) -> Option<WaitId> {
        match self.side(socket, interest) {
            Some((side, out)) if !side.may_be_ready => side.waiters.add(waker, others, out),
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
        // Mostly there are none, and the list that is to be used again stays.
        if self.out.is_empty() { Wakers::default() } else { self.out.take() }
    }
}
