//! Open files.

use std::fmt;
use std::io::{self, ErrorKind, SeekFrom};
use std::marker::PhantomData;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use super::{AmbientRing, Ring, Submitted, done, metadata, perform, unexpected};
use crate::disk::{Operation, Outcome};
use crate::files::{FileId, Metadata, OpenHow};

/// An open file, or a directory that is open to be synced. Dropping it closes it, once all that was asked of it is done.
///
/// As with tokio's files, what is *written* (by `AsyncWrite`) is taken at once and written in the background, in order: an error comes with the
/// next write, flush or sync, and who drops the file without a flush does not hear of it.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::OpenHow;
/// use reveille_reactor::file::{File, Ring};
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
///     let file = File::open_in(here.clone(), Path::new("/f"), OpenHow { read: true, ..OpenHow::CREATE }).await?;
///     file.write_all_at(b"hello", 0).await?;
///     file.sync_all().await?;
///     let mut word = [0; 16];
///     assert_eq!(file.read_at(&mut word, 1).await?, 4);
///     assert_eq!(&word[..4], b"ello");
///     assert_eq!(here.0.borrow().open_files(), 1);
///     drop(file);
///     assert_eq!(here.0.borrow().open_files(), 0);
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub struct File<R: Ring> {
    ring: R,
    id: FileId,
    state: Mutex<State<R>>,
}

/// What is under way for the traits of async I/O, which leave a call and come back to it.
#[derive(Debug)]
pub(super) struct State<R: Ring> {
    reading: Option<Submitted<R>>,
    /// What was read and not taken yet. It lies before the cursor.
    read: Vec<u8>,
    writing: Option<Submitted<R>>,
    seeking: Option<(SeekFrom, Submitted<R>)>,
    /// Where tokio's trait said to seek to.
    #[cfg(feature = "tokio")]
    pub(super) target: Option<SeekFrom>,
}

/// The most that is read or written at once: tokio's.
const BUFFER_MAX: usize = 2 * 1024 * 1024;

impl<R: AmbientRing> File<R> {
    /// Opens a file to read it.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`, `InvalidFilename`.
    ///
    /// # Panics
    /// Where there is no disk: outside of a run.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_in(R::current("File::open"), path.as_ref(), OpenHow::READ).await
    }

    /// Opens a file to write it; makes it, or empties it.
    ///
    /// # Errors
    /// `NotFound` if its directory is missing, `IsADirectory`, `StorageFull`.
    ///
    /// # Panics
    /// As [`open`](Self::open).
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_in(R::current("File::create"), path.as_ref(), OpenHow::CREATE).await
    }

    /// Makes a file to read and write it, which must not be there.
    ///
    /// # Errors
    /// `AlreadyExists`, and those of [`create`](Self::create).
    ///
    /// # Panics
    /// As [`open`](Self::open).
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        let how = OpenHow { read: true, write: true, create_new: true, ..OpenHow::READ };
        Self::open_in(R::current("File::create_new"), path.as_ref(), how).await
    }

    /// To open a file in another way.
    #[must_use]
    pub fn options() -> OpenOptions<R> {
        OpenOptions::new()
    }
}

impl<R: Ring> File<R> {
    /// Opens a file on the disk behind `ring`.
    ///
    /// # Errors
    /// Those of [`Files::open`](crate::Files::open); `InvalidInput` if `how` contradicts itself.
    pub async fn open_in(ring: R, path: &Path, how: OpenHow) -> io::Result<Self> {
        how.check()?;
        match perform(&ring, Operation::Open(path.to_owned(), how)).await? {
            Outcome::Opened(id) => Ok(Self { ring, id, state: Mutex::default() }),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes what was written to the file survive a crash; of a directory, the names in it. Its own name is its directory's.
    ///
    /// # Errors
    /// That of an earlier write; or if the disk fails. What was to be made safe is then lost at a crash, and a second sync
    /// may succeed all the same.
    pub async fn sync_all(&self) -> io::Result<()> {
        let synced = done(&self.ring, Operation::Sync(self.id)).await;
        // Operations of a file are done in order: what was written before is done too.
        self.end_of_write().await.and(synced)
    }

    /// The same: the length belongs to the data, and other metadata there is none.
    ///
    /// # Errors
    /// Those of [`sync_all`](Self::sync_all).
    pub async fn sync_data(&self) -> io::Result<()> {
        self.sync_all().await
    }

    /// Cuts the file off, or extends it by zeros.
    ///
    /// # Errors
    /// `InvalidInput` if it was opened for reading only, `FileTooLarge`.
    pub async fn set_len(&self, len: u64) -> io::Result<()> {
        done(&self.ring, Operation::SetLen(self.id, len)).await
    }

    /// What is known of the file.
    ///
    /// # Errors
    /// If it is gone with its node.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        metadata(&self.ring, Operation::MetadataOf(self.id)).await
    }

    /// Reads at `offset`, the cursor apart; maybe fewer bytes than there are. Overtakes other operations of the file.
    ///
    /// # Errors
    /// `Interrupted`, `InvalidInput`, `IsADirectory`; one without a kind if the file was opened for writing only.
    pub async fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match perform(&self.ring, Operation::Read(self.id, Some(offset), buffer.len())).await? {
            Outcome::Read(bytes) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Reads at `offset` until `buffer` is full.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends before; and those of [`read_at`](Self::read_at) but `Interrupted`.
    pub async fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut at = 0;
        while at < buffer.len() {
            match self.read_at(&mut buffer[at..], offset.saturating_add(at as u64)).await {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => at += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes at `offset`, the cursor apart, maybe a part only; to the end if the file was opened to append. Done when it returns, unlike
    /// what `AsyncWrite` writes. Overtakes other operations of the file, and is overtaken: a sync that is to cover it begins
    /// after it.
    ///
    /// # Errors
    /// `Interrupted`, `StorageFull`, `FileTooLarge`, `InvalidInput`; one without a kind if the file was opened for reading
    /// only.
    pub async fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        match perform(&self.ring, Operation::Write(self.id, Some(offset), bytes.to_vec())).await? {
            Outcome::Wrote(count) => Ok(count),
            other => Err(unexpected(&other)),
        }
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// Those of [`write_at`](Self::write_at) but `Interrupted`; a part may have been written then.
    pub async fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut at = 0;
        while at < bytes.len() {
            match self.write_at(&bytes[at..], offset.saturating_add(at as u64)).await {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => at += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Submits an operation that belongs to this file.
    fn submit(&self, operation: Operation) -> Submitted<R> {
        Submitted::new(&self.ring, operation)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came of the write under way, if there is one.
    async fn end_of_write(&self) -> io::Result<()> {
        std::future::poll_fn(|context| self.state().poll_written(context)).await
    }
}

impl<R: Ring> Default for State<R> {
    fn default() -> Self {
        Self {
            reading: None,
            read: Vec::new(),
            writing: None,
            seeking: None,
            #[cfg(feature = "tokio")]
            target: None,
        }
    }
}

impl<R: Ring> State<R> {
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(writing) = &mut self.writing {
            let written = ready!(Pin::new(writing).poll(context));
            self.writing = None;
            written?;
        }
        Poll::Ready(Ok(()))
    }
}

/// By hand, what the traits of async I/O are made of: for those of other crates than these features know.
impl<R: Ring> File<R> {
    /// Reads on from the cursor. 0 is the end of the file, or an empty buffer.
    ///
    /// # Errors
    /// Those of reading.
    pub fn poll_read_bytes(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let (ring, id) = (self.ring.clone(), self.id);
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        loop {
            if !state.read.is_empty() || buffer.is_empty() && state.reading.is_none() {
                let count = buffer.len().min(state.read.len());
                buffer[..count].copy_from_slice(&state.read[..count]);
                state.read.drain(..count);
                return Poll::Ready(Ok(count));
            }
            // A seek that was given up is not the next one.
            state.seeking = None;
            let length = buffer.len().min(BUFFER_MAX);
            let reading = state.reading.get_or_insert_with(|| Submitted::new(&ring, Operation::Read(id, None, length)));
            let read = ready!(Pin::new(reading).poll(context));
            state.reading = None;
            match read {
                Ok(Outcome::Read(bytes)) if bytes.is_empty() => return Poll::Ready(Ok(0)),
                Ok(Outcome::Read(bytes)) => state.read = bytes,
                Ok(other) => return Poll::Ready(Err(unexpected(&other))),
                // The traits of async I/O forbid to show that to a caller.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Takes bytes to write at the cursor, once what was taken before is written.
    ///
    /// # Errors
    /// That of the write before.
    pub fn poll_write_bytes(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_written(context))?;
        ready!(self.poll_unread(context));
        let length = bytes.len().min(BUFFER_MAX);
        let writing = self.submit(Operation::WriteAll(self.id, bytes[..length].to_vec()));
        if writing.operation.is_none() {
            return Poll::Ready(Err(super::gone()));
        }
        // What the file refuses is refused when the disk gets to it.
        let mut state = self.state();
        (state.writing, state.seeking) = (Some(writing), None);
        Poll::Ready(Ok(length))
    }

    /// Waits until what was taken is written: a flush.
    ///
    /// # Errors
    /// That of the write.
    pub fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner).poll_written(context)
    }

    /// Moves the cursor; polled with the same `to` until it has moved, it says where to.
    ///
    /// # Errors
    /// `InvalidInput` for a place before the beginning.
    pub fn poll_seek_to(&mut self, context: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>> {
        let is_new = self.state().seeking.as_ref().is_none_or(|(asked, _)| *asked != to);
        if is_new {
            ready!(self.poll_unread(context));
            let seeking = self.submit(Operation::Seek(self.id, to));
            self.state().seeking = Some((to, seeking));
        }
        let mut state = self.state();
        let Some((_, seeking)) = &mut state.seeking else { return Poll::Pending };
        let sought = ready!(Pin::new(seeking).poll(context));
        state.seeking = None;
        match sought? {
            Outcome::At(place) => Poll::Ready(Ok(place)),
            other => Poll::Ready(Err(unexpected(&other))),
        }
    }

    /// Moves the cursor back to before what was read and not taken.
    fn poll_unread(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (ring, id) = (self.ring.clone(), self.id);
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = &mut state.reading {
            let read = ready!(Pin::new(reading).poll(context));
            state.reading = None;
            if let Ok(Outcome::Read(bytes)) = read {
                state.read = bytes;
            }
        }
        let unread = std::mem::take(&mut state.read).len();
        if unread > 0 {
            // It comes before whatever is asked next.
            drop(Submitted::new(&ring, Operation::Seek(id, SeekFrom::Current(-(unread as i64)))));
        }
        Poll::Ready(())
    }
}

impl<R: Ring> Drop for File<R> {
    fn drop(&mut self) {
        self.ring.close(self.id);
    }
}

impl<R: Ring> fmt::Debug for File<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How to open a file; all is off at first. Finished by [`open`](Self::open).
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
