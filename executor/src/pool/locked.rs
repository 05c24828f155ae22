//! A worker's own queue, the plainest: a lock around it.

use std::collections::VecDeque;
use std::fmt;

use super::Entry;
use super::queue::{LocalQueue, Queue};
use super::ring::RING_SIZE;
use crate::sync::Mutex;

/// A queue that is locked for every access.
///
/// ```
/// use reveille_executor::{Locked, TaskId, Workers};
///
/// let (_, workers) = Workers::<TaskId, Locked<TaskId>>::with_queues(1);
/// workers[0].push(TaskId::new(7));
/// assert_eq!(workers[0].step(|_| 0), Some(TaskId::new(7)));
/// ```
pub struct Locked<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    /// Invariant: as many as fit into a ring, at most, so that what is said of how long an entry waits holds here too.
    entries: VecDeque<T>,
    /// How many were ever taken out.
    taken: usize,
}

impl<T: Entry> LocalQueue<T> for Locked<T> {}

impl<T: Entry> Queue<T> for Locked<T> {
    const ROOM: usize = RING_SIZE;

    fn new() -> Self {
        Self { state: Mutex::new(State { entries: VecDeque::with_capacity(Self::ROOM), taken: 0 }) }
    }

    fn len(&self) -> usize {
        self.state.lock().entries.len()
    }

    fn taken(&self) -> usize {
        self.state.lock().taken
    }

    #[inline]
    unsafe fn push(&self, entry: T) -> Result<(), T> {
        let entries = &mut self.state.lock().entries;
        if entries.len() == Self::ROOM {
            return Err(entry);
        }
        entries.push_back(entry);
        Ok(())
    }

    unsafe fn extend(&self, new: &mut impl Iterator<Item = T>) {
        let entries = &mut self.state.lock().entries;
        let room = Self::ROOM - entries.len();
        entries.extend(new.take(room));
    }

    #[inline]
    unsafe fn pop(&self) -> Option<T> {
        let mut state = self.state.lock();
        let entry = state.entries.pop_front()?;
        state.taken += 1;
        Some(entry)
    }

    unsafe fn steal_into(&self, thief: &Self) -> Option<T> {
        // Only its owner, who is the caller, puts entries there: it has this much room or more when they come.
        let room = Self::ROOM - thief.len();
        let (first, rest) = {
            let mut state = self.state.lock();
            let count = (state.entries.len() - state.entries.len() / 2).min(room + 1);
            let first = state.entries.pop_front()?;
            state.taken += count;
            (first, state.entries.drain(..count - 1).collect::<Vec<_>>())
        };
        // One lock at a time: two that rob each other would wait for each other.
        // SAFETY: the caller owns the thief.
        unsafe { thief.extend(&mut rest.into_iter()) };
        Some(first)
    }
}

impl<T> fmt::Debug for Locked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").finish_non_exhaustive()
    }
}
