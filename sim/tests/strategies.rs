//! Each strategy solves what it is there for, and random does not; the exhaustive one counts right.

#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use reveille::{FindingKind, explore, spawn, yield_now};

/// One task has to make all its steps before the other makes its first.
async fn far_ahead() {
    let ahead = Rc::new(Cell::new(0));
    let steps = ahead.clone();
    let runner = spawn(async move {
        for _ in 0..25 {
            steps.set(steps.get() + 1);
            yield_now().await;
        }
    });
    let other = spawn(async move {
        assert!(ahead.get() < 25, "overtaken");
        for _ in 0..25 {
            yield_now().await;
        }
    });
    runner.await.unwrap();
    other.await.unwrap();
}

fn found_after(strategy: &str, runs: u64) -> Option<u64> {
    let result = explore().name("far_ahead").strategy(strategy).shrink(false).runs(runs).run(far_ahead);
    result.err().map(|failure| {
        assert_eq!(failure.kind(), Some(FindingKind::Panic), "{failure}");
        failure.run().unwrap()
    })
}

#[test]
fn priorities_and_stickiness_find_what_uniform_picks_do_not() {
    assert_eq!(found_after("random", 5_000), None);
    assert!(found_after("pct:1", 20).is_some());
    assert!(found_after("pct:3", 40).is_some());
    assert!(found_after("sticky:15", 100).is_some());
    assert!(found_after("portfolio", 60).is_some());
}

/// One task of a single poll has to come after all polls of the other.
async fn comes_last(polls: u32) {
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    let short = spawn(async move { assert_ne!(counted.get(), polls, "it came last") });
    let long = spawn(async move {
        for _ in 0..polls {
            count.set(count.get() + 1);
            yield_now().await;
        }
    });
    short.await.unwrap();
    long.await.unwrap();
}

/// The checker, spawned last, must come between the polls of the setters, before the first of them ends.
async fn many_setters(setters: usize) {
    let (a, b) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let mut tasks = Vec::new();
    for _ in 0..setters {
        let (a, b) = (a.clone(), b.clone());
        tasks.push(spawn(async move {
            a.set(true);
            yield_now().await;
            b.set(true);
        }));
        yield_now().await;
    }
    tasks.push(spawn(async move { assert!(!a.get() || b.get(), "half set") }));
    for task in tasks {
        task.await.unwrap();
    }
}

/// How many runs it takes on average to find the bug; those in vain count as well.
fn mean_runs<Fut: Future<Output = ()> + 'static>(strategy: &str, program: impl Fn() -> Fut + Sync) -> u64 {
    const TRIALS: u64 = 8;
    const RUNS_MAX: u64 = 3_000;
    let runs = |trial: u64| {
        let explore = explore().strategy(strategy).shrink(false).seed(1 + trial * 100_000).runs(RUNS_MAX);
        explore.run(&program).err().map_or(RUNS_MAX, |failure| failure.run().unwrap() + 1)
    };
    (0..TRIALS).map(runs).sum::<u64>() / TRIALS
}

#[test]
fn each_strategy_solves_something_five_times_sooner_than_random() {
    let random = mean_runs("random", || comes_last(10));
    for strategy in ["sticky:12", "pct:1", "urw", "pos", "surw", "portfolio"] {
        let runs = mean_runs(strategy, || comes_last(10));
        assert!(5 * runs <= random, "{strategy}: {runs} runs, and {random} at random");
    }
    let random = mean_runs("random", || many_setters(12));
    for strategy in ["skewed", "surw", "portfolio"] {
        let runs = mean_runs(strategy, || many_setters(12));
        assert!(5 * runs <= random, "{strategy}: {runs} runs, and {random} at random");
    }
}

/// Fails if what ran is a merge of two queues, each in its order, but not of one: as two workers would have it.
async fn two_queues() {
    let order = Rc::new(RefCell::new(Vec::new()));
    for name in 0..10 {
        let order = order.clone();
        drop(spawn(async move { order.borrow_mut().push(name) }));
    }
    while order.borrow().len() < 10 {
        yield_now().await;
    }
    let descents = order.borrow().windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert_ne!(descents, 1, "two queues");
}

/// Of the turns that three tasks take, whether each is another's than three turns before: around where one was skipped.
async fn changes_of_step() -> Vec<bool> {
    let order = Rc::new(RefCell::new(Vec::new()));
    let tasks = [0, 1, 2].map(|name| {
        let order = order.clone();
        spawn(async move {
            for _ in 0..12 {
                order.borrow_mut().push(name);
                yield_now().await;
            }
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
    order.borrow().windows(4).map(|turns| turns[0] != turns[3]).collect()
}

/// Whether there are changes, but hardly any.
fn is_disturbed(changes: &[bool]) -> bool {
    (1..=3).contains(&changes.iter().filter(|is_change| **is_change).count())
}

/// Fails if, of many turns that three tasks take one after the other, a single one is skipped.
async fn out_of_step() {
    assert!(!is_disturbed(&changes_of_step().await), "out of step");
}

/// Fails if a turn is skipped in each third of the run.
async fn out_of_step_all_along() {
    assert!(!changes_of_step().await.chunks(11).all(is_disturbed), "out of step");
}

/// Going through all runs of one delay, then of two, does not come to three for long.
#[test]
fn delays_anywhere_are_found_sooner_than_one_after_the_other() {
    let [one_by_one, anywhere] = ["exhaustive:3", "delays:3"].map(|name| mean_runs(name, out_of_step_all_along));
    assert!(5 * anywhere <= one_by_one, "{anywhere} runs, and {one_by_one} one after the other");
}

#[test]
fn workers_and_delay_bounding_solve_something_five_times_sooner_than_random() {
    let (workers, random) = (mean_runs("workers:2", two_queues), mean_runs("random", two_queues));
    assert!(5 * workers <= random, "{workers} runs, and {random} at random");
    let random = mean_runs("random", out_of_step);
    for strategy in ["exhaustive:1", "delays:2"] {
        let bounded = mean_runs(strategy, out_of_step);
        assert!(5 * bounded <= random, "{strategy}: {bounded} runs, and {random} at random");
    }
}

/// A task that only wakes itself, whatever its priority, does not keep out the one that it waits for.
#[test]
fn priorities_do_not_starve_a_task_that_another_spins_for() {
    let program = || async {
        let flag = Rc::new(Cell::new(false));
        let seen = flag.clone();
        let spins = spawn(async move {
            while !seen.get() {
                yield_now().await;
            }
        });
        spawn(async move { flag.set(true) }).await.unwrap();
        spins.await.unwrap();
    };
    for strategy in ["pct:1", "pct:3"] {
        explore().strategy(strategy).runs(200).limits(1_000, Duration::MAX).run(program).unwrap();
    }
}

/// `tasks` tasks of `polls` polls each, which nobody waits for: every order of their polls is one run.
fn orders(tasks: usize, polls: usize) -> u64 {
    let program = move || async move {
        for _ in 0..tasks {
            drop(spawn(async move {
                for _ in 1..polls {
                    yield_now().await;
                }
            }));
        }
    };
    let passed = explore().strategy("exhaustive").runs(1_000_000).run(program).unwrap();
    assert!(passed.complete && passed.pending == 0);
    passed.runs
}

#[test]
fn the_exhaustive_strategy_counts_what_combinatorics_counts() {
    // Multinomials: (tasks * polls)! / (polls!)^tasks.
    assert_eq!(orders(1, 5), 1);
    assert_eq!(orders(3, 1), 6);
    assert_eq!(orders(4, 1), 24);
    assert_eq!(orders(2, 2), 6);
    assert_eq!(orders(2, 4), 70);
    assert_eq!(orders(3, 2), 90);
    assert_eq!(orders(3, 3), 1_680);
    // Three tasks and twelve choices: as much as is promised to be complete within seconds.
    assert_eq!(orders(3, 4), 34_650);
}

/// Orders of four tasks with so many inversions or fewer: sums of the Mahonian numbers 1, 3, 5, 6, 5, 3, 1.
#[test]
fn a_bound_of_delays_counts_what_combinatorics_counts() {
    let orders = |delays: u32| {
        let passed = explore().strategy(format!("exhaustive:{delays}")).run(|| async {
            for _ in 0..4 {
                drop(spawn(async {}));
            }
        });
        let passed = passed.unwrap();
        assert!(passed.complete);
        passed.runs
    };
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7].map(orders), [1, 4, 9, 15, 20, 23, 24, 24]);
}

#[test]
fn a_bound_of_delays_is_a_smaller_proof() {
    let runs = |strategy: &str| {
        let passed = explore().strategy(strategy).runs(100_000).run(|| async {
            for _ in 0..4 {
                drop(spawn(yield_now()));
            }
        });
        let passed = passed.unwrap();
        assert!(passed.complete);
        passed.runs
    };
    let counts = ["exhaustive:0", "exhaustive:1", "exhaustive:2", "exhaustive"].map(runs);
    assert_eq!(counts[0], 1);
    assert!(counts.is_sorted() && counts[3] == 2_520, "{counts:?}");
}

#[test]
fn what_is_too_large_to_exhaust_is_not_called_complete() {
    let passed = explore().strategy("exhaustive").runs(500).run(far_ahead).unwrap();
    assert!(!passed.complete && passed.runs == 500);
    let text = passed.to_string();
    assert!(text.starts_with("reveille: 500 runs passed"), "{text}");
    // It says how much is left, and how far it came: all runs with few delays were among them.
    assert!(passed.pending > 0 && text.contains(&format!("{} lead to others", passed.pending)), "{text}");
    let delays = passed.delays.unwrap();
    let bounded = explore().strategy(format!("exhaustive:{delays}")).runs(500).run(far_ahead).unwrap();
    assert!(bounded.complete && bounded.runs <= 500 && text.contains(&format!("up to {delays} delays")), "{text}");
    let next = explore().strategy(format!("exhaustive:{}", delays + 1)).runs(500).run(far_ahead).unwrap();
    assert!(!next.complete && next.delays == Some(delays), "{next}");
}

#[test]
fn an_exhaustive_failure_is_repeated_by_its_tape() {
    let program = || async { assert!(reveille::choose(4) != 2 || reveille::choose(4) != 3) };
    let failure = explore().name("e").strategy("exhaustive").run(program).unwrap_err();
    assert_eq!(failure.seed(), None);
    assert!(failure.to_string().contains("REVEILLE_REPLAY="), "{failure}");
    assert!(explore().name("e").replay(failure.tape().unwrap().to_string()).run(program).is_err());
}

#[test]
fn seed_0_is_the_dullest_run_of_every_strategy_and_a_seed_is_one_run() {
    for strategy in [
        "random",
        "sticky:8",
        "pct:3",
        "delays:5",
        "urw",
        "pos",
        "surw",
        "skewed",
        "feedback",
        "workers:3",
        "portfolio",
    ] {
        let tape = |seed| {
            let fails = || async {
                far_ahead().await;
                Err::<(), _>("for the tape")
            };
            let explore = explore().name("t").strategy(strategy).shrink(false).runs(1).seed(seed);
            explore.run(fails).unwrap_err().tape().unwrap().clone()
        };
        assert_eq!(tape(0).unusual(), 0, "{strategy}");
        assert!(tape(11).unusual() > 0, "{strategy}");
        assert_eq!(tape(11), tape(11), "{strategy}");
    }
}
