//! What a run allocates, once its world has been used before: a task for each spawn, and nothing else. Some of the default
//! strategies allocate what they know of a run, once for each.

use std::time::Duration;

use reveille::time::{sleep, timeout};
use reveille::{spawn, yield_now};
use reveille_benches::{DEFAULT, RANDOM, allocations_per_run};

/// How many of each operation a program makes.
const COUNT: u32 = 100;

fn allocations<F, Fut>(program: F) -> f64
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    allocations_by(RANDOM, program)
}

fn allocations_by<F, Fut>(strategy: &str, program: F) -> f64
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    allocations_per_run(|counted| allocation_counter::measure(counted).count_total, strategy, program)
}

/// `reveille` promises at most two.
#[test]
fn an_empty_run_allocates_its_root() {
    assert_eq!(allocations(|| async {}), 1.0);
    let by_default = allocations_by(DEFAULT, || async {});
    assert!(by_default <= 2.0, "{by_default}");
}

#[test]
fn a_spawn_is_one_allocation() {
    let many = allocations(|| async {
        for number in 0..COUNT {
            assert_eq!(spawn(async move { number }).await.unwrap(), number);
        }
    });
    assert_eq!(many, f64::from(1 + COUNT));
}

#[test]
fn a_poll_is_none() {
    let many = allocations(|| async {
        let (one, two) = (spawn(yields()), spawn(yields()));
        one.await.unwrap();
        two.await.unwrap();
    });
    assert_eq!(many, 3.0);
}

/// However long a run is.
#[test]
fn strategies_allocate_nothing_per_poll() {
    let of = |polls| {
        allocations_by(DEFAULT, move || async move {
            let tasks = [spawn(yield_often(polls)), spawn(yield_often(polls))];
            for task in tasks {
                task.await.unwrap();
            }
        })
    };
    let (short, long) = (of(100), of(1_000));
    assert!(long - short < 1.0, "{short} allocations with 200 polls, {long} with 2,000");
}

async fn yield_often(times: u32) {
    for _ in 0..times {
        yield_now().await;
    }
}

async fn yields() {
    yield_often(COUNT).await;
}

#[test]
fn a_timer_is_none() {
    let many = allocations(|| async {
        for number in 0..COUNT {
            sleep(Duration::from_nanos(u64::from(number))).await;
            let late = timeout(Duration::from_nanos(1), std::future::pending::<()>());
            assert!(late.await.is_err());
        }
    });
    assert_eq!(many, 1.0);
}
