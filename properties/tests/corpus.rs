//! The fuzz targets replay the inputs that are kept in `fuzz/corpus`, and the worst that there are: nothing, and far too much.

#![cfg(not(loom))]

use std::path::Path;

use reveille_properties::fuzz::TARGETS;

#[test]
fn every_target_replays_its_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in TARGETS {
        let files =
            std::fs::read_dir(folder.join(name)).unwrap_or_else(|error| panic!("the corpus of `{name}`: {error}"));
        let mut replayed = 0;
        for file in files {
            target(&std::fs::read(file.unwrap().path()).unwrap());
            replayed += 1;
        }
        assert!(replayed > 0, "the corpus of `{name}` is empty");
    }
}

#[test]
fn every_target_takes_nothing_and_a_mebibyte() {
    // Marsaglia's xorshift: bytes without a pattern.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let noise: Vec<u8> = (0..1 << 20).map(|_| next()).collect();
    for (_, target) in TARGETS {
        target(&[]);
        target(&[0; 1 << 20]);
        target(&[0xff; 1 << 20]);
        target(&noise);
    }
}

/// A target without a binary is never fuzzed, a binary without a target never replayed.
#[test]
fn every_target_has_a_binary_and_a_corpus() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let names = |folder: &str| {
        let mut names: Vec<_> = std::fs::read_dir(fuzz.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let mut targets: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    targets.sort();
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
}
