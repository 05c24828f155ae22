//! Models of the word under an abort from another thread.

use std::slice::from_ref;
use std::task::Poll;

use loom::thread;
use reveille_executor::LocalExecutor;

use crate::model::{Count, Drops, Flag, exhaustively, poll, run_ready, set_and_wake, spawn, within};

#[test]
fn an_abort_drops_the_future_once_and_at_home() {
    exhaustively("word, abort", || {
        let executor = LocalExecutor::new();
        let drops = Drops::new();
        let (mut task, waker) = spawn(&executor, &[Flag::new()], &drops);
        drop(waker);
        let abort = task.abort_handle();
        let thread = thread::spawn(move || abort.abort());
        run_ready(&executor);
        thread.join().unwrap();
        run_ready(&executor);
        assert_eq!(drops.count(), 1, "the abort was lost");
        let result = poll(&mut task, &Count::new().into());
        assert!(matches!(result, Poll::Ready(Err(error)) if error.is_cancelled()));
    });
}

#[test]
fn an_abort_and_the_last_waker_go_at_once() {
    within(4, "word, abort and last waker's drop", || {
        let executor = LocalExecutor::new();
        let drops = Drops::new();
        let (task, waker) = spawn(&executor, &[Flag::new()], &drops);
        let threads = [thread::spawn(move || drop(waker)), thread::spawn(move || task.abort())];
        run_ready(&executor);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        run_ready(&executor);
        assert_eq!(drops.count(), 1, "the abort was lost");
        assert_eq!(executor.live_tasks(), 0);
    });
}

#[test]
fn an_abort_and_a_wake_leave_one_entry() {
    within(3, "word, abort and wake", || {
        let executor = LocalExecutor::new();
        let (flag, drops) = (Flag::new(), Drops::new());
        let (task, waker) = spawn(&executor, from_ref(&flag), &drops);
        let woken = set_and_wake(flag, waker);
        let aborted = thread::spawn(move || task.abort());
        run_ready(&executor);
        woken.join().unwrap();
        aborted.join().unwrap();
        run_ready(&executor);
        assert_eq!(drops.count(), 1, "neither the wake nor the abort ended the task");
        assert_eq!(executor.live_tasks(), 0);
    });
}
