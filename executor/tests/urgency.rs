//! A pool by urgency runs the most urgent task first, and starves nobody.

#![cfg(not(loom))]

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use reveille_executor::{INJECTOR_INTERVAL, Pool, PoolHandle, Urgency, block_on, yield_now};

/// Runs what `fill` spawns on one worker, which is kept busy until all of it is spawned.
fn run(fill: impl FnOnce(&PoolHandle)) {
    let pool = Pool::by_urgency(1).unwrap();
    let (go, may_go) = channel::<()>();
    let (busy, is_busy) = channel();
    drop(pool.spawn(async move {
        busy.send(()).unwrap();
        may_go.recv().unwrap();
    }));
    is_busy.recv().unwrap();
    fill(&pool.handle());
    go.send(()).unwrap();
    while pool.live_tasks() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn tasks_run_in_the_order_of_priorities_or_of_deadlines() {
    let by_priority: fn(u8) -> Urgency = Urgency::priority;
    let by_deadline: fn(u8) -> Urgency = |deadline| Urgency::deadline(deadline.into());
    for (urgency, expected) in [(by_priority, [9, 7, 3, 1]), (by_deadline, [1, 3, 7, 9])] {
        let order = Arc::new(Mutex::new(Vec::new()));
        run(|pool| {
            for number in [7, 1, 9, 3] {
                let order = Arc::clone(&order);
                drop(pool.spawn_urgent(urgency(number), async move { order.lock().unwrap().push(number) }));
            }
        });
        assert_eq!(*order.lock().unwrap(), expected);
    }
}

#[test]
fn children_are_as_urgent_as_their_parents_and_a_task_may_change_its_own() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let says = |what: &'static str| {
        let order = Arc::clone(&order);
        async move { order.lock().unwrap().push(what) }
    };
    let (child, told, middle, last) = (says("child"), says("told"), says("middle"), says("last"));
    run(|pool| {
        let own = pool.clone();
        drop(pool.spawn_urgent(Urgency::priority(9), async move {
            drop(own.spawn(child));
            drop(own.spawn_urgent(Urgency::priority(1), told));
            assert!(Urgency::priority(0).set());
            yield_now().await;
            last.await;
        }));
        drop(pool.spawn_urgent(Urgency::priority(5), middle));
    });
    assert_eq!(*order.lock().unwrap(), ["child", "middle", "told", "last"]);
    assert!(!Urgency::priority(1).set(), "outside of a task there is nothing to set");
}

#[test]
fn the_least_urgent_task_gets_its_turn_within_the_bound() {
    let turns = Arc::new(AtomicU32::new(0));
    let done = Arc::new(AtomicBool::new(false));
    run(|pool| {
        let waits = Arc::clone(&done);
        drop(pool.spawn_urgent(Urgency::default(), async move { waits.store(true, Ordering::SeqCst) }));
        for _ in 0..3 {
            let (turns, done) = (Arc::clone(&turns), Arc::clone(&done));
            drop(pool.spawn_urgent(Urgency::priority(9), async move {
                while !done.load(Ordering::SeqCst) {
                    turns.fetch_add(1, Ordering::SeqCst);
                    yield_now().await;
                }
            }));
        }
    });
    let turns = turns.load(Ordering::SeqCst);
    assert!(turns <= INJECTOR_INTERVAL, "{turns} turns of others");
}

#[test]
fn urgency_is_none_of_the_business_of_other_pools() {
    let pool = Pool::new(1).unwrap();
    let task = pool.handle().spawn_urgent(Urgency::priority(1), async { Urgency::current() });
    assert_eq!(block_on(task).unwrap(), None);
    fn is_send<T: Future + Send>(_: &T) {}
    is_send(&pool.spawn(async {}));
}
