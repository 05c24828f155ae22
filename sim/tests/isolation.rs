//! What runs share, and what they do not.

#![cfg(not(loom))]

use std::cell::Cell;

use reveille::{FindingKind, Isolation, explore, spawn, yield_now};

thread_local!(static RUNS_HERE: Cell<u32> = const { Cell::new(0) });

/// Yields as often as runs have been made on its thread.
async fn remembers() {
    let before = RUNS_HERE.replace(RUNS_HERE.get() + 1);
    for _ in 0..before % 5 {
        yield_now().await;
    }
}

#[test]
fn what_a_thread_remembers_is_nondeterminism_unless_each_run_has_its_own() {
    let failure = explore().run(remembers).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism));
    let passed = explore().isolation(Isolation::Thread).runs(200).run(remembers).unwrap();
    assert_eq!((passed.runs, passed.schedules), (200, 1));
    explore().isolation(Isolation::Thread).runs(200).jobs(2).run(remembers).unwrap();
}

/// The third message overtakes the first, in a program that remembers.
async fn overtakes() {
    remembers().await;
    let (sender, receiver) = async_channel::unbounded();
    for number in 0..4 {
        let sender = sender.clone();
        drop(spawn(async move { sender.send(number).await }));
    }
    let first = receiver.recv().await.unwrap();
    assert_ne!(first, 2, "an overtaker");
}

#[test]
fn a_failing_run_is_explained_shrunk_and_replayed_on_threads_of_its_own() {
    let isolated = || explore().name("overtakes").isolation(Isolation::Thread);
    let failure = isolated().run(overtakes).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic), "{failure}");
    let report = failure.to_string();
    assert!(report.contains("choices: 1 of 4 unusual") && report.contains("shrunk: from"), "{report}");
    let tape = failure.tape().unwrap().to_string();
    let again = isolated().replay(tape).run(overtakes).unwrap_err();
    assert_eq!(again.kind(), Some(FindingKind::Panic), "{again}");
}

#[test]
fn isolation_changes_no_run() {
    let program = || async {
        let picks: Vec<u32> = (0..4).map(|_| reveille::choose(6)).collect();
        assert!(picks.iter().sum::<u32>() < 19, "found");
    };
    let with = |isolation| explore().name("picks").isolation(isolation).runs(20_000).run(program).unwrap_err();
    assert_eq!(with(Isolation::Thread).to_string(), with(Isolation::Shared).to_string());
}

/// What prints the name of the thread, a panic above all, prints the test's.
#[test]
fn threads_of_runs_have_the_name_of_the_test() {
    let name = std::thread::current().name().map(str::to_owned);
    let here = move || {
        let name = name.clone();
        async move { assert_eq!(std::thread::current().name(), name.as_deref()) }
    };
    explore().isolation(Isolation::Thread).runs(3).run(here).unwrap();
}

#[test]
fn runs_that_follow_from_one_another_cannot_be_isolated() {
    for (strategy, name) in [("exhaustive", "exhaustive search"), ("feedback", "strategy `feedback`")] {
        let failure = explore().strategy(strategy).isolation(Isolation::Thread).run(|| async {}).unwrap_err();
        assert_eq!(failure.kind(), None);
        assert!(failure.to_string().contains(&format!("{name} cannot isolate its runs")), "{failure}");
    }
}
