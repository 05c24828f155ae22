//! Unix sockets.

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
pub type UnixListener<H> = Listener<H, Unix>;

/// A connection within a node. What is written is there at once, as far as there is room.
///
/// Dropping it with unread bytes is a reset for the other side, which reads what it was sent, then an error, once. Who
/// writes after the other side is gone has a broken pipe at once.
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
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.0.is_none()
    }

    /// The path that it was bound to.
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
