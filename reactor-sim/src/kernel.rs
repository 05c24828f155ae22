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
///
/// ```
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Kernel};
#[doc = include_str!("../doc/plain.txt")]
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let here = net.node("here");
/// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
/// let before = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
/// kernel.close(before);
/// let socket = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
/// assert!(kernel.local_address(before).is_err()); // it does not name what was made since
/// assert!(kernel.local_address(socket).is_ok());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub(crate) Key);

/// What a waker waits for.
///
/// ```
/// use std::task::Waker;
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Interest, Kernel, Others};
#[doc = include_str!("../doc/plain.txt")]
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let here = net.node("here");
/// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
/// let (one, _other) = kernel.pair()?;
/// kernel.wait(one, Interest::Read, Others::Replace, Waker::noop().clone());
/// assert_eq!(kernel.take_wakers().wake.len(), 0); // there is nothing to read
/// kernel.wait(one, Interest::Write, Others::Replace, Waker::noop().clone());
/// assert_eq!(kernel.take_wakers().wake.len(), 1); // there is room to write
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interest {
    /// Bytes, a datagram, a connection to accept, the end of the stream, or an error.
    Read,
    /// Room to write, the end of a connection attempt, or an error.
    Write,
}

/// What becomes of the wakers that wait for the same as a new one.
///
/// ```
/// use std::task::Waker;
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Interest, Kernel, Others};
#[doc = include_str!("../doc/plain.txt")]
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let here = net.node("here");
/// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
/// let (one, _other) = kernel.pair()?;
/// for others in [Others::Replace, Others::Keep, Others::Keep, Others::Replace] {
///     kernel.wait(one, Interest::Read, others, Waker::noop().clone());
/// }
/// assert_eq!(kernel.take_wakers().discard.len(), 1); // the first, by the last
/// assert_eq!(net.registrations(), 3);
/// # std::io::Result::Ok(())
/// ```
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
///
/// ```
/// use std::task::Waker;
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Interest, Kernel, Others};
#[doc = include_str!("../doc/plain.txt")]
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let here = net.node("here");
/// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
/// let (one, _other) = kernel.pair()?;
/// let mut wait = || kernel.wait(one, Interest::Read, Others::Keep, Waker::noop().clone()).expect("it waits");
/// let (first, second) = (wait(), wait());
/// assert_ne!(first, second);
/// kernel.give_up(one, Interest::Read, first);
/// assert_eq!(net.registrations(), 1); // the second waits on
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaitId(pub(crate) u32);

/// The options of a stream that these kernels know.
///
/// ```
/// use std::io::ErrorKind;
/// use std::net::SocketAddr;
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Kernel, StreamOption};
#[doc = include_str!("../doc/plain.txt")]
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let (here, address) = (net.node("here"), "127.0.0.1:80".parse::<SocketAddr>().unwrap().into());
/// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
/// let (listener, client) = (kernel.listen(&address, 16)?, kernel.connect(&address)?);
/// net.advance(Instant::MAX, &mut plain); // they meet
///
/// let mut kernel = net.calls(Instant::MAX, here, &mut plain);
/// let (server, _) = kernel.accept(listener)?;
/// kernel.set_option(client, StreamOption::ResetOnClose(true))?;
/// kernel.close(client);
/// net.advance(Instant::MAX, &mut plain);
/// let read = net.calls(Instant::MAX, here, &mut plain).read(server, &mut [0; 8], false);
/// assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamOption {
    /// Small writes are sent at once. The simulated kernel always does that, and remembers the setting.
    NoDelay(bool),
    /// Closing discards what was not sent and resets the connection (`SO_LINGER` with a time of zero).
    ResetOnClose(bool),
}

/// Wakers on their way out of a kernel.
///
/// ```
/// use std::task::Waker;
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Interest, Kernel, Others, Wakers};
#[doc = include_str!("../doc/plain.txt")]
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let here = net.node("here");
/// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
/// let (one, other) = kernel.pair()?;
/// kernel.wait(other, Interest::Read, Others::Replace, Waker::noop().clone());
/// kernel.write(one, b"hello")?;
///
/// let Wakers { wake, discard } = kernel.take_wakers();
/// assert_eq!((wake.len(), discard.len()), (1, 0));
/// wake.into_iter().for_each(Waker::wake); // while nothing is borrowed that wakers may come back to
/// assert!(net.take_wakers().is_empty());
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Default)]
pub struct Wakers {
    /// To be woken, in this order.
    pub wake: Vec<Waker>,
    /// To be dropped.
    pub discard: Vec<Waker>,
}

/// What became of a wait for a socket that is followed; see [`Net::follow_waits`](crate::net::Net::follow_waits).
///
/// ```
/// use std::task::Waker;
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Interest, Kernel, Others, Turn};
#[doc = include_str!("../doc/plain.txt")]
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let here = net.node("here");
/// net.follow_waits(true);
/// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
/// let (one, other) = kernel.pair()?;
/// for socket in [one, other] {
///     kernel.wait(socket, Interest::Read, Others::Replace, Waker::noop().clone());
/// }
/// kernel.write(one, b"hello")?;
/// kernel.close(one);
/// assert_eq!(net.take_turns(), [Turn::Woken(other, Interest::Read), Turn::Closed(one, Interest::Read)]);
/// # std::io::Result::Ok(())
/// ```
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
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use std::net::SocketAddr;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let client = kernel.connect(&"127.0.0.1:80".parse::<SocketAddr>().unwrap().into())?;
    /// assert_eq!(kernel.connected(client).unwrap_err().kind(), ErrorKind::WouldBlock);
    ///
    /// net.advance(Instant::MAX, &mut plain); // nobody listens
    /// let mut kernel = net.calls(Instant::MAX, here, &mut plain);
    /// assert_eq!(kernel.connected(client).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    /// # std::io::Result::Ok(())
    /// ```
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
    ///
    /// ```
    /// use std::net::Shutdown;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let (one, other) = kernel.pair()?;
    /// kernel.shutdown(one, Shutdown::Write)?;
    /// assert_eq!(kernel.read(other, &mut [0; 8], false)?, 0); // the end
    /// assert_eq!(kernel.write(other, b"bye")?, 3); // the other direction goes on
    /// # std::io::Result::Ok(())
    /// ```
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
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel, StreamOption};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let client = kernel.connect(&"127.0.0.1:80".parse::<SocketAddr>().unwrap().into())?;
    /// assert!(!kernel.nodelay(client)?);
    /// kernel.set_option(client, StreamOption::NoDelay(true))?;
    /// assert!(kernel.nodelay(client)?);
    /// # std::io::Result::Ok(())
    /// ```
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
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let socket = kernel.bind_datagram("127.0.0.1:1".parse().unwrap())?;
    /// assert!(kernel.send(socket, b"ping", None).is_err()); // to whom?
    /// kernel.connect_datagram(socket, "127.0.0.1:2".parse().unwrap())?;
    /// assert_eq!(kernel.send(socket, b"ping", None)?, 4);
    /// # std::io::Result::Ok(())
    /// ```
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
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Address, Instant, Kernel};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let listener = kernel.listen(&"0.0.0.0:0".parse::<SocketAddr>().unwrap().into(), 16)?;
    /// let Address::Internet(address) = kernel.local_address(listener)? else { panic!("it has a port") };
    /// assert_ne!(address.port(), 0); // one that was free
    /// # std::io::Result::Ok(())
    /// ```
    fn local_address(&mut self, socket: SocketId) -> io::Result<Address>;

    /// The address of the other side.
    ///
    /// # Errors
    /// `NotConnected`.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Address, Instant, Kernel};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let (one, _other) = kernel.pair()?;
    /// assert_eq!(kernel.peer_address(one)?, Address::Path(None)); // it has no name
    ///
    /// let socket = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
    /// assert_eq!(kernel.peer_address(socket).unwrap_err().kind(), ErrorKind::NotConnected);
    /// # std::io::Result::Ok(())
    /// ```
    fn peer_address(&mut self, socket: SocketId) -> io::Result<Address>;

    /// Takes the error that is pending on a socket, if there is one.
    ///
    /// # Errors
    /// If there is no such socket.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let socket = kernel.bind_datagram("127.0.0.1:1".parse().unwrap())?;
    /// kernel.connect_datagram(socket, "127.0.0.1:2".parse().unwrap())?;
    /// kernel.send(socket, b"ping", None)?;
    ///
    /// net.advance(Instant::MAX, &mut plain); // nobody is there
    /// let mut kernel = net.calls(Instant::MAX, here, &mut plain);
    /// assert_eq!(kernel.take_error(socket)?.unwrap().kind(), ErrorKind::ConnectionRefused);
    /// assert!(kernel.take_error(socket)?.is_none()); // it was taken
    /// # std::io::Result::Ok(())
    /// ```
    fn take_error(&mut self, socket: SocketId) -> io::Result<Option<io::Error>>;

    /// The addresses of `name`.
    ///
    /// # Errors
    /// `NotFound` (`Uncategorized` on a real system) if nobody has that name; `WouldBlock` if it is not known yet, and has to be asked
    /// for again later.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let (here, db) = (net.node("here"), net.node("db"));
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// assert_eq!(kernel.lookup("db")?, [Net::address(db)]);
    /// assert_eq!(kernel.lookup("cache").unwrap_err().kind(), ErrorKind::NotFound);
    /// # std::io::Result::Ok(())
    /// ```
    fn lookup(&mut self, name: &str) -> io::Result<Vec<IpAddr>>;

    /// Closes a socket. Its wakers come out to be dropped. A stale name does nothing.
    fn close(&mut self, socket: SocketId);

    /// Whether it is known, without a look, that a call for `interest` in `socket` would have to wait: the last one did, and nobody has
    /// said otherwise since. Kernels that answer without a system call need not know.
    ///
    /// The operating system's (feature `os`) do:
    ///
    /// ```
    /// # #[cfg(feature = "os")]
    /// # fn main() -> std::io::Result<()> {
    /// use reveille_reactor::Interest;
    /// use reveille_reactor::os::Os;
    /// use reveille_reactor::socket::Handle;
    ///
    /// let known = Os::new()?.with(|kernel| {
    ///     let socket = kernel.bind_datagram("127.0.0.1:0".parse().unwrap())?;
    ///     let before = kernel.is_known_to_wait(socket, Interest::Read);
    ///     assert!(kernel.receive(socket, &mut [0; 8], false).is_err());
    ///     std::io::Result::Ok((before, kernel.is_known_to_wait(socket, Interest::Read)))
    /// });
    /// assert_eq!(known.expect("the system is there")?, (false, true)); // once a call has found nothing
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "os"))]
    /// # fn main() {}
    /// ```
    fn is_known_to_wait(&mut self, socket: SocketId, interest: Interest) -> bool {
        let _ = (socket, interest);
        false
    }

    /// Whether `wait`, or without one who waits by polling, has left a waker that will do as well as `waker`; then none need be
    /// cloned.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Interest, Kernel, Others};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain, waker) = (Net::default(), Plain, Waker::noop());
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let (one, _other) = kernel.pair()?;
    /// kernel.wait(one, Interest::Read, Others::Replace, waker.clone());
    /// assert!(kernel.is_waiting(one, Interest::Read, None, waker)); // another clone would change nothing
    /// assert!(!kernel.is_waiting(one, Interest::Write, None, waker));
    /// # std::io::Result::Ok(())
    /// ```
    fn is_waiting(&mut self, socket: SocketId, interest: Interest, wait: Option<WaitId>, waker: &Waker) -> bool;

    /// Leaves `waker` to be woken, once, when `interest` can be served or has failed. If it can be served already, it
    /// comes out at once. A wait that keeps the others, and waits, has a name.
    fn wait(&mut self, socket: SocketId, interest: Interest, others: Others, waker: Waker) -> Option<WaitId>;

    /// Nobody waits under this name any longer: its waker comes out to be dropped. A stale name does nothing.
    fn give_up(&mut self, socket: SocketId, interest: Interest, wait: WaitId);

    /// Has `waker` woken at once.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// net.calls(Instant::ZERO, here, &mut plain).wait_briefly(Waker::noop().clone());
    /// assert_eq!(net.take_wakers().wake.len(), 1);
    /// ```
    fn wait_briefly(&mut self, waker: Waker);

    /// What is to be woken and dropped by now; to be asked after any other call, and heeded outside of every borrow.
    fn take_wakers(&mut self) -> Wakers;
}
