//! Bugs that need tasks to run in an unlikely order.

use crate::{Lock, Tool, join, shared, spawn, step};

/// Setters write `a`, then `b`; a checker must not see the one without the other.
pub(super) async fn reorder<T: Tool>(setters: usize, checkers: usize) {
    let (a, b) = (shared(0), shared(0));
    let mut tasks = Vec::new();
    for _ in 0..setters {
        let (a, b) = (a.clone(), b.clone());
        let setter = async move {
            a.set(1);
            step::<T>().await;
            b.set(-1);
        };
        tasks.push(spawn::<T>(setter).await);
    }
    for _ in 0..checkers {
        let (a, b) = (a.clone(), b.clone());
        let checker = async move {
            let seen = (a.get(), b.get());
            assert!(seen == (0, 0) || seen == (1, -1), "saw {seen:?}");
        };
        tasks.push(spawn::<T>(checker).await);
    }
    join(tasks).await;
}

/// Writers write in two stages, each under its lock; a reader reads in two stages and must not come in between.
pub(super) async fn twostage<T: Tool>(writers: usize, readers: usize) {
    let (first, second) = (Lock::default(), Lock::default());
    let (one, two) = (shared(0), shared(0));
    let mut tasks = Vec::new();
    for _ in 0..writers {
        let (first, second, one, two) = (first.clone(), second.clone(), one.clone(), two.clone());
        let writer = async move {
            first.lock().await;
            one.set(1);
            first.unlock();
            step::<T>().await;
            second.lock().await;
            two.set(one.get() + 1);
            second.unlock();
        };
        tasks.push(spawn::<T>(writer).await);
    }
    for _ in 0..readers {
        let (first, second, one, two) = (first.clone(), second.clone(), one.clone(), two.clone());
        let reader = async move {
            first.lock().await;
            let seen = one.get();
            first.unlock();
            if seen == 0 {
                return;
            }
            step::<T>().await;
            second.lock().await;
            let expected = two.get() == seen + 1;
            second.unlock();
            assert!(expected, "came between the stages");
        };
        tasks.push(spawn::<T>(reader).await);
    }
    join(tasks).await;
}

/// Each task copies its neighbour's value, as if they ran in the order of the ring.
pub(super) async fn token_ring<T: Tool>() {
    let (lock, ring) = (Lock::default(), [shared(0), shared(0), shared(0)]);
    let mut tasks = Vec::new();
    for place in 0..3 {
        let (lock, ring) = (lock.clone(), ring.clone());
        let member = async move {
            step::<T>().await;
            lock.lock().await;
            let before = ring[(place + 2) % 3].get();
            ring[place].set(if place == 0 { (before + 1) % 4 } else { before });
            lock.unlock();
        };
        tasks.push(spawn::<T>(member).await);
    }
    join(tasks).await;
    let [one, two, three] = ring.map(|value| value.get());
    assert!(one == two && two == three, "the ring holds {one}, {two}, {three}");
}

/// A task with one event must come after all `events` of the other.
pub(super) async fn uneven<T: Tool>(events: u32) {
    let count = shared(0);
    let counted = count.clone();
    let short = async move {
        step::<T>().await;
        assert_ne!(counted.get(), events, "it came last");
    };
    let long = async move {
        for _ in 0..events {
            step::<T>().await;
            count.set(count.get() + 1);
        }
    };
    let tasks = vec![spawn::<T>(short).await, spawn::<T>(long).await];
    join(tasks).await;
}

/// Tasks that do nothing but yield.
pub(super) async fn yielding<T: Tool>(count: usize) {
    let mut tasks = Vec::new();
    for _ in 0..count {
        let task = async {
            for _ in 0..100 {
                step::<T>().await;
            }
        };
        tasks.push(spawn::<T>(task).await);
    }
    join(tasks).await;
}
