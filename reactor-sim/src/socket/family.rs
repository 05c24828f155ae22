//! The families of addresses: what tells a TCP socket from a Unix socket above the kernel.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;

use super::unix;
use crate::address::Address;

/// A family of addresses: [`Tcp`] or [`Unix`].
pub trait Family: Debug + sealed::Sealed {
    /// What an address looks like.
    type Address: Debug;

    /// From what the kernel says.
    #[doc(hidden)]
    fn from_kernel(address: Address) -> io::Result<Self::Address>;
}

/// The internet's: addresses and ports.
#[derive(Clone, Copy, Debug)]
pub enum Tcp {}

/// The node's own: paths.
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
