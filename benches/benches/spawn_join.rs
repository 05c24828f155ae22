//! Many tasks are spawned, then all are awaited.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{FIFO, RANDOM, SEED, config, first_runs, group, long_runs, tokio, tokio_local};
use reveille_executor::LocalExecutor;

const TASKS: u64 = 100_000;

/// The program: the same text for everyone, but for who spawns.
macro_rules! program {
    ($spawn:path) => {
        async {
            let tasks: Vec<_> = (0..TASKS).map(|number| $spawn(async move { number })).collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await.unwrap();
            }
            assert_eq!(sum, TASKS * (TASKS - 1) / 2);
        }
    };
}

/// The same in a loop by hand that picks as a random run does: any of the first 256, and what is passed over goes to the back. No
/// synchronisation, no tape, no wakers, no handles but the place of a result: what random access to so many futures costs by itself.
fn by_hand() {
    let mut futures: Vec<Pin<Box<dyn Future<Output = u64>>>> = Vec::new();
    futures.extend((0..TASKS).map(|number| -> Pin<Box<dyn Future<Output = u64>>> { Box::pin(async move { number }) }));
    let mut results = vec![0; futures.len()];
    let mut queue: VecDeque<usize> = (0..futures.len()).collect();
    let mut random = SEED;
    while !queue.is_empty() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        queue.rotate_left(random as usize % queue.len().min(256));
        let task = queue.pop_front().expect("it is not empty");
        match futures[task].as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => results[task] = result,
            Poll::Pending => queue.push_back(task),
        }
    }
    assert_eq!(results.into_iter().sum::<u64>(), TASKS * (TASKS - 1) / 2);
}

fn spawn_join(criterion: &mut Criterion) {
    let mut group = group(criterion, "spawn_join/tasks=100000");
    group.bench_function("on=reveille,strategy=random", |b| {
        b.iter_custom(|iters| long_runs(iters, RANDOM, || program!(reveille::spawn)));
    });
    group.bench_function("on=reveille,strategy=fifo", |b| {
        b.iter_custom(|iters| long_runs(iters, FIFO, || program!(reveille::spawn)));
    });
    group.bench_function("on=reveille,seed=0", |b| {
        b.iter_custom(|iters| first_runs(iters, || program!(reveille::spawn)));
    });
    group.bench_function("on=executor", |b| {
        let executor = LocalExecutor::new();
        b.iter(|| executor.block_on(program!(reveille_executor::spawn)));
    });
    group.bench_function("on=by-hand,random", |b| b.iter(by_hand));
    group.bench_function("on=tokio", |b| {
        let runtime = tokio();
        b.iter(|| runtime.block_on(program!(tokio::spawn)));
    });
    group.bench_function("on=tokio-local", |b| {
        let runtime = tokio_local();
        b.iter(|| runtime.block_on(program!(tokio::task::spawn_local)));
    });
}

criterion_group! { name = benches; config = config(); targets = spawn_join }
criterion_main!(benches);
