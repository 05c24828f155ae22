//! Strategy `feedback` learns from its runs, and the same campaign has the same runs each time.

#![cfg(not(loom))]

use std::sync::{Arc, Mutex};

use reveille::{Explore, choose, explore, spawn, yield_now};

/// Four answers in a row have to be right; after each that is, a task is spawned, which can be seen.
async fn four_doors() {
    for _ in 0..4 {
        if choose(12) != 7 {
            return;
        }
        spawn(async {}).await.unwrap();
    }
    panic!("all doors are open");
}

fn runs_until_found(strategy: &str, seed: u64, runs_max: u64) -> u64 {
    let failure = explore().name("doors").strategy(strategy).shrink(false).seed(seed).runs(runs_max).run(four_doors);
    failure.err().map_or(runs_max, |failure| failure.run().unwrap() + 1)
}

/// Its fresh runs alone open them in one run of 20,736.
#[test]
fn what_can_be_seen_to_be_new_is_gone_on_from() {
    let mean =
        |strategy| (0..4).map(|trial| runs_until_found(strategy, 1 + trial * 1_000_000, 20_000)).sum::<u64>() / 4;
    let learning = mean("feedback");
    for blind in ["random", "surw", "portfolio"] {
        let blindly = mean(blind);
        assert!(5 * learning <= blindly, "{learning} runs, and {blindly} by {blind}");
    }
}

/// What the runs of a campaign drew.
fn performed(campaign: Explore) -> Vec<Vec<u32>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    let passed = campaign.name("f").strategy("feedback").runs(500).run(move || {
        let note = note.clone();
        async move {
            let order = Arc::new(Mutex::new(Vec::new()));
            let tasks = [0, 1, 2].map(|name| {
                let order = order.clone();
                spawn(async move {
                    for _ in 0..3 {
                        order.lock().unwrap().push(name + 10 * choose(3));
                        yield_now().await;
                    }
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            note.lock().unwrap().push(std::mem::take(&mut *order.lock().unwrap()));
        }
    });
    passed.unwrap();
    seen.lock().unwrap().clone()
}

#[test]
fn the_same_campaign_has_the_same_runs_whatever_the_jobs_and_so_has_each_shard() {
    let whole = performed(explore().seed(1));
    assert_eq!(whole, performed(explore().seed(1)));
    assert_eq!(whole, performed(explore().seed(1).jobs(2)));
    assert_ne!(whole, performed(explore().seed(2)));
    let shard = |nth| performed(explore().seed(1).shard(nth, 2));
    assert_eq!(shard(1), shard(1));
    assert_ne!(shard(1), shard(2));
}

#[test]
fn a_mutant_is_named_by_its_tape() {
    let failure = explore().name("doors").strategy("feedback").seed(1).runs(20_000).run(four_doors).unwrap_err();
    assert_eq!(failure.seed(), None);
    let tape = failure.tape().unwrap().to_string();
    assert!(failure.to_string().contains(&format!("REVEILLE_REPLAY={tape}")), "{failure}");
    assert!(explore().name("doors").replay(tape).run(four_doors).is_err());
}

#[test]
fn whether_the_curve_has_flattened_is_said() {
    let of_tasks = |count, runs| {
        let program = move || async move {
            for _ in 0..count {
                drop(spawn(yield_now()));
            }
        };
        explore().strategy("feedback").runs(runs).run(program).unwrap()
    };
    let (few, many) = (of_tasks(2, 400), of_tasks(20, 100));
    assert!(few.meetings > 3 && few.meetings_late == 0 && few.has_flattened(), "{few:?}");
    assert!(few.to_string().contains(": more runs would find little that is new"), "{few}");
    assert!(many.meetings_late > 100 && !many.has_flattened(), "{many:?}");
    assert!(many.to_string().contains(" meetings of tasks, "), "{many}");
}
