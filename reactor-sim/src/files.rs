//! What a program asks of the files of its node: a small set of calls, each of which is one system call.
//!
//! The simulated disk ([`Disk`](crate::disk::Disk)) implements them, the decorator of faults
//! ([`FaultyFiles`](crate::fault::FaultyFiles)) does, and for the tests of parity the operating system's files do.
//!
//! Deliberately absent: links, permissions, locks, times, and a working directory: a relative path starts at the root.

use std::ffi::OsString;
use std::io::{self, SeekFrom};
use std::path::Path;

use crate::slab::Key;

/// Names an open file of one disk. A name whose file was closed names nothing, for ever.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::{Files, OpenHow};
///
/// let mut disk = Disk::default();
/// let before = disk.open(Path::new("/f"), OpenHow::CREATE)?;
/// disk.close(before);
/// let file = disk.open(Path::new("/f"), OpenHow::CREATE)?;
/// assert!(disk.write(before, None, b"late").is_err()); // it does not name what was opened since
/// assert_eq!(disk.write(file, None, b"hello")?, 5);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(crate) Key);

/// How a file is opened: what `std::fs::OpenOptions` knows, on every platform.
///
/// ```
/// use std::io::ErrorKind;
/// use std::path::Path;
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::{Files, OpenHow};
///
/// let mut disk = Disk::default();
/// let lock = OpenHow { write: true, create_new: true, ..OpenHow::default() };
/// disk.open(Path::new("/lock"), lock)?;
/// assert_eq!(disk.open(Path::new("/lock"), lock).unwrap_err().kind(), ErrorKind::AlreadyExists);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OpenHow {
    /// It can be read.
    pub read: bool,
    /// It can be written.
    pub write: bool,
    /// It can be written, and what is written goes to its end.
    pub append: bool,
    /// It is emptied.
    pub truncate: bool,
    /// It is made if there is none.
    pub create: bool,
    /// It is made, and must not be there.
    pub create_new: bool,
}

impl OpenHow {
    /// To read what is there.
    pub const READ: Self =
        Self { read: true, write: false, append: false, truncate: false, create: false, create_new: false };

    /// To write from nothing.
    pub const CREATE: Self = Self { write: true, truncate: true, create: true, read: false, ..Self::READ };

    /// Whether it can be written in any way.
    #[must_use]
    pub const fn writes(self) -> bool {
        self.write || self.append
    }

    /// Refuses what contradicts itself, as the standard library does before it asks the system.
    ///
    /// # Errors
    /// `InvalidInput`.
    ///
    /// ```
    /// use reveille_reactor::OpenHow;
    ///
    /// assert!(OpenHow::CREATE.check().is_ok());
    /// assert!(OpenHow { truncate: true, ..OpenHow::READ }.check().is_err()); // emptied, but never written
    /// ```
    pub fn check(self) -> io::Result<()> {
        let is_idle = !self.read && !self.writes();
        let makes_unwritten = !self.writes() && (self.truncate || self.create || self.create_new);
        let empties_appended = self.append && self.truncate && !self.create_new;
        if is_idle || makes_unwritten || empties_appended {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "these options of opening contradict each other"));
        }
        Ok(())
    }
}

/// What there is under a name.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::net::Paths;
/// use reveille_reactor::{FileType, Files, OpenHow};
///
/// let mut disk = Disk::default();
/// disk.open(Path::new("/file"), OpenHow::CREATE)?;
/// disk.create_dir(Path::new("/directory"))?;
/// Paths::make_socket(&mut disk, Path::new("/socket"))?;
/// let mut sort = |path| disk.metadata(Path::new(path)).map(|metadata| metadata.file_type());
/// assert_eq!(sort("/file")?, FileType::File);
/// assert!(sort("/file")?.is_file() && sort("/directory")?.is_dir() && sort("/socket")?.is_socket());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileType {
    /// Bytes.
    File,
    /// Names.
    Directory,
    /// A Unix socket, that of who bound it; see [`Paths`](crate::net::Paths).
    Socket,
}

impl FileType {
    /// Whether it holds bytes.
    #[must_use]
    pub fn is_file(self) -> bool {
        self == Self::File
    }

    /// Whether it holds names.
    #[must_use]
    pub fn is_dir(self) -> bool {
        self == Self::Directory
    }

    /// Whether it is a Unix socket: `std::os::unix::fs::FileTypeExt`'s word.
    #[must_use]
    pub fn is_socket(self) -> bool {
        self == Self::Socket
    }
}

/// What is known of a file without reading it.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::{FileType, Files, disk::Disk};
///
/// let mut disk = Disk::default();
/// disk.create_dir(Path::new("/logs"))?;
/// let metadata = disk.metadata(Path::new("/logs"))?;
/// assert_eq!(metadata.file_type(), FileType::Directory);
/// assert!(metadata.is_dir() && !metadata.is_file());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Metadata {
    pub(crate) file_type: FileType,
    pub(crate) len: u64,
}

impl Metadata {
    /// What it is.
    #[must_use]
    pub fn file_type(self) -> FileType {
        self.file_type
    }

    /// Whether it holds bytes.
    #[must_use]
    pub fn is_file(self) -> bool {
        self.file_type.is_file()
    }

    /// Whether it holds names.
    #[must_use]
    pub fn is_dir(self) -> bool {
        self.file_type.is_dir()
    }

    /// Its length in bytes. That of a directory means nothing.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "the standard library has none either")]
    pub fn len(self) -> u64 {
        self.len
    }
}

/// A name in a directory.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::{Entry, FileType, Files};
///
/// let mut disk = Disk::default();
/// disk.create_dir(Path::new("/logs"))?;
/// assert_eq!(disk.read_dir(Path::new("/"))?, [Entry { name: "logs".into(), file_type: FileType::Directory }]);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The name, without the directory's.
    pub name: OsString,
    /// What it names.
    pub file_type: FileType,
}

/// The calls. Each names the `io::ErrorKind`s that a caller can tell apart, which are those of Linux.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::{Files, OpenHow};
///
/// /// Written once, for simulated disks and those with faults.
/// fn append(files: &mut dyn Files, path: &Path, line: &[u8]) -> std::io::Result<usize> {
///     let how = OpenHow { append: true, create: true, ..OpenHow::default() };
///     let file = files.open(path, how)?;
///     files.write(file, None, line)
/// }
///
/// let mut disk = Disk::default();
/// append(&mut disk, Path::new("/log"), b"one\n")?;
/// append(&mut disk, Path::new("/log"), b"two\n")?;
/// assert_eq!(disk.metadata(Path::new("/log"))?.len(), 8);
/// # std::io::Result::Ok(())
/// ```
pub trait Files {
    /// Opens a file, or a directory to be synced. `how` was [checked](OpenHow::check).
    ///
    /// # Errors
    /// `NotFound`, `AlreadyExists`, `IsADirectory`, `NotADirectory`, `InvalidFilename`, `StorageFull`.
    fn open(&mut self, path: &Path, how: OpenHow) -> io::Result<FileId>;

    /// Reads from `at`, or from the cursor and moves it on. 0 is the end of the file, or an empty buffer.
    ///
    /// # Errors
    /// `Interrupted`, `IsADirectory`, `InvalidInput` for an offset that no file has; an error without a kind if the file was
    /// opened for writing only.
    fn read(&mut self, file: FileId, at: Option<u64>, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes to `at`, or to the cursor and moves it on; to the end if it was opened to append. May write a part.
    ///
    /// # Errors
    /// `Interrupted`, `StorageFull`, `FileTooLarge`, `InvalidInput` for an offset that no file has; an error without a kind
    /// if the file was opened for reading only.
    fn write(&mut self, file: FileId, at: Option<u64>, bytes: &[u8]) -> io::Result<usize>;

    /// Moves the cursor. Returns where it is then.
    ///
    /// # Errors
    /// `InvalidInput` for a place before the start, or beyond what a file can have.
    ///
    /// ```
    /// use std::io::SeekFrom;
    /// use std::path::Path;
    /// use reveille_reactor::disk::Disk;
    /// use reveille_reactor::{Files, OpenHow};
    ///
    /// let mut disk = Disk::default();
    /// let file = disk.open(Path::new("/f"), OpenHow::CREATE)?;
    /// disk.write(file, None, b"hello")?;
    /// assert_eq!(disk.seek(file, SeekFrom::Current(-1))?, 4);
    /// disk.write(file, None, b"!")?; // over the last byte
    /// assert_eq!(disk.metadata_of(file)?.len(), 5);
    /// # std::io::Result::Ok(())
    /// ```
    fn seek(&mut self, file: FileId, to: SeekFrom) -> io::Result<u64>;

    /// Makes what was written to a file, or what was changed among the names of a directory, survive a crash.
    ///
    /// # Errors
    /// If the disk fails: an error without a kind. What was to be made safe is lost then at a crash, whatever a later call says.
    fn sync(&mut self, file: FileId) -> io::Result<()>;

    /// Cuts a file off, or extends it by zeros.
    ///
    /// # Errors
    /// `InvalidInput` if it cannot be written, `FileTooLarge`.
    ///
    /// ```
    /// use std::path::Path;
    /// use reveille_reactor::disk::Disk;
    /// use reveille_reactor::{Files, OpenHow};
    ///
    /// let mut disk = Disk::default();
    /// let file = disk.open(Path::new("/f"), OpenHow { read: true, ..OpenHow::CREATE })?;
    /// disk.write(file, None, b"hello")?;
    /// disk.set_len(file, 2)?;
    /// disk.set_len(file, 4)?;
    /// let mut bytes = [7; 8];
    /// assert_eq!(disk.read(file, Some(0), &mut bytes)?, 4);
    /// assert_eq!(&bytes[..4], b"he\0\0"); // what was cut off does not come back
    /// # std::io::Result::Ok(())
    /// ```
    fn set_len(&mut self, file: FileId, len: u64) -> io::Result<()>;

    /// What is known of an open file.
    ///
    /// # Errors
    /// If there is no such file.
    ///
    /// ```
    /// use std::path::Path;
    /// use reveille_reactor::disk::Disk;
    /// use reveille_reactor::{Files, OpenHow};
    ///
    /// let mut disk = Disk::default();
    /// let file = disk.open(Path::new("/f"), OpenHow::CREATE)?;
    /// disk.write(file, None, b"hello")?;
    /// disk.remove_file(Path::new("/f"))?;
    /// assert!(disk.metadata(Path::new("/f")).is_err());
    /// assert_eq!(disk.metadata_of(file)?.len(), 5); // it has no name, but it is open
    /// # std::io::Result::Ok(())
    /// ```
    fn metadata_of(&mut self, file: FileId) -> io::Result<Metadata>;

    /// What is known of what `path` names.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`.
    fn metadata(&mut self, path: &Path) -> io::Result<Metadata>;

    /// Makes a directory.
    ///
    /// # Errors
    /// `AlreadyExists`, `NotFound` if its parent is missing, `NotADirectory`, `StorageFull`.
    fn create_dir(&mut self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `DirectoryNotEmpty`, `NotFound`, `NotADirectory`.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use std::path::Path;
    /// use reveille_reactor::Files;
    /// use reveille_reactor::disk::Disk;
    ///
    /// let mut disk = Disk::default();
    /// disk.create_dir(Path::new("/a"))?;
    /// disk.create_dir(Path::new("/a/b"))?;
    /// assert_eq!(disk.remove_dir(Path::new("/a")).unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
    /// disk.remove_dir(Path::new("/a/b"))?;
    /// disk.remove_dir(Path::new("/a"))?;
    /// assert!(disk.read_dir(Path::new("/"))?.is_empty());
    /// # std::io::Result::Ok(())
    /// ```
    fn remove_dir(&mut self, path: &Path) -> io::Result<()>;

    /// Removes the name of a file. Who has it open goes on.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`, `NotADirectory`.
    fn remove_file(&mut self, path: &Path) -> io::Result<()>;

    /// Gives a file or a directory another name. What had that name is replaced: there is no moment without either.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`, `NotADirectory`, `DirectoryNotEmpty`, `InvalidInput` for a directory into itself.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;

    /// The names in a directory. In which order is not said.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`.
    fn read_dir(&mut self, path: &Path) -> io::Result<Vec<Entry>>;

    /// Closes a file. A stale name does nothing.
    fn close(&mut self, file: FileId);
}
