//! Polling a task that nobody woke.

#![cfg(not(loom))]

mod common;

use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use common::{Fifo, WakerSlot, Wakes, run_ready};
use reveille_executor::{LocalExecutor, Ran, TaskId, block_on};

#[test]
fn a_waiting_task_is_polled_with_the_given_waker() {
    let executor = LocalExecutor::new();
    let given = Waker::from(Wakes::new());
    let expected = given.clone();
    let task = executor
        .spawn(poll_fn(move |cx| if cx.waker().will_wake(&expected) { Poll::Ready(42) } else { Poll::Pending }));
    assert_eq!(run_ready(&executor), [Ran::Pending]);
    assert_eq!(executor.repoll(task.id(), &given), Some(Ran::Ready));
    assert_eq!((executor.live_tasks(), block_on(task).unwrap()), (0, 42));
}

#[test]
fn a_task_that_does_not_wait_is_left_alone() {
    let executor = Rc::new(LocalExecutor::new());
    let slot = WakerSlot::default();
    let waits = executor.spawn(slot.wait());
    let repoll = |id| executor.repoll(id, Waker::noop());
    assert_eq!(repoll(waits.id()), None, "queued");
    let picked = executor.pick(&mut Fifo).unwrap();
    assert_eq!(repoll(waits.id()), None, "picked");
    assert_eq!(picked.run(), Ran::Pending);
    slot.take().wake();
    assert_eq!(repoll(waits.id()), None, "woken");
    let _ = run_ready(&executor);
    assert_eq!(repoll(waits.id()), None, "ended");
    assert_eq!(repoll(TaskId::new(99)), None, "never spawned");

    let inner = Rc::clone(&executor);
    let own = TaskId::new(1);
    drop(executor.spawn(async move { assert_eq!(inner.repoll(own, Waker::noop()), None, "running") }));
    assert_eq!(run_ready(&executor), [Ran::Ready]);
}

#[test]
fn a_wake_during_the_poll_schedules_the_task() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(pending::<()>());
    let _ = run_ready(&executor);
    let own = executor.waker(task.id()).unwrap();
    let twin = executor.spawn(async move { own.wake() });
    assert_eq!(executor.repoll(task.id(), Waker::noop()), Some(Ran::Pending));
    assert_eq!(executor.ready(), 1);
    assert_eq!(run_ready(&executor).len(), 2);
    drop(twin);
}

#[test]
fn an_aborted_task_is_scheduled_and_so_left_alone() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(pending::<()>());
    let _ = run_ready(&executor);
    task.abort();
    assert_eq!(executor.repoll(task.id(), Waker::noop()), None);
    assert_eq!(run_ready(&executor), [Ran::Cancelled]);
}
