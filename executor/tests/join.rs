//! Handles: awaiting, aborting, detaching.

#![cfg(not(loom))]

mod common;

use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use common::{Counter, Fifo, WakerSlot, Wakes, run_ready};
use reveille_executor::{AbortHandle, JoinError, JoinHandle, LocalExecutor, Ran, yield_now};

fn poll<T>(task: &mut JoinHandle<T>, waker: &Waker) -> Poll<Result<T, JoinError>> {
    Pin::new(task).poll(&mut Context::from_waker(waker))
}

#[test]
fn a_detached_task_runs_on() {
    let executor = LocalExecutor::new();
    let ran = Counter::default();
    drop(executor.spawn({
        let ran = ran.clone();
        async move {
            yield_now().await;
            ran.add();
        }
    }));
    executor.run();
    assert_eq!(ran.get(), 1);
}

#[test]
fn the_joiner_is_woken_once_and_by_its_latest_waker() {
    let executor = LocalExecutor::new();
    let mut task = executor.spawn(async { 42 });
    let (first, second) = (Wakes::new(), Wakes::new());
    for wakes in [&first, &first, &second, &second] {
        assert!(poll(&mut task, &wakes.clone().into()).is_pending());
    }
    // What a handle does not wake it does not keep.
    assert_eq!(std::sync::Arc::strong_count(&first), 1);
    let _ = run_ready(&executor);
    assert_eq!((first.get(), second.get()), (0, 1));
    assert_eq!(std::sync::Arc::strong_count(&second), 1);
    assert!(matches!(poll(&mut task, Waker::noop()), Poll::Ready(Ok(42))));
}

#[test]
fn a_dropped_handle_takes_its_waker_along() {
    let executor = LocalExecutor::new();
    let mut task = executor.spawn(async {});
    let wakes = Wakes::new();
    assert!(poll(&mut task, &wakes.clone().into()).is_pending());
    drop(task);
    assert_eq!(std::sync::Arc::strong_count(&wakes), 1);
    let _ = run_ready(&executor);
    assert_eq!(wakes.get(), 0);
}

#[test]
#[should_panic(expected = "a join handle was polled again after it returned the result")]
fn a_handle_is_not_polled_after_its_result() {
    let executor = LocalExecutor::new();
    let mut task = executor.spawn(async {});
    let _ = run_ready(&executor);
    assert!(poll(&mut task, Waker::noop()).is_ready());
    let _ = poll(&mut task, Waker::noop());
}

/// A task that yields forever, and notes being dropped.
fn spawn_endless(executor: &LocalExecutor, drops: &Counter) -> JoinHandle<()> {
    let guard = drops.on_drop();
    executor.spawn(async move {
        let _guard = guard;
        loop {
            yield_now().await;
        }
    })
}

#[test]
fn an_abort_before_the_first_poll_drops_the_future_unpolled() {
    let executor = LocalExecutor::new();
    let drops = Counter::default();
    let task = spawn_endless(&executor, &drops);
    task.abort();
    task.abort();
    assert_eq!((drops.get(), executor.ready()), (0, 1), "dropped at its turn, not inside `abort`");
    assert_eq!(run_ready(&executor), [Ran::Cancelled]);
    assert_eq!(drops.get(), 1);
    assert!(executor.block_on(task).unwrap_err().is_cancelled());
}

#[test]
fn an_abort_of_a_waiting_task_schedules_it() {
    let executor = LocalExecutor::new();
    let slot = WakerSlot::default();
    let task = executor.spawn(slot.wait());
    let _ = run_ready(&executor);
    let waker = slot.take();
    task.abort();
    waker.wake();
    assert_eq!(run_ready(&executor), [Ran::Cancelled]);
}

#[test]
fn an_abort_of_a_picked_task_drops_its_future_unpolled() {
    let executor = LocalExecutor::new();
    let drops = Counter::default();
    let task = spawn_endless(&executor, &drops);
    let picked = executor.pick(&mut Fifo).unwrap();
    task.abort();
    assert_eq!(drops.get(), 0);
    assert_eq!(picked.run(), Ran::Cancelled);
    assert_eq!((drops.get(), executor.ready(), executor.live_tasks()), (1, 0, 0));
}

#[test]
fn abort_during_poll_drops_future_once() {
    let executor = LocalExecutor::new();
    let drops = Counter::default();
    let own = Rc::new(RefCell::new(None::<AbortHandle>));
    let task = executor.spawn({
        let (own, guard) = (own.clone(), drops.on_drop());
        async move {
            let _guard = guard;
            own.take().unwrap().abort();
            pending::<()>().await;
        }
    });
    *own.borrow_mut() = Some(task.abort_handle());
    // One run: the poll, and then the drop instead of a second turn.
    assert_eq!(run_ready(&executor), [Ran::Cancelled]);
    assert_eq!(drops.get(), 1);
    assert!(executor.block_on(task).unwrap_err().is_cancelled());
}

#[test]
fn a_poll_that_brings_the_output_wins_over_an_abort_during_it() {
    let executor = LocalExecutor::new();
    let own = Rc::new(RefCell::new(None::<AbortHandle>));
    let task = executor.spawn({
        let own = own.clone();
        async move {
            own.take().unwrap().abort();
            42
        }
    });
    *own.borrow_mut() = Some(task.abort_handle());
    assert_eq!(run_ready(&executor), [Ran::Ready]);
    assert_eq!(executor.block_on(task).unwrap(), 42);
}

#[test]
fn an_abort_after_the_end_does_nothing() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(async { 42 });
    let abort = task.abort_handle();
    let _ = run_ready(&executor);
    task.abort();
    abort.abort();
    assert!(abort.is_finished() && executor.ready() == 0);
    assert_eq!(executor.block_on(task).unwrap(), 42);
    drop(executor);
    abort.clone().abort();
}

#[test]
fn abort_handles_are_not_wakers() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(pending::<()>());
    let (first, waker) = (task.abort_handle(), executor.waker(task.id()).unwrap());
    let second = first.clone();
    assert_eq!(executor.live_wakers(task.id()), Some(1));
    drop(waker);
    assert_eq!(executor.live_wakers(task.id()), Some(0));
    drop((first, second));
    assert_eq!(executor.live_wakers(task.id()), Some(0));
}

#[test]
fn handles_go_to_other_threads_and_executors_do_not() {
    const fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<JoinHandle<u8>>();
    send_and_sync::<AbortHandle>();
    send_and_sync::<JoinError>();
    // That `LocalExecutor`, `Runnable`, `Spawner` and `JoinHandle<Rc<u8>>` are not `Send` are doctests that must not
    // compile.
}
