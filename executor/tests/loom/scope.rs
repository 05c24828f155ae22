//! Models of scopes whose separate children are polled on another thread.

use std::future::{Future, pending, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::sync::{Arc, Mutex};
use loom::thread;
use reveille_executor::{Abort, AnyThread, Host, Reach, Scope, block_on, scope_across};

use crate::model::{Drops, exhaustively, within};

type Task = <AnyThread as Reach>::Task<'static>;

/// Keeps the tasks for whoever runs them.
struct Elsewhere(Mutex<Vec<Task>>);

impl Host<AnyThread> for Elsewhere {
    fn spawn(&self, task: Task, _at: &'static Location<'static>) -> Abort {
        self.0.lock().unwrap().push(task);
        Box::new(|| ())
    }
}

/// What a child holds: notices being dropped twice or not at all, and being used by two threads at once.
struct Held {
    uses: loom::cell::UnsafeCell<()>,
    drops: Drops,
    _leak: loom::alloc::Track<()>,
}

// SAFETY: it is moved, not shared; that the move is ordered is what loom checks.
unsafe impl Send for Held {}

impl Held {
    fn new(drops: &Drops) -> Self {
        Self { uses: loom::cell::UnsafeCell::new(()), drops: drops.clone(), _leak: loom::alloc::Track::new(()) }
    }

    fn used(&self) {
        self.uses.with_mut(|_| ());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.used();
        self.drops.add();
    }
}

/// A scope with one separate child, which has been handed out and not yet polled.
fn start<F>(host: &Elsewhere, child: F) -> (Pin<Box<impl Future<Output = ()>>>, Task)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut future = Box::pin(scope_across(host, async |scope: Scope<'_, AnyThread>| drop(scope.spawn(child))));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let task = host.0.lock().unwrap().pop().unwrap();
    (future, task)
}

fn poll_once(task: &mut Task) {
    let _ = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

#[test]
fn dropping_the_scope_leaves_no_child_behind() {
    exhaustively("scope, drop against a poll", || {
        let host = Elsewhere(Mutex::new(Vec::new()));
        let drops = Drops::new();
        let held = Held::new(&drops);
        let (future, mut task) = start(&host, async move {
            held.used();
            pending::<()>().await;
            drop(held);
        });
        let thread = thread::spawn(move || {
            poll_once(&mut task);
            task
        });
        drop(future);
        // Polled or not, and whoever dropped it: it is gone.
        assert_eq!(drops.count(), 1);
        drop(thread.join().unwrap());
    });
}

#[test]
fn the_scope_hears_of_the_end_of_a_child() {
    exhaustively("scope, its end against a child's", || {
        let host = Elsewhere(Mutex::new(Vec::new()));
        let drops = Drops::new();
        let held = Held::new(&drops);
        let (future, mut task) = start(&host, async move { held.used() });
        let thread = thread::spawn(move || {
            poll_once(&mut task);
            drop(task);
        });
        block_on(future);
        assert_eq!(drops.count(), 1);
        thread.join().unwrap();
    });
}

#[test]
fn an_output_is_delivered_to_who_waits_for_it() {
    within(2, "scope, a child's output", || {
        let host = Arc::new(Elsewhere(Mutex::new(Vec::new())));
        let run = Arc::clone(&host);
        let (spawned, is_spawned) = loom::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            is_spawned.recv().unwrap();
            let mut task = run.0.lock().unwrap().pop().unwrap();
            poll_once(&mut task);
        });
        let answer = block_on(scope_across(&*host, async |scope: Scope<'_, AnyThread>| {
            let child = scope.spawn(poll_fn(|_| Poll::Ready(42)));
            spawned.send(()).unwrap();
            child.await
        }));
        assert_eq!(answer, Ok(42));
        thread.join().unwrap();
    });
}

#[test]
fn cancelling_from_elsewhere_meets_a_poll() {
    exhaustively("scope, cancel against a poll", || {
        let host = Elsewhere(Mutex::new(Vec::new()));
        let drops = Drops::new();
        let held = Held::new(&drops);
        let (cancel, is_started) = loom::sync::mpsc::channel();
        let after = drops.clone();
        let mut future = Box::pin(scope_across(&host, async move |scope: Scope<'_, AnyThread>| {
            drop(scope.spawn(async move {
                held.used();
                pending::<()>().await;
                drop(held);
            }));
            poll_fn(|_| if is_started.try_recv().is_ok() { Poll::Ready(()) } else { Poll::Pending }).await;
            scope.cancel().await;
            assert_eq!(after.count(), 1);
        }));
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let mut task = host.0.lock().unwrap().pop().unwrap();
        let thread = thread::spawn(move || {
            poll_once(&mut task);
            task
        });
        cancel.send(()).unwrap();
        block_on(future);
        drop(thread.join().unwrap());
    });
}
