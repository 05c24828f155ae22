//! Unix sockets: streams within a node, whose addresses are paths.
//!
//! ```
//! use reveille_reactor::socket::unix::{UnixListener, UnixStream};
#![doc = include_str!("../../doc/kernel.txt")]
//! let here = Here::default();
//! let listener = UnixListener::bind_in(here.clone(), "/app.sock", 16)?;
//! futures::executor::block_on(async {
//!     let client = UnixStream::connect_in(here, "/app.sock").await?;
//!     let (server, _) = listener.accept().await?;
//!     client.try_write(b"hello")?;
//!     assert_eq!(server.try_read(&mut [0; 8])?, 5); // there at once
//!     std::io::Result::Ok(())
//! })
//! # .unwrap();
//! # std::io::Result::Ok(())
//! ```

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::stream::BACKLOG;
use super::{Ambient, Handle, Listener, Stream, Unix, call};
use crate::address::Address;

/// A Unix socket that listens for connections on a path of its node.
///
/// The path is a file, as on a real system: it stays when the listener is dropped, and until it is removed nobody can bind to
/// it. Moved, it leads to the listener under its new name; removed, to nobody.
///
/// ```
/// use std::io::ErrorKind;
/// use reveille_reactor::socket::{UnixListener, UnixStream};
#[doc = include_str!("../../doc/kernel.txt")]
/// let here = Here::default();
/// drop(UnixListener::bind_in(here.clone(), "/app.sock", 16)?);
/// let gone = futures::executor::block_on(UnixStream::connect_in(here.clone(), "/app.sock")).unwrap_err();
/// assert_eq!(gone.kind(), ErrorKind::ConnectionRefused);
/// let again = UnixListener::bind_in(here, "/app.sock", 16).unwrap_err();
/// assert_eq!(again.kind(), ErrorKind::AddrInUse); // the file is still there
/// # std::io::Result::Ok(())
/// ```
pub type UnixListener<H> = Listener<H, Unix>;

/// A connection within a node. What is written is there at once, as far as there is room.
///
/// Dropping it with unread bytes is a reset for the other side, which reads what it was sent, then an error, once. Who
/// writes after the other side is gone has a broken pipe at once.
///
/// ```
/// use std::io::ErrorKind;
/// use reveille_reactor::socket::UnixStream;
#[doc = include_str!("../../doc/kernel.txt")]
/// let (one, other) = UnixStream::pair_in(Here::default())?;
/// one.try_write(b"hello")?;
/// other.try_write(b"unread")?;
/// drop(one);
/// let mut buffer = [0; 8];
/// assert_eq!(other.try_read(&mut buffer)?, 5); // what was sent,
/// assert_eq!(other.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::ConnectionReset); // an error, once,
/// assert_eq!(other.try_read(&mut buffer)?, 0); // and the end
/// # std::io::Result::Ok(())
/// ```
pub type UnixStream<H> = Stream<H, Unix>;

/// The address of a Unix socket: the path that it was bound to, if it was.
///
/// ```
/// use reveille_reactor::socket::UnixStream;
#[doc = include_str!("../../doc/kernel.txt")]
/// let (one, _other) = UnixStream::pair_in(Here::default())?;
/// let address = one.local_addr()?;
/// assert!(address.is_unnamed() && address.as_pathname().is_none());
/// assert_eq!(format!("{address:?}"), "(unnamed)");
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SocketAddr(pub(super) Option<Arc<Path>>);

impl SocketAddr {
    /// Whether nobody bound the socket: those that connect, and pairs.
    ///
    /// ```
    /// use reveille_reactor::socket::{UnixListener, UnixStream};
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let here = Here::default();
    /// let _listener = UnixListener::bind_in(here.clone(), "/app.sock", 16)?;
    /// let client = futures::executor::block_on(UnixStream::connect_in(here, "/app.sock"))?;
    /// assert!(client.local_addr()?.is_unnamed() && !client.peer_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.0.is_none()
    }

    /// The path that it was bound to.
    ///
    /// ```
    /// use std::path::Path;
    /// use reveille_reactor::socket::UnixListener;
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let listener = UnixListener::bind_in(Here::default(), "/app.sock", 16)?;
    /// assert_eq!(listener.local_addr()?.as_pathname(), Some(Path::new("/app.sock")));
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn as_pathname(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

impl fmt::Debug for SocketAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(path) => write!(f, "{} (pathname)", path.display()),
            None => f.write_str("(unnamed)"),
        }
    }
}

impl<H: Ambient> UnixListener<H> {
    /// Listens on `path`, of which a file is made.
    ///
    /// # Errors
    /// `AddrInUse` if there is anything at `path`, if only what a listener left behind; `NotFound` without its directory;
    /// `InvalidInput` if it is longer than 107 bytes.
    ///
    /// # Panics
    /// Where there is no kernel: outside of a run.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_in(H::current("UnixListener::bind"), path, BACKLOG)
    }
}

impl<H: Handle> UnixListener<H> {
    /// Listens on `path` of the kernel behind `handle`; at most `backlog` connections (and one) wait to be accepted.
    ///
    /// # Errors
    /// As `bind`.
    pub fn bind_in<P: AsRef<Path>>(handle: H, path: P, backlog: u32) -> io::Result<Self> {
        let socket = call(&handle, |kernel| kernel.listen(&Address::from(path.as_ref()), backlog))?;
        Ok(Self::new(handle, socket))
    }
}

impl<H: Ambient> UnixStream<H> {
    /// Connects to who listens on `path`.
    ///
    /// # Errors
    /// `NotFound` if there is nothing; `ConnectionRefused` if nobody listens there; `WouldBlock` if the backlog is full, as
    /// tokio and Linux have it; `InvalidInput` if the path is longer than 107 bytes.
    ///
    /// # Panics
    /// Where there is no kernel: outside of a run.
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::connect_in(H::current("UnixStream::connect"), path).await
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    /// If the run is over.
    ///
    /// # Panics
    /// Where there is no kernel: outside of a run.
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        Self::pair_in(H::current("UnixStream::pair"))
    }
}

impl<H: Handle> UnixStream<H> {
    /// Connects through the kernel behind `handle`.
    ///
    /// # Errors
    /// As `connect`.
    pub async fn connect_in<P: AsRef<Path>>(handle: H, path: P) -> io::Result<Self> {
        let socket = call(&handle, |kernel| kernel.connect(&Address::from(path.as_ref())))?;
        Self::new(handle, socket).connected().await
    }

    /// As `pair`, in the kernel behind `handle`.
    ///
    /// # Errors
    /// If the kernel is gone.
    pub fn pair_in(handle: H) -> io::Result<(Self, Self)> {
        let (one, other) = call(&handle, |kernel| kernel.pair())?;
        Ok((Self::new(handle.clone(), one), Self::new(handle, other)))
    }
}
