//! What workers without work wait in, if there is more to wait for than pushes: timers, a poller of the system's.
//!
//! *Who has it.* One worker at a time: who goes to sleep and finds it free. The others sleep beside it. As long as one sleeps,
//! somebody is in the driver, or is awake and on the way to see to that: who stops searching as the last one, since it has found
//! something to run, and who has looked in while busy, find the driver free then and wake a sleeper, who takes it over. The
//! fences are those of the rules of `idle`: who falls asleep beside a worker that is just looking in is seen by that one, or
//! has seen the driver free.
//!
//! *How its wait ends.* A push that is to wake the one in the driver leaves its token first, as for any sleeper, and then, if
//! the worker says that it is in the driver, signals that; the worker says so first and then looks for a token. Both change the
//! worker's word by a read-modify-write: so the second of them has acquired what the first did before, and either the worker
//! sees the token or it is seen inside. Who signals takes the word back, so that there is at most one signal for each sleep. A
//! registration of which the driver has to know is to it what the token is to the worker: it looks after the worker has said
//! that it is inside.

use std::sync::Arc as StdArc;

use crate::park::Parker;
use crate::sync::{AtomicBool, Count, Ordering};

/// Something to wait in, for a [`Pool`](crate::Pool::with_driver) or a [`LocalExecutor`](crate::LocalExecutor::with_driver).
///
/// No method may panic, and none is called with a lock of the pool's held: wakers may be woken in all of them. `poll` and
/// `park` are called by one worker at a time, `unpark` on any thread.
///
/// ```
/// use std::sync::{Arc, Condvar, Mutex};
/// use reveille_executor::{Driver, Pool, yield_now};
///
/// /// Waits for nothing but to be called.
/// #[derive(Default)]
/// struct Bell(Mutex<bool>, Condvar);
///
/// impl Driver for Bell {
///     fn poll(&self) {}
///
///     fn park(&self) {
///         let rung = self.1.wait_while(self.0.lock().unwrap(), |rung| !*rung);
///         *rung.unwrap() = false;
///     }
///
///     fn unpark(&self) {
///         *self.0.lock().unwrap() = true;
///         self.1.notify_one();
///     }
/// }
///
/// let pool = Pool::with_driver(1, Arc::new(Bell::default()))?;
/// let task = pool.spawn(yield_now());
/// pool.block_on(task).unwrap();
/// # Ok::<_, reveille_executor::PoolError>(())
/// ```
pub trait Driver: Send + Sync + 'static {
    /// Wakes whom something has happened for, without waiting. Called every 61st step of a busy worker.
    fn poll(&self);

    /// Waits until something has happened or [`unpark`](Self::unpark) was called, since the last return from here; wakes
    /// whom it has happened for. May return for no reason. Whoever registers something that is due earlier than all else
    /// sees to it that this ends, by [`PoolHandle::interrupt_driver`](crate::PoolHandle::interrupt_driver).
    fn park(&self);

    /// Ends the current `park`, or the next.
    fn unpark(&self);
}

/// A driver and who has it.
pub(super) struct Driving {
    driver: StdArc<dyn Driver>,
    /// Whether a worker has it.
    taken: AtomicBool,
    signals: Count,
}

/// Whether a worker is in the driver.
pub(super) struct Inside(AtomicBool);

impl Inside {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }
}

impl Driving {
    pub(super) fn new(driver: StdArc<dyn Driver>) -> Self {
        Self { driver, taken: AtomicBool::new(false), signals: Count::new() }
    }

    /// Takes the driver, if it is free.
    pub(super) fn try_take(&self) -> bool {
        !self.taken.swap(true, Ordering::AcqRel)
    }

    /// Whether no worker has it.
    pub(super) fn is_free(&self) -> bool {
        !self.taken.load(Ordering::Acquire)
    }

    fn release(&self) {
        self.taken.swap(false, Ordering::AcqRel);
    }

    /// A busy worker looks in, unless somebody is inside.
    #[cold]
    pub(super) fn poll(&self) {
        if self.try_take() {
            self.driver.poll();
            self.release();
        }
    }

    /// Sleeps in the driver, which the caller has taken; gives it back.
    pub(super) fn sleep(&self, inside: &Inside, parker: &Parker) {
        inside.0.swap(true, Ordering::AcqRel);
        if !parker.has_token() {
            self.driver.park();
        }
        inside.0.swap(false, Ordering::AcqRel);
        self.release();
    }

    /// Ends the sleep of a worker that was left a token, if it is in the driver.
    pub(super) fn signal(&self, inside: &Inside) {
        if inside.0.swap(false, Ordering::AcqRel) {
            self.signals.add();
            self.driver.unpark();
        }
    }

    /// How often a sleep in the driver was ended by a signal.
    pub(super) fn signals(&self) -> u64 {
        self.signals.get()
    }
}
