//! Files that stand for Unix sockets: a name, and who it is of.
//!
//! Such a file has no bytes and cannot be opened. Its name is one like all others: it outlives who listens, it is removed and
//! renamed by those calls, and unless its directory is synced a crash may take it.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::{Body, Disk, Inode, InodeId};
use crate::files::FileType;

impl Disk {
    pub(crate) fn make_socket(&mut self, path: &Path) -> io::Result<InodeId> {
        let place = self.place(path)?;
        if self.at(&place)?.is_some() {
            return Err(ErrorKind::AddrInUse.into());
        }
        if place.wants_directory {
            return Err(ErrorKind::NotFound.into());
        }
        self.make(&place, Inode { references: 0, body: Body::Socket }).map(InodeId)
    }

    pub(crate) fn find_socket(&mut self, path: &Path) -> io::Result<InodeId> {
        let inode = self.find(path)?;
        match self.file_type(inode) {
            FileType::Socket => Ok(InodeId(inode)),
            _ => Err(ErrorKind::ConnectionRefused.into()),
        }
    }
}
