//! A whole small run: four tasks lock tokio's mutex, yield, and unlock it, 25 times each.
//!
//! The peers that pick at random do so with a new seed for each run; tokio's schedule is always the same one.

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{DEFAULT, RANDOM, campaigns, config, group, plain_runs, single_runs, tokio_paused};
use tokio::sync::Mutex;

const TASKS: usize = 4;
const LOCKS: usize = 25;

/// The program: the same text for everyone, but for who spawns and who yields.
macro_rules! program {
    ($spawn:path, $yield_now:path) => {
        async {
            let count = Arc::new(Mutex::new(0));
            let tasks: [_; TASKS] = std::array::from_fn(|_| {
                let count = Arc::clone(&count);
                $spawn(async move {
                    for _ in 0..LOCKS {
                        let mut count = count.lock().await;
                        $yield_now().await;
                        *count += 1;
                    }
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*count.lock().await, TASKS * LOCKS);
        }
    };
}

/// Shuttle's own mutex blocks: its tasks are coroutines.
fn shuttle_with_its_own_mutex() {
    use shuttle::future::{block_on, spawn_local, yield_now};
    use shuttle::sync::Mutex;

    block_on(async {
        let count = Arc::new(Mutex::new(0));
        let tasks: [_; TASKS] = std::array::from_fn(|_| {
            let count = Arc::clone(&count);
            spawn_local(async move {
                for _ in 0..LOCKS {
                    let mut count = count.lock().unwrap();
                    yield_now().await;
                    *count += 1;
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*count.lock().unwrap(), TASKS * LOCKS);
    });
}

fn mutex_run(criterion: &mut Criterion) {
    let mut group = group(criterion, "mutex_run/tasks=4,locks=25");
    group.bench_function("on=reveille,strategy=random", |b| {
        b.iter_custom(|iters| campaigns(iters, RANDOM, || program!(reveille::spawn, reveille::yield_now)));
    });
    group.bench_function("on=reveille,strategy=random,compared=none", |b| {
        b.iter_custom(|iters| plain_runs(iters, RANDOM, || program!(reveille::spawn, reveille::yield_now)));
    });
    group.bench_function("on=reveille,strategy=default", |b| {
        b.iter_custom(|iters| campaigns(iters, DEFAULT, || program!(reveille::spawn, reveille::yield_now)));
    });
    group.bench_function("on=reveille,runs=1", |b| {
        b.iter_custom(|iters| single_runs(iters, || program!(reveille::spawn, reveille::yield_now)));
    });
    group.bench_function("on=tokio-paused", |b| {
        b.iter(|| tokio_paused().block_on(program!(tokio::task::spawn_local, reveille::yield_now)));
    });
    group.bench_function("on=tokio-paused,yield=tokio", |b| {
        b.iter(|| tokio_paused().block_on(program!(tokio::task::spawn_local, tokio::task::yield_now)));
    });
    group.bench_function("on=shuttle,mutex=tokio", |b| {
        b.iter_custom(|iters| {
            let start = reveille_benches::now();
            shuttle::check_random(
                || shuttle::future::block_on(program!(shuttle::future::spawn, shuttle::future::yield_now)),
                iters as usize,
            );
            start.elapsed()
        });
    });
    group.bench_function("on=shuttle,mutex=shuttle", |b| {
        b.iter_custom(|iters| {
            let start = reveille_benches::now();
            shuttle::check_random(shuttle_with_its_own_mutex, iters as usize);
            start.elapsed()
        });
    });
}

criterion_group! { name = benches; config = config(); targets = mutex_run }
criterion_main!(benches);
