//! TCP sockets.

use std::future::poll_fn;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::address::{first, no_address};
use super::{
    Ambient, Handle, OwnedReadHalf, OwnedWriteHalf, ReadHalf, ToSocketAddrs, WriteHalf, call, lookup_in, poll_call,
};
use crate::kernel::{Interest, Others, SocketId, StreamOption};

/// A socket that listens for connections.
#[derive(Debug)]
pub struct TcpListener<H: Handle> {
    handle: H,
    socket: SocketId,
}

/// The backlog where none is given: tokio's.
const BACKLOG: u32 = 1024;

impl<H: Ambient> TcpListener<H> {
    /// Listens on `address`. Port 0 takes a free port; `0.0.0.0` hears every address of the node.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`.
    ///
    /// # Panics
    /// Where there is no kernel: outside of a run.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        let handle = H::current("TcpListener::bind");
        let addresses = lookup_in(&handle, address).await?;
        Self::bind_in(handle, &addresses[..], BACKLOG)
    }
}

impl<H: Handle> TcpListener<H> {
    /// Listens on `address` of the kernel behind `handle`; at most `backlog` connections (and one) wait to be accepted.
    ///
    /// # Errors
    /// As `bind`.
    pub fn bind_in<A: ToSocketAddrs>(handle: H, address: A, backlog: u32) -> io::Result<Self> {
        let addresses = call(&handle, |kernel| address.to_addresses(kernel))?;
        let socket = first(&addresses, |address| call(&handle, |kernel| kernel.listen(address, backlog)))?;
        Ok(Self { handle, socket })
    }

    /// Waits for the next connection. Several tasks may wait at once. Cancel-safe: a connection is taken only when it is
    /// returned.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub async fn accept(&self) -> io::Result<(TcpStream<H>, SocketAddr)> {
        poll_fn(|context| self.poll_accept_besides(context, Others::Keep)).await
    }

    /// [`accept`](Self::accept) by hand; of several tasks that poll, the last is woken.
    ///
    /// # Errors
    /// As `accept`.
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream<H>, SocketAddr)>> {
        self.poll_accept_besides(context, Others::Replace)
    }

    fn poll_accept_besides(
        &self,
        context: &Context<'_>,
        others: Others,
    ) -> Poll<io::Result<(TcpStream<H>, SocketAddr)>> {
        let waits = (self.socket, Interest::Read, others);
        let (socket, peer) = ready!(poll_call(&self.handle, waits, context, |kernel| kernel.accept(self.socket)))?;
        Poll::Ready(Ok((TcpStream { handle: self.handle.clone(), socket }, peer)))
    }

    /// The address that it listens on, with the port that 0 came to be.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        call(&self.handle, |kernel| kernel.local_address(self.socket))
    }
}

impl<H: Handle> Drop for TcpListener<H> {
    fn drop(&mut self) {
        self.handle.with(|kernel| kernel.close(self.socket));
    }
}

/// A connection. Dropping it closes it: with the end of the stream, or with a reset if bytes were left unread.
#[derive(Debug)]
pub struct TcpStream<H: Handle> {
    handle: H,
    socket: SocketId,
}

impl<H: Ambient> TcpStream<H> {
    /// Connects to `address`, such as `"db:5432"`. Of several addresses the first that answers is taken.
    ///
    /// # Errors
    /// `ConnectionRefused`, `TimedOut`, `HostUnreachable`; `NotFound` for a name that no node has.
    ///
    /// # Panics
    /// Where there is no kernel: outside of a run.
    pub async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        Self::connect_in(H::current("TcpStream::connect"), address).await
    }
}

impl<H: Handle> TcpStream<H> {
    /// Connects through the kernel behind `handle`.
    ///
    /// # Errors
    /// As `connect`.
    pub async fn connect_in<A: ToSocketAddrs>(handle: H, address: A) -> io::Result<Self> {
        let addresses = lookup_in(&handle, address).await?;
        let mut last = None;
        for address in addresses {
            let socket = call(&handle, |kernel| kernel.connect(address))?;
            let stream = Self { handle: handle.clone(), socket };
            match poll_fn(|context| stream.poll_connected(context)).await {
                Ok(()) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(no_address))
    }

    fn poll_connected(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        let waits = (self.socket, Interest::Write, Others::Replace);
        poll_call(&self.handle, waits, context, |kernel| kernel.connected(self.socket))
    }

    pub(super) fn poll_read_bytes(&self, context: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let waits = (self.socket, Interest::Read, Others::Replace);
        poll_call(&self.handle, waits, context, |kernel| kernel.read(self.socket, buffer, false))
    }

    pub(super) fn poll_write_bytes(&self, context: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let waits = (self.socket, Interest::Write, Others::Replace);
        poll_call(&self.handle, waits, context, |kernel| kernel.write(self.socket, bytes))
    }

    /// Ends the writing direction; what was written is still delivered.
    pub(super) fn shut_down_writing(&self) -> io::Result<()> {
        match call(&self.handle, |kernel| kernel.shutdown(self.socket, Shutdown::Write)) {
            // tokio sees to it that a second shutdown is none, also after the peer has gone.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }

    /// Waits for bytes and copies them without taking them.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| {
            let waits = (self.socket, Interest::Read, Others::Keep);
            poll_call(&self.handle, waits, context, |kernel| kernel.read(self.socket, buffer, true))
        })
        .await
    }

    /// Reads what is there, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if nothing is; else those of reading.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        call(&self.handle, |kernel| kernel.read(self.socket, buffer, false))
    }

    /// Writes what there is room for, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; else those of writing.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        call(&self.handle, |kernel| kernel.write(self.socket, bytes))
    }

    /// The stream's own address.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        call(&self.handle, |kernel| kernel.local_address(self.socket))
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        call(&self.handle, |kernel| kernel.peer_address(self.socket))
    }

    /// Takes the error that is pending, if there is one.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        call(&self.handle, |kernel| kernel.take_error(self.socket))
    }

    /// Asks for small writes to be sent at once.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        call(&self.handle, |kernel| kernel.set_option(self.socket, StreamOption::NoDelay(on)))
    }

    /// Whether small writes are sent at once.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub fn nodelay(&self) -> io::Result<bool> {
        call(&self.handle, |kernel| kernel.nodelay(self.socket))
    }

    /// Makes dropping the stream a reset, which discards what was not sent (`SO_LINGER` of zero).
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub fn set_zero_linger(&self, on: bool) -> io::Result<()> {
        call(&self.handle, |kernel| kernel.set_option(self.socket, StreamOption::ResetOnClose(on)))
    }

    /// Two halves, to be used at once in one task.
    pub fn split(&mut self) -> (ReadHalf<'_, H>, WriteHalf<'_, H>) {
        (ReadHalf(self), WriteHalf(self))
    }

    /// Two halves, to be used in two tasks. Dropping the writing half ends the writing direction.
    pub fn into_split(self) -> (OwnedReadHalf<H>, OwnedWriteHalf<H>) {
        let stream = Arc::new(self);
        (OwnedReadHalf(Arc::clone(&stream)), OwnedWriteHalf { stream, forgotten: false })
    }
}

impl<H: Handle> Drop for TcpStream<H> {
    fn drop(&mut self) {
        self.handle.with(|kernel| kernel.close(self.socket));
    }
}
