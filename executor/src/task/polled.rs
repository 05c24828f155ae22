//! Which poll is under way on this thread, and whether its task was woken in it on this thread.
//!
//! A task that wakes itself by reference, as one that yields does, is known by this to its runner, which need not look at the word: that
//! was changed by a locked instruction a moment ago, and a processor waits where such a value is loaded. Wakes on other threads, those
//! in a poll within this one, and those by value are found by the transition that lets the task go.
//!
//! Polls on one thread end in the reverse order of their beginning, but for those of coroutines with stacks of their own, which
//! are the threads of loom and shuttle: so what is found at the end may be another's. Then nothing is known of either, nor of polls further out.

use std::cell::Cell;

use super::TaskRef;
use crate::sync::thread_cell;

thread_cell! {
    /// The address of the task whose poll is the innermost under way, plus 1 if it was woken in it; 0 if there is none, or it is not
    /// known.
    static POLLED: Cell<usize> = Cell::new(0)
}

/// Whether a task was woken in its poll, on the thread that polls it and by no poll within.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WokeItself {
    /// It was: SCHEDULED is set, and stays so until the runner has let the task go.
    Yes,
    /// It may have been woken in other ways.
    Unknown,
}

/// A poll of `task` begins. The result is for [`leave`].
#[inline]
pub(super) fn enter(task: TaskRef) -> usize {
    POLLED.with(|polled| polled.replace(task.to_raw().addr()))
}

/// The poll of `task` is over.
#[inline]
pub(super) fn leave(task: TaskRef, outer: usize) -> WokeItself {
    let task = task.to_raw().addr();
    POLLED.with(|polled| {
        let innermost = polled.get();
        // Never the outer one of a poll that was not the innermost: that may be over.
        polled.set(if innermost | 1 == task + 1 { outer } else { 0 });
        if innermost == task + 1 { WokeItself::Yes } else { WokeItself::Unknown }
    })
}

/// `task` is about to be woken. Whether that is in its own poll, so that it is running.
#[inline]
pub(super) fn woken(task: TaskRef) -> bool {
    let task = task.to_raw().addr();
    POLLED.with(|polled| {
        let is_under_way = polled.get() | 1 == task + 1;
        if is_under_way {
            polled.set(task + 1);
        }
        is_under_way
    })
}
