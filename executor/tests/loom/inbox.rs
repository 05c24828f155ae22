//! Models of sleeping: whoever leaves something to do also ends the sleep. A wake that is lost here is a deadlock, which
//! loom reports.

use std::future::poll_fn;
use std::slice::from_ref;
use std::task::{Poll, Waker};

use loom::thread;
use reveille_executor::{JoinHandle, LocalExecutor, block_on};

use crate::model::{Drops, Flag, Value, exhaustively, set_and_wake, spawn, within};

/// Sets the flag of a new task on a thread, by a wake; with a handle of the task.
pub(crate) fn awaited_on_a_thread(executor: &LocalExecutor) -> (JoinHandle<Value>, thread::JoinHandle<()>) {
    let flag = Flag::new();
    let (task, waker) = spawn(executor, from_ref(&flag), &Drops::new());
    let thread = set_and_wake(flag, waker);
    (task, thread)
}

#[test]
fn a_push_ends_the_sleep() {
    exhaustively("inbox and park, one pusher", || {
        let executor = LocalExecutor::new();
        let (task, thread) = awaited_on_a_thread(&executor);
        executor.run();
        assert!(task.is_finished());
        thread.join().unwrap();
    });
}

#[test]
fn of_two_pushes_neither_is_overlooked() {
    within(3, "inbox and park, two pushers", || {
        let executor = LocalExecutor::new();
        let tasks = [awaited_on_a_thread(&executor), awaited_on_a_thread(&executor)];
        executor.run();
        for (task, thread) in tasks {
            assert!(task.is_finished());
            thread.join().unwrap();
        }
    });
}

/// Runs a future that ends once `threads` threads have each set a flag and woken it.
fn block_on_flags(threads: usize) {
    let (mut wakers, flags): (Vec<_>, Vec<_>) = (0..threads)
        .map(|_| {
            let (sender, receiver) = loom::sync::mpsc::channel::<Waker>();
            let flag = Flag::new();
            let thread = thread::spawn({
                let flag = flag.clone();
                move || {
                    let waker = receiver.recv().unwrap();
                    flag.set();
                    waker.wake();
                }
            });
            (Some(sender), (flag, thread))
        })
        .unzip();
    block_on(poll_fn(|cx| {
        for sender in wakers.iter_mut().filter_map(Option::take) {
            sender.send(cx.waker().clone()).unwrap();
        }
        if flags.iter().all(|(flag, _)| flag.is_set()) { Poll::Ready(()) } else { Poll::Pending }
    }));
    flags.into_iter().for_each(|(_, thread)| thread.join().unwrap());
}

#[test]
fn a_wake_of_the_root_ends_the_sleep() {
    exhaustively("block_on and park", || block_on_flags(1));
}

#[test]
fn of_two_wakes_of_the_root_neither_is_overlooked() {
    within(3, "block_on and park, two wakers", || block_on_flags(2));
}
