//! A future in `leaf(..)` allocates at its first poll in a run, and no more.

#![cfg(not(loom))]

use reveille::{explore, leaf, yield_now};

/// How many allocations a campaign of a program makes that is polled so often.
fn allocations(polls: usize) -> f64 {
    let program = move || {
        leaf(async move {
            for _ in 0..polls {
                yield_now().await;
            }
        })
    };
    let info = allocation_counter::measure(|| {
        // The default strategy gives wakers of fresh identity to some runs, which allocates.
        explore().strategy("random").runs(64).seed(1000).run(program).unwrap();
    });
    info.count_total as f64
}

#[test]
fn a_poll_of_a_leaf_allocates_nothing() {
    // Runs number 0, 1, 2, 4, .. of a campaign are performed twice.
    let performances = 64.0 + 1.0 + 6.0;
    let per_poll = (allocations(4_000) - allocations(1_000)) / (3_000.0 * performances);
    assert!(per_poll < 0.01, "{per_poll} per poll");
}
