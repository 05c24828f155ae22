//! Drops: every future and every output exactly once, in a known order, at a time when the executor can cope.

#![cfg(not(loom))]

mod common;

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use common::{Counter, Fifo, OnDrop, WakerSlot, run_ready};
use reveille_executor::{LocalExecutor, Ran, Runnable, TaskId, block_on, yield_now};

#[test]
fn dropping_the_executor_drops_queued_and_waiting_futures_oldest_first() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let executor = LocalExecutor::new();
    let guard = |name| {
        let order = Rc::clone(&order);
        OnDrop(move || order.borrow_mut().push(name))
    };
    for name in ["waiting", "woken", "queued"] {
        let guard = guard(name);
        drop(executor.spawn(async move {
            let _guard = guard;
            yield_now().await;
            pending::<()>().await;
        }));
    }
    for _ in 0..2 {
        assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Pending);
    }
    // First in the queue is `queued`; then the two that yielded. Leave `waiting` waiting.
    let _unrun = executor.pick(&mut Fifo).unwrap();
    assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Pending);
    drop(_unrun);
    drop(executor);
    assert_eq!(*order.borrow(), ["waiting", "woken", "queued"]);
}

#[test]
fn a_handle_says_that_the_executor_went() {
    let executor = LocalExecutor::new();
    let (pending, done) = (executor.spawn(pending::<()>()), executor.spawn(async { 42 }));
    let _ = run_ready(&executor);
    drop(executor);
    assert!(block_on(pending).unwrap_err().is_cancelled());
    assert_eq!(block_on(done).unwrap(), 42);
}

#[test]
fn an_output_is_dropped_once_whenever_its_handle_goes() {
    let executor = LocalExecutor::new();
    let drops = Counter::default();
    let spawn = || {
        let guard = drops.on_drop();
        executor.spawn(async move { guard })
    };
    let (before, after, taken, kept) = (spawn(), spawn(), spawn(), spawn());
    drop(before);
    assert_eq!(drops.get(), 0);
    let _ = run_ready(&executor);
    assert_eq!(drops.get(), 1);
    drop(after);
    assert_eq!(drops.get(), 2);
    drop(executor.block_on(taken).unwrap());
    assert_eq!(drops.get(), 3);
    drop(executor);
    assert_eq!(drops.get(), 3);
    drop(kept);
    assert_eq!(drops.get(), 4);
}

#[test]
fn an_executor_may_be_dropped_by_the_task_that_runs() {
    let executor = Rc::new(LocalExecutor::new());
    let drops = Counter::default();
    let slot = WakerSlot::default();
    let other = {
        let guard = drops.on_drop();
        executor.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        })
    };
    let _ = run_ready(&executor);
    let task = executor.spawn({
        let (executor, guard, slot, drops) = (Rc::clone(&executor), drops.on_drop(), slot.clone(), drops.clone());
        async move {
            let _guard = guard;
            drop(executor);
            // All other futures are gone; this one ends when its poll returns.
            assert_eq!(drops.get(), 1);
            slot.wait().await;
            unreachable!("polled after its executor was dropped");
        }
    });
    let runnable = executor.pick(&mut Fifo).unwrap();
    drop(executor);
    assert_eq!(runnable.run(), Ran::Cancelled);
    assert_eq!(drops.get(), 2);
    slot.take().wake();
    assert!(block_on(task).unwrap_err().is_cancelled());
    assert!(block_on(other).unwrap_err().is_cancelled());
}

#[test]
fn a_task_that_drops_its_executor_may_still_end_with_an_output() {
    let executor = Rc::new(LocalExecutor::new());
    let task = executor.spawn({
        let executor = Rc::clone(&executor);
        async move {
            drop(executor);
            42
        }
    });
    let runnable = executor.pick(&mut Fifo).unwrap();
    drop(executor);
    assert_eq!(runnable.run(), Ran::Ready);
    assert_eq!(block_on(task).unwrap(), 42);
}

#[test]
fn a_picked_task_outlives_its_executor_and_is_cancelled() {
    let drops = Counter::default();
    let executor = LocalExecutor::new();
    let spawn = || {
        let guard = drops.on_drop();
        drop(executor.spawn(async move {
            let _guard = guard;
            unreachable!("polled after its executor was dropped");
        }));
        executor.pick(&mut Fifo).unwrap()
    };
    let (run, unrun) = (spawn(), spawn());
    drop(executor);
    assert_eq!(drops.get(), 0);
    assert_eq!(run.run(), Ran::Cancelled);
    drop(unrun);
    assert_eq!(drops.get(), 2);
}

#[test]
fn a_future_that_spawns_in_its_drop_is_told_that_the_child_was_cancelled() {
    let executor = Rc::new(LocalExecutor::new());
    let drops = Counter::default();
    drop(executor.spawn({
        let (weak, drops) = (Rc::downgrade(&executor), drops.clone());
        let guard = OnDrop(move || {
            let executor = weak.upgrade().expect("`close` borrows the executor");
            let guard = drops.on_drop();
            let child = executor.spawn(async move {
                let _guard = guard;
                unreachable!("polled on a closed executor");
            });
            assert_eq!(drops.get(), 1, "the child's future is dropped at once");
            assert!(child.is_finished());
        });
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    }));
    let _ = run_ready(&executor);
    executor.close();
    assert_eq!((drops.get(), executor.live_tasks()), (1, 0));
}

#[test]
fn a_future_may_close_and_look_at_the_executor_in_its_drop() {
    let executor = Rc::new(LocalExecutor::new());
    let drops = Counter::default();
    for _ in 0..4 {
        let (weak, drops) = (Rc::downgrade(&executor), drops.clone());
        let guard = OnDrop(move || {
            drops.add();
            let executor = weak.upgrade().expect("`close` borrows the executor");
            executor.close();
            executor.for_each_task(|task| assert!(task.running));
            assert_eq!((executor.ready(), executor.pick(&mut Fifo).is_none()), (0, true));
        });
        drop(executor.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
    }
    executor.close();
    assert_eq!((drops.get(), executor.live_tasks()), (4, 0));
}

#[test]
fn a_future_may_hold_its_own_handle_and_its_executor() {
    let drops = Counter::default();
    let executor = Rc::new(LocalExecutor::new());
    let own = Rc::new(RefCell::new(None));
    let task = executor.spawn({
        let (executor, own, guard) = (Rc::clone(&executor), Rc::clone(&own), drops.on_drop());
        async move {
            let _guards = (executor, own, guard);
            pending::<()>().await;
        }
    });
    *own.borrow_mut() = Some(task);
    drop(own);
    let _ = run_ready(&executor);
    executor.close();
    assert_eq!(drops.get(), 1);
}

#[test]
fn wakers_that_a_future_drops_wake_nobody_after_the_end() {
    // A future that wakes itself in its drop, and another task that it was to wake.
    let executor = LocalExecutor::new();
    let (own, others) = (WakerSlot::default(), WakerSlot::default());
    drop(executor.spawn(others.wait()));
    drop(executor.spawn({
        let guard = {
            let own = own.clone();
            OnDrop(move || {
                own.take().wake();
                others.take().wake();
            })
        };
        let wait = own.wait();
        async move {
            let _guard = guard;
            wait.await;
        }
    }));
    let _ = run_ready(&executor);
    executor.close();
    assert_eq!((executor.ready(), executor.live_tasks()), (0, 0));
}

#[test]
fn a_task_that_a_destructor_polls_while_the_executor_closes_is_dropped_as_well() {
    for is_claimed in [false, true] {
        let executor = Rc::new(LocalExecutor::new());
        let (drops, polls, picked) =
            (Counter::default(), Counter::default(), Rc::<RefCell<Option<Runnable>>>::default());
        let guard = OnDrop({
            let (weak, picked) = (Rc::downgrade(&executor), Rc::clone(&picked));
            move || {
                let claimed = || weak.upgrade().and_then(|executor| executor.claim(TaskId::new(1)));
                assert_eq!(picked.take().or_else(claimed).map(Runnable::run), Some(Ran::Pending));
            }
        });
        drop(executor.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
        drop(executor.spawn({
            let (guard, polls) = (drops.on_drop(), polls.clone());
            poll_fn(move |cx| {
                let _held = &guard;
                polls.add();
                // Where it is claimed it waits first.
                if polls.get() == 1 + usize::from(is_claimed) {
                    cx.waker().wake_by_ref();
                }
                Poll::<()>::Pending
            })
        }));
        match is_claimed {
            true => assert_eq!(run_ready(&executor), [Ran::Pending; 2]),
            false => drop(picked.replace(executor.start_newest())),
        }
        executor.close();
        assert_eq!((polls.get(), drops.get(), executor.live_tasks()), (1 + usize::from(is_claimed), 1, 0));
    }
}
