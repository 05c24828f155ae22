//! The owned list of a pool, in parts, so that workers seldom wait for one another to spawn or to end a task.

use crate::TaskId;
use crate::sync::{AtomicU32, Mutex, Ordering};
use crate::task::{Owned, TaskRef};

/// All tasks of a pool that have not ended, and the names of the next.
pub(super) struct Registry {
    /// A task is in the part that its number says. The number of parts is a power of two.
    parts: Box<[Mutex<Part>]>,
    next_id: AtomicU32,
}

struct Part {
    owned: Owned,
    /// Whether the pool takes no more tasks.
    closed: bool,
}

impl Registry {
    /// For `threads` that come here at the same time.
    pub(super) fn new(threads: usize) -> Self {
        // Models have more use for few locks than for short waits.
        let parts = if cfg!(all(loom, feature = "loom-models")) { 1 } else { (4 * threads).next_power_of_two() };
        let part = || Mutex::new(Part { owned: Owned::default(), closed: false });
        Self { parts: (0..parts).map(|_| part()).collect(), next_id: AtomicU32::new(0) }
    }

    pub(super) fn next_id(&self) -> TaskId {
        TaskId::new(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    fn part(&self, id: TaskId) -> &Mutex<Part> {
        &self.parts[id.index() & (self.parts.len() - 1)]
    }

    /// Links `task` in; false if the pool takes no more.
    ///
    /// # Safety
    /// The task is alive by its first reference, which the list takes over (rule 4), and in no list.
    unsafe fn add(&self, task: TaskRef) -> bool {
        // SAFETY: the caller's promise.
        let mut part = self.part(unsafe { task.id() }).lock();
        if !part.closed {
            // SAFETY: the caller's promise; the links of tasks in this list are used under this lock.
            unsafe { part.owned.push_back(task) };
        }
        !part.closed
    }

    /// Takes in a new task, and has it pushed by `push`; cancels it if the pool takes no more.
    ///
    /// # Safety
    /// As for [`add`](Self::add), and the task was just made, for a scheduler whose tasks go anywhere.
    pub(super) unsafe fn adopt(&self, task: TaskRef, push: impl FnOnce()) {
        // SAFETY: the caller's promise.
        if unsafe { self.add(task) } {
            push();
        } else {
            // SAFETY: the right to the task's entry is ours (rule 2), and unused; so we may become its runner. It is in no
            // list, where nobody else would find it.
            unsafe {
                task.start();
                let _ = task.cancel();
            }
        }
    }

    /// Takes `task` out, if it was put in.
    ///
    /// # Safety
    /// The caller is the task's runner, and has not released it (rule 4).
    pub(super) unsafe fn remove(&self, task: TaskRef) {
        // SAFETY: RUNNING keeps the task alive.
        let mut part = self.part(unsafe { task.id() }).lock();
        // SAFETY: a task that is not yet released is alive, and if in a list, in this one, whose lock this is (rule 4).
        unsafe {
            if part.owned.contains(task) {
                part.owned.remove(task);
            }
        }
    }

    /// Refuses more tasks.
    pub(super) fn close(&self) {
        self.parts.iter().for_each(|part| part.lock().closed = true);
    }

    /// A task that has not ended, if there is one.
    pub(super) fn first(&self) -> Option<TaskRef> {
        self.parts.iter().find_map(|part| part.lock().owned.first())
    }

    /// The number of tasks that have not ended.
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.lock().owned.len()).sum()
    }
}
