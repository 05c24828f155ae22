//! Spawning: what is run, in which order, how often, and under which name.

#![cfg(not(loom))]

mod common;

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use common::{Counter, Fifo, run_ready};
use reveille_executor::{Choose, LocalExecutor, Point, Ran, TaskId, spawn, yield_now};

#[test]
fn futures_and_outputs_need_not_be_send() {
    let executor = LocalExecutor::new();
    let task = executor.spawn({
        let local = Rc::new(42);
        async move {
            yield_now().await;
            local
        }
    });
    assert_eq!(*executor.block_on(task).unwrap(), 42);
}

#[test]
fn a_new_task_is_polled_once_although_it_was_woken() {
    let executor = LocalExecutor::new();
    let polls = Counter::default();
    let task = executor.spawn(poll_fn({
        let polls = polls.clone();
        move |_| -> Poll<()> {
            polls.add();
            Poll::Pending
        }
    }));
    let waker = executor.waker(task.id()).unwrap();
    waker.wake_by_ref();
    waker.wake();
    assert_eq!(executor.ready(), 1);
    assert_eq!(run_ready(&executor), [Ran::Pending]);
    assert_eq!((polls.get(), executor.pushes()), (1, 1));
}

#[test]
fn tasks_run_in_the_order_of_spawning_and_waking() {
    let executor = LocalExecutor::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    for task in 0..3 {
        let order = Rc::clone(&order);
        drop(executor.spawn(async move {
            for round in 0..2 {
                order.borrow_mut().push((round, task));
                yield_now().await;
            }
        }));
    }
    executor.run();
    assert_eq!(*order.borrow(), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
}

#[test]
fn a_task_spawned_by_a_task_goes_to_the_back() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let executor = LocalExecutor::new();
    let log = |name| {
        let order = Rc::clone(&order);
        async move { order.borrow_mut().push(name) }
    };
    let (child, sibling) = (log("child"), log("sibling"));
    drop(executor.spawn(async move { drop(spawn(child)) }));
    drop(executor.spawn(sibling));
    executor.run();
    assert_eq!(*order.borrow(), ["sibling", "child"]);
}

#[test]
fn names_are_dense_and_shown_as_numbers() {
    let executor = LocalExecutor::new();
    let ids: Vec<_> = (0..4).map(|_| executor.spawn(async {}).id()).collect();
    assert_eq!(ids, [0, 1, 2, 3].map(TaskId::new));
    assert_eq!(format!("{} {:?}", ids[3], ids[3]), "3 TaskId(3)");
    let mut seen = Vec::new();
    executor.for_each_task(|task| seen.push(task.id));
    assert_eq!(seen, ids);
}

#[test]
#[should_panic(expected = "`spawn` is served inside `LocalExecutor::run` and `LocalExecutor::block_on` only")]
fn spawn_outside_of_an_executor_says_where_it_works() {
    drop(spawn(async {}));
}

#[test]
fn spawn_goes_to_the_innermost_executor() {
    let (outer, inner) = (LocalExecutor::new(), Rc::new(LocalExecutor::new()));
    let tasks = outer.block_on({
        let inner = Rc::clone(&inner);
        async move {
            inner.block_on(async { drop(spawn(pending::<()>())) });
            drop(spawn(pending::<()>()));
            drop(spawn(pending::<()>()));
            inner.live_tasks()
        }
    });
    assert_eq!((tasks, outer.live_tasks()), (1, 2));
}

#[test]
fn a_panic_leaves_the_outer_executor_in_charge() {
    let (outer, inner) = (LocalExecutor::new(), LocalExecutor::new());
    outer.block_on(async {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            inner.block_on(async { common::panic_quietly("on purpose") });
        }));
        assert!(caught.is_err());
        drop(spawn(pending::<()>()));
    });
    assert_eq!((outer.live_tasks(), inner.live_tasks()), (1, 0));
}

#[test]
fn a_task_may_run_another_within_its_poll() {
    let executor = Rc::new(LocalExecutor::new());
    let polls = Counter::default();
    drop(executor.spawn({
        let (executor, polls) = (Rc::clone(&executor), polls.clone());
        async move {
            polls.add();
            // The other task, then nothing: this one is running.
            assert_eq!(run_ready(&executor), [Ran::Ready]);
        }
    }));
    drop(executor.spawn({
        let polls = polls.clone();
        async move { polls.add() }
    }));
    assert_eq!(run_ready(&executor), [Ran::Ready]);
    assert_eq!(polls.get(), 2);
}

#[test]
fn whoever_chooses_may_use_the_executor() {
    struct Meddler<'a>(&'a LocalExecutor);
    impl Choose for Meddler<'_> {
        fn choose(&mut self, point: Point<'_>) -> u32 {
            drop(self.0.spawn(async {}));
            while let Some(task) = self.0.pick(&mut Fifo) {
                assert_eq!(task.run(), Ran::Ready);
            }
            point.bound - 1
        }
    }
    let executor = LocalExecutor::new();
    drop((executor.spawn(async {}), executor.spawn(async {})));
    assert!(executor.pick(&mut Meddler(&executor)).is_none(), "the queue was emptied meanwhile");
    assert_eq!(executor.live_tasks(), 0);
}
