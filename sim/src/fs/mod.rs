//! Files on simulated disks, in tokio's words.
//!
//! Each [`node`](crate::node()) has a disk of its own, empty at first, which survives the node's [crash](crate::Node::crash) and
//! restart as far as it was synced: what was not is lost, kept or torn, as the run chooses. So a test of anything that is to survive a
//! crash is: do it, crash, restart, look.
//!
//! ```
//! use reveille::{explore, fs, node};
//!
//! async fn save(text: &str) -> std::io::Result<()> {
//!     fs::write("new", text).await?;
//!     fs::File::open("new").await?.sync_all().await?; // the bytes
//!     fs::rename("new", "saved").await?;
//!     fs::File::open(".").await?.sync_all().await // the names
//! }
//!
//! explore()
//!     .run(|| async {
//!         let db = node("db");
//!         db.spawn(save("one")).await.unwrap().unwrap();
//!         drop(db.spawn(save("two")));
//!         reveille::time::sleep(std::time::Duration::from_micros(u64::from(reveille::choose(50)) * 100)).await;
//!         db.crash();
//!         let saved = db.spawn(fs::read_to_string("saved")).await.unwrap().unwrap();
//!         assert!(saved == "one" || saved == "two", "{saved}");
//!     })
//!     .unwrap();
//! ```
//!
//! Leave out one of the two syncs, and the same test finds a run in which the first text is gone, or is half there.
//!
//! # Operations complete
//!
//! An operation is submitted when its future is first polled, takes some 20 µs of virtual time (a sync 1 ms), twice or ten times as
//! long, and is done at one moment. *It owns its buffer, and dropping its future does not stop it*: a write that was given up is
//! written, unless the node crashes first; a file that is made by a future that was dropped is made, and closed again; what was read
//! for a dropped read is there for the next one. Operations of one open file are done in order, apart from `read_at` and `write_at`;
//! all others overtake each other. What is written through `AsyncWrite` is taken at once and done later, as in tokio: before a file is
//! looked at through another handle it has to be flushed.
//!
//! # What a crash leaves
//!
//! See [`reveille_reactor::disk`]. A crash that takes nothing is among those that there are (and is what seed 0 sees): it is that
//! of a process only.
//!
//! # Faults
//!
//! Under [`faults`](crate::Explore::faults) `light` and `heavy` calls come back short or interrupted, disks are full, also in the middle of a
//! write, and syncs fail; a second sync may succeed then, and the data is lost all the same. [`strikes`] counts them.
//! A disk can be [stalled](crate::Node::stall_disk), and have an [end](crate::Node::set_disk_capacity).
//!
//! # What is there
//!
//! The calls return what Linux returns: scripts are played on both, and compared. Relative paths begin at the root, as there is no working
//! directory. There are no links, permissions, locks and times, and no memory maps.

mod disks;

use std::io;
use std::path::Path;

pub(crate) use disks::Disks;
pub use disks::Simulated;
use reveille_reactor::disk::Operation;
use reveille_reactor::file::{self, AmbientRing};
pub use reveille_reactor::{FileType, Metadata};

pub use crate::net::{Fault, Faults, Rate, Strikes, strikes};

/// An open file; see [`reveille_reactor::file::File`] for its methods.
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use reveille::fs::File;
///
/// # reveille::explore().runs(10).run(|| async {
/// let mut file = File::create_new("greeting").await?;
/// file.write_all(b"hello, world").await?;
/// file.flush().await?;
/// file.write_all_at(b"W", 7).await?; // the cursor apart
/// let mut text = String::new();
/// File::open("greeting").await?.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello, World");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub type File = file::File<Simulated>;
/// How to open a file; see [`reveille_reactor::file::OpenOptions`] for its methods.
///
/// ```
/// use futures::AsyncWriteExt;
/// use reveille::fs::{self, OpenOptions};
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::write("log", "one\n").await?;
/// let mut log = OpenOptions::new().append(true).open("log").await?;
/// log.write_all(b"two\n").await?;
/// log.flush().await?;
/// assert_eq!(fs::read_to_string("log").await?, "one\ntwo\n");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub type OpenOptions = file::OpenOptions<Simulated>;
/// The names in a directory; see [`reveille_reactor::file::ReadDir`] for its methods.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::write("a", "").await?;
/// fs::write("b", "").await?;
/// let (mut names, mut entries) = (Vec::new(), fs::read_dir("/").await?);
/// while let Some(entry) = entries.next_entry().await? {
///     names.push(entry.file_name());
/// }
/// names.sort();
/// assert_eq!(names, ["a", "b"]);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub type ReadDir = file::ReadDir<Simulated>;
/// A name in a directory; see [`reveille_reactor::file::DirEntry`] for its methods.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::create_dir_all("/logs/old").await?;
/// let entry = fs::read_dir("/logs").await?.next_entry().await?.expect("there is one");
/// assert_eq!(entry.path().to_str(), Some("/logs/old"));
/// assert!(entry.file_type().await?.is_dir());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub type DirEntry = file::DirEntry<Simulated>;

/// Reads a whole file.
///
/// # Errors
/// `NotFound`, `IsADirectory`, `NotADirectory`.
///
/// # Panics
/// Outside of a run, as all functions here do.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::write("f", [0, 159, 146, 150]).await?;
/// assert_eq!(fs::read("f").await?, [0, 159, 146, 150]);
/// assert_eq!(fs::read("g").await.unwrap_err().kind(), std::io::ErrorKind::NotFound);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    file::read(Simulated::current("read"), path.as_ref()).await
}

/// Reads a whole file as text.
///
/// # Errors
/// Those of [`read`]; `InvalidData` if it is not UTF-8.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::write("f", "hello").await?;
/// assert_eq!(fs::read_to_string("f").await?, "hello");
/// fs::write("f", [0xff]).await?;
/// assert_eq!(fs::read_to_string("f").await.unwrap_err().kind(), std::io::ErrorKind::InvalidData);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let bytes = file::read(Simulated::current("read_to_string"), path.as_ref()).await?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Makes a file of `contents`, or empties it and writes them. Syncs nothing, and is several operations: a crash in between leaves an
/// empty file, or a part.
///
/// # Errors
/// `NotFound` if its directory is missing, `IsADirectory`, `StorageFull`.
///
/// ```
/// use std::time::Duration;
/// use reveille::{explore, fs, node};
///
/// explore()
///     .run(|| async {
///         let db = node("db");
///         drop(db.spawn(fs::write("f", "hello")));
///         reveille::time::sleep(Duration::from_millis(10)).await;
///         db.crash(); // nothing was synced, so any of this is left
///         let left = db.spawn(fs::read_to_string("f")).await.unwrap().unwrap_or_default();
///         assert!(left.is_empty() || left == "hello" || left == "\0\0\0\0\0", "{left:?}");
///         reveille::sometimes!(left == "hello", "it is all there");
///         reveille::sometimes!(left.is_empty(), "it is gone");
///     })
///     .unwrap();
/// ```
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    file::write(Simulated::current("write"), path.as_ref(), contents.as_ref()).await
}

/// Copies the bytes of a file into another, and returns how many that were.
///
/// # Errors
/// Those of [`read()`] and [`write()`].
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::write("from", "hello").await?;
/// assert_eq!(fs::copy("from", "to").await?, 5);
/// assert_eq!(fs::read_to_string("to").await?, "hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    file::copy(Simulated::current("copy"), from.as_ref(), to.as_ref()).await
}

/// Gives a file or a directory another name, in place of what had that name. One operation: a crash leaves the one or the other,
/// and may undo it until both directories are synced.
///
/// # Errors
/// `NotFound`, `IsADirectory`, `NotADirectory`, `DirectoryNotEmpty`.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::write("config", "old").await?;
/// fs::write("config.new", "new").await?;
/// fs::rename("config.new", "config").await?;
/// assert_eq!(fs::read_to_string("config").await?, "new");
/// assert!(!fs::try_exists("config.new").await?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let operation = Operation::Rename(from.as_ref().to_owned(), to.as_ref().to_owned());
    file::done(&Simulated::current("rename"), operation).await
}

/// Removes the name of a file. Who has it open goes on.
///
/// # Errors
/// `NotFound`, `IsADirectory`, `NotADirectory`.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::write("f", "hello").await?;
/// let open = fs::File::open("f").await?;
/// fs::remove_file("f").await?;
/// assert!(!fs::try_exists("f").await?);
/// assert_eq!(open.metadata().await?.len(), 5);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let operation = Operation::RemoveFile(path.as_ref().to_owned());
    file::done(&Simulated::current("remove_file"), operation).await
}

/// Makes a directory.
///
/// # Errors
/// `AlreadyExists`, `NotFound` if what it is in is missing, `NotADirectory`, `StorageFull`.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::create_dir("/logs").await?;
/// assert_eq!(fs::create_dir("/logs").await.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
/// assert_eq!(fs::create_dir("/a/b").await.unwrap_err().kind(), std::io::ErrorKind::NotFound);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let operation = Operation::CreateDir(path.as_ref().to_owned());
    file::done(&Simulated::current("create_dir"), operation).await
}

/// Makes a directory, and those above it that are missing.
///
/// # Errors
/// `AlreadyExists` or `NotADirectory` if a file is in the way, `StorageFull`.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::create_dir_all("/a/b/c").await?;
/// fs::create_dir_all("/a/b").await?; // is there
/// assert!(fs::metadata("/a/b/c").await?.is_dir());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    file::create_dir_all(&Simulated::current("create_dir_all"), path.as_ref()).await
}

/// Removes an empty directory.
///
/// # Errors
/// `DirectoryNotEmpty`, `NotFound`, `NotADirectory`.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::create_dir_all("/a/b").await?;
/// assert_eq!(fs::remove_dir("/a").await.unwrap_err().kind(), std::io::ErrorKind::DirectoryNotEmpty);
/// fs::remove_dir("/a/b").await?;
/// fs::remove_dir("/a").await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let operation = Operation::RemoveDir(path.as_ref().to_owned());
    file::done(&Simulated::current("remove_dir"), operation).await
}

/// Removes a directory with all that is in it.
///
/// # Errors
/// `NotFound`, `NotADirectory`.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::create_dir_all("/a/b").await?;
/// fs::write("/a/b/f", "hello").await?;
/// fs::remove_dir_all("/a").await?;
/// assert!(!fs::try_exists("/a").await?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    file::remove_dir_all(&Simulated::current("remove_dir_all"), path.as_ref()).await
}

/// Lists a directory.
///
/// # Errors
/// `NotFound`, `NotADirectory`.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::create_dir("/logs").await?;
/// assert!(fs::read_dir("/logs").await?.next_entry().await?.is_none());
/// assert_eq!(fs::read_dir("/nothing").await.err().unwrap().kind(), std::io::ErrorKind::NotFound);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    ReadDir::of(Simulated::current("read_dir"), path.as_ref()).await
}

/// What is known of what `path` names.
///
/// # Errors
/// `NotFound`, `NotADirectory`.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// fs::write("f", "hello").await?;
/// let metadata = fs::metadata("f").await?;
/// assert!(metadata.is_file());
/// assert_eq!(metadata.len(), 5);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let operation = Operation::Metadata(path.as_ref().to_owned());
    file::metadata(&Simulated::current("metadata"), operation).await
}

/// Whether `path` names anything.
///
/// # Errors
/// Those of [`metadata`] but `NotFound`.
///
/// ```
/// use reveille::fs;
///
/// # reveille::explore().runs(10).run(|| async {
/// assert!(!fs::try_exists("f").await?);
/// fs::write("f", "").await?;
/// assert!(fs::try_exists("f").await?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let operation = Operation::Metadata(path.as_ref().to_owned());
    match file::metadata(&Simulated::current("try_exists"), operation).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
