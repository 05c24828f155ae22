//! What a report calls things by: a task by its node too, a future that was polled once too often by its await, a test by its target.

#![cfg(not(loom))]

use std::future::pending;
use std::pin::pin;
use std::sync::Mutex;

use reveille::time::{Duration, sleep, timeout};
use reveille::{FindingKind, Node, cancel, explore, node, spawn, yield_now};

const S: Duration = Duration::from_secs(1);

#[track_caller]
fn says(report: &str, what: &str) {
    assert!(report.contains(what), "the report does not say `{what}`:\n{report}");
}

/// The number of the line that calls this, `above` lines up.
#[track_caller]
fn line(above: u32) -> u32 {
    std::panic::Location::caller().line() - above
}

#[test]
fn a_task_is_told_with_the_node_that_it_runs_on() {
    let failure = explore().run(|| async {
        drop(node("db").spawn(async { panic!("no disk") }));
        sleep(S).await;
    });
    says(&failure.unwrap_err().to_string(), "task 1 on `db` (spawned at ");
    let failure = explore().run(|| async { drop(spawn(async { panic!("no disk") })) });
    says(&failure.unwrap_err().to_string(), "task 1 (spawned at ");
}

#[test]
fn tasks_that_wait_alike_on_different_nodes_are_told_apart() {
    let failure = explore().run(|| async {
        let (sender, receiver) = tokio::sync::watch::channel(());
        for name in ["one", "two", "two"] {
            let mut receiver = receiver.clone();
            drop(node(name).spawn(async move { receiver.changed().await }));
        }
        pending::<()>().await;
        drop(sender);
    });
    let report = failure.unwrap_err().to_string();
    says(&report, "task 1 on `one` (spawned at ");
    says(&report, "tasks 2 and 3 on `two` (spawned at ");
}

#[test]
fn a_handle_that_is_awaited_twice_is_told_by_the_await_and_by_its_task() {
    let failure = explore().runs(1).run(|| async {
        let other = spawn(yield_now());
        let mut task = spawn(async { 1 });
        (&mut task).await.unwrap();
        task.await.unwrap();
        other.await.unwrap();
    });
    let at = line(3);
    let failure = failure.unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::PollAfterReady));
    let report = failure.to_string();
    says(&report, "polled a `JoinHandle` again after it had completed, at\n    awaits  sim/tests/naming.rs:");
    says(&report, "it is that of task 2 (spawned at ");
    assert!(failure.place().unwrap().contains(&format!("naming.rs:{at}:")), "{failure}");
}

#[test]
fn a_future_that_is_no_handle_is_told_by_the_await() {
    let failure = explore().runs(1).run(|| async {
        let mut once = pin!(timeout(S, yield_now()));
        once.as_mut().await.unwrap();
        once.await.unwrap();
    });
    let at = line(2);
    let failure = failure.unwrap_err();
    says(&failure.to_string(), "polled a `Timeout` again after it had completed, at\n    awaits  ");
    assert!(failure.place().unwrap().contains(&format!("naming.rs:{at}:")), "{failure}");
}

#[test]
fn the_advice_of_a_starved_leaf_names_the_attribute_too() {
    let failure = explore().freedoms("none").run(|| async {
        let mut heart = pin!(async {
            sleep(5 * S).await;
            sleep(5 * S).await;
        });
        reveille::select! {
            () = &mut heart => {}
            () = sleep(S) => {}
        }
        sleep(60 * S).await;
        heart.await;
    });
    let report = failure.unwrap_err().to_string();
    says(&report, "starved leaf");
    says(&report, "`#[reveille::test(starved_after = \"90s\", starved_polls = 5_000)]`");
    says(&report, "`explore()`");
}

#[test]
fn the_replay_of_an_audit_has_no_table() {
    let audit = || {
        cancel::audit(|()| async {
            let order = cancel::track("two tickets");
            yield_now().await;
            order.settle();
        })
    };
    let report = audit().run().unwrap();
    says(&report.to_string(), "it waited at");
    let tape = report.failure().unwrap().tape().unwrap().to_string();
    let again = audit().replay(tape).run().unwrap().to_string();
    says(&again, "one run, repeated");
    says(&again, "dropped value");
    assert!(!again.contains("it waited at  "), "{again}");
}

#[test]
fn a_node_of_a_run_that_is_over_is_refused_at_the_line_that_calls_it() {
    static KEPT: Mutex<Option<Node>> = Mutex::new(None);
    explore().runs(1).run(|| async { *KEPT.lock().unwrap() = Some(node("db")) }).unwrap();
    let node = KEPT.lock().unwrap().take().unwrap();
    let failure = explore().runs(1).run(move || async move { drop(node.name()) }).unwrap_err();
    assert!(failure.place().unwrap().contains("naming.rs"), "{failure}");
}

/// Another file may have a test of this name; the line to paste is for this one.
#[reveille::test(runs = 1)]
#[should_panic(expected = "-p reveille --test naming the_line_to_paste_names_the_target -- --exact")]
async fn the_line_to_paste_names_the_target() {
    panic!("as it must");
}
