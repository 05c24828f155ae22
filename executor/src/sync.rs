//! The one place that names atomics, cells, locks and threads.
//!
//! Under `cfg(all(loom, feature = "loom-models"))` these are loom's, so that the models run the very code that ships;
//! otherwise they are the standard library's. The cfg alone is not enough: whoever runs loom on a crate of their own
//! passes `--cfg loom` too, and gets the ordinary executor.
//!
//! Known gaps of loom, where they bite: it treats `SeqCst` as `AcqRel` and does not model `std::sync::Arc`. Nothing
//! here relies on `SeqCst`, and what models must see counted is held by [`Arc`] of this module.

use std::sync::PoisonError;
use std::sync::atomic::Ordering as StdOrdering;

#[cfg(not(all(loom, feature = "loom-models")))]
pub(crate) use self::plain::*;

#[cfg(all(loom, feature = "loom-models"))]
pub(crate) use self::modelled::*;

/// Tells threads apart. Invariant: never reused, not even after the thread has ended, and never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThreadToken(u64);

impl ThreadToken {
    /// The token of the calling thread.
    #[inline]
    pub(crate) fn current() -> Self {
        TOKEN.with(|token| {
            if token.get() == 0 {
                token.set(next_token());
            }
            Self(token.get())
        })
    }
}

#[cold]
fn next_token() -> u64 {
    // The standard library's under loom too: it only makes numbers different, and orders nothing.
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, StdOrdering::Relaxed)
}

/// A number for reports, which one thread at a time counts up. The standard library's under loom too: nothing depends on it.
pub(crate) struct Count(std::sync::atomic::AtomicU64);

impl Count {
    pub(crate) fn new() -> Self {
        Self(std::sync::atomic::AtomicU64::new(0))
    }

    pub(crate) fn add(&self) {
        self.set(self.get() + 1);
    }

    #[inline]
    pub(crate) fn set(&self, number: u64) {
        self.0.store(number, StdOrdering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(StdOrdering::Relaxed)
    }
}

/// A lock that forgets poisoning: no user code runs while one of ours is held, so no panic leaves one half-changed.
pub(crate) struct Mutex<T>(RawMutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(RawMutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A condition variable for [`Mutex`].
pub(crate) struct Condvar(RawCondvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(RawCondvar::new())
    }

    /// Waits for a notification; may return without one.
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

#[cfg(not(all(loom, feature = "loom-models")))]
mod plain {
    use std::cell::Cell;
    use std::sync::Condvar as StdCondvar;
    use std::sync::Mutex as StdMutex;

    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
    pub(crate) use std::sync::{Arc, MutexGuard};
    pub(crate) use std::thread::{Builder as ThreadBuilder, JoinHandle as Thread, yield_now as yield_thread};

    pub(super) type RawMutex<T> = StdMutex<T>;
    pub(super) type RawCondvar = StdCondvar;

    /// What `atomic` holds when nobody else uses it any more.
    pub(crate) fn last_value(atomic: &mut AtomicUsize) -> usize {
        *atomic.get_mut()
    }

    /// A thread-local that needs no destructor, so that it can be read while its thread ends.
    macro_rules! thread_cell {
        ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
            ::std::thread_local! { $(#[$attr])* $vis static $name: $type = const { $init } }
        };
    }
    pub(crate) use thread_cell;

    thread_cell! { pub(super) static TOKEN: Cell<u64> = Cell::new(0) }

    /// `std::cell::UnsafeCell` with accesses as closures, the shape that loom can watch.
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        #[inline(always)]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    /// Watches that an allocation is not used after it was freed, nor leaked; in the ordinary build, nothing.
    #[derive(Debug)]
    pub(crate) struct Alive;

    impl Alive {
        pub(crate) const fn new() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn touch(&self) {}

        /// Frees `allocation`, which holds this watch.
        ///
        /// # Safety
        /// `allocation` came from `Box::into_raw` and is not used again.
        #[inline(always)]
        pub(crate) unsafe fn free<T>(allocation: *mut T, _watch: impl FnOnce(&T) -> &Self) {
            // SAFETY: passed on to the caller.
            drop(unsafe { Box::from_raw(allocation) });
        }
    }
}

#[cfg(all(loom, feature = "loom-models"))]
mod modelled {
    use std::cell::Cell;

    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
    pub(crate) use loom::sync::{Arc, MutexGuard};
    pub(crate) use loom::thread::{Builder as ThreadBuilder, JoinHandle as Thread, yield_now as yield_thread};

    /// What `atomic` holds when nobody else uses it any more; a data race if somebody may.
    pub(crate) fn last_value(atomic: &mut AtomicUsize) -> usize {
        atomic.with_mut(|value| *value)
    }

    pub(super) type RawMutex<T> = loom::sync::Mutex<T>;
    pub(super) type RawCondvar = loom::sync::Condvar;

    macro_rules! thread_cell {
        ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
            ::loom::thread_local! { $(#[$attr])* $vis static $name: $type = $init }
        };
    }
    pub(crate) use thread_cell;

    thread_cell! { pub(super) static TOKEN: Cell<u64> = Cell::new(0) }

    /// Watches that an allocation is not used after it was freed, nor leaked.
    ///
    /// Every use is a read of `accesses` and the free is a write: a use that is not ordered before the free is a data
    /// race to loom, and one that comes after it trips over `freed`.
    pub(crate) struct Alive {
        accesses: UnsafeCell<()>,
        freed: std::sync::atomic::AtomicBool,
        leak: Cell<Option<loom::alloc::Track<()>>>,
    }

    // SAFETY: `leak` is taken once, by `free`, which has the allocation to itself.
    unsafe impl Sync for Alive {}

    impl Alive {
        #[track_caller]
        pub(crate) fn new() -> Self {
            Self {
                accesses: UnsafeCell::new(()),
                freed: std::sync::atomic::AtomicBool::new(false),
                leak: Cell::new(Some(loom::alloc::Track::new(()))),
            }
        }

        #[track_caller]
        pub(crate) fn touch(&self) {
            assert!(!self.freed.load(Ordering::Relaxed), "used after it was freed");
            self.accesses.with(|_| ());
        }

        /// Drops the contents of `allocation` but keeps its memory, so that a use after the free is always seen.
        ///
        /// # Safety
        /// As in the ordinary build.
        pub(crate) unsafe fn free<T>(allocation: *mut T, watch: impl FnOnce(&T) -> &Self) {
            // SAFETY: the caller has the allocation to itself.
            let alive = watch(unsafe { &*allocation });
            assert!(!alive.freed.swap(true, Ordering::Relaxed), "freed twice");
            alive.accesses.with_mut(|_| ());
            drop(alive.leak.take());
            // SAFETY: the caller has the allocation to itself; dropping leaves the watch's own bytes as they are.
            unsafe { std::ptr::drop_in_place(allocation) };
        }
    }
}
