//! Models of sleeping: whoever leaves something to do also ends the sleep. A wake that is lost here is a deadlock, which
//! loom reports.

use std::future::poll_fn;
use std::slice::from_ref;
use std::task::Poll;

use loom::thread;
use reveille_executor::{JoinHandle, LocalExecutor, block_on};

use crate::model::{Drops, Flag, Value, exhaustively, spawn, within};

/// Sets the flag of a new task on a thread, by a wake; with a handle of the task.
fn awaited_on_a_thread(executor: &LocalExecutor) -> (JoinHandle<Value>, thread::JoinHandle<()>) {
    let flag = Flag::new();
    let (task, waker) = spawn(executor, from_ref(&flag), &Drops::new());
    let thread = thread::spawn(move || {
        flag.set();
        waker.wake();
    });
    (task, thread)
}

#[test]
fn a_push_ends_the_sleep() {
    within(4, "inbox and park, one pusher", || {
        let executor = LocalExecutor::new();
        let (task, thread) = awaited_on_a_thread(&executor);
        executor.run();
        assert!(task.is_finished());
        thread.join().unwrap();
    });
}

#[test]
fn of_two_pushes_neither_is_overlooked() {
    within(2, "inbox and park, two pushers", || {
        let executor = LocalExecutor::new();
        let tasks = [awaited_on_a_thread(&executor), awaited_on_a_thread(&executor)];
        executor.run();
        for (task, thread) in tasks {
            assert!(task.is_finished());
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_wake_of_the_root_ends_the_sleep() {
    exhaustively("block_on and park", || {
        let (flag, (sender, receiver)) = (Flag::new(), loom::sync::mpsc::channel());
        let thread = thread::spawn({
            let flag = flag.clone();
            move || {
                let waker: std::task::Waker = receiver.recv().unwrap();
                flag.set();
                waker.wake();
            }
        });
        let mut sender = Some(sender);
        block_on(poll_fn(|cx| {
            if let Some(sender) = sender.take() {
                sender.send(cx.waker().clone()).unwrap();
            }
            if flag.is_set() { Poll::Ready(()) } else { Poll::Pending }
        }));
        thread.join().unwrap();
    });
}
