//! The operating system's kernel behind the same calls as the simulated one (feature `os`).
//!
//! [`Os`] is a reactor over epoll, kqueue or what `mio` finds: sockets register once, edges set a bit per direction and wake who
//! waits for it. Whoever calls [`turn`](Os::turn) drives it: a loop between the polls of an executor, or a thread.
//! [`block_on`](Os::block_on) is such a loop for one future.
//!
//! ```
//! use reveille_reactor::os::{Os, TcpListener, TcpStream};
//!
//! # fn main() -> std::io::Result<()> {
//! let os = Os::new()?;
//! let listener = TcpListener::bind_in(os.clone(), "127.0.0.1:0", 16)?;
//! os.block_on(async {
//!     let client = TcpStream::connect_in(os.clone(), listener.local_addr()?).await?;
//!     let (server, peer) = listener.accept().await?;
//!     assert_eq!((peer, server.local_addr()?), (client.local_addr()?, client.peer_addr()?));
//!     std::io::Result::Ok(())
//! })
//! # }
//! ```
//!
//! Deliberately absent: look-ups, which block (`lookup` knows `localhost` only), and a global instance.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use mio::net::{TcpListener as MioListener, TcpStream as MioStream, UdpSocket as MioDatagram};
use mio::{Registry, Token};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::kernel::{Interest, Kernel, Others, SocketId, StreamOption, Wakers};
use crate::net::waiters::{Out, Waiters};
use crate::slab::Slab;
use crate::socket::Handle;

/// A connection of the operating system.
pub type TcpStream = crate::socket::TcpStream<Os>;
/// A listener of the operating system.
pub type TcpListener = crate::socket::TcpListener<Os>;
/// A datagram socket of the operating system.
pub type UdpSocket = crate::socket::UdpSocket<Os>;

/// The token of the reactor's own waker.
const WAKE: Token = Token(usize::MAX);

/// A handle to the operating system's sockets. See the [module's example](self).
#[derive(Clone, Debug)]
pub struct Os(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Held while waiting for edges; never together with a call of a program.
    poll: Mutex<mio::Poll>,
    sockets: Mutex<Sockets>,
    waker: mio::Waker,
}

/// The state is consistent between calls, and a call that panicked has changed nothing half.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Os {
    /// A reactor without sockets.
    ///
    /// # Errors
    /// If the system refuses one.
    pub fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = mio::Waker::new(poll.registry(), WAKE)?;
        let sockets = Sockets { registry, slab: Slab::default(), out: Out::default() };
        Ok(Self(Arc::new(Shared { poll: Mutex::new(poll), sockets: Mutex::new(sockets), waker })))
    }

    /// Waits for edges, for `timeout` at the longest, and wakes whom they concern.
    ///
    /// # Errors
    /// If waiting fails; an interrupted wait is none.
    pub fn turn(&self, timeout: Option<Duration>) -> io::Result<()> {
        let mut events = mio::Events::with_capacity(256);
        match lock(&self.0.poll).poll(&mut events, timeout) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let wakers = {
            let mut sockets = lock(&self.0.sockets);
            for event in &events {
                let ended = event.is_error();
                let (read, write) = (event.is_readable() || ended, event.is_writable() || ended);
                sockets.edge(event.token(), read, write);
            }
            sockets.take_wakers()
        };
        wakers.wake.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Runs `future` to its end, waiting for edges while it waits.
    ///
    /// # Panics
    /// If waiting for edges fails.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let alarm = Arc::new(Alarm { rung: AtomicBool::new(true), os: self.clone() });
        let waker = Waker::from(Arc::clone(&alarm));
        let mut future = pin!(future);
        loop {
            if alarm.rung.swap(false, Ordering::Acquire)
                && let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return output;
            }
            if !alarm.rung.load(Ordering::Acquire) {
                self.turn(None).expect("waiting for edges works");
            }
        }
    }
}

/// The waker of [`Os::block_on`].
struct Alarm {
    rung: AtomicBool,
    os: Os,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::Release) {
            // A reactor that cannot be woken is one that is being turned.
            let _ = self.os.0.waker.wake();
        }
    }
}

impl Handle for Os {
    fn with<R>(&self, call: impl FnOnce(&mut dyn Kernel) -> R) -> Option<R> {
        let mut sockets = lock(&self.0.sockets);
        let result = call(&mut *sockets);
        let wakers = sockets.take_wakers();
        drop(sockets);
        wakers.wake.into_iter().for_each(Waker::wake);
        Some(result)
    }
}

/// All sockets of a reactor.
#[derive(Debug)]
struct Sockets {
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

#[derive(Debug)]
enum Source {
    Listener(MioListener),
    Stream { stream: MioStream, connecting: bool },
    Datagram(MioDatagram),
}

fn stale() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "the socket was closed")
}

fn wrong_kind() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "the socket is of another kind")
}

impl Sockets {
    fn add(&mut self, source: Source) -> io::Result<SocketId> {
        let entry = Entry { source, reader: Side::default(), writer: Side::default() };
        let key = self.slab.insert(entry);
        let Some(entry) = self.slab.get_mut(key) else { return Err(stale()) };
        let (token, both) = (Token(key.slot()), mio::Interest::READABLE | mio::Interest::WRITABLE);
        let registered = match &mut entry.source {
            Source::Listener(listener) => self.registry.register(listener, token, mio::Interest::READABLE),
            Source::Stream { stream, .. } => self.registry.register(stream, token, both),
            Source::Datagram(datagram) => self.registry.register(datagram, token, both),
        };
        if let Err(error) = registered {
            self.slab.remove(key);
            return Err(error);
        }
        Ok(SocketId(key))
    }

    fn edge(&mut self, token: Token, read: bool, write: bool) {
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

    fn stream(&mut self, socket: SocketId, interest: Option<Interest>) -> io::Result<(&mut MioStream, &mut bool)> {
        match self.entry(socket, interest)? {
            Source::Stream { stream, connecting } => Ok((stream, connecting)),
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
    fn listen(&mut self, address: SocketAddr, backlog: u32) -> io::Result<SocketId> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        // As tokio and the standard library do: a port whose old connections linger can be listened on again.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::from(address))?;
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        self.add(Source::Listener(MioListener::from_std(socket.into())))
    }

    fn accept(&mut self, listener: SocketId) -> io::Result<(SocketId, SocketAddr)> {
        let Source::Listener(listener) = self.entry(listener, Some(Interest::Read))? else { return Err(wrong_kind()) };
        let (stream, peer) = listener.accept()?;
        Ok((self.add(Source::Stream { stream, connecting: false })?, peer))
    }

    fn connect(&mut self, peer: SocketAddr) -> io::Result<SocketId> {
        let stream = MioStream::connect(peer)?;
        self.add(Source::Stream { stream, connecting: true })
    }

    fn connected(&mut self, stream: SocketId) -> io::Result<()> {
        let (stream, connecting) = self.stream(stream, Some(Interest::Write))?;
        if let Some(error) = stream.take_error()? {
            *connecting = false;
            return Err(error);
        }
        match stream.peer_addr() {
            Ok(_) => {
                *connecting = false;
                Ok(())
            }
            Err(error) if *connecting && error.kind() == ErrorKind::NotConnected => Err(ErrorKind::WouldBlock.into()),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self, stream: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
        let (stream, _) = self.stream(stream, Some(Interest::Read))?;
        if peek { stream.peek(buffer) } else { io::Read::read(stream, buffer) }
    }

    fn write(&mut self, stream: SocketId, bytes: &[u8]) -> io::Result<usize> {
        let (stream, _) = self.stream(stream, Some(Interest::Write))?;
        io::Write::write(stream, bytes)
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> io::Result<()> {
        self.stream(stream, None)?.0.shutdown(how)
    }

    fn set_option(&mut self, stream: SocketId, option: StreamOption) -> io::Result<()> {
        let (stream, _) = self.stream(stream, None)?;
        match option {
            StreamOption::NoDelay(on) => stream.set_nodelay(on),
            StreamOption::ResetOnClose(on) => SockRef::from(&*stream).set_linger(on.then_some(Duration::ZERO)),
        }
    }

    fn nodelay(&mut self, stream: SocketId) -> io::Result<bool> {
        self.stream(stream, None)?.0.nodelay()
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

    fn local_address(&mut self, socket: SocketId) -> io::Result<SocketAddr> {
        match self.entry(socket, None)? {
            Source::Listener(listener) => listener.local_addr(),
            Source::Stream { stream, .. } => stream.local_addr(),
            Source::Datagram(datagram) => datagram.local_addr(),
        }
    }

    fn peer_address(&mut self, socket: SocketId) -> io::Result<SocketAddr> {
        match self.entry(socket, None)? {
            Source::Listener(_) => Err(ErrorKind::NotConnected.into()),
            Source::Stream { stream, .. } => stream.peer_addr(),
            Source::Datagram(datagram) => datagram.peer_addr(),
        }
    }

    fn take_error(&mut self, socket: SocketId) -> io::Result<Option<io::Error>> {
        match self.entry(socket, None)? {
            Source::Listener(listener) => listener.take_error(),
            Source::Stream { stream, .. } => stream.take_error(),
            Source::Datagram(datagram) => datagram.take_error(),
        }
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
        let _ = match &mut entry.source {
            Source::Listener(listener) => self.registry.deregister(listener),
            Source::Stream { stream, .. } => self.registry.deregister(stream),
            Source::Datagram(datagram) => self.registry.deregister(datagram),
        };
    }

    fn is_waiting(&mut self, socket: SocketId, interest: Interest, waker: &Waker) -> bool {
        self.side(socket, interest).is_some_and(|(side, _)| side.waiters.has(waker))
    }

    fn wait(&mut self, socket: SocketId, interest: Interest, others: Others, waker: Waker) {
        match self.side(socket, interest) {
            Some((side, out)) if !side.edge => side.waiters.add(waker, others, out),
            _ => self.out.wake.push(waker),
        }
    }

    fn wait_briefly(&mut self, waker: Waker) {
        self.out.wake.push(waker);
    }

    fn take_wakers(&mut self) -> Wakers {
        self.out.take()
    }
}
