//! A failure replays, exactly or not at all.

#![cfg(not(loom))]

use reveille::{Failure, FindingKind, Tape, explore, replay, spawn};

async fn disagrees() {
    let one = spawn(async { reveille::choose(3) });
    let two = spawn(async { reveille::choose(3) });
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    assert!(one < 2 || two < 2, "both say two");
}

fn fail() -> (Failure, String) {
    let failure = explore().name("disagrees").run(disagrees).unwrap_err();
    let tape = failure.tape().unwrap().to_string();
    (failure, tape)
}

fn again(tape: &str) -> Result<reveille::Passed, Failure> {
    explore().name("disagrees").replay(tape).run(disagrees)
}

#[test]
fn the_tape_repeats_the_finding_and_so_does_the_seed() {
    let (failure, tape) = fail();
    let repeated = again(&tape).unwrap_err();
    assert_eq!(repeated.kind(), failure.kind());
    assert_eq!(repeated.tape(), failure.tape());
    let seeded = explore().name("disagrees").runs(1).seed(failure.seed().unwrap()).run(disagrees).unwrap_err();
    assert_eq!(seeded.tape(), failure.tape());
}

#[test]
fn a_tape_can_come_from_a_file() {
    let (_, tape) = fail();
    let path = std::env::temp_dir().join(format!("reveille-{}.tape", std::process::id()));
    std::fs::write(&path, &tape).unwrap();
    let repeated = again(&format!("@{}", path.display())).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(repeated.kind(), Some(FindingKind::Panic));
}

#[test]
fn a_tape_that_is_cut_is_an_error_that_says_so() {
    let (_, tape) = fail();
    let error = again(&tape[..tape.len() - 3]).unwrap_err();
    assert_eq!(error.kind(), None);
    assert!(error.to_string().contains("`disagrees`: the tape is damaged"), "{error}");
    let error = again(&tape[..tape.rfind(".E").unwrap()]).unwrap_err();
    assert!(error.to_string().contains("the tape is cut: its end is missing"), "{error}");
}

#[test]
fn a_tape_of_a_newer_version_names_both_versions() {
    let (_, tape) = fail();
    let error = again(&tape.replacen("r1.", "r7.", 1)).unwrap_err().to_string();
    assert!(error.contains("version r7") && error.contains("reads r1"), "{error}");
}

#[test]
fn a_tape_of_another_test_is_refused() {
    let (_, tape) = fail();
    let error = explore().name("another").replay(tape).run(disagrees).unwrap_err().to_string();
    assert!(error.contains("recorded by another test than `another`"), "{error}");
}

#[test]
fn a_tape_that_no_longer_fits_names_the_draw_and_both_sides() {
    let (_, tape) = fail();
    let changed = || async {
        let one = spawn(async { reveille::choose(4) });
        let two = spawn(async { reveille::choose(4) });
        let (one, two) = (one.await.unwrap(), two.await.unwrap());
        assert!(one < 2 || two < 2, "both say two or more");
    };
    let error = explore().name("disagrees").replay(tape.clone()).run(changed).unwrap_err();
    assert_eq!(error.kind(), None);
    let error = error.to_string();
    assert!(error.contains("the tape no longer fits `disagrees`") && error.contains("draw"), "{error}");
    // On request it is followed as far as it goes.
    let lenient = explore().name("disagrees").replay(tape).lenient().run(changed);
    let lenient = lenient.unwrap_err();
    assert_eq!(lenient.kind(), Some(FindingKind::Panic));
    assert!(lenient.to_string().contains("fits `disagrees` only in part: the program asks "), "{lenient}");
}

#[test]
fn any_tape_on_any_program_is_an_error_or_a_run() {
    let (_, tape) = fail();
    type Program = fn() -> std::pin::Pin<Box<dyn Future<Output = ()>>>;
    let programs: [Program; 3] = [
        || Box::pin(async {}),
        || Box::pin(async { while reveille::choose(2) == 0 {} }),
        || Box::pin(async { drop(spawn(async { reveille::yield_now().await })) }),
    ];
    for program in programs {
        match explore().name("disagrees").replay(tape.clone()).run(program) {
            Ok(passed) => assert_eq!(passed.runs, 1),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn replay_takes_what_the_failure_gave() {
    let failure = explore().run(disagrees).unwrap_err();
    let tape: &Tape = failure.tape().unwrap();
    assert_eq!(replay(&tape.to_string(), disagrees).unwrap_err().kind(), Some(FindingKind::Panic));
}
