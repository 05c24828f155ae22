//! One direction of a connection: bytes in order, a window, and what is on its way.
//!
//! The bytes themselves lie in one ring from the moment they are written until they are read; what travels are counts. So
//! sending copies each byte once and allocates nothing once the ring has grown.

use std::collections::VecDeque;
use std::time::Duration;

use crate::Instant;

/// How many bytes may be written and not known to be read: the send buffer and the receive buffer together.
pub(super) const WINDOW: usize = 64 * 1024;

/// After how long what was lost is sent again for the first time, and how often it is in all: a quarter of an hour long, with the last wait.
pub(super) const AGAIN: Duration = Duration::from_millis(200);
pub(super) const TRIES_MAX: u32 = 15;

/// How long to wait after a number of tries, the first of which was followed by `first`.
pub(super) fn pause(first: Duration, tries: u32) -> Duration {
    const LONGEST: Duration = Duration::from_secs(120);
    (first * (1 << tries.min(TRIES_MAX))).min(LONGEST)
}

/// How long to wait for an answer to `item` at first, and how often it is repeated.
fn patience(item: Item) -> (Duration, u32) {
    match item {
        Item::Syn => (Duration::from_secs(1), 6),
        Item::SynAck => (Duration::from_secs(1), 5),
        _ => (AGAIN, TRIES_MAX),
    }
}

/// What travels on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A connection is asked for.
    Syn,
    /// It is granted.
    SynAck,
    /// The asking side knows.
    Ack,
    /// So many bytes.
    Data(u32),
    /// No more bytes will come.
    Fin,
    /// The connection is no more.
    Reset,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// When it arrives. Invariant: not before the segment ahead of it.
    pub(super) at: Instant,
    pub(super) sent: Instant,
    pub(super) item: Item,
}

/// Segments on their way, in order. Most lanes hardly ever have more than one, which takes no memory elsewhere.
#[derive(Debug, Default)]
struct Segments {
    head: Option<Segment>,
    /// Invariant: empty without a head.
    rest: VecDeque<Segment>,
}

impl Segments {
    fn last(&self) -> Option<&Segment> {
        self.rest.back().or(self.head.as_ref())
    }

    fn last_mut(&mut self) -> Option<&mut Segment> {
        self.rest.back_mut().or(self.head.as_mut())
    }

    fn push(&mut self, segment: Segment) {
        match self.head {
            None => self.head = Some(segment),
            Some(_) => self.rest.push_back(segment),
        }
    }

    fn pop(&mut self) -> Option<Segment> {
        let next = if self.rest.is_empty() { None } else { self.rest.pop_front() };
        std::mem::replace(&mut self.head, next)
    }

    fn retain(&mut self, keep: impl Fn(&Segment) -> bool) {
        self.rest.retain(&keep);
        if self.head.as_ref().is_some_and(|head| !keep(head)) {
            self.pop();
        }
    }
}

/// One direction. It belongs to the end that writes.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// What was written and has not been read.
    ring: VecDeque<u8>,
    /// How many bytes at the front of the ring have arrived.
    arrived: usize,
    /// How many bytes the writer does not know to be read. Invariant: at most [`WINDOW`].
    unacked: usize,
    /// How many bytes have been read of which the writer has not been told.
    uncredited: usize,
    queue: Segments,
    /// An event for the head of the queue is under way.
    pub(super) scheduled: bool,
    /// How often the head of the queue was sent in vain.
    attempts: u32,
}

impl Lane {
    pub(super) fn room(&self) -> usize {
        WINDOW - self.unacked
    }

    pub(super) fn arrived(&self) -> usize {
        self.arrived
    }

    /// How many bytes are on their way.
    pub(super) fn in_flight(&self) -> usize {
        self.ring.len() - self.arrived
    }

    pub(super) fn head(&self) -> Option<Segment> {
        self.queue.head
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.head.is_none()
    }

    /// Takes as many bytes as there is room for.
    pub(super) fn write(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.room());
        self.ring.extend(&bytes[..count]);
        self.unacked += count;
        count
    }

    /// Adds to the segment that was sent last, if that was at this very instant: it travels along.
    pub(super) fn join_last(&mut self, now: Instant, more: u32) -> bool {
        match self.queue.last_mut() {
            Some(Segment { sent, item: Item::Data(count), .. }) if *sent == now => {
                *count += more;
                true
            }
            _ => false,
        }
    }

    /// Sends `item`, to arrive after `delay`, but not before what was sent earlier.
    pub(super) fn push(&mut self, now: Instant, delay: Duration, item: Item) {
        let earliest = self.queue.last().map_or(Instant::ZERO, |last| last.at);
        let at = (now + delay).max(earliest);
        self.queue.push(Segment { at, sent: now, item });
    }

    /// The head of the queue has arrived.
    pub(super) fn pop(&mut self) {
        match self.queue.pop() {
            // It is sent again if the answer is lost.
            Some(Segment { item: Item::Syn, .. }) => return,
            Some(Segment { item: Item::Data(count), .. }) => self.arrived += count as usize,
            _ => {}
        }
        self.attempts = 0;
    }

    /// Who was asked for a connection has been heard.
    pub(super) fn was_answered(&mut self) {
        self.attempts = 0;
    }

    /// The head of the queue was lost, and will be there later if it is sent again. The times are Linux': they double.
    pub(super) fn try_again(&mut self, now: Instant) {
        let Some(head) = self.queue.head.as_mut() else { return };
        let (first, _) = patience(head.item);
        head.at = now + pause(first, self.attempts);
        self.attempts += 1;
    }

    /// Whether the head of the queue was sent in vain so often that it is not sent again. After the last try there was a wait, too: two minutes
    /// in all for a handshake (tcp(7), `tcp_syn_retries`), 924.6 s for data (ip-sysctl, `tcp_retries2`).
    pub(super) fn has_tried_enough(&self) -> bool {
        self.queue.head.is_some_and(|head| self.attempts > patience(head.item).1)
    }

    /// Whether the head of the queue was sent in vain before.
    pub(super) fn is_repeated(&self) -> bool {
        self.attempts > 0
    }

    /// That a connection was granted is known needs to be said no more; what was sent with it is repeated as before.
    pub(super) fn drop_ack(&mut self) {
        let Some(Segment { at, item: Item::Ack, .. }) = self.queue.head else { return };
        self.queue.pop();
        self.scheduled = false;
        match &mut self.queue.head {
            Some(head) => head.at = head.at.max(at),
            None => self.attempts = 0,
        }
    }

    /// Moves what has arrived into `buffer`, or copies it.
    pub(super) fn read(&mut self, buffer: &mut [u8], peek: bool) -> usize {
        let count = copy_front(&self.ring, buffer, self.arrived);
        if !peek {
            self.ring.drain(..count);
            self.arrived -= count;
            self.uncredited += count;
        }
        count
    }

    /// How many bytes the writer should be told of now: none while they are few, so that a window update is sent for
    /// many reads at once.
    pub(super) fn take_credit(&mut self) -> Option<u32> {
        const WORTH_TELLING: usize = WINDOW / 4;
        (self.uncredited >= WORTH_TELLING).then(|| std::mem::take(&mut self.uncredited) as u32)
    }

    /// The writer could not be told: the next time it is told of these as well.
    pub(super) fn take_credit_back(&mut self, bytes: u32) {
        self.uncredited += bytes as usize;
    }

    pub(super) fn credit(&mut self, bytes: u32) {
        self.unacked = self.unacked.saturating_sub(bytes as usize);
    }

    /// Forgets what has not arrived and all that is on its way, but for a reset: that is what the other side learns of it.
    pub(super) fn cut_off(&mut self) {
        // Its event is that of what was the head, which may have been due much later.
        self.scheduled = false;
        self.attempts = 0;
        self.ring.truncate(self.arrived);
        self.queue.retain(|segment| segment.item == Item::Reset);
    }

    /// Whose it is leaves with a reset. What was sent is on its way, and arrives before that; what was lost is sent no more.
    pub(super) fn leave(&mut self) {
        if self.is_repeated() {
            self.cut_off();
        }
    }

    /// Forgets the head of the queue.
    pub(super) fn give_up(&mut self) {
        self.queue.pop();
    }

    /// Forgets what has arrived and was not read.
    pub(super) fn discard_arrived(&mut self) {
        self.ring.drain(..self.arrived);
        self.arrived = 0;
    }
}

/// Copies the front of `ring` into `buffer`, `most` bytes at the longest. Returns how many.
pub(super) fn copy_front(ring: &VecDeque<u8>, buffer: &mut [u8], most: usize) -> usize {
    let count = buffer.len().min(most);
    let (front, back) = ring.as_slices();
    let split = count.min(front.len());
    buffer[..split].copy_from_slice(&front[..split]);
    buffer[split..count].copy_from_slice(&back[..count - split]);
    count
}
