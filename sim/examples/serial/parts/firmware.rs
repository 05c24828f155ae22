//! The board in a `static`, on a real executor, with a thread that stands for the interrupts.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures::channel::oneshot;
use reveille_executor::LocalExecutor;

use super::board::Board;
use super::driver::{Port, ROOM};
use super::program::Mistake;

/// A transmitter that is never busy: it counts, and adds up what it sends.
pub(crate) struct Counter {
    sent: AtomicUsize,
    sum: AtomicUsize,
}

impl Counter {
    pub(crate) const fn new() -> Self {
        Self { sent: AtomicUsize::new(0), sum: AtomicUsize::new(0) }
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Acquire)
    }

    #[allow(dead_code, reason = "the tests look at it")]
    pub(crate) fn sum(&self) -> usize {
        self.sum.load(Ordering::Acquire)
    }
}

impl Port for Counter {
    fn transmit(&self, byte: u8) {
        self.sum.fetch_add(usize::from(byte), Ordering::Release);
        self.sent.fetch_add(1, Ordering::Release);
    }

    fn is_idle(&self) -> bool {
        true
    }
}

/// All of it: nothing is allocated for it, neither when it is made nor later.
static BOARD: Board<Counter> = Board::new(Counter::new(), Mistake::None);

/// Has another thread send so many bytes, and returns how many came back since. Not for two at once: there is one board.
pub(crate) fn echo_from_another_thread(bytes: usize) -> usize {
    let executor = LocalExecutor::new();
    drop(executor.spawn(poll_fn(|context| BOARD.poll_echo(context))));
    let (started, (done, is_done)) = (BOARD.port.sent(), oneshot::channel());
    #[expect(clippy::disallowed_methods, reason = "interrupts that come at any moment are the point")]
    let interrupts = thread::spawn(move || {
        for number in 0..bytes {
            // The other side waits while the ring is full.
            while started + number - BOARD.port.sent() >= ROOM {
                thread::yield_now();
            }
            BOARD.serial.on_received(number as u8);
        }
        while BOARD.port.sent() < started + bytes {
            thread::yield_now();
        }
        let _ = done.send(());
    });
    executor.block_on(is_done).expect("the thread says when it is done");
    interrupts.join().expect("it does not panic");
    assert_eq!(BOARD.serial.overruns(), 0);
    BOARD.port.sent() - started
}
