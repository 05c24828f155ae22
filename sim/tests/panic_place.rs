//! A panic in the file of another crate says little: what the reader can change is the line of theirs that went there.

#![cfg(not(loom))]

use std::future::{poll_fn, ready};
use std::pin::pin;
use std::task::Poll;

use futures::FutureExt;
use reveille::{FindingKind, explore, spawn};

/// The line of the panic in futures' `Map`, which is not to be polled again, is below this one.
const THE_SECOND_POLL: u32 = line!() + 8;

fn polled_twice() -> String {
    let program = || async {
        let doubled = async {
            let mut number = pin!(ready(2).map(|number| 2 * number));
            poll_fn(|context| {
                assert!(number.poll_unpin(context).is_ready());
                let _ = number.poll_unpin(context);
                Poll::Ready(())
            })
            .await;
        };
        spawn(doubled).await.unwrap();
    };
    let failure = explore().name("place").run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic), "{failure}");
    failure.to_string()
}

#[test]
fn a_panic_in_another_crate_is_followed_to_the_users_line() {
    let report = polled_twice();
    let lines: Vec<_> = report.lines().collect();
    let panicked = lines.iter().position(|line| line.contains("panicked at futures-util-")).expect(&report);
    let called = format!("    called at sim/tests/panic_place.rs:{THE_SECOND_POLL}:");
    assert!(lines[panicked + 1].starts_with(&called), "{report}");
    assert!(lines[panicked + 2].contains("Map must not be polled after"), "{report}");
}

#[test]
fn a_panic_in_a_line_of_the_users_needs_no_other() {
    let report = polled_twice();
    // The root's `unwrap`, which the standard library ascribes to its caller.
    assert!(report.contains("then task 0 (the root"), "{report}");
    assert_eq!(report.matches("called at").count(), 1, "{report}");
}
