//! Many tasks are spawned, then all are awaited.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{FIFO, RANDOM, SEED, config, first_runs, group, long_runs, tokio, tokio_local};
use reveille_executor::{Choose, LocalExecutor, Point, Ran};

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

/// Marsaglia's xorshift: as cheap as random answers come.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u64::from(self.0 as u32) * u64::from(bound)) >> 32) as u32
    }
}

impl Choose for Random {
    #[inline]
    fn choose(&mut self, point: Point<'_>) -> u32 {
        self.below(point.bound)
    }
}

/// The executor alone, without tape, digest, records or clock, in the schedule of a random run: what is left of that if all that a simulation
/// adds is taken away.
fn on_executor_at_random(executor: &LocalExecutor) {
    let tasks: Vec<_> = (0..TASKS).map(|number| executor.spawn(async move { number })).collect();
    let root = executor.spawn(async move {
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        assert_eq!(sum, TASKS * (TASKS - 1) / 2);
    });
    let mut random = Random(SEED);
    while let Some(runnable) = executor.pick(&mut random) {
        assert!(matches!(runnable.run(), Ran::Pending | Ran::Ready));
    }
    assert!(root.is_finished());
}

/// The same in a loop by hand that picks as a random run does: any of the first 256, and what is passed over goes to the back. No
/// synchronisation, no tape, no wakers, no handles but the place of a result: what random access to so many small boxes costs by itself.
fn by_hand() {
    let mut futures: Vec<Pin<Box<dyn Future<Output = u64>>>> = Vec::new();
    futures.extend((0..TASKS).map(|number| -> Pin<Box<dyn Future<Output = u64>>> { Box::pin(async move { number }) }));
    let mut results = vec![0; futures.len()];
    let mut queue: VecDeque<usize> = (0..futures.len()).collect();
    let mut random = Random(SEED);
    while !queue.is_empty() {
        queue.rotate_left(random.below(queue.len().min(256) as u32) as usize);
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
    group.bench_function("on=executor,random", |b| {
        let executor = LocalExecutor::new();
        b.iter(|| on_executor_at_random(&executor));
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
