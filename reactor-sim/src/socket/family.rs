//! The families of addresses: what tells a TCP socket from a Unix socket above the kernel.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;

use super::unix;
use crate::address::Address;

/// A family of addresses: [`Tcp`] or [`Unix`].
///
/// ```
/// use reveille_reactor::socket::{Family, Stream, TcpListener, TcpStream, UnixStream};
#[doc = include_str!("../../doc/kernel.txt")]
/// /// Whom a stream leads to, whatever its family is.
/// fn peer<F: Family>(stream: &Stream<Here, F>) -> std::io::Result<String> {
///     stream.peer_addr().map(|address| format!("{address:?}"))
/// }
///
/// let here = Here::default();
/// let _listener = TcpListener::bind_in(here.clone(), "0.0.0.0:80", 16)?;
/// let tcp = futures::executor::block_on(TcpStream::connect_in(here.clone(), "here:80"))?;
/// let (unix, _other) = UnixStream::pair_in(here)?;
/// assert_eq!((peer(&tcp)?.as_str(), peer(&unix)?.as_str()), ("10.0.0.1:80", "(unnamed)"));
/// # std::io::Result::Ok(())
/// ```
pub trait Family: Debug + sealed::Sealed {
    /// What an address looks like.
    type Address: Debug;

    /// From what the kernel says.
    #[doc(hidden)]
    fn from_kernel(address: Address) -> io::Result<Self::Address>;
}

/// The internet's: addresses and ports.
///
/// ```
/// use reveille_reactor::socket::{Listener, Tcp, TcpListener};
#[doc = include_str!("../../doc/kernel.txt")]
/// let listener: Listener<Here, Tcp> = TcpListener::bind_in(Here::default(), "0.0.0.0:80", 16)?;
/// let address: std::net::SocketAddr = listener.local_addr()?;
/// assert_eq!(address.port(), 80);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Tcp {}

/// The node's own: paths.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::socket::{Listener, Unix, UnixListener, unix};
#[doc = include_str!("../../doc/kernel.txt")]
/// let listener: Listener<Here, Unix> = UnixListener::bind_in(Here::default(), "/app.sock", 16)?;
/// let address: unix::SocketAddr = listener.local_addr()?;
/// assert_eq!(address.as_pathname(), Some(Path::new("/app.sock")));
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Unix {}

impl Family for Tcp {
    type Address = SocketAddr;

    fn from_kernel(address: Address) -> io::Result<SocketAddr> {
        match address {
            Address::Internet(address) => Ok(address),
            Address::Path(_) => Err(io::Error::other("the kernel gave a path for an address")),
        }
    }
}

impl Family for Unix {
    type Address = unix::SocketAddr;

    fn from_kernel(address: Address) -> io::Result<unix::SocketAddr> {
        match address {
            Address::Path(path) => Ok(unix::SocketAddr(path)),
            Address::Internet(_) => Err(io::Error::other("the kernel gave an address for a path")),
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Tcp {}
    impl Sealed for super::Unix {}
}
