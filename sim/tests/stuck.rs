//! A task that is never woken is found, and it is said which, why and where.

#![cfg(not(loom))]

mod common;

use std::rc::Rc;

use common::{Event, nowhere};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use reveille::time::{Duration, interval};
use reveille::{Failure, FindingKind, explore, spawn, task, yield_now};

fn fails<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) -> Failure {
    explore().runs(100).run(program).expect_err("the program has a bug that was not found")
}

/// The report says `what` of the task with this name.
#[track_caller]
fn says(failure: &Failure, name: &str, what: &str) {
    let report = failure.to_string();
    let said = report.lines().any(|line| line.contains(&format!("`{name}`")) && line.contains(what));
    assert!(said, "the report does not say `{what}` of `{name}`:\n{report}");
}

#[test]
fn a_set_without_a_wake_is_a_lost_wakeup_at_the_line_of_the_await() {
    let line = line!() + 4;
    let failure = fails(|| async {
        let event = Rc::new(Event::default());
        let waits = event.clone();
        let waiter = task::Builder::new().name("waiter").spawn(async move { waits.wait().await });
        yield_now().await;
        event.set_silently();
        waiter.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::LostWakeup));
    says(&failure, "waiter", "could have run, and nobody woke it");
    let report = failure.to_string();
    assert!(report.contains("polled once more, it completes"), "{report}");
    assert!(report.contains(&format!("sim/tests/stuck.rs:{line}:")), "the await's line {line} is missing:\n{report}");
}

#[test]
fn a_dropped_waker_is_a_dead_waker_and_who_dropped_it_is_named() {
    let failure = fails(|| async {
        let event = Rc::new(Event::default());
        let waits = event.clone();
        let waiter = task::Builder::new().name("waiter").spawn(async move { waits.wait().await });
        yield_now().await;
        event.forget();
        waiter.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::DeadWaker));
    says(&failure, "waiter", "can never be woken");
    let report = failure.to_string();
    assert!(report.contains("its last waker was dropped at step 3 by task 0, in sim/tests/common/mod.rs:"), "{report}");
}

#[test]
fn pending_without_taking_a_waker_is_a_dead_waker_and_said_so() {
    let failure = fails(|| async { spawn(nowhere()).await.unwrap() });
    assert_eq!(failure.kind(), Some(FindingKind::DeadWaker));
    let report = failure.to_string();
    assert!(report.contains("its last poll, at step 2, returned `Pending` and left its waker with nobody"), "{report}");
}

#[test]
fn two_locks_in_two_orders_are_a_deadlock_that_names_both() {
    let failure = fails(|| async {
        let (one, two) = (Rc::new(tokio::sync::Mutex::new(())), Rc::new(tokio::sync::Mutex::new(())));
        let take = |first: &Rc<tokio::sync::Mutex<()>>, second: &Rc<tokio::sync::Mutex<()>>| {
            let (first, second) = (first.clone(), second.clone());
            async move {
                let _first = first.lock().await;
                yield_now().await;
                let _second = second.lock().await;
            }
        };
        let left = task::Builder::new().name("left").spawn(take(&one, &two));
        let right = task::Builder::new().name("right").spawn(take(&two, &one));
        left.await.unwrap();
        right.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock));
    says(&failure, "left", "polling it changes nothing");
    says(&failure, "right", "polling it changes nothing");
    assert!(failure.to_string().contains("through tokio::sync::mutex::Mutex::lock"), "{failure}");
}

#[test]
fn a_lost_and_a_deadlocked_task_side_by_side_are_told_apart() {
    let failure = fails(|| async {
        let (event, lock) = (Rc::new(Event::default()), Rc::new(tokio::sync::Mutex::new(())));
        let waits = event.clone();
        let lost = task::Builder::new().name("lost").spawn(async move { waits.wait().await });
        let locked = task::Builder::new().name("locked").spawn(async move {
            let _once = lock.lock().await;
            let _again = lock.lock().await;
        });
        yield_now().await;
        event.set_silently();
        lost.await.unwrap();
        locked.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::LostWakeup));
    says(&failure, "lost", "could have run, and nobody woke it");
    says(&failure, "locked", "polling it changes nothing");
}

#[test]
fn a_heartbeat_does_not_hide_a_lost_wakeup() {
    let program = || async {
        let event = Rc::new(Event::default());
        let waits = event.clone();
        let waiter = task::Builder::new().name("waiter").spawn(async move { waits.wait().await });
        drop(task::Builder::new().name("heart").spawn(async {
            let mut beat = interval(Duration::from_secs(1));
            loop {
                beat.tick().await;
            }
        }));
        yield_now().await;
        event.set_silently();
        waiter.await.unwrap();
    };
    let failure = explore().runs(1).limits(10_000, Duration::from_secs(1 << 30)).run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::LostWakeup));
    says(&failure, "waiter", "could have run, and nobody woke it");
    says(&failure, "heart", "busiest");
}

#[test]
fn behind_a_sub_executor_the_cause_is_said_to_be_unknown() {
    let failure = fails(|| async {
        let event = Rc::new(Event::default());
        let waits = event.clone();
        let group = task::Builder::new().name("group").spawn(async move {
            let mut group: FuturesUnordered<_> = [async move { waits.wait().await }].into_iter().collect();
            group.next().await;
        });
        yield_now().await;
        yield_now().await;
        event.set_silently();
        group.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::Stuck), "{failure}");
    says(&failure, "group", "is stuck");
    assert!(failure.to_string().contains("FuturesUnordered"), "{failure}");
}

#[test]
fn a_task_that_nobody_can_wake_is_found_even_when_the_root_has_ended() {
    let failure = fails(|| async {
        let event = Rc::new(Event::default());
        let waits = event.clone();
        drop(task::Builder::new().name("left behind").spawn(async move { waits.wait().await }));
        yield_now().await;
        yield_now().await;
        event.forget();
    });
    assert_eq!(failure.kind(), Some(FindingKind::DeadWaker));
    says(&failure, "left behind", "can never be woken");
}

/// The one to blame is the last of those that wait.
#[test]
fn a_lost_wakeup_is_told_from_a_deadlock_however_many_wait() {
    let failure = fails(|| async {
        let event = Rc::new(Event::default());
        let waits = event.clone();
        let others: Vec<_> = (0..20)
            .map(|_| {
                let lock = Rc::new(tokio::sync::Mutex::new(()));
                spawn(async move {
                    let _once = lock.lock().await;
                    let _again = lock.lock().await;
                })
            })
            .collect();
        let waiter = task::Builder::new().name("waiter").spawn(async move { waits.wait().await });
        yield_now().await;
        event.set_silently();
        for other in others {
            other.await.unwrap();
        }
        waiter.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::LostWakeup), "{failure}");
    says(&failure, "waiter", "could have run, and nobody woke it");
}

/// Who waits for ever on purpose is not to blame for a deadlock beside it.
#[test]
fn a_parked_service_is_not_taken_for_the_cause() {
    let failure = fails(|| async {
        drop(task::Builder::new().name("parked").spawn(std::future::pending::<()>()));
        let lock = Rc::new(tokio::sync::Mutex::new(()));
        let twice = task::Builder::new().name("twice").spawn(async move {
            let _once = lock.lock().await;
            let _again = lock.lock().await;
        });
        twice.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
    assert!(failure.to_string().lines().nth(1).unwrap().contains("`twice`"), "{failure}");
}

#[test]
fn a_lost_wakeup_in_a_published_channel_would_show_the_users_line_and_the_channels_future() {
    let failure = fails(|| async {
        let (sender, receiver) = async_channel::bounded::<u8>(1);
        let keep = sender.clone();
        let consumer =
            task::Builder::new().name("consumer").spawn(async move { while receiver.recv().await.is_ok() {} });
        sender.send(1).await.unwrap();
        drop(sender);
        consumer.await.unwrap();
        drop(keep);
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock));
    let report = failure.to_string();
    assert!(report.contains("through async_channel::"), "{report}");
    assert!(report.contains("sim/tests/stuck.rs:"), "{report}");
}

/// A leaf that wakes the waker it replaces, as embassy's signal does, makes no progress by that.
#[test]
fn a_leaf_that_wakes_the_waker_it_replaces_is_not_taken_for_a_lost_wakeup() {
    let failure = fails(|| async {
        let slot = std::cell::RefCell::new(None::<std::task::Waker>);
        std::future::poll_fn(|context| {
            let mut slot = slot.borrow_mut();
            if slot.as_ref().is_none_or(|waker| !waker.will_wake(context.waker()))
                && let Some(replaced) = slot.replace(context.waker().clone())
            {
                replaced.wake();
            }
            std::task::Poll::<()>::Pending
        })
        .await;
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
}

/// A leaf that asks for one more poll whenever its waker is another one makes no progress by that either.
#[test]
fn a_leaf_that_wakes_itself_for_a_new_waker_is_not_taken_for_a_lost_wakeup() {
    let failure = fails(|| async {
        let slot = std::cell::RefCell::new(None::<std::task::Waker>);
        std::future::poll_fn(|context| {
            let mut slot = slot.borrow_mut();
            if slot.as_ref().is_none_or(|waker| !waker.will_wake(context.waker()))
                && slot.replace(context.waker().clone()).is_some()
            {
                context.waker().wake_by_ref();
            }
            std::task::Poll::<()>::Pending
        })
        .await;
    });
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
}

/// A task that could have gone on, does, and is back where it waited: the two look alike from the outside.
#[test]
fn a_task_that_goes_on_and_waits_again_is_not_taken_for_a_restless_leaf() {
    let failure = fails(|| async {
        let ready = std::rc::Rc::new(std::cell::Cell::new(0));
        let seen = ready.clone();
        let worker = spawn(async move {
            loop {
                // Forgets to leave its waker.
                std::future::poll_fn(|context| {
                    let _kept = Box::leak(Box::new(context.waker().clone()));
                    if seen.take() > 0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
                })
                .await;
                yield_now().await;
            }
        });
        yield_now().await;
        ready.set(1);
        worker.await.unwrap();
    });
    assert_eq!(failure.kind(), Some(FindingKind::LostWakeup), "{failure}");
}

/// A leaf that ignores a waker of another identity still holds the one from before: the line is that of the await.
#[test]
fn a_leaf_that_keeps_a_stale_waker_is_shown_where_it_took_it() {
    let line = line!() + 6;
    let failure = fails(|| async {
        let stale = std::cell::RefCell::new(None::<std::task::Waker>);
        let mut polls = 0;
        let leaf = std::future::poll_fn(|context| {
            polls += 1;
            stale.borrow_mut().get_or_insert_with(|| context.waker().clone());
            if polls > 2 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        });
        futures::join!(leaf, yield_now());
        reveille::time::sleep(Duration::from_secs(1)).await;
    });
    let place = failure.place().unwrap();
    assert!(place.starts_with(&format!("sim/tests/stuck.rs:{line}:")), "{place} is not line {line}:\n{failure}");
    assert!(failure.to_string().contains("that is where it last left its waker"), "{failure}");
}
