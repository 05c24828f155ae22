//! What the tests share.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Poll, Wake, Waker};

use reveille_executor::{Choose, LocalExecutor, Point, Ran};

/// First in, first out.
pub(crate) struct Fifo;

impl Choose for Fifo {
    fn choose(&mut self, _: Point<'_>) -> u32 {
        0
    }
}

/// Runs what can run, without sleeping.
pub(crate) fn run_ready(executor: &LocalExecutor) -> Vec<Ran> {
    std::iter::from_fn(|| executor.pick(&mut Fifo)).map(reveille_executor::Runnable::run).collect()
}

/// A counter that is passed around on one thread.
#[derive(Clone, Default)]
pub(crate) struct Counter(Rc<Cell<usize>>);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.get()
    }

    /// Counts when it is dropped.
    pub(crate) fn on_drop(&self) -> OnDrop<impl FnMut() + use<>> {
        let counter = self.clone();
        OnDrop(move || counter.add())
    }
}

/// Calls a function when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Panics with `message`, without a word on the terminal.
pub(crate) fn panic_quietly(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}

/// Where a task leaves its waker for others.
#[derive(Clone, Default)]
pub(crate) struct WakerSlot(Rc<RefCell<Option<Waker>>>);

impl WakerSlot {
    pub(crate) fn take(&self) -> Waker {
        self.0.take().expect("the task has left its waker")
    }

    /// Leaves the waker at the first poll, and is done at the second.
    pub(crate) fn wait(&self) -> impl Future<Output = ()> + use<> {
        let slot = self.clone();
        let mut is_first = true;
        poll_fn(move |cx| {
            if std::mem::take(&mut is_first) {
                slot.0.replace(Some(cx.waker().clone()));
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
    }
}

/// A waker that counts its wakes.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A future that sends its waker away in each poll, until it has been polled `polls` times.
pub(crate) fn until_polled(polls: usize, wakers: mpsc::Sender<Waker>) -> impl Future<Output = ()> {
    let mut left = polls;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        wakers.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
}

/// Marsaglia's xorshift: enough to pick who moves.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed + 1))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % bound
    }
}
