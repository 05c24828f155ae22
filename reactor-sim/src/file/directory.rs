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
/// use std::path::Path;
/// use reveille_reactor::file::{self, ReadDir, Ring};
/// # use std::cell::RefCell;
/// # use std::io;
/// # use std::rc::Rc;
/// # use std::task::{Context, Poll};
/// # use reveille_reactor::Instant;
/// # use reveille_reactor::disk::{Operation, OperationId, Outcome, Storage};
/// # use reveille_reactor::fault::{Faults, Strikes};
/// # use reveille_reactor::net::NodeId;
/// # use reveille_executor::{Choose, Point};
/// # struct Dullest;
/// # impl Choose for Dullest {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         0
/// #     }
/// # }
/// # #[derive(Clone, Default)]
/// # struct Here(Rc<RefCell<Storage>>);
/// #
/// # impl Ring for Here {
/// #     fn submit(&self, operation: Operation) -> Option<OperationId> {
/// #         Some(self.0.borrow_mut().submit(Instant::ZERO, NodeId::default(), operation, &mut Dullest))
/// #     }
/// #
/// #     fn poll(&self, operation: OperationId, _: &mut Context<'_>) -> Poll<io::Result<Outcome>> {
/// #         let mut storage = self.0.borrow_mut();
/// #         storage.advance(Instant::MAX, &Faults::OFF, &mut Dullest, &Strikes::default());
/// #         storage.take(operation).map_or(Poll::Pending, Poll::Ready)
/// #     }
/// #
/// #     fn abandon(&self, operation: OperationId) {
/// #         self.0.borrow_mut().abandon(operation);
/// #     }
/// #
/// #     fn close(&self, file: reveille_reactor::FileId) {
/// #         self.0.borrow_mut().close(NodeId::default(), file);
/// #     }
/// # }
///
/// // `Here`: a disk of its own, as in the example of `Ring`.
///
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
