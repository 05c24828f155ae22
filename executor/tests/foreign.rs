//! Other threads: they wake tasks, await handles, and drop the last of everything; futures stay at home.

#![cfg(not(loom))]

mod common;

use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::Waker;
use std::thread::{self, ThreadId};

use common::{OnDrop, run_ready, until_polled};
use reveille_executor::{LocalExecutor, block_on, yield_now};

#[test]
fn a_wake_on_another_thread_ends_the_sleep() {
    let executor = LocalExecutor::new();
    let (sender, receiver) = mpsc::channel::<Waker>();
    let task = executor.spawn(until_polled(100, sender));
    thread::scope(|scope| {
        scope.spawn(move || receiver.iter().for_each(Waker::wake));
        executor.run();
    });
    assert!(task.is_finished());
    assert_eq!(executor.live_tasks(), 0);
}

#[test]
fn many_threads_wake_many_tasks() {
    const POLLS: usize = if cfg!(miri) { 20 } else { 1_000 };
    let executor = LocalExecutor::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            let (sender, receiver) = mpsc::channel::<Waker>();
            drop(executor.spawn(until_polled(POLLS, sender.clone())));
            drop(executor.spawn(until_polled(POLLS, sender)));
            scope.spawn(move || receiver.iter().for_each(Waker::wake));
        }
        executor.run();
    });
    assert_eq!(executor.live_tasks(), 0);
}

#[test]
fn foreign_wakes_are_counted_and_named() {
    let executor = LocalExecutor::new();
    let ids = [0, 1].map(|_| executor.spawn(pending::<()>()).id());
    let _ = run_ready(&executor);
    assert_eq!((executor.take_foreign(), executor.foreign_pushes()), (None, 0));
    let [first, second] = ids.map(|id| executor.waker(id).unwrap());
    first.wake();
    thread::scope(|scope| drop(scope.spawn(move || second.wake())));
    assert_eq!(executor.ready(), 2);
    assert_eq!((executor.take_foreign(), executor.foreign_pushes()), (Some(ids[1]), 1));
    assert_eq!(executor.take_foreign(), None);
}

#[test]
fn a_future_is_dropped_at_home_whoever_lets_go_last() {
    struct Home(ThreadId, Rc<AtomicUsize>);
    impl Drop for Home {
        fn drop(&mut self) {
            assert_eq!(thread::current().id(), self.0);
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = Rc::new(AtomicUsize::new(0));
    let executor = LocalExecutor::new();
    let home = Home(thread::current().id(), Rc::clone(&drops));
    let task = executor.spawn(async move {
        let _home = home;
        pending::<()>().await;
    });
    let id = task.id();
    let waker = executor.waker(id).unwrap();
    let _ = run_ready(&executor);
    assert_eq!(executor.live_wakers(id), Some(1));
    thread::scope(|scope| {
        scope.spawn(move || {
            drop(task);
            drop(waker);
        });
    });
    assert_eq!((drops.load(Ordering::Relaxed), executor.live_wakers(id)), (0, Some(0)));
    let waker = executor.waker(id).unwrap();
    drop(executor);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    // The last waker frees the cell there; there is no future left in it.
    thread::scope(|scope| drop(scope.spawn(move || drop(waker))));
}

#[test]
fn a_handle_is_awaited_on_another_thread() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(async {
        yield_now().await;
        String::from("over there")
    });
    let joined = thread::scope(|scope| {
        let joiner = scope.spawn(move || block_on(task).unwrap());
        executor.run();
        joiner.join().unwrap()
    });
    assert_eq!(joined, "over there");
}

#[test]
fn an_output_may_be_dropped_on_another_thread() {
    let drops = Arc::new(AtomicUsize::new(0));
    let executor = LocalExecutor::new();
    let task = executor.spawn({
        let drops = Arc::clone(&drops);
        async move {
            OnDrop(move || {
                drops.fetch_add(1, Ordering::Relaxed);
            })
        }
    });
    let _ = run_ready(&executor);
    drop(executor);
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    thread::scope(|scope| drop(scope.spawn(move || drop(task))));
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn an_abort_on_another_thread_drops_the_future_at_home() {
    let home = thread::current().id();
    let executor = LocalExecutor::new();
    let task = executor.spawn(async move {
        let _guard = OnDrop(|| assert_eq!(thread::current().id(), home));
        pending::<()>().await;
    });
    let joined = thread::scope(|scope| {
        let aborter = scope.spawn(move || {
            task.abort();
            block_on(task)
        });
        executor.run();
        aborter.join().unwrap()
    });
    assert!(joined.unwrap_err().is_cancelled());
}
