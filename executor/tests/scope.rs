//! A scope ends when its body and all its children are gone, in whatever way they go.

#![cfg(not(loom))]

mod common;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use common::{Counter, OnDrop, panic_quietly, run_ready};
use reveille_executor::{ChildCancelled, LocalExecutor, Scope, scope, spawn, yield_now};

/// Runs `future`, and then what is left of other tasks.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let executor = LocalExecutor::new();
    let output = executor.block_on(future);
    run_ready(&executor);
    assert_eq!(executor.live_tasks(), 0, "the task of a child outlives its scope");
    output
}

fn poll_once(future: Pin<&mut (impl Future + ?Sized)>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn children_borrow_what_is_outside_also_mutably() {
    let (mut one, mut two) = (1, 2);
    block_on(scope(async |scope| {
        drop(scope.enclose(async { one += 10 }));
        drop(scope.enclose(async { two += 10 }));
    }));
    assert_eq!((one, two), (11, 12));
}

#[test]
fn the_scope_waits_for_children_whose_handles_are_dropped() {
    let ended = Counter::default();
    block_on(scope(async |scope| {
        for turns in 0..3 {
            let (ended, also) = (ended.clone(), ended.clone());
            drop(scope.enclose(async move {
                for _ in 0..turns {
                    yield_now().await;
                }
                ended.add();
            }));
            drop(scope.spawn(async move {
                for _ in 0..turns {
                    yield_now().await;
                }
                also.add();
            }));
        }
    }));
    assert_eq!(ended.get(), 6);
}

#[test]
fn children_start_siblings() {
    fn grow<'env>(scope: Scope<'env>, count: &'env Cell<u32>, depth: u32) -> Pin<Box<dyn Future<Output = ()> + 'env>> {
        Box::pin(async move {
            count.set(count.get() + 1);
            if depth > 0 {
                drop(scope.enclose(grow(scope.clone(), count, depth - 1)));
                drop(scope.enclose(grow(scope.clone(), count, depth - 1)));
            }
        })
    }
    let count = Cell::new(0);
    block_on(scope(async |scope| grow(scope, &count, 4).await));
    assert_eq!(count.get(), 31);
}

#[test]
fn a_handle_can_be_awaited_by_a_sibling() {
    let sum = block_on(scope(async |scope| {
        let inner = scope.enclose(async {
            yield_now().await;
            20
        });
        let outer = scope.spawn(async { 22 });
        scope.enclose(async { inner.await.unwrap() + outer.await.unwrap() }).await.unwrap()
    }));
    assert_eq!(sum, 42);
}

#[test]
fn dropping_the_scope_drops_every_child_at_once() {
    let drops = Counter::default();
    let executor = LocalExecutor::new();
    {
        let (outside, inside) = (drops.on_drop(), drops.on_drop());
        let mut future = Box::pin(scope(async |scope| {
            drop(scope.spawn(async move {
                let _outside = outside;
                pending::<()>().await;
            }));
            drop(scope.enclose(async move {
                let _inside = inside;
                pending::<()>().await;
            }));
            pending::<()>().await;
        }));
        executor.block_on(async { assert!(!poll_once(future.as_mut())) });
        run_ready(&executor);
        assert_eq!((drops.get(), executor.live_tasks()), (0, 1));
        drop(future);
        assert_eq!(drops.get(), 2);
    }
    run_ready(&executor);
    assert_eq!(executor.live_tasks(), 0);
}

#[test]
fn cancelling_drops_idle_children_before_it_returns_and_leaves_the_scope_open() {
    let drops = Counter::default();
    block_on(scope(async |scope| {
        for _ in 0..2 {
            let (one, two) = (drops.on_drop(), drops.on_drop());
            let enclosed = scope.enclose(async move {
                let _one = one;
                pending::<()>().await;
            });
            let spawned = scope.spawn(async move {
                let _two = two;
                pending::<()>().await;
            });
            let before = drops.get();
            let cancelled = scope.cancel();
            assert_eq!(drops.get(), before + 2);
            cancelled.await;
            assert_eq!((enclosed.await, spawned.await), (Err(ChildCancelled), Err(ChildCancelled)));
        }
        assert_eq!(scope.spawn(async { 42 }).await, Ok(42));
    }));
}

#[test]
fn a_child_that_cancels_its_scope_ends_there() {
    let reached = Counter::default();
    block_on(scope(async |scope| {
        let (own, after) = (scope.clone(), reached.clone());
        let enclosed = scope.enclose(async move {
            own.cancel().await;
            after.add();
        });
        assert_eq!(enclosed.await, Err(ChildCancelled));
    }));
    // A separate child cannot hold a scope that borrows; one of a scope that borrows nothing can.
    let after = reached.clone();
    let other: Rc<RefCell<Option<Scope<'static>>>> = Rc::default();
    let own = Rc::clone(&other);
    block_on(scope(async move |scope: Scope<'static>| {
        other.replace(Some(scope.clone()));
        let spawned = scope.spawn(async move {
            let scope = own.take().unwrap();
            scope.cancel().await;
            after.add();
        });
        assert_eq!(spawned.await, Err(ChildCancelled));
    }));
    assert_eq!(reached.get(), 0);
}

#[test]
fn a_panic_of_a_child_cancels_all_others_and_comes_out_when_they_are_gone() {
    for is_spawned in [false, true] {
        let drops = Counter::default();
        let cleaned = Counter::default();
        let caught = catch_unwind(AssertUnwindSafe(|| {
            block_on(scope(async |scope| {
                let (one, two, body) = (drops.on_drop(), drops.on_drop(), drops.on_drop());
                drop(scope.spawn(async move {
                    let _one = one;
                    pending::<()>().await;
                }));
                let (later, cleaned) = (scope.clone(), cleaned.clone());
                let cleanup = OnDrop(move || {
                    let cleaned = cleaned.clone();
                    drop(later.spawn(async move {
                        yield_now().await;
                        cleaned.add();
                    }));
                });
                drop(scope.enclose(async move {
                    let _two = (two, cleanup);
                    pending::<()>().await;
                }));
                let child = async {
                    yield_now().await;
                    panic_quietly("on purpose")
                };
                drop(if is_spawned { scope.spawn(child) } else { scope.enclose(child) });
                let _body = body;
                pending::<()>().await;
            }));
        }));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"on purpose"));
        assert_eq!((drops.get(), cleaned.get()), (3, 1), "spawned: {is_spawned}");
    }
}

#[test]
fn a_panic_of_the_body_cancels_the_children_and_comes_out() {
    let drops = Counter::default();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        block_on(scope(async |scope| {
            let child = drops.on_drop();
            drop(scope.spawn(async move {
                let _child = child;
                pending::<()>().await;
            }));
            yield_now().await;
            panic_quietly("the body")
        }));
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"the body"));
    assert_eq!(drops.get(), 1);
}

#[test]
fn the_panic_of_a_child_wins_over_that_of_a_body_that_trips_over_it() {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        block_on(scope(async |scope| {
            let child = scope.spawn(async { panic_quietly("the cause") });
            let () = child.await.unwrap_or_else(|_| panic_quietly("the effect"));
        }));
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"the cause"));
}

#[test]
fn a_panic_in_a_destructor_of_a_child_comes_out_of_the_scope() {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        block_on(scope(async |scope| {
            let drops_badly = OnDrop(|| panic_quietly("in a destructor"));
            drop(scope.enclose(async move {
                let _drops_badly = drops_badly;
            }));
            pending::<()>().await;
        }));
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"in a destructor"));
}

/// The scope is a task's future behind a lock that the child can get at.
#[test]
fn dropping_a_scope_from_its_own_child_is_a_clear_panic() {
    type Slot = Rc<RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>>;
    let executor = LocalExecutor::new();
    let (slot, drops) = (Slot::default(), Counter::default());
    let (own, sibling) = (Rc::clone(&slot), drops.on_drop());
    let message: Rc<RefCell<Option<String>>> = Rc::default();
    let said = Rc::clone(&message);
    slot.replace(Some(Box::pin(scope(async |scope| {
        drop(scope.spawn(async move {
            let _sibling = sibling;
            pending::<()>().await;
        }));
        drop(scope.spawn(async move {
            let scope = own.take();
            let caught = catch_unwind(AssertUnwindSafe(|| drop(scope))).unwrap_err();
            said.replace(caught.downcast_ref::<&str>().map(ToString::to_string));
        }));
        pending::<()>().await;
    }))));
    executor.block_on(async {
        let mut polled = slot.take().unwrap();
        assert!(!poll_once(polled.as_mut()));
        slot.replace(Some(polled));
    });
    run_ready(&executor);
    let message = message.take().expect("the drop panicked");
    assert_eq!(message, "a scope was dropped by one of its own children, which it would have to wait for");
    assert_eq!((drops.get(), executor.live_tasks()), (1, 0));
}

#[test]
fn what_is_started_after_the_scope_is_dropped_at_once() {
    let kept: RefCell<Option<Scope<'_>>> = RefCell::default();
    let drops = Counter::default();
    let executor = LocalExecutor::new();
    executor.block_on(scope(async |scope| {
        kept.replace(Some(scope));
    }));
    let late = kept.borrow().as_ref().unwrap().spawn({
        let late = drops.on_drop();
        async move { drop(late) }
    });
    assert_eq!(drops.get(), 1);
    assert_eq!(executor.block_on(late), Err(ChildCancelled));
}

#[test]
fn an_executor_that_goes_takes_the_children_with_it_and_the_scope_says_so() {
    let executor = LocalExecutor::new();
    let handle = executor.block_on(async {
        let mut future = pin!(scope(async |scope| {
            let child = scope.spawn(pending::<()>());
            child.await
        }));
        assert!(!poll_once(future.as_mut()));
        executor.close();
        future.await
    });
    assert_eq!(handle, Err(ChildCancelled));
}

#[test]
fn a_forgotten_scope_never_polls_its_borrowing_children_again() {
    let polls = Counter::default();
    let executor = LocalExecutor::new();
    let again = polls.clone();
    let mut future = Box::pin(scope(async |scope| {
        drop(scope.enclose(std::future::poll_fn(move |cx| {
            again.add();
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        })));
    }));
    executor.block_on(async { assert!(!poll_once(future.as_mut())) });
    std::mem::forget(future);
    run_ready(&executor);
    assert_eq!(polls.get(), 1);
}

#[test]
fn a_scope_may_hold_a_scope_and_a_task_may_be_one() {
    let total = block_on(async {
        let task = spawn(scope(async |outer| {
            let inner = outer.spawn(scope(async |inner| inner.spawn(async { 20 }).await.unwrap()));
            inner.await.unwrap() + 22
        }));
        task.await.unwrap()
    });
    assert_eq!(total, 42);
}

/// Handles of children that are gone are not kept: a scope that lives long does not grow.
#[test]
fn many_children_one_after_another_take_the_place_of_one() {
    block_on(scope(async |scope| {
        for n in 0..1_000 {
            assert_eq!(scope.spawn(async move { n }).await, Ok(n));
        }
    }));
}
