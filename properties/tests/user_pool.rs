//! What users do with the strategies: the example is run, and a failing case goes to proptest's own file of regressions and comes
//! back from it.

#![cfg(not(loom))]

// The example, word by word.
#[path = "../examples/user_pool/program.rs"]
mod program;

use std::path::Path;

use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, RngSeed, TestError, TestRunner};
use reveille::{choose, yield_now};
use reveille_properties::schedules;

#[test]
fn the_example_finds_the_mistake_shrinks_it_and_replays_its_tape() {
    program::main();
}

/// Fails if the schedule has it so, in one case of many.
async fn rarely(bound: u32) {
    yield_now().await;
    assert!(bound < 500 || choose(bound) != 1, "unlucky");
}

#[test]
fn a_failing_case_is_kept_in_the_file_of_proptest_and_is_the_first_of_the_next_run() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept.txt");
    let _ = std::fs::remove_file(&file);
    let hunt = |seed, cases| {
        let config = Config {
            cases,
            rng_algorithm: RngAlgorithm::ChaCha,
            rng_seed: RngSeed::Fixed(seed),
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
                file.to_str().unwrap().to_owned().leak(),
            ))),
            source_file: Some(file!()),
            ..Config::default()
        };
        let strategy = (1..1_000_u32, schedules());
        TestRunner::new(config).run(&strategy, |(bound, world)| world.check(move || rarely(bound))).map_err(Box::new)
    };
    let found = hunt(1, 10_000).expect_err("it was not found");
    let TestError::Fail(reason, (bound, _)) = *found else { panic!("{found}") };
    assert_eq!(bound, 500, "it is not the smallest case");
    assert!(reason.message().contains("tape: r1."), "{reason}");
    assert!(std::fs::read_to_string(&file).unwrap().lines().any(|line| line.starts_with("cc ")));
    // Another seed, and no case but those that are kept.
    assert!(hunt(2, 0).is_err(), "what was kept is not tried again");
    assert!(hunt(2, 1).is_err());
}

/// The guide is part of a crate that this one depends on, and cannot run it there.
#[test]
fn the_guide_shows_the_program_that_the_documentation_runs() {
    let Ok(guide) = std::fs::read_to_string("../sim/src/guide/proptest_and_fuzzing.rs") else { return };
    let documentation = include_str!("../src/lib.rs");
    let program = |page: &str, from: &str| {
        let (_, after) = page.split_once(from).expect("the program begins");
        after.split_once("//! ```\n").expect("the program ends").0.to_owned()
    };
    assert_eq!(program(&guide, "//! ```text\n"), program(documentation, "//! ```\n"));
}
