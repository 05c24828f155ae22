//! What a socket asks of the kernel below it: a small set of calls that never block.
//!
//! The simulated kernel ([`Net`](crate::net::Net)) and, behind the feature `os`, the operating system's implement the same
//! trait, so that the sockets above it are written once and one script can be run on both and compared.
//!
//! Every call answers at once; what would have to wait is [`WouldBlock`](io::ErrorKind::WouldBlock), after which the
//! caller leaves a waker with [`wait`](Kernel::wait). The one-shot registration is per direction: a reader's waker never
//! replaces a writer's.
//!
//! Deliberately absent: blocking, callbacks, and anything that runs user code. Wakers are handed in owned and come out
//! owned through [`take_wakers`](Kernel::take_wakers), to be woken or dropped once no borrow is held: dropping a waker can
//! run code that comes straight back.

use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::task::Waker;

use crate::address::Address;
use crate::slab::Key;

/// Names a socket of one kernel. A name whose socket was closed names nothing, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub(crate) Key);

/// What a waker waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interest {
    /// Bytes, a datagram, a connection to accept, the end of the stream, or an error.
    Read,
    /// Room to write, the end of a connection attempt, or an error.
    Write,
}

/// What becomes of the wakers that wait for the same as a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Others {
    /// The new waker takes the place of the one that was left in this way: the contract of `poll_read` and its kin, where the
    /// last task to poll is woken.
    Replace,
    /// All wait on besides: several tasks may `accept` on one listener at once. Each wait has a name, and can be given up.
    Keep,
}

/// Names a wait that others do not replace, among those for one direction of one socket. Once its waker was woken it names
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaitId(pub(crate) u32);

/// The options of a stream that these kernels know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamOption {
    /// Small writes are sent at once. The simulated kernel always does that, and remembers the setting.
    NoDelay(bool),
    /// Closing discards what was not sent and resets the connection (`SO_LINGER` with a time of zero).
    ResetOnClose(bool),
}

/// Wakers on their way out of a kernel.
#[derive(Debug, Default)]
pub struct Wakers {
    /// To be woken, in this order.
    pub wake: Vec<Waker>,
    /// To be dropped.
    pub discard: Vec<Waker>,
}

/// What became of a wait for a socket that is followed; see [`Net::follow_waits`](crate::net::Net::follow_waits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Who waits is being woken.
    Woken(SocketId, Interest),
    /// The socket was closed, or nobody waits any more: the last who did has given up.
    Closed(SocketId, Interest),
}

impl Wakers {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wake.is_empty() && self.discard.is_empty()
    }
}

/// The calls. Each names the `io::ErrorKind`s that a caller can tell apart, which are those of the real kernel.
///
/// ```
/// use std::io::{self, ErrorKind};
/// use reveille_reactor::{Interest, Kernel, Others, SocketId};
///
/// /// Reads what is there, or leaves a waker.
/// fn poll_read(kernel: &mut dyn Kernel, stream: SocketId, buffer: &mut [u8], waker: &std::task::Waker) -> Option<io::Result<usize>> {
///     match kernel.read(stream, buffer, false) {
///         Err(error) if error.kind() == ErrorKind::WouldBlock => {
///             kernel.wait(stream, Interest::Read, Others::Replace, waker.clone());
///             None
///         }
///         done => Some(done),
///     }
/// }
/// ```
pub trait Kernel {
    /// Listens on `address`; port 0 is a free port, and the unspecified address every address of the node. A path becomes
    /// a file, which stays when the listener is closed.
    ///
    /// # Errors
    /// `AddrInUse`, for a path also if anything else has it; `AddrNotAvailable` for an address that is not of this node;
    /// `InvalidInput` for no path, or one that is too long; those of making a file.
    fn listen(&mut self, address: &Address, backlog: u32) -> io::Result<SocketId>;

    /// Takes the next connection that was made to a listener.
    ///
    /// # Errors
    /// `WouldBlock` if there is none.
    fn accept(&mut self, listener: SocketId) -> io::Result<(SocketId, Address)>;

    /// Begins a connection; [`connected`](Self::connected) says what came of it. One to a path is there at once, or is an error.
    ///
    /// # Errors
    /// `AddrNotAvailable` if no local port is left. For a path: `NotFound`; `ConnectionRefused` if nobody listens;
    /// `WouldBlock` if the backlog is full, and nobody says when it no longer is.
    fn connect(&mut self, peer: &Address) -> io::Result<SocketId>;

    /// Two Unix sockets that are connected to each other, without names.
    ///
    /// # Errors
    /// If the kernel has none.
    fn pair(&mut self) -> io::Result<(SocketId, SocketId)>;

    /// Whether a connection that was begun is there.
    ///
    /// # Errors
    /// `WouldBlock` while it is being made; `ConnectionRefused`, `TimedOut`, `HostUnreachable`.
    fn connected(&mut self, stream: SocketId) -> io::Result<()>;

    /// Reads from a stream, or only looks if `peek`, which not every kernel can do with a Unix socket. 0 is the end of the stream, or an empty buffer.
    ///
    /// # Errors
    /// `WouldBlock`, `ConnectionReset`, `TimedOut`. An error is reported once; the end of the stream follows.
    fn read(&mut self, stream: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<usize>;

    /// Writes to a stream as much as there is room for.
    ///
    /// # Errors
    /// `WouldBlock`, `BrokenPipe`, `ConnectionReset`, `TimedOut`.
    fn write(&mut self, stream: SocketId, bytes: &[u8]) -> io::Result<usize>;

    /// Ends one direction of a stream, or both.
    ///
    /// # Errors
    /// `NotConnected`.
    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> io::Result<()>;

    /// Sets an option of a stream.
    ///
    /// # Errors
    /// If there is no such stream.
    fn set_option(&mut self, stream: SocketId, option: StreamOption) -> io::Result<()>;

    /// Whether small writes of a stream are sent at once.
    ///
    /// # Errors
    /// If there is no such stream.
    fn nodelay(&mut self, stream: SocketId) -> io::Result<bool>;

    /// A socket for datagrams on `address`; as [`listen`](Self::listen).
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`.
    fn bind_datagram(&mut self, address: SocketAddr) -> io::Result<SocketId>;

    /// Sets the peer of a datagram socket: where [`send`](Self::send) goes, and the only one that it hears.
    ///
    /// # Errors
    /// If there is no such socket.
    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> io::Result<()>;

    /// Sends a datagram to `to`, or to the peer.
    ///
    /// # Errors
    /// If it is too long, or there is no peer: errors that have no kind of their own; `ConnectionRefused` if an earlier one found nobody there.
    fn send(&mut self, socket: SocketId, bytes: &[u8], to: Option<SocketAddr>) -> io::Result<usize>;

    /// Receives a datagram, or only looks if `peek`. What does not fit into `buffer` is lost.
    ///
    /// # Errors
    /// `WouldBlock`; `ConnectionRefused` if an earlier one that was sent found nobody there.
    fn receive(&mut self, socket: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<(usize, SocketAddr)>;

    /// The socket's own address.
    ///
    /// # Errors
    /// If there is no such socket.
    fn local_address(&mut self, socket: SocketId) -> io::Result<Address>;

    /// The address of the other side.
    ///
    /// # Errors
    /// `NotConnected`.
    fn peer_address(&mut self, socket: SocketId) -> io::Result<Address>;

    /// Takes the error that is pending on a socket, if there is one.
    ///
    /// # Errors
    /// If there is no such socket.
    fn take_error(&mut self, socket: SocketId) -> io::Result<Option<io::Error>>;

    /// The addresses of `name`.
    ///
    /// # Errors
    /// `NotFound` (`Uncategorized` on a real system) if nobody has that name; `WouldBlock` if it is not known yet, and has to be asked
    /// for again later.
    fn lookup(&mut self, name: &str) -> io::Result<Vec<IpAddr>>;

    /// Closes a socket. Its wakers come out to be dropped. A stale name does nothing.
    fn close(&mut self, socket: SocketId);

    /// Whether it is known, without a look, that a call for `interest` in `socket` would have to wait: the last one did, and nobody has
    /// said otherwise since. Kernels that answer without a system call need not know.
    fn is_known_to_wait(&mut self, socket: SocketId, interest: Interest) -> bool {
        let _ = (socket, interest);
        false
    }

    /// Whether `wait`, or without one who waits by polling, has left a waker that will do as well as `waker`; then none need be
    /// cloned.
    fn is_waiting(&mut self, socket: SocketId, interest: Interest, wait: Option<WaitId>, waker: &Waker) -> bool;

    /// Leaves `waker` to be woken, once, when `interest` can be served or has failed. If it can be served already, it
    /// comes out at once. A wait that keeps the others, and waits, has a name.
    fn wait(&mut self, socket: SocketId, interest: Interest, others: Others, waker: Waker) -> Option<WaitId>;

    /// Nobody waits under this name any longer: its waker comes out to be dropped. A stale name does nothing.
    fn give_up(&mut self, socket: SocketId, interest: Interest, wait: WaitId);

    /// Has `waker` woken at once.
    fn wait_briefly(&mut self, waker: Waker);

    /// What is to be woken and dropped by now; to be asked after any other call, and heeded outside of every borrow.
    fn take_wakers(&mut self) -> Wakers;
}
