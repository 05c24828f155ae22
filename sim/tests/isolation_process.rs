//! Runs in processes of their own: what kills one is a finding, and what one leaves in statics the next campaign does not see.

#![cfg(not(loom))]

mod common;

use std::sync::atomic::{AtomicU32, Ordering};

use common::{Marks, in_a_process, mark};
use reveille::{Explore, FindingKind, Isolation, explore, spawn, yield_now};

#[track_caller]
fn isolated() -> Explore {
    explore().isolation(Isolation::Process)
}

/// Which of two tasks comes first, as the schedule has it.
async fn second_comes_first() -> bool {
    let (sender, receiver) = async_channel::unbounded();
    for number in 0..2 {
        let sender = sender.clone();
        drop(spawn(async move { sender.send(number).await }));
    }
    yield_now().await;
    receiver.recv().await == Ok(1)
}

#[test]
fn passing_runs_add_up_to_the_campaign() {
    let program = || async {
        reveille::sometimes!(second_comes_first().await, "the second comes first");
    };
    let mut in_processes = isolated().runs(300).jobs(2).run(program).unwrap();
    let here = explore().runs(300).run(program).unwrap();
    // They are two explorations, each with a line of its own.
    let [theirs, ours] =
        [&in_processes, &here].map(|passed| passed.longest_wait.as_ref().map(|wait| (wait.polls, wait.run)));
    assert_eq!(theirs, ours);
    in_processes.longest_wait.clone_from(&here.longest_wait);
    assert_eq!(in_processes, here);
}

#[test]
fn a_run_that_aborts_is_named() {
    let failure = isolated()
        .run(|| async {
            if second_comes_first().await {
                eprintln!("out of bounds, in a way");
                std::process::abort();
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Aborted), "{failure}");
    assert!(failure.seed().is_some_and(|seed| seed > 0));
    let report = failure.to_string();
    assert!(report.contains("signal: 6 (SIGABRT)") && report.contains("out of bounds, in a way"), "{report}");
    assert!(report.contains(&format!("REVEILLE_SEED={}", failure.seed().unwrap())), "{report}");
}

#[test]
fn a_failing_run_is_reported_as_if_it_had_failed_here() {
    let program = || async { assert!(!second_comes_first().await, "overtaken") };
    let with = |isolation| explore().name("overtaken").isolation(isolation).run(program).unwrap_err();
    let (here, failure) = (with(Isolation::Shared), with(Isolation::Process));
    assert_eq!((failure.kind(), failure.seed(), failure.tape()), (here.kind(), here.seed(), here.tape()));
    assert_eq!(failure.place(), here.place());
    assert_eq!(failure.to_string(), here.to_string());
    let again = explore().name("overtaken").replay(failure.tape().unwrap().to_string()).run(program).unwrap_err();
    assert_eq!(again.kind(), Some(FindingKind::Panic));
}

#[test]
fn a_poll_that_never_returns_ends_its_own_process_only() {
    let failure = isolated()
        .watchdog(reveille::time::Duration::from_secs(1))
        .run(|| async {
            if second_comes_first().await {
                loop {
                    std::hint::spin_loop();
                }
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::EndlessPoll), "{failure}");
    let report = failure.to_string();
    assert!(
        report.starts_with("reveille: endless poll in ") && report.contains("has not returned after 1s"),
        "{report}"
    );
}

/// Runs of a batch share their statics: what dies only after others has left something there.
#[test]
fn a_run_that_dies_of_what_others_left_is_told_from_one_that_dies_alone() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let failure = isolated()
        .run(|| async {
            // Runs 0, 1, 2, 4, .. are repeated, so this is beyond run 30.
            if RUNS.fetch_add(1, Ordering::Relaxed) == 40 {
                std::process::exit(7);
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Aborted), "{failure}");
    let report = failure.to_string();
    assert!(
        report.contains("exit status: 7") && report.contains("depends on what the runs from seed 0 on left"),
        "{report}"
    );
}

/// The limit of the main thread's stack is not ours to catch; that it was a stack overflow is what the process says.
#[test]
fn a_stack_overflow_is_a_finding() {
    fn deep(depth: u64) -> u64 {
        if std::hint::black_box(depth) == u64::MAX { 0 } else { deep(depth + 1) + 1 }
    }
    let failure = isolated()
        .run(|| async {
            if second_comes_first().await {
                assert_ne!(deep(0), 1);
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Aborted), "{failure}");
    assert!(failure.to_string().contains("overflowed its stack"), "{failure}");
}

/// They are asked for at one place, so a child has to come to the right one.
#[test]
fn in_a_loop_each_turn_has_its_own_runs() {
    for polls in 1..4 {
        let turns = move || async move {
            for _ in 1..polls {
                yield_now().await;
            }
        };
        assert_eq!(isolated().runs(3).run(turns).unwrap().polls, 3 * polls);
    }
}

/// Two tests ask for explorations of one name at one place: here.
fn asked_for_by_several(polls: u64) {
    let turns = move || async move {
        for _ in 1..polls {
            yield_now().await;
        }
    };
    assert_eq!(explore().name("of both").isolation(Isolation::Process).runs(3).run(turns).unwrap().polls, 3 * polls);
}

#[test]
fn a_test_counts_its_own_explorations() {
    asked_for_by_several(2);
}

#[test]
fn another_test_counts_its_own_explorations() {
    asked_for_by_several(5);
}

#[test]
fn of_failing_batches_the_first_is_reported_whatever_the_number_of_jobs() {
    let with = |jobs| {
        isolated().jobs(jobs).shrink(false).run(|| async { assert!(!second_comes_first().await) }).unwrap_err().seed()
    };
    assert_eq!(with(3), with(1));
}

#[test]
#[ignore = "started by the test below"]
fn prints_in_a_process_of_its_own() {
    let failure = isolated()
        .run(|| async {
            if reveille::explaining() {
                println!("what the program prints");
            }
            assert!(!second_comes_first().await);
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
}

#[test]
fn what_a_failing_run_prints_when_it_is_shown_is_printed_here() {
    let printed = common::printed("prints_in_a_process_of_its_own", &[]);
    assert_eq!(printed.matches("what the program prints\n").count(), 1, "{printed}");
}

#[test]
#[ignore = "started by the test below"]
fn explores_twice_in_processes() {
    let marks = || async { mark() };
    let first = isolated().runs(3).run(marks).unwrap();
    let second = isolated().runs(3).run(marks).unwrap();
    assert_eq!((first.runs, second.runs), (3, 3));
}

/// A process for each exploration. That of the second performs the first one too, to get there, and starts none for it.
#[test]
fn a_child_starts_no_processes_for_other_explorations() {
    let marks = Marks::new("twice");
    let output = in_a_process("explores_twice_in_processes", &[marks.variable()]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(marks.processes().len(), 2);
}

#[test]
fn without_the_name_of_a_test_it_says_what_it_needs() {
    if std::env::args().any(|argument| argument == "--exact") {
        // A runner that starts a process for each test tells its name so.
        return;
    }
    let failure = std::thread::Builder::new()
        .spawn(|| isolated().name("nobody").run(|| async {}).unwrap_err())
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(failure.kind(), None);
    assert!(failure.to_string().contains("start this test again, and its name is not known here"), "{failure}");
}

#[reveille::test(isolation = "process", runs = 200)]
async fn the_attribute_says_it_too() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    // Each process has performed at most its batch, and the repetitions of some of it.
    assert!(RUNS.fetch_add(1, Ordering::Relaxed) < 170);
    yield_now().await;
}
