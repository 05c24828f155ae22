//! Resetting: what comes after knows nothing of what was before.

#![cfg(not(loom))]

mod common;

use std::future::pending;
use std::rc::Rc;

use common::{Counter, Fifo, OnDrop, WakerSlot, run_ready};
use reveille_executor::{LocalExecutor, Ran, block_on};

#[test]
fn a_reset_drops_every_task_and_starts_over() {
    let executor = LocalExecutor::new();
    let drops = Counter::default();
    for generation in 0..3 {
        for task in 0..4 {
            let guard = drops.on_drop();
            let id = executor
                .spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                })
                .id();
            assert_eq!(id.index(), task);
        }
        assert_eq!((executor.ready(), executor.pushes()), (4, 4));
        assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Pending);
        executor.reset();
        assert_eq!(drops.get(), 4 * (generation + 1));
        assert_eq!((executor.live_tasks(), executor.ready(), executor.pushes()), (0, 0, 0));
    }
}

#[test]
fn what_is_left_of_before_reaches_nothing_of_after() {
    let executor = LocalExecutor::new();
    let slot = WakerSlot::default();
    let old = executor.spawn(slot.wait());
    let _ = run_ready(&executor);
    let (waker, abort, spawner) = (slot.take(), old.abort_handle(), executor.spawner(8));
    executor.reset();
    let new = executor.spawn(pending::<()>());
    assert_eq!(old.id(), new.id());
    let _ = run_ready(&executor);
    waker.wake_by_ref();
    abort.abort();
    old.abort();
    assert!(spawner.try_spawn(async {}).unwrap_err().is_closed());
    std::thread::scope(|scope| scope.spawn(|| waker.wake_by_ref()).join().unwrap());
    assert_eq!((executor.ready(), executor.live_tasks(), executor.foreign_pushes()), (0, 1, 0));
    assert!(block_on(old).unwrap_err().is_cancelled());
    drop((waker, abort, spawner, executor));
    assert!(block_on(new).unwrap_err().is_cancelled());
}

#[test]
fn a_task_may_reset_its_executor() {
    let executor = Rc::new(LocalExecutor::new());
    let drops = Counter::default();
    let slot = WakerSlot::default();
    let old = executor.spawn({
        let (executor, guard, wait) = (Rc::clone(&executor), drops.on_drop(), slot.wait());
        async move {
            let _guard = guard;
            executor.reset();
            drop(executor.spawn(async {}));
            wait.await;
            unreachable!("polled after its executor was reset");
        }
    });
    // The old task ends with its poll; the new one belongs to the next generation.
    assert_eq!(run_ready(&executor), [Ran::Cancelled, Ran::Ready]);
    assert_eq!(drops.get(), 1);
    slot.take().wake();
    assert_eq!((executor.live_tasks(), executor.pushes()), (0, 1));
    assert!(block_on(old).unwrap_err().is_cancelled());
}

#[test]
fn run_goes_on_with_what_comes_after() {
    let executor = Rc::new(LocalExecutor::new());
    let ended = Counter::default();
    drop(executor.spawn({
        let (executor, ended) = (Rc::downgrade(&executor), ended.clone());
        async move {
            executor.upgrade().unwrap().reset();
            drop(reveille_executor::spawn(async move { ended.add() }));
        }
    }));
    executor.run();
    assert_eq!(ended.get(), 1);
}

#[test]
fn a_closed_executor_is_opened_by_a_reset() {
    let executor = LocalExecutor::new();
    executor.close();
    assert!(block_on(executor.spawn(async {})).unwrap_err().is_cancelled());
    executor.reset();
    assert!(executor.block_on(executor.spawn(async {})).is_ok());
}

#[test]
fn a_future_that_resets_and_spawns_in_its_drop_leaves_nothing() {
    let executor = Rc::new(LocalExecutor::new());
    let drops = Counter::default();
    for _ in 0..3 {
        let (weak, drops) = (Rc::downgrade(&executor), drops.clone());
        let guard = OnDrop(move || {
            let executor = weak.upgrade().expect("`reset` borrows the executor");
            executor.reset();
            let guard = drops.on_drop();
            drop(executor.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            }));
        });
        drop(executor.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
    }
    let _ = run_ready(&executor);
    executor.reset();
    assert_eq!((drops.get(), executor.live_tasks(), executor.ready(), executor.pushes()), (3, 0, 0, 0));
    assert!(executor.block_on(executor.spawn(async {})).is_ok());
}
