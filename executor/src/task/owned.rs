//! The owned list: the tasks of an executor that are not finished, in the order of spawning.
//!
//! Intrusive and doubly linked, so that a spawn and a completion are a few stores each. It belongs to the owner thread.

use super::TaskRef;

/// The links of one task.
#[derive(Default)]
pub(super) struct Links {
    previous: Option<TaskRef>,
    next: Option<TaskRef>,
}

/// A list of tasks. Invariant: the links of each task in it are read and written through this list only.
#[derive(Default)]
pub(crate) struct Owned {
    first: Option<TaskRef>,
    last: Option<TaskRef>,
    len: usize,
}

impl Owned {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn first(&self) -> Option<TaskRef> {
        self.first
    }

    /// Links `task` in at the back.
    ///
    /// # Safety
    /// `task` is alive, stays so while it is in the list, and is in no list.
    pub(crate) unsafe fn push_back(&mut self, task: TaskRef) {
        // SAFETY: the caller's promise; the links of tasks in the list are ours.
        unsafe {
            links(task, |own| *own = Links { previous: self.last, next: None });
            match self.last {
                Some(last) => links(last, |its| its.next = Some(task)),
                None => self.first = Some(task),
            }
        }
        self.last = Some(task);
        self.len += 1;
    }

    /// Takes `task` out.
    ///
    /// # Safety
    /// `task` is in this list.
    pub(crate) unsafe fn remove(&mut self, task: TaskRef) {
        // SAFETY: the caller's promise; the links of tasks in the list are ours.
        unsafe {
            let Links { previous, next } = links(task, std::mem::take);
            match previous {
                Some(previous) => links(previous, |its| its.next = next),
                None => self.first = next,
            }
            match next {
                Some(next) => links(next, |its| its.previous = previous),
                None => self.last = previous,
            }
        }
        self.len -= 1;
    }

    /// Whether `task` is in this list.
    ///
    /// # Safety
    /// `task` is alive, and in no other list.
    pub(crate) unsafe fn contains(&self, task: TaskRef) -> bool {
        // SAFETY: the caller's promise.
        self.first == Some(task) || unsafe { links(task, |its| its.previous.is_some()) }
    }

    /// The tasks, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = TaskRef> + '_ {
        // SAFETY: a task in the list is alive (`push_back`), and the list does not change while it is borrowed.
        std::iter::successors(self.first, |task| unsafe { links(*task, |its| its.next) })
    }
}

/// # Safety
/// `task` is alive, and its links are the caller's to use.
unsafe fn links<R>(task: TaskRef, f: impl FnOnce(&mut Links) -> R) -> R {
    // SAFETY: the caller's promise; `f` is one of the closures above, none of which comes back here.
    unsafe { task.header().links.with_mut(|links| f(&mut *links)) }
}
