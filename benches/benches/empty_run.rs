//! The run of a program that does nothing.
//!
//! For moonpool-sim there are three things that one may call an empty run: a world that is made and found to hold no
//! event; an executor that runs a driver that does nothing; and both, which is what its own runner has for each iteration.

use criterion::{Criterion, criterion_group, criterion_main};
use moonpool_sim::SimWorld;
use moonpool_sim::executor::Executor;
use reveille_benches::{DEFAULT, RANDOM, campaigns, config, group, single_runs, tokio_paused};

fn empty_run(criterion: &mut Criterion) {
    let mut group = group(criterion, "empty_run");
    group.bench_function("on=reveille,strategy=random", |b| {
        b.iter_custom(|iters| campaigns(iters, RANDOM, || async {}));
    });
    group.bench_function("on=reveille,strategy=default", |b| {
        b.iter_custom(|iters| campaigns(iters, DEFAULT, || async {}));
    });
    group.bench_function("on=reveille,runs=1", |b| b.iter_custom(|iters| single_runs(iters, || async {})));
    group.bench_function("on=moonpool-world", |b| {
        let mut seed = 0;
        b.iter(|| {
            seed += 1;
            let mut world = SimWorld::new_with_seed(seed);
            world.run_until_empty();
            assert!(world.current_time().is_zero());
        });
    });
    group.bench_function("on=moonpool-executor", |b| {
        let mut seed = 0;
        b.iter(|| {
            seed += 1;
            Executor::new(seed).block_on(async {});
        });
    });
    group.bench_function("on=moonpool", |b| {
        let mut seed = 0;
        b.iter(|| {
            seed += 1;
            let mut world = SimWorld::new_with_seed(seed);
            Executor::new(seed).block_on(async { world.run_until_empty() });
            assert!(world.current_time().is_zero());
        });
    });
    group.bench_function("on=tokio-paused", |b| b.iter(|| tokio_paused().block_on(async {})));
    group.bench_function("on=shuttle", |b| {
        b.iter_custom(|iters| {
            let start = reveille_benches::now();
            shuttle::check_random(|| shuttle::future::block_on(async {}), iters as usize);
            start.elapsed()
        });
    });
}

criterion_group! { name = benches; config = config(); targets = empty_run }
criterion_main!(benches);
