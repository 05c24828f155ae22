//! What a socket waits for, in words, for the report of a task that waits in vain.

use std::fmt::Write as _;
use std::time::Duration;

use super::connection::{Connection, End, Phase, other};
use super::local::{Local, LocalEnd};
use super::{Net, Socket};
use crate::address::Address;
use crate::kernel::{Interest, SocketId, Turn};

impl Net {
    /// What `socket` waits for and what the other side holds; `None` if it is closed.
    ///
    /// For example: ``room to write to `db` (10.0.0.2:80), which has 65536 bytes unread``.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Interest, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let (one, _other) = kernel.pair()?;
    /// kernel.write(one, b"hello")?;
    /// let words = "bytes from the other end of a pair, which is open and has 5 bytes unread";
    /// assert_eq!(net.describe(one, Interest::Read).as_deref(), Some(words));
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn describe(&self, socket: SocketId, interest: Interest) -> Option<String> {
        match self.sockets.get(socket.0)? {
            Socket::Listener(listener) => Some(format!("a connection to {}", listener.address())),
            Socket::Datagram(datagram) => Some(format!("a datagram to {}", datagram.address)),
            Socket::Local { connection, end } => {
                self.locals.get(*connection).map(|local| describe_local(local, *end, interest))
            }
            Socket::Stream { connection, end } => {
                self.connections.get(*connection).map(|connection| self.describe_stream(connection, *end, interest))
            }
        }
    }

    /// A name for `socket` that people know it by; `None` if it is closed.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// let socket = net.calls(Instant::ZERO, here, &mut plain).bind_datagram("0.0.0.0:1".parse().unwrap())?;
    /// assert_eq!(net.title(socket).unwrap(), "the socket 0.0.0.0:1 of `here`");
    /// net.calls(Instant::ZERO, here, &mut plain).close(socket);
    /// assert_eq!(net.title(socket), None);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn title(&self, socket: SocketId) -> Option<String> {
        Some(match self.sockets.get(socket.0)? {
            Socket::Listener(listener) => format!("the listener {}", listener.address()),
            Socket::Datagram(datagram) => {
                format!("the socket {} of `{}`", datagram.address, self.hosts.name(datagram.node))
            }
            Socket::Local { .. } => "a Unix stream".into(),
            Socket::Stream { connection, end } => {
                let connection = self.connections.get(*connection)?;
                let (here, there) = (&connection.ends[*end as usize], &connection.ends[other(*end) as usize]);
                format!("the stream of `{}` to {}", self.hosts.name(here.node), there.address)
            }
        })
    }

    /// Whether what is sent from `from` to `to` gets through, as things are: the link is neither cut nor held.
    #[must_use]
    pub fn is_passable(&self, from: super::NodeId, to: super::NodeId) -> bool {
        !self.links.is_cut(from, to) && !self.links.is_held(from, to)
    }

    /// Whether it is told what becomes of each wait.
    #[inline]
    #[must_use]
    pub fn follows_waits(&self) -> bool {
        self.follows
    }

    fn describe_stream(&self, connection: &Connection, end: u8, interest: Interest) -> String {
        let (here, there) = (&connection.ends[end as usize], &connection.ends[other(end) as usize]);
        let peer = format!("`{}` ({})", self.hosts.name(there.node), there.address);
        let (out, into) = (&connection.lanes[end as usize], &connection.lanes[other(end) as usize]);
        let mut text = match interest {
            _ if here.phase == Phase::Connecting => {
                return format!("an answer to its connecting to {peer}{}", self.links_of(here, there));
            }
            Interest::Read => format!("bytes from {peer}, "),
            Interest::Write => format!("room to write to {peer}, "),
        };
        text += match there.phase {
            Phase::Dead => "which is gone",
            Phase::Embryo(_) => "which has not accepted it",
            _ if there.queued => "which has not accepted it",
            _ if there.socket.is_none() => "which has closed",
            _ => "which is open",
        };
        // Writing to a string works.
        if out.arrived() > 0 {
            let _ = write!(text, " and has {} bytes unread", out.arrived());
        }
        for (lane, whose) in [(into, "from there"), (out, "from here")] {
            if lane.in_flight() > 0 {
                let _ = write!(text, "; {} bytes {whose} are on their way", lane.in_flight());
            }
        }
        text + &self.links_of(here, there)
    }

    fn links_of(&self, here: &End, there: &End) -> String {
        let either =
            |is: &dyn Fn(super::NodeId, super::NodeId) -> bool| is(here.node, there.node) || is(there.node, here.node);
        if either(&|from, to| self.links.is_held(from, to)) {
            "; the link is held".into()
        } else if either(&|from, to| self.links.is_cut(from, to)) {
            "; the link is cut".into()
        } else {
            String::new()
        }
    }

    /// Whether to remember which sockets are waited for, for [`take_waits`](Self::take_waits). Off until asked for.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Interest, Kernel, Others};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// net.remember_waits(true);
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let (one, _other) = kernel.pair()?;
    /// kernel.wait(one, Interest::Read, Others::Replace, Waker::noop().clone());
    /// assert_eq!(net.take_waits(), [(one, Interest::Read)]);
    /// assert!(net.take_waits().is_empty()); // none since
    /// # std::io::Result::Ok(())
    /// ```
    pub fn remember_waits(&mut self, remember: bool) {
        self.remembers = remember;
    }

    /// A name for `socket` that depends on what was done since the network was new or [cleared](Self::clear), and on nothing
    /// before: who does the same in another gets the same names.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Kernel};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let bind = |net: &mut Net| {
    ///     let here = net.node("here");
    ///     let socket = net.calls(Instant::ZERO, here, &mut Plain).bind_datagram("0.0.0.0:1".parse().unwrap())?;
    ///     std::io::Result::Ok((socket, net.socket_name(socket)))
    /// };
    /// let mut net = Net::default();
    /// let (socket, name) = bind(&mut net)?;
    /// net.clear();
    /// let (another, same) = bind(&mut net)?;
    /// assert!(socket != another && name == same);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn socket_name(&self, socket: SocketId) -> u64 {
        self.sockets.name(socket.0)
    }

    /// Whether to tell what becomes of each wait, with [`take_turns`](Self::take_turns). Off until asked for.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Interest, Kernel, Others, Turn};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// net.follow_waits(true);
    /// assert!(net.follows_waits());
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let (one, other) = kernel.pair()?;
    /// kernel.wait(other, Interest::Read, Others::Replace, Waker::noop().clone());
    /// kernel.write(one, b"hello")?;
    /// assert_eq!(net.take_turns(), [Turn::Woken(other, Interest::Read)]);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn follow_waits(&mut self, follow: bool) {
        self.follows = follow;
    }

    /// What became of waits since this was last asked, in order; to be asked before [`take_wakers`](Self::take_wakers).
    pub fn take_turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.out.turns)
    }

    /// From now on a try that comes more than `after` later than the wake of who waited is noted, for
    /// [`take_late`](Self::take_late).
    ///
    /// ```
    /// use std::task::Waker;
    /// use std::time::Duration;
    /// use reveille_reactor::net::Net;
    /// use reveille_reactor::{Instant, Interest, Kernel, Others};
    #[doc = include_str!("../../doc/plain.txt")]
    /// let (mut net, mut plain) = (Net::default(), Plain);
    /// let here = net.node("here");
    /// net.note_late(Duration::from_secs(1));
    /// let mut kernel = net.calls(Instant::ZERO, here, &mut plain);
    /// let (one, other) = kernel.pair()?;
    /// kernel.wait(other, Interest::Read, Others::Replace, Waker::noop().clone());
    /// kernel.write(one, b"hello")?; // wakes who waits
    ///
    /// let later = Instant::ZERO + Duration::from_secs(2);
    /// net.calls(later, here, &mut plain).read(other, &mut [0; 8], false)?;
    /// assert!(net.has_late());
    /// assert_eq!(net.take_late(), [(other, Interest::Read)]);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn note_late(&mut self, after: Duration) {
        self.late_after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
    }

    /// Whether [`take_late`](Self::take_late) has something to tell.
    #[inline]
    #[must_use]
    pub fn has_late(&self) -> bool {
        !self.late.is_empty()
    }

    /// The waits whose next tries came late, since this was last asked.
    pub fn take_late(&mut self) -> Vec<(SocketId, Interest)> {
        std::mem::take(&mut self.late)
    }

    /// The sockets that were waited for since this was last asked.
    pub fn take_waits(&mut self) -> Vec<(SocketId, Interest)> {
        std::mem::take(&mut self.waits)
    }
}

fn describe_local(local: &Local, end: u8, interest: Interest) -> String {
    let there = &local.ends[other(end) as usize];
    let mut text = match interest {
        Interest::Read => "bytes from ",
        Interest::Write => "room to write to ",
    }
    .to_owned();
    // That of the two ends which has a name.
    let named = local.ends.iter().map(LocalEnd::address).find(|address| *address != Address::Path(None));
    text += &named.map_or_else(|| "the other end of a pair".into(), |path| format!("the other end of {path}"));
    text += match there {
        LocalEnd { is_queued: true, .. } => ", which has not accepted it",
        LocalEnd { is_held: false, .. } => ", which has closed",
        _ => ", which is open",
    };
    if local.unread(other(end)) > 0 {
        // Writing to a string works.
        let _ = write!(text, " and has {} bytes unread", local.unread(other(end)));
    }
    text
}
