//! Time jumps, never ticks; what users know of tokio's timers holds.

#![cfg(not(loom))]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use reveille::time::{
    Duration, Instant, MissedTickBehavior, Sleep, interval, interval_at, sleep, sleep_until, timeout,
};
use reveille::{FindingKind, explore, spawn, yield_now};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn run<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) {
    explore().runs(50).run(program).unwrap();
}

#[test]
fn two_sleeps_in_turn_take_ten_seconds_and_joined_five() {
    run(|| async {
        let start = Instant::now();
        sleep(secs(5)).await;
        sleep(secs(5)).await;
        assert_eq!(start.elapsed(), secs(10));
        let start = Instant::now();
        futures::join!(sleep(secs(5)), sleep(secs(5)));
        assert_eq!(start.elapsed(), secs(5));
    });
}

#[test]
fn zero_huge_and_overflowing_durations_behave() {
    run(|| async {
        let start = Instant::now();
        sleep(Duration::ZERO).await;
        sleep_until(start).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(timeout(secs(1), sleep(Duration::MAX)).await.is_err());
        assert!(timeout(Duration::MAX, async { 1 }).await.is_ok());
        assert!(Instant::now().checked_add(Duration::MAX).is_none());
        sleep(secs(50 * 365 * 24 * 3600)).await;
        assert_eq!(start.elapsed(), secs(50 * 365 * 24 * 3600 + 1));
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the standard library's is what it is compared with")]
fn instants_reckon_as_those_of_the_standard_library() {
    run(|| async {
        let start = Instant::now();
        sleep(secs(5)).await;
        let (mut now, std) = (Instant::now(), std::time::Instant::now());
        assert_eq!(
            (now - secs(5), now.checked_sub(secs(5)), now.checked_sub(Duration::MAX)),
            (start, Some(start), None)
        );
        assert_eq!((now.checked_duration_since(start), start.checked_duration_since(now)), (Some(secs(5)), None));
        assert_eq!((now.saturating_duration_since(start), start.saturating_duration_since(now)), (secs(5), secs(0)));
        assert_eq!((std + secs(5)).checked_duration_since(std), now.checked_duration_since(start));
        assert_eq!(std.checked_duration_since(std + secs(5)), start.checked_duration_since(now));
        now += secs(2);
        now -= secs(3);
        assert_eq!(now - start, secs(4));
    });
}

#[test]
fn there_was_time_before_the_run() {
    run(|| async {
        let (start, day) = (Instant::now(), secs(24 * 3600));
        let yesterday = start - day;
        assert_eq!((yesterday.elapsed(), yesterday + day, yesterday < start), (day, start, true));
        assert_eq!(format!("{:?} {:?}", yesterday, start + secs(5)), "Instant(-86400s) Instant(5s)");
        // Due for long.
        sleep_until(yesterday).await;
        assert_eq!(Instant::now(), start);
        let mut ticks = interval_at(yesterday, day + secs(1));
        ticks.tick().await;
        ticks.tick().await;
        assert_eq!(start.elapsed(), secs(1));
    });
}

#[test]
fn an_instant_long_before_the_run_is_a_panic_at_the_line_that_wants_it() {
    let program = || async {
        sleep(secs(5)).await;
        let _ = Instant::now() - secs(400 * 24 * 3600);
    };
    let failure = explore().runs(3).run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    let report = failure.to_string();
    assert!(
        report.contains("34560000s before Instant(5s) is more than a year before the start of the run"),
        "{report}"
    );
    assert!(report.contains("panicked at sim/tests/virtual_time.rs:"), "{report}");
}

#[test]
fn sleeping_for_ever_reaches_the_limit_of_time() {
    let failure = explore().runs(3).run(|| async { sleep(Duration::MAX).await }).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Limit));
}

#[test]
fn a_ready_future_beats_a_timeout_of_zero_and_a_late_one_is_dropped() {
    run(|| async {
        assert_eq!(timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        let value = Rc::new(());
        let held = value.clone();
        let late = timeout(secs(1), async move {
            let _held = held;
            sleep(secs(2)).await;
        });
        assert!(late.await.is_err());
        assert_eq!(Rc::strong_count(&value), 1);
    });
}

#[test]
fn timers_of_one_instant_wake_in_every_order() {
    let orders = Rc::new(RefCell::new(BTreeSet::new()));
    for seed in 0..60 {
        let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = order.clone();
        explore()
            .runs(1)
            .seed(seed)
            .run(move || {
                let order = seen.clone();
                order.lock().unwrap().clear();
                async move {
                    let sleepers: Vec<_> = (0..3)
                        .map(|n| {
                            let order = order.clone();
                            spawn(async move {
                                sleep(secs(1)).await;
                                order.lock().unwrap().push(n);
                            })
                        })
                        .collect();
                    for sleeper in sleepers {
                        sleeper.await.unwrap();
                    }
                }
            })
            .unwrap();
        orders.borrow_mut().insert(order.lock().unwrap().clone());
    }
    assert_eq!(orders.borrow().len(), 6, "some order of three timers never came up: {orders:?}");
}

/// First in, first out, which is no order of tasks.
#[test]
fn timers_of_one_instant_usually_wake_in_the_order_in_which_they_were_armed() {
    explore()
        .runs(1)
        .seed(0)
        .run(|| async {
            let order = Rc::new(RefCell::new(Vec::new()));
            let sleeper = |n| {
                let order = order.clone();
                spawn(async move {
                    // The later it was spawned, the sooner it sleeps.
                    for _ in n..3 {
                        yield_now().await;
                    }
                    sleep(secs(1)).await;
                    order.borrow_mut().push(n);
                })
            };
            for sleeper in (0..3).map(sleeper).collect::<Vec<_>>() {
                sleeper.await.unwrap();
            }
            assert_eq!(*order.borrow(), [2, 1, 0]);
        })
        .unwrap();
}

#[test]
fn a_dropped_timer_wakes_nobody() {
    run(|| async {
        let start = Instant::now();
        let mut long = Box::pin(sleep(secs(1000)));
        assert!(timeout(secs(1), long.as_mut()).await.is_err());
        drop(long);
        // Past its deadline.
        let (mut longer, mut polls) = (Box::pin(sleep(secs(2000))), 0);
        poll_fn(|context| {
            polls += 1;
            longer.as_mut().poll(context)
        })
        .await;
        assert_eq!((polls, start.elapsed()), (2, secs(2001)));
    });
}

#[test]
fn a_dropped_timer_moves_no_time() {
    let failure = explore()
        .run(|| async {
            assert!(timeout(secs(1), sleep(secs(1000))).await.is_err());
            std::future::pending::<()>().await;
        })
        .unwrap_err();
    let report = failure.to_string();
    assert!(report.contains("time is 1s") && !report.contains("time is 1000s"), "{report}");
}

#[test]
fn an_interval_ticks_at_once_and_then_every_period() {
    run(|| async {
        let start = Instant::now();
        let mut ticks = interval(secs(2));
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(ticks.tick().await - start);
        }
        assert_eq!(seen, [0, 2, 4, 6].map(secs));
        ticks.reset();
        assert_eq!(ticks.tick().await - start, secs(8));
        let mut later = interval_at(Instant::now() + secs(5), secs(1));
        assert_eq!(later.tick().await - start, secs(13));
    });
}

#[test]
fn missed_ticks_burst_delay_or_skip() {
    async fn ticks_after_being_late(behavior: MissedTickBehavior) -> Vec<u64> {
        let start = Instant::now();
        let mut ticks = interval(secs(2));
        ticks.set_missed_tick_behavior(behavior);
        ticks.tick().await;
        sleep(secs(7)).await;
        let mut taken = Vec::new();
        for _ in 0..5 {
            ticks.tick().await;
            taken.push(start.elapsed().as_secs());
        }
        taken
    }
    run(|| async {
        assert_eq!(ticks_after_being_late(MissedTickBehavior::Burst).await, [7, 7, 7, 8, 10]);
        assert_eq!(ticks_after_being_late(MissedTickBehavior::Delay).await, [7, 9, 11, 13, 15]);
        assert_eq!(ticks_after_being_late(MissedTickBehavior::Skip).await, [7, 8, 10, 12, 14]);
    });
}

#[test]
fn with_poll_cost_a_timeout_can_strike_while_the_processor_is_busy() {
    let program = || async {
        let work = async {
            for _ in 0..3 {
                reveille::yield_now().await;
            }
        };
        // No time passes between the polls of `work`, unless polls cost time.
        timeout(secs(1), work).await.expect("too slow");
    };
    explore().run(program).expect("without poll cost no time passes");
    let failure = explore().poll_cost(true).run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    let tape = failure.tape().unwrap().clone();
    assert!(tape.unusual_of('p') > 0, "{tape}");
    // The setting travels on the tape.
    assert!(explore().replay(tape.to_string()).run(program).is_err());
}

#[test]
fn a_sleep_that_was_never_polled_is_noted_when_something_fails() {
    let failure = explore()
        .run(|| async {
            drop(sleep(secs(1)));
            assert!(Instant::now().elapsed() > secs(1), "it did not wait");
        })
        .unwrap_err();
    assert!(
        failure.to_string().contains("dropped without ever being polled; futures do nothing unless polled"),
        "{failure}"
    );
}

/// A `select!` makes all of its futures, and drops those that it did not get to.
#[test]
fn a_sleep_of_a_select_that_was_not_polled_this_time_is_not_worth_a_note() {
    let failure = explore()
        .run(|| async {
            let (sender, receiver) = async_channel::unbounded();
            sender.send(1).await.unwrap();
            for _ in 0..2 {
                tokio::select! {
                    biased;
                    message = receiver.recv() => assert_eq!(message, Ok(1)),
                    () = sleep(Duration::from_secs(1)) => panic!("nothing more has come"),
                }
            }
        })
        .unwrap_err();
    assert!(!failure.to_string().contains("note:"), "{failure}");
}

#[test]
fn outside_a_run_a_sleep_says_how_to_run_it() {
    let panic = std::panic::catch_unwind(|| drop(sleep(secs(1)))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("`reveille::time::sleep` was called outside a run") && message.contains("#[reveille::test]")
    );
}

/// Drops a timer when it is woken.
struct Thief(Mutex<Option<Pin<Box<Sleep>>>>);

impl Wake for Thief {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

#[test]
fn all_that_is_due_has_fired_before_anybody_is_woken() {
    run(|| async {
        let (due, start) = (Duration::from_millis(5), Instant::now());
        let thief = Arc::new(Thief(Mutex::default()));
        let mut armed_first = Box::pin(sleep(due));
        let waker = Waker::from(Arc::clone(&thief));
        assert!(armed_first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let mut stolen = Some(Box::pin(sleep(due)));
        let woken_at = timeout(
            due * 4,
            poll_fn(|context| match stolen.take() {
                Some(mut sleep) => {
                    assert!(sleep.as_mut().poll(context).is_pending());
                    *thief.0.lock().unwrap() = Some(sleep);
                    Poll::Pending
                }
                None => Poll::Ready(start.elapsed()),
            }),
        );
        assert_eq!(woken_at.await, Ok(due), "the timer struck, and was dropped after that");
        assert!(thief.0.lock().unwrap().is_none());
    });
}
