//! Panics, wherever user code runs: they become the task's result or are swallowed, and corrupt nothing.

#![cfg(not(loom))]

mod common;

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use common::{Counter, OnDrop, panic_quietly, run_ready};
use reveille_executor::{JoinError, JoinHandle, JoinSet, LocalExecutor, Ran, yield_now};

fn error<T>(executor: &LocalExecutor, task: JoinHandle<T>) -> JoinError {
    executor.block_on(task).err().expect("the task did not end with an output")
}

#[test]
fn a_panic_in_a_poll_is_the_result() {
    let executor = LocalExecutor::new();
    let drops = Counter::default();
    let task = executor.spawn({
        let guard = drops.on_drop();
        async move {
            let _guard = guard;
            yield_now().await;
            panic_quietly("in a poll")
        }
    });
    let id = task.id();
    assert_eq!(run_ready(&executor), [Ran::Pending, Ran::Panicked]);
    assert_eq!((drops.get(), executor.live_tasks()), (1, 0));
    let error: JoinError = executor.block_on(task).unwrap_err();
    assert!(error.is_panic() && !error.is_cancelled());
    assert_eq!((error.id(), error.to_string()), (id, "task 0 panicked: in a poll".to_owned()));
    assert_eq!(format!("{error:?}"), "JoinError(TaskId(0), Panic, \"in a poll\")");
    assert_eq!(error.into_panic().downcast_ref(), Some(&"in a poll"));
}

/// A future with something to say in its drop: async blocks drop their locals in the last poll.
struct PanicsInDrop {
    polls_left: usize,
}

impl Future for PanicsInDrop {
    type Output = OnDrop<Box<dyn FnMut()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.polls_left.checked_sub(1) {
            None => Poll::Ready(OnDrop(Box::new(|| ()))),
            Some(left) => {
                self.polls_left = left;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic_quietly("in a future's drop")
    }
}

#[test]
fn a_panic_in_a_futures_drop_is_the_result() {
    let executor = LocalExecutor::new();
    let ended = executor.spawn(PanicsInDrop { polls_left: 0 });
    let aborted = executor.spawn(PanicsInDrop { polls_left: 1 });
    aborted.abort();
    assert_eq!(run_ready(&executor), [Ran::Panicked, Ran::Panicked]);
    for task in [ended, aborted] {
        assert_eq!(error(&executor, task).into_panic().downcast_ref(), Some(&"in a future's drop"));
    }
}

#[test]
fn of_a_panic_in_the_poll_and_one_in_the_drop_the_first_counts() {
    struct PanicsTwice;
    impl Future for PanicsTwice {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            panic_quietly("in a poll")
        }
    }
    impl Drop for PanicsTwice {
        fn drop(&mut self) {
            panic_quietly("in a future's drop")
        }
    }
    let executor = LocalExecutor::new();
    let task = executor.spawn(PanicsTwice);
    assert_eq!(run_ready(&executor), [Ran::Panicked]);
    assert_eq!(error(&executor, task).into_panic().downcast_ref(), Some(&"in a poll"));
}

#[test]
fn a_panic_in_the_drop_of_a_detached_output_is_told_by_the_run() {
    let executor = LocalExecutor::new();
    drop(executor.spawn(async { OnDrop(|| panic_quietly("in an output's drop")) }));
    drop(executor.spawn(async {}));
    assert_eq!(run_ready(&executor), [Ran::Panicked, Ran::Ready]);
    assert_eq!(executor.live_tasks(), 0);
}

#[test]
fn a_panic_in_the_drop_of_an_output_with_its_handle_goes_to_whoever_drops_that() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(async { OnDrop(|| panic_quietly("in an output's drop")) });
    // The cell is freed by this waker, if the unwinding handle gave back what it had.
    let waker = executor.waker(task.id()).unwrap();
    assert_eq!(run_ready(&executor), [Ran::Ready]);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(task))).is_err());
    drop(waker);
}

#[test]
fn a_panic_in_the_joiners_wake_leaves_the_task_ended() {
    struct PanicsInWake;
    impl Wake for PanicsInWake {
        fn wake(self: Arc<Self>) {
            panic_quietly("in a wake")
        }
    }
    let executor = LocalExecutor::new();
    let mut task = executor.spawn(async { 42 });
    let waker = Waker::from(Arc::new(PanicsInWake));
    assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(run_ready(&executor), [Ran::Panicked], "the task goes on, and somebody is told");
    assert_eq!((executor.live_tasks(), executor.block_on(task).unwrap()), (0, 42));
}

#[test]
fn a_panic_in_the_drop_of_a_panics_payload_goes_nowhere() {
    /// Of no size, so that the last one, which nobody dares to drop, leaks nothing.
    struct Endless;
    impl Drop for Endless {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(Self));
        }
    }
    let executor = LocalExecutor::new();
    drop(executor.spawn(async { std::panic::resume_unwind(Box::new(Endless)) }));
    drop(executor.spawn(async {}));
    assert_eq!(run_ready(&executor), [Ran::Panicked, Ran::Ready]);
}

#[test]
fn closing_drops_every_future_although_some_panic() {
    let executor = LocalExecutor::new();
    let drops = Counter::default();
    let mut handles = Vec::new();
    for task in 0..6 {
        let guard = drops.on_drop();
        let bomb = (task % 2 == 0).then(|| OnDrop(|| panic_quietly("in a future's drop")));
        handles.push(executor.spawn(async move {
            let _guards = (bomb, guard);
            pending::<()>().await;
        }));
    }
    // Half of them wait, half are still queued.
    for _ in 0..3 {
        let _ = executor.pick(&mut common::Fifo).unwrap().run();
    }
    assert_eq!(executor.close(), 3, "panics of futures that were dropped");
    assert_eq!((drops.get(), executor.live_tasks()), (6, 0));
    for (task, handle) in handles.into_iter().enumerate() {
        assert_eq!(reveille_executor::block_on(handle).unwrap_err().is_panic(), task % 2 == 0);
    }
}

#[test]
fn an_executor_dropped_by_a_panic_drops_its_futures() {
    let drops = Counter::default();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let executor = LocalExecutor::new();
        let guards = (drops.on_drop(), OnDrop(|| panic_quietly("while unwinding")));
        drop(executor.spawn(async move {
            let _guards = guards;
            pending::<()>().await;
        }));
        let _ = run_ready(&executor);
        panic_quietly("outside")
    }));
    assert_eq!(caught.err().and_then(|payload| payload.downcast::<&str>().ok()).as_deref(), Some(&"outside"));
    assert_eq!(drops.get(), 1);
}

#[test]
fn a_set_hands_out_panics_like_outputs() {
    let executor = LocalExecutor::new();
    let mut set = JoinSet::new();
    set.spawn_on(&executor, async { panic_quietly("in a child") });
    set.spawn_on(&executor, async { 42 });
    let _ = run_ready(&executor);
    assert!(set.try_join_next().unwrap().unwrap_err().is_panic());
    assert_eq!(set.try_join_next().unwrap().unwrap(), 42);
    assert!(set.try_join_next().is_none() && set.is_empty());
}

#[test]
fn a_cancelled_task_has_no_panic_to_show() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(pending::<()>());
    task.abort();
    let error = error(&executor, task).try_into_panic().unwrap_err();
    assert!(error.is_cancelled());
    let panic = catch_unwind(AssertUnwindSafe(|| drop(error.into_panic()))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "expected a panic, but task 0 was cancelled");
}
