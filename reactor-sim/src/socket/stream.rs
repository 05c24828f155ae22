//! Streams and their listeners, of whatever family.

use std::future::poll_fn;
use std::io;
use std::marker::PhantomData;
use std::net::Shutdown;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::{Family, Handle, OwnedReadHalf, OwnedWriteHalf, ReadHalf, Wait, WriteHalf, call, poll_call};
use crate::address::Address;
use crate::kernel::{Interest, SocketId};

/// A socket that listens for connections: a [`TcpListener`](super::TcpListener) or a [`UnixListener`](super::UnixListener).
///
/// ```
/// use reveille_reactor::socket::{TcpListener, TcpStream};
#[doc = include_str!("../../doc/kernel.txt")]
/// let here = Here::default();
/// let listener = TcpListener::bind_in(here.clone(), "0.0.0.0:0", 16)?;
/// let port = listener.local_addr()?.port(); // one that was free
/// futures::executor::block_on(async {
///     let client = TcpStream::connect_in(here, ("127.0.0.1", port)).await?;
///     let (server, from) = listener.accept().await?;
///     assert_eq!((from, server.peer_addr()?), (client.local_addr()?, client.local_addr()?));
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Listener<H: Handle, F: Family> {
    handle: H,
    socket: SocketId,
    family: PhantomData<fn() -> F>,
}

/// A connection that was accepted, and the address of who asked for it.
///
/// ```
/// use std::io;
/// use reveille_reactor::socket::{Accepted, Tcp, TcpListener, TcpStream};
#[doc = include_str!("../../doc/kernel.txt")]
/// /// The second connection: the first is sent away.
/// async fn second(listener: &TcpListener<Here>) -> io::Result<Accepted<Here, Tcp>> {
///     drop(listener.accept().await?);
///     listener.accept().await
/// }
///
/// let here = Here::default();
/// let listener = TcpListener::bind_in(here.clone(), "0.0.0.0:80", 16)?;
/// futures::executor::block_on(async {
///     let _away = TcpStream::connect_in(here.clone(), "here:80").await?;
///     let client = TcpStream::connect_in(here, "here:80").await?;
///     assert_eq!(second(&listener).await?.1, client.local_addr()?);
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// # std::io::Result::Ok(())
/// ```
pub type Accepted<H, F> = (Stream<H, F>, <F as Family>::Address);

/// The backlog where none is given: tokio's.
pub(super) const BACKLOG: u32 = 1024;

impl<H: Handle, F: Family> Listener<H, F> {
    pub(super) fn new(handle: H, socket: SocketId) -> Self {
        Self { handle, socket, family: PhantomData }
    }

    /// Waits for the next connection. Several tasks may wait at once. Cancel-safe: a connection is taken only when it is
    /// returned.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub async fn accept(&self) -> io::Result<Accepted<H, F>> {
        let mut wait = Wait::new(&self.handle, self.socket, Interest::Read);
        let accepted = poll_fn(|context| wait.poll(context, |kernel| kernel.accept(self.socket))).await?;
        self.accepted(accepted)
    }

    /// [`accept`](Self::accept) by hand; of several tasks that poll, the last is woken.
    ///
    /// # Errors
    /// As `accept`.
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use reveille_reactor::socket::{UnixListener, UnixStream};
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let here = Here::default();
    /// let listener = UnixListener::bind_in(here.clone(), "/app.sock", 16)?;
    /// futures::executor::block_on(async {
    ///     let client = UnixStream::connect_in(here, "/app.sock").await?;
    ///     let (server, _) = poll_fn(|context| listener.poll_accept(context)).await?;
    ///     client.try_write(b"hello")?;
    ///     assert_eq!(server.try_read(&mut [0; 8])?, 5);
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// # std::io::Result::Ok(())
    /// ```
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Accepted<H, F>>> {
        let waits = (self.socket, Interest::Read);
        let accepted = ready!(poll_call(&self.handle, waits, context, |kernel| kernel.accept(self.socket)))?;
        Poll::Ready(self.accepted(accepted))
    }

    fn accepted(&self, (socket, peer): (SocketId, Address)) -> io::Result<Accepted<H, F>> {
        Ok((Stream::new(self.handle.clone(), socket), F::from_kernel(peer)?))
    }

    /// The address that it listens on; for TCP with the port that 0 came to be.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub fn local_addr(&self) -> io::Result<F::Address> {
        call(&self.handle, |kernel| kernel.local_address(self.socket)).and_then(F::from_kernel)
    }
}

impl<H: Handle, F: Family> Drop for Listener<H, F> {
    fn drop(&mut self) {
        self.handle.with(|kernel| kernel.close(self.socket));
    }
}

/// A connection: a [`TcpStream`](super::TcpStream) or a [`UnixStream`](super::UnixStream). Dropping it closes it: with the end
/// of the stream, or with a reset if bytes were left unread.
///
/// ```
/// use std::io::ErrorKind;
/// use reveille_reactor::socket::UnixStream;
#[doc = include_str!("../../doc/kernel.txt")]
/// let (one, other) = UnixStream::pair_in(Here::default())?;
/// let mut buffer = [0; 8];
/// assert_eq!(other.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
/// assert_eq!(one.try_write(b"hello")?, 5);
/// assert_eq!(other.try_read(&mut buffer)?, 5);
/// drop(one);
/// assert_eq!(other.try_read(&mut buffer)?, 0); // the end
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Stream<H: Handle, F: Family> {
    pub(super) handle: H,
    pub(super) socket: SocketId,
    family: PhantomData<fn() -> F>,
}

impl<H: Handle, F: Family> Stream<H, F> {
    pub(super) fn new(handle: H, socket: SocketId) -> Self {
        Self { handle, socket, family: PhantomData }
    }

    /// Waits until a connection that was begun is there.
    pub(super) async fn connected(self) -> io::Result<Self> {
        poll_fn(|context| {
            let waits = (self.socket, Interest::Write);
            poll_call(&self.handle, waits, context, |kernel| kernel.connected(self.socket))
        })
        .await?;
        Ok(self)
    }

    /// Reads by hand, as the traits of async I/O do; of several tasks that poll, the last is woken. 0 is the end of the stream, or an empty
    /// buffer.
    ///
    /// # Errors
    /// `ConnectionReset`, `TimedOut`.
    ///
    /// ```
    /// use std::task::{Context, Poll, Waker};
    /// use reveille_reactor::socket::UnixStream;
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let (one, other) = UnixStream::pair_in(Here::default())?;
    /// let (context, mut buffer) = (Context::from_waker(Waker::noop()), [0; 8]);
    /// assert!(other.poll_read_bytes(&context, &mut buffer).is_pending()); // the waker is kept
    /// one.try_write(b"hello")?;
    /// assert!(matches!(other.poll_read_bytes(&context, &mut buffer)?, Poll::Ready(5)));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn poll_read_bytes(&self, context: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let waits = (self.socket, Interest::Read);
        poll_call(&self.handle, waits, context, |kernel| kernel.read(self.socket, buffer, false))
    }

    /// Writes by hand as much as there is room for; of several tasks that poll, the last is woken.
    ///
    /// # Errors
    /// `BrokenPipe`, `ConnectionReset`, `TimedOut`.
    ///
    /// ```
    /// use std::task::{Context, Poll, Waker};
    /// use reveille_reactor::socket::UnixStream;
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let (one, other) = UnixStream::pair_in(Here::default())?;
    /// let context = Context::from_waker(Waker::noop());
    /// while one.poll_write_bytes(&context, &[7; 4096])?.is_ready() {} // until there is no room
    /// other.try_read(&mut [0; 100])?;
    /// assert!(matches!(one.poll_write_bytes(&context, &[7; 4096])?, Poll::Ready(100)));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn poll_write_bytes(&self, context: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let waits = (self.socket, Interest::Write);
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
    pub fn local_addr(&self) -> io::Result<F::Address> {
        call(&self.handle, |kernel| kernel.local_address(self.socket)).and_then(F::from_kernel)
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// For TCP `NotConnected` once the connection has ended.
    pub fn peer_addr(&self) -> io::Result<F::Address> {
        call(&self.handle, |kernel| kernel.peer_address(self.socket)).and_then(F::from_kernel)
    }

    /// Takes the error that is pending, if there is one.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use reveille_reactor::socket::{TcpListener, TcpStream};
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let here = Here::default();
    /// let listener = TcpListener::bind_in(here.clone(), "0.0.0.0:80", 16)?;
    /// futures::executor::block_on(async {
    ///     let client = TcpStream::connect_in(here, "here:80").await?;
    ///     let (server, _) = listener.accept().await?;
    ///     client.set_zero_linger(true)?;
    ///     drop(client);
    ///     assert_eq!(server.take_error()?.unwrap().kind(), ErrorKind::ConnectionReset);
    ///     assert_eq!(server.try_read(&mut [0; 8])?, 0); // it was taken: only the end is left
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// # std::io::Result::Ok(())
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        call(&self.handle, |kernel| kernel.take_error(self.socket))
    }

    /// Two halves, to be used at once in one task. Where `AsyncReadExt` of the futures crate is in scope, `stream.split()` is its own, which
    /// takes the stream; this one is `TcpStream::split(&mut stream)` then.
    pub fn split(&mut self) -> (ReadHalf<'_, H, F>, WriteHalf<'_, H, F>) {
        (ReadHalf(self), WriteHalf(self))
    }

    /// Two halves, to be used in two tasks. Dropping the writing half ends the writing direction.
    pub fn into_split(self) -> (OwnedReadHalf<H, F>, OwnedWriteHalf<H, F>) {
        let stream = Arc::new(self);
        (OwnedReadHalf(Arc::clone(&stream)), OwnedWriteHalf { stream, forgotten: false })
    }
}

impl<H: Handle, F: Family> Drop for Stream<H, F> {
    fn drop(&mut self) {
        self.handle.with(|kernel| kernel.close(self.socket));
    }
}
