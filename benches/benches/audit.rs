//! An audit of a small operation: 500 cuts, 16 schedules each, against plain runs of the same program.
//!
//! Both count all that a user pays for: the audit its uncut runs, and the stacks that it walks and reads to tell where it
//! cuts; the plain runs the share that a campaign repeats and compares. A cut run is shorter than a plain one by half of
//! the operation, on average, and has the operation once more in full, as the plain program has.

use std::rc::Rc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{RANDOM, campaigns, config, group};
use tokio::sync::Semaphore;

/// Polls of the operation that return `Pending`: with the two ends that makes 166 points, in each of three ways.
const AWAITS: usize = 82;
const SCHEDULES: u64 = 16;
const CUT_RUNS: u64 = 166 * 3 * SCHEDULES;

async fn operation(permits: Rc<Semaphore>) -> usize {
    let mut sum = 0;
    for n in 0..AWAITS {
        let _permit = permits.acquire().await.expect("it stays open");
        reveille::yield_now().await;
        sum += n;
    }
    sum
}

async fn bystander(permits: Rc<Semaphore>) {
    for _ in 0..4 {
        let _permit = permits.acquire().await.expect("it stays open");
        reveille::yield_now().await;
    }
}

/// Room for everybody: the number of polls is the same in all schedules.
fn permits() -> Rc<Semaphore> {
    Rc::new(Semaphore::new(3))
}

async fn plain() {
    let permits = permits();
    let first = reveille::spawn(operation(Rc::clone(&permits)));
    let bystander = reveille::spawn(bystander(Rc::clone(&permits)));
    first.await.unwrap();
    reveille::spawn(operation(permits)).await.unwrap();
    bystander.await.unwrap();
}

/// The time of `iters` cut runs, from whole audits.
fn audits(iters: u64) -> Duration {
    let count = iters.div_ceil(CUT_RUNS);
    let start = reveille_benches::now();
    for _ in 0..count {
        let audit = reveille::cancel::audit(operation).name("operation").world(permits).bystander("other", bystander);
        let report = audit.run().expect("the program passes uncut");
        report.assert_clean();
        assert_eq!(report.cut_runs(), CUT_RUNS);
    }
    start.elapsed().mul_f64(iters as f64 / (count * CUT_RUNS) as f64)
}

fn audit(criterion: &mut Criterion) {
    let mut group = group(criterion, "audit/cuts=500,schedules=16");
    group.bench_function("on=reveille,cut", |b| b.iter_custom(audits));
    group.bench_function("on=reveille,plain", |b| b.iter_custom(|iters| campaigns(iters, RANDOM, plain)));
}

criterion_group! { name = benches; config = config(); targets = audit }
criterion_main!(benches);
