//! A simulated disk: a tree of files that survives a crash as far as it was synced, as a plain value.
//!
//! [`Disk`] is what one machine has: programs call it through [`Files`], and a test crashes it. What a program sees is what it
//! did; what a crash leaves is what POSIX promises and no more:
//!
//! * *What was not synced* is lost, kept or torn, sector by sector, each in any of its versions.
//! * *A sync of a file* makes its bytes and its length safe, not its name.
//! * *A sync of a directory* makes its names safe: one that was made, removed or renamed before may be undone until then. A
//!   rename happens whole or not at all.
//! * *No order* holds between bytes and names, nor between files.
//!
//! [`Storage`] is the disks of all machines, and the operations that are under way on them: each owns its buffer until it
//! completes, whoever waits for it.
//!
//! ```
//! use std::path::Path;
//!
//! use reveille_reactor::disk::Disk;
//! use reveille_reactor::{Files, OpenHow};
//!
//! # fn main() -> std::io::Result<()> {
//! let mut disk = Disk::default();
//! let log = disk.open(Path::new("/log"), OpenHow::CREATE)?;
//! disk.write(log, None, b"paid")?;
//! disk.sync(log)?; // the bytes are safe, but not the name
//!
//! // A crash that takes what it may.
//! disk.crash(&mut |_| 1);
//! assert!(disk.metadata(Path::new("/log")).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! Deliberately absent: links, permissions, locks, times, a working directory, and what a kernel of some one brand promises
//! beyond POSIX.

mod calls;
mod contents;
pub(crate) mod errors;
mod names;
mod operation;
mod path;
mod socket;
mod storage;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::{fmt, io};

pub use contents::SECTOR;
pub use operation::{Operation, Outcome};
pub use storage::{DURATION, OperationId, Storage};

#[cfg(doc)]
use crate::Files;
use crate::files::{FileType, OpenHow};
use crate::slab::{Key, Slab};
use contents::{Contents, Loss};
use names::Change;

/// The files of one machine. See the [module's example](self).
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::{Files, OpenHow};
///
/// let mut disk = Disk::default();
/// let file = disk.open(Path::new("/f"), OpenHow::CREATE)?;
/// assert_eq!(disk.write(file, None, b"hello")?, 5);
/// assert_eq!(disk.metadata(Path::new("/f"))?.len(), 5);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Disk {
    inodes: Slab<Inode>,
    root: Key,
    open: Slab<Open>,
    /// What happened to names and is not safe, oldest first.
    changes: Vec<Change>,
    /// How many sectors there are, if that is limited.
    capacity: Option<u64>,
}

/// A file, a directory or a socket, whatever its names are.
#[derive(Debug)]
struct Inode {
    /// How often it is named: by entries, safe or not, by changes, and by open files. Without any it is gone.
    references: u32,
    body: Body,
}

#[derive(Debug)]
enum Body {
    File(Contents),
    Directory(Directory),
    /// It stands for a Unix socket, and is nothing but its names.
    Socket,
}

/// Names a file of one disk, whatever its names are: what a Unix socket is bound to.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::Files;
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::net::Paths;
///
/// let (mut disk, path) = (Disk::default(), Path::new("/app.sock"));
/// let before = Paths::make_socket(&mut disk, path)?;
/// disk.remove_file(path)?;
/// let after = Paths::make_socket(&mut disk, path)?;
/// assert_ne!(before, after); // the same name, but another file
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InodeId(Key);

#[derive(Debug)]
struct Directory {
    /// Itself, for the root.
    parent: Key,
    entries: BTreeMap<OsString, Key>,
    /// What survives in any case.
    durable: BTreeMap<OsString, Key>,
}

/// An open file.
#[derive(Debug)]
struct Open {
    inode: Key,
    how: OpenHow,
    cursor: u64,
}

/// What a crash took from a disk.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::{Files, OpenHow};
///
/// let mut disk = Disk::default();
/// disk.open(Path::new("/f"), OpenHow::CREATE)?;
/// let damage = disk.crash(&mut |_| 1);
/// assert_eq!((damage.undone, damage.lost), (1, 0)); // the name was not synced, and there was nothing in the file
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// From how many files it took the latest that was written.
    pub lost: u64,
    /// Of how many files it left some sectors new and some old.
    pub torn: u64,
    /// How many changes of names it undid.
    pub undone: u64,
}

/// "files torn: 1"; nothing if nothing was taken.
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.undone, "changes of names undone"),
            (self.lost, "files back to an earlier state"),
            (self.torn, "files torn"),
        ];
        let mut first = true;
        for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{}{what}: {count}", if first { "" } else { ", " })?;
            first = false;
        }
        Ok(())
    }
}

impl Default for Disk {
    fn default() -> Self {
        let mut inodes = Slab::default();
        let root = inodes.insert(Inode::directory(None));
        let mut disk = Self { inodes, root, open: Slab::default(), changes: Vec::new(), capacity: None };
        disk.set_parent(root, root);
        disk.refer(root);
        disk
    }
}

impl Inode {
    fn directory(parent: Option<Key>) -> Self {
        let directory =
            Directory { parent: parent.unwrap_or(Key::NONE), entries: BTreeMap::new(), durable: BTreeMap::new() };
        Self { references: 0, body: Body::Directory(directory) }
    }

    fn file() -> Self {
        Self { references: 0, body: Body::File(Contents::default()) }
    }

    fn file_type(&self) -> FileType {
        match self.body {
            Body::File(_) => FileType::File,
            Body::Directory(_) => FileType::Directory,
            Body::Socket => FileType::Socket,
        }
    }
}

impl Disk {
    /// Sets how much fits, in bytes; without limit at first. What is there stays.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use std::path::Path;
    /// use reveille_reactor::disk::{Disk, SECTOR};
    /// use reveille_reactor::{Files, OpenHow};
    ///
    /// let mut disk = Disk::default();
    /// disk.set_capacity(2 * SECTOR);
    /// let file = disk.open(Path::new("/f"), OpenHow::CREATE)?;
    /// assert_eq!(disk.write(file, None, &[7; 4096])?, 1024); // a part
    /// assert_eq!(disk.write(file, None, &[7; 4096]).unwrap_err().kind(), ErrorKind::StorageFull);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_capacity(&mut self, bytes: u64) {
        self.capacity = Some(bytes / SECTOR);
    }

    /// How many files and directories there are, the root and those without a name included.
    ///
    /// ```
    /// use std::path::Path;
    /// use reveille_reactor::disk::Disk;
    /// use reveille_reactor::{Files, OpenHow};
    ///
    /// let mut disk = Disk::default();
    /// assert_eq!(disk.inodes(), 1); // the root
    /// disk.open(Path::new("/f"), OpenHow::CREATE)?;
    /// disk.remove_file(Path::new("/f"))?;
    /// assert_eq!(disk.inodes(), 2); // it is still open
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn inodes(&self) -> usize {
        self.inodes.len()
    }

    /// The machine loses its power, and comes up again: open files are gone, and of what was not synced `ask` says what is
    /// left. It is given the number of answers; 0 is that nothing is lost, and 1 that as much is as can be.
    ///
    /// ```
    /// use std::path::Path;
    /// use reveille_reactor::disk::{Damage, Disk};
    /// use reveille_reactor::{Files, OpenHow};
    ///
    /// let mut disk = Disk::default();
    /// let file = disk.open(Path::new("/f"), OpenHow::CREATE)?;
    /// disk.write(file, None, b"hello")?;
    /// assert_eq!(disk.crash(&mut |_| 0), Damage::default()); // lucky, as nothing was synced
    /// assert_eq!(disk.metadata(Path::new("/f"))?.len(), 5);
    /// assert!(disk.write(file, None, b"!").is_err()); // no file is open any more
    /// # std::io::Result::Ok(())
    /// ```
    pub fn crash(&mut self, ask: &mut dyn FnMut(u32) -> u32) -> Damage {
        let changes = std::mem::take(&mut self.changes);
        let survives = names::survivors(&changes, ask);
        let mut damage =
            Damage { undone: survives.iter().filter(|survives| !**survives).count() as u64, ..Damage::default() };
        for (change, _) in changes.iter().zip(survives).filter(|(_, survives)| *survives) {
            self.make_durable(change);
        }
        self.open.clear();
        self.forget_what_has_no_name();
        for inode in self.inodes.keys() {
            if let Some(Inode { body: Body::File(contents), .. }) = self.inodes.get_mut(inode) {
                match contents.crash(ask) {
                    Loss::Nothing => {}
                    Loss::Latest => damage.lost += 1,
                    Loss::Torn => damage.torn += 1,
                }
            }
        }
        damage
    }

    /// What is safe is all there is: from there on the tree is built anew.
    fn forget_what_has_no_name(&mut self) {
        if let Some(root) = self.inodes.get_mut(self.root) {
            root.references = 1;
        }
        let mut reached = BTreeSet::from([self.root]);
        let mut next = vec![self.root];
        while let Some(at) = next.pop() {
            let Ok(directory) = self.directory_mut(at) else { continue };
            directory.entries = directory.durable.clone();
            let entries: Vec<Key> = directory.entries.values().copied().collect();
            for inode in entries {
                if let Some(known) = self.inodes.get_mut(inode) {
                    // Once as an entry that is seen, once as one that is safe.
                    known.references = 2;
                }
                self.set_parent(inode, at);
                reached.insert(inode);
                next.push(inode);
            }
        }
        for inode in self.inodes.keys() {
            if !reached.contains(&inode) {
                self.inodes.remove(inode);
            }
        }
    }

    /// Makes of a change what survives in any case.
    fn make_durable(&mut self, change: &Change) {
        for (directory, name, inode) in &change.sets {
            if let Some(inode) = inode {
                self.refer(*inode);
            }
            let Ok(durable) = self.directory_mut(*directory).map(|directory| &mut directory.durable) else { continue };
            let before = match inode {
                Some(inode) => durable.insert(name.clone(), *inode),
                None => durable.remove(name),
            };
            if let Some(before) = before {
                self.release(before);
            }
        }
    }

    /// The names in `change` are no longer waiting to be safe.
    fn forget(&mut self, change: &Change) {
        for (directory, _, inode) in &change.sets {
            self.release(*directory);
            if let Some(inode) = inode {
                self.release(*inode);
            }
        }
    }

    /// Changes names, for now.
    fn change(&mut self, change: Change) {
        for (directory, name, inode) in &change.sets {
            self.refer(*directory);
            if let Some(inode) = inode {
                // Once by the entry, once by the change.
                self.refer(*inode);
                self.refer(*inode);
                self.set_parent(*inode, *directory);
            }
            let Ok(entries) = self.directory_mut(*directory).map(|directory| &mut directory.entries) else { continue };
            let before = match inode {
                Some(inode) => entries.insert(name.clone(), *inode),
                None => entries.remove(name),
            };
            if let Some(before) = before {
                self.release(before);
            }
        }
        self.changes.push(change);
        if self.changes.len() > names::CHANGES_MAX {
            let oldest = self.changes.remove(0);
            self.make_durable(&oldest);
            self.forget(&oldest);
        }
    }

    fn sync_directory(&mut self, directory: Key) {
        let safe = names::synced(&self.changes, directory);
        let changes = std::mem::take(&mut self.changes);
        let mut synced = Vec::new();
        for (change, is_safe) in changes.into_iter().zip(safe) {
            if is_safe { &mut synced } else { &mut self.changes }.push(change);
        }
        for change in &synced {
            self.make_durable(change);
            self.forget(change);
        }
    }

    fn refer(&mut self, inode: Key) {
        if let Some(inode) = self.inodes.get_mut(inode) {
            inode.references += 1;
        }
    }

    fn release(&mut self, inode: Key) {
        let Some(known) = self.inodes.get_mut(inode) else { return };
        known.references -= 1;
        if known.references > 0 {
            return;
        }
        if let Some(Inode { body: Body::Directory(directory), .. }) = self.inodes.remove(inode) {
            let named = directory.entries.into_values().chain(directory.durable.into_values());
            named.for_each(|inode| self.release(inode));
        }
    }

    /// How many sectors are taken, by what has a name as programs see it or is open.
    fn taken(&self) -> u64 {
        let mut live: BTreeSet<Key> =
            self.open.keys().into_iter().filter_map(|open| Some(self.open.get(open)?.inode)).collect();
        let mut next = vec![self.root];
        while let Some(Ok(directory)) = next.pop().map(|at| self.directory(at)) {
            live.extend(directory.entries.values());
            next.extend(directory.entries.values().filter(|inode| self.directory(**inode).is_ok()));
        }
        live.into_iter().filter_map(|inode| Some(self.file(inode).ok()?.taken())).sum()
    }

    fn set_parent(&mut self, inode: Key, parent: Key) {
        if let Ok(directory) = self.directory_mut(inode) {
            directory.parent = parent;
        }
    }

    fn file_type(&self, inode: Key) -> FileType {
        self.inodes.get(inode).map_or(FileType::File, Inode::file_type)
    }

    fn directory(&self, inode: Key) -> io::Result<&Directory> {
        match self.inodes.get(inode) {
            Some(Inode { body: Body::Directory(directory), .. }) => Ok(directory),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn directory_mut(&mut self, inode: Key) -> io::Result<&mut Directory> {
        match self.inodes.get_mut(inode) {
            Some(Inode { body: Body::Directory(directory), .. }) => Ok(directory),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn file(&self, inode: Key) -> io::Result<&Contents> {
        match self.inodes.get(inode) {
            Some(Inode { body: Body::File(contents), .. }) => Ok(contents),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn file_mut(&mut self, inode: Key) -> io::Result<&mut Contents> {
        match self.inodes.get_mut(inode) {
            Some(Inode { body: Body::File(contents), .. }) => Ok(contents),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }
}
