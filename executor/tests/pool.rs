//! A pool runs every task, steals, sleeps, and ends with every future dropped once and every thread joined.

#![cfg(not(loom))]

use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use reveille_executor::{JoinSet, LocalExecutor, Pool, block_on, scope_across, spawn, spawn_send, yield_now};

/// Counts its drops.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

/// Adds one to its counter when it is dropped.
struct Guard(Drops);

impl Drops {
    fn guard(&self) -> Guard {
        Guard(self.clone())
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A task that has been polled says so, and waits for ever.
async fn waits_forever(guard: Guard, polled: Sender<()>) {
    polled.send(()).unwrap();
    let _guard = guard;
    pending::<()>().await;
}

/// Never ends, and always gives way.
async fn endless_yields() {
    while !std::hint::black_box(false) {
        yield_now().await;
    }
}

#[test]
fn tasks_spawned_inside_and_outside_run_and_deliver() {
    for threads in 1..=4 {
        let pool = Pool::new(threads).unwrap();
        let outside: Vec<_> = (0..100)
            .map(|n| {
                pool.spawn(async move {
                    let inner = spawn_send(async move {
                        yield_now().await;
                        n
                    });
                    inner.await.unwrap() + 1
                })
            })
            .collect();
        let sum: usize = outside.into_iter().map(|task| block_on(task).unwrap()).sum();
        assert_eq!(sum, (1..=100).sum());
        // A joiner may hear of the end before the task is taken off the list.
        while pool.live_tasks() > 0 {
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_pool_of_no_threads_is_an_error() {
    let error = Pool::new(0).unwrap_err().to_string();
    assert_eq!(error, "cannot make a pool of 0 threads: expected 1 to 65535");
}

#[test]
fn others_run_while_one_task_never_yields_and_the_pool_says_which_it_waits_for() {
    let pool = Pool::new(2).unwrap();
    let go_on = Arc::new(AtomicBool::new(false));
    let (go, handle) = (Arc::clone(&go_on), pool.handle());
    let (sender, receiver) = channel();
    let endless = pool.spawn(async move {
        // In the queue of this very worker, which does not come back to it.
        drop(handle.spawn(async move { sender.send(()).unwrap() }));
        while !go.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
    });
    receiver.recv().unwrap();
    let stolen = pool.steals() > 0;
    // The other has said that it runs, and may not have ended yet.
    let running = std::iter::repeat_with(|| pool.running()).find(|running| running.len() == 1).unwrap();
    // Before anything can fail: the drop of the pool waits for the task.
    go_on.store(true, Ordering::SeqCst);
    assert!(stolen);
    assert_eq!(running, [endless.id()]);
    block_on(endless).unwrap();
}

#[test]
fn a_pool_that_cannot_end_yet_says_what_it_waits_for_and_ends_later() {
    let pool = Pool::new(2).unwrap();
    let (go_on, may_go_on) = channel::<()>();
    let (started, has_started) = channel();
    let closure = pool.spawn_blocking(move || {
        started.send(()).unwrap();
        may_go_on.recv().unwrap();
    });
    has_started.recv().unwrap();
    let mut waits = pool.try_end().unwrap_err();
    assert_eq!(waits.tasks(), [closure.id()]);
    go_on.send(()).unwrap();
    while let Err(still) = waits.into_pool().try_end() {
        waits = still;
    }
    assert!(closure.is_finished());
}

#[test]
fn dropping_the_pool_drops_waiting_queued_and_running_tasks_once() {
    let drops = Drops::default();
    let pool = Pool::new(2).unwrap();
    let (sender, receiver) = channel();
    let waiting: Vec<_> = (0..10).map(|_| pool.spawn(waits_forever(drops.guard(), sender.clone()))).collect();
    waiting.iter().for_each(|_| receiver.recv().unwrap());
    let (guard, handle, inner) = (drops.guard(), pool.handle(), drops.clone());
    let busy = pool.spawn(async move {
        let _guard = guard;
        for _ in 0..100 {
            let guard = inner.guard();
            drop(handle.spawn(async move {
                let _guard = guard;
                endless_yields().await;
            }));
        }
        endless_yields().await;
    });
    while pool.live_tasks() < 111 {
        std::thread::yield_now();
    }
    let panicking = pool.spawn(async { resume_unwind(Box::new("on purpose")) });
    drop(pool);
    assert_eq!(drops.get(), 111);
    for task in waiting {
        assert!(block_on(task).unwrap_err().is_cancelled());
    }
    assert!(block_on(busy).unwrap_err().is_cancelled());
    let _either: Result<(), _> = block_on(panicking);
}

#[test]
fn a_destructor_may_spawn_and_wake_while_the_pool_ends() {
    struct SpawnOnDrop(reveille_executor::PoolHandle, Guard, Option<Waker>);
    impl Drop for SpawnOnDrop {
        fn drop(&mut self) {
            let guard = self.1.0.guard();
            let late = self.0.spawn(async move { drop(guard) });
            assert!(late.is_finished());
            self.2.take().unwrap().wake();
        }
    }
    let drops = Drops::default();
    let pool = Pool::new(2).unwrap();
    let (sender, receiver) = channel();
    for _ in 0..10 {
        let (handle, guard, sender) = (pool.handle(), drops.guard(), sender.clone());
        let mut held = None;
        let task = pool.spawn(poll_fn(move |cx| {
            if held.is_none() {
                let guard = Guard(guard.0.clone());
                held = Some(SpawnOnDrop(handle.clone(), guard, Some(cx.waker().clone())));
                sender.send(()).unwrap();
            }
            Poll::<()>::Pending
        }));
        drop(task);
    }
    (0..10).for_each(|_| receiver.recv().unwrap());
    drop(pool);
    // One captured, one held, one of the late task, for each.
    assert_eq!(drops.get(), 30);
}

#[test]
fn a_pool_may_be_dropped_by_a_task_and_by_a_closure_of_its_own() {
    for from_closure in [false, true] {
        let drops = Drops::default();
        let pool = Pool::new(2).unwrap();
        let handle = pool.handle();
        let (sender, receiver) = channel();
        drop(pool.spawn(waits_forever(drops.guard(), sender)));
        receiver.recv().unwrap();
        let last = if from_closure {
            handle.spawn_blocking(move || drop(pool))
        } else {
            handle.spawn(async move { drop(pool) })
        };
        let _ = block_on(last);
        while drops.get() < 1 {
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_waker_may_be_used_after_the_pool_has_gone() {
    let pool = Pool::new(1).unwrap();
    let (sender, receiver) = channel();
    let task = pool.spawn(poll_fn(move |cx| {
        sender.send(cx.waker().clone()).unwrap();
        Poll::<()>::Pending
    }));
    let waker = receiver.recv().unwrap();
    drop(pool);
    waker.wake_by_ref();
    std::thread::scope(|threads| threads.spawn(move || waker.wake()).join().unwrap());
    assert!(block_on(task).unwrap_err().is_cancelled());
}

#[test]
fn blocking_a_worker_is_a_clear_panic() {
    let pool = Pool::new(1).unwrap();
    let task = pool.spawn(async { Pool::new(1).unwrap().block_on(async {}) });
    let error = block_on(task).unwrap_err().to_string();
    assert!(error.contains("`Pool::block_on` and `Pool::enter` inside a task of a pool"), "{error}");
}

#[test]
fn abort_reaches_a_task_that_waits_and_one_that_yields() {
    let pool = Pool::new(2).unwrap();
    let drops = Drops::default();
    let (sender, receiver) = channel();
    let waits = pool.spawn(waits_forever(drops.guard(), sender));
    let guard = drops.guard();
    let yields = pool.spawn(async move {
        let _guard = guard;
        endless_yields().await;
    });
    receiver.recv().unwrap();
    waits.abort();
    yields.abort();
    assert!(block_on(waits).unwrap_err().is_cancelled());
    assert!(block_on(yields).unwrap_err().is_cancelled());
    assert_eq!(drops.get(), 2);
}

/// Each poll has a budget: a task that awaits what is always ready lets others in. Without a budget the one worker would
/// serve the first task to its end.
#[test]
fn a_task_that_awaits_what_is_ready_gives_way() {
    const READY: usize = 10_000;
    let pool = Pool::new(1).unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (first, second, handle) = (Arc::clone(&order), Arc::clone(&order), pool.handle());
    let task = pool.spawn(async move {
        let mut ready = Vec::new();
        for _ in 0..READY {
            ready.push(handle.spawn(async {}));
        }
        while !ready.iter().all(reveille_executor::JoinHandle::is_finished) {
            yield_now().await;
        }
        let other = handle.spawn(async move { second.lock().unwrap().push("other") });
        for task in ready {
            task.await.unwrap();
        }
        first.lock().unwrap().push("greedy");
        other.await.unwrap();
    });
    block_on(task).unwrap();
    assert_eq!(*order.lock().unwrap(), ["other", "greedy"]);
}

/// The handles within a set are asked without a budget: who awaits the set has paid.
#[test]
fn a_set_of_more_tasks_than_a_poll_may_await_is_awaited_within_a_pool() {
    const TASKS: usize = 1_000;
    let pool = Pool::new(1).unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (first, second, handle) = (Arc::clone(&order), Arc::clone(&order), pool.handle());
    let task = pool.spawn(async move {
        let mut set = JoinSet::new();
        for n in 0..TASKS {
            set.insert(handle.spawn(async move { n }));
        }
        // Behind them all in the queue.
        handle.spawn(async {}).await.unwrap();
        let other = handle.spawn(async move { second.lock().unwrap().push("other") });
        let mut sum = 0;
        // In one poll, and not awaited.
        while set.len() > TASKS / 2 {
            sum += set.try_join_next().unwrap().unwrap();
        }
        while let Some(n) = set.join_next().await {
            sum += n.unwrap();
        }
        first.lock().unwrap().push("greedy");
        other.await.unwrap();
        sum
    });
    assert_eq!(block_on(task).unwrap(), TASKS * (TASKS - 1) / 2);
    assert_eq!(*order.lock().unwrap(), ["other", "greedy"]);
}

#[test]
fn there_are_no_more_threads_for_closures_than_the_bound() {
    const BOUND: usize = 512;
    let pool = Pool::new(1).unwrap();
    let (release, may_end) = channel::<()>();
    let may_end = Arc::new(Mutex::new(may_end));
    let closures: Vec<_> = (0..BOUND + 100)
        .map(|_| {
            let may_end = Arc::clone(&may_end);
            pool.spawn_blocking(move || may_end.lock().unwrap().recv().unwrap_err())
        })
        .collect();
    assert_eq!(pool.blocking_threads(), BOUND);
    drop(release);
    for closure in closures {
        block_on(closure).unwrap();
    }
}

#[test]
fn closures_that_block_run_side_by_side_and_their_threads_go_again() {
    const CLOSURES: usize = 20;
    let pool = Pool::new(1).unwrap();
    let barrier = Arc::new(std::sync::Barrier::new(CLOSURES));
    let tasks: Vec<_> = (0..CLOSURES)
        .map(|n| {
            let barrier = Arc::clone(&barrier);
            pool.spawn_blocking(move || {
                // Nobody passes before all are here.
                barrier.wait();
                n
            })
        })
        .collect();
    let sum: usize = tasks.into_iter().map(|task| block_on(task).unwrap()).sum();
    assert_eq!(sum, CLOSURES * (CLOSURES - 1) / 2);
    while pool.blocking_threads() > 1 {
        std::thread::yield_now();
    }
    // And they come again.
    assert_eq!(block_on(pool.spawn_blocking(|| 42)).unwrap(), 42);
}

#[test]
fn a_closure_may_panic_spawn_and_be_aborted_before_it_starts() {
    let pool = Pool::new(1).unwrap();
    let panics = pool.spawn_blocking(|| -> () { resume_unwind(Box::new("on purpose")) });
    assert!(block_on(panics).unwrap_err().is_panic());
    let spawns = pool.spawn_blocking(|| block_on(spawn_send(async { 42 })).unwrap());
    assert_eq!(block_on(spawns).unwrap(), 42);
}

#[test]
fn dropping_the_pool_waits_for_a_closure_that_runs() {
    let pool = Pool::new(1).unwrap();
    let (started, has_started) = channel();
    let done = Arc::new(AtomicBool::new(false));
    let also = Arc::clone(&done);
    let task = pool.spawn_blocking(move || {
        started.send(()).unwrap();
        (0..1_000).for_each(|_| std::thread::yield_now());
        also.store(true, Ordering::SeqCst);
    });
    has_started.recv().unwrap();
    drop(pool);
    assert!(done.load(Ordering::SeqCst));
    block_on(task).unwrap();
}

#[test]
fn a_task_goes_from_thread_to_thread() {
    let pool = Pool::new(2).unwrap();
    let task = pool.spawn(async {
        let mut threads = BTreeSet::new();
        while threads.len() < 2 {
            threads.insert(format!("{:?}", std::thread::current().id()));
            // The other worker has to take this one, as its own is kept busy.
            let other = spawn_send(async { (0..100).for_each(|_| std::hint::spin_loop()) });
            yield_now().await;
            other.await.unwrap();
        }
        threads.len()
    });
    assert_eq!(block_on(task).unwrap(), 2);
}

#[test]
fn workers_sleep_when_there_is_nothing_to_do() {
    let pool = Pool::new(2).unwrap();
    for n in 0..100 {
        assert_eq!(pool.block_on(pool.spawn(async move { n })).unwrap(), n);
    }
    // With nothing left to do they get there.
    while pool.sleeps() < 2 {
        std::thread::yield_now();
    }
    assert_eq!(pool.block_on(pool.spawn(async { 42 })).unwrap(), 42);
}

#[test]
fn local_tasks_and_those_of_a_pool_work_together() {
    let pool = Pool::new(2).unwrap();
    let sum = pool.enter(|| {
        LocalExecutor::new().block_on(async {
            let mut set = JoinSet::new();
            for n in 0..10 {
                set.insert(if n % 2 == 0 { spawn(async move { n }) } else { spawn_send(async move { n }) });
            }
            let mut sum = 0;
            while let Some(n) = set.join_next().await {
                sum += n.unwrap();
            }
            sum
        })
    });
    assert_eq!(sum, 45);
}

#[test]
fn a_scope_across_threads_waits_for_all_and_cancels_all() {
    let pool = Pool::new(2).unwrap();
    let handle = pool.handle();
    let outside = AtomicUsize::new(0);
    let counted = &outside;
    pool.block_on(scope_across(&handle, async |scope| {
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                scope.spawn(async move {
                    yield_now().await;
                    n
                })
            })
            .collect();
        for task in tasks {
            let n = task.await.unwrap();
            drop(scope.enclose(async move { _ = counted.fetch_add(n, Ordering::SeqCst) }));
        }
    }));
    assert_eq!(outside.into_inner(), 45);
}

#[test]
fn dropping_a_scope_waits_for_a_child_that_another_thread_is_polling() {
    let pool = Pool::new(1).unwrap();
    let handle = pool.handle();
    let drops = Drops::default();
    let (started, has_started) = channel();
    let guard = drops.guard();
    let mut future = Box::pin(scope_across(&handle, async |scope| {
        drop(scope.spawn(async move {
            let _guard = guard;
            started.send(()).unwrap();
            (0..1_000).for_each(|_| std::thread::yield_now());
            pending::<()>().await;
        }));
        pending::<()>().await;
    }));
    pool.block_on(async {
        assert!(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await);
    });
    has_started.recv().unwrap();
    drop(future);
    assert_eq!(drops.get(), 1);
}

#[test]
fn a_panic_of_a_child_on_another_thread_comes_out_of_the_scope() {
    let pool = Pool::new(2).unwrap();
    let handle = pool.handle();
    let drops = Drops::default();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        pool.block_on(scope_across(&handle, async |scope| {
            for _ in 0..5 {
                let guard = drops.guard();
                drop(scope.spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                }));
            }
            drop(scope.spawn(async { resume_unwind(Box::new("on purpose")) }));
            pending::<()>().await;
        }));
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"on purpose"));
    assert_eq!(drops.get(), 5);
}
