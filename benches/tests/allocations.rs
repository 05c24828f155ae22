//! What a run allocates, once its world has been used before: a task for each spawn, and nothing else.

use std::time::Duration;

use reveille::time::{sleep, timeout};
use reveille::{spawn, yield_now};
use reveille_benches::allocations_per_run;

/// How many of each operation a program makes.
const COUNT: u32 = 100;

fn allocations<F, Fut>(program: F) -> f64
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    allocations_per_run(|counted| allocation_counter::measure(counted).count_total, program)
}

/// `reveille` promises at most two.
#[test]
fn an_empty_run_allocates_its_root() {
    assert_eq!(allocations(|| async {}), 1.0);
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

async fn yields() {
    for _ in 0..COUNT {
        yield_now().await;
    }
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
