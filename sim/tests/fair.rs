//! Who waits for how long, and who is overtaken.

#![cfg(not(loom))]

use reveille::fair::{Line, pool_wait_max};
use reveille::{Choose, FindingKind, Kind, Point, explore, spawn, task, yield_now};
use tokio::sync::mpsc;

/// So many tasks that have so many polls each.
async fn crowd(tasks: u32) {
    let tasks: Vec<_> = (0..tasks)
        .map(|nth| {
            let name = if nth == 0 { "first" } else { "other" };
            task::Builder::new().name(name).spawn(async {
                for _ in 0..3 {
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn first_in_first_out_everybody_waits_for_all_others_once() {
    let passed = explore().runs(1).run(|| crowd(9)).unwrap();
    let wait = passed.longest_wait.clone().unwrap();
    // Nine tasks; the root waits for the first and is not among them until that has ended.
    assert_eq!((wait.polls, wait.run), (8, 0), "{passed}");
    assert!(wait.task.starts_with("task 0 (the root, started at sim/tests/fair.rs:"), "{passed}");
    assert!(passed.to_string().contains("longest wait: 8 polls of others between wake and poll, of task "), "{passed}");
}

#[test]
fn the_bound_is_met_by_the_executor_and_by_one_less_it_is_not() {
    let fair = || explore().seed(0).runs(1);
    assert_eq!(fair().wake_to_poll_max(8).run(|| crowd(9)).unwrap().runs, 1);
    let failure = fair().wake_to_poll_max(7).run(|| crowd(9)).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Unfairness));
    let report = failure.to_string();
    assert!(report.contains("was woken, and 8 polls of others came before its own"), "{report}");
    assert!(report.contains("the test allows 7"), "{report}");
    let again = reveille::explore().wake_to_poll_max(7).replay(failure.tape().unwrap().to_string()).run(|| crowd(9));
    assert_eq!(again.unwrap_err().kind(), Some(FindingKind::Unfairness));
}

/// Some that yield for ever, as it were, and one that hardly runs.
async fn busy_and_patient() {
    const TURNS: usize = 2_000;
    let busy = || async {
        for _ in 0..TURNS {
            yield_now().await;
        }
    };
    let busy: Vec<_> = (0..3).map(|_| spawn(busy())).collect();
    let patient = spawn(async {
        for _ in 0..3 {
            yield_now().await;
        }
    });
    patient.await.unwrap();
    for task in busy {
        task.await.unwrap();
    }
}

#[test]
fn under_the_policy_of_a_pool_nobody_waits_longer_than_it_promises() {
    for workers in [1, 2, 4, 16] {
        let bound = pool_wait_max(workers, 5);
        let strategy = format!("workers:{workers}");
        let passed = explore().runs(8).strategy(strategy).wake_to_poll_max(bound).run(busy_and_patient).unwrap();
        assert_eq!(passed.runs, 8);
        let crowd = explore().runs(4).strategy(format!("workers:{workers}"));
        crowd.wake_to_poll_max(pool_wait_max(workers, 250)).run(|| crowd_of(250)).unwrap();
    }
}

async fn crowd_of(tasks: u32) {
    crowd(tasks).await;
    crowd(tasks / 2).await;
}

/// A policy with a mistake: each worker takes what was pushed last.
struct Newest;

impl Choose for Newest {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if point.kind == Kind::SCHEDULE { point.bound - 1 } else { 0 }
    }
}

#[test]
fn a_policy_that_takes_the_newest_first_breaks_the_bound() {
    let newest = explore().runs(1).shrink(false).answered_by(|_| Newest).wake_to_poll_max(pool_wait_max(1, 5));
    let failure = newest.run(busy_and_patient).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Unfairness), "{failure}");
    let bound = pool_wait_max(1, 5);
    assert!(failure.to_string().contains(&format!("the test allows {bound}")), "{failure}");
    assert_eq!((bound, pool_wait_max(2, 5)), (61 * 6 + 512, 2 * 3 * (61 * 4 + 512)));
}

/// The default strategy passes tasks over on purpose: the figure says by how much.
#[test]
fn a_schedule_that_starves_is_measured() {
    let passed = explore().run(|| crowd(9)).unwrap();
    assert!(passed.longest_wait.as_ref().is_some_and(|wait| wait.polls > 8), "{passed}");
    let jobs = explore().jobs(2).run(|| crowd(9)).unwrap();
    assert_eq!(jobs.longest_wait, passed.longest_wait);
}

#[test]
fn a_bound_of_zero_and_one_that_no_run_can_pass_are_errors() {
    let error = explore().wake_to_poll_max(0).run(|| crowd(1)).unwrap_err();
    assert_eq!(error.kind(), None);
    assert!(error.to_string().contains("must be at least 1"), "{error}");
    let error = explore().wake_to_poll_max(1_000_000).run(|| crowd(1)).unwrap_err();
    assert!(error.to_string().contains("is never passed in a run of at most 1000000 polls"), "{error}");
}

/// A counter with a telephone. Callers are served first, or in turn with who stands there.
async fn counter(is_biased: bool) {
    const CALLERS: usize = 10;
    let (ask, mut asked) = mpsc::channel(1);
    let (call, mut called) = mpsc::channel(CALLERS);
    let line = Line::new("counter", 3);
    ask.send(line.join()).await.unwrap(); // stands there
    let callers = spawn(async move {
        for _ in 0..CALLERS {
            call.send(line.join()).await.unwrap();
        }
    });
    callers.await.unwrap();
    let mut is_callers_turn = true;
    for _ in 0..=CALLERS {
        if is_biased || is_callers_turn {
            tokio::select! {
                biased;
                Some(caller) = called.recv() => caller.served(),
                Some(customer) = asked.recv() => customer.served(),
            }
        } else {
            tokio::select! {
                biased;
                Some(customer) = asked.recv() => customer.served(),
                Some(caller) = called.recv() => caller.served(),
            }
        }
        is_callers_turn = !is_callers_turn;
    }
}

#[test]
fn a_biased_select_starves_its_last_branch() {
    let failure = explore().run(|| counter(true)).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Unfairness), "{failure}");
    let line = include_str!("fair.rs").lines().position(|line| line.ends_with("// stands there")).unwrap() + 1;
    let said = format!("in the line `counter` since sim/tests/fair.rs:{line}:");
    assert!(failure.to_string().contains(&said), "{failure}");
    assert!(failure.to_string().contains("was overtaken 4 times and still waits"), "{failure}");
}

#[test]
fn who_takes_turns_starves_nobody() {
    assert_eq!(explore().run(|| counter(false)).unwrap().runs, 1_000);
}

#[test]
fn who_leaves_the_line_is_not_overtaken() {
    let passed = explore().runs(10).run(|| async {
        let line = Line::new("counter", 0);
        drop(line.join());
        line.join().served();
    });
    assert_eq!(passed.unwrap().runs, 10);
}
