//! The first story: a timer future written by hand, set by whoever it may be.
//!
//! `Arc<Mutex<{completed, waker}>>`, as in many introductions to async Rust. Right on virtual time; a lost wakeup when it
//! checks and stores in two steps; a foreign wake when a real thread sets it, which on the real executor works.

#![cfg(not(loom))]

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use reveille::{FindingKind, explore, spawn, time, yield_now};

#[derive(Default)]
struct State {
    completed: bool,
    waker: Option<Waker>,
}

#[derive(Clone, Default)]
struct Timer(Arc<Mutex<State>>);

impl Timer {
    fn complete(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.completed = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Looks and stores under one lock.
    async fn wait(&self) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if state.completed {
                return Poll::Ready(());
            }
            state.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Looks under one lock, lets others in, and stores under another: what was set in between is never seen.
    async fn wait_in_two_steps(&self) {
        if self.0.lock().unwrap().completed {
            return;
        }
        yield_now().await;
        let mut stored = false;
        poll_fn(|context| {
            if std::mem::replace(&mut stored, true) && self.0.lock().unwrap().completed {
                return Poll::Ready(());
            }
            self.0.lock().unwrap().waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[test]
fn on_virtual_time_it_works() {
    explore()
        .run(|| async {
            let timer = Timer::default();
            let sets = timer.clone();
            spawn(async move {
                time::sleep(Duration::from_secs(3)).await;
                sets.complete();
            });
            let start = time::Instant::now();
            timer.wait().await;
            assert_eq!(start.elapsed(), Duration::from_secs(3));
        })
        .unwrap();
}

#[test]
fn checking_and_storing_in_two_steps_loses_the_wakeup() {
    let failure = explore()
        .run(|| async {
            let timer = Timer::default();
            let sets = timer.clone();
            spawn(async move { sets.complete() });
            timer.wait_in_two_steps().await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::LostWakeup), "{failure}");
    assert!(failure.to_string().contains("foreign::Timer::wait_in_two_steps"), "{failure}");
}

#[expect(clippy::disallowed_methods, reason = "a thread outside the run is what this is about")]
fn set_by_a_thread(timer: &Timer) -> std::thread::JoinHandle<()> {
    let sets = timer.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        sets.complete();
    })
}

#[test]
fn set_by_a_real_thread_it_is_a_foreign_wake() {
    let failure = explore()
        .run(|| async {
            let timer = Timer::default();
            drop(set_by_a_thread(&timer));
            timer.wait().await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::ForeignWake), "{failure}");
    assert!(failure.to_string().contains("task 0 (the root, started at sim/tests/foreign.rs:"), "{failure}");
    assert!(
        failure.to_string().contains("in foreign::Timer::wait\n"),
        "it does not say where the task waited: {failure}"
    );
}

#[test]
fn where_it_waited_is_said_also_of_a_task_that_has_ended_since() {
    let failure = explore()
        .run(|| async {
            let timer = Timer::default();
            let waits = spawn({
                let timer = timer.clone();
                async move { timer.wait().await }
            });
            let thread = set_by_a_thread(&timer);
            yield_now().await;
            yield_now().await;
            thread.join().unwrap();
            waits.await.unwrap();
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::ForeignWake), "{failure}");
    assert!(failure.to_string().contains("in foreign::Timer::wait\n"), "{failure}");
}

#[reveille::main]
async fn waits_for_a_thread() -> u32 {
    let timer = Timer::default();
    drop(set_by_a_thread(&timer));
    timer.wait().await;
    spawn(async { 7 }).await.unwrap()
}

#[test]
fn set_by_a_real_thread_it_works_on_the_real_executor() {
    assert_eq!(waits_for_a_thread(), 7);
}
