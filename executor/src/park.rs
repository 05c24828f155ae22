//! Putting a thread to sleep until there is something to do.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

use crate::budget;
use crate::pool::Driver;
use crate::sync::{Arc, AtomicBool, AtomicUsize, Condvar, Mutex, Ordering, ThreadToken, UnsafeCell};

/// Nobody sleeps, and there is no token.
const EMPTY: usize = 0;
/// Somebody sleeps, or is about to.
const PARKED: usize = 1;
/// A token lies ready.
const NOTIFIED: usize = 2;

/// A place where one thread sleeps until another leaves a token. Tokens do not add up.
///
/// Who has something to do done makes it visible first and leaves the token second; the sleeper takes the token first
/// and looks second. So nothing is overlooked: the two meet in the order of `state`.
pub(crate) struct Parker {
    state: AtomicUsize,
    /// Held from the decision to sleep to the sleep, so that a notification cannot fall in between.
    lock: Mutex<()>,
    unparked: Condvar,
    /// Where the thread sleeps, if there is more to wait for than tokens.
    driver: Option<StdArc<dyn Driver>>,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self::within(None)
    }

    /// A place in `driver`, if there is one.
    pub(crate) fn within(driver: Option<StdArc<dyn Driver>>) -> Self {
        Self { state: AtomicUsize::new(EMPTY), lock: Mutex::new(()), unparked: Condvar::new(), driver }
    }

    pub(crate) fn driver(&self) -> Option<&StdArc<dyn Driver>> {
        self.driver.as_ref()
    }

    /// Sleeps until there is a token, and takes it; in a driver, until anything happens.
    pub(crate) fn park(&self) {
        if self.take_token() {
            return;
        }
        if let Some(driver) = &self.driver {
            return self.park_in(&**driver);
        }
        let mut guard = self.lock.lock();
        if self.state.compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // The token came just now: only `unpark` changes the word while we hold the lock, and only to this.
            self.state.swap(EMPTY, Ordering::AcqRel);
            return;
        }
        loop {
            guard = self.unparked.wait(guard);
            if self.take_token() {
                return;
            }
        }
    }

    /// Who leaves a token from now on finds somebody there, and signals; who did before is seen by the exchange.
    fn park_in(&self, driver: &dyn Driver) {
        if self.state.compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            driver.park();
        }
        self.state.swap(EMPTY, Ordering::AcqRel);
    }

    /// Leaves a token, and ends the sleep of whoever waits for one.
    pub(crate) fn unpark(&self) {
        if self.state.swap(NOTIFIED, Ordering::AcqRel) == PARKED {
            if let Some(driver) = &self.driver {
                return driver.unpark();
            }
            // The sleeper holds the lock until it sleeps: after this it does.
            drop(self.lock.lock());
            self.unparked.notify_one();
        }
    }

    /// Whether a token lies ready. If so, what its giver did before is seen.
    pub(crate) fn has_token(&self) -> bool {
        self.state.load(Ordering::Acquire) == NOTIFIED
    }

    fn take_token(&self) -> bool {
        self.state.compare_exchange(NOTIFIED, EMPTY, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// What the waker of a future that is no task says: poll it again, and wake up if you sleep.
pub(crate) struct Root {
    /// The thread that polls the future.
    owner: ThreadToken,
    /// Whether it was woken on that thread. Invariant: used there only.
    woken_here: UnsafeCell<bool>,
    /// Whether it was woken on another.
    woken_elsewhere: AtomicBool,
    parker: Arc<Parker>,
}

// SAFETY: `woken_here` is used on the owner thread only; all else is `Sync`.
unsafe impl Sync for Root {}

impl Root {
    /// A root that wants its first poll, on this thread.
    pub(crate) fn new(parker: Arc<Parker>) -> StdArc<Self> {
        StdArc::new(Self {
            owner: ThreadToken::current(),
            woken_here: UnsafeCell::new(true),
            woken_elsewhere: AtomicBool::new(false),
            parker,
        })
    }

    /// Whether it was woken since the last time this was asked. To be asked before every sleep.
    ///
    /// # Safety
    /// This is the thread on which the root was made.
    pub(crate) unsafe fn take_woken(&self) -> bool {
        // SAFETY: the caller's promise: this is the owner thread.
        let here = self.woken_here.with_mut(|woken| unsafe { std::mem::take(&mut *woken) });
        // The look may be too early, but not after the token that `unpark` left has been taken.
        let elsewhere =
            self.woken_elsewhere.load(Ordering::Relaxed) && self.woken_elsewhere.swap(false, Ordering::AcqRel);
        here || elsewhere
    }
}

impl Wake for Root {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        if ThreadToken::current() == self.owner {
            // That thread is awake, as it does this; it looks before it sleeps.
            // SAFETY: this is the owner thread.
            self.woken_here.with_mut(|woken| unsafe { *woken = true });
        } else {
            // A read-modify-write although the old value is of no use: a plain store would hide an earlier waker's
            // release from the poll that answers both.
            self.woken_elsewhere.swap(true, Ordering::AcqRel);
            self.parker.unpark();
        }
    }
}

/// Runs `future` on the calling thread, which sleeps while the future waits.
///
/// No executor takes part: tasks of one are not run meanwhile, and [`spawn`](crate::spawn) is not served. See
/// [`LocalExecutor::block_on`](crate::LocalExecutor::block_on) for the one that does.
///
/// ```
/// use reveille_executor::{block_on, yield_now};
///
/// let answer = block_on(async {
///     yield_now().await;
///     42
/// });
/// assert_eq!(answer, 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let _lifted = budget::lift();
    let parker = Arc::new(Parker::new());
    let root = Root::new(Arc::clone(&parker));
    let waker = Waker::from(StdArc::clone(&root));
    let mut future = pin!(future);
    loop {
        // SAFETY: the root was made above.
        if unsafe { root.take_woken() } {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
        } else {
            parker.park();
        }
    }
}
