//! Sockets for async programs, written once over whatever [`Kernel`] they are given.
//!
//! A socket holds a [`Handle`] to its kernel and the name of what it has there, nothing else. The names of types and methods,
//! and what they do, are tokio's. `AsyncRead` and `AsyncWrite` are those of the futures crate (feature `futures-io`, which
//! `reveille` switches on) and, behind the feature `tokio`, tokio's; behind `hyper`, hyper's. TCP and Unix streams are one type,
//! [`Stream`], generic over the [`Family`] of their addresses.
//!
//! What is awaited besides others (`accept`, `recv_from`, `peek`) is a wait under a name, which goes with its future; what is polled
//! (`poll_read` and its kin) has one place per direction, that of who polled last.
//!
//! ```
//! use reveille_reactor::socket::{TcpListener, TcpStream, UdpSocket};
#![doc = include_str!("../../doc/kernel.txt")]
//! let here = Here::default();
//! let listener = TcpListener::bind_in(here.clone(), "0.0.0.0:80", 16)?;
//! futures::executor::block_on(async {
//!     let client = TcpStream::connect_in(here.clone(), "here:80").await?;
//!     let (server, _) = listener.accept().await?;
//!     client.try_write(b"hello")?;
//!     assert_eq!(server.peek(&mut [0; 8]).await?, 5);
//!
//!     let socket = UdpSocket::bind_in(here, "127.0.0.1:80")?; // another 80 than that of TCP
//!     socket.send_to(b"to myself", "127.0.0.1:80").await?;
//!     assert_eq!(socket.recv(&mut [0; 16]).await?, 9);
//!     std::io::Result::Ok(())
//! })
//! # .unwrap();
//! # std::io::Result::Ok(())
//! ```
//!
//! Deliberately absent: a reactor of its own. Readiness is one-shot and lives in the kernel; a socket tries first and leaves
//! a waker only when it would have to wait.

mod address;
mod family;
#[cfg(feature = "futures-io")]
mod futures;
#[cfg(feature = "hyper")]
mod hyper;
mod split;
mod stream;
mod tcp;
#[cfg(feature = "tokio")]
mod tokio;
mod udp;
pub mod unix;

use std::io;
use std::task::{Context, Poll, Waker};

pub use address::ToSocketAddrs;
pub use family::{Family, Tcp, Unix};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use stream::{Accepted, Listener, Stream};
pub use tcp::{TcpListener, TcpStream};
pub use udp::UdpSocket;
pub use unix::{UnixListener, UnixStream};

use reveille_executor::within_budget;

use crate::kernel::{Interest, Kernel, Others, SocketId, WaitId};

/// The way to a kernel.
///
/// ```
/// use std::{cell::RefCell, rc::Rc, task::Waker};
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::net::{Honest, Net, NodeId};
/// use reveille_reactor::socket::{Handle, UdpSocket};
/// use reveille_reactor::{Instant, Kernel};
///
/// # struct Dullest;
/// # impl Choose for Dullest {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         0
/// #     }
/// # }
/// /// A node of a network whose time stands still.
/// #[derive(Clone)]
/// struct Here(Rc<RefCell<Net>>, NodeId);
///
/// impl Handle for Here {
///     fn with<R>(&self, call: impl FnOnce(&mut dyn Kernel) -> R) -> Option<R> {
///         let (result, out) = {
///             let (mut net, mut honest) = (self.0.borrow_mut(), Honest { choose: &mut Dullest });
///             let mut calls = net.calls(Instant::ZERO, self.1, &mut honest);
///             (call(&mut calls), calls.take_wakers())
///         };
///         out.wake.into_iter().for_each(Waker::wake); // the borrow has ended
///         Some(result)
///     }
/// }
///
/// let mut net = Net::default();
/// let node = net.node("here");
/// let socket = UdpSocket::bind_in(Here(Rc::new(RefCell::new(net)), node), "0.0.0.0:80")?;
/// assert_eq!(socket.local_addr()?.port(), 80);
/// # std::io::Result::Ok(())
/// ```
pub trait Handle: Clone + Unpin {
    /// Calls the kernel; `None` if it is gone. Afterwards, holding no borrow, wakes and drops what
    /// [`Kernel::take_wakers`] gives.
    ///
    /// ```
    /// use reveille_reactor::socket::Handle;
    #[doc = include_str!("../../doc/kernel.txt")]
    /// let addresses = Here::default().with(|kernel| kernel.lookup("here")).expect("the kernel is there")?;
    /// assert_eq!(addresses, ["10.0.0.1".parse::<std::net::IpAddr>().unwrap()]);
    /// # std::io::Result::Ok(())
    /// ```
    fn with<R>(&self, call: impl FnOnce(&mut dyn Kernel) -> R) -> Option<R>;

    /// Whether the kernel's calls cost so much that it is worth asking [`Kernel::is_known_to_wait`] first.
    const ASKS_FIRST: bool = false;

    /// Whether somebody follows what becomes of each wait, and [`attempted`](Self::attempted) is to be called. Not unless a
    /// handle says so.
    ///
    /// ```
    /// use reveille_reactor::socket::Handle;
    #[doc = include_str!("../../doc/kernel.txt")]
    /// assert!(!Here::default().is_followed());
    /// ```
    fn is_followed(&self) -> bool {
        false
    }

    /// A future that is polled with `waker` has tried to do something with `socket`, and `waits` now, or is done.
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    /// use std::task::Waker;
    /// use futures::FutureExt;
    /// use reveille_reactor::socket::{Handle, UdpSocket};
    /// use reveille_reactor::{Interest, Kernel, SocketId};
    #[doc = include_str!("../../doc/kernel.txt")]
    /// /// Counts the attempts that have to wait.
    /// #[derive(Clone)]
    /// struct Counted(Here, Rc<Cell<u32>>);
    ///
    /// impl Handle for Counted {
    ///     fn with<R>(&self, call: impl FnOnce(&mut dyn Kernel) -> R) -> Option<R> {
    ///         self.0.with(call)
    ///     }
    ///
    ///     fn is_followed(&self) -> bool {
    ///         true
    ///     }
    ///
    ///     fn attempted(&self, _: SocketId, _: Interest, _: &Waker, waits: bool) {
    ///         self.1.set(self.1.get() + u32::from(waits));
    ///     }
    /// }
    ///
    /// let counted = Counted(Here::default(), Rc::default());
    /// let socket = UdpSocket::bind_in(counted.clone(), "0.0.0.0:1")?;
    /// assert!(socket.recv(&mut [0; 8]).now_or_never().is_none()); // nothing has come
    /// assert_eq!(counted.1.get(), 1);
    /// # std::io::Result::Ok(())
    /// ```
    fn attempted(&self, socket: SocketId, interest: Interest, waker: &Waker, waits: bool) {
        let _ = (socket, interest, waker, waits);
    }

    /// Waits until a name that is not known yet is worth asking for again. The operating system does not come to that: it blocks.
    ///
    /// ```
    /// use futures::FutureExt;
    /// use reveille_reactor::socket::Handle;
    #[doc = include_str!("../../doc/kernel.txt")]
    /// // The names of this kernel are known at once, or never.
    /// assert!(Here::default().wait_for_name().now_or_never().is_some());
    /// ```
    fn wait_for_name(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// A handle that can be had from where the program is: sockets made without naming a kernel use it.
///
/// ```
/// use reveille_reactor::socket::{Ambient, UdpSocket};
#[doc = include_str!("../../doc/kernel.txt")]
/// thread_local! {
///     static HERE: Here = Here::default();
/// }
///
/// impl Ambient for Here {
///     fn current(_: &'static str) -> Self {
///         HERE.with(Clone::clone)
///     }
/// }
///
/// let socket = futures::executor::block_on(UdpSocket::<Here>::bind("0.0.0.0:80"))?; // as a program writes it
/// assert_eq!(socket.local_addr()?.port(), 80);
/// # std::io::Result::Ok(())
/// ```
pub trait Ambient: Handle {
    /// The kernel that is current here; `what` asks for it.
    ///
    /// # Panics
    /// Where none is.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use reveille_reactor::socket::{Ambient, UdpSocket};
    #[doc = include_str!("../../doc/kernel.txt")]
    /// thread_local! {
    ///     static HERE: Here = Here::default();
    /// }
    ///
    /// impl Ambient for Here {
    ///     fn current(_: &'static str) -> Self {
    ///         HERE.with(Clone::clone)
    ///     }
    /// }
    ///
    /// // It is the same kernel each time.
    /// let _socket = UdpSocket::bind_in(Here::current("a test"), "0.0.0.0:80")?;
    /// let taken = UdpSocket::bind_in(Here::current("a test"), "0.0.0.0:80").unwrap_err();
    /// assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    fn current(what: &'static str) -> Self;
}

/// The addresses of `host`, a name or an address with a port (`"db:5432"`).
///
/// # Errors
/// If nobody has that name.
///
/// ```
/// use reveille_reactor::socket::lookup_in;
#[doc = include_str!("../../doc/kernel.txt")]
/// let here = Here::default();
/// futures::executor::block_on(async {
///     assert_eq!(lookup_in(&here, "here:80").await?, ["10.0.0.1:80".parse().unwrap()]);
///     assert!(lookup_in(&here, "elsewhere:80").await.is_err());
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn lookup_in<H: Handle>(handle: &H, host: impl ToSocketAddrs) -> io::Result<Vec<std::net::SocketAddr>> {
    loop {
        match call(handle, |kernel| host.to_addresses(kernel)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => handle.wait_for_name().await,
            known => return known,
        }
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the socket has outlived its kernel")
}

/// One call that does not wait.
fn call<H: Handle, R>(handle: &H, call: impl FnOnce(&mut dyn Kernel) -> io::Result<R>) -> io::Result<R> {
    handle.with(call).unwrap_or_else(|| Err(gone()))
}

/// What came of an attempt.
enum Attempt<R> {
    Done(io::Result<R>),
    /// It has to wait, and a waker waits already.
    Waits,
    /// It has to wait.
    Registers,
}

/// One direction of a socket, to be waited for besides others who do. Who drops it has given up: no waker stays behind.
struct Wait<'a, H: Handle> {
    handle: &'a H,
    socket: SocketId,
    interest: Interest,
    /// Under which name it waits, or has waited last.
    id: Option<WaitId>,
}

impl<'a, H: Handle> Wait<'a, H> {
    fn new(handle: &'a H, socket: SocketId, interest: Interest) -> Self {
        Self { handle, socket, interest, id: None }
    }

    /// As [`poll_call`], but for whose waker is left.
    fn poll<R>(
        &mut self,
        context: &Context<'_>,
        call: impl FnMut(&mut dyn Kernel) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let Self { handle, socket, interest, id } = self;
        within_budget(context, || try_call(*handle, (*socket, *interest), Who::Besides(id), context, call))
    }
}

impl<H: Handle> Drop for Wait<'_, H> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.handle.with(|kernel| kernel.give_up(self.socket, self.interest, id));
        }
    }
}

/// Who waits.
enum Who<'a> {
    /// Who polled last.
    Poller,
    /// Somebody besides others, under a name once it waits.
    Besides(&'a mut Option<WaitId>),
}

/// Tries `call`, again if it was interrupted; leaves the task's waker if it has to wait, in the place of that of who has polled
/// before. In a pool, within the budget of the task's poll: a peer that is never silent keeps nobody else waiting.
fn poll_call<H: Handle, R>(
    handle: &H,
    waits: (SocketId, Interest),
    context: &Context<'_>,
    call: impl FnMut(&mut dyn Kernel) -> io::Result<R>,
) -> Poll<io::Result<R>> {
    within_budget(context, || try_call(handle, waits, Who::Poller, context, call))
}

fn try_call<H: Handle, R>(
    handle: &H,
    (socket, interest): (SocketId, Interest),
    mut who: Who<'_>,
    context: &Context<'_>,
    mut call: impl FnMut(&mut dyn Kernel) -> io::Result<R>,
) -> Poll<io::Result<R>> {
    let mut uninterrupted = |kernel: &mut dyn Kernel| loop {
        match call(kernel) {
            // The traits of async I/O forbid to show that to a caller.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    };
    let attempt = handle.with(|kernel| {
        let in_vain = H::ASKS_FIRST && kernel.is_known_to_wait(socket, interest);
        let done = (!in_vain).then(|| uninterrupted(kernel));
        let done = done.filter(|done| !done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock));
        let waits = |kernel: &mut dyn Kernel, wait| kernel.is_waiting(socket, interest, wait, context.waker());
        match (done, &mut who) {
            (None, Who::Poller) if waits(kernel, None) => Attempt::Waits,
            (None, Who::Besides(Some(id))) if waits(kernel, Some(*id)) => Attempt::Waits,
            (done, who) => {
                // What it waited for is there, or it waits with another waker from now on.
                if let Who::Besides(id) = who
                    && let Some(id) = id.take()
                {
                    kernel.give_up(socket, interest, id);
                }
                done.map_or(Attempt::Registers, Attempt::Done)
            }
        }
    });
    let Some(attempt) = attempt else { return Poll::Ready(Err(gone())) };
    if handle.is_followed() {
        let waits = !matches!(attempt, Attempt::Done(_));
        handle.attempted(socket, interest, context.waker(), waits);
    }
    match attempt {
        Attempt::Done(result) => Poll::Ready(result),
        Attempt::Waits => Poll::Pending,
        Attempt::Registers => {
            // Cloned outside of the call: a waker may be anybody's code.
            let waker = context.waker().clone();
            let others = if let Who::Poller = who { Others::Replace } else { Others::Keep };
            let wait = handle.with(|kernel| kernel.wait(socket, interest, others, waker)).flatten();
            if let Who::Besides(id) = who {
                *id = wait;
            }
            Poll::Pending
        }
    }
}
