//! Models of the word under wakes from other threads: no wake is lost, whatever it coincides with.
//!
//! The flag that a wake announces is relaxed: only the wake itself makes the poll see it. The executor looks for runnable
//! tasks before the threads are joined, then after; a wake that was swallowed leaves the task pending after both.

use loom::thread;
use reveille_executor::LocalExecutor;
use std::slice::from_ref;

use crate::model::{Drops, Flag, exhaustively, run_ready, set_and_wake, spawn, within};

#[test]
fn a_wake_during_the_first_poll_is_not_lost() {
    exhaustively("word, one waker by value", || {
        let executor = LocalExecutor::new();
        let (flag, drops) = (Flag::new(), Drops::new());
        let (task, waker) = spawn(&executor, from_ref(&flag), &drops);
        let thread = set_and_wake(flag, waker);
        run_ready(&executor);
        thread.join().unwrap();
        run_ready(&executor);
        assert!(task.is_finished(), "the wake was lost");
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn a_wake_by_reference_and_a_later_drop_are_no_less() {
    exhaustively("word, one waker by reference", || {
        let executor = LocalExecutor::new();
        let (flag, drops) = (Flag::new(), Drops::new());
        let (task, waker) = spawn(&executor, from_ref(&flag), &drops);
        let thread = thread::spawn(move || {
            flag.set();
            waker.wake_by_ref();
        });
        run_ready(&executor);
        thread.join().unwrap();
        run_ready(&executor);
        assert!(task.is_finished(), "the wake was lost");
    });
}

#[test]
fn a_wake_at_home_and_one_elsewhere_leave_one_entry() {
    exhaustively("word, a waker at home and one elsewhere", || {
        let executor = LocalExecutor::new();
        let (flags, drops) = ([Flag::new(), Flag::new()], Drops::new());
        let (task, waker) = spawn(&executor, &flags, &drops);
        let at_home = waker.clone();
        run_ready(&executor);
        let [here, there] = flags;
        let thread = set_and_wake(there, waker);
        here.set();
        at_home.wake();
        run_ready(&executor);
        thread.join().unwrap();
        run_ready(&executor);
        assert!(task.is_finished(), "a wake was lost");
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn late_wakes_at_home_and_elsewhere_free_the_task_once() {
    exhaustively("word, late wakes at home and elsewhere", || {
        let executor = LocalExecutor::new();
        let (task, waker) = spawn(&executor, &[], &Drops::new());
        let at_home = waker.clone();
        drop(task);
        run_ready(&executor);
        let thread = thread::spawn(move || waker.wake());
        at_home.wake();
        thread.join().unwrap();
    });
}

#[test]
fn of_two_wakes_neither_is_lost() {
    within(3, "word, two wakers", || {
        let executor = LocalExecutor::new();
        let (flags, drops) = ([Flag::new(), Flag::new()], Drops::new());
        let (task, waker) = spawn(&executor, &flags, &drops);
        let threads = flags.map(|flag| set_and_wake(flag, waker.clone()));
        drop(waker);
        run_ready(&executor);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        run_ready(&executor);
        assert!(task.is_finished(), "a wake was lost");
        assert_eq!(drops.count(), 1);
    });
}
