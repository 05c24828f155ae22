//! The names in a directory.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{Ring, metadata, perform, unexpected};
use crate::disk::{Operation, Outcome};
use crate::files::{Entry, FileType, Metadata};

/// The names in a directory, one after the other: as they were when the directory was listed.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::file::{self, ReadDir};
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::create_dir_all(&here, Path::new("/a/b")).await?;
///     file::write(here.clone(), Path::new("/a/f"), b"12345").await?;
///
///     let mut listed = Vec::new();
///     let mut names = ReadDir::of(here, Path::new("/a")).await?;
///     while let Some(entry) = names.next_entry().await? {
///         listed.push((entry.path(), entry.metadata().await?.is_dir()));
///     }
///     listed.sort();
///     assert_eq!(listed, [("/a/b".into(), true), ("/a/f".into(), false)]);
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[derive(Debug)]
pub struct ReadDir<R> {
    ring: R,
    path: PathBuf,
    entries: std::vec::IntoIter<Entry>,
}

/// A name in a directory.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::disk::Operation;
/// use reveille_reactor::file::{self, ReadDir};
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::write(here.clone(), Path::new("/f"), b"hello").await?;
///     let entry = ReadDir::of(here.clone(), Path::new("/")).await?.next_entry().await?.expect("there is one");
///     assert_eq!(entry.file_name(), "f");
///
///     file::done(&here, Operation::RemoveFile(entry.path())).await?;
///     assert!(entry.file_type().await?.is_file()); // what it was when it was listed
///     assert!(entry.metadata().await.is_err()); // what it is now
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[derive(Debug)]
pub struct DirEntry<R> {
    ring: R,
    path: PathBuf,
    entry: Entry,
}

impl<R: Ring> ReadDir<R> {
    /// Lists `path` on the disk behind `ring`.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`.
    pub async fn of(ring: R, path: &Path) -> io::Result<Self> {
        match perform(&ring, Operation::ReadDir(path.to_owned())).await? {
            Outcome::Entries(entries) => Ok(Self { ring, path: path.to_owned(), entries: entries.into_iter() }),
            other => Err(unexpected(&other)),
        }
    }

    /// The next one. Programs must not rely on an order.
    ///
    /// # Errors
    /// None as yet.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry<R>>> {
        let ring = self.ring.clone();
        Ok(self.entries.next().map(|entry| DirEntry { ring, path: self.path.join(&entry.name), entry }))
    }
}

impl<R: Ring> DirEntry<R> {
    /// The directory's path with this name.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// The name.
    #[must_use]
    pub fn file_name(&self) -> OsString {
        self.entry.name.clone()
    }

    /// What it named when the directory was listed.
    ///
    /// # Errors
    /// None as yet.
    pub async fn file_type(&self) -> io::Result<FileType> {
        Ok(self.entry.file_type)
    }

    /// What is known of what it names by now.
    ///
    /// # Errors
    /// `NotFound` if it is gone.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        metadata(&self.ring, Operation::Metadata(self.path.clone())).await
    }
}
