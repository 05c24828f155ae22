//! Models of a task that wakes itself, about which its own thread knows, under wakes and aborts from other threads.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use loom::thread;
use reveille_executor::{LocalExecutor, Ran, yield_now};

use crate::model::{Drops, Fifo, Flag, Witness, exhaustively, run_ready, set_and_wake};

/// Wakes itself in its first poll, and is done once `flag` is set. Counts its polls.
fn restless(flag: Flag, polls: &Rc<Cell<usize>>, drops: &Drops) -> impl Future<Output = ()> + use<> {
    let (polls, witness) = (Rc::clone(polls), Witness::new(drops));
    poll_fn(move |cx| {
        witness.polled();
        polls.set(polls.get() + 1);
        if polls.get() == 1 {
            cx.waker().wake_by_ref();
        }
        if flag.is_set() { Poll::Ready(()) } else { Poll::Pending }
    })
}

#[test]
fn a_wake_from_elsewhere_is_seen_by_a_poll_after_it() {
    exhaustively("word, its own wake and one from elsewhere", || {
        let executor = LocalExecutor::new();
        let (flag, drops, polls) = (Flag::new(), Drops::new(), Rc::new(Cell::new(0)));
        let task = executor.spawn(restless(flag.clone(), &polls, &drops));
        let waker = executor.waker(task.id()).unwrap();
        let thread = set_and_wake(flag, waker);
        run_ready(&executor);
        thread.join().unwrap();
        run_ready(&executor);
        assert!(task.is_finished(), "the wake was lost");
        assert!((1..=3).contains(&polls.get()), "{} polls for a spawn and two wakes", polls.get());
        assert_eq!((drops.count(), executor.ready()), (1, 0));
    });
}

#[test]
fn a_task_that_is_known_to_be_aborted_is_not_polled() {
    exhaustively("word, its own wake and an abort", || {
        let executor = LocalExecutor::new();
        let (drops, polls) = (Drops::new(), Rc::new(Cell::new(0)));
        let task = executor.spawn(restless(Flag::new(), &polls, &drops));
        let abort = task.abort_handle();
        let thread = thread::spawn(move || abort.abort());
        while let Some(task) = executor.pick(&mut Fifo) {
            let (is_cancelled, before) = (task.is_cancelled(), polls.get());
            assert_ne!(task.run(), Ran::Panicked);
            assert!(!is_cancelled || polls.get() == before, "polled although it was aborted");
        }
        thread.join().unwrap();
        run_ready(&executor);
        assert_eq!((drops.count(), executor.live_tasks()), (1, 0), "the abort was lost");
    });
}

#[test]
fn of_a_task_that_yields_the_last_waker_may_go_elsewhere() {
    exhaustively("word, its own wake and the last waker's drop", || {
        let executor = LocalExecutor::new();
        let task = executor.spawn(yield_now());
        let waker = executor.waker(task.id()).unwrap();
        drop(task);
        let thread = thread::spawn(move || drop(waker));
        run_ready(&executor);
        assert_eq!(executor.live_tasks(), 0);
        thread.join().unwrap();
    });
}
