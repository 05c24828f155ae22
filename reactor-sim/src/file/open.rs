//! Open files.

use std::fmt;
use std::io::{self, ErrorKind, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use super::{AmbientRing, OpenOptions, Ring, Submitted, done, metadata, perform, unexpected};
use crate::disk::{Operation, Outcome};
use crate::files::{FileId, Metadata, OpenHow};

/// An open file, or a directory that is open to be synced. Dropping it closes it, once all that was asked of it is done.
///
/// As with tokio's files, what is *written* (by `AsyncWrite`) is taken at once and written in the background, in order: an error comes with the
/// next write, flush or sync, and who drops the file without a flush does not hear of it.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use reveille_reactor::OpenHow;
/// use reveille_reactor::file::File;
#[doc = include_str!("../../doc/ring.txt")]
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
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use std::io;
    /// use reveille_reactor::file::File;
    #[doc = include_str!("../../doc/ring.txt")]
    #[doc = include_str!("../../doc/ambient_ring.txt")]
    /// futures::executor::block_on(async {
    ///     File::<Here>::create_new("/lock").await?;
    ///     let taken = File::<Here>::create_new("/lock").await.unwrap_err();
    ///     assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
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
    ///
    /// ```
    /// use std::io;
    /// use std::path::Path;
    /// use reveille_reactor::OpenHow;
    /// use reveille_reactor::fault::Strikes;
    /// use reveille_reactor::file::{self, File};
    /// use reveille_reactor::net::NodeId;
    /// # use reveille_executor::{Choose, Point};
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// futures::executor::block_on(async {
    ///     let file = File::open_in(here.clone(), Path::new("/f"), OpenHow::CREATE).await?;
    ///     File::open_in(here.clone(), Path::new("/"), OpenHow::READ).await?.sync_all().await?; // its name
    ///     file.write_all_at(b"paid", 0).await?;
    ///     file.sync_data().await?;
    ///     here.0.borrow_mut().crash(NodeId::default(), &mut Lost, &Strikes::default());
    ///     assert_eq!(file::read(here, Path::new("/f")).await?, b"paid");
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
    pub async fn sync_data(&self) -> io::Result<()> {
        self.sync_all().await
    }

    /// Cuts the file off, or extends it by zeros.
    ///
    /// # Errors
    /// `InvalidInput` if it was opened for reading only, `FileTooLarge`.
    ///
    /// ```
    /// use std::io;
    /// use std::path::Path;
    /// use reveille_reactor::OpenHow;
    /// use reveille_reactor::file::{self, File};
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// futures::executor::block_on(async {
    ///     let file = File::open_in(here.clone(), Path::new("/f"), OpenHow::CREATE).await?;
    ///     file.write_all_at(b"hello", 0).await?;
    ///     file.set_len(2).await?;
    ///     assert_eq!(file::read(here, Path::new("/f")).await?, b"he");
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
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
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use std::io;
    /// use std::path::Path;
    /// use reveille_reactor::OpenHow;
    /// use reveille_reactor::file::{self, File};
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// futures::executor::block_on(async {
    ///     file::write(here.clone(), Path::new("/f"), b"hello").await?;
    ///     let file = File::open_in(here, Path::new("/f"), OpenHow::READ).await?;
    ///     let mut end = [0; 2];
    ///     file.read_exact_at(&mut end, 3).await?;
    ///     assert_eq!(&end, b"lo");
    ///     assert_eq!(file.read_exact_at(&mut end, 4).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
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
    ///
    /// ```
    /// use std::io;
    /// use std::path::Path;
    /// use reveille_reactor::OpenHow;
    /// use reveille_reactor::file::{self, File};
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// futures::executor::block_on(async {
    ///     let file = File::open_in(here.clone(), Path::new("/f"), OpenHow::CREATE).await?;
    ///     assert_eq!(file.write_at(b"end", 2).await?, 3);
    ///     assert_eq!(file::read(here, Path::new("/f")).await?, b"\0\0end"); // what was skipped is zeros
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
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
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::io;
    /// use std::path::Path;
    /// use reveille_reactor::OpenHow;
    /// use reveille_reactor::file::{self, File};
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// futures::executor::block_on(async {
    ///     file::write(here.clone(), Path::new("/f"), b"hello").await?;
    ///     let mut file = File::open_in(here, Path::new("/f"), OpenHow::READ).await?;
    ///     let (mut word, mut counts) = ([0; 3], Vec::new());
    ///     for _ in 0..3 {
    ///         counts.push(poll_fn(|context| file.poll_read_bytes(context, &mut word)).await?);
    ///     }
    ///     assert_eq!(counts, [3, 2, 0]);
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
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
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::io;
    /// use std::path::Path;
    /// use reveille_reactor::OpenHow;
    /// use reveille_reactor::file::{self, File};
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// futures::executor::block_on(async {
    ///     let mut file = File::open_in(here.clone(), Path::new("/f"), OpenHow::CREATE).await?;
    ///     assert_eq!(poll_fn(|context| file.poll_write_bytes(context, b"hello")).await?, 5);
    ///     assert_eq!(here.0.borrow().operations(), 1); // it was taken, and is not written yet
    ///     poll_fn(|context| file.poll_written(context)).await?;
    ///     assert_eq!(here.0.borrow().operations(), 0);
    ///     assert_eq!(file::read(here, Path::new("/f")).await?, b"hello");
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
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
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::io::SeekFrom;
    /// use std::io;
    /// use std::path::Path;
    /// use reveille_reactor::OpenHow;
    /// use reveille_reactor::file::{self, File};
    #[doc = include_str!("../../doc/ring.txt")]
    /// let here = Here::default();
    /// futures::executor::block_on(async {
    ///     file::write(here.clone(), Path::new("/f"), b"hello").await?;
    ///     let mut file = File::open_in(here, Path::new("/f"), OpenHow::READ).await?;
    ///     assert_eq!(poll_fn(|context| file.poll_seek_to(context, SeekFrom::End(-2))).await?, 3);
    ///     let mut end = [0; 8];
    ///     let count = poll_fn(|context| file.poll_read_bytes(context, &mut end)).await?;
    ///     assert_eq!(&end[..count], b"lo");
    ///     io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
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
