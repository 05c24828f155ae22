//! How long an entry waits: the bound that the documentation of the workers derives, under every fair choice of who moves.

#![cfg(not(loom))]

mod common;

use std::sync::Arc;

use common::Random;
use reveille_executor::{INJECTOR_INTERVAL, LocalQueue, Locked, NoQueue, Ring, TaskId, Worker, Workers};

/// The slots of a worker's own queue.
const RING: usize = 256;

/// In how many rounds an entry is handed out that has `ahead` others before it in the injector.
fn bound(workers: usize, ahead: usize) -> usize {
    INJECTOR_INTERVAL as usize * (ahead.div_ceil(workers) + 1) + 2 * RING
}

/// Workers with entries that wake themselves whenever they are handed out, and one entry that is waited for.
struct Load<Q: LocalQueue<TaskId>> {
    all: Arc<Workers<TaskId, Q>>,
    seats: Vec<Worker<TaskId, Q>>,
    random: Random,
    /// The name of the next entry.
    next: u32,
}

/// The entry that is waited for.
const AWAITED: u32 = 0;

impl<Q: LocalQueue<TaskId>> Load<Q> {
    fn new(workers: usize, seed: u64) -> Self {
        let (all, seats) = Workers::with_queues(workers);
        Self { all, seats, random: Random::new(seed), next: AWAITED + 1 }
    }

    fn fresh(&mut self) -> TaskId {
        self.next += 1;
        TaskId::new(self.next)
    }

    /// Puts `count` entries into the queue of each worker.
    fn keep_busy(&mut self, count: usize) {
        for worker in 0..self.seats.len() {
            for _ in 0..count {
                let entry = self.fresh();
                self.seats[worker].push(entry);
            }
        }
    }

    /// One step of `worker`; true if it was handed the entry that is waited for. What else it is handed wakes itself, and
    /// spawns another `spawns` times out of 100.
    fn step(&mut self, worker: usize, spawns: usize) -> bool {
        let random = &mut self.random;
        let Some(entry) = self.seats[worker].step(|workers| random.below(workers)) else { return false };
        if entry == TaskId::new(AWAITED) {
            return true;
        }
        self.seats[worker].push_back(entry);
        if self.random.below(100) < spawns {
            let entry = self.fresh();
            self.seats[worker].push(entry);
        }
        false
    }

    /// How many rounds it takes until the entry is handed out; in each, every worker moves at least once, in random order,
    /// and some move more often.
    fn rounds(&mut self, rounds_max: usize, spawns: usize) -> usize {
        let workers = self.seats.len();
        for round in 1..=rounds_max {
            let mut order: Vec<_> = (0..workers).collect();
            for place in 0..workers {
                let other = place + self.random.below(workers - place);
                order.swap(place, other);
                for _ in 0..=self.random.below(3) / 2 {
                    if self.step(order[place], spawns) {
                        return round;
                    }
                }
            }
        }
        panic!("it was not handed out in {rounds_max} rounds");
    }
}

/// Each of these tests, of every sort of queue for which the bound is claimed.
macro_rules! of_each_queue {
    ($($test:ident)*) => {
        mod ring {
            $(#[test] fn $test() { super::$test::<super::Ring<_>>(); })*
        }
        mod locked {
            $(#[test] fn $test() { super::$test::<super::Locked<_>>(); })*
        }
    };
}

of_each_queue! {
    what_is_injected_is_handed_out_within_the_bound
    what_a_worker_pushed_is_handed_out_within_the_bound_and_steals_do_not_put_it_off
    the_bound_is_tight_within_a_factor_of_two
}

/// Without queues of their own all workers share one, which is first in, first out.
#[test]
fn without_queues_everything_waits_its_turn_in_the_injector() {
    let (_, seats) = Workers::<TaskId, NoQueue>::with_queues(3);
    (0..9).for_each(|n| seats[n as usize % 3].push(TaskId::new(n)));
    let order: Vec<_> = (0..9).filter_map(|n| seats[n % 2].step(|_| 0)).map(TaskId::index).collect();
    assert_eq!(order, (0..9).collect::<Vec<_>>());
}

fn what_is_injected_is_handed_out_within_the_bound<Q: LocalQueue<TaskId>>() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let (workers, ahead) = (1 + random.below(5), random.below(400));
        let (busy, spawns) = (random.below(RING), random.below(100));
        let mut load = Load::<Q>::new(workers, seed);
        load.keep_busy(busy);
        for _ in 0..ahead {
            let entry = load.fresh();
            load.all.inject(entry);
        }
        load.all.inject(TaskId::new(AWAITED));
        let bound = bound(workers, ahead);
        let rounds = load.rounds(bound, spawns);
        assert!(rounds <= bound, "seed {seed}");
    }
}

/// From a worker's own queue too, whoever steals it: no theft sends it back.
fn what_a_worker_pushed_is_handed_out_within_the_bound_and_steals_do_not_put_it_off<Q: LocalQueue<TaskId>>() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let workers = 1 + random.below(5);
        let mut load = Load::<Q>::new(workers, seed);
        let before = random.below(RING);
        for _ in 0..before {
            let entry = load.fresh();
            load.seats[0].push(entry);
        }
        load.seats[0].push(TaskId::new(AWAITED));
        load.rounds(2 * RING, random.below(100));
    }
}

/// The bound is no more than twice what a steady load comes to: half of it would be wrong.
fn the_bound_is_tight_within_a_factor_of_two<Q: LocalQueue<TaskId>>() {
    for (workers, ahead) in [(1, 400), (2, 1_000), (4, 2_000)] {
        let mut load = Load::<Q>::new(workers, 1);
        load.keep_busy(RING / 2);
        for _ in 0..ahead {
            let entry = load.fresh();
            load.all.inject(entry);
        }
        load.all.inject(TaskId::new(AWAITED));
        let bound = bound(workers, ahead);
        // Each worker moves once a round.
        let rounds = (1..=bound).find(|_| (0..workers).any(|worker| load.step(worker, 0)));
        let rounds = rounds.expect("it is handed out within the bound");
        assert!(2 * rounds > bound, "{workers} workers: {rounds} rounds, the bound is {bound}");
    }
}
