//! Tapes, as text and as runs.

use std::sync::{Arc, Mutex, PoisonError};

use reveille::{Explore, Failure, FindingKind, Passed, Tape, choose, explore};

use crate::program::{Interpreter, Program, decode};
use crate::{Circumstances, models};

/// Reads the bytes as the text of a tape: an error, or a tape with that one text. Then as the answers of a run, whose tape is
/// a text as well: the one that is written choice by choice; what is read back is the same, and what is cut off is refused.
///
/// # Panics
/// If it is otherwise.
///
/// ```
/// reveille_properties::fuzz::tape_text(b"r1.0000.-.E0-d951");
/// ```
pub fn tape_text(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(tape) = text.parse::<Tape>()
    {
        assert_eq!(tape.to_string(), text.trim(), "a tape has one text");
    }
    let (tape, choices) = recorded(bytes);
    let text = tape.to_string();
    assert_eq!(text, models::tape_text("fuzz", b'c', &choices), "the text is that of {choices:?}");
    assert_eq!(text.parse::<Tape>().as_ref(), Ok(&tape), "what is written is read back: {text}");
    let at = bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>() % text.len();
    assert!(text[..at].parse::<Tape>().is_err(), "cut at {at}: {text}");
    let other = if text.as_bytes()[at] == b'7' { "8" } else { "7" };
    let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
    // The check value has 16 bits: one change in 65,536 is not noticed, and gives another tape.
    if let Ok(another) = changed.parse::<Tape>() {
        assert_eq!(another.to_string(), changed, "a tape has one text");
    }
}

/// The tape of a run that asks choices of its own, and those with two answers or more: how many, and which it was. Bytes say what is
/// asked, and what is answered.
fn recorded(bytes: &[u8]) -> (Tape, Vec<(u32, u32)>) {
    let bounds: Vec<u32> = bytes.iter().take(64).map(|byte| u32::from(*byte) + 1).collect();
    let choices = Arc::new(Mutex::new(Vec::new()));
    let fails = || {
        let (bounds, choices) = (bounds.clone(), choices.clone());
        async move {
            let asked: Vec<(u32, u32)> = bounds.iter().map(|bound| (*bound, choose(*bound))).collect();
            *choices.lock().unwrap_or_else(PoisonError::into_inner) = asked;
            Err::<(), _>("for its tape")
        }
    };
    let failure = Circumstances::of_bytes(bytes).explore().name("fuzz").run(fails).unwrap_err();
    let tape = failure.tape().expect("a run that failed has a tape").clone();
    let mut choices = std::mem::take(&mut *choices.lock().unwrap_or_else(PoisonError::into_inner));
    choices.retain(|(bound, _)| *bound > 1);
    (tape, choices)
}

/// Reads two programs and answers, records the run of the second, and replays its tape in both: the second does the same
/// again, and the first passes or is refused with a sentence, strictly and leniently.
///
/// # Panics
/// If a replay ends in any other way.
///
/// ```
/// reveille_properties::fuzz::replay(&[1, 1, 0, 2, 1, 0, 3, 0, 0, 1, 1]);
/// ```
pub fn replay(bytes: &[u8]) {
    let (other, rest) = decode(bytes);
    let (program, answers) = decode(rest);
    let recorded = run(Circumstances::of_bytes(answers).explore(), &program);
    let recorded = recorded.expect_err("the program fails at its end");
    let Some(tape) = recorded.tape() else { panic!("{recorded}") };
    let again = run(explore().replay(tape.to_string()), &program).expect_err("the program fails at its end");
    assert_eq!(again.tape(), Some(tape), "{again}");
    let strict = run(explore().replay(tape.to_string()), &other).expect_err("the program fails at its end");
    assert!(strict.kind().is_none() || strict.tape() == Some(tape), "it fitted, and was another run: {strict}");
    let lenient = run(explore().replay(tape.to_string()).lenient(), &other).expect_err("the program fails at its end");
    assert_eq!(lenient.kind(), Some(FindingKind::Error), "{lenient}");
}

/// Runs `program`, and fails at its end.
fn run(explore: Explore, program: &Program) -> Result<Passed, Failure> {
    explore.name("fuzz").run(|| {
        let program = program.clone();
        async move {
            Interpreter::default().perform(program).await;
            Err::<(), _>("for its tape")
        }
    })
}
