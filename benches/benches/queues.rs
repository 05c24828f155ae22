//! What workers keep their entries in: the ring, a locked queue, and nothing but the queue that all share.
//!
//! 1,000 entries are taken and put back 200 times each, by real threads that rob one another. Nothing is polled: an entry is a
//! number, so what is measured is the queues and the policy around them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{config, group};
use reveille_executor::{LocalQueue, Locked, NoQueue, Ring, TaskId, Worker, Workers};

const ENTRIES: usize = 1_000;
const TURNS: u32 = 200;

/// Takes and puts back until no entry has a turn left.
fn work<Q: LocalQueue<TaskId>>(
    all: &Workers<TaskId, Q>,
    worker: &Worker<TaskId, Q>,
    turns: &[AtomicU32],
    left: &AtomicU32,
) {
    while let Some(entry) = worker.next() {
        let turn = &turns[entry.index()];
        // Who has the entry is alone with its turns.
        let done = turn.load(Ordering::Relaxed) + 1;
        turn.store(done, Ordering::Relaxed);
        if done < TURNS {
            worker.push_back(entry);
        } else if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            all.stop();
        }
    }
}

/// The whole program on `threads` threads.
fn take_and_put_back<Q: LocalQueue<TaskId>>(threads: usize) {
    let (all, seats) = Workers::<TaskId, Q>::with_queues(threads);
    let turns: Arc<[AtomicU32]> = (0..ENTRIES).map(|_| AtomicU32::new(0)).collect();
    let left = AtomicU32::new(ENTRIES as u32);
    for number in 0..ENTRIES {
        all.inject(TaskId::new(number as u32));
    }
    thread::scope(|scope| {
        for worker in seats {
            let (all, turns, left) = (&all, &turns, &left);
            scope.spawn(move || work(all, &worker, turns, left));
        }
    });
    assert!(turns.iter().all(|turn| turn.load(Ordering::Relaxed) == TURNS));
}

fn queues(criterion: &mut Criterion) {
    let mut group = group(criterion, "queues/entries=1000,turns=200");
    for threads in [1, 2] {
        group.bench_function(format!("of=ring,threads={threads}"), |b| {
            b.iter(|| take_and_put_back::<Ring<TaskId>>(threads));
        });
        group.bench_function(format!("of=locked,threads={threads}"), |b| {
            b.iter(|| take_and_put_back::<Locked<TaskId>>(threads));
        });
        group.bench_function(format!("of=none,threads={threads}"), |b| {
            b.iter(|| take_and_put_back::<NoQueue>(threads));
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = config(); targets = queues }
criterion_main!(benches);
