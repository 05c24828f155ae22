//! Bugs in when work is over.

use std::cell::RefCell;
use std::rc::Rc;

use crate::{Tool, join, shared, spawn, step};

/// A driver is stopped between the check that it is running and the count of who uses it.
pub(super) async fn bluetooth<T: Tool>() {
    let (stopping, stopped, pending) = (shared(false), shared(false), shared(1));
    let (flag, ended, users) = (stopping.clone(), stopped.clone(), pending.clone());
    let stopper = async move {
        flag.set(true);
        step::<T>().await;
        users.set(users.get() - 1);
        step::<T>().await;
        if users.get() == 0 {
            ended.set(true);
        }
    };
    let adder = async move {
        let is_stopping = stopping.get();
        step::<T>().await;
        if is_stopping {
            return;
        }
        pending.set(pending.get() + 1);
        step::<T>().await;
        assert!(!stopped.get(), "the driver is in use and stopped");
        pending.set(pending.get() - 1);
    };
    let tasks = vec![spawn::<T>(adder).await, spawn::<T>(stopper).await];
    join(tasks).await;
}

/// Workers sort by taking ranges from a pool. A worker that finds the pool empty and nobody busy goes home; who splits a
/// range says that it is not busy any more before it has put the halves back.
pub(super) async fn quicksort<T: Tool>() {
    const PATIENCE: u32 = 20;
    let values = Rc::new(RefCell::new([5, 2, 7, 1, 8, 3, 6, 4]));
    let pool = Rc::new(RefCell::new(vec![(0, 8)]));
    let (busy, in_hand) = (shared(0), shared(0));
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let (values, pool, busy, in_hand) = (values.clone(), pool.clone(), busy.clone(), in_hand.clone());
        let worker = async move {
            let mut idle = 0;
            while idle < PATIENCE {
                let range = pool.borrow_mut().pop();
                let Some((from, to)) = range else {
                    if busy.get() == 0 {
                        assert_eq!(in_hand.get(), 0, "went home while there was work");
                        break;
                    }
                    idle += 1;
                    step::<T>().await;
                    continue;
                };
                busy.set(busy.get() + 1);
                in_hand.set(in_hand.get() + 1);
                let middle = partition(&mut values.borrow_mut()[from..to]) + from;
                step::<T>().await;
                busy.set(busy.get() - 1);
                step::<T>().await;
                let halves = [(from, middle), (middle + 1, to)];
                pool.borrow_mut().extend(halves.into_iter().filter(|(from, to)| to - from > 1));
                in_hand.set(in_hand.get() - 1);
                step::<T>().await;
            }
        };
        tasks.push(spawn::<T>(worker).await);
    }
    join(tasks).await;
    assert!(values.borrow().is_sorted(), "not sorted");
}

/// Moves what is smaller than the last value before it and returns where that then is.
fn partition(values: &mut [i32]) -> usize {
    let last = values.len() - 1;
    let mut place = 0;
    for at in 0..last {
        if values[at] < values[last] {
            values.swap(at, place);
            place += 1;
        }
    }
    values.swap(place, last);
    place
}
