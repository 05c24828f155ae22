//! The driver: what the interrupt handlers do, and what a task waits for.
//!
//! A task that finds nothing to do leaves its waker, and looks once more: what came after the first look and before there was a
//! waker has woken nobody.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll};

use futures::task::AtomicWaker;

use super::program::Mistake;
use super::ring::Ring;

/// So many bytes wait for the task at most.
pub(crate) const ROOM: usize = 4;

/// What the driver asks of the hardware.
pub(crate) trait Port {
    /// Begins to send a byte.
    fn transmit(&self, byte: u8);

    /// Whether that byte is gone.
    fn is_idle(&self) -> bool;

    /// Here an interrupt makes a difference. A processor may be interrupted anywhere and needs nothing to be said; a simulated one is here.
    fn interruptible(&self, _serial: &Serial) {}
}

/// A serial line.
pub(crate) struct Serial {
    received: Ring<ROOM>,
    /// Woken when a byte was received,
    readable: AtomicWaker,
    /// and when one has been sent.
    idle: AtomicWaker,
    /// Bytes that came when the ring was full.
    overruns: AtomicUsize,
    mistake: Mistake,
}

impl Serial {
    /// A line on which nothing has come, for static storage.
    pub(crate) const fn new(mistake: Mistake) -> Self {
        Self {
            received: Ring::new(),
            readable: AtomicWaker::new(),
            idle: AtomicWaker::new(),
            overruns: AtomicUsize::new(0),
            mistake,
        }
    }

    /// The handler of the interrupt that says: a byte has come.
    pub(crate) fn on_received(&self, byte: u8) {
        if self.mistake == Mistake::Overwrites {
            self.received.put_over(byte);
        } else if self.received.put(byte).is_err() {
            self.overruns.fetch_add(1, Ordering::Relaxed);
        }
        self.readable.wake();
    }

    /// The handler of the interrupt that says: the byte has been sent.
    pub(crate) fn on_transmitted(&self) {
        self.idle.wake();
    }

    /// The next byte that was received.
    pub(crate) fn poll_read(&self, port: &impl Port, context: &mut Context<'_>) -> Poll<u8> {
        if let Some(byte) = self.received.take() {
            return Poll::Ready(byte);
        }
        port.interruptible(self);
        self.readable.register(context.waker());
        port.interruptible(self);
        // The mistake is to be content with the first look.
        let again = if self.mistake == Mistake::ChecksThenRegisters { None } else { self.received.take() };
        again.map_or(Poll::Pending, Poll::Ready)
    }

    /// Waits until what was transmitted is gone.
    pub(crate) fn poll_idle(&self, port: &impl Port, context: &mut Context<'_>) -> Poll<()> {
        if port.is_idle() {
            return Poll::Ready(());
        }
        port.interruptible(self);
        self.idle.register(context.waker());
        port.interruptible(self);
        if port.is_idle() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// How many bytes were lost since nobody took those before them.
    pub(crate) fn overruns(&self) -> usize {
        self.overruns.load(Ordering::Relaxed)
    }
}
