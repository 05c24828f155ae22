//! Whom one thing makes runnable is put in the order of their names.
//!
//! In what order one poll, one waker or one destructor wakes several tasks may depend on what no seed repeats: a hash map of
//! wakers. It means nothing, since the schedule is chosen anyway. So each of these is *one* thing, and the tasks that it woke are put in
//! the order of their names; two things keep theirs, first in, first out.

use std::task::Waker;

use reveille_executor::TaskId;

use super::Run;
use crate::panics;

impl Run {
    /// Wakes somebody between polls.
    pub(crate) fn wake(&self, waker: Waker) {
        self.in_order(|| panics::noting(|| waker.wake()));
    }

    /// Does one thing between polls.
    #[inline]
    pub(crate) fn in_order(&self, thing: impl FnOnce()) {
        let pushes = self.executor.pushes();
        thing();
        self.order_since(pushes, None);
    }

    /// Puts those tasks in order that were made runnable since there had been so many `pushes`, `last` behind the others. Returns how many
    /// they are.
    #[inline]
    pub(super) fn order_since(&self, pushes: u64, last: Option<TaskId>) -> u64 {
        let woken = self.executor.pushes() - pushes;
        if woken > 1 {
            self.executor.order_newest(usize::try_from(woken).unwrap_or(usize::MAX), last);
        }
        woken
    }
}
