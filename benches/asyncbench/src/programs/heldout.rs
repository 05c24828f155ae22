//! Ten programs that no strategy was tuned on.

use std::cell::RefCell;
use std::rc::Rc;

use crate::{Condition, Lock, Tool, join, shared, spawn, step};

/// All tasks must read before the first writes.
pub(super) async fn all_read_first<T: Tool>(tasks: u32) {
    let value = shared(0);
    let mut handles = Vec::new();
    for _ in 0..tasks {
        let value = value.clone();
        let task = async move {
            step::<T>().await;
            let read = value.get();
            step::<T>().await;
            value.set(read + 1);
        };
        handles.push(spawn::<T>(task).await);
    }
    join(handles).await;
    assert!(value.get() > 1, "all but one update are lost");
}

/// The tasks must end in the reverse order of their spawn.
pub(super) async fn reversed<T: Tool>(tasks: usize) {
    let order = Rc::new(RefCell::new(Vec::new()));
    let mut handles = Vec::new();
    for nth in 0..tasks {
        let order = order.clone();
        let task = async move {
            step::<T>().await;
            order.borrow_mut().push(nth);
        };
        handles.push(spawn::<T>(task).await);
    }
    join(handles).await;
    assert!(!order.borrow().is_sorted_by(|one, other| one > other), "reversed");
}

/// Writers write two values in two steps; the reader must see them of two writers, the second one whole.
pub(super) async fn torn_pair<T: Tool>(writers: u32) {
    let pair = (shared(0), shared(0));
    let mut tasks = Vec::new();
    for nth in 1..=writers {
        let pair = pair.clone();
        let writer = async move {
            for round in 0..3 {
                pair.0.set(10 * nth + round);
                step::<T>().await;
                pair.1.set(10 * nth + round);
                step::<T>().await;
            }
        };
        tasks.push(spawn::<T>(writer).await);
    }
    let reader = async move {
        step::<T>().await;
        let one = pair.0.get();
        step::<T>().await;
        let other = pair.1.get();
        assert!((one, other) != (12, 32), "saw the first writer's last and the last writer's last");
    };
    tasks.push(spawn::<T>(reader).await);
    join(tasks).await;
}

/// A pop that read `next` before the same node came back (the problem called ABA).
pub(super) async fn stale_next<T: Tool>() {
    // A stack of nodes 1 over 2 over 3; `next[n]` is what lies under n.
    let (head, next) = (shared(1_usize), Rc::new(RefCell::new([0, 2, 3, 0])));
    let freed = Rc::new(RefCell::new([false; 4]));
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let (head, next, freed) = (head.clone(), next.clone(), freed.clone());
        let task = async move {
            let top = head.get();
            let under = next.borrow()[top];
            step::<T>().await;
            if head.get() == top {
                head.set(under);
                assert!(!freed.borrow()[under], "the head is a freed node");
            }
        };
        tasks.push(spawn::<T>(task).await);
    }
    let churning = async move {
        for _ in 0..2 {
            step::<T>().await;
            let top = head.get();
            head.set(next.borrow()[top]);
            step::<T>().await;
            let second = head.get();
            head.set(next.borrow()[second]);
            freed.borrow_mut()[second] = true;
            step::<T>().await;
            next.borrow_mut()[top] = head.get();
            head.set(top);
            step::<T>().await;
            freed.borrow_mut()[second] = false;
        }
    };
    tasks.push(spawn::<T>(churning).await);
    join(tasks).await;
}

/// The consumer checks for the end, then for items; what came in between is lost.
pub(super) async fn closed_too_soon<T: Tool>(items: u32) {
    let (closed, queued, taken) = (shared(false), shared(0), shared(0));
    let (end, queue) = (closed.clone(), queued.clone());
    let producer = async move {
        for _ in 0..items {
            queue.set(queue.get() + 1);
            step::<T>().await;
        }
        end.set(true);
    };
    let got = taken.clone();
    let consumer = async move {
        loop {
            if queued.get() > 0 {
                queued.set(queued.get() - 1);
                got.set(got.get() + 1);
                step::<T>().await;
                continue;
            }
            step::<T>().await;
            if closed.get() {
                break;
            }
        }
    };
    let tasks = vec![spawn::<T>(producer).await, spawn::<T>(consumer).await];
    join(tasks).await;
    assert_eq!(taken.get(), items, "items were lost");
}

/// Each takes the left fork, then the right.
pub(super) async fn philosophers<T: Tool>(count: usize) {
    let forks: Vec<Lock> = (0..count).map(|_| Lock::default()).collect();
    let mut tasks = Vec::new();
    for nth in 0..count {
        let (left, right) = (forks[nth].clone(), forks[(nth + 1) % count].clone());
        let philosopher = async move {
            left.lock().await;
            step::<T>().await;
            right.lock().await;
            right.unlock();
            left.unlock();
        };
        tasks.push(spawn::<T>(philosopher).await);
    }
    join(tasks).await;
}

/// The configuration is written by the last task to be spawned, in two steps, and one of the others reads in between.
pub(super) async fn late_config<T: Tool>(readers: usize) {
    let (host, port) = (shared(""), shared(0));
    let mut tasks = Vec::new();
    for _ in 0..readers {
        let (host, port) = (host.clone(), port.clone());
        let reader = async move {
            assert!(host.get().is_empty() || port.get() != 0, "half a configuration");
        };
        tasks.push(spawn::<T>(reader).await);
    }
    let logged = async {};
    tasks.push(spawn::<T>(logged).await);
    let writer = async move {
        host.set("localhost");
        step::<T>().await;
        port.set(80);
    };
    tasks.push(spawn::<T>(writer).await);
    join(tasks).await;
}

/// A barrier that counts up to its size and starts over, without telling one round from the next.
pub(super) async fn barrier_reused<T: Tool>(size: u32) {
    let (arrived, opened, changed) = (shared(0), shared(0), Condition::default());
    let mut tasks = Vec::new();
    for _ in 0..size {
        let (arrived, opened, changed) = (arrived.clone(), opened.clone(), changed.clone());
        let task = async move {
            for _ in 0..2 {
                step::<T>().await;
                arrived.set(arrived.get() + 1);
                if arrived.get() == size {
                    opened.set(opened.get() + 1);
                    step::<T>().await;
                    arrived.set(0);
                    changed.notify_all();
                } else {
                    while arrived.get() != 0 {
                        changed.wait().await;
                    }
                }
            }
        };
        tasks.push(spawn::<T>(task).await);
    }
    join(tasks).await;
    assert_eq!(opened.get(), 2, "the barrier opened too often");
}

/// A leader that has not been heard of for `patience` ticks is replaced; it may be alive and slow.
pub(super) async fn two_leaders<T: Tool>(patience: u32) {
    let (heard, leads) = (shared(0_u32), shared(1));
    let (beat, replaced) = (heard.clone(), leads.clone());
    let leader = async move {
        for _ in 0..6 {
            step::<T>().await;
            beat.set(0);
        }
        replaced.set(replaced.get() - 1);
    };
    let clock = async move {
        for _ in 0..patience + 4 {
            step::<T>().await;
            heard.set(heard.get() + 1);
            assert!(heard.get() < patience || leads.get() == 0, "two leaders");
        }
    };
    let tasks = vec![spawn::<T>(leader).await, spawn::<T>(clock).await];
    join(tasks).await;
}

/// Of many tasks the first and the last have to come between the steps of each other.
pub(super) async fn needle<T: Tool>(others: usize) {
    let (phase, noise) = (shared(0), shared(0));
    let mut tasks = Vec::new();
    for nth in 0..=others {
        let (phase, noise) = (phase.clone(), noise.clone());
        let is_first = nth == 0;
        let is_last = nth == others;
        let task = async move {
            for expected in [0, 2] {
                if (is_first && phase.get() == expected) || (is_last && phase.get() == expected + 1) {
                    phase.set(phase.get() + 1);
                }
                noise.set(noise.get() + 1);
                step::<T>().await;
            }
            assert!(!is_last || phase.get() < 4, "they took turns");
        };
        tasks.push(spawn::<T>(task).await);
    }
    join(tasks).await;
}
