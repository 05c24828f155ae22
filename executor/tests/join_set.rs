//! Sets of tasks.

#![cfg(not(loom))]

mod common;

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use common::{Counter, WakerSlot, Wakes, run_ready};
use reveille_executor::{JoinSet, LocalExecutor, spawn};

#[test]
fn results_come_in_the_order_of_ending() {
    let executor = LocalExecutor::new();
    let slots = [(); 3].map(|()| WakerSlot::default());
    let mut set = JoinSet::new();
    for (task, slot) in slots.iter().enumerate() {
        let wait = slot.wait();
        set.spawn_on(&executor, async move {
            wait.await;
            task
        });
    }
    let _ = run_ready(&executor);
    assert!(set.try_join_next().is_none());
    for task in [1, 2, 0] {
        slots[task].take().wake();
    }
    let joined: Vec<_> = executor.block_on(async {
        let mut joined = Vec::new();
        while let Some(result) = set.join_next().await {
            joined.push(result.unwrap());
        }
        joined
    });
    assert_eq!(joined, [1, 2, 0]);
    assert!(set.is_empty());
}

/// A poll of the parent per child that ends, each of which takes constant time: with a look at every child this would be
/// ten thousand million looks.
#[test]
fn a_hundred_thousand_children_are_joined_one_by_one() {
    const CHILDREN: usize = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
    let executor = LocalExecutor::new();
    let polls = Counter::default();
    let sum = executor.block_on(async {
        let mut set = JoinSet::new();
        let slots: Vec<_> = (0..CHILDREN).map(|_| WakerSlot::default()).collect();
        for (child, slot) in slots.iter().enumerate() {
            let wait = slot.wait();
            set.insert(spawn(async move {
                wait.await;
                child
            }));
        }
        // Wakes one child at a time, so that each result is awaited on its own.
        let waking = spawn(async move {
            for slot in slots {
                reveille_executor::yield_now().await;
                slot.take().wake();
            }
        });
        let mut sum = 0;
        loop {
            let mut next = pin!(set.join_next());
            let counted = poll_fn(|cx| {
                polls.add();
                next.as_mut().poll(cx)
            });
            match counted.await {
                Some(child) => sum += child.unwrap(),
                None => break,
            }
        }
        waking.await.unwrap();
        sum
    });
    assert_eq!(sum, CHILDREN * (CHILDREN - 1) / 2);
    assert!(polls.get() > CHILDREN);
    assert_eq!(executor.live_tasks(), 0);
}

#[test]
fn tasks_that_have_ended_may_be_added() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(async { 42 });
    let _ = run_ready(&executor);
    let mut set = JoinSet::new();
    set.insert(task);
    assert_eq!(set.len(), 1);
    assert_eq!(set.try_join_next().unwrap().unwrap(), 42);
}

#[test]
fn a_set_may_be_refilled_while_it_is_joined() {
    let executor = LocalExecutor::new();
    let mut set = JoinSet::new();
    set.spawn_on(&executor, async { 0 });
    let joined = executor.block_on(async {
        let mut joined = Vec::new();
        while let Some(result) = set.join_next().await {
            let next = result.unwrap() + 1;
            joined.push(next);
            if next < 5 {
                set.insert(spawn(async move { next }));
            }
        }
        joined
    });
    assert_eq!(joined, [1, 2, 3, 4, 5]);
}

#[test]
fn aborted_tasks_still_have_results() {
    let executor = LocalExecutor::new();
    let mut set = JoinSet::new();
    for _ in 0..3 {
        set.spawn_on(&executor, pending::<()>());
    }
    set.spawn_on(&executor, async {});
    let _ = run_ready(&executor);
    set.abort_all();
    assert_eq!(set.len(), 4);
    executor.block_on(async {
        assert!(set.join_next().await.unwrap().is_ok());
        for _ in 0..3 {
            assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        }
        assert!(set.join_next().await.is_none());
    });
}

/// Tasks that never end by themselves, and how many of them were dropped.
fn three_that_wait(executor: &LocalExecutor) -> (JoinSet<()>, Counter) {
    let (mut set, drops) = (JoinSet::new(), Counter::default());
    for _ in 0..3 {
        let guard = drops.on_drop();
        set.spawn_on(executor, async move {
            let _guard = guard;
            pending::<()>().await;
        });
    }
    (set, drops)
}

#[test]
fn dropping_the_set_aborts_its_tasks() {
    let executor = LocalExecutor::new();
    let (set, drops) = three_that_wait(&executor);
    let _ = run_ready(&executor);
    drop(set);
    assert_eq!(drops.get(), 0);
    executor.run();
    assert_eq!(drops.get(), 3);
}

#[test]
fn a_set_that_was_shut_down_is_empty_and_may_be_used_again() {
    let executor = LocalExecutor::new();
    let (mut set, drops) = three_that_wait(&executor);
    set.spawn_on(&executor, async { resume_unwind(Box::new("dropped with the set")) });
    let _ = run_ready(&executor);
    {
        let mut shutdown = pin!(set.shutdown());
        let mut poll = || shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll().is_pending());
        let _ = run_ready(&executor);
        assert!(poll().is_ready());
    }
    assert_eq!((set.len(), drops.get(), executor.live_tasks()), (0, 3, 0));
    set.spawn_on(&executor, async {});
    executor.block_on(set.join_next()).unwrap().unwrap();
}

#[test]
fn a_shutdown_that_is_given_up_has_aborted_and_lost_nothing() {
    let executor = LocalExecutor::new();
    let mut set = JoinSet::new();
    set.spawn_on(&executor, pending::<()>());
    let _ = run_ready(&executor);
    assert!(pin!(set.shutdown()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(set.len(), 1);
    let _ = run_ready(&executor);
    assert!(set.try_join_next().unwrap().unwrap_err().is_cancelled());
}

#[test]
fn all_outputs_come_in_the_order_of_ending() {
    let executor = LocalExecutor::new();
    let slots = [(); 3].map(|()| WakerSlot::default());
    let mut set = JoinSet::new();
    for (task, slot) in slots.iter().enumerate() {
        let wait = slot.wait();
        set.spawn_on(&executor, async move {
            wait.await;
            task
        });
    }
    let _ = run_ready(&executor);
    for task in [1, 2, 0] {
        slots[task].take().wake();
    }
    assert_eq!(executor.block_on(set.join_all()), [1, 2, 0]);
    assert!(executor.block_on(JoinSet::<()>::new().join_all()).is_empty());
}

#[test]
fn joining_all_panics_as_a_task_did_and_aborts_the_rest() {
    let executor = LocalExecutor::new();
    let drops = Counter::default();
    let mut set = JoinSet::new();
    let guard = drops.on_drop();
    set.spawn_on(&executor, async move {
        let _guard = guard;
        pending::<()>().await;
    });
    set.spawn_on(&executor, async { resume_unwind(Box::new(7_u8)) });
    let _ = run_ready(&executor);
    let joining = AssertUnwindSafe(|| pin!(set.join_all()).poll(&mut Context::from_waker(Waker::noop())));
    let payload = catch_unwind(joining).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&7_u8));
    executor.run();
    assert_eq!(drops.get(), 1);
}

#[test]
#[should_panic(expected = "expected the output of every task, but task 0 was cancelled")]
fn joining_all_panics_for_a_task_that_was_cancelled() {
    let executor = LocalExecutor::new();
    let mut set = JoinSet::new();
    set.spawn_on(&executor, pending::<()>());
    set.abort_all();
    executor.block_on(set.join_all());
}

#[test]
fn detached_tasks_go_on_and_are_not_taken_for_those_of_the_set() {
    let executor = LocalExecutor::new();
    let done = Counter::default();
    let slot = WakerSlot::default();
    let mut set = JoinSet::new();
    // Has announced its end when it is detached.
    set.spawn_on(&executor, async {});
    let (counts, wait) = (done.clone(), slot.wait());
    set.spawn_on(&executor, async move {
        wait.await;
        counts.add();
    });
    let _ = run_ready(&executor);
    set.detach_all();
    assert!(set.is_empty() && set.try_join_next().is_none());
    // Have the places in the set that the others had.
    set.spawn_on(&executor, pending());
    set.spawn_on(&executor, pending());
    slot.take().wake();
    let _ = run_ready(&executor);
    assert_eq!(done.get(), 1);
    assert!(set.try_join_next().is_none());
    assert_eq!(set.len(), 2);
}

#[test]
fn giving_up_on_the_next_loses_nothing_and_leaves_no_waker() {
    let executor = LocalExecutor::new();
    let mut set = JoinSet::new();
    set.spawn_on(&executor, async { 42 });
    let wakes = Wakes::new();
    {
        let mut next = pin!(set.join_next());
        assert!(next.as_mut().poll(&mut Context::from_waker(&wakes.clone().into())).is_pending());
    }
    assert_eq!(std::sync::Arc::strong_count(&wakes), 1);
    let _ = run_ready(&executor);
    assert_eq!(wakes.get(), 0);
    let next = pin!(set.join_next()).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(next, Poll::Ready(Some(Ok(42)))));
}
