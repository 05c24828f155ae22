//! The parts for tests that cancel by themselves: `cancellable`, `track`, `must_complete`, `Ledger`.

#![cfg(not(loom))]

use std::cell::Cell;
use std::rc::Rc;

use reveille::cancel::{Ledger, cancellable, must_complete, track};
use reveille::time::{Duration, sleep, timeout};
use reveille::{Failure, FindingKind, explore, spawn, yield_now};

#[test]
fn a_cancellable_future_is_dropped_at_each_of_its_awaits_and_at_none() {
    thread_local!(static SEEN: Cell<[u32; 4]> = const { Cell::new([0; 4]) });
    SEEN.set([0; 4]);
    explore()
        .runs(300)
        .run(|| async {
            let came_to = Rc::new(Cell::new(0));
            let at = Rc::clone(&came_to);
            let output = cancellable(async move {
                at.set(1);
                yield_now().await;
                at.set(2);
                sleep(Duration::from_secs(1)).await;
                at.set(3);
                7
            })
            .await;
            assert_eq!(output, (came_to.get() == 3).then_some(7), "it yields its output if it came to its end");
            let mut seen = SEEN.get();
            seen[came_to.get()] += 1;
            SEEN.set(seen);
        })
        .unwrap();
    assert!(SEEN.get().iter().all(|count| *count > 10), "{:?}", SEEN.get());
}

#[test]
fn the_dullest_run_cancels_nothing() {
    explore()
        .runs(1)
        .run(|| async {
            for _ in 0..100 {
                assert!(cancellable(yield_now()).await.is_some());
            }
        })
        .unwrap();
}

#[test]
fn outside_of_a_run_nothing_is_cancelled() {
    assert_eq!(futures::executor::block_on(cancellable(async { must_complete(async { 7 }).await })), Some(7));
}

/// Takes an order, awaits, and delivers it.
async fn deliver(settle: bool) {
    let order = track("two tickets");
    yield_now().await;
    if settle {
        order.settle();
        yield_now().await;
    }
}

fn delivered(settle: bool) -> Result<reveille::Passed, Failure> {
    explore().name("deliver").run(move || async move {
        cancellable(deliver(settle)).await;
    })
}

#[test]
fn a_value_dropped_with_a_cancelled_future_is_a_finding_with_both_places() {
    let failure = delivered(false).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::DroppedValue));
    let text = failure.to_string();
    assert!(text.contains("a `&str` made at sim/tests/cancel_parts.rs:58:17 was dropped"), "{text}");
    assert!(text.contains("cut: a cancellable future was dropped by its own task when"), "{text}");
    assert!(text.contains("it waited at sim/tests/cancel_parts.rs:59:17   in cancel_parts::deliver"), "{text}");
    assert_eq!(failure.place().as_deref(), Some("sim/tests/cancel_parts.rs:59:17"));
    let tape = failure.tape().unwrap().to_string();
    let again = explore().name("deliver").replay(tape).run(|| async {
        let _ = cancellable(deliver(false)).await;
    });
    assert_eq!(again.unwrap_err().kind(), Some(FindingKind::DroppedValue));
}

#[test]
fn a_value_that_is_settled_before_the_cut_or_dropped_in_the_ordinary_course_is_none() {
    let failure = delivered(true).unwrap_err();
    assert!(failure.to_string().contains("cancel_parts.rs:59:17"), "only the first await holds it: {failure}");
    explore()
        .run(|| async {
            cancellable(async {
                drop(track(1));
                yield_now().await;
            })
            .await;
            let held = track(2);
            yield_now().await;
            drop(held);
        })
        .unwrap();
}

#[test]
fn an_operation_that_must_complete_may_be_dropped_before_and_after_but_not_half_way() {
    let run = |patience| {
        explore().runs(20).run(move || async move {
            let commit = must_complete(async {
                sleep(Duration::from_secs(2)).await;
            });
            let _ = timeout(Duration::from_secs(patience), commit).await;
        })
    };
    run(3).unwrap();
    let failure = run(1).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::CutShort));
    let report = failure.to_string();
    assert!(report.contains("marked at sim/tests/cancel_parts.rs:110:26"), "{report}");
    assert!(report.contains("polled 2 times, by task 0 (the root"), "{report}");
    assert!(report.contains("dropped sim/tests/cancel_parts.rs:113:"), "{report}");

    explore().runs(20).run(|| async { drop(must_complete(yield_now())) }).unwrap();
    // The end of the run is nobody's fault.
    explore()
        .runs(20)
        .run(|| async {
            drop(spawn(must_complete(sleep(Duration::from_secs(60)))));
            yield_now().await;
            yield_now().await;
        })
        .unwrap();
}

#[test]
fn an_abort_cuts_short_too() {
    let failure = explore()
        .run(|| async {
            let commit = spawn(must_complete(sleep(Duration::from_secs(60))));
            sleep(Duration::from_secs(1)).await;
            commit.abort();
            let _ = commit.await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::CutShort));
}

#[test]
fn a_task_of_its_own_completes_whoever_loses_patience() {
    explore()
        .run(|| async {
            let commit = spawn(must_complete(sleep(Duration::from_secs(2))));
            assert!(timeout(Duration::from_secs(1), commit).await.is_err());
            sleep(Duration::from_secs(5)).await;
        })
        .unwrap();
}

#[test]
fn a_ledger_tells_what_is_missing_and_what_is_there_twice() {
    let failure = explore()
        .run(|| async {
            let ledger = Ledger::new("messages");
            let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
            let reading = ledger.clone();
            let reader = spawn(async move {
                while receiver.recv().await.is_some() {
                    reading.settle(1);
                }
            });
            for message in 0..3 {
                ledger.issue(1);
                let _ = cancellable(sender.send(message)).await;
            }
            drop(sender);
            reader.await.unwrap();
            ledger.balance()
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Error));
    assert!(failure.to_string().contains("messages: 3 issued, 2 settled, 0 written off: 1 is missing"), "{failure}");

    let ledger = Ledger::new("coins");
    ledger.settle(2);
    assert_eq!(ledger.balance().unwrap_err().to_string(), "coins: 0 issued, 2 settled, 0 written off: 2 too many");
}

/// The probe of a stuck task asks more than the tape holds; the usual answers are given, so that it is what waits that is
/// looked at, and not the lack of an answer.
#[test]
fn a_cancellable_future_that_waits_in_vain_is_a_deadlock() {
    let failure = explore()
        .runs(1)
        .run(|| async {
            let never = tokio::sync::Notify::new();
            cancellable(never.notified()).await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
}
