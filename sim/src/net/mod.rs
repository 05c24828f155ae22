//! Sockets between simulated nodes, in tokio's words.
//!
//! A run is a network of machines; [`node`](crate::node()) names them. The program itself runs on the node `main`. Nothing of it
//! is real: addresses, latencies and losses are choices of the run like any other, and a failing run repeats them.
//!
//! ```
//! use futures::{AsyncReadExt, AsyncWriteExt};
//! use reveille::net::{TcpListener, TcpStream};
//!
//! reveille::explore()
//!     .runs(100)
//!     .run(|| async {
//!         let listener = TcpListener::bind("127.0.0.1:0").await?;
//!         let address = listener.local_addr()?;
//!         reveille::spawn(async move {
//!             let (mut stream, _) = listener.accept().await?;
//!             let mut name = String::new();
//!             stream.read_to_string(&mut name).await?;
//!             stream.write_all(format!("hello, {name}").as_bytes()).await
//!         });
//!
//!         let mut stream = TcpStream::connect(address).await?;
//!         stream.write_all(b"world").await?;
//!         stream.close().await?;
//!         let mut greeting = String::new();
//!         stream.read_to_string(&mut greeting).await?;
//!         assert_eq!(greeting, "hello, world");
//!         std::io::Result::Ok(())
//!     })
//!     .unwrap();
//! ```
//!
//! Streams implement `AsyncRead` and `AsyncWrite` of the futures crate, those of tokio with the feature `tokio`, and hyper's
//! with the feature `hyper`. How the kernel underneath behaves, and what it leaves out, is said in
//! [`reveille_reactor::net`]; that it behaves as a real one does is tested script by script against the operating system's.
//!
//! A socket that is used after its run or after its node crashed gives an error; dropping it does nothing.

mod handle;
#[cfg(feature = "hyper")]
pub mod hyper;
mod network;

use std::io;
use std::net::SocketAddr;

pub use handle::Simulated;
pub(crate) use network::{Asks, Network};
pub use reveille_reactor::fault::{Fault, Faults, Strikes};
pub use reveille_reactor::socket::ToSocketAddrs;

use crate::context;
use reveille_reactor::socket::Ambient;

/// A connection; see [`reveille_reactor::socket::TcpStream`] for its methods.
pub type TcpStream = reveille_reactor::socket::TcpStream<Simulated>;
/// A socket that listens; see [`reveille_reactor::socket::TcpListener`] for its methods.
pub type TcpListener = reveille_reactor::socket::TcpListener<Simulated>;
/// A socket for datagrams; see [`reveille_reactor::socket::UdpSocket`] for its methods.
pub type UdpSocket = reveille_reactor::socket::UdpSocket<Simulated>;

/// The types that streams are split into.
pub mod tcp {
    use super::Simulated;

    /// The reading half of `TcpStream::split`.
    pub type ReadHalf<'a> = reveille_reactor::socket::ReadHalf<'a, Simulated>;
    /// The writing half of `TcpStream::split`.
    pub type WriteHalf<'a> = reveille_reactor::socket::WriteHalf<'a, Simulated>;
    /// The reading half of `TcpStream::into_split`.
    pub type OwnedReadHalf = reveille_reactor::socket::OwnedReadHalf<Simulated>;
    /// The writing half of `TcpStream::into_split`.
    pub type OwnedWriteHalf = reveille_reactor::socket::OwnedWriteHalf<Simulated>;
}

/// The addresses of `host`: the name of a node with a port, such as `"db:5432"`, or an address.
///
/// # Errors
/// `NotFound` if no node has that name.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// # reveille::explore().runs(1).run(|| async {
/// let db = reveille::node("db");
/// let mut addresses = reveille::net::lookup_host("db:5432").await?;
/// assert_eq!(addresses.next(), Some((db.address(), 5432).into()));
/// assert_eq!(reveille::net::lookup_host("nobody:1").await.err().unwrap().kind(), std::io::ErrorKind::NotFound);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn lookup_host<A: ToSocketAddrs>(host: A) -> io::Result<std::vec::IntoIter<SocketAddr>> {
    let handle = Simulated::current("reveille::net::lookup_host");
    reveille_reactor::socket::lookup_in(&handle, host).await.map(IntoIterator::into_iter)
}

/// Ends the fault phase of a run: every link is repaired and released, every disk and every paused node goes on, and nothing goes wrong from here on. What was lost is
/// sent again as before. A test asserts after it that the program converges.
///
/// # Panics
/// Outside of a run.
#[track_caller]
pub fn heal() {
    context::with("reveille::net::heal", |run| run.network.heal(run));
}

/// How often each fault has struck in this run so far.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// # reveille::explore().runs(1).run(|| async {
/// assert_eq!(reveille::net::strikes().total(), 0); // no faults unless a test asks for them
/// # }).unwrap();
/// ```
#[track_caller]
#[must_use]
pub fn strikes() -> Strikes {
    context::with("reveille::net::strikes", |run| run.network.strikes())
}
