//! Files for async programs, over operations that complete.
//!
//! Sockets are told when they are ready; files are not ready, they are done. So a [`File`] submits operations to a [`Ring`] and waits
//! for what comes of them. An operation owns its buffer from the moment in which it is submitted, which is the first poll of its
//! future, until it is done. *Dropping the future does not stop it:* a write is written, a file is made, and what a read has read
//! is there for the next read. So it is with tokio's files, whose calls run on threads, and with `io_uring`.
//!
//! The names of types and methods, and what they do, are tokio's. `AsyncRead`, `AsyncWrite` and `AsyncSeek` are those of the futures
//! crate (feature `futures-io`, which `reveille` switches on) and, behind the feature `tokio`, tokio's.
//!
//! ```
//! use std::io;
//! use std::path::Path;
//! use reveille_reactor::OpenHow;
//! use reveille_reactor::disk::Operation;
//! use reveille_reactor::file::{self, File};
#![doc = include_str!("../../doc/ring.txt")]
//! let (here, new, log) = (Here::default(), Path::new("/log.new"), Path::new("/log"));
//! futures::executor::block_on(async {
//!     // A log that is there whole or not at all, whenever the machine loses its power.
//!     let file = File::open_in(here.clone(), new, OpenHow::CREATE).await?;
//!     file.write_all_at(b"one\ntwo\n", 0).await?;
//!     file.sync_all().await?;
//!     file::done(&here, Operation::Rename(new.into(), log.into())).await?;
//!     File::open_in(here.clone(), Path::new("/"), OpenHow::READ).await?.sync_all().await?;
//!     assert_eq!(file::read(here, log).await?, b"one\ntwo\n");
//!     io::Result::Ok(())
//! })
//! # .unwrap();
//! ```

mod directory;
#[cfg(feature = "futures-io")]
mod futures;
mod open;
mod options;
#[cfg(feature = "tokio")]
mod tokio;
mod tree;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

pub use directory::{DirEntry, ReadDir};
pub use open::File;
pub use options::OpenOptions;
pub use tree::{copy, create_dir_all, list, read, remove_dir_all, write};

use crate::disk::{Operation, OperationId, Outcome};
use crate::files::{FileId, Metadata};

/// The way to the operations of one disk.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::file::{self, Ring};
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
///
/// /// A disk on which everything is done as soon as somebody waits for it.
/// #[derive(Clone, Default)]
/// struct Here(Rc<RefCell<Storage>>);
///
/// impl Ring for Here {
///     fn submit(&self, operation: Operation) -> Option<OperationId> {
///         Some(self.0.borrow_mut().submit(Instant::ZERO, NodeId::default(), operation, &mut Dullest))
///     }
///
///     fn poll(&self, operation: OperationId, _: &mut Context<'_>) -> Poll<io::Result<Outcome>> {
///         let mut storage = self.0.borrow_mut();
///         storage.advance(Instant::MAX, &Faults::OFF, &mut Dullest, &Strikes::default());
///         storage.take(operation).map_or(Poll::Pending, Poll::Ready)
///     }
///
///     fn abandon(&self, operation: OperationId) {
///         self.0.borrow_mut().abandon(operation);
///     }
///
///     fn close(&self, file: reveille_reactor::FileId) {
///         self.0.borrow_mut().close(NodeId::default(), file);
///     }
/// }
///
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::create_dir_all(&here, Path::new("/var/log")).await?;
///     file::write(here.clone(), Path::new("/var/log/app"), b"started").await?;
///     assert_eq!(file::read(here, Path::new("/var/log/app")).await?, b"started");
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub trait Ring: Clone + Unpin {
    /// Begins an operation; `None` if the disk is gone.
    ///
    /// ```
    /// use std::io;
    /// use reveille_reactor::disk::{Operation, Outcome};
    /// use reveille_reactor::file::Ring;
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// futures::executor::block_on(async {
    ///     let asked = here.submit(Operation::ReadDir("/".into())).expect("the disk is there");
    ///     let outcome = std::future::poll_fn(|context| here.poll(asked, context)).await?;
    ///     assert_eq!(outcome, Outcome::Entries(Vec::new()));
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    fn submit(&self, operation: Operation) -> Option<OperationId>;

    /// What came of an operation. Leaves the task's waker if it is not done.
    ///
    /// # Errors
    /// Those of the call; also if the disk is gone.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use reveille_reactor::disk::Operation;
    /// use reveille_reactor::file::Ring;
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// let asked = here.submit(Operation::RemoveDir("/logs".into())).expect("the disk is there");
    /// let done = futures::executor::block_on(std::future::poll_fn(|context| here.poll(asked, context)));
    /// assert_eq!(done.unwrap_err().kind(), ErrorKind::NotFound);
    /// ```
    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<io::Result<Outcome>>;

    /// Nobody will ask what came of an operation, which is done all the same.
    ///
    /// ```
    /// use std::path::Path;
    /// use reveille_reactor::disk::Operation;
    /// use reveille_reactor::file;
    /// use reveille_reactor::file::Ring;
    /// # use std::io;
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// let asked = here.submit(Operation::CreateDir("/logs".into())).expect("the disk is there");
    /// here.abandon(asked); // what a future does that is dropped
    /// let names = futures::executor::block_on(file::list(&here, Path::new("/")))?;
    /// assert_eq!(names[0].name, "logs");
    /// # io::Result::Ok(())
    /// ```
    fn abandon(&self, operation: OperationId);

    /// Closes a file once all that was asked of it is done.
    ///
    /// ```
    /// use std::io;
    /// use reveille_reactor::disk::{Operation, Outcome};
    /// use reveille_reactor::file::Ring;
    /// use reveille_reactor::{OpenHow, file};
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// futures::executor::block_on(async {
    ///     let opened = file::perform(&here, Operation::Open("/f".into(), OpenHow::CREATE)).await?;
    ///     let Outcome::Opened(file) = opened else { panic!("it is open") };
    ///     assert_eq!(here.0.borrow().open_files(), 1);
    ///     here.close(file); // what a `File` does that is dropped
    ///     assert_eq!(here.0.borrow().open_files(), 0);
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    fn close(&self, file: FileId);
}

/// A ring that can be had from where the program is.
///
/// ```
/// use std::io;
/// use reveille_reactor::file::{AmbientRing, File};
#[doc = include_str!("../../doc/ring.txt")]
/// thread_local! {
///     static HERE: Here = Here::default();
/// }
///
/// impl AmbientRing for Here {
///     fn current(_: &'static str) -> Self {
///         HERE.with(Clone::clone)
///     }
/// }
///
/// futures::executor::block_on(async {
///     File::<Here>::create("/log").await?.write_all_at(b"one", 0).await?;
///     let log = File::<Here>::options().read(true).append(true).open("/log").await?;
///     log.write_all_at(b"two", 0).await?; // at the end, wherever it is told to
///     assert_eq!(log.metadata().await?.len(), 6);
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub trait AmbientRing: Ring {
    /// The disk that is current here; `what` asks for it.
    ///
    /// # Panics
    /// Where none is.
    ///
    /// ```
    /// use std::io;
    /// use std::path::Path;
    /// use reveille_reactor::file::{self, AmbientRing};
    #[doc = include_str!("../../doc/ring.txt")]
    #[doc = include_str!("../../doc/ambient_ring.txt")]
    /// // It is the same disk each time.
    /// futures::executor::block_on(async {
    ///     file::write(Here::current("a test"), Path::new("/f"), b"hello").await?;
    ///     assert_eq!(file::read(Here::current("a test"), Path::new("/f")).await?, b"hello");
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    #[track_caller]
    fn current(what: &'static str) -> Self;
}

/// An operation that was submitted, as a future. Dropping it does not stop the operation.
#[derive(Debug)]
pub(crate) struct Submitted<R: Ring> {
    ring: R,
    /// `None` if it could not be submitted, or is done.
    operation: Option<OperationId>,
}

impl<R: Ring> Submitted<R> {
    fn new(ring: &R, operation: Operation) -> Self {
        Self { operation: ring.submit(operation), ring: ring.clone() }
    }
}

impl<R: Ring> Future for Submitted<R> {
    type Output = io::Result<Outcome>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Outcome>> {
        let Some(operation) = self.operation else { return Poll::Ready(Err(gone())) };
        let polled = self.ring.poll(operation, context);
        if polled.is_ready() {
            self.operation = None;
        }
        polled
    }
}

impl<R: Ring> Drop for Submitted<R> {
    fn drop(&mut self) {
        if let Some(operation) = self.operation {
            self.ring.abandon(operation);
        }
    }
}

/// Performs one operation.
///
/// # Errors
/// Those of the call.
///
/// ```
/// use std::io;
/// use reveille_reactor::disk::{Operation, Outcome};
/// use reveille_reactor::{OpenHow, file};
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     let opened = file::perform(&here, Operation::Open("/f".into(), OpenHow::CREATE)).await?;
///     let Outcome::Opened(file) = opened else { panic!("it is open") };
///     let wrote = file::perform(&here, Operation::Write(file, None, b"hello".to_vec())).await?;
///     assert_eq!(wrote, Outcome::Wrote(5));
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn perform<R: Ring>(ring: &R, operation: Operation) -> io::Result<Outcome> {
    Submitted::new(ring, operation).await
}

/// Performs an operation of which only the errors are of interest.
///
/// # Errors
/// Those of the call.
///
/// ```
/// use std::io::ErrorKind;
/// use std::io;
/// use reveille_reactor::disk::Operation;
/// use reveille_reactor::file;
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::done(&here, Operation::CreateDir("/logs".into())).await?;
///     let again = file::done(&here, Operation::CreateDir("/logs".into())).await;
///     assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn done<R: Ring>(ring: &R, operation: Operation) -> io::Result<()> {
    perform(ring, operation).await.map(drop)
}

/// Asks for metadata by an operation.
///
/// # Errors
/// Those of the call.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::disk::Operation;
/// use reveille_reactor::file;
#[doc = include_str!("../../doc/ring.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     file::write(here.clone(), Path::new("/f"), b"hello").await?;
///     assert_eq!(file::metadata(&here, Operation::Metadata("/f".into())).await?.len(), 5);
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn metadata<R: Ring>(ring: &R, operation: Operation) -> io::Result<Metadata> {
    match perform(ring, operation).await? {
        Outcome::Metadata(metadata) => Ok(metadata),
        other => Err(unexpected(&other)),
    }
}

fn gone() -> io::Error {
    io::Error::other("the file has outlived its run")
}

/// Operations have the outcomes that belong to them.
fn unexpected(outcome: &Outcome) -> io::Error {
    debug_assert!(false, "the outcome {outcome:?} belongs to another operation");
    io::Error::other("the operation had the outcome of another")
}
