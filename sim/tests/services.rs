//! The parts of the example `services`: the broken form is found, as what it is, and the mended one is clean.

#![cfg(not(loom))]

use reveille::{Failure, FindingKind, Passed};

#[path = "../examples/services/parts/mod.rs"]
mod parts;

use parts::{connection_pool, graceful_shutdown, heartbeat, rate_limiter, register, single_flight, wal};

fn told(broken: Result<Passed, Failure>, kind: FindingKind, text: &str, mended: Result<Passed, Failure>) {
    let failure = broken.expect_err("the mistake was not found");
    assert_eq!(failure.kind(), Some(kind), "{failure}");
    assert!(failure.to_string().contains(text), "{failure}");
    mended.expect("the mended form was accused");
}

#[test]
fn an_answer_to_a_question_that_was_given_up() {
    let text = "an answer to somebody else's question";
    told(connection_pool::broken(), FindingKind::Panic, text, connection_pool::mended());
}

/// The pool of the example `cancel_audit`.
#[path = "../examples/cancel_audit/pool.rs"]
mod audited_pool;

#[test]
fn a_place_in_the_pool_that_goes_with_who_gave_up() {
    let report = audited_pool::broken();
    assert_eq!(report.failure().and_then(Failure::kind), Some(FindingKind::Deadlock), "{report}");
    assert!(report.to_string().contains("again hangs"), "{report}");
    audited_pool::mended().assert_clean();
}

#[test]
fn two_that_wait_for_the_same_token() {
    told(rate_limiter::broken(), FindingKind::Panic, "requests within 100ms", rate_limiter::mended());
}

#[test]
fn followers_of_a_leader_that_gave_up() {
    told(single_flight::broken(), FindingKind::Panic, "waited for a minute", single_flight::mended());
}

#[test]
fn requests_that_go_with_the_server() {
    let text = "a request was taken and not answered";
    told(graceful_shutdown::broken(), FindingKind::Panic, text, graceful_shutdown::mended());
}

#[test]
fn a_read_that_is_older_than_the_one_before() {
    told(register::broken(), FindingKind::Panic, "had been read or written before it began", register::mended());
}

#[test]
fn a_heart_that_does_not_beat_while_it_works() {
    told(heartbeat::broken(), FindingKind::Error, "the other side has gone silent", heartbeat::mended());
}

#[test]
fn a_log_that_acknowledges_what_it_has_not_synced() {
    let gone = "an acknowledged record is gone";
    told(wal::broken(), FindingKind::Panic, gone, wal::mended());
    told(wal::broken_by_name(), FindingKind::Panic, gone, wal::mended());
    told(wal::broken_by_retry(), FindingKind::Panic, gone, wal::mended());
}
