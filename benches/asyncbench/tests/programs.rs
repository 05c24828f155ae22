//! The programs are what they say they are: each has a bug, the same source runs on both tools, and it is not in every
//! schedule.

use asyncbench::programs::{held_out, listed, yielding};
use asyncbench::search;

/// What random search is not expected to come to: these were chosen because it does not.
const DEEP: [&str; 2] = ["lostupd_5x5", "reversed"];

#[test]
fn each_program_has_a_bug_that_our_default_finds() {
    for program in listed().iter().chain(&held_out()) {
        if !DEEP.contains(&program.name) {
            let found = search::ours(program, "portfolio", 0, 10_000);
            assert!(found.after.is_some(), "{} was not found", program.name);
        }
    }
}

#[test]
fn shuttle_runs_the_same_programs() {
    for program in listed().iter().chain(&held_out()).filter(|program| program.tasks <= 4) {
        let found = search::theirs(program, "urw", 0, 10_000);
        assert!(found.after.is_some(), "{} was not found", program.name);
    }
    assert!(search::theirs(&yielding()[0], "random", 0, 100).after.is_none());
}

/// The classic that half of the literature cannot find: the default does, soon.
#[test]
fn a_hundred_tasks_are_no_obstacle() {
    let program = listed().into_iter().find(|program| program.name == "reorder_100").unwrap();
    let soon = (0..5).filter_map(|trial| search::ours(&program, "portfolio", trial, 1_000).after).count();
    assert_eq!(soon, 5);
    assert!(search::ours(&program, "random", 0, 200).after.is_none());
}
