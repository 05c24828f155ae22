//! The seven rules of choices (ARCHITECTURE, "One source of decisions"), as far as they can be seen from outside. The rules
//! about values and text are tested where they live: `strategy/random.rs`, `strategy/replay.rs`, `tape/text.rs`.

#![cfg(not(loom))]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reveille::{Event, Kind, Oracle, explore, spawn, yield_now};

type Log = Arc<Mutex<Vec<u32>>>;

/// Runs `program` once with `seed` and returns what it logged.
fn logged<Fut: Future<Output = ()> + 'static>(seed: u64, program: impl Fn(Log) -> Fut + Sync) -> Vec<u32> {
    let log = Log::default();
    explore()
        .runs(1)
        .seed(seed)
        .run(|| {
            program({
                log.lock().unwrap().clear();
                log.clone()
            })
        })
        .unwrap();
    Arc::into_inner(log).unwrap().into_inner().unwrap()
}

async fn three_tasks_of_two_polls(log: Log) {
    let tasks: Vec<_> = (0..3)
        .map(|n| {
            let log = log.clone();
            spawn(async move {
                log.lock().unwrap().push(n);
                yield_now().await;
                log.lock().unwrap().push(n);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn rule_1_seed_0_is_first_in_first_out() {
    assert_eq!(logged(0, three_tasks_of_two_polls), [0, 1, 2, 0, 1, 2]);
}

#[test]
fn rule_1_other_seeds_reach_every_order() {
    let first_round = |seed| logged(seed, three_tasks_of_two_polls);
    let orders: BTreeSet<_> = (1..2_000).map(first_round).collect();
    // Two polls each of three tasks: 6! / (2! 2! 2!) orders.
    assert_eq!(orders.len(), 90);
}

#[test]
fn rule_2_a_point_with_one_answer_is_not_recorded() {
    let failure = explore()
        .run(|| async {
            for _ in 0..10 {
                assert_eq!(reveille::choose(1), 0);
                yield_now().await; // one runnable task
            }
            panic!("for the tape");
        })
        .unwrap_err();
    assert_eq!(failure.tape().unwrap().draws(), 0);
}

/// Collects the bounds of schedule choices on the tape by failing at the end.
#[test]
fn rule_3_bounds_are_small_however_many_tasks_can_run() {
    let failure = explore()
        .runs(1)
        .seed(1)
        .shrink(false)
        .run(|| async {
            let tasks: Vec<_> = (0..1_000).map(|_| spawn(async {})).collect();
            for task in tasks {
                task.await.unwrap();
            }
            panic!("for the tape");
        })
        .unwrap_err();
    let tape = failure.tape().unwrap().to_string();
    let bounds = tape.split('.').filter_map(|part| part.strip_prefix('s')?.split_once('-')?.0.parse::<u32>().ok());
    assert_eq!(bounds.max(), Some(256));
}

#[test]
fn rule_4_an_unlikely_answer_is_unlikely_and_still_an_answer_like_any_other() {
    let struck = (0..320).filter(|&seed| {
        logged(seed, |log| async move {
            if reveille::buggify!() {
                log.lock().unwrap().push(1);
            }
        })
        .len()
            == 1
    });
    assert!((5..60).contains(&struck.count()));
    // A tape may say that it strikes, whatever its probability.
    let failure = explore().name("b").run(|| async { assert!(!reveille::buggify!()) }).unwrap_err();
    assert!(failure.tape().unwrap().to_string().contains(".b2-1."));
}

#[test]
fn rule_5_a_choice_of_the_program_does_not_move_the_schedule() {
    let asks = |log: Log| async move {
        reveille::choose(100);
        three_tasks_of_two_polls(log).await;
        reveille::choose(7);
    };
    for seed in 0..50 {
        assert_eq!(logged(seed, three_tasks_of_two_polls), logged(seed, asks));
    }
}

#[test]
fn rule_6_what_a_lenient_replay_did_replays_strictly() {
    let program = |bound| move || async move { assert!(reveille::choose(bound) < 2) };
    let failure = explore().name("r").run(program(9)).unwrap_err();
    let lenient =
        explore().name("r").lenient().replay(failure.tape().unwrap().to_string()).run(program(3)).unwrap_err();
    let tape = lenient.tape().unwrap().to_string();
    assert!(tape.contains(".c3-2."), "{tape}");
    assert!(explore().name("r").replay(tape).run(program(3)).is_err());
}

#[test]
fn rule_7_a_golden_tape_still_replays() {
    // If this fails, tapes that users wrote down no longer replay: that is a changelog entry under **Tapes**.
    let golden = include_str!("golden.tape");
    let failure = explore().name("golden").replay(golden).run(golden_program).unwrap_err();
    assert!(failure.to_string().contains("out of order"), "{failure}");
    assert_eq!(failure.tape().unwrap().to_string(), golden.trim());
}

async fn golden_program() {
    let log = Log::default();
    three_tasks_of_two_polls(log.clone()).await;
    let buggified = reveille::buggify!();
    assert!(*log.lock().unwrap() != [2, 0, 1, 1, 2, 0] || reveille::choose(5) != 4 || !buggified, "out of order");
}

/// The kinds of choices that a program can ask for by itself reach an oracle.
struct Kinds(BTreeSet<Kind>);

impl Oracle for Kinds {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        if let Event::Chose { kind, .. } = event {
            self.0.insert(*kind);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let letters: String = self.0.iter().map(|kind| kind.letter()).collect();
        if letters == "bcr" { Ok(()) } else { Err(letters) }
    }
}

#[test]
fn there_is_one_way_to_ask() {
    explore()
        .runs(5)
        .oracle(|| Kinds(BTreeSet::new()))
        .run(|| async {
            reveille::choose(2);
            let _ = (reveille::buggify!(), reveille::rng());
        })
        .unwrap();
}
