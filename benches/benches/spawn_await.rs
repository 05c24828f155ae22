//! A task is spawned and awaited, again and again.

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{DEFAULT, RANDOM, campaigns, config, group, single_runs, tokio, tokio_local};
use reveille_executor::LocalExecutor;

const TASKS: u64 = 1_000;

/// The program: the same text for everyone, but for who spawns.
macro_rules! program {
    ($spawn:path) => {
        async {
            let mut sum = 0;
            for number in 0..TASKS {
                sum += $spawn(async move { number }).await.unwrap();
            }
            assert_eq!(sum, TASKS * (TASKS - 1) / 2);
        }
    };
}

fn spawn_await(criterion: &mut Criterion) {
    let mut group = group(criterion, "spawn_await/tasks=1000");
    group.bench_function("on=reveille,strategy=random", |b| {
        b.iter_custom(|iters| campaigns(iters, RANDOM, || program!(reveille::spawn)));
    });
    group.bench_function("on=reveille,strategy=default", |b| {
        b.iter_custom(|iters| campaigns(iters, DEFAULT, || program!(reveille::spawn)));
    });
    group.bench_function("on=reveille,runs=1", |b| {
        b.iter_custom(|iters| single_runs(iters, || program!(reveille::spawn)));
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

criterion_group! { name = benches; config = config(); targets = spawn_await }
criterion_main!(benches);
