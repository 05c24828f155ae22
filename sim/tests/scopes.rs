//! Scopes in a run, and scopes on executors of others.

#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::panic::Location;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use async_executor::Executor;
use futures::executor::{LocalPool, LocalSpawner, block_on};
use futures::future::{FutureExt, LocalFutureObj, abortable};
use futures::task::LocalSpawn;
use reveille::time::{Duration, sleep};
use reveille::{FindingKind, Scope, explore, scope, spawn, yield_now};
use reveille_executor::{Abort, AnyThread, Host, OneThread, Reach, scope_across, scope_on};

#[test]
fn children_run_in_every_order_and_nothing_outlives_the_scope() {
    let passed = explore()
        .strategy("exhaustive")
        .runs(100_000)
        .deny_detached()
        .run(|| async {
            let order = RefCell::new(Vec::new());
            let log = Rc::new(RefCell::new(Vec::new()));
            scope(async |scope| {
                for child in 0..3 {
                    let log = Rc::clone(&log);
                    drop(scope.spawn(async move { log.borrow_mut().push(child) }));
                }
                drop(scope.enclose(async {
                    yield_now().await;
                    order.borrow_mut().push(3);
                }));
            })
            .await;
            reveille::sometimes!(log.borrow()[..] == [2, 1, 0], "the last child runs first");
            assert_eq!((order.into_inner().len(), log.borrow().len()), (1, 3));
        })
        .unwrap();
    assert!(passed.complete);
}

#[test]
fn a_child_that_waits_for_ever_is_found_and_named_by_the_line_that_started_it() {
    let failure = explore()
        .run(|| async {
            scope(async |scope| {
                drop(scope.spawn(async {
                    let (sender, receiver) = futures::channel::oneshot::channel::<()>();
                    let _kept = sender;
                    let _ = receiver.await;
                }));
            })
            .await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock));
    let report = failure.to_string();
    assert!(report.contains("spawned at sim/tests/scopes.rs:"), "{report}");
    assert!(report.contains("let _ = receiver.await") || report.contains("futures_channel::oneshot"), "{report}");
}

#[test]
fn a_borrowing_child_that_waits_for_ever_is_found_where_it_waits() {
    let line = line!() + 6;
    let failure = explore()
        .run(|| async {
            let (_sender, receiver) = futures::channel::oneshot::channel::<()>();
            scope(async |scope| {
                let child = scope.enclose(async {
                    let _ = receiver.await;
                });
                let _ = child.await;
            })
            .await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock));
    assert!(failure.to_string().contains(&format!("sim/tests/scopes.rs:{line}")), "{failure}");
}

#[test]
fn a_panic_of_a_child_is_reported_with_its_message() {
    let failure = explore()
        .run(|| async {
            scope(async |scope| {
                drop(scope.spawn(async { panic!("a child") }));
                pending::<()>().await;
            })
            .await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    assert!(failure.to_string().contains("a child"), "{failure}");
    assert!(failure.to_string().contains("sim/tests/scopes.rs:"), "{failure}");
}

/// A panic of a child that somebody takes, with the panic of its scope, is no finding.
#[test]
fn a_panic_that_comes_out_of_a_scope_can_be_joined() {
    explore()
        .runs(50)
        .deny_detached()
        .run(|| async {
            let task = spawn(scope(async |scope| {
                drop(scope.spawn(async { panic!("handled") }));
                pending::<()>().await;
            }));
            assert!(task.await.unwrap_err().is_panic());
        })
        .unwrap();
}

/// A handle that has to be closed asynchronously, as a database's, and the next one cannot be opened before.
struct Handle<'env> {
    open: &'env Cell<bool>,
    scope: Scope<'env>,
}

impl<'env> Handle<'env> {
    fn open(open: &'env Cell<bool>, scope: &Scope<'env>) -> Self {
        assert!(!open.replace(true), "the file is locked");
        Self { open, scope: scope.clone() }
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        let open = self.open;
        drop(self.scope.enclose(async move {
            sleep(Duration::from_millis(1)).await;
            open.set(false);
        }));
    }
}

#[test]
fn a_scope_ends_after_the_cleanup_that_its_cancelled_children_start() {
    explore()
        .runs(200)
        .run(|| async {
            let open = Cell::new(false);
            for _ in 0..2 {
                scope(async |scope| {
                    let handle = Handle::open(&open, &scope);
                    drop(scope.enclose(async move {
                        let _handle = handle;
                        pending::<()>().await;
                    }));
                    if reveille::choose(2) == 1 {
                        yield_now().await;
                    }
                    scope.cancel().await;
                })
                .await;
                assert!(!open.get());
            }
        })
        .unwrap();
}

/// futures' executor. It knows no way to end a task but from within.
struct Futures(LocalSpawner);

impl Host<OneThread> for Futures {
    fn spawn(&self, task: <OneThread as Reach>::Task<'static>, _at: &'static Location<'static>) -> Abort {
        let (task, abort) = abortable(task);
        // A pool that is gone drops the task, which tells the scope.
        let _ = self.0.spawn_local_obj(LocalFutureObj::new(Box::pin(task.map(drop))));
        Box::new(move || abort.abort())
    }
}

#[test]
fn a_scope_works_on_the_local_pool_of_futures() {
    let mut pool = LocalPool::new();
    let host = Futures(pool.spawner());
    let sum = pool.run_until(scope_on(&host, async |scope| {
        let outside = 22;
        let one = scope.spawn(async {
            yield_now().await;
            20
        });
        drop(scope.spawn(pending::<()>()));
        let sum = one.await.unwrap() + outside;
        scope.cancel().await;
        sum
    }));
    assert_eq!(sum, 42);
    assert!(pool.try_run_one(), "the cancelled task is ended");
    assert!(!pool.try_run_one(), "and no other is left");
}

/// async-executor, whose tasks end when their handle is dropped.
struct Async(Arc<Executor<'static>>);

impl Host<AnyThread> for Async {
    fn spawn(&self, task: <AnyThread as Reach>::Task<'static>, _at: &'static Location<'static>) -> Abort {
        let task = Mutex::new(Some(self.0.spawn(task)));
        Box::new(move || drop(task.lock().unwrap().take()))
    }
}

#[test]
fn a_scope_works_on_async_executor_with_two_threads() {
    let executor = Arc::new(Executor::new());
    let host = Async(Arc::clone(&executor));
    let (stop, stopped) = async_channel::bounded::<()>(1);
    let sum = std::thread::scope(|threads| {
        for _ in 0..2 {
            let (executor, stopped) = (&executor, stopped.clone());
            threads.spawn(move || block_on(executor.run(stopped.recv())));
        }
        let outside = 22;
        let sum = block_on(scope_across(&host, async |scope| {
            let ones = (0..20).map(|_| {
                scope.spawn(async {
                    yield_now().await;
                    1
                })
            });
            let ones: Vec<_> = ones.collect();
            drop(scope.spawn(pending::<()>()));
            let mut sum = scope.enclose(async { outside }).await.unwrap();
            for one in ones {
                sum += one.await.unwrap();
            }
            scope.cancel().await;
            sum
        }));
        drop(stop);
        sum
    });
    // The cancelled task is ended at its next turn.
    while executor.try_tick() {}
    assert_eq!((sum, executor.is_empty()), (42, true));
}
