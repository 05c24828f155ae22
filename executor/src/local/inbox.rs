//! Where other threads leave the tasks that they have woken.

use super::queue::RunQueue;
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::task::TaskRef;

/// Tasks woken on other threads, on their way to the run queue.
pub(super) struct Inbox {
    /// Whether `letters` may hold some: lets the owner look without taking the lock. Changed under the lock only. The
    /// owner may see it late, but not after it has been unparked for what it announces.
    hint: AtomicBool,
    letters: Mutex<Letters>,
}

struct Letters {
    tasks: Vec<TaskRef>,
    /// Whether the executor takes no more.
    closed: bool,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { hint: AtomicBool::new(false), letters: Mutex::new(Letters { tasks: Vec::new(), closed: false }) }
    }

    /// Leaves `task`; false if the executor is closed.
    pub(super) fn push(&self, task: TaskRef) -> bool {
        let mut letters = self.letters.lock();
        if letters.closed {
            return false;
        }
        letters.tasks.push(task);
        self.hint.store(true, Ordering::Release);
        true
    }

    /// Whether there may be something to take.
    #[inline]
    pub(super) fn may_hold_some(&self) -> bool {
        self.hint.load(Ordering::Acquire)
    }

    /// Moves all tasks to the back of `queue`, in the order in which they came.
    pub(super) fn take(&self, queue: &mut RunQueue<TaskRef>) {
        let mut letters = self.letters.lock();
        self.hint.store(false, Ordering::Relaxed);
        letters.tasks.drain(..).for_each(|task| queue.push(task));
    }

    /// Forgets all tasks, and refuses more.
    pub(super) fn close(&self) {
        let mut letters = self.letters.lock();
        letters.closed = true;
        letters.tasks.clear();
        self.hint.store(false, Ordering::Relaxed);
    }

    /// Takes tasks again.
    pub(super) fn reopen(&mut self) {
        self.letters.lock().closed = false;
    }
}
