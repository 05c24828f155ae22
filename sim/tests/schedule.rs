//! Which rows of its schedule a report shows, and what it says in them.
//!
//! Each program fails after more polls than a screen has rows.

#![cfg(not(loom))]

use std::pin::pin;

use reveille::fs::{self, File};
use reveille::time::{Duration, Instant, sleep};
use reveille::{explore, node, spawn, yield_now};

const S: Duration = Duration::from_secs(1);

/// The rows of the schedule of `report`.
fn rows(report: &str) -> Vec<&str> {
    let (_, schedule) = report.split_once("  schedule:\n").expect("there is a schedule");
    let (schedule, _) = schedule.split_once("  replay: ").expect("the line to paste follows");
    schedule.lines().skip(1).collect()
}

fn is_row_of(row: &str, step: u64) -> bool {
    row.split_whitespace().next() == Some(&step.to_string())
}

#[test]
fn the_steps_that_a_verdict_names_are_shown() {
    let failure = explore().freedoms("none").run(|| async {
        let mut heart = pin!(async {
            sleep(5 * S).await;
            sleep(5 * S).await;
        });
        reveille::select! {
            () = &mut heart => {}
            () = sleep(S) => {}
        }
        sleep(60 * S).await; // the heart is forgotten
        heart.await;
        for _ in 0..60 {
            yield_now().await;
        }
    });
    let report = failure.unwrap_err().to_string();
    let named: Vec<u64> = report
        .split("step ")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .collect();
    assert_eq!(named.len(), 2, "{report}");
    for step in named {
        assert!(rows(&report).iter().any(|row| is_row_of(row, step)), "step {step} is folded: {report}");
    }
    assert!(rows(&report).iter().any(|row| row.contains("rows as usual (all are shown by `REVEILLE_ROWS=all`)")));
}

#[test]
fn what_was_written_before_a_crash_took_it_is_shown() {
    let failure = explore().run(|| async {
        node("db").start(|| async {
            if let Ok(found) = fs::read("/log").await {
                for _ in 0..60 {
                    yield_now().await;
                }
                assert_eq!(found, b"kept", "lost");
                return;
            }
            let mut file = File::create("/log").await.unwrap();
            File::open("/").await.unwrap().sync_all().await.unwrap();
            futures::AsyncWriteExt::write_all(&mut file, b"kept").await.unwrap();
            futures::AsyncWriteExt::flush(&mut file).await.unwrap();
            sleep(60 * S).await; // and no sync
        });
        sleep(S).await;
        node("db").crash();
        node("db").restart().await.unwrap();
    });
    let report = failure.unwrap_err().to_string();
    assert!(rows(&report).iter().any(|row| row.contains("write 4 bytes to `/log`")), "{report}");
}

#[test]
fn what_the_executor_did_is_said_in_words() {
    // Counts on time to stand still as long as a task can run.
    let held = explore().freedoms("held-back").run(|| async {
        let alarm = spawn(sleep(S));
        let begun = Instant::now();
        yield_now().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        alarm.await.unwrap();
    });
    let report = held.unwrap_err().to_string();
    assert!(report.contains("task 0 could run, and was held back until time moved on"), "{report}");

    // Counts on `spawn` to return before the task runs.
    let within = explore().freedoms("within-spawn").run(|| async {
        let cell = std::rc::Rc::new(std::cell::RefCell::new(0));
        let other = cell.clone();
        let borrowed = cell.borrow_mut();
        let task = spawn(async move { *other.borrow_mut() += 1 });
        drop(borrowed);
        task.await.unwrap();
    });
    let report = within.unwrap_err().to_string();
    assert!(report.contains("another task was polled before `spawn` returned"), "{report}");
}
