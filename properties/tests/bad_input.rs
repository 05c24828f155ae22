//! Bad input: corpora that were damaged, tapes of other versions, texts that are no tapes; and programs that could not end, of which
//! there are none. Each is answered with an error or taken as it is, never with a panic. (Nothing at all and a mebibyte of anything
//! are in `corpus.rs`.)

#![cfg(not(loom))]

mod common;

use std::path::Path;

use common::config;
use proptest::collection::vec;
use proptest::prelude::*;
use reveille::time::Duration;
use reveille::{Explore, explore, replay};
use reveille_properties::fuzz::TARGETS;
use reveille_properties::program::{Interpreter, Program, decode, programs};

/// The files of the corpus of a target, a few of them.
fn some_of_the_corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().take(4).map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn a_damaged_corpus_is_taken_as_it_is() {
    for (name, target) in TARGETS {
        for file in some_of_the_corpus(name) {
            for part in 1..6 {
                let at = file.len() * part / 6;
                // Cut off, with a byte changed, with a stretch missing, twice.
                target(&file[..at]);
                let mut changed = file.clone();
                changed.get_mut(at).into_iter().for_each(|byte| *byte ^= 0x55);
                target(&changed);
                target(&[&file[..at / 2], &file[at..]].concat());
            }
            target(&file.repeat(2));
        }
    }
}

#[test]
fn a_tape_of_another_version_is_refused_by_name_and_one_that_is_none_with_what_was_expected() {
    let refused = |tape: &str| {
        let failure = replay(tape, || async {}).unwrap_err();
        assert_eq!(failure.kind(), None, "{failure}");
        failure.to_string()
    };
    let newer = refused("r7.0000.-.E0-d951");
    assert!(newer.contains("version r7") && newer.contains("reads r1"), "{newer}");
    for none in
        ["", "r0.0000.-.E0-d951", "r1", "r1.", "tape", "r1.0000.-.E0", "r1.zzzz.-.E0-d951", "r1.0000.-.E0-d951.E0-d951"]
    {
        refused(none);
    }
    refused(&"r1.0000.-.s1-1".repeat(100_000));
}

/// Whether the dullest run of `program` comes to its end, and soon.
fn ends(explore: Explore, program: &Program) -> Result<(), TestCaseError> {
    let run = || {
        let program = program.clone();
        async move { drop(Interpreter::default().perform(program).await) }
    };
    let passed = explore.limits(20_000, Duration::from_secs(10)).run(run);
    passed.map(drop).map_err(|failure| TestCaseError::fail(failure.to_string()))
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn every_program_that_is_generated_ends(program in programs(5, 6)) {
        ends(explore().runs(2), &program)?;
    }

    #[test]
    fn every_program_that_is_read_from_bytes_ends(bytes in vec(any::<u8>(), 0..400)) {
        ends(explore().runs(2), &decode(&bytes).0)?;
    }
}
