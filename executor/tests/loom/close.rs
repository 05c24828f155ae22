//! Models of an executor that goes while its wakers are used elsewhere.

use loom::thread;
use reveille_executor::{LocalExecutor, yield_now};

use crate::model::{Drops, Flag, exhaustively, run_ready, spawn};

#[test]
fn a_wake_may_come_while_the_executor_is_dropped() {
    exhaustively("wake and executor's drop", || {
        let executor = LocalExecutor::new();
        let drops = Drops::new();
        let (task, waker) = spawn(&executor, &[Flag::new()], &drops);
        drop(task);
        run_ready(&executor);
        let thread = thread::spawn(move || waker.wake());
        drop(executor);
        // Dropped here, however far the wake has come.
        assert_eq!(drops.count(), 1);
        thread.join().unwrap();
    });
}

#[test]
fn an_abort_may_come_while_the_executor_is_dropped() {
    exhaustively("abort by the handle and executor's drop", || {
        let executor = LocalExecutor::new();
        let drops = Drops::new();
        let (task, waker) = spawn(&executor, &[Flag::new()], &drops);
        drop(waker);
        run_ready(&executor);
        let thread = thread::spawn(move || task.abort());
        drop(executor);
        assert_eq!(drops.count(), 1);
        thread.join().unwrap();
    });
}

#[test]
fn a_late_wake_leaks_nothing() {
    exhaustively("wake after completion", || {
        let executor = LocalExecutor::new();
        let (task, waker) = spawn(&executor, &[], &Drops::new());
        drop(task);
        let thread = thread::spawn(move || waker.wake());
        run_ready(&executor);
        drop(executor);
        thread.join().unwrap();
    });
}

#[test]
fn a_late_push_does_not_reach_the_next_generation() {
    exhaustively("wake and reset", || {
        let executor = LocalExecutor::new();
        let (task, waker) = spawn(&executor, &[Flag::new()], &Drops::new());
        drop(task);
        run_ready(&executor);
        let thread = thread::spawn(move || waker.wake());
        executor.reset();
        let task = executor.spawn(yield_now());
        run_ready(&executor);
        assert!(task.is_finished());
        assert_eq!(executor.ready(), 0, "an entry of the generation before");
        thread.join().unwrap();
        assert_eq!((executor.ready(), executor.pushes(), executor.foreign_pushes()), (0, 2, 0));
    });
}
