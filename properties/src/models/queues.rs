//! The queues of a pool's workers and what they steal from one another, as deques.

use std::collections::VecDeque;
use std::sync::Arc;

use reveille_executor::{LocalQueue, Locked, Ring, TaskId, Worker, Workers};

use super::Bytes;

/// The most that a worker's own queue holds; what is more goes to the queue of all.
const ROOM: usize = 256;
/// So many steps of a worker, and it looks at the queue of all first.
const INTERVAL: u32 = 61;

/// Workers and their model.
struct Pair<Q: LocalQueue<TaskId>> {
    all: Arc<Workers<TaskId, Q>>,
    seats: Vec<Worker<TaskId, Q>>,
    own: Vec<VecDeque<TaskId>>,
    shared: VecDeque<TaskId>,
    steps: Vec<u32>,
    steals: u64,
    entries: u32,
}

/// Makes the operations that `bytes` say on the workers of a pool, with queues of both sorts, and on deques, and compares what
/// each step hands out: entries pushed here and from outside, own queues that run over, shares, steals.
///
/// # Panics
/// If they differ, or if an entry is lost.
///
/// ```
/// reveille_properties::models::queues_agree(&[2, 0, 0, 9, 1, 3, 4, 1, 0, 4, 2, 1]);
/// ```
pub fn queues_agree(bytes: &[u8]) {
    Pair::<Ring<TaskId>>::agrees(&mut Bytes::new(bytes));
    Pair::<Locked<TaskId>>::agrees(&mut Bytes::new(bytes));
}

impl<Q: LocalQueue<TaskId>> Pair<Q> {
    fn agrees(bytes: &mut Bytes<'_>) {
        let count = 1 + bytes.below(4);
        let (all, seats) = Workers::with_queues(count);
        let (own, steps) = (vec![VecDeque::new(); count], vec![0; count]);
        let mut pair = Self { all, seats, own, shared: VecDeque::new(), steps, steals: 0, entries: 0 };
        while !bytes.is_empty() {
            let worker = bytes.below(count);
            match bytes.below(8) {
                0 => (0..bytes.byte()).for_each(|_| pair.push(worker)),
                1 => pair.push(worker),
                2 => (0..bytes.below(40)).for_each(|_| pair.inject()),
                3 => (0..bytes.byte()).for_each(|_| pair.compare(worker, 0)),
                _ => pair.compare(worker, bytes.below(count)),
            }
        }
        // What is left is handed out, and then there is no more.
        while pair.own.iter().any(|own| !own.is_empty()) || !pair.shared.is_empty() {
            (0..count).for_each(|worker| pair.compare(worker, 0));
        }
        (0..count).for_each(|worker| pair.compare(worker, 0));
    }

    fn fresh(&mut self) -> TaskId {
        self.entries += 1;
        TaskId::new(self.entries)
    }

    fn push(&mut self, worker: usize) {
        let entry = self.fresh();
        self.seats[worker].push(entry);
        let queue = &mut self.own[worker];
        if queue.len() < ROOM { queue.push_back(entry) } else { self.shared.push_back(entry) }
    }

    fn inject(&mut self) {
        let entry = self.fresh();
        assert!(self.all.inject(entry), "the workers have not stopped");
        self.shared.push_back(entry);
    }

    /// One step, on both sides.
    fn compare(&mut self, worker: usize, victim: usize) {
        let handed = self.seats[worker].step(|_| victim);
        let expected = self.expected(worker, victim);
        assert_eq!(handed, expected, "what worker {worker} is handed");
        assert_eq!(self.all.steals(), self.steals, "how often entries were stolen");
    }

    fn expected(&mut self, worker: usize, victim: usize) -> Option<TaskId> {
        self.steps[worker] += 1;
        let early = self.steps[worker].is_multiple_of(INTERVAL).then(|| self.shared.pop_front()).flatten();
        early
            .or_else(|| self.own[worker].pop_front())
            .or_else(|| self.share(worker))
            .or_else(|| self.steal(worker, victim))
    }

    /// The first of the queue of all, and of the rest a fair share, up to half of what there is room for.
    fn share(&mut self, worker: usize) -> Option<TaskId> {
        let first = self.shared.pop_front()?;
        let count = (self.shared.len() / self.seats.len()).min(ROOM / 2);
        self.own[worker].extend(self.shared.drain(..count));
        Some(first)
    }

    /// The older half of the queue of the first who has something, beginning with `victim`.
    fn steal(&mut self, worker: usize, victim: usize) -> Option<TaskId> {
        let count = self.own.len();
        let robbed = (0..count).map(|offset| (victim + offset) % count).find(|other| !self.own[*other].is_empty())?;
        let half = self.own[robbed].len().div_ceil(2);
        let mut taken: VecDeque<_> = self.own[robbed].drain(..half).collect();
        let first = taken.pop_front();
        self.own[worker].append(&mut taken);
        self.steals += 1;
        first
    }
}
