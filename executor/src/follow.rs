//! A waker of which every clone has an identity of its own, and is followed by somebody.

use std::task::{RawWaker, RawWakerVTable, Waker};

/// Is told what becomes of one waker, and appoints who is told of its clones.
///
/// ```
/// use std::task::Waker;
/// use reveille_executor::{Follow, followed_waker};
///
/// struct Print(u32);
/// impl Follow for Print {
///     fn cloned(&self) -> Box<dyn Follow> {
///         println!("{} was cloned", self.0);
///         Box::new(Print(self.0 + 1))
///     }
///     fn woken(&self) {
///         println!("{} was woken", self.0);
///     }
///     fn dropped(&self) {
///         println!("{} was dropped", self.0);
///     }
/// }
///
/// let waker = followed_waker(Waker::noop().clone(), Box::new(Print(0)));
/// let clone = waker.clone();
/// assert!(!waker.will_wake(&clone));
/// clone.wake();
/// ```
pub trait Follow: Send + Sync {
    /// The waker was cloned; the result follows the clone.
    fn cloned(&self) -> Box<dyn Follow>;

    /// The waker was woken, by value or by reference. By value it is dropped next.
    fn woken(&self);

    /// The waker was dropped.
    fn dropped(&self);
}

/// A waker that wakes `inner`, and reports to `follow`.
///
/// Leaves that compare wakers ([`Waker::will_wake`]) take it, and each of its clones, for a stranger. So a leaf
/// registers anew whenever it is polled with it, also if it holds another clone already: which is what one wants in
/// order to see *where* a task waits.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::task::Waker;
/// use reveille_executor::{Follow, followed_waker};
///
/// /// Counts the wakes of a waker and of all its clones.
/// struct Wakes(Arc<AtomicU32>);
/// impl Follow for Wakes {
///     fn cloned(&self) -> Box<dyn Follow> {
///         Box::new(Self(Arc::clone(&self.0)))
///     }
///     fn woken(&self) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
///     fn dropped(&self) {}
/// }
///
/// let count = Arc::new(AtomicU32::new(0));
/// let waker = followed_waker(Waker::noop().clone(), Box::new(Wakes(Arc::clone(&count))));
/// waker.clone().wake();
/// waker.wake_by_ref();
/// assert_eq!(count.load(Ordering::Relaxed), 2);
/// ```
#[must_use]
pub fn followed_waker(inner: Waker, follow: Box<dyn Follow>) -> Waker {
    // SAFETY: the functions of `FOLLOWED` keep the contract of wakers: every waker has a box of its own.
    unsafe { Waker::from_raw(raw(inner, follow)) }
}

/// What one waker points to. Shared with no other, so it needs no count; `inner` and `follow` may go to any thread.
struct Followed {
    inner: Waker,
    follow: Box<dyn Follow>,
}

static FOLLOWED: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

fn raw(inner: Waker, follow: Box<dyn Follow>) -> RawWaker {
    let data = Box::into_raw(Box::new(Followed { inner, follow }));
    RawWaker::new(data.cast_const().cast(), &FOLLOWED)
}

/// # Safety
/// `data` is that of a followed waker that stays alive while the result is used.
unsafe fn followed<'a>(data: *const ()) -> &'a Followed {
    // SAFETY: the caller's promise.
    unsafe { &*data.cast() }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: called on a waker that is alive.
    let waker = unsafe { followed(data) };
    raw(waker.inner.clone(), waker.follow.cloned())
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker that we were called on. It is let go even if `inner` or `follow` panics.
    unsafe { Waker::from_raw(RawWaker::new(data, &FOLLOWED)) }.wake_by_ref();
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: called on a waker that is alive.
    let waker = unsafe { followed(data) };
    waker.inner.wake_by_ref();
    waker.follow.woken();
}

unsafe fn release(data: *const ()) {
    // SAFETY: the pointer came from a box that belongs to this waker alone, which is given up.
    let waker = unsafe { Box::from_raw(data.cast_mut().cast::<Followed>()) };
    let Followed { inner, follow } = *waker;
    drop(inner);
    follow.dropped();
}
