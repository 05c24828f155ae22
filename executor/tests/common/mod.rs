//! What the tests share.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
