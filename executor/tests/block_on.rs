//! Running a future on the calling thread.

#![cfg(not(loom))]

mod common;

use std::future::{pending, poll_fn};
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;

use common::{Counter, panic_quietly, run_ready, until_polled};
use reveille_executor::{LocalExecutor, block_on, spawn, yield_now};

#[test]
fn the_thread_sleeps_until_the_future_is_woken() {
    let (sender, receiver) = mpsc::channel::<Waker>();
    thread::scope(|scope| {
        scope.spawn(move || receiver.iter().for_each(Waker::wake));
        block_on(until_polled(100, sender.clone()));
        LocalExecutor::new().block_on(until_polled(100, sender.clone()));
        drop(sender);
    });
}

#[test]
fn the_future_may_borrow() {
    let mut local = vec![1, 2];
    block_on(async { local.push(3) });
    LocalExecutor::new().block_on(async { local.push(4) });
    assert_eq!(local, [1, 2, 3, 4]);
}

#[test]
fn the_future_takes_turns_with_the_tasks() {
    let executor = LocalExecutor::new();
    let turns = Counter::default();
    drop(executor.spawn({
        let turns = turns.clone();
        async move {
            loop {
                turns.add();
                yield_now().await;
            }
        }
    }));
    executor.block_on(async {
        for _ in 0..10 {
            yield_now().await;
        }
    });
    // A task that never rests does not keep the future from its turn, nor the other way round.
    assert_eq!(turns.get(), 10);
}

#[test]
fn tasks_are_left_where_they_are_when_the_future_ends() {
    let executor = LocalExecutor::new();
    let ended = Counter::default();
    executor.block_on({
        let ended = ended.clone();
        async move { drop(spawn(async move { ended.add() })) }
    });
    assert_eq!((ended.get(), executor.live_tasks()), (0, 1));
    let _ = run_ready(&executor);
    assert_eq!(ended.get(), 1);
}

#[test]
fn a_panic_of_the_future_comes_out() {
    let executor = LocalExecutor::new();
    drop(executor.spawn(pending::<()>()));
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        executor.block_on(async {
            yield_now().await;
            panic_quietly("on purpose")
        })
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"on purpose"));
    // The executor goes on as if nothing had happened.
    assert_eq!(executor.block_on(executor.spawn(async { 42 })).unwrap(), 42);
}

#[test]
fn wakers_of_the_future_outlive_it() {
    let waker = block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
    waker.wake_by_ref();
    thread::scope(|scope| scope.spawn(move || waker.wake()).join().unwrap());
}

#[test]
fn one_executor_may_block_within_a_task_of_another_and_of_itself() {
    let executor = std::rc::Rc::new(LocalExecutor::new());
    let inner = std::rc::Rc::clone(&executor);
    let sum = executor.block_on(executor.spawn(async move {
        let task = inner.spawn(async {
            yield_now().await;
            20
        });
        inner.block_on(task).unwrap() + block_on(async { 22 })
    }));
    assert_eq!(sum.unwrap(), 42);
}
