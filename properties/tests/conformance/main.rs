//! The conformance kit passes executors that are in use, and finds the mistake of each that has one.

#![cfg(not(loom))]

mod naive;
mod threads;

use std::sync::atomic::{AtomicU64, Ordering};

use futures::executor::{LocalPool, LocalSpawner};
use futures::task::LocalSpawnExt;
use naive::{Mistake, Naive};
use reveille_executor::{Choose, LocalExecutor, Point, Pool, Runnable};
use reveille_properties::conformance::{Conforms, Property, Subject, check};
use threads::{Order, Threads};

/// How many scripts each executor is given.
const CASES: u32 = 400;

fn shown(name: &str, conforms: Conforms) {
    println!("{name}: {} scripts, {} polls, {} wakes", conforms.cases, conforms.polls, conforms.wakes);
    assert!(conforms.polls > 1_000 && conforms.wakes > 1_000, "the scripts do too little");
}

/// Ours, picked from the place in the queue that a counter says.
struct Ours {
    executor: LocalExecutor,
    answers: Answers,
}

struct Answers {
    next: u32,
    stride: u32,
}

impl Choose for Answers {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        self.next = self.next.wrapping_add(self.stride);
        self.next % point.bound
    }
}

impl Subject for Ours {
    fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.executor.spawn(future));
    }

    fn step(&mut self) -> bool {
        self.executor.pick(&mut self.answers).map(Runnable::run).is_some()
    }

    fn is_fair(&self) -> bool {
        self.answers.stride == 0
    }
}

#[test]
fn our_local_executor_conforms_whoever_picks() {
    for stride in [0, 1, 7] {
        let make = move || Ours { executor: LocalExecutor::new(), answers: Answers { next: 0, stride } };
        shown("LocalExecutor", check(CASES, make).unwrap());
    }
}

/// Ours with threads, which steals and sleeps.
struct OnThreads(Pool);

static STEALS: AtomicU64 = AtomicU64::new(0);
static SLEEPS: AtomicU64 = AtomicU64::new(0);

impl Subject for OnThreads {
    fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(future));
    }

    fn step(&mut self) -> bool {
        std::thread::yield_now();
        false
    }

    fn runs_by_itself(&self) -> bool {
        true
    }
}

impl Drop for OnThreads {
    fn drop(&mut self) {
        STEALS.fetch_add(self.0.steals(), Ordering::Relaxed);
        SLEEPS.fetch_add(self.0.sleeps(), Ordering::Relaxed);
    }
}

#[test]
fn our_pool_conforms_and_does_steal_and_sleep() {
    // Whether it steals is up to the operating system, which is given some time for it.
    for _ in 0..20 {
        shown("Pool", check(CASES, || OnThreads(Pool::new(3).unwrap())).unwrap());
        if STEALS.load(Ordering::Relaxed) > 0 {
            break;
        }
    }
    let (steals, sleeps) = (STEALS.load(Ordering::Relaxed), SLEEPS.load(Ordering::Relaxed));
    println!("Pool: {steals} steals, {sleeps} sleeps");
    assert!(steals > 0 && sleeps > 0, "the scripts do not reach what a pool is about");
}

struct Futures(LocalPool, LocalSpawner);

impl Subject for Futures {
    fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        self.1.spawn_local(future).unwrap();
    }

    fn step(&mut self) -> bool {
        // It says whether a task ended, not whether one was polled.
        self.0.run_until_stalled();
        false
    }
}

#[test]
fn local_pool_of_futures_conforms() {
    let make = || {
        let pool = LocalPool::new();
        let spawner = pool.spawner();
        Futures(pool, spawner)
    };
    shown("futures::executor::LocalPool", check(CASES, make).unwrap());
}

struct Async(async_executor::LocalExecutor<'static>);

impl Subject for Async {
    fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(future).detach();
    }

    fn step(&mut self) -> bool {
        self.0.try_tick()
    }
}

#[test]
fn async_executor_conforms() {
    shown("async_executor::LocalExecutor", check(CASES, || Async(async_executor::LocalExecutor::new())).unwrap());
}

#[test]
fn a_careful_naive_executor_conforms() {
    shown("Careful", check(CASES, || Naive::new(Mistake::Careful)).unwrap());
}

#[test]
fn every_mistake_is_found_and_named() {
    for (mistake, property) in [
        (Mistake::NoScheduledBit, Property::NoPollAfterCompletion),
        (Mistake::OneWakerPerSource, Property::EachDirectionHasItsWaker),
        (Mistake::WakesUnderLock, Property::WakingReturns),
        (Mistake::BoundedQueue, Property::WakingReturns),
        (Mistake::LastInFirstOut, Property::NobodyStarves),
        (Mistake::ClearsTheBitLate, Property::WakeIsPolled),
        (Mistake::DropsWhenFull, Property::SpawnIsPolled),
    ] {
        let broken = check(CASES, move || Naive::new(mistake)).unwrap_err();
        println!("{mistake:?}: {broken}");
        assert_eq!(broken.property, property, "{mistake:?}: {broken}");
    }
}

/// Polls that nobody asked for come at any time, so also between two looks at who is owed one.
#[test]
fn an_executor_with_threads_may_poll_whom_nobody_woke() {
    shown("threads, and others", check(CASES, || Threads::new(2, Order::AndOthers)).unwrap());
}

#[test]
fn a_naive_executor_with_threads_conforms_unless_the_last_comes_first() {
    shown("threads", check(CASES, || Threads::new(2, Order::FirstFirst)).unwrap());
    let broken = check(CASES, || Threads::new(2, Order::LastFirst)).unwrap_err();
    assert_eq!(broken.property, Property::NobodyStarves, "{broken}");
}
