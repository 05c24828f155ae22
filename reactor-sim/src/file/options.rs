//! How files are opened.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::path::Path;

use super::{AmbientRing, File};
use crate::files::OpenHow;

/// How to open a file; all is off at first. Finished by [`open`](Self::open).
///
/// ```
/// use std::io;
/// use reveille_reactor::file::OpenOptions;
#[doc = include_str!("../../doc/ring.txt")]
#[doc = include_str!("../../doc/ambient_ring.txt")]
/// futures::executor::block_on(async {
///     let mut options = OpenOptions::<Here>::new();
///     assert!(options.write(true).open("/f").await.is_err()); // there is none
///     options.create(true).open("/f").await?.write_all_at(b"hello", 0).await?;
///
///     assert!(options.clone().create_new(true).open("/f").await.is_err()); // there is one
///     assert_eq!(options.truncate(true).open("/f").await?.metadata().await?.len(), 0);
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub struct OpenOptions<R> {
    how: OpenHow,
    ring: PhantomData<fn() -> R>,
}

impl<R: AmbientRing> OpenOptions<R> {
    /// Nothing is asked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self { how: OpenHow { read: false, ..OpenHow::READ }, ring: PhantomData }
    }

    /// To read it.
    pub fn read(&mut self, on: bool) -> &mut Self {
        self.how.read = on;
        self
    }

    /// To write it.
    pub fn write(&mut self, on: bool) -> &mut Self {
        self.how.write = on;
        self
    }

    /// To write at its end, wherever that is when the write is done.
    pub fn append(&mut self, on: bool) -> &mut Self {
        self.how.append = on;
        self
    }

    /// To empty it.
    pub fn truncate(&mut self, on: bool) -> &mut Self {
        self.how.truncate = on;
        self
    }

    /// To make it if there is none.
    pub fn create(&mut self, on: bool) -> &mut Self {
        self.how.create = on;
        self
    }

    /// To make it, and fail if there is one.
    pub fn create_new(&mut self, on: bool) -> &mut Self {
        self.how.create_new = on;
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    /// `InvalidInput` if the options contradict each other, `NotFound`, `AlreadyExists`, `IsADirectory`, `NotADirectory`,
    /// `InvalidFilename`, `StorageFull`.
    ///
    /// # Panics
    /// Where there is no disk: outside of a run.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File<R>> {
        File::open_in(R::current("OpenOptions::open"), path.as_ref(), self.how).await
    }
}

impl<R: AmbientRing> Default for OpenOptions<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> Clone for OpenOptions<R> {
    fn clone(&self) -> Self {
        Self { how: self.how, ring: PhantomData }
    }
}

impl<R> fmt::Debug for OpenOptions<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.how.fmt(f)
    }
}
