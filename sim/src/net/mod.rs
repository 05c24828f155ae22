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
//! [`reveille_reactor::net`], with [a table](reveille_reactor::net#where-it-differs-from-linux) of what is not as on Linux; that it
//! behaves as a real one does otherwise is tested script by script against the operating system's.
//!
//! A socket that is used after its run or after its node crashed gives an error; dropping it does nothing.

mod handle;
#[cfg(feature = "hyper")]
pub mod hyper;
mod network;
mod seen;

use std::io;
use std::net::SocketAddr;

pub use handle::Simulated;
pub(crate) use network::{Asks, Network};
pub use reveille_reactor::fault::{Fault, Faults, Rate, Strikes};
pub use reveille_reactor::socket::ToSocketAddrs;

use crate::context;
use reveille_reactor::socket::Ambient;

/// A connection; see [`reveille_reactor::socket::TcpStream`] for its methods.
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use reveille::net::{TcpListener, TcpStream};
///
/// # reveille::explore().runs(10).run(|| async {
/// let listener = TcpListener::bind("0.0.0.0:80").await?;
/// let mut client = TcpStream::connect("localhost:80").await?;
/// let (mut server, _from) = listener.accept().await?;
/// client.write_all(b"hello").await?;
/// client.close().await?; // the other half is still open
/// let mut words = String::new();
/// server.read_to_string(&mut words).await?;
/// assert_eq!(words, "hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub type TcpStream = reveille_reactor::socket::TcpStream<Simulated>;
/// A socket that listens; see [`reveille_reactor::socket::TcpListener`] for its methods.
///
/// ```
/// use reveille::net::{TcpListener, TcpStream};
///
/// # reveille::explore().runs(10).run(|| async {
/// let listener = TcpListener::bind("0.0.0.0:0").await?; // a port that is free
/// let port = listener.local_addr()?.port();
/// let client = TcpStream::connect(("localhost", port)).await?;
/// let (_server, from) = listener.accept().await?;
/// assert_eq!(from, client.local_addr()?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub type TcpListener = reveille_reactor::socket::TcpListener<Simulated>;
/// A socket for datagrams; see [`reveille_reactor::socket::UdpSocket`] for its methods.
///
/// ```
/// use reveille::net::UdpSocket;
///
/// # reveille::explore().runs(10).run(|| async {
/// let (one, two) = (UdpSocket::bind("0.0.0.0:1").await?, UdpSocket::bind("0.0.0.0:2").await?);
/// one.send_to(b"hello", "localhost:2").await?;
/// let mut words = [0; 16];
/// let (length, from) = two.recv_from(&mut words).await?;
/// assert_eq!((&words[..length], from.port()), (&b"hello"[..], 1));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub type UdpSocket = reveille_reactor::socket::UdpSocket<Simulated>;

/// A Unix socket that listens; see [`reveille_reactor::socket::UnixListener`] for its methods.
///
/// Its path is a file of the node's [disk](crate::fs), and stays there as on a real system: a server that was restarted, after a crash
/// or without, has to remove what it left behind, and clients of one that is gone are refused.
///
/// ```
/// use std::io::ErrorKind;
///
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use reveille::fs;
/// use reveille::net::{UnixListener, UnixStream};
///
/// # reveille::explore().runs(10).run(|| async {
/// let listener = UnixListener::bind("/app.sock")?;
/// let mut client = UnixStream::connect("/app.sock").await?;
/// let (mut server, _) = listener.accept().await?;
/// client.write_all(b"hello").await?;
/// client.close().await?;
/// let mut greeting = String::new();
/// server.read_to_string(&mut greeting).await?;
/// assert_eq!(greeting, "hello");
///
/// drop(listener);
/// assert_eq!(UnixStream::connect("/app.sock").await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
/// assert_eq!(UnixListener::bind("/app.sock").unwrap_err().kind(), ErrorKind::AddrInUse);
/// fs::remove_file("/app.sock").await?;
/// UnixListener::bind("/app.sock")?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub type UnixListener = reveille_reactor::socket::UnixListener<Simulated>;
/// A connection within a node, without latency; see [`reveille_reactor::socket::UnixStream`] for its methods.
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use reveille::net::UnixStream;
///
/// # reveille::explore().runs(10).run(|| async {
/// let (mut one, mut other) = UnixStream::pair()?;
/// one.write_all(b"ping").await?;
/// let mut bytes = [0; 4];
/// other.read_exact(&mut bytes).await?;
/// assert_eq!(&bytes, b"ping");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub type UnixStream = reveille_reactor::socket::UnixStream<Simulated>;

/// The address of a Unix socket, and the types that its streams are split into.
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use reveille::net::{UnixStream, unix::OwnedWriteHalf};
///
/// async fn say(mut writer: OwnedWriteHalf, words: &str) -> std::io::Result<()> {
///     writer.write_all(words.as_bytes()).await
/// }
///
/// # reveille::explore().runs(10).run(|| async {
/// let (one, mut other) = UnixStream::pair()?;
/// let (_reader, writer) = one.into_split();
/// say(writer, "hello").await?; // dropped after that, so the other side comes to the end
/// let mut words = String::new();
/// other.read_to_string(&mut words).await?;
/// assert_eq!(words, "hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub mod unix {
    use reveille_reactor::socket::Unix;
    pub use reveille_reactor::socket::unix::SocketAddr;

    use super::Simulated;

    /// The reading half of `UnixStream::split`.
    pub type ReadHalf<'a> = reveille_reactor::socket::ReadHalf<'a, Simulated, Unix>;
    /// The writing half of `UnixStream::split`.
    pub type WriteHalf<'a> = reveille_reactor::socket::WriteHalf<'a, Simulated, Unix>;
    /// The reading half of `UnixStream::into_split`.
    ///
    /// ```
    /// use futures::{AsyncReadExt, AsyncWriteExt};
    /// use reveille::net::{UnixStream, unix::OwnedReadHalf};
    ///
    /// async fn all_words(mut reader: OwnedReadHalf) -> std::io::Result<String> {
    ///     let mut words = String::new();
    ///     reader.read_to_string(&mut words).await?;
    ///     Ok(words)
    /// }
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let (one, mut other) = UnixStream::pair()?;
    /// let (reader, _writer) = one.into_split();
    /// let words = reveille::spawn(all_words(reader));
    /// other.write_all(b"hello").await?;
    /// other.close().await?;
    /// assert_eq!(words.await.unwrap()?, "hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub type OwnedReadHalf = reveille_reactor::socket::OwnedReadHalf<Simulated, Unix>;
    /// The writing half of `UnixStream::into_split`.
    pub type OwnedWriteHalf = reveille_reactor::socket::OwnedWriteHalf<Simulated, Unix>;
}

/// The types that streams are split into.
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use reveille::net::{TcpListener, TcpStream, tcp::{ReadHalf, WriteHalf}};
///
/// async fn echo(mut reader: ReadHalf<'_>, mut writer: WriteHalf<'_>) -> std::io::Result<()> {
///     futures::io::copy(&mut reader, &mut writer).await?;
///     writer.close().await
/// }
///
/// # reveille::explore().runs(10).run(|| async {
/// let listener = TcpListener::bind("0.0.0.0:80").await?;
/// let mut client = TcpStream::connect("localhost:80").await?;
/// let (mut server, _) = listener.accept().await?;
/// client.write_all(b"ping").await?;
/// client.close().await?;
/// // Written out, since `AsyncReadExt` of futures has a `split` of its own, which would come first.
/// let (reader, writer) = TcpStream::split(&mut server);
/// echo(reader, writer).await?;
/// let mut words = String::new();
/// client.read_to_string(&mut words).await?;
/// assert_eq!(words, "ping");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub mod tcp {
    use super::Simulated;

    /// The reading half of `TcpStream::split`.
    pub type ReadHalf<'a> = reveille_reactor::socket::ReadHalf<'a, Simulated>;
    /// The writing half of `TcpStream::split`.
    pub type WriteHalf<'a> = reveille_reactor::socket::WriteHalf<'a, Simulated>;
    /// The reading half of `TcpStream::into_split`.
    ///
    /// ```
    /// use futures::{AsyncReadExt, AsyncWriteExt};
    /// use reveille::net::{TcpListener, TcpStream};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let listener = TcpListener::bind("0.0.0.0:80").await?;
    /// let mut client = TcpStream::connect("localhost:80").await?;
    /// let (server, _) = listener.accept().await?;
    /// let (reader, mut writer) = server.into_split();
    /// let echo = reveille::spawn(async move { futures::io::copy(reader, &mut writer).await.map(drop) });
    /// client.write_all(b"ping").await?;
    /// client.read_exact(&mut [0; 4]).await?;
    /// client.close().await?; // the reader is at its end, and the task drops the writer
    /// echo.await.unwrap()
    /// # }).unwrap();
    /// ```
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
    let handle = Simulated::current("lookup_host");
    reveille_reactor::socket::lookup_in(&handle, host).await.map(IntoIterator::into_iter)
}

/// Ends the fault phase of a run: nothing goes wrong from here on, and a test asserts that the program converges.
///
/// Every link is repaired and released, every disk and every paused node goes on, and a node that a fault has crashed is started
/// again. What streams have lost is sent again as before.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use reveille::net::{UdpSocket, heal};
/// use reveille::time::{Duration, timeout};
///
/// // Whatever was lost before, what is sent from here on arrives.
/// reveille::explore()
///     .faults("heavy")
///     .run(|| async {
///         heal();
///         let (one, two) = (UdpSocket::bind("0.0.0.0:1").await?, UdpSocket::bind("0.0.0.0:2").await?);
///         one.send_to(b"?", "localhost:2").await?;
///         timeout(Duration::from_secs(1), two.recv_from(&mut [0])).await?.map(drop)
///     })
///     .unwrap();
/// ```
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
