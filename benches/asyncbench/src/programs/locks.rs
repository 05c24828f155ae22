//! Bugs in what is locked, and in which order.

use crate::{Lock, Tool, join, shared, spawn, step};

/// One task counts under one lock, `others` under another.
pub(super) async fn wronglock<T: Tool>(others: usize) {
    let (right, wrong, value) = (Lock::default(), Lock::default(), shared(0));
    let mut tasks = Vec::new();
    let counted = value.clone();
    let checking = async move {
        right.lock().await;
        let before = counted.get();
        step::<T>().await;
        counted.set(counted.get() + 1);
        step::<T>().await;
        let after = counted.get();
        right.unlock();
        assert_eq!(after, before + 1, "somebody else counted");
    };
    tasks.push(spawn::<T>(checking).await);
    for _ in 0..others {
        let (wrong, value) = (wrong.clone(), value.clone());
        let counting = async move {
            wrong.lock().await;
            value.set(value.get() + 1);
            wrong.unlock();
        };
        tasks.push(spawn::<T>(counting).await);
    }
    join(tasks).await;
}

/// The check is wrong about the sum of what was paid in and out: it fails where it comes last.
pub(super) async fn account<T: Tool>() {
    let (lock, balance, done) = (Lock::default(), shared(1), shared(0));
    let mut tasks = Vec::new();
    for amount in [2, -4] {
        let (lock, balance, done) = (lock.clone(), balance.clone(), done.clone());
        let moving = async move {
            step::<T>().await;
            lock.lock().await;
            balance.set(balance.get() + amount);
            done.set(done.get() + 1);
            lock.unlock();
        };
        tasks.push(spawn::<T>(moving).await);
    }
    let checking = async move {
        step::<T>().await;
        lock.lock().await;
        let wrong = done.get() == 2 && balance.get() != 1 - 2 - 4;
        lock.unlock();
        assert!(!wrong, "the balance is {}", balance.get());
    };
    tasks.push(spawn::<T>(checking).await);
    join(tasks).await;
}

/// Three tasks count to three under one lock; the last must not be last.
pub(super) async fn lazy<T: Tool>() {
    let (lock, value) = (Lock::default(), shared(0));
    let mut tasks = Vec::new();
    for add in [1, 2, 0] {
        let (lock, value) = (lock.clone(), value.clone());
        let task = async move {
            step::<T>().await;
            lock.lock().await;
            value.set(value.get() + add);
            let failed = add == 0 && value.get() >= 3;
            lock.unlock();
            assert!(!failed, "the last came last");
        };
        tasks.push(spawn::<T>(task).await);
    }
    join(tasks).await;
}

/// Two tasks, two locks, two orders.
pub(super) async fn deadlock<T: Tool>() {
    let (a, b) = (Lock::default(), Lock::default());
    let mut tasks = Vec::new();
    for (first, second) in [(a.clone(), b.clone()), (b, a)] {
        let task = async move {
            first.lock().await;
            step::<T>().await;
            second.lock().await;
            second.unlock();
            first.unlock();
        };
        tasks.push(spawn::<T>(task).await);
    }
    join(tasks).await;
}
