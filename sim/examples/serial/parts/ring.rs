//! A ring of bytes between an interrupt handler, which puts them in, and a task, which takes them out.
//!
//! One of each: so two counters are enough, each written by one side only. They run on for ever, and a place is a counter modulo `N`.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

pub(crate) struct Ring<const N: usize> {
    bytes: [AtomicU8; N],
    /// How many bytes were put in. Written by the handler.
    put: AtomicUsize,
    /// How many were taken out. Written by the task.
    taken: AtomicUsize,
}

/// There was no room: the byte was not put in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl<const N: usize> Ring<N> {
    /// An empty ring, for static storage.
    pub(crate) const fn new() -> Self {
        const { assert!(N.is_power_of_two(), "the counters wrap around at a multiple of N") };
        Self { bytes: [const { AtomicU8::new(0) }; N], put: AtomicUsize::new(0), taken: AtomicUsize::new(0) }
    }

    /// Puts a byte in, if there is room.
    pub(crate) fn put(&self, byte: u8) -> Result<(), Full> {
        let put = self.put.load(Ordering::Relaxed);
        if put.wrapping_sub(self.taken.load(Ordering::Acquire)) == N {
            return Err(Full);
        }
        self.bytes[put % N].store(byte, Ordering::Relaxed);
        self.put.store(put.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    /// The mistake: the place after the last one is the first one again, whether or not it has been emptied.
    pub(crate) fn put_over(&self, byte: u8) {
        let put = self.put.load(Ordering::Relaxed);
        self.bytes[put % N].store(byte, Ordering::Relaxed);
        self.put.store(put.wrapping_add(1), Ordering::Release);
    }

    /// Takes the oldest byte out.
    pub(crate) fn take(&self) -> Option<u8> {
        let taken = self.taken.load(Ordering::Relaxed);
        if taken == self.put.load(Ordering::Acquire) {
            return None;
        }
        let byte = self.bytes[taken % N].load(Ordering::Relaxed);
        self.taken.store(taken.wrapping_add(1), Ordering::Release);
        Some(byte)
    }
}
