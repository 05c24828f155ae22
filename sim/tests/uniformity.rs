//! How strategies spread their runs over the schedules there are, which the exhaustive strategy lists.

#![cfg(not(loom))]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reveille::task::TaskId;
use reveille::{Event, Oracle, explore, spawn, yield_now};

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
    for strategy in ["random", "urw", "pos", "surw", "skewed", "feedback", "portfolio"] {
        assert!(spread(strategy, two_tasks).0 > 0, "{strategy} never came upon a schedule");
    }
}

/// Three tasks of one poll.
async fn three_alike(log: Log) {
    for name in 0..3 {
        drop(spawn(events(name, 1, log.clone())));
    }
}

/// Where all tasks are alike, no strategy has a reason to prefer one.
#[test]
fn tasks_that_are_alike_are_treated_alike() {
    for strategy in ["random", "sticky:8", "pct:3", "urw", "pos", "surw", "skewed", "portfolio"] {
        // Of 2,400 runs 400 expected of each, 3.5 standard deviations are 64.
        let (least, most) = spread(strategy, three_alike);
        assert!(least >= 84 && most <= 116, "{strategy}: {least} to {most} per cent");
    }
}

/// The second of two workers steals half of the three, begins with the oldest as the first would, and has another left
/// while the third is with the first worker. So one order only differs from the queue's, in one run of four.
#[test]
fn workers_have_the_orders_of_a_pool_as_often_as_its_policy_says() {
    let counts = counts("workers:2", 4_000, three_alike);
    assert_eq!(counts.keys().map(Vec::as_slice).collect::<Vec<_>>(), [[0, 1, 2], [0, 2, 1]]);
    // 3.5 standard deviations are 96.
    let runs: u64 = counts.values().sum();
    assert!(counts[&vec![0, 2, 1]].abs_diff(runs / 4) < 96, "{counts:?}");
}

/// Six tasks of one poll.
async fn six_alike(log: Log) {
    for name in 0..6 {
        drop(spawn(events(name, 1, log.clone())));
    }
}

/// Emmi and others, POPL 2011: the schedules within a bound of delays, and no others. Five choices, so 21 ways to spend at most
/// two delays; the last choice is between two tasks, so that two delays there are as one.
#[test]
fn delays_are_spent_in_all_ways_alike() {
    let all = counts("exhaustive:2", 1_000, six_alike);
    assert_eq!(all.len(), 20);
    let counts = counts("delays:2", 8_400, six_alike);
    assert!(all.keys().eq(counts.keys()), "{counts:?}");
    // Of 400 expected, 3.5 standard deviations are 70; of 800, 99.
    for (order, count) in &counts {
        let (expected, off) =
            if order.ends_with(&[5, 4]) && order[..4] == [0, 1, 2, 3] { (800, 99) } else { (400, 70) };
        assert!(count.abs_diff(expected) < off, "{order:?} came {count} times");
    }
}

#[test]
fn a_sticky_run_goes_on_with_a_task_as_often_as_it_says() {
    // 12 of 16 times it stays, and when it does not, the task is picked again in half of the cases.
    let (mut stays, mut all) = (0, 0);
    for (order, count) in counts("sticky:12", 4_000, two_tasks) {
        // Both can run as long as neither has come to its end.
        let ends = |name| order.iter().rposition(|other| *other == name).unwrap();
        let both = ends(0).min(ends(1));
        let pairs = order[..=both].windows(2);
        stays += pairs.clone().filter(|pair| pair[0] == pair[1]).count() as u64 * count;
        all += pairs.count() as u64 * count;
    }
    let share = stays as f64 / all as f64;
    assert!((share - 0.875).abs() < 0.02, "{share}");
}

/// What can be seen of a poll: which task, and whom it wakes.
type Seen = (TaskId, BTreeSet<TaskId>);

/// Notes what can be seen of each poll.
struct Footprints {
    polls: Vec<Seen>,
    runs: Arc<Mutex<Vec<Vec<Seen>>>>,
}

impl Oracle for Footprints {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        match (event, self.polls.last_mut()) {
            (Event::Polled { task }, _) => self.polls.push((*task, BTreeSet::new())),
            (Event::Woken { task, .. } | Event::Spawned { task, .. }, Some((_, woken))) => _ = woken.insert(*task),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        self.runs.lock().unwrap().push(std::mem::take(&mut self.polls));
        Ok(())
    }
}

/// Why exhaustive search has no sleep sets: polls that have nothing in common, as far as can be seen, do not commute. If one of
/// the two runs below were pruned because of the other, a lost update would be missed.
#[test]
fn polls_that_seem_to_be_independent_are_not() {
    let (runs, values) = (Arc::default(), Arc::new(Mutex::new(Vec::new())));
    let (noted, ends) = (Arc::clone(&runs), values.clone());
    let explore = explore().strategy("exhaustive").patience(Duration::ZERO);
    let explore = explore.oracle(move || Footprints { polls: Vec::new(), runs: Arc::clone(&noted) });
    let passed = explore.run(move || {
        let ends = ends.clone();
        async move {
            let value = Rc::new(Cell::new(0));
            for _ in 0..2 {
                let (value, ends) = (value.clone(), ends.clone());
                drop(spawn(async move {
                    let read = value.get();
                    yield_now().await;
                    value.set(read + 1);
                    ends.lock().unwrap().push(value.get());
                }));
            }
        }
    });
    assert!(passed.unwrap().complete);
    // Two tasks end in each run; the value that the last one leaves is that of the run.
    let values: Vec<u32> = values.lock().unwrap().chunks(2).map(|ends| ends[1]).collect();
    let runs = runs.lock().unwrap();
    let is_swap = |one: &[Seen], other: &[Seen]| {
        let at = one.iter().zip(other).position(|(one, other)| one != other)?;
        let swapped = one.get(at + 1) == Some(&other[at]) && other.get(at + 1) == Some(&one[at]);
        let rest = one.get(at + 2..) == other.get(at + 2..);
        let touched = |(task, woken): &Seen| woken.iter().copied().chain([*task]).collect::<BTreeSet<_>>();
        Some(swapped && rest && touched(&one[at]).is_disjoint(&touched(&other[at])))
    };
    let pairs = (0..runs.len()).flat_map(|one| (0..runs.len()).map(move |other| (one, other)));
    let missed = pairs.filter(|&(one, other)| is_swap(&runs[one], &runs[other]) == Some(true));
    assert!(missed.filter(|&(one, other)| values[one] == 1 && values[other] == 2).count() > 0, "{runs:?} {values:?}");
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
