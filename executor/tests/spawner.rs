//! Bounded spawning.

#![cfg(not(loom))]

mod common;

use std::future::{Future, pending, ready};
use std::pin::Pin;

use common::{Counter, run_ready};
use reveille_executor::{LocalExecutor, Spawner, yield_now};

#[test]
fn a_full_executor_hands_the_future_back_and_takes_it_later() {
    let executor = LocalExecutor::new();
    let spawner = executor.spawner(2);
    // Whoever spawned them, tasks count.
    drop(executor.spawn(async {}));
    let task = spawner.try_spawn(async { 1 }).unwrap();
    let refused = spawner.try_spawn(ready(2)).unwrap_err();
    assert!(refused.is_full() && !refused.is_closed());
    assert_eq!(refused.to_string(), "cannot spawn: the executor has 2 tasks, the most this spawner allows");
    let _ = run_ready(&executor);
    // The handle of a task that has ended takes up no room.
    let second = spawner.try_spawn(refused.into_inner()).unwrap();
    assert_eq!((executor.block_on(task).unwrap(), executor.block_on(second).unwrap()), (1, 2));
}

#[test]
fn the_room_of_a_task_that_was_aborted_is_free_again() {
    let executor = LocalExecutor::new();
    let spawner = executor.spawner(1);
    let task = spawner.try_spawn(pending::<()>()).unwrap();
    task.abort();
    assert!(spawner.try_spawn(async {}).unwrap_err().is_full());
    let _ = run_ready(&executor);
    drop(spawner.try_spawn(async {}).unwrap());
}

#[test]
fn spawning_after_shutdown_hands_the_future_back() {
    let drops = Counter::default();
    for shut_down in [LocalExecutor::close, LocalExecutor::reset] {
        let executor = LocalExecutor::new();
        let spawner = executor.spawner(8);
        shut_down(&executor);
        let guard = drops.on_drop();
        let before = drops.get();
        let refused = spawner.try_spawn(async move { drop(guard) }).unwrap_err();
        assert!(refused.is_closed());
        let future = refused.into_inner();
        assert_eq!(drops.get(), before, "the future comes back alive");
        drop(future);
        assert_eq!(drops.get(), before + 1);
    }
}

#[test]
fn run_returns_when_no_spawner_and_no_task_is_left() {
    let executor = LocalExecutor::new();
    let ended = Counter::default();
    let spawner = executor.spawner(2);
    // Each task holds a spawner, spawns its successor, and ends.
    async fn chain(spawner: Spawner, left: usize, ended: Counter) {
        yield_now().await;
        ended.add();
        if let Some(left) = left.checked_sub(1) {
            let next: Pin<Box<dyn Future<Output = ()>>> = Box::pin(chain(spawner.clone(), left, ended.clone()));
            drop(spawner.try_spawn(next).unwrap());
        }
    }
    drop(spawner.try_spawn(chain(spawner.clone(), 9, ended.clone())).unwrap());
    drop(spawner);
    executor.run();
    assert_eq!(ended.get(), 10);
}

#[test]
fn run_waits_for_a_spawner_that_another_thread_will_use_through_a_task() {
    // A task waits for a message from a thread, and holds the only spawner meanwhile.
    let executor = LocalExecutor::new();
    let spawner = executor.spawner(2);
    let (sender, receiver) = std::sync::mpsc::channel::<std::task::Waker>();
    let ended = Counter::default();
    let mut waits = true;
    let wait = std::future::poll_fn(move |cx| {
        if std::mem::take(&mut waits) {
            sender.send(cx.waker().clone()).unwrap();
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    });
    drop(executor.spawn({
        let ended = ended.clone();
        async move {
            wait.await;
            drop(spawner.try_spawn(async move { ended.add() }).unwrap());
        }
    }));
    std::thread::scope(|scope| {
        scope.spawn(move || receiver.recv().unwrap().wake());
        executor.run();
    });
    assert_eq!(ended.get(), 1);
}

#[test]
fn run_does_not_return_while_there_is_a_spawner() {
    let (sender, receiver) = std::sync::mpsc::channel();
    // Sleeps to the end of the process, as nobody is left to use the spawner: what `run` says is that nothing will be
    // spawned any more, and it cannot say that.
    let _asleep = std::thread::Builder::new().spawn(move || {
        let executor = LocalExecutor::new();
        executor.run();
        sender.send("without a spawner").unwrap();
        let _spawner = executor.spawner(1);
        executor.run();
        let _ = sender.send("with a spawner");
    });
    assert_eq!(receiver.recv().unwrap(), "without a spawner");
    assert!(receiver.recv_timeout(std::time::Duration::from_millis(50)).is_err());
}
