//! The two halves of a stream.

use std::fmt;
use std::sync::Arc;

use super::{Family, Handle, Stream, Tcp};

/// The reading half of [`Stream::split`].
///
/// ```
/// use reveille_reactor::socket::UnixStream;
#[doc = include_str!("../../doc/kernel.txt")]
/// let (mut one, other) = UnixStream::pair_in(Here::default())?;
/// other.try_write(b"hello")?;
/// let (reader, _writer) = one.split();
/// assert_eq!(reader.as_ref().try_read(&mut [0; 8])?, 5);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct ReadHalf<'a, H: Handle, F: Family = Tcp>(pub(super) &'a Stream<H, F>);

/// The writing half of [`Stream::split`].
///
/// ```
/// use std::io::ErrorKind;
/// use reveille_reactor::socket::UnixStream;
#[doc = include_str!("../../doc/kernel.txt")]
/// let (mut one, other) = UnixStream::pair_in(Here::default())?;
/// {
///     let (_reader, writer) = one.split();
///     writer.as_ref().try_write(b"hello")?;
/// }
/// let mut buffer = [0; 8];
/// assert_eq!(other.try_read(&mut buffer)?, 5);
/// assert_eq!(other.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock); // no end
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct WriteHalf<'a, H: Handle, F: Family = Tcp>(pub(super) &'a Stream<H, F>);

/// The reading half of [`Stream::into_split`].
///
/// ```
/// use reveille_reactor::socket::{TcpListener, TcpStream};
#[doc = include_str!("../../doc/kernel.txt")]
/// let here = Here::default();
/// let listener = TcpListener::bind_in(here.clone(), "0.0.0.0:80", 16)?;
/// futures::executor::block_on(async {
///     let client = TcpStream::connect_in(here, "here:80").await?;
///     let (server, from) = listener.accept().await?;
///     let (reader, writer) = server.into_split();
///     assert_eq!(reader.peer_addr()?, from);
///     drop(reader); // the other direction goes on
///     assert_eq!(writer.as_ref().try_write(b"bye")?, 3);
///     assert_eq!(client.try_read(&mut [0; 8])?, 3);
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct OwnedReadHalf<H: Handle, F: Family = Tcp>(pub(super) Arc<Stream<H, F>>);

/// The writing half of [`Stream::into_split`]. Dropping it ends the writing direction.
///
/// ```
/// use reveille_reactor::socket::UnixStream;
#[doc = include_str!("../../doc/kernel.txt")]
/// let (one, other) = UnixStream::pair_in(Here::default())?;
/// let (reader, writer) = one.into_split();
/// writer.as_ref().try_write(b"bye")?;
/// drop(writer);
/// let mut buffer = [0; 8];
/// assert_eq!((other.try_read(&mut buffer)?, other.try_read(&mut buffer)?), (3, 0)); // its end
/// other.try_write(b"well")?;
/// assert_eq!(reader.as_ref().try_read(&mut buffer)?, 4); // the other direction goes on
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct OwnedWriteHalf<H: Handle, F: Family = Tcp> {
    pub(super) stream: Arc<Stream<H, F>>,
    pub(super) forgotten: bool,
}

/// The stream itself: its addresses, its options, and what does not wait.
macro_rules! as_stream {
    ($($half:ty, $stream:expr;)*) => {$(
        impl<H: Handle, F: Family> AsRef<Stream<H, F>> for $half {
            fn as_ref(&self) -> &Stream<H, F> {
                let stream: fn(&Self) -> &Stream<H, F> = $stream;
                stream(self)
            }
        }
    )*};
}

as_stream! {
    ReadHalf<'_, H, F>, |half| half.0;
    WriteHalf<'_, H, F>, |half| half.0;
    OwnedReadHalf<H, F>, |half| &half.0;
    OwnedWriteHalf<H, F>, |half| &half.stream;
}

impl<H: Handle, F: Family> OwnedReadHalf<H, F> {
    /// Puts the halves together again.
    ///
    /// # Errors
    /// If they belong to different streams; both come back.
    ///
    /// ```
    /// use reveille_reactor::socket::{ReuniteError, UnixStream};
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let (one, other) = UnixStream::pair_in(Here::default())?;
    /// let (reader, writer) = one.into_split();
    /// let (stranger, _its_writer) = other.into_split();
    /// let Err(ReuniteError(_stranger, writer)) = stranger.reunite(writer) else { panic!("they belong to two streams") };
    /// let Ok(one) = reader.reunite(writer) else { panic!("both came back") };
    /// assert_eq!(one.try_write(b"still open")?, 10);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn reunite(self, other: OwnedWriteHalf<H, F>) -> Result<Stream<H, F>, ReuniteError<H, F>> {
        if !Arc::ptr_eq(&self.0, &other.stream) {
            return Err(ReuniteError(self, other));
        }
        other.forget();
        Arc::try_unwrap(self.0).map_err(|_| unreachable!("a stream has two halves, and both are here"))
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// As [`Stream::peer_addr`].
    pub fn peer_addr(&self) -> std::io::Result<F::Address> {
        self.0.peer_addr()
    }
}

impl<H: Handle, F: Family> OwnedWriteHalf<H, F> {
    /// Drops the half without ending the direction.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use reveille_reactor::socket::UnixStream;
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let (one, other) = UnixStream::pair_in(Here::default())?;
    /// let (_reader, writer) = one.into_split();
    /// writer.forget();
    /// assert_eq!(other.try_read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock); // not the end
    /// # std::io::Result::Ok(())
    /// ```
    pub fn forget(mut self) {
        self.forgotten = true;
    }
}

impl<H: Handle, F: Family> Drop for OwnedWriteHalf<H, F> {
    fn drop(&mut self) {
        if !self.forgotten {
            // Nobody is left to be told.
            let _ = self.stream.shut_down_writing();
        }
    }
}

/// Halves of different streams cannot be put together.
///
/// ```
/// use reveille_reactor::socket::{ReuniteError, UnixStream};
#[doc = include_str!("../../doc/kernel.txt")]
/// let (one, other) = UnixStream::pair_in(Here::default())?;
/// let ((reader, _), (_, writer)) = (one.into_split(), other.into_split());
/// let error: ReuniteError<_, _> = reader.reunite(writer).unwrap_err();
/// assert!(error.to_string().ends_with("they belong to different streams"));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct ReuniteError<H: Handle, F: Family = Tcp>(pub OwnedReadHalf<H, F>, pub OwnedWriteHalf<H, F>);

impl<H: Handle, F: Family> fmt::Display for ReuniteError<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to put two halves together: they belong to different streams")
    }
}

impl<H: Handle + fmt::Debug, F: Family> std::error::Error for ReuniteError<H, F> {}
