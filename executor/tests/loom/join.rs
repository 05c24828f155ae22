//! Models of the join protocol: the handle registers, takes the result, or goes, on one thread, while the task completes
//! on another.

use std::task::Poll;

use loom::thread;
use reveille_executor::LocalExecutor;

use crate::model::{Count, Drops, exhaustively, poll, run_ready, spawn};

#[test]
fn a_registered_joiner_is_woken_or_sees_the_result() {
    exhaustively("join, register and complete", || {
        let executor = LocalExecutor::new();
        let (mut task, waker) = spawn(&executor, &[], &Drops::new());
        drop(waker);
        let count = Count::new();
        let thread = thread::spawn({
            let count = count.clone();
            move || match poll(&mut task, &count.into()) {
                Poll::Ready(result) => {
                    assert_eq!(result.unwrap().answer(), 42);
                    None
                }
                Poll::Pending => Some(task),
            }
        });
        run_ready(&executor);
        if let Some(mut task) = thread.join().unwrap() {
            assert_eq!(count.wakes(), 1, "a registered joiner was not woken");
            let Poll::Ready(result) = poll(&mut task, &count.into()) else { panic!("woken too early") };
            assert_eq!(result.unwrap().answer(), 42);
        } else {
            assert_eq!(count.wakes(), 0, "woken after the result was seen");
        }
    });
}

#[test]
fn a_joiner_may_go_right_after_registering() {
    exhaustively("join, register, complete, and drop", || {
        let executor = LocalExecutor::new();
        let drops = Drops::new();
        let (mut task, waker) = spawn(&executor, &[], &drops);
        drop(waker);
        let thread = thread::spawn(move || {
            // Whatever comes of it: the handle goes, with or without a waker in place, before or after the result.
            let _ = poll(&mut task, &Count::new().into());
        });
        run_ready(&executor);
        thread.join().unwrap();
        assert_eq!((executor.live_tasks(), drops.count()), (0, 1));
    });
}

#[test]
fn a_joiner_may_change_its_waker() {
    exhaustively("join, register twice and complete", || {
        let executor = LocalExecutor::new();
        let (mut task, waker) = spawn(&executor, &[], &Drops::new());
        drop(waker);
        let count = Count::new();
        let thread = thread::spawn({
            let count = count.clone();
            move || {
                let first = poll(&mut task, &Count::new().into());
                if first.is_ready() || poll(&mut task, &count.into()).is_ready() { None } else { Some(task) }
            }
        });
        run_ready(&executor);
        if thread.join().unwrap().is_some() {
            assert_eq!(count.wakes(), 1, "the second waker was not woken");
        }
    });
}

#[test]
fn a_detached_result_is_dropped_by_one_side() {
    exhaustively("join, complete and drop", || {
        let executor = LocalExecutor::new();
        let (task, waker) = spawn(&executor, &[], &Drops::new());
        drop(waker);
        let thread = thread::spawn(move || drop(task));
        run_ready(&executor);
        thread.join().unwrap();
    });
}

#[test]
fn a_woken_joiner_may_free_everything_else() {
    exhaustively("join, and the joiner lets go while it is woken", || {
        let executor = LocalExecutor::new();
        let (mut task, waker) = spawn(&executor, &[], &Drops::new());
        drop(waker);
        // The joiner is a task of another executor on another thread: it takes the result and drops the handle the
        // moment it can, while the runner may still be waking it.
        let thread = thread::spawn(move || {
            let joined = reveille_executor::block_on(&mut task);
            drop(task);
            assert_eq!(joined.unwrap().answer(), 42);
        });
        run_ready(&executor);
        thread.join().unwrap();
    });
}
