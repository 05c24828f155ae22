//! Many tasks sleep many times, on virtual time.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{FIFO, RANDOM, config, group, long_runs, tokio_paused};

const TASKS: u64 = 1_000;
const SLEEPS: u64 = 100;

/// A duration below `most` in whole milliseconds, since tokio's timers know nothing smaller.
fn duration(task: u64, sleep: u64, most: u64) -> Duration {
    let mixed = (task * SLEEPS + sleep + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Duration::from_millis(1 + (mixed >> 32) % most)
}

/// The program: the same text for everyone, but for who spawns and who keeps time.
macro_rules! program {
    ($spawn:path, $time:path, $most:expr) => {
        async move {
            use $time as time;
            let tasks: Vec<_> = (0..TASKS)
                .map(|task| {
                    $spawn(async move {
                        let start = time::Instant::now();
                        for sleep in 0..SLEEPS {
                            time::sleep(duration(task, sleep, $most)).await;
                        }
                        start.elapsed()
                    })
                })
                .collect();
            for (number, task) in tasks.into_iter().enumerate() {
                let slept = (0..SLEEPS).map(|sleep| duration(number as u64, sleep, $most)).sum::<Duration>();
                assert_eq!(task.await.unwrap(), slept);
            }
        }
    };
}

/// The same in bach, where handles are not awaited here: the simulation goes on until all primary tasks have ended.
fn on_bach(most: u64) {
    use bach::ext::*;
    use bach::time;
    bach::sim(|| {
        for task in 0..TASKS {
            let sleeper = async move {
                let start = time::Instant::now();
                for sleep in 0..SLEEPS {
                    time::sleep(duration(task, sleep, most)).await;
                }
                let slept = (0..SLEEPS).map(|sleep| duration(task, sleep, most)).sum::<Duration>();
                assert_eq!(start.elapsed(), slept);
            };
            sleeper.primary().spawn();
        }
    });
}

fn sleeps(criterion: &mut Criterion) {
    // Timers that share their instants with many others, with a few, and with none.
    for most in [100, 1_000, 100_000] {
        let mut group = group(criterion, &format!("sleep/tasks=1000,sleeps=100,below={most}ms"));
        group.bench_function("on=reveille,strategy=random", |b| {
            b.iter_custom(|iters| long_runs(iters, RANDOM, || program!(reveille::spawn, reveille::time, most)));
        });
        group.bench_function("on=reveille,strategy=fifo", |b| {
            b.iter_custom(|iters| long_runs(iters, FIFO, || program!(reveille::spawn, reveille::time, most)));
        });
        group.bench_function("on=tokio-paused", |b| {
            b.iter(|| tokio_paused().block_on(program!(tokio::task::spawn_local, tokio::time, most)));
        });
        group.bench_function("on=bach", |b| b.iter(|| on_bach(most)));
    }
}

criterion_group! { name = benches; config = config(); targets = sleeps }
criterion_main!(benches);
