//! A simulated network of machines: TCP and UDP between named nodes, and Unix sockets within them, as a plain value.
//!
//! [`Net`] knows what every socket holds and what is on its way. A program calls it through [`Net::calls`], which gives the
//! [`Kernel`](crate::Kernel) of one node at one moment; the run loop asks [`Net::next_event`] when something will happen and
//! calls [`Net::advance`] when it is time. Cost follows events: an idle network costs nothing, however long it idles.
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use reveille_executor::{Choose, Point};
//! use reveille_reactor::net::{Honest, Net};
//! use reveille_reactor::{Instant, Kernel};
//!
//! struct Dullest;
//! impl Choose for Dullest {
//!     fn choose(&mut self, _: Point<'_>) -> u32 {
//!         0
//!     }
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! let mut net = Net::default();
//! let (here, db) = (net.node("here"), net.node("db"));
//! let (mut dullest, mut now) = (Dullest, Instant::ZERO);
//! let mut honest = Honest { choose: &mut dullest };
//!
//! let listener = net.calls(now, db, &mut honest).listen(&"0.0.0.0:5432".parse::<SocketAddr>().unwrap().into(), 16)?;
//! let client = net.calls(now, here, &mut honest).connect(&SocketAddr::new(Net::address(db), 5432).into())?;
//! while let Some(next) = net.next_event() {
//!     now = next;
//!     net.advance(now, &mut honest);
//! }
//! let (server, _) = net.calls(now, db, &mut honest).accept(listener)?;
//! assert_eq!(net.calls(now, db, &mut honest).write(server, b"hello")?, 5);
//! while let Some(next) = net.next_event() {
//!     now = next;
//!     net.advance(now, &mut honest);
//! }
//! let mut buffer = [0; 16];
//! assert_eq!(net.calls(now, here, &mut honest).read(client, &mut buffer, false)?, 5);
//! # Ok(())
//! # }
//! ```
//!
//! What is modelled: handshakes, refusal, the backlog (a full one makes connects wait), ordered bytes with a window of
//! 64 KiB per direction and window updates that take their time, half-close, resets, lingering of zero, retransmission
//! (loss is delay, a long partition a time-out), ephemeral ports, wildcard binds, datagrams with loss, duplication and
//! reordering, port unreachable; Unix sockets, streams only, whose paths are files of the node's [`Disk`](crate::disk::Disk)
//! (see [`Calls::with_paths`]) and whose bytes are there at once.
//!
//! # Where it differs from Linux
//!
//! Scripts that are played on both kernels agree line by line (`tests/parity`), whatever the latencies. What they cannot see, or what is
//! different on purpose:
//!
//! | | here | Linux |
//! |---|---|---|
//! | how much fits into a stream that nobody reads | 64 KiB in each direction, whatever the size of the writes | buffers of both ends, which grow to megabytes; a Unix socket some 200 KB, with its bookkeeping |
//! | how much waits in a datagram socket | 208 KiB of contents | about as much, with its bookkeeping |
//! | writes of one instant | travel together, as with `NoDelay`, which is remembered only | in segments, which Nagle's algorithm holds back |
//! | a segment is lost | it is sent again after 200 ms, then twice as long, at most 120 s; 15 times | the same, but for the first wait, which follows the round trip; loss also slows the sender down |
//! | a link is cut in the direction of the acknowledgements only | who sends goes on until the window is full, and gives up after 15 probes | it gives up after 15 repetitions of what arrived already |
//! | the last word of a handshake is lost | who asked repeats it after 200 ms, then twice as long, until it is forgotten after 63 s | it says it again when the grant is repeated, after 1 s, then twice as long, until it is forgotten after 63 s |
//! | what was written before a reset | is on its way at once and arrives before it, also what was lost and comes late for it; not what waits behind a cut link to be sent again | arrives before it if it was sent; what a window kept back and what was lost is gone |
//! | the process of a node is killed ([`crash`](Net::crash)) | all its connections are reset, and what is on its way from it is gone | those with unread bytes are reset, the others end; what was written arrives |
//! | a port and a pair of addresses after a close | free at once | `TIME_WAIT` holds them for a minute against some binds and connects |
//! | free ports | 32768 to 60999, one after the other: 28,232 connections and listeners of a node in all | the same range by default, in an order of its own, and as many connections to each destination |
//! | an unknown name | `NotFound` | an error without a kind, from the resolver |
//! | `peek` of a Unix stream (a call of the [`Kernel`](crate::Kernel)) | works | `Unsupported`, since `mio` has no such call |
//! | reading what an end that is idle says | nothing, for ever | the same, unless keep-alive was asked for |
//! | IPv6 | loopback only, ports of it exclude those of the IPv4 wildcard, and a listener on `0.0.0.0` is reached at `[::1]` | all of it, and that connect is refused |
//! | a datagram to another node from a socket that is bound to loopback | arrives | `InvalidInput` |
//!
//! Deliberately absent: congestion control, TIME_WAIT, Unix datagrams and names without a file, multicast, keep-alive probes,
//! IPv6 beyond loopback.

mod calls;
mod connection;
mod datagram;
mod describe;
mod events;
mod fabric;
mod handshake;
mod hosts;
mod lane;
mod links;
mod listener;
mod local;
mod paths;
mod stream;
pub(crate) mod waiters;

use std::collections::BTreeMap;
use std::net::SocketAddr;

pub use calls::Calls;
pub use fabric::{Content, Fabric, Fate, Honest, LATENCIES, LATENCY, NodeId, Packet, Verdict};
pub use paths::Paths;

use crate::Instant;
use crate::disk::InodeId;
use crate::kernel::{Interest, SocketId, Wakers};
use crate::slab::{Key, Slab};
use connection::{Connection, Phase};
use datagram::{Datagram, DatagramSocket};
use events::{Events, What};
use hosts::{Hosts, Protocol};
use links::Links;
use listener::Listener;
use local::Local;
use waiters::Out;

/// All nodes, what their sockets hold, and what is on its way between them.
///
/// See the [module's example](self).
///
/// ```
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Kernel};
#[doc = include_str!("../../doc/plain.txt")]
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let (here, db) = (net.node("here"), net.node("db"));
/// assert_eq!(net.calls(Instant::ZERO, here, &mut plain).lookup("db")?, [Net::address(db)]);
/// assert_eq!(net.next_event(), None); // nothing is on its way
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Default)]
pub struct Net {
    hosts: Hosts,
    sockets: Slab<Socket>,
    connections: Slab<Connection>,
    /// Those within a node.
    locals: Slab<Local>,
    /// Who listens on which file.
    bound: BTreeMap<(NodeId, InodeId), SocketId>,
    datagrams: Slab<Datagram>,
    events: Events,
    links: Links,
    out: Out,
    /// Buffers of datagrams that were received, for the next ones.
    spare: Vec<Vec<u8>>,
    /// Which sockets were waited for lately, if somebody wants to know.
    waits: Vec<(SocketId, Interest)>,
    remembers: bool,
    /// What becomes of each wait is told.
    follows: bool,
    /// After how many nanoseconds a try comes late, 0 for never, and the waits whose tries did.
    late_after: u64,
    late: Vec<(SocketId, Interest)>,
}

/// What the program holds a name of.
#[derive(Debug)]
enum Socket {
    // Most sockets are streams: what is larger stands elsewhere.
    Listener(Box<Listener>),
    Stream { connection: Key, end: u8 },
    Local { connection: Key, end: u8 },
    Datagram(Box<DatagramSocket>),
}

/// When and through what something happens.
struct Moment<'a> {
    now: Instant,
    fabric: &'a mut dyn Fabric,
}

impl Net {
    /// How many connections exist, those that are on their way out included.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let (one, other) = kernel.pair()?; // a connection within the node
    /// kernel.close(one);
    /// assert_eq!(net.connections(), 1); // the other end is still held
    /// net.calls(Instant::ZERO, here, &mut plain).close(other);
    /// assert_eq!(net.connections(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.len() + self.locals.len()
    }

    /// How many wakers wait for a socket to become ready. Takes time in the number of sockets.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Interest, Kernel, Others};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let socket = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
    /// kernel.wait(socket, Interest::Read, Others::Replace, Waker::noop().clone());
    /// assert_eq!(net.registrations(), 1);
    /// net.calls(Instant::ZERO, here, &mut plain).close(socket);
    /// assert_eq!(net.registrations(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn registrations(&self) -> usize {
        let of_socket = |socket| match self.sockets.get(socket) {
            Some(Socket::Listener(listener)) => listener.waiters.len(),
            Some(Socket::Datagram(datagram)) => datagram.reader.len(),
            Some(Socket::Stream { connection, end }) => self.connections.get(*connection).map_or(0, |connection| {
                let end = &connection.ends[*end as usize];
                end.reader.len() + end.writer.len()
            }),
            Some(Socket::Local { connection, end }) => self.locals.get(*connection).map_or(0, |local| {
                let end = &local.ends[*end as usize];
                end.reader.len() + end.writer.len()
            }),
            None => 0,
        };
        self.sockets.keys().into_iter().map(of_socket).sum()
    }

    /// The kernel of `node`, at this moment.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let (one, other) = kernel.pair()?;
    /// kernel.write(one, b"hello")?;
    /// assert_eq!(kernel.read(other, &mut [0; 16], false)?, 5);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn calls<'a>(&'a mut self, now: Instant, node: NodeId, fabric: &'a mut dyn Fabric) -> Calls<'a> {
        self.out.now = now;
        Calls { net: self, node, moment: Moment { now, fabric }, paths: None }
    }

    /// When something will happen next; `None` if nothing will unless somebody calls.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let (here, db) = (net.node("here"), net.node("db"));
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let socket = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
    /// kernel.send(socket, b"ping", Some((Net::address(db), 2).into()))?;
    /// assert_eq!(net.next_event(), Some(Instant::ZERO + Duration::from_millis(1))); // it arrives
    /// # std::io::Result::Ok(())
    /// ```
    pub fn next_event(&mut self) -> Option<Instant> {
        while let Some((at, what)) = self.events.peek() {
            if !self.is_void(what) {
                return Some(at);
            }
            self.events.pop();
        }
        None
    }

    /// Lets everything happen that is due by `now`, in order. Returns how many events that were. Who is to be woken comes
    /// out of [`take_wakers`](Self::take_wakers).
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let socket = kernel.bind_datagram("127.0.0.1:1".parse().unwrap())?;
    /// kernel.send(socket, b"to myself", Some("127.0.0.1:1".parse().unwrap()))?;
    ///
    /// let arrives = net.next_event().expect("it is on its way");
    /// assert_eq!(net.advance(arrives, &mut plain), 1);
    /// assert_eq!(net.calls(arrives, here, &mut plain).receive(socket, &mut [0; 16], false)?.0, 9);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn advance(&mut self, now: Instant, fabric: &mut dyn Fabric) -> u64 {
        let mut events = 0;
        self.out.now = now;
        while let Some(what) = self.events.pop_due(now) {
            if !self.is_void(what) {
                self.happen(what, &mut Moment { now, fabric });
                events += 1;
            }
        }
        events
    }

    /// The wakers to be woken and dropped, outside of every borrow.
    ///
    /// ```
    /// use std::task::Waker;
    /// use std::time::Duration;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Interest, Kernel, Others};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain, now) = (Net::default(), Plain, Instant::ZERO);
    /// let (here, far) = (net.node("here"), net.node("far"));
    /// let mut kernel = net.calls(now, far, &mut plain);
    /// let to = kernel.bind_datagram("0.0.0.0:2".parse().unwrap())?;
    /// kernel.wait(to, Interest::Read, Others::Replace, Waker::noop().clone());
    /// let mut kernel = net.calls(now, here, &mut plain);
    /// let from = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
    /// kernel.send(from, b"ping", Some((Net::address(far), 2).into()))?;
    /// assert!(!net.has_wakers());
    ///
    /// assert_eq!(net.advance(now + Duration::from_secs(1), &mut plain), 1); // it arrives
    /// let mut wakers = net.take_wakers();
    /// assert_eq!((wakers.wake.len(), wakers.discard.len()), (1, 0));
    /// wakers.wake.drain(..).for_each(Waker::wake);
    /// net.recycle(wakers);
    /// assert!(!net.has_wakers());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn take_wakers(&mut self) -> Wakers {
        self.out.take()
    }

    /// Gives back the memory of what [`take_wakers`](Self::take_wakers) gave.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// net.calls(Instant::ZERO, here, &mut plain).wait_briefly(Waker::noop().clone());
    /// let mut wakers = net.take_wakers();
    /// wakers.wake.drain(..).for_each(Waker::wake);
    /// net.recycle(wakers);
    /// assert!(net.take_wakers().wake.capacity() > 0); // the next need no allocation
    /// ```
    pub fn recycle(&mut self, mut wakers: Wakers) {
        if self.out.is_empty() {
            wakers.wake.clear();
            wakers.discard.clear();
            (self.out.wake, self.out.discard) = (wakers.wake, wakers.discard);
        }
    }

    /// Whether [`take_wakers`](Self::take_wakers) has something to give.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// net.calls(Instant::ZERO, here, &mut plain).wait_briefly(Waker::noop().clone());
    /// assert!(net.has_wakers());
    /// net.take_wakers().wake.into_iter().for_each(Waker::wake);
    /// assert!(!net.has_wakers());
    /// ```
    #[must_use]
    pub fn has_wakers(&self) -> bool {
        !self.out.is_empty()
    }

    /// Makes an empty network, and hands out the wakers that were waiting, to be dropped.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Interest, Kernel, Others};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let socket = kernel.bind_datagram("0.0.0.0:1".parse().unwrap())?;
    /// kernel.wait(socket, Interest::Read, Others::Replace, Waker::noop().clone());
    ///
    /// let wakers = net.clear();
    /// assert_eq!((wakers.wake.len(), wakers.discard.len()), (0, 1));
    /// assert_eq!((net.nodes(), net.registrations()), (0, 0));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn clear(&mut self) -> Wakers {
        for socket in self.sockets.keys() {
            self.discard_waiters(socket);
        }
        self.hosts.clear();
        self.sockets.clear();
        self.connections.clear();
        self.locals.clear();
        self.bound.clear();
        self.datagrams.clear();
        self.events.clear();
        self.links.clear();
        self.waits.clear();
        (self.remembers, self.follows) = (false, false);
        self.late.clear();
        self.out.turns.clear();
        let mut out = self.take_wakers();
        out.discard.append(&mut out.wake);
        out
    }

    fn discard_waiters(&mut self, socket: Key) {
        let out = &mut self.out;
        match self.sockets.get_mut(socket) {
            Some(Socket::Listener(listener)) => listener.waiters.discard(out),
            Some(Socket::Datagram(datagram)) => datagram.reader.discard(out),
            Some(&mut Socket::Stream { connection, end }) => {
                if let Some(connection) = self.connections.get_mut(connection) {
                    connection.end(end).reader.discard(out);
                    connection.end(end).writer.discard(out);
                }
            }
            Some(&mut Socket::Local { connection, end }) => {
                if let Some(local) = self.locals.get_mut(connection) {
                    local.end(end).reader.discard(out);
                    local.end(end).writer.discard(out);
                }
            }
            None => {}
        }
    }

    /// Whether an event is about something that is gone.
    fn is_void(&mut self, what: What) -> bool {
        match what {
            What::Lane { connection, end } => match self.connections.get_mut(connection) {
                Some(connection) => {
                    let lane = connection.out(end);
                    lane.scheduled &= !lane.is_idle();
                    lane.is_idle()
                }
                None => true,
            },
            What::Credit { connection, .. } | What::Unreachable { connection } => {
                self.connections.get(connection).is_none()
            }
            What::Forgotten { connection } => !self.is_embryo(connection),
            What::Datagram { .. } => false,
            What::Unheard { datagram } => self.has_no_sender(datagram),
        }
    }

    fn happen(&mut self, what: What, moment: &mut Moment<'_>) {
        match what {
            What::Lane { connection, end } => self.lane_is_due(connection, end, moment),
            What::Credit { connection, end, tries, bytes } => self.credit(connection, end, (tries, bytes), moment),
            What::Unreachable { connection } => self.unreachable(connection),
            What::Forgotten { connection } => self.forgotten(connection),
            What::Datagram { datagram } => self.datagram_arrives(datagram, moment),
            What::Unheard { datagram } => self.unheard(datagram),
        }
    }
}

impl Net {
    /// The program on `node` is gone: its sockets are closed as a kernel closes those of a process that was killed with
    /// unread data, by resets. What was sent and has not arrived is lost.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Address, Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain, mut now) = (Net::default(), Plain, Instant::ZERO);
    /// let (here, db) = (net.node("here"), net.node("db"));
    /// let port = |node| Address::Internet((Net::address(node), 5432).into());
    /// let listener = net.calls(now, db, &mut plain).listen(&port(db), 16)?;
    /// let client = net.calls(now, here, &mut plain).connect(&port(db))?;
    /// while let Some(next) = net.next_event() {
    ///     now = next;
    ///     net.advance(now, &mut plain);
    /// }
    /// net.calls(now, db, &mut plain).accept(listener)?;
    ///
    /// net.crash(now, db, &mut plain);
    /// while let Some(next) = net.next_event() {
    ///     now = next;
    ///     net.advance(now, &mut plain);
    /// }
    /// let error = net.calls(now, here, &mut plain).read(client, &mut [0], false).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn crash(&mut self, now: Instant, node: NodeId, fabric: &mut dyn Fabric) {
        let mut moment = Moment { now, fabric };
        for key in self.sockets.keys() {
            if self.node_of(key) != Some(node) {
                continue;
            }
            if let Some(&Socket::Stream { connection, end }) = self.sockets.get(key)
                && let Some(connection) = self.connections.get_mut(connection)
            {
                connection.end(end).reset_on_close = true;
                if connection.end(end).phase == Phase::Open {
                    connection.out(end).cut_off();
                }
            }
            self.close(SocketId(key), &mut moment);
        }
    }

    fn node_of(&self, socket: Key) -> Option<NodeId> {
        match self.sockets.get(socket)? {
            Socket::Listener(listener) => Some(listener.node),
            Socket::Datagram(datagram) => Some(datagram.node),
            Socket::Stream { connection, end } => {
                self.connections.get(*connection).map(|connection| connection.ends[*end as usize].node)
            }
            Socket::Local { connection, end } => {
                self.locals.get(*connection).map(|local| local.ends[*end as usize].node)
            }
        }
    }

    /// Closes a socket, whatever it is.
    fn close(&mut self, socket: SocketId, moment: &mut Moment<'_>) {
        self.discard_waiters(socket.0);
        match self.sockets.remove(socket.0) {
            Some(Socket::Listener(listener)) => self.close_listener(socket, *listener, moment),
            Some(Socket::Stream { connection, end }) => self.close_stream(socket, connection, end, moment),
            Some(Socket::Local { connection, end }) => self.leave_local(connection, end),
            Some(Socket::Datagram(datagram)) => {
                self.hosts.release(datagram.node, Protocol::Datagram, datagram.address, socket);
                self.spare.extend(datagram.inbox.into_iter().map(|(_, bytes)| bytes));
            }
            None => {}
        }
    }
}

/// The address that a packet for `address` is really sent to: the unspecified one means this node.
fn destination(node: NodeId, address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::new(Hosts::source(node, address.ip()), address.port())
    } else {
        address
    }
}
