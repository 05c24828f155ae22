//! What a poll costs among few tasks and among many.
//!
//! The clock starts when all tasks have been spawned and stops when the last one has made its turns, so that neither the
//! spawning nor the tear-down is in it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{FIFO, RANDOM, SEED, config, explore, group, now};
use reveille_executor::{LocalExecutor, yield_now};

/// Every size makes about as many polls as the others.
const POLLS: usize = 2_000_000;

/// The time of a poll in each performance of the program.
static TIMES: Mutex<Vec<Duration>> = Mutex::new(Vec::new());

fn stop(start: Option<Instant>, polls: usize) {
    let time = start.expect("the root has started the clock").elapsed();
    TIMES.lock().unwrap_or_else(PoisonError::into_inner).push(time / u32::try_from(polls).expect("few"));
}

/// The time of a poll in the first performance since this was last asked: the second is a traced repetition.
fn first_time() -> Duration {
    *std::mem::take(&mut *TIMES.lock().unwrap_or_else(PoisonError::into_inner)).first().expect("it was performed")
}

/// The program: the same text for everyone, but for who spawns.
macro_rules! program {
    ($spawn:path, $tasks:expr) => {
        async move {
            let turns = POLLS / $tasks;
            let running = Rc::new(Cell::new($tasks));
            let start = Rc::new(Cell::new(None));
            let tasks: Vec<_> = (0..$tasks)
                .map(|_| {
                    let (running, start) = (Rc::clone(&running), Rc::clone(&start));
                    $spawn(async move {
                        for _ in 0..turns {
                            yield_now().await;
                        }
                        running.set(running.get() - 1);
                        if running.get() == 0 {
                            stop(start.get(), (turns + 1) * $tasks);
                        }
                    })
                })
                .collect();
            start.set(Some(now()));
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(running.get(), 0);
        }
    };
}

/// The time of `iters` polls among `tasks` tasks, in a run that `strategy` answers.
fn on_reveille(iters: u64, tasks: usize, strategy: &str) -> Duration {
    let explore = explore(strategy).seed(SEED).runs(1);
    let explore = explore.limits(2 * POLLS as u64, Duration::from_secs(1));
    let passed = explore.run(|| program!(reveille::spawn, tasks)).expect("no finding");
    assert!(passed.polls as usize >= POLLS);
    first_time() * u32::try_from(iters).unwrap_or(u32::MAX)
}

/// The same on the executor alone.
fn on_executor(iters: u64, tasks: usize) -> Duration {
    LocalExecutor::new().block_on(program!(reveille_executor::spawn, tasks));
    first_time() * u32::try_from(iters).unwrap_or(u32::MAX)
}

/// The same in a loop by hand that picks as a random run does: any of the first 256, and what is passed over goes to the back. No
/// synchronisation, no tape, no tasks' records: what random access to so many futures costs by itself.
fn by_hand(iters: u64, tasks: usize) -> Duration {
    let turns = POLLS / tasks;
    let mut futures: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    futures.resize_with(tasks, || {
        Box::pin(async move {
            for _ in 0..turns {
                yield_now().await;
            }
        })
    });
    let mut queue: VecDeque<usize> = (0..tasks).collect();
    let mut random = SEED;
    let start = now();
    while !queue.is_empty() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        queue.rotate_left(random as usize % queue.len().min(256));
        let task = queue.pop_front().expect("it is not empty");
        if futures[task].as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            queue.push_back(task);
        }
    }
    start.elapsed() / u32::try_from((turns + 1) * tasks).expect("few") * u32::try_from(iters).unwrap_or(u32::MAX)
}

fn poll(criterion: &mut Criterion) {
    for tasks in [10, 1_000, 100_000] {
        let mut group = group(criterion, &format!("poll/tasks={tasks}"));
        group.bench_function("on=reveille,strategy=random", |b| {
            b.iter_custom(|iters| on_reveille(iters, tasks, RANDOM));
        });
        group.bench_function("on=reveille,strategy=fifo", |b| b.iter_custom(|iters| on_reveille(iters, tasks, FIFO)));
        group.bench_function("on=executor", |b| b.iter_custom(|iters| on_executor(iters, tasks)));
        group.bench_function("on=by-hand,random", |b| b.iter_custom(|iters| by_hand(iters, tasks)));
    }
}

criterion_group! { name = benches; config = config(); targets = poll }
criterion_main!(benches);
