//! Models of sleeping workers: no entry is left while all sleep. One that is overlooked is a deadlock, which loom reports.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use reveille_executor::{TaskId, Worker, Workers};

use crate::model::{exhaustively, within};

/// Runs entries until `count` have been run by all workers together; who runs the last stops the others.
fn work(all: &Workers<TaskId>, worker: &Worker<TaskId>, left: &AtomicUsize) {
    while worker.next().is_some() {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            all.stop();
        }
    }
}

/// `workers` workers on threads of their own, who stop after `count` entries.
fn start(workers: usize, count: usize) -> (Arc<Workers<TaskId>>, Vec<thread::JoinHandle<()>>) {
    let (all, seats) = Workers::new(workers);
    let left = Arc::new(AtomicUsize::new(count));
    let threads = seats
        .into_iter()
        .map(|worker| {
            let (all, left) = (Arc::clone(&all), Arc::clone(&left));
            thread::spawn(move || work(&all, &worker, &left))
        })
        .collect();
    (all, threads)
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn one_worker_overlooks_nothing() {
    within(4, "idle, one worker and one notifier", || {
        let (all, threads) = start(1, 2);
        all.inject(TaskId::new(0));
        all.inject(TaskId::new(1));
        join(threads);
    });
}

#[test]
fn two_workers_overlook_nothing() {
    within(2, "idle, two workers and one notifier", || {
        let (all, threads) = start(2, 1);
        all.inject(TaskId::new(0));
        join(threads);
    });
}

/// A worker that pushes to its own queue and does not come back to it.
#[test]
fn a_worker_that_is_busy_is_robbed_by_one_that_sleeps() {
    exhaustively("idle, a push by a busy worker", || {
        let (all, mut seats) = Workers::new(2);
        let sleeper = seats.pop().unwrap();
        let busy = seats.pop().unwrap();
        let thread = thread::spawn(move || assert!(sleeper.next().is_some()));
        busy.push(TaskId::new(0));
        // Ends only if the other gets it.
        thread.join().unwrap();
        drop(all);
    });
}

/// Two that sleep, or are about to, and two entries, neither of whom is to wait for the other.
#[test]
fn each_of_two_pushes_by_a_busy_worker_finds_somebody() {
    within(2, "idle, two pushes by a busy worker", || {
        let (_all, mut seats) = Workers::new(3);
        let threads: Vec<_> =
            seats.drain(1..).map(|sleeper| thread::spawn(move || assert!(sleeper.next().is_some()))).collect();
        seats[0].push(TaskId::new(0));
        seats[0].push(TaskId::new(1));
        join(threads);
    });
}

/// Two workers who take one entry each and are busy for ever then, so neither entry may be left to who has the other.
#[test]
fn each_of_two_entries_finds_a_worker() {
    within(3, "idle, two workers and two entries from outside", || {
        let (all, seats) = Workers::new(2);
        let workers = seats.into_iter();
        let threads = workers.map(|worker| thread::spawn(move || assert!(worker.next().is_some()))).collect();
        all.inject(TaskId::new(0));
        all.inject(TaskId::new(1));
        join(threads);
    });
}

#[test]
fn stopping_ends_every_sleep() {
    within(3, "idle, stop", || {
        let (all, threads) = start(2, usize::MAX);
        all.stop();
        join(threads);
    });
}
