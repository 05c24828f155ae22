//! Generated programs on real threads: the pool keeps the promises that runs are held to. What came of each program is what the
//! language allows, every future and every output was dropped exactly once, none moved, none was polled by two at once or
//! after its end, and each join returned the output of its own task. Every wait of a program is ended by one wake, so that a
//! program ends is to say that every task that was woken was polled again.

#![cfg(not(loom))]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use common::config;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reveille_executor::{Pool, PoolError};
use reveille_properties::program::model::{self, Polls, Setting, Spawning};
use reveille_properties::program::{Program, perform_on_threads, programs};
use reveille_properties::protocol::Census;

/// A program is done in milliseconds. One that takes this long waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// What pools are about.
#[derive(Default)]
struct Seen {
    steals: AtomicU64,
    sleeps: AtomicU64,
}

/// Performs `program` so many times on one pool, and judges each time and the whole.
fn check(pool: Pool, program: &Program, times: u32, seen: &Seen) -> Result<(), String> {
    let census = Arc::new(Census::default());
    let setting = Setting { polls: Polls::Slow, spawning: Spawning::AtOnce, ..Setting::default() };
    for _ in 0..times {
        let outcome = perform_on_threads(&pool, &census, program.clone());
        model::check_in(program, &outcome, setting)?;
    }
    seen.steals.fetch_add(pool.steals(), Ordering::Relaxed);
    seen.sleeps.fetch_add(pool.sleeps(), Ordering::Relaxed);
    drop(pool);
    census.check()
}

/// The same on a thread of its own, so that a program that waits for ever is a failure and not the end of the suite.
fn check_in_time(
    make: fn() -> Result<Pool, PoolError>,
    program: Program,
    times: u32,
    seen: &Arc<Seen>,
) -> Result<(), String> {
    let (sender, receiver) = mpsc::channel();
    let seen = seen.clone();
    #[expect(clippy::disallowed_methods, reason = "who waits for ever needs a thread to do it on")]
    std::thread::spawn(move || {
        let pool = make().map_err(|error| error.to_string());
        // Who receives may have lost its patience.
        let _ = sender.send(pool.and_then(|pool| check(pool, &program, times, &seen)));
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(checked) => checked,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("it did not end in {PATIENCE:?}: a wake was lost")),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err("its root panicked".to_owned()),
    }
}

fn holds_on(make: fn() -> Result<Pool, PoolError>, seen: &Arc<Seen>) {
    let result = TestRunner::new(config(150))
        .run(&programs(5, 6), |program| check_in_time(make, program, 5, seen).map_err(TestCaseError::fail));
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn what_is_promised_holds_on_threads_that_steal_and_sleep() {
    let seen = Arc::new(Seen::default());
    // Whether workers steal is up to the operating system, which is given some time for it.
    for _ in 0..10 {
        holds_on(|| Pool::new(4), &seen);
        if seen.steals.load(Ordering::Relaxed) > 0 {
            break;
        }
    }
    let (steals, sleeps) = (seen.steals.load(Ordering::Relaxed), seen.sleeps.load(Ordering::Relaxed));
    println!("{steals} steals, {sleeps} sleeps");
    assert!(steals > 0 && sleeps > 0, "the programs do not reach what a pool is about");
}

#[test]
fn on_one_thread() {
    holds_on(|| Pool::new(1), &Arc::default());
}

#[test]
fn on_threads_that_share_a_queue_by_urgency() {
    holds_on(|| Pool::by_urgency(3), &Arc::default());
}
