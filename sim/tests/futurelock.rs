//! A task that waits, and holds back a future of its own which could go on, is told from one that merely waits.

#![cfg(not(loom))]

use std::pin::pin;
use std::rc::Rc;

use futures::StreamExt as _;
use futures::stream;
use reveille::leaf::may_starve;
use reveille::time::{Duration, Interval, Sleep, interval, sleep, timeout};
use reveille::{Failure, FindingKind, explore, leaf, spawn, task, yield_now};
use tokio::sync::{Mutex, Semaphore, mpsc};

fn fails<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) -> Failure {
    explore().run(program).expect_err("the program has a bug that was not found")
}

#[track_caller]
fn says(failure: &Failure, what: &str) {
    let report = failure.to_string();
    assert!(report.contains(what), "the report does not say `{what}`:\n{report}");
}

/// Holds the lock for two seconds, in a task of its own.
fn hold(lock: &Rc<Mutex<()>>) {
    let lock = lock.clone();
    drop(spawn(async move {
        let _guard = lock.lock().await;
        sleep(Duration::from_secs(2)).await;
    }));
}

/// The line of the `sleep` in `work`.
const WORKS: u32 = line!() + 5;

/// Takes the lock and works for a while.
async fn work(lock: &Mutex<()>) {
    let _guard = lock.lock().await;
    sleep(Duration::from_secs(5)).await;
}

/// The futurelock of Oxide's RFD 609: the first call is polled for a while, and then kept while the second is awaited.
async fn twice(lock: &Mutex<()>) {
    let mut first = pin!(work(lock));
    if timeout(Duration::from_secs(3), &mut first).await.is_err() {
        work(lock).await;
        first.await;
    }
}

#[test]
fn a_lock_held_by_a_call_that_was_left_at_a_timer_is_found_without_a_word_from_the_user() {
    let failure = fails(|| async {
        let lock = Rc::new(Mutex::new(()));
        hold(&lock);
        yield_now().await;
        let twice = task::Builder::new().name("twice").spawn(async move { twice(&lock).await });
        twice.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::Futurelock));
    says(&failure, "task 2 `twice` (spawned at");
    says(&failure, "waits, and does not poll a future of its own that could go on");
    says(&failure, &format!("the `sleep` made at sim/tests/futurelock.rs:{WORKS}:5"));
    says(&failure, "was woken at step 7, at 7s, and not polled since, though the task was polled once");
    says(&failure, &format!("awaits  sim/tests/futurelock.rs:{WORKS}:35   in futurelock::work"));
}

#[test]
fn a_lock_handed_to_a_leaf_that_is_not_polled_any_more_is_found() {
    let line = line!() + 4;
    let failure = fails(|| async {
        let lock = Rc::new(Mutex::new(()));
        hold(&lock);
        yield_now().await;
        let mut first = pin!(leaf(lock.lock()));
        if timeout(Duration::from_secs(1), &mut first).await.is_err() {
            drop(lock.lock().await);
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::Futurelock));
    says(&failure, &format!("the `leaf` made at sim/tests/futurelock.rs:{}:", line + 1));
    says(&failure, "not polled since, though the task was polled once");
}

#[test]
fn a_buffered_stream_whose_body_waits_for_what_a_parked_future_holds_is_found() {
    let failure = fails(|| async {
        let permits = Semaphore::new(2);
        let load = |item: u64| {
            let permits = &permits;
            async move {
                let _permit = permits.acquire().await.unwrap();
                sleep(Duration::from_secs(item)).await;
                sleep(Duration::from_secs(1)).await;
                item
            }
        };
        let mut loads = pin!(stream::iter(1..=4).map(load).buffer_unordered(2));
        while let Some(_item) = loads.next().await {
            let _permits = permits.acquire_many(2).await.unwrap();
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::Futurelock));
}

/// As above, without timers in what is left behind, and without a `leaf`.
#[test]
fn a_lock_handed_to_a_future_of_another_crate_is_suspected() {
    let line = line!() + 5;
    let failure = fails(|| async {
        let lock = Rc::new(Mutex::new(()));
        hold(&lock);
        yield_now().await;
        let mut first = pin!(lock.lock());
        if timeout(Duration::from_secs(1), &mut first).await.is_err() {
            drop(lock.lock().await);
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock));
    says(&failure, "perhaps a futurelock: it was woken at step 5 by task 1");
    says(&failure, &format!("sim/tests/futurelock.rs:{}:56", line + 1));
}

/// Two tasks that have each what the other wants: nothing is held back.
#[test]
fn an_ordinary_deadlock_is_no_futurelock_and_none_is_suspected() {
    let failure = fails(|| async {
        let (one, two) = (Rc::new(Mutex::new(())), Rc::new(Mutex::new(())));
        let take = |first: &Rc<Mutex<()>>, second: &Rc<Mutex<()>>| {
            let (first, second) = (first.clone(), second.clone());
            spawn(async move {
                let mut patience = pin!(sleep(Duration::from_secs(5)));
                assert!(futures::poll!(patience.as_mut()).is_pending());
                let _first = first.lock().await;
                sleep(Duration::from_secs(1)).await;
                let _second = second.lock().await;
            })
        };
        let (left, right) = (take(&one, &two), take(&two, &one));
        left.await.unwrap();
        right.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock));
    let report = failure.to_string();
    assert!(!report.contains("owns") && !report.contains("perhaps"), "{report}");
}

/// The same as above, where the program says that it is on purpose: the report repeats why, and does not blame it.
#[test]
fn what_may_starve_is_shown_and_not_blamed() {
    let failure = fails(|| async {
        let lock = Rc::new(Mutex::new(()));
        hold(&lock);
        yield_now().await;
        let mut first = pin!(may_starve("a spare one", leaf(lock.lock())));
        if timeout(Duration::from_secs(1), &mut first).await.is_err() {
            drop(lock.lock().await);
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock));
    says(&failure, "it may starve, as the program says: a spare one");
}

/// The others wait for a daemon, which is never stuck itself.
#[test]
fn a_daemon_that_holds_a_future_back_is_named() {
    let failure = fails(|| async {
        let lock = Rc::new(Mutex::new(()));
        let held = lock.clone();
        let (_requests, mut daemon) = mpsc::channel::<()>(1);
        drop(task::Builder::new().name("daemon").daemon(true).spawn(async move {
            let mut work = pin!(work(&held));
            assert!(futures::poll!(work.as_mut()).is_pending());
            daemon.recv().await;
        }));
        yield_now().await;
        drop(lock.lock().await);
    });
    assert_eq!(failure.kind(), Some(FindingKind::Futurelock));
    says(&failure, "`daemon`");
}

/// A task that beats elsewhere lets the run go on to its limit; the futurelock is found all the same.
#[test]
fn a_heartbeat_does_not_hide_it() {
    let program = || async {
        let lock = Rc::new(Mutex::new(()));
        hold(&lock);
        yield_now().await;
        drop(spawn(async {
            loop {
                sleep(Duration::from_secs(1)).await;
            }
        }));
        twice(&lock).await;
    };
    let failure = explore().limits(1_000, Duration::from_secs(100)).run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Futurelock));
}

/// An interval is kept by its owner, and the call that waited for it is over: what hangs hangs for another reason.
#[test]
fn an_interval_that_nobody_waits_for_has_no_part_in_a_deadlock() {
    struct Ticker(Interval);
    impl Ticker {
        async fn next(&mut self) {
            self.0.tick().await;
        }
    }
    let failure = fails(|| async {
        let (_sender, mut receiver) = mpsc::channel::<()>(1);
        let mut ticker = Ticker(interval(Duration::from_secs(2)));
        ticker.next().await;
        assert!(timeout(Duration::from_secs(1), ticker.next()).await.is_err());
        receiver.recv().await;
        ticker.next().await;
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock));
    assert!(!failure.to_string().contains("owns"), "{failure}");
}

/// The same of a timer that somebody else made.
#[test]
fn a_timer_that_was_lent_to_a_call_that_is_over_has_no_part_in_a_deadlock() {
    async fn rings(timer: &mut std::pin::Pin<Box<Sleep>>) {
        timer.await;
    }
    let failure = fails(|| async {
        let (_sender, mut receiver) = mpsc::channel::<()>(1);
        let mut timer = Box::pin(sleep(Duration::from_secs(2)));
        assert!(timeout(Duration::from_secs(1), rings(&mut timer)).await.is_err());
        drop(spawn(async { sleep(Duration::from_secs(5)).await }));
        receiver.recv().await;
        rings(&mut timer).await;
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock));
    assert!(!failure.to_string().contains("owns"), "{failure}");
}
