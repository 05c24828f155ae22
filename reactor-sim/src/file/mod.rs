//! Files for async programs, over operations that complete.
//!
//! Sockets are told when they are ready; files are not ready, they are done. So a [`File`] submits operations to a [`Ring`] and waits
//! for what comes of them. An operation owns its buffer from the moment in which it is submitted, which is the first poll of its
//! future, until it is done. *Dropping the future does not stop it:* a write is written, a file is made, and what a read has read
//! is there for the next read. So it is with tokio's files, whose calls run on threads, and with `io_uring`.
//!
//! The names of types and methods, and what they do, are tokio's. `AsyncRead`, `AsyncWrite` and `AsyncSeek` are those of the futures
//! crate (feature `futures-io`, which `reveille` switches on) and, behind the feature `tokio`, tokio's.

mod directory;
#[cfg(feature = "futures-io")]
mod futures;
mod open;
#[cfg(feature = "tokio")]
mod tokio;
mod tree;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

pub use directory::{DirEntry, ReadDir};
pub use open::{File, OpenOptions};
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
    fn submit(&self, operation: Operation) -> Option<OperationId>;

    /// What came of an operation. Leaves the task's waker if it is not done.
    ///
    /// # Errors
    /// Those of the call; also if the disk is gone.
    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<io::Result<Outcome>>;

    /// Nobody will ask what came of an operation, which is done all the same.
    fn abandon(&self, operation: OperationId);

    /// Closes a file once all that was asked of it is done.
    fn close(&self, file: FileId);
}

/// A ring that can be had from where the program is.
///
/// ```
/// use reveille_reactor::file::{AmbientRing, File, Ring};
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
pub async fn perform<R: Ring>(ring: &R, operation: Operation) -> io::Result<Outcome> {
    Submitted::new(ring, operation).await
}

/// Performs an operation of which only the errors are of interest.
///
/// # Errors
/// Those of the call.
pub async fn done<R: Ring>(ring: &R, operation: Operation) -> io::Result<()> {
    perform(ring, operation).await.map(drop)
}

/// Asks for metadata by an operation.
///
/// # Errors
/// Those of the call.
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
