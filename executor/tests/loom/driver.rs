//! Models of a worker that waits in a driver: a push ends the wait, and the driver is handed on.

use std::sync::Arc as StdArc;

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use reveille_executor::{Driver, LocalExecutor, TaskId, Workers};

use crate::inbox::awaited_on_a_thread;
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

#[test]
fn a_wake_ends_the_wait_of_an_executor_for_one_thread() {
    exhaustively("driver of an executor for one thread, one wake", || {
        let executor = LocalExecutor::with_driver(Nothing::new());
        let (task, thread) = awaited_on_a_thread(&executor);
        executor.run();
        assert!(task.is_finished());
        thread.join().unwrap();
    });
}

/// A driver in which something happens once; who is inside then, or looks in, says that it has seen it.
struct Once {
    state: Mutex<OnceState>,
    changed: Condvar,
}

#[derive(Default)]
struct OnceState {
    happened: bool,
    seen: bool,
    unparked: bool,
}

impl Once {
    fn new() -> StdArc<Self> {
        StdArc::new(Self { state: Mutex::new(OnceState::default()), changed: Condvar::new() })
    }

    fn happen(&self) {
        self.state.lock().unwrap().happened = true;
        self.changed.notify_all();
    }

    /// Blocks the thread, as a long poll does, until somebody else has seen it in the driver.
    fn wait_until_seen(&self) {
        let mut state = self.state.lock().unwrap();
        while !state.seen {
            state = self.changed.wait(state).unwrap();
        }
    }
}

impl Driver for Once {
    fn poll(&self) {}

    fn park(&self) {
        let mut state = self.state.lock().unwrap();
        while !state.happened && !state.unparked {
            state = self.changed.wait(state).unwrap();
        }
        state.unparked = false;
        state.seen |= std::mem::take(&mut state.happened);
        drop(state);
        self.changed.notify_all();
    }

    fn unpark(&self) {
        self.state.lock().unwrap().unparked = true;
        self.changed.notify_all();
    }
}

/// One of two workers is busy for long, wherever it came from: the other is in the driver, or gets there.
#[test]
fn the_driver_of_a_worker_that_is_busy_is_taken_over() {
    within(2, "driver, taken over from a worker with a long poll", || {
        let driver = Once::new();
        let (all, seats) = Workers::with_driver(2, driver.clone());
        let threads: Vec<_> = seats
            .into_iter()
            .map(|worker| {
                let (all, driver) = (Arc::clone(&all), driver.clone());
                thread::spawn(move || {
                    while worker.next().is_some() {
                        driver.wait_until_seen();
                        all.stop();
                    }
                })
            })
            .collect();
        driver.happen();
        all.inject(TaskId::new(0));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// A worker looks in, and goes on to a long poll. Who falls asleep while it looks in finds the driver taken.
#[test]
fn who_falls_asleep_while_a_busy_worker_looks_in_gets_the_driver_after_all() {
    within(3, "driver, a look by a busy worker against a sleep", || {
        let driver = Once::new();
        let (all, mut seats) = Workers::<TaskId>::with_driver(2, driver.clone());
        let sleeper = seats.pop().unwrap();
        let busy = seats.pop().unwrap();
        let thread = thread::spawn(move || while sleeper.next().is_some() {});
        driver.happen();
        // The last of these is its 61st step.
        (0..4).for_each(|_| assert!(busy.step(|_| 0).is_none()));
        driver.wait_until_seen();
        all.stop();
        thread.join().unwrap();
    });
}

/// A driver that looks once, when the wait begins, for what is registered.
struct Glance {
    state: Mutex<OnceState>,
    changed: Condvar,
}

impl Driver for Glance {
    fn poll(&self) {}

    fn park(&self) {
        let mut state = self.state.lock().unwrap();
        if !std::mem::take(&mut state.happened) {
            while !state.unparked {
                state = self.changed.wait(state).unwrap();
            }
        } else {
            state.seen = true;
        }
        state.unparked = false;
        drop(state);
        self.changed.notify_all();
    }

    fn unpark(&self) {
        self.state.lock().unwrap().unparked = true;
        self.changed.notify_all();
    }
}

#[test]
fn a_registration_is_seen_by_who_is_in_the_driver_or_about_to_be() {
    within(3, "driver, a registration", || {
        let driver = StdArc::new(Glance { state: Mutex::new(OnceState::default()), changed: Condvar::new() });
        let (all, mut seats) = Workers::<TaskId>::with_driver(1, driver.clone());
        let worker = seats.pop().unwrap();
        let thread = thread::spawn(move || assert!(worker.next().is_none()));
        driver.state.lock().unwrap().happened = true;
        all.interrupt_driver();
        let mut state = driver.state.lock().unwrap();
        while !state.seen {
            state = driver.changed.wait(state).unwrap();
        }
        drop(state);
        all.stop();
        thread.join().unwrap();
        assert!(all.signals() <= all.sleeps());
    });
}
