//! Sets of tasks.

#![cfg(not(loom))]

mod common;

use std::future::{Future, pending, poll_fn};
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

#[test]
fn dropping_the_set_aborts_its_tasks() {
    let executor = LocalExecutor::new();
    let drops = Counter::default();
    let mut set = JoinSet::new();
    for _ in 0..3 {
        let guard = drops.on_drop();
        set.spawn_on(&executor, async move {
            let _guard = guard;
            pending::<()>().await;
        });
    }
    let _ = run_ready(&executor);
    drop(set);
    assert_eq!(drops.get(), 0);
    executor.run();
    assert_eq!(drops.get(), 3);
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
