//! Correct programs, generated: never a finding, always the right outcome, always the same run again.

#![cfg(not(loom))]

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed};
use reveille::explore;
use reveille_properties::program::{expected, interpret, programs};

/// Fixed seeds: a test that fails now and then teaches people to run it again.
fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(0x5eed),
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_correct_program_passes_under_every_schedule(program in programs(5, 6)) {
        let sum = expected(&program);
        let passed = explore().runs(25).run(|| {
            let (program, sum) = (program.clone(), sum.clone());
            async move { assert_eq!(interpret(program).await, sum) }
        });
        prop_assert!(passed.is_ok(), "{}", passed.unwrap_err());
    }

    #[test]
    fn so_it_does_when_polls_take_time(program in programs(4, 5)) {
        let sum = expected(&program);
        let passed = explore().runs(10).poll_cost(true).run(|| {
            let (program, sum) = (program.clone(), sum.clone());
            async move { assert_eq!(interpret(program).await, sum) }
        });
        prop_assert!(passed.is_ok(), "{}", passed.unwrap_err());
    }

    /// The tape of any run of any program, as text, gives that run again.
    #[test]
    fn a_failing_run_is_repeated_by_its_tape_as_text(program in programs(4, 5), seed in 0..1_000_u64) {
        let fails = || {
            let program = program.clone();
            async move {
                interpret(program).await;
                Err::<(), _>("for the tape")
            }
        };
        let failure = explore().name("p").runs(1).seed(seed).run(fails).unwrap_err();
        let tape = failure.tape().unwrap().to_string();
        let again = explore().name("p").replay(tape).run(fails).unwrap_err();
        prop_assert_eq!(again.kind(), Some(reveille::FindingKind::Error), "{}", again);
        prop_assert_eq!(again.tape(), failure.tape());
    }

    /// Whatever is given as a tape: an error or a tape, never a panic; and a tape has one text.
    #[test]
    fn any_text_is_an_error_or_a_tape_with_one_text(text in "(r1\\.[0-9a-f]{4}\\.[-p])?(\\.[a-zZE][0-9]{1,3}-[0-9a-f]{1,4}){0,6}") {
        if let Ok(tape) = text.parse::<reveille::Tape>() {
            prop_assert_eq!(tape.to_string(), text);
        }
    }
}
