//! What Unix sockets are bound to: files, which are somebody else's.

use std::io;
use std::path::Path;

use crate::disk::{Disk, InodeId};

/// Where the files are that Unix sockets are bound to. A [`Disk`] is such a place.
pub trait Paths {
    /// Makes a file at `path` that stands for a socket.
    ///
    /// # Errors
    /// `AddrInUse` if there is something; those of making a file.
    fn make_socket(&mut self, path: &Path) -> io::Result<InodeId>;

    /// The file at `path`, which stands for a socket.
    ///
    /// # Errors
    /// `NotFound`; `ConnectionRefused` if it is of another sort.
    fn find_socket(&mut self, path: &Path) -> io::Result<InodeId>;
}

impl Paths for Disk {
    fn make_socket(&mut self, path: &Path) -> io::Result<InodeId> {
        Self::make_socket(self, path)
    }

    fn find_socket(&mut self, path: &Path) -> io::Result<InodeId> {
        Self::find_socket(self, path)
    }
}

/// No files: nothing can be bound.
#[derive(Debug)]
pub(super) struct Nowhere;

impl Paths for Nowhere {
    fn make_socket(&mut self, _: &Path) -> io::Result<InodeId> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn find_socket(&mut self, _: &Path) -> io::Result<InodeId> {
        Err(io::ErrorKind::NotFound.into())
    }
}
