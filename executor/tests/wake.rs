//! Waking: how often a task is polled for it, and what a waker may be used for after its task or executor is gone.

#![cfg(not(loom))]

mod common;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use common::{Counter, Fifo, WakerSlot, run_ready};
use reveille_executor::{AbortHandle, LocalExecutor, Ran, yield_now};

#[test]
fn ten_thousand_tasks_are_woken_from_inside_one_poll() {
    const TASKS: usize = 10_000;
    let executor = LocalExecutor::new();
    let spawner = executor.spawner(TASKS + 1);
    let slots: Vec<_> = (0..TASKS).map(|_| WakerSlot::default()).collect();
    for slot in &slots {
        drop(spawner.try_spawn(slot.wait()).unwrap());
    }
    assert_eq!(run_ready(&executor).len(), TASKS);
    drop(spawner.try_spawn(async move { slots.iter().for_each(|slot| slot.take().wake()) }).unwrap());
    // The bound of the spawner is reached, and the wakes neither fail nor wait because of it.
    assert!(spawner.try_spawn(async {}).unwrap_err().is_full());
    assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Ready);
    assert_eq!(executor.ready(), TASKS);
    assert_eq!(run_ready(&executor), [Ran::Ready; TASKS]);
    assert_eq!(executor.live_tasks(), 0);
}

/// A task that calls `during` with its waker in its first poll, and never ends.
fn with_waker(executor: &LocalExecutor, polls: &Counter, during: impl Fn(&Waker) + 'static) {
    let polls = polls.clone();
    drop(executor.spawn(poll_fn(move |cx| -> Poll<()> {
        polls.add();
        if polls.get() == 1 {
            during(cx.waker());
        }
        Poll::Pending
    })));
}

#[test]
fn wakes_during_a_poll_make_one_more() {
    let (executor, polls) = (LocalExecutor::new(), Counter::default());
    with_waker(&executor, &polls, |waker| {
        waker.wake_by_ref();
        let clone = waker.clone();
        clone.wake();
        waker.wake_by_ref();
    });
    assert_eq!(run_ready(&executor).len(), 2);
    assert_eq!((polls.get(), executor.pushes()), (2, 2));
}

#[test]
fn a_task_that_was_woken_while_it_ran_is_queued_and_runs_no_more() {
    let (executor, drops) = (LocalExecutor::new(), Counter::default());
    let on_drop = drops.on_drop();
    let task = executor.spawn(async move {
        let _on_drop = on_drop;
        loop {
            yield_now().await;
        }
    });
    assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Pending);
    executor.for_each_task(|view| assert!(view.scheduled && !view.running));
    assert_eq!(executor.repoll(task.id(), Waker::noop()), None);
    assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Pending);
    executor.close();
    assert_eq!((drops.get(), executor.live_tasks()), (1, 0));
    assert!(task.is_finished());
}

#[test]
fn a_task_that_wakes_itself_and_then_closes_its_executor_is_dropped() {
    let (executor, drops) = (Rc::new(LocalExecutor::new()), Counter::default());
    let (on_drop, closing) = (drops.on_drop(), Rc::downgrade(&executor));
    let task = executor.spawn(poll_fn(move |cx| -> Poll<()> {
        let _ = &on_drop;
        cx.waker().wake_by_ref();
        closing.upgrade().unwrap().close();
        Poll::Pending
    }));
    assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Cancelled);
    assert_eq!((drops.get(), executor.live_tasks(), executor.ready()), (1, 0, 0));
    assert!(task.is_finished());
}

#[test]
fn a_task_that_wakes_itself_and_then_aborts_itself_is_polled_no_more() {
    let (executor, polls) = (LocalExecutor::new(), Counter::default());
    let slot = Rc::new(RefCell::new(None::<AbortHandle>));
    let (counted, own) = (polls.clone(), Rc::clone(&slot));
    let task = executor.spawn(poll_fn(move |cx| -> Poll<()> {
        counted.add();
        cx.waker().wake_by_ref();
        own.borrow().as_ref().unwrap().abort();
        Poll::Pending
    }));
    *slot.borrow_mut() = Some(task.abort_handle());
    assert_eq!(run_ready(&executor), [Ran::Cancelled]);
    assert_eq!((polls.get(), executor.live_tasks()), (1, 0));
}

/// What one poll notes of wakes must not be taken for those of another that is made within it.
#[test]
fn polls_within_polls_keep_their_wakes_apart() {
    for (outer_wakes, inner_wakes) in [(false, false), (false, true), (true, false), (true, true)] {
        let (executor, inner) = (LocalExecutor::new(), LocalExecutor::new());
        let within = inner.spawn(poll_fn(move |cx| -> Poll<()> {
            if inner_wakes {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        }));
        let inner = Rc::new(inner);
        let used = Rc::clone(&inner);
        let around = executor.spawn(poll_fn(move |cx| -> Poll<()> {
            if outer_wakes {
                cx.waker().wake_by_ref();
            }
            assert_eq!(used.pick(&mut Fifo).unwrap().run(), Ran::Pending);
            Poll::Pending
        }));
        assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Pending);
        assert_eq!((executor.ready(), inner.ready()), (usize::from(outer_wakes), usize::from(inner_wakes)));
        assert!(!within.is_finished() && !around.is_finished());
    }
}

#[test]
fn a_task_that_waits_is_woken_by_reference_in_the_poll_of_another() {
    let (executor, polls) = (LocalExecutor::new(), Counter::default());
    let slot = WakerSlot::default();
    let waiting = executor.spawn(slot.wait());
    assert_eq!(run_ready(&executor), [Ran::Pending]);
    let counted = polls.clone();
    drop(executor.spawn(poll_fn(move |cx| {
        counted.add();
        let waker = slot.take();
        // Its own wake, before and after, makes no difference to the other's.
        cx.waker().wake_by_ref();
        waker.wake_by_ref();
        cx.waker().wake_by_ref();
        Poll::Ready(())
    })));
    assert_eq!(run_ready(&executor), [Ran::Ready; 2]);
    assert_eq!((polls.get(), waiting.is_finished()), (1, true));
}

#[test]
fn a_task_that_is_woken_by_a_poll_within_its_own_is_polled_again() {
    let (executor, inner, polls) = (LocalExecutor::new(), LocalExecutor::new(), Counter::default());
    let counted = polls.clone();
    drop(executor.spawn(poll_fn(move |cx| -> Poll<()> {
        counted.add();
        if counted.get() == 1 {
            let waker = cx.waker().clone();
            let wake = inner.spawn(async move { waker.wake_by_ref() });
            assert_eq!(run_ready(&inner), [Ran::Ready]);
            drop(wake);
        }
        Poll::Pending
    })));
    assert_eq!(run_ready(&executor).len(), 2);
    assert_eq!(polls.get(), 2);
}

#[test]
fn a_task_that_wakes_itself_by_its_only_clone_is_polled_again() {
    let (executor, polls) = (LocalExecutor::new(), Counter::default());
    with_waker(&executor, &polls, |waker| {
        let only = waker.clone();
        only.wake();
    });
    assert_eq!(run_ready(&executor).len(), 2);
}

#[test]
fn wakes_before_a_poll_are_one() {
    let executor = LocalExecutor::new();
    let slot = WakerSlot::default();
    let task = executor.spawn(slot.wait());
    assert_eq!(run_ready(&executor), [Ran::Pending]);
    let waker = slot.take();
    (0..3).for_each(|_| waker.wake_by_ref());
    assert_eq!(executor.ready(), 1);
    assert_eq!(run_ready(&executor), [Ran::Ready]);
    assert!(task.is_finished());
}

#[test]
fn a_wake_after_the_end_does_nothing() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(async {});
    let (kept, woken) = (executor.waker(task.id()).unwrap(), executor.waker(task.id()).unwrap());
    assert_eq!(run_ready(&executor), [Ran::Ready]);
    woken.wake();
    kept.wake_by_ref();
    assert_eq!((executor.ready(), executor.live_tasks(), executor.pushes()), (0, 0, 1));
    executor.block_on(task).unwrap();
    kept.wake();
}

#[test]
fn wakers_outlive_the_executor() {
    let executor = LocalExecutor::new();
    let pending = executor.spawn(WakerSlot::default().wait());
    let done = executor.spawn(async {});
    let wakers = [pending.id(), done.id()].map(|id| executor.waker(id).unwrap());
    drop((pending, done));
    let _ = run_ready(&executor);
    drop(executor);
    for waker in wakers {
        let clone = waker.clone();
        assert!(clone.will_wake(&waker));
        clone.wake_by_ref();
        clone.wake();
        std::thread::scope(|scope| scope.spawn(move || waker.wake()).join().unwrap());
    }
}

#[test]
fn wakers_of_one_task_are_equal_and_of_two_are_not() {
    let executor = LocalExecutor::new();
    let (a, b) = (WakerSlot::default(), WakerSlot::default());
    let ids = [executor.spawn(a.wait()).id(), executor.spawn(b.wait()).id()];
    let _ = run_ready(&executor);
    let (lent, others) = (a.take(), b.take());
    assert!(lent.will_wake(&executor.waker(ids[0]).unwrap()));
    assert!(lent.will_wake(&lent.clone()));
    assert!(!lent.will_wake(&others));
    // The one that is lent to a poll, too.
    drop(executor.spawn(poll_fn(|cx| {
        assert!(cx.waker().will_wake(&cx.waker().clone()));
        Poll::Ready(())
    })));
    assert_eq!(run_ready(&executor), [Ran::Ready]);
}
