//! What a program does while its world is being dropped: reported, nothing lost, no double panic.

#![cfg(not(loom))]

use std::cell::Cell;
use std::rc::Rc;

use reveille::time::{Duration, sleep};
use reveille::{FindingKind, explore, spawn, yield_now};

/// Calls its closure when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn every_future_is_dropped_exactly_once_and_at_the_latest_with_its_run() {
    thread_local!(static DROPS: Cell<u32> = const { Cell::new(0) });
    explore()
        .runs(10)
        .run(|| {
            let before = DROPS.get();
            async move {
                for _ in 0..5 {
                    drop(spawn(async {
                        let _counted = OnDrop(|| DROPS.set(DROPS.get() + 1));
                        sleep(Duration::from_secs(1000)).await;
                    }));
                }
                yield_now().await;
                // What the run before left behind was dropped before this one began.
                assert_eq!(before % 5, 0);
            }
        })
        .unwrap();
    assert_eq!(DROPS.get() % 5, 0);
    assert!(DROPS.get() >= 50);
}

#[test]
fn a_destructor_that_spawns_loses_nothing_and_is_noted() {
    thread_local!(static INNER: Cell<i64> = const { Cell::new(0) });
    let failure = explore()
        .runs(1)
        .run(|| async {
            drop(spawn(async {
                let _spawns = OnDrop(|| {
                    INNER.set(INNER.get() + 1);
                    let held = OnDrop(|| INNER.set(INNER.get() - 1));
                    drop(spawn(async move { drop(held) }));
                });
                sleep(Duration::from_secs(1000)).await;
            }));
            yield_now().await;
            yield_now().await;
            assert_eq!(reveille::choose(1), 1, "so that there is a report");
        })
        .unwrap_err();
    assert_eq!(INNER.get(), 0, "what the destructor's task held was lost");
    assert!(failure.to_string().contains("a destructor spawned a task at sim/tests/teardown.rs:"), "{failure}");
}

#[test]
fn a_destructor_that_blocks_on_a_sleep_does_not_hang() {
    explore()
        .runs(2)
        .run(|| async {
            drop(spawn(async {
                let _blocks = OnDrop(|| futures::executor::block_on(sleep(Duration::from_secs(1))));
                sleep(Duration::from_secs(1000)).await;
            }));
            yield_now().await;
        })
        .unwrap();
}

#[test]
fn a_destructor_that_panics_is_a_finding_and_the_others_still_run() {
    let dropped = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = dropped.clone();
    let failure = explore()
        .runs(1)
        .run(move || {
            let dropped = dropped.clone();
            async move {
                drop(spawn(async {
                    let _panics = OnDrop(|| panic!("in a destructor"));
                    sleep(Duration::from_secs(1000)).await;
                }));
                drop(spawn(async move {
                    let _sets = OnDrop(|| dropped.store(true, std::sync::atomic::Ordering::Relaxed));
                    sleep(Duration::from_secs(1000)).await;
                }));
                yield_now().await;
                yield_now().await;
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    assert!(failure.to_string().contains("while the world was being dropped"), "{failure}");
    assert!(seen.load(std::sync::atomic::Ordering::Relaxed));
}

#[test]
fn a_destructor_that_catches_its_own_panic_is_not_accused() {
    explore()
        .runs(1)
        .run(|| async {
            drop(spawn(async {
                let _copes = OnDrop(|| {
                    let caught = std::panic::catch_unwind(|| panic!("a small mishap"));
                    assert!(caught.is_err());
                });
                sleep(Duration::from_secs(1000)).await;
            }));
            yield_now().await;
            yield_now().await;
        })
        .unwrap();
}

#[test]
fn a_panic_in_the_drop_of_an_output_that_nobody_wants_is_a_finding() {
    let failure = explore()
        .runs(1)
        .run(|| async {
            drop(spawn(async { OnDrop(|| panic!("the log could not be flushed")) }));
            yield_now().await;
            yield_now().await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    let report = failure.to_string();
    assert!(report.contains("task 1 (spawned at sim/tests/teardown.rs:"), "{report}");
    assert!(report.contains("the log could not be flushed"), "{report}");
}

#[test]
fn handles_and_timers_that_outlive_their_run_are_harmless() {
    thread_local!(static KEPT: Cell<Option<(reveille::JoinHandle<()>, reveille::time::Sleep)>> = const { Cell::new(None) });
    explore()
        .runs(20)
        .run(|| async {
            // Drops what the run before kept.
            KEPT.set(Some((spawn(sleep(Duration::from_secs(9))), sleep(Duration::from_secs(9)))));
            let kept = Rc::new(KEPT.take());
            yield_now().await;
            KEPT.set(Rc::into_inner(kept).flatten());
        })
        .unwrap();
    drop(KEPT.take());
}
