//! Bugs in what tasks hand to one another.

use std::cell::RefCell;
use std::rc::Rc;

use crate::{Condition, Lock, Tool, join, shared, spawn, step};

/// Pops are allowed as soon as there was a push, however many there were.
pub(super) async fn stack<T: Tool>(size: i32) {
    let (lock, depth, started) = (Lock::default(), shared(0), shared(false));
    let (pushing_lock, pushing_depth, start) = (lock.clone(), depth.clone(), started.clone());
    let pushing = async move {
        for _ in 0..size {
            pushing_lock.lock().await;
            pushing_depth.set(pushing_depth.get() + 1);
            start.set(true);
            pushing_lock.unlock();
            step::<T>().await;
        }
    };
    let popping = async move {
        for _ in 0..size {
            lock.lock().await;
            if started.get() {
                depth.set(depth.get() - 1);
            }
            lock.unlock();
            assert!(depth.get() >= 0, "popped from an empty stack");
            step::<T>().await;
        }
    };
    let tasks = vec![spawn::<T>(pushing).await, spawn::<T>(popping).await];
    join(tasks).await;
}

/// The length is asked for in one step and relied on in another.
pub(super) async fn string_buffer<T: Tool>() {
    let length = shared(10_usize);
    let buffer = length.clone();
    let erasing = async move {
        for _ in 0..2 {
            step::<T>().await;
        }
        length.set(0);
    };
    let appending = async move {
        for _ in 0..3 {
            let asked = buffer.get();
            step::<T>().await;
            assert!(asked <= buffer.get(), "copies {asked} of {}", buffer.get());
            step::<T>().await;
        }
    };
    let tasks = vec![spawn::<T>(erasing).await, spawn::<T>(appending).await];
    join(tasks).await;
}

/// A buffer of one place, two who put and two who take, one condition for both, and only one is notified: it may be the
/// wrong one, and then all wait.
pub(super) async fn bounded_buffer<T: Tool>() {
    let (full, changed) = (shared(false), Condition::default());
    let mut tasks = Vec::new();
    for puts in [true, true, false, false] {
        let (full, changed) = (full.clone(), changed.clone());
        let task = async move {
            for _ in 0..2 {
                while full.get() == puts {
                    changed.wait().await;
                }
                full.set(puts);
                changed.notify_one();
                step::<T>().await;
            }
        };
        tasks.push(spawn::<T>(task).await);
    }
    join(tasks).await;
}

/// The owner takes from the bottom, the thief from the top, and neither makes sure of the last item.
pub(super) async fn work_stealing<T: Tool>() {
    let (top, bottom) = (shared(0_usize), shared(0_usize));
    let taken = Rc::new(RefCell::new([0_u8; 4]));
    let (thief_top, thief_bottom, stolen) = (top.clone(), bottom.clone(), taken.clone());
    let owner = async move {
        for item in 0..4 {
            bottom.set(bottom.get() + 1);
            step::<T>().await;
            if item % 2 == 1 {
                bottom.set(bottom.get() - 1);
                step::<T>().await;
                if top.get() <= bottom.get() {
                    taken.borrow_mut()[bottom.get()] += 1;
                    assert_eq!(taken.borrow()[bottom.get()], 1, "taken twice");
                } else {
                    bottom.set(bottom.get() + 1);
                }
                step::<T>().await;
            }
        }
    };
    let thief = async move {
        for _ in 0..2 {
            let first = thief_top.get();
            step::<T>().await;
            if first < thief_bottom.get() {
                step::<T>().await;
                stolen.borrow_mut()[first] += 1;
                assert_eq!(stolen.borrow()[first], 1, "taken twice");
                thief_top.set(first + 1);
            }
            step::<T>().await;
        }
    };
    let tasks = vec![spawn::<T>(owner).await, spawn::<T>(thief).await];
    join(tasks).await;
}
