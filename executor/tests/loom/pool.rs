//! Models of a whole pool: two workers, and a thread that spawns, wakes and ends it.

use std::future::{Future, poll_fn};
use std::task::Poll;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use reveille_executor::{Pool, block_on};

use crate::model::{Value, within};

/// Counts how often it was polled and dropped, and notices both at once.
struct Guest {
    uses: loom::cell::UnsafeCell<usize>,
    drops: Arc<AtomicUsize>,
    _leak: loom::alloc::Track<()>,
}

// SAFETY: it is moved, not shared; that the move is ordered is what loom checks.
unsafe impl Send for Guest {}

impl Guest {
    fn new(drops: &Arc<AtomicUsize>) -> Self {
        Self { uses: loom::cell::UnsafeCell::new(0), drops: Arc::clone(drops), _leak: loom::alloc::Track::new(()) }
    }

    /// A poll of who holds it, on whatever thread.
    fn polled(&self) -> usize {
        // SAFETY: that nobody else is in here is what loom checks.
        self.uses.with_mut(|uses| unsafe {
            *uses += 1;
            *uses
        })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.polled();
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

/// Gives way once.
fn yields(guest: Guest) -> impl Future<Output = Value> + Send {
    poll_fn(move |cx| {
        if guest.polled() > 1 {
            return Poll::Ready(Value::new());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn a_task_runs_to_its_end_and_delivers() {
    within(2, "pool of one, a task that yields", || {
        let drops = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(1).unwrap();
        let task = pool.spawn(yields(Guest::new(&drops)));
        assert_eq!(block_on(task).unwrap().answer(), 42);
        drop(pool);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// Ends at its first poll.
fn ends_at_once(guest: Guest) -> impl Future<Output = Value> + Send {
    poll_fn(move |_| {
        guest.polled();
        Poll::Ready(Value::new())
    })
}

#[test]
fn a_task_finds_one_of_two_workers() {
    within(1, "pool of two, one task", || {
        let drops = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(2).unwrap();
        let task = pool.spawn(ends_at_once(Guest::new(&drops)));
        assert_eq!(block_on(task).unwrap().answer(), 42);
        drop(pool);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// The worker that stops last drops a task that another has run, and left in its own queue.
#[test]
fn who_closes_sees_what_the_workers_left() {
    within(1, "pool of two, its end against a task that yields", || {
        let drops = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(2).unwrap();
        drop(pool.spawn(yields(Guest::new(&drops))));
        drop(pool);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn two_tasks_on_two_workers_are_run_or_dropped_once_each() {
    within(1, "pool of two, its end against two tasks", || {
        let drops = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(2).unwrap();
        drop(pool.spawn(ends_at_once(Guest::new(&drops))));
        drop(pool.spawn(yields(Guest::new(&drops))));
        drop(pool);
        assert_eq!(drops.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_pool_that_ends_drops_every_task_once() {
    within(1, "pool of one, spawns against its end", || {
        let drops = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(1).unwrap();
        let handle = pool.handle();
        let late = Guest::new(&drops);
        let thread = thread::spawn(move || drop(handle.spawn(yields(late))));
        drop(pool.spawn(yields(Guest::new(&drops))));
        drop(pool);
        thread.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_wake_may_come_while_the_pool_ends() {
    within(2, "pool of one, a wake against its end", || {
        let drops = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(1).unwrap();
        let (sender, receiver) = loom::sync::mpsc::channel();
        let guest = Guest::new(&drops);
        let mut sender = Some(sender);
        let task = pool.spawn(poll_fn(move |cx| {
            guest.polled();
            if let Some(sender) = sender.take() {
                sender.send(cx.waker().clone()).unwrap();
            }
            Poll::<()>::Pending
        }));
        let waker = receiver.recv().unwrap();
        let thread = thread::spawn(move || waker.wake());
        drop(task);
        drop(pool);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        thread.join().unwrap();
    });
}

#[test]
fn a_closure_runs_or_is_dropped() {
    within(2, "blocking, a closure against the pool's end", || {
        let drops = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(1).unwrap();
        let guest = Guest::new(&drops);
        let task = pool.spawn_blocking(move || drop(guest));
        drop(pool);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        assert!(task.is_finished());
    });
}
