//! What takes several operations: between any two of them the machine may crash.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{File, Ring, done, metadata, perform, unexpected};
use crate::disk::{Operation, Outcome};
use crate::files::{Entry, Metadata, OpenHow};

/// So much is read at once.
const CHUNK: usize = 64 * 1024;

/// Reads a whole file.
///
/// # Errors
/// Those of opening and of reading, but `Interrupted`.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::file;
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::write(here.clone(), Path::new("/f"), &[7; 100_000]).await?;
///     assert_eq!(file::read(here, Path::new("/f")).await?, [7; 100_000]);
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn read<R: Ring>(ring: R, path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open_in(ring, path, OpenHow::READ).await?;
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; CHUNK]);
    loop {
        match file.read_at(&mut chunk, bytes.len() as u64).await {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes a file of these bytes, or empties it and writes them. Syncs nothing.
///
/// # Errors
/// Those of opening and of writing, but `Interrupted`.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::fault::Strikes;
/// use reveille_reactor::file;
/// use reveille_reactor::net::NodeId;
/// # use reveille_executor::{Choose, Point};
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::write(here.clone(), Path::new("/f"), b"a long word").await?;
///     file::write(here.clone(), Path::new("/f"), b"hello").await?;
///     assert_eq!(file::read(here.clone(), Path::new("/f")).await?, b"hello"); // nothing is left of the first
///
///     // Nothing of it is safe either.
///     here.0.borrow_mut().crash(NodeId::default(), &mut Lost, &Strikes::default());
///     assert!(file::read(here, Path::new("/f")).await.is_err());
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// # /// A crash takes what it may.
/// # struct Lost;
/// # impl Choose for Lost {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         1
/// #     }
/// # }
/// ```
pub async fn write<R: Ring>(ring: R, path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::open_in(ring, path, OpenHow::CREATE).await?.write_all_at(bytes, 0).await
}

/// Copies the bytes of a file into another, and returns how many that were.
///
/// # Errors
/// Those of [`read()`] and [`write()`].
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::file;
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::write(here.clone(), Path::new("/f"), b"hello").await?;
///     assert_eq!(file::copy(here.clone(), Path::new("/f"), Path::new("/g")).await?, 5);
///     assert_eq!(file::read(here, Path::new("/g")).await?, b"hello");
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn copy<R: Ring>(ring: R, from: &Path, to: &Path) -> io::Result<u64> {
    let bytes = read(ring.clone(), from).await?;
    write(ring, to, &bytes).await?;
    Ok(bytes.len() as u64)
}

/// Lists a directory.
///
/// # Errors
/// `NotFound`, `NotADirectory`.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::file;
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::create_dir_all(&here, Path::new("/logs")).await?;
///     let names = file::list(&here, Path::new("/")).await?;
///     assert!(names[0].name == "logs" && names[0].file_type.is_dir());
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn list<R: Ring>(ring: &R, path: &Path) -> io::Result<Vec<Entry>> {
    match perform(ring, Operation::ReadDir(path.to_owned())).await? {
        Outcome::Entries(entries) => Ok(entries),
        other => Err(unexpected(&other)),
    }
}

/// Makes a directory, and those above it that are missing.
///
/// # Errors
/// `NotADirectory`, `AlreadyExists` if a file is in the way, `StorageFull`.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::file;
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::create_dir_all(&here, Path::new("/var/log/app")).await?;
///     file::create_dir_all(&here, Path::new("/var/log")).await?; // it is there already
///     assert_eq!(file::list(&here, Path::new("/var/log")).await?[0].name, "app");
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn create_dir_all<R: Ring>(ring: &R, path: &Path) -> io::Result<()> {
    let mut missing = vec![path];
    while let Some(path) = missing.last().copied() {
        match done(ring, Operation::CreateDir(path.to_owned())).await {
            Err(error) if error.kind() == ErrorKind::NotFound => match path.parent() {
                Some(parent) if parent != Path::new("") => missing.push(parent),
                _ => return Err(error),
            },
            Err(error) => {
                let is_there = metadata(ring, Operation::Metadata(path.to_owned())).await;
                if !is_there.is_ok_and(Metadata::is_dir) {
                    return Err(error);
                }
                missing.pop();
            }
            Ok(()) => drop(missing.pop()),
        }
    }
    Ok(())
}

/// Removes a directory with all that is in it.
///
/// # Errors
/// `NotFound`, `NotADirectory`; what was removed before an error is gone.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::file;
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::create_dir_all(&here, Path::new("/var/log")).await?;
///     file::write(here.clone(), Path::new("/var/log/app"), b"started").await?;
///     file::remove_dir_all(&here, Path::new("/var")).await?;
///     assert!(file::list(&here, Path::new("/")).await?.is_empty());
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn remove_dir_all<R: Ring>(ring: &R, path: &Path) -> io::Result<()> {
    let mut left: Vec<(PathBuf, bool)> = vec![(path.to_owned(), false)];
    while let Some((path, is_listed)) = left.pop() {
        if is_listed {
            done(ring, Operation::RemoveDir(path)).await?;
            continue;
        }
        let entries = list(ring, &path).await?;
        left.push((path.clone(), true));
        for Entry { name, file_type } in entries {
            match file_type.is_dir() {
                true => left.push((path.join(name), false)),
                false => done(ring, Operation::RemoveFile(path.join(name))).await?,
            }
        }
    }
    Ok(())
}
