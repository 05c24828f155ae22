//! What tasks share with their executor lives until the last of their cells is freed: by whom, and on which thread, and after how many
//! resets. Seen by its observer, of which it holds one, and by its driver.
//!
//! `STRESS_ROUNDS` sets the number of rounds of the storm; a sanitizer sees what is used too late.

#![cfg(not(loom))]

mod common;

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use common::{Random, run_ready};
use reveille_executor::{AbortHandle, Driver, JoinHandle, LocalExecutor, Observe, Spawner, TaskId, WakerOp};

/// What an executor holds, and nobody else.
struct Held;

impl Observe for Held {
    fn observe(&self, _: TaskId, _: WakerOp, _: usize) {}
}

impl Driver for Held {
    fn poll(&self) {}
    fn park(&self) {}
    fn unpark(&self) {}
}

/// An executor with wakers that are observed, or plain ones.
fn executor_of(held: &Arc<Held>, observed: bool) -> LocalExecutor {
    match observed {
        true => LocalExecutor::with_observer(held.clone()),
        false => LocalExecutor::with_driver(held.clone()),
    }
}

/// Calls `f` on another thread, which has ended then.
fn elsewhere(f: impl FnOnce() + Send) {
    thread::scope(|threads| threads.spawn(f).join().unwrap());
}

/// What keeps the cell of a task alive.
enum Keep {
    Waker(Waker),
    Abort(AbortHandle),
    Handle(JoinHandle<Box<u32>>),
}

/// Uses what it is sent, and lets go of it, some of it late.
fn let_go(keeps: Receiver<Keep>, mut random: Random) {
    let mut late = Vec::new();
    for keep in keeps {
        match &keep {
            Keep::Waker(waker) if random.below(2) == 0 => waker.wake_by_ref(),
            Keep::Waker(waker) => late.push(Keep::Waker(waker.clone())),
            Keep::Abort(abort) if random.below(4) == 0 => abort.abort(),
            Keep::Handle(handle) if random.below(4) == 0 => late.push(Keep::Abort(handle.abort_handle())),
            _ => {}
        }
        match random.below(3) {
            0 => late.push(keep),
            1 if !late.is_empty() => drop(late.swap_remove(random.below(late.len()))),
            _ => match keep {
                Keep::Waker(waker) => waker.wake(),
                keep => drop(keep),
            },
        }
    }
}

/// Spawns a task that waits a few times, and leaves what keeps it in `keeps`.
fn spawn(executor: &LocalExecutor, spawner: Option<&Spawner>, random: &mut Random, keeps: &Sender<Keep>) {
    let (mut polls, sender) = (random.below(3), keeps.clone());
    let future = poll_fn(move |cx| {
        if polls == 0 {
            return Poll::Ready(Box::new(7));
        }
        polls -= 1;
        // Its receiver may have gone.
        let _ = sender.send(Keep::Waker(cx.waker().clone()));
        Poll::Pending
    });
    let handle = match spawner {
        Some(spawner) => spawner.try_spawn(future).ok(),
        None => Some(executor.spawn(future)),
    };
    let Some(handle) = handle else { return };
    let keep = match random.below(4) {
        0 => return,
        1 => Keep::Abort(handle.abort_handle()),
        _ => Keep::Handle(handle),
    };
    let _ = keeps.send(keep);
}

#[test]
fn a_storm_of_resets_and_ends_frees_all_that_was_shared() {
    let rounds = std::env::var("STRESS_ROUNDS").map_or(5, |rounds| rounds.parse().expect("a number"));
    for seed in 0..rounds {
        let mut random = Random::new(seed);
        let helds = [(); 8].map(|()| Arc::new(Held));
        thread::scope(|threads| {
            // The last stays at home: what it gets is let go of on the owner thread.
            let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| mpsc::channel()).unzip();
            let home = receivers.pop().unwrap();
            for (thread, keeps) in receivers.into_iter().enumerate() {
                let random = Random::new(seed * 31 + thread as u64);
                threads.spawn(move || let_go(keeps, random));
            }
            let mut spawners = Vec::new();
            for held in &helds {
                let executor = executor_of(held, random.below(2) == 0);
                for _ in 0..60 {
                    match random.below(12) {
                        0..6 => spawn(&executor, None, &mut random.clone(), &senders[random.below(3)]),
                        6 => spawn(&executor, spawners.last(), &mut random.clone(), &senders[random.below(3)]),
                        7 => drop(run_ready(&executor)),
                        8 => assert_eq!(executor.reset(), 0),
                        9 => spawners.push(executor.spawner(20)),
                        10 => drop((!spawners.is_empty()).then(|| spawners.swap_remove(random.below(spawners.len())))),
                        _ => drop(home.try_iter().take(random.below(20)).collect::<Vec<_>>()),
                    }
                }
                assert!(Arc::strong_count(held) > 1);
            }
            // A future that waits holds a sender, but all futures are gone.
            drop(senders);
            if random.below(2) == 0 {
                drop(spawners);
                let_go(home, random);
            } else {
                drop(home);
            }
        });
        assert!(helds.iter().all(|held| Arc::strong_count(held) == 1), "seed {seed}");
    }
}

/// A task that waits, and its waker.
fn waiting(executor: &LocalExecutor) -> (JoinHandle<()>, Waker) {
    let slot = common::WakerSlot::default();
    let task = executor.spawn(slot.wait());
    drop(run_ready(executor));
    (task, slot.take())
}

#[test]
fn what_outlives_an_executor_frees_what_was_shared_wherever_it_goes() {
    for observed in [false, true] {
        for places in 0..8 {
            let held = Arc::new(Held);
            let executor = executor_of(&held, observed);
            // Of two generations, and in each a cell that is freed before the end.
            for _ in 0..2 {
                executor.reset();
                drop(waiting(&executor));
                let (task, waker) = waiting(&executor);
                elsewhere(move || drop((task, waker)));
            }
            let (task, waker) = waiting(&executor);
            let abort = task.abort_handle();
            let (other, spawner) = (waiting(&executor).0, executor.spawner(9));
            drop(executor);
            // The task that others hold, and then the last.
            let keeps: [Box<dyn FnOnce() + Send>; 3] =
                [Box::new(|| drop(abort)), Box::new(|| drop((waker, task))), Box::new(|| drop(other))];
            for (at, keep) in keeps.into_iter().enumerate() {
                assert!(Arc::strong_count(&held) > 1);
                match places >> at & 1 {
                    0 => keep(),
                    _ => elsewhere(keep),
                }
            }
            drop(spawner);
            assert_eq!(Arc::strong_count(&held), 1);
        }
    }
}

#[test]
fn a_cell_that_was_freed_elsewhere_is_waited_for_by_nobody() {
    for observed in [false, true] {
        // By a reset that keeps what is shared, by one that does not, and by the end.
        for resets in 0..3 {
            let held = Arc::new(Held);
            let executor = executor_of(&held, observed);
            for _ in 0..3 {
                let ended = executor.spawn(async {});
                assert_eq!(run_ready(&executor).len(), 1);
                elsewhere(move || drop(ended));
                let spawner = (resets == 2).then(|| executor.spawner(1));
                if resets > 0 {
                    executor.reset();
                }
                drop(spawner);
            }
            drop(executor);
            assert_eq!(Arc::strong_count(&held), 1);
        }
    }
}

/// What a thread drops when it ends, the last that was used first.
struct AtTheEnd<T>(RefCell<Option<T>>);

thread_local! {
    static EXECUTOR: AtTheEnd<LocalExecutor> = const { AtTheEnd(RefCell::new(None)) };
    static KEEPS: AtTheEnd<(JoinHandle<()>, Waker)> = const { AtTheEnd(RefCell::new(None)) };
}

impl<T> Drop for AtTheEnd<T> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

#[test]
fn executors_and_wakers_may_go_with_their_threads_in_either_order() {
    for executor_first in [false, true] {
        let (held, left) = (Arc::new(Held), Mutex::new(None));
        thread::scope(|threads| {
            let thread = threads.spawn(|| {
                let executor = executor_of(&held, true);
                let keeps = waiting(&executor);
                let reset = waiting(&executor);
                executor.reset();
                left.lock().unwrap().replace(waiting(&executor));
                let (keep_executor, keep_keeps) = (
                    || EXECUTOR.with(|slot| slot.0.replace(Some(executor))),
                    || KEEPS.with(|slot| slot.0.replace(Some(keeps))),
                );
                if executor_first {
                    drop((keep_executor(), keep_keeps()));
                } else {
                    drop((keep_keeps(), keep_executor()));
                }
                drop(reset);
            });
            // Only this waits for what the thread drops at its end.
            thread.join().unwrap();
        });
        assert_eq!(Arc::strong_count(&held), 2, "only what was left is there still");
        let left = left.into_inner().unwrap();
        elsewhere(move || drop(KEEPS.with(|slot| slot.0.replace(left))));
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
