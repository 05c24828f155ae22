//! A connection: two ends, and a lane in each direction.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use super::NodeId;
use super::lane::Lane;
use super::waiters::{Out, Waiters};
use crate::kernel::SocketId;

/// Where one end of a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has asked and was not answered.
    Connecting,
    /// It was asked for and has granted; the listener counts it.
    Embryo(SocketId),
    /// Bytes flow.
    Open,
    /// It was reset, refused, has timed out, or never was.
    Dead,
}

/// One end.
#[derive(Debug)]
pub(super) struct End {
    pub(super) node: NodeId,
    pub(super) address: SocketAddr,
    /// The program's name for it; `None` before it is accepted and after it was closed.
    pub(super) socket: Option<SocketId>,
    pub(super) phase: Phase,
    /// It waits to be accepted, alive or not.
    pub(super) queued: bool,
    /// Reported once.
    pub(super) error: Option<ErrorKind>,
    /// The other end has sent its last byte, and this one has received it.
    pub(super) fin_received: bool,
    pub(super) read_shut: bool,
    pub(super) write_shut: bool,
    pub(super) nodelay: bool,
    pub(super) reset_on_close: bool,
    pub(super) reader: Waiters,
    pub(super) writer: Waiters,
}

impl End {
    pub(super) fn new(node: NodeId, address: SocketAddr, phase: Phase) -> Self {
        Self {
            node,
            address,
            socket: None,
            phase,
            queued: false,
            error: None,
            fin_received: false,
            read_shut: false,
            write_shut: false,
            nodelay: false,
            reset_on_close: false,
            reader: Waiters::default(),
            writer: Waiters::default(),
        }
    }

    /// Reports the pending error, once.
    pub(super) fn report(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), |kind| Err(kind.into()))
    }

    /// Whether no program has it, nor ever will.
    pub(super) fn is_abandoned(&self) -> bool {
        self.socket.is_none() && !self.queued && matches!(self.phase, Phase::Open | Phase::Dead)
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Dead
    }

    /// Whether what arrives for it is answered by a reset.
    pub(super) fn is_left(&self) -> bool {
        self.is_over() || self.is_abandoned()
    }
}

/// A connection. End 0 asked for it. Lane `i` leads away from end `i`.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) ends: [End; 2],
    pub(super) lanes: [Lane; 2],
}

/// The other end.
pub(super) const fn other(end: u8) -> u8 {
    1 - end
}

impl Connection {
    pub(super) fn end(&mut self, end: u8) -> &mut End {
        &mut self.ends[end as usize]
    }

    /// From which node to which `end` sends.
    pub(super) fn way(&self, end: u8) -> (NodeId, NodeId) {
        (self.ends[end as usize].node, self.ends[other(end) as usize].node)
    }

    /// The lane that `end` writes to.
    pub(super) fn out(&mut self, end: u8) -> &mut Lane {
        &mut self.lanes[end as usize]
    }

    /// The lane that `end` reads from.
    pub(super) fn into(&mut self, end: u8) -> &mut Lane {
        &mut self.lanes[other(end) as usize]
    }

    /// The last byte from end `from` has arrived. With that of the other direction the connection is over, and no error.
    pub(super) fn ended(&mut self, from: u8, out: &mut Out) {
        let end = self.end(other(from));
        if end.is_over() {
            return;
        }
        end.fin_received = true;
        end.reader.wake(out);
        if self.ends.iter().all(|end| end.fin_received) {
            self.ends.iter_mut().for_each(|end| end.phase = Phase::Dead);
        }
    }

    pub(super) fn is_readable(&self, end: u8) -> bool {
        let this = &self.ends[end as usize];
        let waits = this.phase == Phase::Connecting && this.error.is_none();
        !waits
            && (self.lanes[other(end) as usize].arrived() > 0
                || this.fin_received
                || this.read_shut
                || this.error.is_some()
                || this.is_over())
    }

    pub(super) fn is_writable(&self, end: u8) -> bool {
        let this = &self.ends[end as usize];
        let waits = this.phase == Phase::Connecting && this.error.is_none();
        !waits && (self.lanes[end as usize].room() > 0 || this.write_shut || this.error.is_some() || this.is_over())
    }

    /// Whether nobody can learn anything of it any more.
    pub(super) fn is_forgotten(&self) -> bool {
        self.ends.iter().all(End::is_abandoned) && self.lanes.iter().all(Lane::is_idle)
    }
}
