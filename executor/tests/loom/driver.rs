//! Models of a worker that waits in a driver: a push ends the wait, and the driver is handed on.

use std::sync::Arc as StdArc;

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use reveille_executor::{Driver, TaskId, Workers};

use crate::model::{exhaustively, within};

/// A driver in which nothing ever happens: only a signal ends the wait.
struct Nothing {
    unparked: Mutex<bool>,
    changed: Condvar,
}

impl Nothing {
    fn new() -> StdArc<Self> {
        StdArc::new(Self { unparked: Mutex::new(false), changed: Condvar::new() })
    }
}

impl Driver for Nothing {
    fn poll(&self) {}

    fn park(&self) {
        let mut unparked = self.unparked.lock().unwrap();
        while !*unparked {
            unparked = self.changed.wait(unparked).unwrap();
        }
        *unparked = false;
    }

    fn unpark(&self) {
        *self.unparked.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

#[test]
fn a_push_ends_the_wait() {
    exhaustively("driver, one push", || {
        let (all, mut seats) = Workers::with_driver(1, Nothing::new());
        let worker = seats.pop().unwrap();
        let thread = thread::spawn(move || assert!(worker.next().is_some()));
        all.inject(TaskId::new(0));
        thread.join().unwrap();
        assert!(all.signals() <= all.sleeps());
    });
}

#[test]
fn each_of_two_pushes_ends_a_wait_and_the_end_the_last() {
    within(3, "driver, two pushes and the end", || {
        let (all, mut seats) = Workers::with_driver(1, Nothing::new());
        let worker = seats.pop().unwrap();
        let ends = Arc::clone(&all);
        let thread = thread::spawn(move || {
            assert!(worker.next().is_some() && worker.next().is_some());
            ends.stop();
            assert!(worker.next().is_none());
        });
        all.inject(TaskId::new(0));
        all.inject(TaskId::new(1));
        thread.join().unwrap();
    });
}

#[test]
fn of_two_workers_one_is_in_the_driver_and_both_are_woken() {
    within(2, "driver, two workers and the end", || {
        let (all, seats) = Workers::<TaskId>::with_driver(2, Nothing::new());
        let threads: Vec<_> =
            seats.into_iter().map(|worker| thread::spawn(move || while worker.next().is_some() {})).collect();
        all.stop();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
