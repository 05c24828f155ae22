//! The example `server`: each of its three mistakes is found, as what it is, and the server without them is clean.

#![cfg(not(loom))]

use reveille::{FindingKind, explore};

#[path = "../examples/server/parts/mod.rs"]
mod parts;

use parts::program::{Mistake, explored, program};

/// Checks that the mistake is found by default settings, as a finding of that kind which says all of `texts`. Returns the report.
fn found(mistake: Mistake, kind: FindingKind, texts: &[&str]) {
    let failure = explored(mistake).expect_err("the mistake was not found");
    assert_eq!(failure.kind(), Some(kind), "{failure}");
    let report = failure.to_string();
    for text in texts {
        assert!(report.contains(text), "no `{text}` in\n{report}");
    }
}

#[test]
fn a_frame_that_is_dropped_half_read() {
    found(
        Mistake::TornFrame,
        FindingKind::CutShort,
        &["marked at sim/examples/server/parts/frame.rs:", "connection::Connection::converse"],
    );
}

#[test]
fn a_connection_that_does_not_hear_that_it_is_time_to_stop() {
    found(
        Mistake::MissedSignal,
        FindingKind::Panic,
        &["the node did not stop in time", "(spawned at sim/examples/server/parts/accept.rs:"],
    );
}

#[test]
fn a_server_that_ends_with_one_of_its_connections() {
    found(Mistake::OneForAll, FindingKind::Error, &["the program returned an error: Gone("]);
}

/// All four kinds of errors, both time-outs and a stop during a request are among the runs: otherwise `sometimes!` objects.
#[test]
fn the_server_as_it_should_be_under_heavy_faults() {
    let runs = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
    let passed = explore().runs(runs).faults("heavy").run(|| program(Mistake::None)).expect("it was accused");
    assert!(passed.schedules > runs / 2, "{passed}");
}
