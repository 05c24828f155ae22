//! Which poll is under way on this thread, and whether its task was woken in it on this thread.
//!
//! A task that wakes itself, as one that yields does, is known by this to its runner, which need not look at the word: that was
//! changed by a locked instruction a moment ago, and a processor waits where such a value is loaded. Wakes on other threads, and those
//! in a poll within this one, are found by the transition that lets the task go.

use std::cell::Cell;

use super::TaskRef;
use crate::sync::thread_cell;

thread_cell! {
    /// The address of the task whose poll is the innermost under way, plus 1 if it was woken in it; 0 if there is none.
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
    let polled = POLLED.with(|polled| polled.replace(outer));
    if polled == task.to_raw().addr() { WokeItself::Unknown } else { WokeItself::Yes }
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
