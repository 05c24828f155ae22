//! Many tasks are spawned, then all are awaited.

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{FIFO, RANDOM, config, first_runs, group, long_runs, tokio, tokio_local};
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
