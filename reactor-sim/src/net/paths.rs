//! What Unix sockets are bound to: files, which are somebody else's.

use std::io;
use std::path::Path;

use crate::disk::{Disk, InodeId};

/// Where the files are that Unix sockets are bound to. A [`Disk`] is such a place.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::Files;
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::net::Paths;
///
/// let mut disk = Disk::default();
/// let files: &mut dyn Paths = &mut disk;
/// let bound = files.make_socket(Path::new("/app.sock"))?;
/// assert!(files.make_socket(Path::new("/app.sock")).is_err());
///
/// disk.rename(Path::new("/app.sock"), Path::new("/moved.sock"))?;
/// let files: &mut dyn Paths = &mut disk;
/// assert_eq!(files.find_socket(Path::new("/moved.sock"))?, bound);
/// assert!(files.find_socket(Path::new("/app.sock")).is_err());
/// # std::io::Result::Ok(())
/// ```
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
