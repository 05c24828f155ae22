//! A future in `leaf(..)` is the future, and reports see through it.

#![cfg(not(loom))]

mod common;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use common::Event;
use futures::stream::FuturesUnordered;
use futures::{StreamExt as _, poll};
use reveille::time::{Duration, sleep, timeout};
use reveille::{FindingKind, explore, leaf, spawn, yield_now};
use tokio::sync::{Notify, mpsc};

#[test]
fn it_wakes_whom_it_was_polled_by_last() {
    explore()
        .run(|| async {
            let event = Rc::new(Event::default());
            let waits = event.clone();
            let (sender, mut receiver) = mpsc::channel(1);
            // One task polls it and gives it away, another waits for it.
            let first = spawn(async move {
                let mut future = Box::pin(leaf(async move { waits.wait().await }));
                assert!(poll!(future.as_mut()).is_pending());
                assert!(sender.send(future).await.is_ok());
            });
            let second = spawn(async move { receiver.recv().await.unwrap().await });
            first.await.unwrap();
            sleep(Duration::from_secs(1)).await;
            event.set();
            second.await.unwrap();
        })
        .unwrap();
}

#[test]
fn combinators_with_wakers_of_their_own_hear_of_each_child() {
    let program = || async {
        let notify = Rc::new(Notify::new());
        let wait = |nth: u64| {
            let notify = notify.clone();
            async move {
                notify.notified().await;
                sleep(Duration::from_millis(nth)).await;
                yield_now().await;
                nth
            }
        };
        let mut all: FuturesUnordered<_> = (0..40).map(|nth| leaf(wait(nth))).collect();
        let waker = notify.clone();
        drop(spawn(async move {
            yield_now().await;
            waker.notify_waiters();
        }));
        let mut ended = Vec::new();
        while let Ok(Some(nth)) = timeout(Duration::from_secs(9), all.next()).await {
            ended.push(nth);
            // The first poll may come after the notification.
            notify.notify_waiters();
        }
        ended.sort_unstable();
        assert_eq!(ended, (0..40).collect::<Vec<_>>());
    };
    explore().run(program).unwrap();
    explore().freedoms("spurious,fresh-wakers").run(program).unwrap();
}

#[test]
fn a_dead_waker_in_it_is_a_dead_waker() {
    let failure = explore()
        .run(|| async {
            let event = Rc::new(Event::default());
            let waits = event.clone();
            let waiter = spawn(async move { leaf(waits.wait()).await });
            sleep(Duration::from_secs(1)).await;
            event.forget();
            waiter.await.unwrap();
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::DeadWaker));
}

#[test]
fn a_report_sees_through_it() {
    let line = line!() + 3;
    let failure = explore()
        .run(|| async {
            let wait = async { Notify::new().notified().await };
            leaf(leaf(wait)).await;
        })
        .unwrap_err();
    let report = failure.to_string();
    for seen in [
        format!("sim/tests/leaf.rs:{line}:"),
        format!("sim/tests/leaf.rs:{}:", line + 1),
        "through tokio::sync::notify::Notified".into(),
    ] {
        assert!(report.contains(&seen), "`{seen}` is missing:\n{report}");
    }
}

#[test]
fn outside_of_a_run_it_adds_nothing() {
    assert_eq!(futures::executor::block_on(leaf(async { 5 })), 5);
}

#[test]
fn it_may_outlive_its_run() {
    type Kept = std::pin::Pin<Box<dyn Future<Output = u32>>>;
    thread_local!(static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) });
    let mut polls = 0;
    let counts = poll_fn(move |context| {
        polls += 1;
        context.waker().wake_by_ref();
        if polls == 4 { Poll::Ready(polls) } else { Poll::Pending }
    });
    KEPT.set(Some(Box::pin(leaf(counts))));
    // A run and its repetition poll it once each, and what is left is awaited without one.
    let program = || async {
        let mut kept = KEPT.take().unwrap();
        assert!(poll!(kept.as_mut()).is_pending());
        KEPT.set(Some(kept));
    };
    explore().runs(1).run(program).unwrap();
    assert_eq!(futures::executor::block_on(KEPT.take().unwrap()), 4);
}
