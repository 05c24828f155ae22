//! A poll that never returns ends the process, and is named. So each program that hangs is a process of its own: this
//! test's, started once more.

#![cfg(not(loom))]

mod common;

use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use common::in_a_process;
use reveille::time::{Duration, sleep};
use reveille::{explore, spawn, task, yield_now};

fn report(output: &Output) -> String {
    assert!(!output.status.success(), "a test that hangs has passed");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "hangs: started by the test below"]
fn locks_twice() {
    let explore = explore().name("locks_twice").watchdog(Duration::from_secs(1));
    let _ = explore.run(|| async {
        let shared = Arc::new(Mutex::new(0));
        let seen = shared.clone();
        let worker = task::Builder::new().name("worker").spawn(async move {
            sleep(Duration::from_secs(1)).await; // waits here
            let _one = seen.lock().unwrap();
            let _two = seen.lock().unwrap();
        });
        worker.await.unwrap();
    });
}

#[test]
fn a_lock_taken_twice_is_named_with_task_and_line() {
    let report = report(&in_a_process("locks_twice", &[]));
    assert!(report.starts_with("reveille: endless poll in `locks_twice` (run 0 of 1000, seed 0)"), "{report}");
    assert!(report.contains("the poll of task 1 at step 3 has not returned after 1s"), "{report}");
    assert!(report.contains("attach a debugger to: REVEILLE_SEED=0 REVEILLE_RUNS=1 cargo test"), "{report}");
    assert!(report.contains("task 1 `worker` (spawned at sim/tests/watchdog.rs:"), "{report}");
    let line = include_str!("watchdog.rs").lines().position(|line| line.ends_with("// waits here")).unwrap() + 1;
    assert!(report.contains("this was its poll number 2"), "{report}");
    #[cfg(target_os = "linux")]
    assert!(report.contains("its thread waits for a lock"), "{report}");
    assert!(report.contains(&format!("sim/tests/watchdog.rs:{line}:")), "{report}");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn spins_in_one_schedule() {
    let explore = explore().name("spins").watchdog(Duration::from_secs(1));
    let _ = explore.run(|| async {
        let flag = Arc::new(AtomicBool::new(false));
        let set = flag.clone();
        let setter = spawn(async move { set.store(true, Ordering::Relaxed) });
        let spinner = spawn(async move {
            // Meant for two threads; there is one.
            while !flag.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        setter.await.unwrap();
        spinner.await.unwrap();
    });
}

#[test]
fn a_loop_that_only_some_schedules_enter_is_found_with_its_seed() {
    let report = report(&in_a_process("spins_in_one_schedule", &[]));
    assert!(report.contains("reveille: endless poll in `spins` (run "), "{report}");
    assert!(report.contains("the poll of task 2 at step 2 has not returned"), "{report}");
    assert!(report.contains("this was its first poll"), "{report}");
    #[cfg(target_os = "linux")]
    assert!(report.contains("its thread is running: a loop without an await"), "{report}");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn sleeps_in_a_task() {
    let explore = explore().name("sleeps").watchdog(Duration::from_secs(1));
    let _ = explore.run(|| async { std::thread::sleep(Duration::from_secs(60)) });
}

#[test]
#[cfg(target_os = "linux")]
fn a_thread_that_sleeps_is_told_from_a_loop() {
    let report = report(&in_a_process("sleeps_in_a_task", &[]));
    assert!(report.contains("its thread sleeps: `std::thread::sleep` holds up every task"), "{report}");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn hangs_when_it_is_repeated() {
    static HAS_FAILED: AtomicBool = AtomicBool::new(false);
    let explore = explore().name("repeated").watchdog(Duration::from_secs(1));
    let _ = explore.run(|| async {
        yield_now().await;
        while HAS_FAILED.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        HAS_FAILED.store(true, Ordering::Relaxed);
        panic!("the first time");
    });
}

/// It has no seed, so the run that it repeats is named by its tape.
#[test]
fn a_hang_of_a_repetition_is_named_with_the_run_that_was_repeated() {
    let report = report(&in_a_process("hangs_when_it_is_repeated", &[]));
    assert!(report.contains("`repeated` (a run that was being repeated, or made small)"), "{report}");
    assert!(report.contains("the poll of task 0 at step 2 has not returned"), "{report}");
    assert!(report.contains("the run that was to be repeated: REVEILLE_REPLAY=r1."), "{report}");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn hangs_in_a_search() {
    let explore = explore().name("search").strategy("exhaustive").watchdog(Duration::from_secs(1));
    let _ = explore.run(|| async {
        if reveille::choose(2) == 1 {
            std::thread::sleep(Duration::from_secs(60));
        }
    });
}

#[test]
fn a_run_without_a_seed_is_not_called_a_repetition() {
    let report = report(&in_a_process("hangs_in_a_search", &[]));
    assert!(report.contains("`search` (a run that no seed names)"), "{report}");
    assert!(!report.contains("to be repeated"), "{report}");
}

/// No watchdog is needed: our own leaves count.
#[test]
fn a_loop_that_polls_a_leaf_of_ours_is_ended_and_named() {
    use futures::FutureExt as _;

    let failure = explore()
        .watchdog(Duration::ZERO)
        .run(|| async {
            let waits = task::Builder::new().name("busy").spawn(async {
                let mut pause = Box::pin(sleep(Duration::from_secs(1)));
                while (&mut pause).now_or_never().is_none() {} // spins here
            });
            let _ = waits.await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(reveille::FindingKind::EndlessPoll), "{failure}");
    let report = failure.to_string();
    assert!(
        report.contains("a poll of task 1 `busy`") && report.contains("polled a `sleep` again and again"),
        "{report}"
    );
    let line = include_str!("watchdog.rs").lines().position(|line| line.ends_with("// spins here")).unwrap() + 1;
    assert!(report.contains(&format!("sim/tests/watchdog.rs:{line}:")), "{report}");
}

/// More often than any poll that was not meant to.
#[test]
fn a_loop_that_is_meant_to_poll_a_leaf_of_ours_for_so_long_is_left_alone() {
    use futures::FutureExt as _;

    let program = || async {
        let _meant = task::meant_to_spin();
        let mut pause = Box::pin(sleep(Duration::from_secs(1)));
        for _ in 0..5_000_000 {
            assert!((&mut pause).now_or_never().is_none());
        }
    };
    assert_eq!(explore().runs(1).watchdog(Duration::ZERO).run(program).unwrap().runs, 1);
}

#[test]
#[ignore = "hangs: started by the test below"]
fn hangs_in_a_destructor() {
    struct Hangs;
    impl Drop for Hangs {
        fn drop(&mut self) {
            std::thread::sleep(Duration::from_secs(600));
        }
    }
    let _ = explore().name("teardown").watchdog(Duration::from_secs(1)).run(|| async {
        drop(spawn(async {
            let _hangs = Hangs;
            std::future::pending::<()>().await;
        }));
        yield_now().await;
    });
}

#[test]
fn a_destructor_that_hangs_is_named() {
    let report = report(&in_a_process("hangs_in_a_destructor", &[]));
    assert!(report.contains("a destructor has not returned, while the world was being dropped"), "{report}");
}

#[test]
fn a_slow_poll_within_the_limit_is_nobodys_business() {
    let slow = AtomicBool::new(true);
    let passed = explore().runs(100).watchdog(Duration::from_secs(30)).run(|| {
        let slow = slow.swap(false, Ordering::Relaxed);
        async move { std::thread::sleep(Duration::from_millis(if slow { 1_500 } else { 0 })) }
    });
    assert_eq!(passed.unwrap().runs, 100);
}

/// Listens, throws its listener away, and listens again, all in one poll.
async fn goes_round(waiting: &std::cell::RefCell<Vec<std::task::Waker>>) {
    std::future::poll_fn(|context| {
        loop {
            waiting.borrow_mut().clear();
            let waker = context.waker().clone(); // goes round here
            waiting.borrow_mut().push(waker);
            if waiting.borrow().is_empty() {
                return std::task::Poll::Ready(());
            }
        }
    })
    .await;
}

#[test]
#[ignore = "hangs: started by the test below"]
fn listens_over_and_over() {
    let _ = explore().name("listens").watchdog(Duration::from_secs(1)).run(|| async {
        yield_now().await;
        goes_round(&std::cell::RefCell::default()).await;
    });
}

#[test]
fn a_loop_that_takes_its_waker_is_named_with_its_line() {
    let report = report(&in_a_process("listens_over_and_over", &[]));
    assert!(report.contains("the poll of task 0 at step 2 has not returned"), "{report}");
    assert!(report.contains("in this poll it took its waker 20000 times, the last time at"), "{report}");
    let line = include_str!("watchdog.rs").lines().position(|line| line.ends_with("// goes round here")).unwrap() + 1;
    assert!(report.contains(&format!("sim/tests/watchdog.rs:{line}:")), "{report}");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn wakes_under_a_lock() {
    let _ = explore().name("wakes").freedoms("inline-wake").watchdog(Duration::from_secs(1)).run(|| async {
        let desk = Arc::new(Mutex::new((false, None::<std::task::Waker>)));
        let clerk = spawn({
            let desk = desk.clone();
            async move {
                yield_now().await;
                let mut desk = desk.lock().unwrap();
                desk.0 = true;
                if let Some(waker) = desk.1.take() {
                    waker.wake();
                }
            }
        });
        std::future::poll_fn(|context| {
            let mut desk = desk.lock().unwrap();
            desk.1 = Some(context.waker().clone());
            if desk.0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        clerk.await.unwrap();
    });
}

#[test]
fn a_wake_under_a_lock_is_named_with_who_wakes() {
    let report = report(&in_a_process("wakes_under_a_lock", &[]));
    assert!(report.contains("the poll of task 0 at step "), "{report}");
    assert!(report.contains(", made within a `wake` by task 1 at step "), "{report}");
    assert!(report.contains("(the freedom `inline-wake`), has not returned"), "{report}");
    assert!(report.contains("crates that wake under a lock"), "{report}");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn wakes_under_a_lock_for_a_timer() {
    /// Passes a wake on, as sets of futures do, and is locked meanwhile.
    #[derive(Default)]
    struct PassesOn(Mutex<Option<std::task::Waker>>);
    impl std::task::Wake for PassesOn {
        fn wake(self: Arc<Self>) {
            if let Some(waker) = &*self.0.lock().unwrap() {
                waker.wake_by_ref();
            }
        }
    }
    let _ = explore().name("timer").freedoms("inline-wake").watchdog(Duration::from_secs(1)).run(|| async {
        let passes_on = Arc::new(PassesOn::default());
        let mut timer = std::pin::pin!(reveille::time::sleep(Duration::from_secs(1)));
        std::future::poll_fn(|context| {
            passes_on.0.lock().unwrap().replace(context.waker().clone());
            timer.as_mut().poll(&mut std::task::Context::from_waker(&passes_on.clone().into()))
        })
        .await;
    });
}

#[test]
fn a_wake_by_a_timer_is_ascribed_to_no_task() {
    let report = report(&in_a_process("wakes_under_a_lock_for_a_timer", &[]));
    assert!(report.contains(", made within a `wake` by a timer, a socket or a file (the freedom"), "{report}");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn holds_the_terminal() {
    let _ = explore().name("terminal").watchdog(Duration::from_secs(1)).run(|| async {
        let _out = std::io::stdout().lock();
        let _err = std::io::stderr().lock();
        std::thread::sleep(Duration::from_secs(600));
    });
}

#[test]
#[cfg(unix)]
fn a_task_that_holds_standard_error_cannot_silence_the_watchdog() {
    let output = in_a_process("holds_the_terminal", &[]);
    assert_eq!(output.status.code(), Some(101));
    assert!(report(&output).starts_with("reveille: endless poll in `terminal`"), "{output:?}");
}
