//! How strategies spread their runs over the schedules there are, which the exhaustive strategy lists.

#![cfg(not(loom))]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reveille::{explore, spawn, yield_now};

/// The order in which the tasks of a run were polled.
type Order = Vec<u8>;
type Log = Arc<Mutex<Order>>;

async fn events(name: u8, count: u32, log: Log) {
    for nth in 0..count {
        if nth > 0 {
            yield_now().await;
        }
        log.lock().unwrap().push(name);
    }
}

/// Two tasks that do not wait for one another, of 2 and of 6 polls: 28 schedules.
async fn two_tasks(log: Log) {
    drop(spawn(events(0, 2, log.clone())));
    drop(spawn(events(1, 6, log)));
}

/// As before, but the second task begins by spawning a third, which has half of its polls.
async fn a_late_task(log: Log) {
    drop(spawn(events(0, 2, log.clone())));
    drop(spawn(async move {
        drop(spawn(events(2, 3, log.clone())));
        events(1, 3, log).await;
    }));
}

/// How often each schedule came up in `runs` runs. Each run is a campaign of its own, so that no replay is counted.
fn counts<Fut: Future<Output = ()> + 'static>(
    strategy: &str,
    runs: u64,
    program: fn(Log) -> Fut,
) -> BTreeMap<Order, u64> {
    let log = Log::default();
    let orders = Arc::new(Mutex::new(Vec::new()));
    let (noted, all) = (log.clone(), orders.clone());
    let passed = explore().strategy(strategy).seed(1).runs(runs).run(move || {
        // The run before has ended.
        all.lock().unwrap().push(std::mem::take(&mut *noted.lock().unwrap()));
        program(noted.clone())
    });
    passed.unwrap();
    orders.lock().unwrap().push(std::mem::take(&mut *log.lock().unwrap()));
    let mut counts = BTreeMap::new();
    for order in orders.lock().unwrap().drain(..).filter(|order| !order.is_empty()) {
        *counts.entry(order).or_default() += 1;
    }
    counts
}

/// The least and the most frequent schedule, in per cent of what each would have if all were alike; 0 for one that never came.
fn spread<Fut: Future<Output = ()> + 'static>(strategy: &str, program: fn(Log) -> Fut) -> (u64, u64) {
    let all = counts("exhaustive", 100_000, program);
    let counts = counts(strategy, 400 * all.len() as u64, program);
    assert!(counts.keys().all(|order| all.contains_key(order)), "{strategy} made a schedule that there is not");
    let runs: u64 = counts.values().sum();
    let share = |count: u64| count * 100 * all.len() as u64 / runs;
    let least = all.keys().map(|order| counts.get(order).copied().unwrap_or(0)).min().unwrap();
    let most = counts.values().copied().max().unwrap();
    (share(least), share(most))
}

#[test]
fn urw_is_nearly_uniform_and_random_is_not() {
    // Of 400 expected, 3.5 standard deviations are 70.
    let (least, most) = spread("urw", two_tasks);
    assert!(least >= 80 && most <= 120, "{least} to {most} per cent");
    let (least, most) = spread("urw", a_late_task);
    assert!(least >= 80 && most <= 120, "{least} to {most} per cent");
    // A quarter of random runs let the short task make both its polls first: one schedule out of 28.
    let (least, most) = spread("random", two_tasks);
    assert!(least < 30 && most > 600, "{least} to {most} per cent");
}

#[test]
fn no_schedule_is_ruled_out_by_a_guess() {
    for strategy in ["random", "urw", "pos", "surw", "skewed", "portfolio"] {
        assert!(spread(strategy, two_tasks).0 > 0, "{strategy} never came upon a schedule");
    }
}

/// Burckhardt and others, ASPLOS 2010: a bug of depth d is found with a probability of at least `1 / (n k^(d-1))`.
#[test]
fn pct_keeps_its_promise() {
    // Depth 1: the second task has to end before the first begins. Depth 2: its last poll comes between the two polls of
    // the first. Tasks: two beside the root. Schedule choices: at most seven, with the first eight polls.
    let is_ahead = |order: &Order| order.starts_with(&[1; 6]);
    let is_between = |order: &Order| {
        let second = order.iter().rposition(|&name| name == 1);
        order.iter().position(|&name| name == 0) < second && second < order.iter().rposition(|&name| name == 0)
    };
    let share = |strategy, holds: &dyn Fn(&Order) -> bool| {
        let counts = counts(strategy, 10_000, two_tasks);
        let held: u64 = counts.iter().filter(|(order, _)| holds(order)).map(|(_, count)| count).sum();
        held as f64 / counts.values().sum::<u64>() as f64
    };
    assert!(share("pct:1", &is_ahead) > 1.0 / 3.0);
    assert!(share("pct:2", &is_between) > 1.0 / (3.0 * 7.0));
    // With one priority per task the second bug cannot be found at all.
    assert!(share("pct:1", &is_between) < 1e-9);
}
