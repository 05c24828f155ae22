//! A campaign that is started within a task of a pool: the pool's budget is no matter of the run's.

#![cfg(not(loom))]

use std::future::poll_fn;
use std::task::Poll;

use reveille_executor::{Pool, within_budget};

/// Finds 500 things ready that count against the budget of whoever polls it, if there is one, and yields between them.
async fn greedy() {
    for _ in 0..500 {
        poll_fn(|cx| within_budget(cx, || Poll::Ready(()))).await;
        let task = reveille::spawn(async {});
        reveille::yield_now().await;
        while !task.is_finished() {
            reveille::yield_now().await;
        }
        task.await.unwrap();
    }
}

/// How many polls the runs of a campaign of it take together.
fn polls() -> u64 {
    reveille::explore().runs(2).strategy("random").run(greedy).unwrap().polls
}

#[test]
fn a_run_has_no_budget_also_within_a_task_of_a_pool() {
    let alone = polls();
    let pool = Pool::new(1).unwrap();
    let within = pool.spawn(async { polls() });
    assert_eq!(pool.block_on(within).unwrap(), alone);
}
