//! The operating system's kernel behind the same calls as the simulated one (feature `os`).
//!
//! [`Os`] is a reactor over epoll, kqueue or what `mio` finds: sockets register once, edges set a bit per direction and wake who
//! waits for it. Timers ([`sleep`](Os::sleep)) are part of it: a turn ends when the next is due. Whoever calls [`turn`](Os::turn) drives it,
//! one thread at a time: an executor whose [`Driver`] it is, a loop of one's own, or a thread. [`block_on`](Os::block_on) is such a loop
//! for one future.
//!
//! ```
//! use reveille_reactor::os::{Os, TcpListener, TcpStream};
//!
//! # fn main() -> std::io::Result<()> {
//! let os = Os::new()?;
//! let listener = TcpListener::bind_in(os.clone(), "127.0.0.1:0", 16)?;
//! os.block_on(async {
//!     let client = TcpStream::connect_in(os.clone(), listener.local_addr()?).await?;
//!     let (server, peer) = listener.accept().await?;
//!     assert_eq!((peer, server.local_addr()?), (client.local_addr()?, client.peer_addr()?));
//!     std::io::Result::Ok(())
//! })
//! # }
//! ```
//!
//! Deliberately absent: look-ups, which block (`lookup` knows `localhost` only), and a global instance, so time is asked of a handle
//! (`os.sleep(..)`) as sockets are made with one.

mod sleep;
mod sockets;
mod source;
mod time;

use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use mio::Token;
use reveille_executor::Driver;

use crate::kernel::Kernel;
use crate::socket::Handle;
pub use sleep::Sleep;
use sockets::{Edge, Sockets};
use time::Clock;

/// A connection of the operating system.
///
/// ```
/// use std::future::poll_fn;
/// use reveille_reactor::os::{Os, TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// let os = Os::new()?;
/// let listener = TcpListener::bind_in(os.clone(), "127.0.0.1:0", 16)?;
/// os.block_on(async {
///     let client = TcpStream::connect_in(os.clone(), listener.local_addr()?).await?;
///     let (server, _) = listener.accept().await?;
///     assert_eq!(client.try_write(b"hello")?, 5);
///     assert_eq!(poll_fn(|context| server.poll_read_bytes(context, &mut [0; 8])).await?, 5);
///     Ok(())
/// })
/// # }
/// ```
pub type TcpStream = crate::socket::TcpStream<Os>;
/// A listener of the operating system.
///
/// ```
/// use std::io::ErrorKind;
/// use reveille_reactor::os::{Os, TcpListener};
///
/// # fn main() -> std::io::Result<()> {
/// let os = Os::new()?;
/// let listener = TcpListener::bind_in(os.clone(), "127.0.0.1:0", 16)?;
/// let taken = TcpListener::bind_in(os, listener.local_addr()?, 16).unwrap_err();
/// assert_eq!(taken.kind(), ErrorKind::AddrInUse);
/// # Ok(())
/// # }
/// ```
pub type TcpListener = crate::socket::TcpListener<Os>;
/// A datagram socket of the operating system.
///
/// ```
/// use reveille_reactor::os::{Os, UdpSocket};
///
/// # fn main() -> std::io::Result<()> {
/// let os = Os::new()?;
/// let (one, other) = (UdpSocket::bind_in(os.clone(), "127.0.0.1:0")?, UdpSocket::bind_in(os.clone(), "127.0.0.1:0")?);
/// os.block_on(async {
///     one.send_to(b"hello", other.local_addr()?).await?;
///     assert_eq!(other.recv_from(&mut [0; 16]).await?, (5, one.local_addr()?));
///     Ok(())
/// })
/// # }
/// ```
pub type UdpSocket = crate::socket::UdpSocket<Os>;
/// A Unix socket of the operating system, connected.
///
/// ```
/// use std::future::poll_fn;
/// use reveille_reactor::os::{Os, UnixStream};
///
/// # fn main() -> std::io::Result<()> {
/// let os = Os::new()?;
/// let (one, other) = UnixStream::pair_in(os.clone())?;
/// one.try_write(b"hello")?;
/// let read = poll_fn(|context| other.poll_read_bytes(context, &mut [0; 8]));
/// assert_eq!(os.block_on(read)?, 5);
/// # Ok(())
/// # }
/// ```
#[cfg(unix)]
pub type UnixStream = crate::socket::UnixStream<Os>;
/// A Unix socket of the operating system that listens.
///
/// ```
/// use reveille_reactor::os::{Os, UnixListener, UnixStream};
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("reveille-example-{}.sock", std::process::id()));
/// let os = Os::new()?;
/// let listener = UnixListener::bind_in(os.clone(), &path, 16)?;
/// os.block_on(async {
///     let client = UnixStream::connect_in(os.clone(), &path).await?;
///     let (server, _) = listener.accept().await?;
///     assert_eq!(server.local_addr()?.as_pathname(), Some(path.as_path()));
///     assert!(client.local_addr()?.is_unnamed());
///     std::fs::remove_file(&path) // the file outlives who listens
/// })
/// # }
/// ```
#[cfg(unix)]
pub type UnixListener = crate::socket::UnixListener<Os>;

/// The token of the reactor's own waker.
const WAKE: Token = Token(usize::MAX);

/// The most events of one turn; others come with the next.
const EVENTS_MAX: usize = 1024;

/// The polls of a busy [`Os::block_on`] between two looks for what has happened, as many as those of an executor between two of a [`Driver`].
const POLLS_BETWEEN_LOOKS: u32 = 61;

/// A handle to the operating system's sockets, and timers beside them. See the [module's example](self).
///
/// It is a [`Driver`], in which an executor waits while none of its tasks can run:
///
/// ```
/// use std::sync::Arc;
/// use reveille_executor::{LocalExecutor, spawn};
/// use reveille_reactor::os::{Os, UdpSocket};
///
/// # fn main() -> std::io::Result<()> {
/// let os = Os::new()?;
/// let (one, other) = (UdpSocket::bind_in(os.clone(), "127.0.0.1:0")?, UdpSocket::bind_in(os.clone(), "127.0.0.1:0")?);
/// LocalExecutor::with_driver(Arc::new(os)).block_on(async {
///     let address = other.local_addr()?;
///     let received = spawn(async move { other.recv(&mut [0; 16]).await });
///     one.send_to(b"hello", address).await?;
///     assert_eq!(received.await.unwrap()?, 5);
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Os(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Held while waiting for edges; never together with a call of a program.
    poll: Mutex<(mio::Poll, mio::Events)>,
    sockets: Mutex<Sockets>,
    clock: Clock,
    waker: mio::Waker,
}

/// The state is consistent between calls, and a call that panicked has changed nothing half.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Os {
    /// A reactor without sockets or timers.
    ///
    /// # Errors
    /// If the system refuses one.
    ///
    /// ```
    /// use reveille_reactor::os::{Os, UdpSocket};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let os = Os::new()?;
    /// let socket = UdpSocket::bind_in(os.clone(), "127.0.0.1:0")?; // a clone is the same reactor
    /// os.block_on(socket.send_to(b"to myself", socket.local_addr()?))?;
    /// assert_eq!(os.block_on(socket.recv(&mut [0; 16]))?, 9);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = mio::Waker::new(poll.registry(), WAKE)?;
        let sockets = Mutex::new(Sockets::new(registry));
        let events = mio::Events::with_capacity(EVENTS_MAX);
        Ok(Self(Arc::new(Shared { poll: Mutex::new((poll, events)), sockets, clock: Clock::new(), waker })))
    }

    /// Waits for edges until the next timer is due, for `timeout` at the longest, and wakes whom they concern: all whose deadline has
    /// passed, in the order of their deadlines, and those of the edges, whichever of the two ended the wait.
    ///
    /// May return before anything has happened; it does where another thread arms a timer that is due earlier than all else.
    ///
    /// # Errors
    /// If waiting fails; an interrupted wait is none.
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use std::task::{Context, Wake};
    /// use std::time::Duration;
    /// use reveille_reactor::os::Os;
    ///
    /// struct Alarm(AtomicBool);
    /// impl Wake for Alarm {
    ///     fn wake(self: Arc<Self>) {
    ///         self.0.store(true, Ordering::Relaxed);
    ///     }
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (os, alarm) = (Os::new()?, Arc::new(Alarm(AtomicBool::new(false))));
    /// let mut sleep = pin!(os.sleep(Duration::from_millis(2)));
    /// let waker = Arc::clone(&alarm).into();
    /// let mut context = Context::from_waker(&waker);
    /// assert!(sleep.as_mut().poll(&mut context).is_pending());
    /// while !alarm.0.load(Ordering::Relaxed) {
    ///     os.turn(None)?; // until the timer is due
    /// }
    /// assert!(sleep.poll(&mut context).is_ready());
    /// # Ok(())
    /// # }
    /// ```
    pub fn turn(&self, timeout: Option<Duration>) -> io::Result<()> {
        let (turned, mut due, mut wakers) = {
            let mut polling = lock(&self.0.poll);
            let (poll, events) = &mut *polling;
            let turned = match poll.poll(events, self.0.clock.begin_wait(timeout)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
                turned => turned,
            };
            // While no other thread can begin to wait.
            let due = self.0.clock.end_wait();
            let mut sockets = lock(&self.0.sockets);
            // After an error there are none.
            events.iter().for_each(|event| sockets.edge(event.token(), Edge::both(event)));
            (turned, due, sockets.take_wakers())
        };
        if !due.is_empty() {
            due.drain(..).for_each(Waker::wake);
            self.0.clock.reuse(due);
        }
        if !wakers.wake.is_empty() {
            wakers.wake.drain(..).for_each(Waker::wake);
            lock(&self.0.sockets).reuse(wakers.wake);
        }
        turned
    }

    /// Ends the turn that is under way, or the next.
    fn interrupt(&self) {
        // A reactor that cannot be woken is one that is being turned.
        let _ = self.0.waker.wake();
    }

    /// Runs `future` to its end, waiting for edges and timers while it waits, and looking for them now and then while it does not.
    ///
    /// On one thread at a time: of two, one is within the wait, and the other may go on only when that ends. Threads have a reactor each, or
    /// a pool whose driver it is.
    ///
    /// # Panics
    /// If waiting for edges fails.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::os::Os;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let os = Os::new()?;
    /// let woken = os.block_on(async {
    ///     os.sleep(Duration::from_millis(2)).await;
    ///     "after 2 ms"
    /// });
    /// assert_eq!(woken, "after 2 ms");
    /// # Ok(())
    /// # }
    /// ```
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let alarm = Arc::new(Alarm { rung: AtomicBool::new(true), os: self.clone() });
        let waker = Waker::from(Arc::clone(&alarm));
        let mut future = pin!(future);
        let mut polls = 0;
        loop {
            if alarm.rung.swap(false, Ordering::Acquire)
                && let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return output;
            }
            polls += 1;
            let timeout = alarm.rung.load(Ordering::Acquire).then_some(Duration::ZERO);
            if timeout.is_none() || polls == POLLS_BETWEEN_LOOKS {
                polls = 0;
                self.turn(timeout).expect("waiting for edges works");
            }
        }
    }
}

/// The waker of [`Os::block_on`].
struct Alarm {
    rung: AtomicBool,
    os: Os,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::Release) {
            self.os.interrupt();
        }
    }
}

impl Driver for Os {
    fn poll(&self) {
        // What could fail are the arguments, which are ours.
        let _ = self.turn(Some(Duration::ZERO));
    }

    fn park(&self) {
        let _ = self.turn(None);
    }

    fn unpark(&self) {
        self.interrupt();
    }
}

impl Handle for Os {
    const ASKS_FIRST: bool = true;

    fn with<R>(&self, call: impl FnOnce(&mut dyn Kernel) -> R) -> Option<R> {
        let mut sockets = lock(&self.0.sockets);
        let result = call(&mut *sockets);
        let wakers = sockets.take_wakers();
        drop(sockets);
        wakers.wake.into_iter().for_each(Waker::wake);
        Some(result)
    }
}
