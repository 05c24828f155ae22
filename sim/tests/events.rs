//! With feature `tracing`: the program's own events are printed once, on the last replay, with virtual time and task.
//!
//! The test starts itself again, since what it looks at is what the process prints.

#![cfg(all(not(loom), feature = "tracing"))]

use std::process::Command;

use reveille::time::{Duration, sleep};
use reveille::{explore, spawn};

async fn program() {
    let task = spawn(async {
        sleep(Duration::from_millis(1500)).await;
        tracing::info!(order = 7, "shipped");
    });
    task.await.unwrap();
    assert!(reveille::choose(4) != 3);
}

#[test]
fn events_are_printed_once_with_time_and_task() {
    if std::env::var_os("REVEILLE_TEST_PRINTS").is_some() {
        let _ = explore().run(program);
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "--exact", "events_are_printed_once_with_time_and_task"])
        .env("REVEILLE_TEST_PRINTS", "1")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    let events: Vec<_> = printed.lines().filter(|line| line.contains("shipped")).collect();
    assert_eq!(events, ["  [1.5s task 1] INFO events: shipped order=7"], "{printed}");
}
