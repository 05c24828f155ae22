//! The names in a directory.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{Ring, metadata, perform, unexpected};
use crate::disk::{Operation, Outcome};
use crate::files::{Entry, FileType, Metadata};

/// The names in a directory, one after the other: as they were when the directory was listed.
#[derive(Debug)]
pub struct ReadDir<R> {
    ring: R,
    path: PathBuf,
    entries: std::vec::IntoIter<Entry>,
}

/// A name in a directory.
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
