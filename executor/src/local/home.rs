//! What the cell of a task holds of its executor: a handle that is counted, and without an atomic while the executor lives.
//!
//! An [`Arc`] in each cell would be two locked instructions a task, and nearly all cells are made and freed on the owner
//! thread. So that thread counts them by itself, and other threads count what they free in an atomic, down from 0 (biased
//! reference counting: Choi, Shull and Torrellas, PACT 2018). What they come to together matters only when the executor goes:
//! until then it keeps what cells point to. Then it *parts* from those that are left: it adds its count to the atomic, and leaves one
//! `Arc` behind for all of them. From then on everybody counts there, and whoever brings it down to 0 drops that `Arc`.
//!
//! Cells are made on the owner thread, and only before the parting: a closed executor's spawners refuse.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr;

use super::shared::Shared;
use crate::sync::{Arc, AtomicUsize, Ordering, UnsafeCell, last_value};

/// How many cells there are of an executor's tasks.
pub(super) struct Cells {
    /// Invariant: used on the owner thread only.
    here: UnsafeCell<Here>,
    /// Less the cells that were freed on other threads; after the parting all that are left. Wraps below 0.
    elsewhere: AtomicUsize,
}

#[derive(Default)]
struct Here {
    /// Cells that were made, less those that were freed on the owner thread.
    count: usize,
    /// The executor has parted from what it had.
    parted: bool,
}

/// At so many the owner thread takes over what the others have counted: so neither number wraps, however many cells are freed elsewhere
/// before the parting. (Where numbers have 32 bits that is a matter of an hour.) Far more than there is room for.
const COUNT_MAX: usize = usize::MAX / 2;

impl Default for Cells {
    fn default() -> Self {
        Self { here: UnsafeCell::new(Here::default()), elsewhere: AtomicUsize::new(0) }
    }
}

impl Cells {
    /// Lends out `here`.
    ///
    /// # Safety
    /// This is the owner thread. `f` does not come back here.
    #[inline(always)]
    unsafe fn here<R>(&self, f: impl FnOnce(&mut Here) -> R) -> R {
        // SAFETY: the caller promises that this is the only access.
        self.here.with_mut(|here| f(unsafe { &mut *here }))
    }

    /// Counts at home what was counted elsewhere. Acquires what those released who did; the parting releases it again.
    #[cold]
    fn take_over(&self, here: &mut Here) {
        here.count = here.count.wrapping_add(self.elsewhere.swap(0, Ordering::AcqRel));
    }

    /// Whether none is left.
    ///
    /// # Safety
    /// This is the owner thread.
    pub(super) unsafe fn are_freed(&self) -> bool {
        // Acquires what those released who freed cells elsewhere: they looked at what is shared, which may be borrowed mutably now.
        let elsewhere = self.elsewhere.load(Ordering::Acquire);
        // SAFETY: the caller's promise; a look.
        unsafe { self.here(|here| here.count.wrapping_add(elsewhere) == 0) }
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        // Under loom this also looks whether all that was counted comes before.
        let left = last_value(&mut self.elsewhere);
        debug_assert_eq!(left, 0, "what is shared goes with the last cell, after the parting");
    }
}

/// A handle to what an executor shares with its tasks.
///
/// Invariant: the bits of an `Arc` that does not count as one. It points to something as long as this is counted in [`Cells`].
pub(super) struct Home(ManuallyDrop<Arc<Shared>>);

impl Home {
    /// # Safety
    /// This is the owner thread, and the executor has not parted from `shared`.
    #[inline]
    pub(super) unsafe fn new(shared: &Arc<Shared>) -> Self {
        // SAFETY: the caller's promise; plain arithmetic.
        unsafe {
            shared.cells.here(|here| {
                debug_assert!(!here.parted, "cells are made while their executor lives");
                here.count += 1;
                if here.count >= COUNT_MAX {
                    shared.cells.take_over(here);
                }
            });
        }
        // SAFETY: the copy is not dropped as an `Arc`, but by whoever drops the last handle after the parting, which left one.
        Self(ManuallyDrop::new(unsafe { ptr::read(shared) }))
    }

    /// The executor goes, and leaves `shared` to the cells that there still are.
    ///
    /// # Safety
    /// This is the owner thread; no cell is made of it any more.
    pub(super) unsafe fn part(shared: &Arc<Shared>) {
        // SAFETY: the caller's promise; a look, and a plain store.
        let count = unsafe {
            shared.cells.here(|here| {
                here.parted = true;
                here.count
            })
        };
        // Theirs, and there before the last of them can be dropped.
        let left = Arc::clone(shared);
        let elsewhere = shared.cells.elsewhere.fetch_add(count, Ordering::AcqRel);
        if elsewhere.wrapping_add(count) > 0 {
            std::mem::forget(left);
        }
    }
}

impl Deref for Home {
    type Target = Shared;

    #[inline]
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Drop for Home {
    #[inline]
    fn drop(&mut self) {
        if self.on_owner_thread().is_some() {
            // SAFETY: checked; a look, and plain arithmetic.
            let is_counted = unsafe {
                self.cells.here(|here| {
                    here.count -= usize::from(!here.parted);
                    !here.parted
                })
            };
            if is_counted {
                return;
            }
        }
        if self.cells.elsewhere.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: it never comes to 0 from above before the parting, and once after it. The `Arc` that was left is ours.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}
