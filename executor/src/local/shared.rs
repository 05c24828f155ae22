//! What an executor shares with its tasks: it outlives the executor for as long as one of their wakers does.

use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc as StdArc;

use super::home::{Cells, Home};
use super::inbox::Inbox;
use super::queue::RunQueue;
use crate::park::Parker;
use crate::pool::Driver;
use crate::sync::{Arc, ThreadToken, UnsafeCell};
use crate::task::{JoinHandle, Owned, Schedule, ScheduleHere, TaskRef, TaskView};
use crate::{Observe, Ran, TaskId};

/// The state of an executor, from one [`reset`](crate::LocalExecutor::reset) to the next.
pub(super) struct Shared {
    /// The thread on which tasks run.
    owner: ThreadToken,
    inbox: Inbox,
    parker: Arc<Parker>,
    observer: Option<StdArc<dyn Observe>>,
    /// How many cells there are of its tasks.
    pub(super) cells: Cells,
    /// Invariant: used on the owner thread only, through [`OwnerSide`]. Dropped anywhere: the list is empty by then, as
    /// tasks in it hold `Shared`, and the rest is plain memory.
    local: UnsafeCell<Local>,
}

// SAFETY: `local` is used on the owner thread only, and holds nothing that minds on which thread it is dropped; all
// else is `Send` and `Sync`.
unsafe impl Send for Shared {}
// SAFETY: same argument as for `Send`.
unsafe impl Sync for Shared {}

/// What only the owner thread touches, and without a lock.
#[derive(Default)]
struct Local {
    /// The entries, next first.
    queue: RunQueue<TaskRef>,
    owned: Owned,
    next_id: u32,
    pushes: u64,
    foreign_pushes: u64,
    /// The task that was last woken on another thread, until somebody asks.
    foreign: Option<TaskId>,
    /// How many `Spawner`s exist.
    spawners: usize,
    closed: bool,
}

impl Local {
    /// Clears RUNNING where it was left (rule 3).
    fn settle(&self) {
        // SAFETY: these are the entries of the run queue; `Local` is used on the owner thread.
        (0..self.queue.len()).filter_map(|index| self.queue.get(index)).for_each(|task| unsafe { task.settle() });
    }
}

impl Shared {
    pub(super) fn new(observer: Option<StdArc<dyn Observe>>, driver: Option<StdArc<dyn Driver>>) -> Self {
        Self {
            owner: ThreadToken::current(),
            inbox: Inbox::new(),
            parker: Arc::new(Parker::within(driver)),
            observer,
            cells: Cells::default(),
            local: UnsafeCell::new(Local::default()),
        }
    }

    /// The owner's side, if this is the owner thread.
    #[inline]
    pub(super) fn on_owner_thread(&self) -> Option<OwnerSide<'_>> {
        // SAFETY: checked.
        (ThreadToken::current() == self.owner).then(|| unsafe { self.owner_side() })
    }

    /// The owner's side.
    ///
    /// # Safety
    /// This is the owner thread.
    #[inline]
    pub(super) unsafe fn owner_side(&self) -> OwnerSide<'_> {
        debug_assert_eq!(ThreadToken::current(), self.owner, "the owner's side is used on the owner thread only");
        OwnerSide { shared: self, _not_send: PhantomData }
    }
}

impl Schedule for Home {
    unsafe fn adopt(&self, task: TaskRef) {
        // SAFETY: the caller's promise.
        let owner = unsafe { self.owner_side() };
        // SAFETY: the task is alive by its first reference, which the list takes over (rule 4), and in no list.
        unsafe { owner.local(|local| local.owned.push_back(task)) };
        if owner.is_closed() {
            // SAFETY: the right to the task's entry is ours (rule 2), and unused; so we may become its runner.
            unsafe {
                task.start();
                let _ = task.cancel();
            }
        } else {
            owner.push(task);
        }
    }

    fn schedule(&self, task: TaskRef) {
        match self.on_owner_thread() {
            Some(owner) => owner.push(task),
            // Visible first, unparked second.
            None if self.inbox.push(task) => self.parker.unpark(),
            None => {}
        }
    }

    #[inline]
    fn is_at_home(&self) -> bool {
        ThreadToken::current() == self.owner
    }

    #[inline]
    unsafe fn push_at_home(&self, task: TaskRef) {
        // SAFETY: the caller's promise.
        unsafe { self.owner_side() }.push(task);
    }

    unsafe fn unlink(&self, task: TaskRef) {
        // SAFETY: runners are on the owner thread (rule 3), and a task that is not yet released is in the list (rule
        // 4).
        unsafe { self.owner_side().local(|local| local.owned.remove(task)) };
    }

    fn observer(&self) -> Option<&StdArc<dyn Observe>> {
        self.observer.as_ref()
    }
}

impl ScheduleHere for Home {}

/// The part of [`Shared`] that is the owner thread's. Exists on the owner thread only.
#[derive(Clone, Copy)]
pub(super) struct OwnerSide<'a> {
    shared: &'a Shared,
    _not_send: PhantomData<*const ()>,
}

impl<'a> OwnerSide<'a> {
    /// Where the owner thread sleeps.
    pub(super) fn parker(self) -> &'a Arc<Parker> {
        &self.shared.parker
    }

    /// Lends out `local`.
    ///
    /// # Safety
    /// `f` does not come back here; so it runs no user code.
    #[inline(always)]
    unsafe fn local<R>(self, f: impl FnOnce(&mut Local) -> R) -> R {
        // SAFETY: we are on the owner thread, and the caller promises that this is the only access.
        self.shared.local.with_mut(|local| f(unsafe { &mut *local }))
    }

    /// Puts an entry at the back of the run queue; a closed executor forgets it (rule 10).
    #[inline]
    pub(super) fn push(self, task: TaskRef) {
        // SAFETY: a plain push; the task of an entry is alive, also if that is refused.
        unsafe {
            self.local(|local| {
                if local.closed {
                    // The closing that is under way, further down on the stack, has yet to come to it: there is no runner.
                    task.settle();
                } else {
                    local.queue.push(task);
                    local.pushes += 1;
                }
            });
        }
    }

    /// Takes over the inbox; the result is the length of the run queue.
    #[inline]
    pub(super) fn take_inbox(self) -> usize {
        if self.shared.inbox.may_hold_some() {
            self.take_letters();
        }
        // SAFETY: a look.
        unsafe { self.local(|local| local.queue.len()) }
    }

    #[cold]
    fn take_letters(self) {
        // SAFETY: the inbox moves plain pointers.
        unsafe {
            self.local(|local| {
                let before = local.queue.len();
                self.shared.inbox.take(&mut local.queue);
                let taken = (local.queue.len() - before) as u64;
                local.pushes += taken;
                local.foreign_pushes += taken;
                if taken > 0 {
                    // An entry means that the task is alive (rule 2).
                    local.foreign = local.queue.back().map(|task| task.id());
                }
            });
        }
    }

    /// Takes the entry at `index`, or the last there is, and sends those before it to the back. The caller becomes the
    /// task's runner.
    #[inline]
    pub(super) fn start(self, index: usize) -> Option<TaskRef> {
        // SAFETY: pointers are moved; an entry that was taken is started (rule 2).
        unsafe {
            self.local(|local| {
                let task = local.queue.take(index)?;
                task.start();
                Some(task)
            })
        }
    }

    /// Takes the newest entry. The caller becomes the task's runner.
    pub(super) fn start_newest(self) -> Option<TaskRef> {
        // SAFETY: pointers are moved; an entry that was taken is started (rule 2).
        unsafe {
            self.local(|local| {
                let task = local.queue.take_newest()?;
                task.start();
                Some(task)
            })
        }
    }

    /// Puts the last `count` entries in the order of their names, `last` behind the others.
    pub(super) fn order_newest(self, count: usize, last: Option<TaskId>) {
        // SAFETY: pointers are moved, and names looked at; an entry means that the task is alive (rule 2).
        unsafe {
            self.local(|local| local.queue.sort_newest(count, |task| (Some(task.id()) == last, task.id())));
        }
    }

    /// The number of entries.
    pub(super) fn queue_len(self) -> usize {
        // SAFETY: a look.
        unsafe { self.local(|local| local.queue.len()) }
    }

    /// The task at `index` of the run queue.
    pub(super) fn queued(self, index: usize) -> Option<TaskId> {
        // SAFETY: a look; an entry means that the task is alive (rule 2).
        unsafe { self.local(|local| local.queue.get(index).map(|task| task.id())) }
    }

    /// The name of the next task.
    fn next_id(self) -> TaskId {
        // SAFETY: plain arithmetic.
        unsafe {
            self.local(|local| {
                let id = TaskId::new(local.next_id);
                local.next_id = local.next_id.wrapping_add(1);
                id
            })
        }
    }

    /// The number of tasks that have not ended.
    pub(super) fn live_tasks(self) -> usize {
        // SAFETY: a look.
        unsafe { self.local(|local| local.owned.len()) }
    }

    pub(super) fn pushes(self) -> u64 {
        // SAFETY: a look.
        unsafe { self.local(|local| local.pushes) }
    }

    pub(super) fn foreign_pushes(self) -> u64 {
        // SAFETY: a look.
        unsafe { self.local(|local| local.foreign_pushes) }
    }

    pub(super) fn take_foreign(self) -> Option<TaskId> {
        // SAFETY: a look, and a plain store.
        unsafe { self.local(|local| local.foreign.take()) }
    }

    pub(super) fn is_closed(self) -> bool {
        // SAFETY: a look.
        unsafe { self.local(|local| local.closed) }
    }

    pub(super) fn spawners(self) -> usize {
        // SAFETY: a look.
        unsafe { self.local(|local| local.spawners) }
    }

    pub(super) fn add_spawner(self) {
        // SAFETY: plain arithmetic.
        unsafe { self.local(|local| local.spawners += 1) };
    }

    pub(super) fn drop_spawner(self) {
        // SAFETY: plain arithmetic.
        unsafe { self.local(|local| local.spawners -= 1) };
    }

    /// What can be seen of the tasks that have not ended, oldest first.
    pub(super) fn views(self) -> Vec<TaskView> {
        // SAFETY: a look, at tasks in the list, with the queue settled.
        unsafe {
            self.local(|local| {
                local.settle();
                local.owned.iter().map(|task| task.view()).collect()
            })
        }
    }

    /// The task named `id`, if it has not ended.
    pub(super) fn find(self, id: TaskId) -> Option<TaskRef> {
        // SAFETY: a look, at tasks in the list, which are alive (rule 4).
        unsafe { self.local(|local| local.owned.iter().find(|task| task.id() == id)) }
    }

    /// Makes all as it was in the beginning, but for the memory of the queue. There are no tasks.
    pub(super) fn forget(self) {
        // SAFETY: plain stores.
        unsafe {
            self.local(|local| {
                local.queue.clear();
                *local = Local { queue: mem::take(&mut local.queue), ..Local::default() };
            });
        }
    }

    /// Forgets all entries and refuses more, then drops the futures of all tasks (rule 10); the result is how many of them
    /// panicked at that. `self` is kept alive by the caller meanwhile.
    pub(super) fn close(self) -> usize {
        self.shared.inbox.close();
        // SAFETY: plain stores; entries are pointers, and settled before they are forgotten.
        let tasks = unsafe {
            self.local(|local| {
                local.closed = true;
                local.settle();
                local.queue.clear();
                local.owned.len()
            })
        };
        let mut panicked = 0;
        for _ in 0..tasks {
            // SAFETY: a look.
            let Some(task) = (unsafe { self.local(|local| local.owned.first()) }) else { break };
            // SAFETY: the task is in the list, this is the owner thread, and the queue is closed and empty.
            if unsafe { task.shut_down() } {
                // SAFETY: RUNNING is ours. This unlinks the task, and runs user code, which may come back here.
                panicked += usize::from(unsafe { task.cancel() } == Ran::Panicked);
            } else {
                // It is running, beneath us on the stack: left to its runner, and out of our way.
                // SAFETY: the task is in the list.
                unsafe {
                    self.local(|local| {
                        local.owned.remove(task);
                        local.owned.push_back(task);
                    });
                }
            }
        }
        panicked
    }
}

/// Spawns `future`. On a closed executor it is dropped at once, and the handle says that the task was cancelled.
///
/// # Safety
/// This is the owner thread.
pub(super) unsafe fn spawn<F>(home: Home, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    // SAFETY: the caller's promise.
    let id = unsafe { home.owner_side() }.next_id();
    // SAFETY: the caller's promise.
    unsafe { TaskRef::spawn(future, id, home) }
}

/// Empties what belongs to a run from a closed `shared` that nobody else holds, and opens it again.
pub(super) fn reopen(shared: &mut Shared) {
    shared.inbox.reopen();
    // SAFETY: `shared` is ours alone; called by the executor, on the owner thread.
    unsafe { shared.owner_side() }.forget();
}

/// A successor for a closed `shared` that others still hold: with its observer, its memory and its parker.
pub(super) fn succeed(shared: &Shared) -> Shared {
    // SAFETY: plain pointers, and none of them; called by the executor, on the owner thread.
    let queue = unsafe { shared.owner_side().local(|local| mem::take(&mut local.queue)) };
    Shared {
        owner: shared.owner,
        inbox: Inbox::new(),
        parker: Arc::clone(&shared.parker),
        observer: shared.observer.clone(),
        cells: Cells::default(),
        local: UnsafeCell::new(Local { queue, ..Local::default() }),
    }
}
