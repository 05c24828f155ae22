//! Backtraces in the text of a value: with `RUST_BACKTRACE=1` the `Debug` form of an `anyhow::Error` has one.
//!
//! It shows how this library came to poll the program, which is of no interest to a reader, and is another in a repetition.

/// What a backtrace begins with.
const HEADING: &str = "Stack backtrace:";
/// From here on it is that of who polls.
const OURS: [&str; 2] = ["reveille_executor::", "reveille::explore::"];

/// `text` without backtraces: two that differ in nothing else are the same.
pub(crate) fn without(text: String) -> String {
    cut(text, false)
}

/// `text`, in which backtraces end where the program does.
pub(crate) fn shortened(text: String) -> String {
    cut(text, true)
}

fn cut(text: String, keeps_users: bool) -> String {
    if !text.contains(HEADING) {
        return text;
    }
    let (mut is_within, mut keeps) = (false, true);
    let mut kept = Vec::new();
    for line in text.lines() {
        if line.trim_start() == HEADING {
            (is_within, keeps) = (true, keeps_users);
        } else {
            is_within &= is_frame(line);
            keeps &= !OURS.iter().any(|ours| line.contains(ours));
        }
        if !is_within || keeps {
            kept.push(line);
        }
    }
    kept.join("\n").trim_end().to_owned()
}

/// Whether `line` is a frame of a backtrace (`3: name`) or the place of one (`at file:line`).
fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    let is_numbered = line.split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    is_numbered || line.starts_with("at ")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const TEXT: &str = "no such account

Caused by:
    the file is empty

Stack backtrace:
   0: bank::open
             at ./src/bank.rs:7:9
   1: bank::transfer::{{closure}}
             at ./src/bank.rs:11:72
   2: reveille::explore::spawn_root::{{closure}}
             at /reveille/sim/src/explore.rs:570:53
   3: core::ops::function::FnOnce::call_once
             at /rustc/5980/library/core/src/ops/function.rs:250:5";

    #[test]
    fn a_backtrace_ends_where_the_program_does() {
        let text = shortened(TEXT.to_owned());
        assert!(
            text.starts_with(
                "no such account\n\nCaused by:\n    the file is empty\n\nStack backtrace:\n   0: bank::open\n"
            ),
            "{text}"
        );
        assert!(text.ends_with("             at ./src/bank.rs:11:72"), "{text}");
    }

    #[test]
    fn without_it_two_texts_compare() {
        assert_eq!(without(TEXT.to_owned()), "no such account\n\nCaused by:\n    the file is empty");
        assert_eq!(without("a: Stack of 3: cards".to_owned()), "a: Stack of 3: cards");
        let goes_on = format!("{TEXT}\nafter it");
        assert!(without(goes_on).ends_with("the file is empty\n\nafter it"));
    }
}
