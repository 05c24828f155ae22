//! The two halves of a stream.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{Handle, TcpStream};

/// The reading half of [`TcpStream::split`].
#[derive(Debug)]
pub struct ReadHalf<'a, H: Handle>(pub(super) &'a TcpStream<H>);

/// The writing half of [`TcpStream::split`].
#[derive(Debug)]
pub struct WriteHalf<'a, H: Handle>(pub(super) &'a TcpStream<H>);

/// The reading half of [`TcpStream::into_split`].
#[derive(Debug)]
pub struct OwnedReadHalf<H: Handle>(pub(super) Arc<TcpStream<H>>);

/// The writing half of [`TcpStream::into_split`]. Dropping it ends the writing direction.
#[derive(Debug)]
pub struct OwnedWriteHalf<H: Handle> {
    pub(super) stream: Arc<TcpStream<H>>,
    pub(super) forgotten: bool,
}

impl<H: Handle> OwnedReadHalf<H> {
    /// Puts the halves together again.
    ///
    /// # Errors
    /// If they belong to different streams; both come back.
    pub fn reunite(self, other: OwnedWriteHalf<H>) -> Result<TcpStream<H>, ReuniteError<H>> {
        if !Arc::ptr_eq(&self.0, &other.stream) {
            return Err(ReuniteError(self, other));
        }
        other.forget();
        Arc::try_unwrap(self.0).map_err(|_| unreachable!("a stream has two halves, and both are here"))
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// As [`TcpStream::peer_addr`].
    pub fn peer_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

impl<H: Handle> OwnedWriteHalf<H> {
    /// Drops the half without ending the direction.
    pub fn forget(mut self) {
        self.forgotten = true;
    }
}

impl<H: Handle> Drop for OwnedWriteHalf<H> {
    fn drop(&mut self) {
        if !self.forgotten {
            // Nobody is left to be told.
            let _ = self.stream.shut_down_writing();
        }
    }
}

/// Halves of different streams cannot be put together.
#[derive(Debug)]
pub struct ReuniteError<H: Handle>(pub OwnedReadHalf<H>, pub OwnedWriteHalf<H>);

impl<H: Handle> fmt::Display for ReuniteError<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to put two halves together: they belong to different streams")
    }
}

impl<H: Handle + fmt::Debug> std::error::Error for ReuniteError<H> {}
