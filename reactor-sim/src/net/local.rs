//! Unix sockets: streams within a node, of which every byte is there at once.
//!
//! So there are no packets and no events, and what one end does the other sees in the same instant. Where a rule is not
//! obvious it is Linux', found out by running the same script on both (`tests/parity`).

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::path::Path;
use std::sync::Arc;

use super::connection::other;
use super::lane::WINDOW;
use super::listener::{Bound, not_a_socket};
use super::paths::Paths;
use super::waiters::{Out, Waiters};
use super::{Net, NodeId, Socket};
use crate::address::Address;
use crate::kernel::{Interest, SocketId};
use crate::slab::Key;

/// A connection. End 0 asked for it, or is the first of a pair.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) ends: [LocalEnd; 2],
    /// What was written and has not been read. Ring `i` leads away from end `i`. Invariant: at most [`WINDOW`] bytes.
    rings: [VecDeque<u8>; 2],
}

/// One end.
#[derive(Debug, Default)]
pub(super) struct LocalEnd {
    pub(super) node: NodeId,
    path: Option<Arc<Path>>,
    /// A program has it, or a listener keeps it for one.
    pub(super) is_held: bool,
    /// A listener keeps it.
    pub(super) is_queued: bool,
    /// Reported once.
    error: Option<ErrorKind>,
    /// Nothing more will come.
    read_shut: bool,
    /// Nothing more is taken.
    write_shut: bool,
    pub(super) reader: Waiters,
    pub(super) writer: Waiters,
}

/// A writer that waits is woken once so much, or less, is unread: Linux' rule, which saves it from being woken for each byte.
const WRITABLE: usize = WINDOW / 4;

impl LocalEnd {
    fn new(node: NodeId, path: Option<Arc<Path>>) -> Self {
        Self { node, path, is_held: true, ..Self::default() }
    }

    pub(super) fn address(&self) -> Address {
        Address::Path(self.path.clone())
    }

    fn report(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn wake_both(&mut self, out: &mut Out) {
        self.reader.wake(out);
        self.writer.wake(out);
    }
}

impl Local {
    fn new(ends: [LocalEnd; 2]) -> Self {
        Self { ends, rings: Default::default() }
    }

    pub(super) fn end(&mut self, end: u8) -> &mut LocalEnd {
        &mut self.ends[end as usize]
    }

    /// How many bytes wait to be read by `end`.
    pub(super) fn unread(&self, end: u8) -> usize {
        self.rings[other(end) as usize].len()
    }

    pub(super) fn is_readable(&self, end: u8) -> bool {
        let this = &self.ends[end as usize];
        self.unread(end) > 0 || this.read_shut || this.error.is_some()
    }

    pub(super) fn is_writable(&self, end: u8) -> bool {
        let this = &self.ends[end as usize];
        self.unread(other(end)) < WINDOW || this.write_shut || this.error.is_some()
    }

    fn take(&mut self, end: u8, buffer: &mut [u8], peek: bool, out: &mut Out) -> usize {
        let ring = &mut self.rings[other(end) as usize];
        let count = super::lane::copy_front(ring, buffer, ring.len());
        if !peek {
            ring.drain(..count);
            if ring.len() <= WRITABLE {
                self.end(other(end)).writer.wake(out);
            }
        }
        count
    }

    /// Ends the given directions, as `end` sees them; the other end is told.
    fn shut(&mut self, end: u8, reading: bool, writing: bool, out: &mut Out) {
        let (this, peer) = if end == 0 { (0, 1) } else { (1, 0) };
        self.ends[this].read_shut |= reading;
        self.ends[this].write_shut |= writing;
        self.ends[peer].write_shut |= reading;
        self.ends[peer].read_shut |= writing;
        self.ends.iter_mut().for_each(|end| end.wake_both(out));
    }
}

/// The calls of a program.
impl Net {
    pub(super) fn connect_local(&mut self, node: NodeId, path: &Path, paths: &mut dyn Paths) -> io::Result<SocketId> {
        let inode = paths.find_socket(path)?;
        let refused = || io::Error::from(ErrorKind::ConnectionRefused);
        let socket = self.bound.get(&(node, inode)).ok_or_else(refused)?;
        let Some(Socket::Listener(listener)) = self.sockets.get_mut(socket.0) else { return Err(refused()) };
        if listener.is_full() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let Bound::Path(path, _) = &listener.bound else { return Err(refused()) };
        let server = LocalEnd { is_queued: true, ..LocalEnd::new(node, Some(Arc::clone(path))) };
        let key = self.locals.insert(Local::new([LocalEnd::new(node, None), server]));
        listener.queue.push_back(key);
        listener.waiters.wake(&mut self.out);
        Ok(SocketId(self.sockets.insert(Socket::Local { connection: key, end: 0 })))
    }

    pub(super) fn pair(&mut self, node: NodeId) -> (SocketId, SocketId) {
        let key = self.locals.insert(Local::new([LocalEnd::new(node, None), LocalEnd::new(node, None)]));
        let mut socket = |end| SocketId(self.sockets.insert(Socket::Local { connection: key, end }));
        (socket(0), socket(1))
    }

    /// Gives a program the end that a listener has kept for it.
    pub(super) fn accept_local(&mut self, key: Key) -> SocketId {
        if let Some(local) = self.locals.get_mut(key) {
            local.end(1).is_queued = false;
        }
        SocketId(self.sockets.insert(Socket::Local { connection: key, end: 1 }))
    }

    pub(super) fn local(&mut self, key: Key) -> io::Result<&mut Local> {
        self.locals.get_mut(key).ok_or_else(not_a_socket)
    }

    /// What is there comes first; then an error, once; then the end of the stream.
    pub(super) fn read_local(
        &mut self,
        socket: SocketId,
        (key, end): (Key, u8),
        buffer: &mut [u8],
        peek: bool,
    ) -> io::Result<usize> {
        let local = self.locals.get_mut(key).ok_or_else(not_a_socket)?;
        if local.end(end).reader.tries_late(self.out.now, self.late_after) {
            self.late.push((socket, Interest::Read));
        }
        if local.unread(end) > 0 {
            return Ok(local.take(end, buffer, peek, &mut self.out));
        }
        let this = local.end(end);
        this.report()?;
        if this.read_shut { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) }
    }

    pub(super) fn write_local(&mut self, socket: SocketId, (key, end): (Key, u8), bytes: &[u8]) -> io::Result<usize> {
        let local = self.locals.get_mut(key).ok_or_else(not_a_socket)?;
        if local.end(end).writer.tries_late(self.out.now, self.late_after) {
            self.late.push((socket, Interest::Write));
        }
        if local.end(end).write_shut {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let count = bytes.len().min(WINDOW - local.unread(other(end)));
        if count == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        local.rings[end as usize].extend(&bytes[..count]);
        if count > 0 {
            local.end(other(end)).reader.wake(&mut self.out);
        }
        Ok(count)
    }

    pub(super) fn shut_down_local(&mut self, key: Key, end: u8, how: Shutdown) -> io::Result<()> {
        let local = self.locals.get_mut(key).ok_or_else(not_a_socket)?;
        local.shut(end, how != Shutdown::Write, how != Shutdown::Read, &mut self.out);
        Ok(())
    }

    pub(super) fn take_local_error(&mut self, key: Key, end: u8) -> io::Result<Option<io::Error>> {
        Ok(self.local(key)?.end(end).error.take().map(Into::into))
    }

    /// One end is gone. The other is told that it is a reset if bytes were left unread, or it was never accepted.
    pub(super) fn leave_local(&mut self, key: Key, end: u8) {
        let Some(local) = self.locals.get_mut(key) else { return };
        let is_reset = local.unread(end) > 0 || local.end(end).is_queued;
        local.rings[other(end) as usize].clear();
        (local.end(end).is_held, local.end(end).is_queued) = (false, false);
        if is_reset {
            local.end(other(end)).error = Some(ErrorKind::ConnectionReset);
        }
        local.shut(end, true, true, &mut self.out);
        if local.ends.iter().all(|end| !end.is_held) {
            self.locals.remove(key);
        }
    }
}
