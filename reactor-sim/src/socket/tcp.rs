//! TCP sockets.

use std::future::poll_fn;
use std::io;

use super::address::{first, no_address};
use super::stream::BACKLOG;
use super::{Ambient, Handle, Listener, Stream, Tcp, ToSocketAddrs, Wait, call, lookup_in};
use crate::kernel::{Interest, StreamOption};

/// A socket that listens for connections.
///
/// ```
/// use reveille_reactor::socket::{TcpListener, TcpStream};
#[doc = include_str!("../../doc/kernel.txt")]
/// let here = Here::default();
/// let listener = TcpListener::bind_in(here.clone(), "0.0.0.0:80", 16)?;
/// futures::executor::block_on(async {
///     let client = TcpStream::connect_in(here, "here:80").await?;
///     let (server, from) = listener.accept().await?;
///     assert_eq!((from, server.local_addr()?), (client.local_addr()?, "10.0.0.1:80".parse().unwrap()));
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// # std::io::Result::Ok(())
/// ```
pub type TcpListener<H> = Listener<H, Tcp>;

/// A connection. Dropping it closes it: with the end of the stream, or with a reset if bytes were left unread.
///
/// ```
/// use std::io::ErrorKind;
/// use reveille_reactor::socket::{TcpListener, TcpStream};
#[doc = include_str!("../../doc/kernel.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     let refused = TcpStream::connect_in(here.clone(), "here:80").await;
///     assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused); // nobody listens yet
///
///     let listener = TcpListener::bind_in(here.clone(), "0.0.0.0:80", 16)?;
///     let client = TcpStream::connect_in(here, "here:80").await?;
///     client.try_write(b"hello")?;
///     assert_eq!(listener.accept().await?.0.try_read(&mut [0; 8])?, 5);
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub type TcpStream<H> = Stream<H, Tcp>;

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
        let socket = first(&addresses, |address| call(&handle, |kernel| kernel.listen(&address.into(), backlog)))?;
        Ok(Self::new(handle, socket))
    }
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
            let socket = call(&handle, |kernel| kernel.connect(&address.into()))?;
            match Self::new(handle.clone(), socket).connected().await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(no_address))
    }

    /// Waits for bytes and copies them without taking them.
    ///
    /// # Errors
    /// Those of reading.
    ///
    /// ```
    /// use reveille_reactor::socket::{TcpListener, TcpStream};
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let here = Here::default();
    /// let listener = TcpListener::bind_in(here.clone(), "0.0.0.0:80", 16)?;
    /// futures::executor::block_on(async {
    ///     let client = TcpStream::connect_in(here, "here:80").await?;
    ///     client.try_write(b"GET /")?;
    ///     let (server, mut first) = (listener.accept().await?.0, [0; 3]);
    ///     assert_eq!((server.peek(&mut first).await?, &first), (3, b"GET"));
    ///     assert_eq!(server.try_read(&mut [0; 8])?, 5); // all is still there
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// # std::io::Result::Ok(())
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut wait = Wait::new(&self.handle, self.socket, Interest::Read);
        poll_fn(|context| wait.poll(context, |kernel| kernel.read(self.socket, buffer, true))).await
    }

    /// Asks for small writes to be sent at once.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    ///
    /// ```
    /// use reveille_reactor::socket::{TcpListener, TcpStream};
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let here = Here::default();
    /// let _listener = TcpListener::bind_in(here.clone(), "0.0.0.0:80", 16)?;
    /// let client = futures::executor::block_on(TcpStream::connect_in(here, "here:80"))?;
    /// assert!(!client.nodelay()?);
    /// client.set_nodelay(true)?;
    /// assert!(client.nodelay()?);
    /// # std::io::Result::Ok(())
    /// ```
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
    ///     assert_eq!(server.try_read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset); // not the end
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_zero_linger(&self, on: bool) -> io::Result<()> {
        call(&self.handle, |kernel| kernel.set_option(self.socket, StreamOption::ResetOnClose(on)))
    }
}
