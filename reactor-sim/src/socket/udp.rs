//! UDP sockets.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;

use super::address::first;
use super::{Ambient, Family, Handle, Tcp, ToSocketAddrs, Wait, call, lookup_in};
use crate::kernel::{Interest, Kernel, SocketId};

/// A socket for datagrams. All methods take `&self`: several tasks may receive at once.
///
/// ```
/// use reveille_reactor::socket::UdpSocket;
#[doc = include_str!("../../doc/kernel.txt")]
/// let here = Here::default();
/// let one = UdpSocket::bind_in(here.clone(), "127.0.0.1:1")?;
/// let two = UdpSocket::bind_in(here, "127.0.0.1:2")?;
/// futures::executor::block_on(async {
///     one.connect("127.0.0.1:2").await?;
///     one.send(b"a long word").await?;
///     let mut buffer = [0; 6];
///     assert_eq!(two.peek_from(&mut buffer).await?, (6, one.local_addr()?));
///     assert_eq!(two.recv_from(&mut buffer).await?.0, 6); // the rest is lost
///     assert_eq!(&buffer, b"a long");
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct UdpSocket<H: Handle> {
    handle: H,
    socket: SocketId,
}

impl<H: Ambient> UdpSocket<H> {
    /// A socket on `address`. Port 0 takes a free port.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`.
    ///
    /// # Panics
    /// Where there is no kernel: outside of a run.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        let handle = H::current("UdpSocket::bind");
        let addresses = lookup_in(&handle, address).await?;
        Self::bind_in(handle, &addresses[..])
    }
}

impl<H: Handle> UdpSocket<H> {
    /// A socket on `address` of the kernel behind `handle`.
    ///
    /// # Errors
    /// As `bind`.
    pub fn bind_in<A: ToSocketAddrs>(handle: H, address: A) -> io::Result<Self> {
        let addresses = call(&handle, |kernel| address.to_addresses(kernel))?;
        let socket = first(&addresses, |address| call(&handle, |kernel| kernel.bind_datagram(address)))?;
        Ok(Self { handle, socket })
    }

    /// Sets the peer: where [`send`](Self::send) goes, and the only one that is heard.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub async fn connect<A: ToSocketAddrs>(&self, peer: A) -> io::Result<()> {
        let addresses = lookup_in(&self.handle, peer).await?;
        first(&addresses, |peer| call(&self.handle, |kernel| kernel.connect_datagram(self.socket, peer)))
    }

    /// Sends a datagram to the peer. It may be lost, come twice, or come late.
    ///
    /// # Errors
    /// Without a peer; `ConnectionRefused` if an earlier datagram found nobody there.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.send_now(bytes, None).await
    }

    /// Sends a datagram to `peer`.
    ///
    /// # Errors
    /// If it is too long.
    pub async fn send_to<A: ToSocketAddrs>(&self, bytes: &[u8], peer: A) -> io::Result<usize> {
        let addresses = lookup_in(&self.handle, peer).await?;
        let peer = first(&addresses, Ok)?;
        self.send_now(bytes, Some(peer)).await
    }

    async fn send_now(&self, bytes: &[u8], peer: Option<SocketAddr>) -> io::Result<usize> {
        let mut wait = Wait::new(&self.handle, self.socket, Interest::Write);
        poll_fn(|context| wait.poll(context, |kernel| kernel.send(self.socket, bytes, peer))).await
    }

    /// Receives a datagram from the peer. What does not fit into `buffer` is lost. Cancel-safe.
    ///
    /// # Errors
    /// `ConnectionRefused` if a datagram that was sent found nobody there.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(|kernel| kernel.receive(self.socket, buffer, false)).await.map(|(count, _)| count)
    }

    /// Receives a datagram, and says from whom. Cancel-safe.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.receive(|kernel| kernel.receive(self.socket, buffer, false)).await
    }

    /// Waits for a datagram and copies it without taking it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.receive(|kernel| kernel.receive(self.socket, buffer, true)).await
    }

    async fn receive<R>(&self, mut attempt: impl FnMut(&mut dyn Kernel) -> io::Result<R>) -> io::Result<R> {
        let mut wait = Wait::new(&self.handle, self.socket, Interest::Read);
        poll_fn(|context| wait.poll(context, &mut attempt)).await
    }

    /// The socket's own address.
    ///
    /// # Errors
    /// If the node crashed, or the run is over.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        call(&self.handle, |kernel| kernel.local_address(self.socket)).and_then(Tcp::from_kernel)
    }

    /// The address of the peer.
    ///
    /// # Errors
    /// `NotConnected` without one.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        call(&self.handle, |kernel| kernel.peer_address(self.socket)).and_then(Tcp::from_kernel)
    }
}

impl<H: Handle> Drop for UdpSocket<H> {
    fn drop(&mut self) {
        self.handle.with(|kernel| kernel.close(self.socket));
    }
}
