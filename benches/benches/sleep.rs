//! Many tasks sleep many times, on virtual time.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{first_runs, group, long_runs, tokio_paused};

const TASKS: u64 = 1_000;
const SLEEPS: u64 = 100;

/// Whole milliseconds, since tokio's timers know nothing smaller; spread, so that timers of many instants are armed.
fn duration(task: u64, sleep: u64) -> Duration {
    Duration::from_millis(1 + (task * 7 + sleep * 13) % 100)
}

/// The program: the same text for everyone, but for who spawns and who keeps time.
macro_rules! program {
    ($spawn:path, $time:path) => {
        async {
            use $time as time;
            let tasks: Vec<_> = (0..TASKS)
                .map(|task| {
                    $spawn(async move {
                        let start = time::Instant::now();
                        for sleep in 0..SLEEPS {
                            time::sleep(duration(task, sleep)).await;
                        }
                        start.elapsed()
                    })
                })
                .collect();
            for (number, task) in tasks.into_iter().enumerate() {
                let slept = (0..SLEEPS).map(|sleep| duration(number as u64, sleep)).sum::<Duration>();
                assert_eq!(task.await.unwrap(), slept);
            }
        }
    };
}

fn sleeps(criterion: &mut Criterion) {
    let mut group = group(criterion, "sleep/tasks=1000,sleeps=100");
    group.bench_function("on=reveille,seed=1", |b| {
        b.iter_custom(|iters| long_runs(iters, || program!(reveille::spawn, reveille::time)));
    });
    group.bench_function("on=reveille,seed=0", |b| {
        b.iter_custom(|iters| first_runs(iters, || program!(reveille::spawn, reveille::time)));
    });
    group.bench_function("on=tokio-paused", |b| {
        b.iter(|| tokio_paused().block_on(program!(tokio::task::spawn_local, tokio::time)));
    });
}

criterion_group!(benches, sleeps);
criterion_main!(benches);
