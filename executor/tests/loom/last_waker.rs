//! Models of the last waker of a pending task going on another thread: the task stays, with nobody to wake it, and its
//! future is dropped where it was polled.

use loom::thread;
use reveille_executor::LocalExecutor;

use crate::model::{Drops, Flag, exhaustively, run_ready, spawn, within};

#[test]
fn a_task_outlives_its_last_waker() {
    exhaustively("last waker dropped elsewhere", || {
        let executor = LocalExecutor::new();
        let drops = Drops::new();
        let (task, waker) = spawn(&executor, &[Flag::new()], &drops);
        let id = task.id();
        drop(task);
        let thread = thread::spawn(move || drop(waker));
        run_ready(&executor);
        assert!(executor.live_wakers(id).is_some_and(|live| live <= 1));
        thread.join().unwrap();
        assert_eq!(drops.count(), 0, "a pending task was dropped with its last waker");
        assert_eq!(executor.live_wakers(id), Some(0), "that nobody can wake the task is not to be seen");
        drop(executor);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn the_last_waker_may_go_while_the_executor_is_dropped() {
    exhaustively("last waker dropped during the executor's drop", || {
        let executor = LocalExecutor::new();
        let drops = Drops::new();
        let (task, waker) = spawn(&executor, &[Flag::new()], &drops);
        drop(task);
        run_ready(&executor);
        let thread = thread::spawn(move || drop(waker));
        drop(executor);
        assert_eq!(drops.count(), 1);
        thread.join().unwrap();
    });
}

#[test]
fn the_last_waker_of_an_ended_task_may_go_while_the_executor_does() {
    exhaustively("cell freed during the executor's drop", || {
        let executor = LocalExecutor::new();
        let (task, waker) = spawn(&executor, &[], &Drops::new());
        drop(task);
        run_ready(&executor);
        let thread = thread::spawn(move || drop(waker));
        drop(executor);
        thread.join().unwrap();
    });
}

#[test]
fn cells_may_be_freed_on_two_threads_when_the_executor_is_gone() {
    exhaustively("two cells freed after the executor's drop", || {
        let executor = LocalExecutor::new();
        let wakers = [(); 2].map(|()| spawn(&executor, &[], &Drops::new()).1);
        run_ready(&executor);
        drop(executor);
        let [one, other] = wakers;
        let thread = thread::spawn(move || drop(one));
        drop(other);
        thread.join().unwrap();
    });
}

#[test]
fn two_wakers_and_the_handle_may_go_at_once() {
    within(5, "two wakers and the handle dropped elsewhere", || {
        let executor = LocalExecutor::new();
        let (task, waker) = spawn(&executor, &[], &Drops::new());
        let other = waker.clone();
        let first = thread::spawn(move || {
            drop(waker);
            drop(task);
        });
        let second = thread::spawn(move || drop(other));
        run_ready(&executor);
        first.join().unwrap();
        second.join().unwrap();
    });
}
