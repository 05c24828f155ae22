//! Polls that come to nothing: who wakes whom is named, and a program that only has much to do is not accused.

#![cfg(not(loom))]

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use reveille::task::{Builder, meant_to_spin};
use reveille::time::{Duration, sleep};
use reveille::{Explore, Failure, FindingKind, spawn, yield_now};

fn explore() -> Explore {
    reveille::explore().limits(40_000, Duration::from_secs(1_000_000)).runs(3)
}

fn report(failure: &Failure) -> String {
    assert_eq!(failure.kind(), Some(FindingKind::Livelock), "{failure}");
    failure.to_string()
}

/// The number of the line of this file that ends in `mark`.
fn line(mark: &str) -> usize {
    include_str!("livelock.rs").lines().position(|line| line.ends_with(mark)).unwrap() + 1
}

/// Waits for ever, and passes every wake on to whoever waits.
async fn pass_on(idle: Rc<RefCell<Vec<Waker>>>) {
    poll_fn(|context| {
        for waker in idle.take() {
            waker.wake(); // passes it on
        }
        idle.borrow_mut().push(context.waker().clone());
        Poll::<()>::Pending
    })
    .await;
}

#[test]
fn a_circle_of_tasks_is_named_with_the_line_at_which_they_are_woken() {
    let failure = explore()
        .run(|| async {
            let idle = Rc::new(RefCell::new(Vec::new()));
            let one = Builder::new().name("one").spawn(pass_on(idle.clone()));
            let two = Builder::new().name("two").spawn(pass_on(idle.clone()));
            let _bystander = spawn(sleep(Duration::from_secs(1)));
            one.await.unwrap();
            two.await.unwrap();
        })
        .unwrap_err();
    let report = report(&failure);
    assert!(report.contains("these 2 tasks wake each other in a circle"), "{report}");
    for (task, other) in [("1 `one`", 2), ("2 `two`", 1)] {
        assert!(report.contains(&format!("task {task} (spawned at sim/tests/livelock.rs:")), "{report}");
        let by = format!("50 % of them; woken by task {other}, at sim/tests/livelock.rs:{}:", line("// passes it on"));
        assert!(report.contains(&by), "{report}");
    }
    assert!(failure.place().unwrap().starts_with(&format!("sim/tests/livelock.rs:{}:", line("// passes it on"))));
}

#[test]
fn a_task_that_wakes_itself_is_named_with_its_share() {
    let failure = explore()
        .run(|| async {
            let flag = Rc::new(RefCell::new(false));
            let waits = flag.clone();
            let spinner = spawn(async move {
                while !*waits.borrow() {
                    yield_now().await;
                }
            });
            spinner.await.unwrap();
            *flag.borrow_mut() = true;
        })
        .unwrap_err();
    let report = report(&failure);
    assert!(report.contains("polls, 100 % of them; woken by itself"), "{report}");
    assert!(report.contains("`reveille::task::meant_to_spin()`"), "{report}");
}

#[test]
fn what_is_meant_to_spin_reaches_its_limit_and_says_so() {
    let failure = explore()
        .run(|| async {
            let _spin = meant_to_spin(); // said here
            loop {
                yield_now().await;
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Limit), "{failure}");
    let said = format!("it is meant to spin, as is said at sim/tests/livelock.rs:{}:", line("// said here"));
    assert!(failure.to_string().contains(&said), "{failure}");
}

#[test]
fn the_guard_ends_with_its_scope() {
    let failure = explore()
        .run(|| async {
            {
                let _spin = meant_to_spin();
                for _ in 0..1_000 {
                    yield_now().await;
                }
            }
            loop {
                yield_now().await;
            }
        })
        .unwrap_err();
    report(&failure);
}

#[test]
fn a_long_way_to_the_end_is_no_livelock() {
    // Near the limit, and not over it.
    let long = || async {
        for _ in 0..39_000 {
            yield_now().await;
        }
    };
    assert_eq!(explore().run(long).unwrap().runs, 3);
    // Over it, and time passes, or tasks end.
    let ticking = || async {
        for _ in 0..50_000 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    assert_eq!(explore().run(ticking).unwrap_err().kind(), Some(FindingKind::Limit));
    let spawning = || async {
        for _ in 0..30_000 {
            spawn(yield_now()).await.unwrap();
        }
    };
    assert_eq!(explore().run(spawning).unwrap_err().kind(), Some(FindingKind::Limit));
}

#[test]
fn a_low_limit_is_a_limit() {
    let spin = || async {
        loop {
            yield_now().await;
        }
    };
    let failure = reveille::explore().limits(1_000, Duration::from_secs(1)).run(spin).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Limit));
}

#[test]
fn a_waiter_that_was_lost_is_the_finding_although_others_spin() {
    let failure = explore()
        .run(|| async {
            drop(spawn(async {
                loop {
                    yield_now().await;
                }
            }));
            let mut asked = false;
            poll_fn(|_| if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending }).await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::DeadWaker), "{failure}");
}
