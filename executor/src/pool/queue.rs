//! What a worker keeps its own entries in.
//!
//! [`Ring`](super::Ring) is what a [`Pool`](super::Pool) has; [`Locked`](super::Locked) does the same in the plainest way, and
//! [`NoQueue`] does nothing. All three are handed to [`Workers`](super::Workers) by their type, pass the same models and the same
//! tests, and are rows of the same benchmark: that is why the first is there.

use super::Entry;

/// A worker's own queue: which one it is, is chosen by type, as in
/// [`Workers::with_queues`](super::Workers::with_queues).
///
/// That a queue has one owner is the business of the workers. Safe code does not get hold of one:
///
/// ```compile_fail,E0133
/// use reveille_executor::{LocalQueue, Ring, TaskId};
///
/// fn owns<Q: LocalQueue<TaskId>>() {
///     let _ = Q::new().push(TaskId::new(0));
/// }
/// owns::<Ring<TaskId>>();
/// ```
pub trait LocalQueue<T: Entry>: Queue<T> {}

/// What a [`LocalQueue`] does. Cannot be named outside, so no other types have it. A bound by [`LocalQueue`] reaches the methods all the
/// same; so those that rest on there being one owner are unsafe to call.
pub trait Queue<T: Entry>: Send + Sync + 'static {
    /// How many entries there is room for.
    const ROOM: usize;

    fn new() -> Self;

    /// The number of entries, as far as the caller can see it.
    fn len(&self) -> usize;

    /// How many entries were ever taken out, as far as the caller can see it: whether it changes is what matters.
    fn taken(&self) -> usize;

    /// Puts an entry at the back; hands it back if there is no room.
    ///
    /// # Safety
    /// The caller owns this queue: no other thread calls this, `extend`, `pop`, or `steal_into` with it as the thief, meanwhile.
    unsafe fn push(&self, entry: T) -> Result<(), T>;

    /// Puts entries at the back, for which there is room.
    ///
    /// # Safety
    /// As for `push`.
    unsafe fn extend(&self, entries: &mut impl Iterator<Item = T>);

    /// Takes the entry at the front.
    ///
    /// # Safety
    /// As for `push`.
    unsafe fn pop(&self) -> Option<T>;

    /// Takes the older half of the entries: the first is returned, the others go to the back of `thief`.
    ///
    /// # Safety
    /// The caller owns `thief`, as for `push`, and it is another queue than this one.
    unsafe fn steal_into(&self, thief: &Self) -> Option<T>;
}

/// No queue: whatever a worker pushes goes to the injector, which all share.
///
/// ```
/// use reveille_executor::{NoQueue, TaskId, Workers};
///
/// // What one pushes another takes, first in, first out.
/// let (_, workers) = Workers::<TaskId, NoQueue>::with_queues(2);
/// (0..2).for_each(|n| workers[0].push(TaskId::new(n)));
/// assert_eq!(workers[1].step(|_| 0), Some(TaskId::new(0)));
/// ```
#[derive(Debug)]
pub struct NoQueue;

impl<T: Entry> LocalQueue<T> for NoQueue {}

impl<T: Entry> Queue<T> for NoQueue {
    const ROOM: usize = 0;

    fn new() -> Self {
        Self
    }

    fn len(&self) -> usize {
        0
    }

    fn taken(&self) -> usize {
        0
    }

    unsafe fn push(&self, entry: T) -> Result<(), T> {
        Err(entry)
    }

    unsafe fn extend(&self, entries: &mut impl Iterator<Item = T>) {
        debug_assert!(entries.next().is_none(), "there is no room");
    }

    unsafe fn pop(&self) -> Option<T> {
        None
    }

    unsafe fn steal_into(&self, _: &Self) -> Option<T> {
        None
    }
}
