//! An operation on files as a value: what is to be done, with the buffer that it is done with.

use std::fmt;
use std::io::{self, ErrorKind, SeekFrom};
use std::path::PathBuf;

use crate::files::{Entry, FileId, Files, Metadata, OpenHow};

/// One call of [`Files`] that somebody has asked for.
///
/// ```
/// use std::time::Duration;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::Instant;
/// use reveille_reactor::disk::{Operation, Storage};
/// use reveille_reactor::net::NodeId;
///
/// # struct Dullest;
/// # impl Choose for Dullest {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         0
/// #     }
/// # }
/// let (mut storage, here) = (Storage::default(), NodeId::default());
/// storage.submit(Instant::ZERO, here, Operation::CreateDir("/logs".into()), &mut Dullest);
/// assert_eq!(storage.next_event(), Some(Instant::ZERO + Duration::from_micros(20)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Open a file.
    Open(PathBuf, OpenHow),
    /// Read up to so many bytes, from a place or from the cursor.
    Read(FileId, Option<u64>, usize),
    /// Write these bytes, to a place or to the cursor: a part of them may be enough.
    Write(FileId, Option<u64>, Vec<u8>),
    /// Write these bytes, all of them, to the cursor: nobody waits who could write the rest.
    WriteAll(FileId, Vec<u8>),
    /// Move the cursor.
    Seek(FileId, SeekFrom),
    /// Make safe what was written.
    Sync(FileId),
    /// Cut off, or extend by zeros.
    SetLen(FileId, u64),
    /// Say what is known of an open file.
    MetadataOf(FileId),
    /// Say what is known of what a path names.
    Metadata(PathBuf),
    /// Make a directory.
    CreateDir(PathBuf),
    /// Remove an empty directory.
    RemoveDir(PathBuf),
    /// Remove the name of a file.
    RemoveFile(PathBuf),
    /// Give another name.
    Rename(PathBuf, PathBuf),
    /// List a directory.
    ReadDir(PathBuf),
}

/// What came of an operation that did not fail.
///
/// ```
/// use reveille_reactor::disk::{Operation, Outcome, Storage};
/// use reveille_reactor::fault::{Faults, Strikes};
/// use reveille_reactor::net::NodeId;
/// use reveille_reactor::{Instant, OpenHow};
#[doc = include_str!("../../doc/dullest.txt")]
/// let mut storage = Storage::default();
/// let mut perform = |operation| {
///     let asked = storage.submit(Instant::ZERO, NodeId::default(), operation, &mut Dullest);
///     storage.advance(Instant::MAX, &Faults::OFF, &mut Dullest, &Strikes::default());
///     storage.take(asked).expect("it is done")
/// };
/// let Outcome::Opened(file) = perform(Operation::Open("/f".into(), OpenHow::CREATE))? else { panic!("it is open") };
/// assert_eq!(perform(Operation::Write(file, None, b"hello".to_vec()))?, Outcome::Wrote(5));
/// assert_eq!(perform(Operation::Sync(file))?, Outcome::Done);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and there is nothing to say.
    Done,
    /// The file is open.
    Opened(FileId),
    /// These bytes were read.
    Read(Vec<u8>),
    /// So many bytes were written.
    Wrote(usize),
    /// The cursor is there.
    At(u64),
    /// This is what is known.
    Metadata(Metadata),
    /// These names there are.
    Entries(Vec<Entry>),
}

impl Operation {
    /// The open file that it works on.
    #[must_use]
    pub fn file(&self) -> Option<FileId> {
        match *self {
            Self::Read(file, ..)
            | Self::Write(file, ..)
            | Self::WriteAll(file, _)
            | Self::Seek(file, _)
            | Self::Sync(file)
            | Self::SetLen(file, _)
            | Self::MetadataOf(file) => Some(file),
            _ => None,
        }
    }

    /// Whether it comes after what was asked of its file before. Reads and writes that say where they go do not.
    pub(super) fn is_in_order(&self) -> bool {
        !matches!(self, Self::Read(_, Some(_), _) | Self::Write(_, Some(_), _))
    }

    pub(super) fn perform(&self, files: &mut dyn Files) -> io::Result<Outcome> {
        match self {
            Self::Open(path, how) => files.open(path, *how).map(Outcome::Opened),
            Self::Read(file, at, length) => {
                let mut buffer = vec![0; *length];
                let count = files.read(*file, *at, &mut buffer)?;
                buffer.truncate(count);
                Ok(Outcome::Read(buffer))
            }
            Self::Write(file, at, bytes) => files.write(*file, *at, bytes).map(Outcome::Wrote),
            Self::WriteAll(file, bytes) => write_all(files, *file, bytes),
            Self::Seek(file, to) => files.seek(*file, *to).map(Outcome::At),
            Self::Sync(file) => files.sync(*file).map(|()| Outcome::Done),
            Self::SetLen(file, len) => files.set_len(*file, *len).map(|()| Outcome::Done),
            Self::MetadataOf(file) => files.metadata_of(*file).map(Outcome::Metadata),
            Self::Metadata(path) => files.metadata(path).map(Outcome::Metadata),
            Self::CreateDir(path) => files.create_dir(path).map(|()| Outcome::Done),
            Self::RemoveDir(path) => files.remove_dir(path).map(|()| Outcome::Done),
            Self::RemoveFile(path) => files.remove_file(path).map(|()| Outcome::Done),
            Self::Rename(from, to) => files.rename(from, to).map(|()| Outcome::Done),
            Self::ReadDir(path) => files.read_dir(path).map(Outcome::Entries),
        }
    }
}

fn write_all(files: &mut dyn Files, file: FileId, bytes: &[u8]) -> io::Result<Outcome> {
    let mut done = 0;
    while done < bytes.len() {
        match files.write(file, None, &bytes[done..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => done += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Outcome::Wrote(done))
}

/// How many bytes these are.
struct Count<'a>(&'a [u8]);

impl fmt::Display for Count<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("1 byte"),
            count => write!(f, "{count} bytes"),
        }
    }
}

/// What it is, without what it works on if that is an open file: "write 3 bytes to".
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(path, how) if how.create || how.create_new => write!(f, "create `{}`", path.display()),
            Self::Open(path, _) => write!(f, "open `{}`", path.display()),
            Self::Read(_, None, _) => f.write_str("read"),
            Self::Read(_, Some(at), _) => write!(f, "read at {at} of"),
            Self::Write(_, None, bytes) | Self::WriteAll(_, bytes) => write!(f, "write {} to", Count(bytes)),
            Self::Write(_, Some(at), bytes) => write!(f, "write {} at {at} of", Count(bytes)),
            Self::Seek(..) => f.write_str("seek in"),
            Self::Sync(_) => f.write_str("sync"),
            Self::SetLen(_, len) => write!(f, "set to {len} bytes the length of"),
            Self::MetadataOf(_) => f.write_str("metadata of"),
            Self::Metadata(path) => write!(f, "metadata of `{}`", path.display()),
            Self::CreateDir(path) => write!(f, "create directory `{}`", path.display()),
            Self::RemoveDir(path) => write!(f, "remove directory `{}`", path.display()),
            Self::RemoveFile(path) => write!(f, "remove `{}`", path.display()),
            Self::Rename(from, to) => write!(f, "rename `{}` to `{}`", from.display(), to.display()),
            Self::ReadDir(path) => write!(f, "list `{}`", path.display()),
        }
    }
}
