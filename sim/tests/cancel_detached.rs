//! Work that outlives who began it: who spawned it, from where, and what it does too late. And tasks that are cancelled, by
//! the program or by the run.

#![cfg(not(loom))]

use std::cell::Cell;
use std::rc::Rc;

use reveille::cancel::{Effects, Owner, audit, owner, track};
use reveille::task::Builder;
use reveille::time::{Duration, sleep, timeout};
use reveille::{FindingKind, JoinSet, explore, node, spawn, yield_now};

/// Flushes in a task that its destructor spawns.
struct Cache {
    owner: Owner,
}

impl Drop for Cache {
    fn drop(&mut self) {
        let effects = self.owner.effects();
        drop(spawn(flush(effects)));
    }
}

async fn flush(effects: Effects) {
    yield_now().await;
    effects.happen("the flush");
}

fn cache() -> Cache {
    Cache { owner: owner("the cache") }
}

#[test]
fn a_task_that_a_destructor_spawned_is_named_with_its_spawner_and_the_destructor() {
    let failure = explore()
        .deny_detached()
        .run(|| async {
            let user = Builder::new().name("user").spawn(async {
                let _cache = std::mem::ManuallyDrop::into_inner(std::mem::ManuallyDrop::new(Sleeper));
                yield_now().await;
            });
            user.await.unwrap();
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::DetachedTask));
    let text = failure.to_string();
    assert!(text.contains("task 2 (spawned at sim/tests/cancel_detached.rs:"), "{text}");
    assert!(text.contains("task 2 was spawned by task 1, in the destructor of cancel_detached::Sleeper"), "{text}");
}

/// Sleeps for a minute after its end.
struct Sleeper;

impl Drop for Sleeper {
    fn drop(&mut self) {
        drop(spawn(sleep(Duration::from_secs(60))));
    }
}

#[test]
fn a_task_that_no_destructor_spawned_is_not_said_to_be_of_one() {
    let failure = explore()
        .deny_detached()
        .run(|| async {
            let user = spawn(async { drop(spawn(sleep(Duration::from_secs(60)))) });
            user.await.unwrap();
        })
        .unwrap_err();
    let text = failure.to_string();
    assert!(text.contains("task 2 was spawned by task 1\n"), "{text}");
}

#[test]
fn an_effect_after_its_owners_drop_is_a_finding_with_the_task_and_its_spawner() {
    let failure = explore()
        .run(|| async {
            drop(cache());
            sleep(Duration::from_secs(1)).await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::LateEffect));
    let text = failure.to_string();
    let made = "came after the cache (made at sim/tests/cancel_detached.rs:32:20) had been dropped";
    assert!(text.contains(made), "{text}");
    assert!(text.contains("the flush, at sim/tests/cancel_detached.rs:28:13"), "{text}");
    assert!(text.contains("by task 1 (spawned at sim/tests/cancel_detached.rs:22:14)"), "{text}");
    assert!(text.contains("task 1 was spawned by task 0, in the destructor of cancel_detached::Cache"), "{text}");
}

#[test]
fn effects_in_time_are_none() {
    explore()
        .run(|| async {
            let owner = owner("the cache");
            flush(owner.effects()).await;
            let task = spawn(flush(owner.effects()));
            task.await.unwrap();
            let late = owner.effects();
            drop(owner);
            assert!(late.is_late());
        })
        .unwrap();
}

#[test]
fn a_task_that_died_with_its_handle_is_named_where_somebody_waits_for_what_it_was_to_do() {
    let failure = explore()
        .run(|| async {
            let (request, mut requests) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<u32>>(1);
            let mut driver = JoinSet::new();
            driver.spawn(async move {
                while let Some(reply) = requests.recv().await {
                    let _ = reply.send(42);
                }
            });
            // Aborts the driver.
            drop(driver);
            let (reply, answer) = tokio::sync::oneshot::channel();
            let kept = request.clone();
            let _ = request.send(reply).await;
            let _ = answer.await;
            kept.closed().await;
            std::future::pending::<()>().await;
        })
        .unwrap_err();
    let text = failure.to_string();
    assert!(text.contains("cancelled before, at step"), "{text}");
    assert!(text.contains("task 1 (spawned at sim/tests/cancel_detached.rs:"), "{text}");
}

/// Holds a value that must arrive for two seconds.
async fn carry() {
    let parcel = track("a parcel");
    sleep(Duration::from_secs(2)).await;
    parcel.settle();
}

#[test]
fn a_value_in_a_task_that_the_program_aborts_is_lost() {
    for settles in [false, true] {
        let result = explore().runs(20).run(move || async move {
            let task = spawn(carry());
            sleep(Duration::from_secs(if settles { 3 } else { 1 })).await;
            task.abort();
            let _ = task.await;
        });
        let kind = result.err().and_then(|failure| failure.kind());
        assert_eq!(kind, (!settles).then_some(FindingKind::DroppedValue));
    }
}

#[test]
fn a_value_in_a_future_that_a_timeout_drops_is_lost() {
    for patience in [1, 3] {
        let result = explore().runs(20).run(move || async move {
            let late = timeout(Duration::from_secs(patience), carry()).await;
            assert_eq!(late.is_err(), patience == 1);
        });
        let kind = result.err().and_then(|failure| failure.kind());
        assert_eq!(kind, (patience == 1).then_some(FindingKind::DroppedValue));
    }
    // A future that is only borrowed goes on, and so does the value.
    explore()
        .runs(20)
        .run(|| async {
            let mut carrying = Box::pin(carry());
            assert!(timeout(Duration::from_secs(1), &mut carrying).await.is_err());
            carrying.await;
        })
        .unwrap();
}

#[test]
fn a_value_on_a_node_that_crashes_is_lost_by_intent() {
    explore()
        .runs(20)
        .run(|| async {
            let server = node("server");
            drop(server.spawn(carry()));
            sleep(Duration::from_secs(1)).await;
            server.crash();
            sleep(Duration::from_secs(1)).await;
        })
        .unwrap();
}

#[test]
fn a_value_dropped_in_the_ordinary_course_of_a_task_is_none() {
    explore()
        .runs(20)
        .run(|| async {
            let other = spawn(sleep(Duration::from_secs(60)));
            let task = spawn(async {
                let parcel = track("a parcel");
                yield_now().await;
                drop(parcel);
            });
            other.abort();
            task.await.unwrap();
        })
        .unwrap();
}

#[test]
fn a_task_that_may_be_aborted_is_at_each_of_its_awaits_and_at_none() {
    thread_local!(static SEEN: Cell<[u32; 4]> = const { Cell::new([0; 4]) });
    SEEN.set([0; 4]);
    explore()
        .runs(300)
        .run(|| async {
            let came_to = Rc::new(Cell::new(0));
            let at = Rc::clone(&came_to);
            let worker = Builder::new().abortable(true).spawn(async move {
                at.set(1);
                yield_now().await;
                at.set(2);
                sleep(Duration::from_secs(1)).await;
                at.set(3);
            });
            let ended = worker.await;
            assert_eq!(ended.is_ok(), came_to.get() == 3);
            let mut seen = SEEN.get();
            seen[came_to.get()] += 1;
            SEEN.set(seen);
        })
        .unwrap();
    assert!(SEEN.get().iter().all(|count| *count > 10), "{:?}", SEEN.get());
}

#[test]
fn a_storm_of_aborts_is_found_shrunk_replayed_and_shown() {
    // Two of three workers have to die while they hold a slot.
    let program = || async {
        let slots = Rc::new(Cell::new(3_u32));
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let slots = Rc::clone(&slots);
                Builder::new().abortable(true).spawn(async move {
                    slots.set(slots.get() - 1);
                    yield_now().await;
                    slots.set(slots.get() + 1);
                })
            })
            .collect();
        for worker in workers {
            let _ = worker.await;
        }
        assert!(slots.get() > 1, "two slots are lost");
    };
    let failure = explore().name("storm").run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    let tape = failure.tape().unwrap();
    assert_eq!(tape.unusual_of('a'), 2, "{failure}");
    let text = failure.to_string();
    assert!(text.contains("2 aborted"), "{text}");
    assert!(text.contains("cut: abortable task ") && text.contains(" was aborted when "), "{text}");
    assert!(text.contains("it waited at sim/tests/cancel_detached.rs:") || text.contains("yield_now"), "{text}");
    let again = explore().name("storm").replay(tape.to_string()).run(program).unwrap_err();
    assert_eq!(again.kind(), failure.kind());
}

#[test]
fn the_dullest_run_aborts_nothing_and_others_are_not_touched() {
    let workers = |abortable: bool, runs| {
        explore().runs(runs).run(move || async move {
            for _ in 0..50 {
                Builder::new().abortable(abortable).spawn(yield_now()).await.unwrap();
            }
        })
    };
    workers(true, 1).unwrap();
    workers(false, 50).unwrap();
}

#[test]
fn an_audit_of_a_program_with_abortable_tasks_cuts_its_operation_all_the_same() {
    let beside = |()| async {
        let _ = Builder::new().abortable(true).spawn(yield_now()).await;
        let _ = reveille::cancel::cancellable(yield_now()).await;
    };
    let report = audit(|()| async {
        yield_now().await;
        yield_now().await;
    })
    .bystander("beside", beside)
    .run()
    .unwrap();
    report.assert_clean();
    assert_eq!((report.exercised(), report.reachable(), report.rows().len()), (6, 6, 6 * 3), "{report}");
    assert!(report.rows().iter().all(|row| row.runs == 16), "{report}");
}
