//! Storms: many threads spawn, wake, abort, join, steal and end pools at once, and in the end every future was dropped once
//! and every task is accounted for. Beside the loom models, which are small and complete, these are large and random.
//!
//! `STRESS_ROUNDS` sets the number of rounds, which is small by default: as few as memcheck can do in a minute.

#![cfg(not(loom))]

mod common;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use common::Random;
use reveille_executor::{AbortHandle, JoinHandle, Pool, PoolHandle, block_on, scope_across, yield_now};

/// How many rounds of each storm.
fn rounds() -> u64 {
    std::env::var("STRESS_ROUNDS").map_or(5, |rounds| rounds.parse().expect("`STRESS_ROUNDS` is a number"))
}

/// What became of all futures of a storm.
#[derive(Default)]
struct Account {
    made: AtomicUsize,
    dropped: AtomicUsize,
    polled: AtomicUsize,
    ended: AtomicUsize,
    /// Wakers left by tasks, for others to use.
    wakers: Mutex<Vec<Waker>>,
}

/// What a future of a storm holds. Not `Sync`, and polled through `&mut`: two polls at once would be seen by a sanitizer.
struct Entry {
    account: Arc<Account>,
    polls: u32,
}

impl Entry {
    fn new(account: &Arc<Account>) -> Self {
        account.made.fetch_add(1, Ordering::Relaxed);
        Self { account: Arc::clone(account), polls: 0 }
    }

    fn polled(&mut self) {
        self.polls += 1;
        self.account.polled.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // Wakes are allowed from destructors too.
        let waker = self.account.wakers.lock().unwrap().pop();
        waker.into_iter().for_each(Waker::wake);
        self.account.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// A task that yields, waits to be woken by anybody, has children and joins, drops or aborts them.
fn wander(mut entry: Entry, pool: PoolHandle, mut random: Random, depth: usize) -> Walk {
    Box::pin(async move {
        let mut ended = 1;
        for _ in 0..random.below(6) {
            entry.polled();
            match random.below(5) {
                0 | 1 => yield_now().await,
                2 => leave_waker(&entry.account).await,
                _ if depth > 0 => {
                    let seed = Random::new(random.below(1 << 30) as u64);
                    let child = pool.spawn(wander(Entry::new(&entry.account), pool.clone(), seed, depth - 1));
                    match random.below(3) {
                        0 => ended += child.await.unwrap_or(0),
                        1 => child.abort(),
                        _ => drop(child),
                    }
                }
                _ => wake_somebody(&entry.account),
            }
        }
        entry.account.ended.fetch_add(1, Ordering::Relaxed);
        ended
    })
}

type Walk = Pin<Box<dyn Future<Output = usize> + Send>>;

/// Waits for a wake by somebody who finds the waker; wakes whoever left one before, so that nobody waits for ever.
async fn leave_waker(account: &Account) {
    let mut left = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut left, true) {
            return Poll::Ready(());
        }
        wake_somebody(account);
        account.wakers.lock().unwrap().push(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

fn wake_somebody(account: &Account) {
    let waker = account.wakers.lock().unwrap().pop();
    waker.into_iter().for_each(Waker::wake);
}

fn assert_balanced(account: &Account) {
    let (made, dropped) = (account.made.load(Ordering::Relaxed), account.dropped.load(Ordering::Relaxed));
    assert_eq!(made, dropped, "every future is dropped once");
}

/// Threads that spawn, abort and wake from outside.
fn storm_from_outside(pool: &Pool, account: &Arc<Account>, seed: u64) -> Vec<JoinHandle<usize>> {
    std::thread::scope(|threads| {
        let storm = |thread: u64| {
            let (handle, account) = (pool.handle(), account);
            threads.spawn(move || {
                let mut random = Random::new(seed * 31 + thread);
                let mut tasks = Vec::new();
                let mut aborts: Vec<AbortHandle> = Vec::new();
                for _ in 0..40 {
                    let walk = wander(Entry::new(account), handle.clone(), random.clone(), 3);
                    let task = handle.spawn(walk);
                    random.below(2);
                    aborts.push(task.abort_handle());
                    if random.below(4) == 0 {
                        aborts.swap_remove(random.below(aborts.len())).abort();
                    }
                    wake_somebody(account);
                    tasks.push(task);
                }
                tasks
            })
        };
        let threads: Vec<_> = (0..3).map(storm).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn a_storm_that_is_waited_for_loses_no_task() {
    let (mut steals, mut sleeps) = (0, 0);
    for seed in 0.. {
        // Whether somebody steals in a short round is up to the machine.
        if seed >= rounds() && steals > 0 && sleeps > 0 {
            break;
        }
        assert!(seed < rounds() + 10_000, "{steals} steals, {sleeps} sleeps");
        let account = Arc::new(Account::default());
        let pool = Pool::new(1 + seed as usize % 4).unwrap();
        let tasks = storm_from_outside(&pool, &account, seed);
        let spawned = tasks.len();
        // Those that wait are woken until all have ended.
        let mut results = 0;
        while pool.live_tasks() > 0 {
            wake_somebody(&account);
            std::thread::yield_now();
        }
        for task in tasks {
            let result = block_on(task);
            assert!(result.as_ref().is_ok_and(|ended| *ended > 0) || result.is_err_and(|error| error.is_cancelled()));
            results += 1;
        }
        assert_eq!(results, spawned);
        (steals, sleeps) = (steals + pool.steals(), sleeps + pool.sleeps());
        drop(pool);
        assert_balanced(&account);
        assert!(account.ended.load(Ordering::Relaxed) > 0 && account.polled.load(Ordering::Relaxed) > 0);
    }
}

#[test]
fn a_storm_that_is_cut_short_drops_every_future_once() {
    for seed in 0..rounds() {
        let account = Arc::new(Account::default());
        let pool = Pool::new(1 + seed as usize % 4).unwrap();
        let handle = pool.handle();
        std::thread::scope(|threads| {
            let (late, account) = (handle.clone(), &account);
            threads.spawn(move || {
                for n in 0..100 {
                    let walk = wander(Entry::new(account), late.clone(), Random::new(seed + n), 2);
                    drop(late.spawn(walk));
                    drop(late.spawn_blocking({
                        let mut entry = Entry::new(account);
                        move || entry.polled()
                    }));
                }
            });
            let tasks = storm_from_outside(&pool, account, seed);
            drop(pool);
            for task in tasks {
                assert!(task.is_finished());
            }
        });
        assert_balanced(&account);
        // A wake long after.
        account.wakers.lock().unwrap().drain(..).for_each(Waker::wake);
    }
}

#[test]
fn a_storm_in_a_scope_ends_with_it() {
    for seed in 0..rounds() {
        let account = Arc::new(Account::default());
        let pool = Pool::new(2).unwrap();
        let handle = pool.handle();
        let spawned = pool.block_on(scope_across(&handle, async |scope| {
            let mut random = Random::new(seed);
            let mut ended = 0;
            for _ in 0..50 {
                let mut entry = Entry::new(&account);
                let turns = random.below(5);
                let child = scope.spawn(async move {
                    for _ in 0..turns {
                        entry.polled();
                        yield_now().await;
                    }
                });
                match random.below(8) {
                    0 => scope.cancel().await,
                    1..4 => ended += usize::from(child.await.is_ok()),
                    _ => drop(child),
                }
            }
            ended
        }));
        assert!(spawned > 0);
        assert_balanced(&account);
    }
}
