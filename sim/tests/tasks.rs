//! Tasks in a run: panics, aborts, sets, limits, oracles.

#![cfg(not(loom))]

use std::cell::Cell;
use std::rc::Rc;

use reveille::time::{Duration, sleep};
use reveille::{Event, FindingKind, JoinSet, Oracle, explore, spawn, spawn_blocking, task, yield_now};

#[test]
fn a_panic_that_is_joined_is_no_finding_and_one_that_is_not_is() {
    explore()
        .runs(20)
        .run(|| async {
            let error = spawn(async { panic!("handled") }).await.unwrap_err();
            assert!(error.is_panic());
            assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"handled"));
        })
        .unwrap();
    let failure = explore()
        .runs(20)
        .run(|| async { drop(task::Builder::new().name("careless").spawn(async { panic!("unseen") })) })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    let report = failure.to_string();
    assert!(report.contains("`careless`") && report.contains("panicked at sim/tests/tasks.rs:"), "{report}");
    assert!(report.contains("\n    unseen\n"), "{report}");
}

#[test]
fn an_error_of_the_root_is_a_finding_and_a_panicking_closure_too() {
    let failure = explore().run(|| async { Err::<(), _>("no luck") }).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Error));
    assert!(failure.to_string().contains("the program returned an error: \"no luck\""), "{failure}");
    let failure = explore()
        .run(|| {
            assert!(std::hint::black_box(false), "before the first await");
            async {}
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
}

#[test]
fn a_set_yields_in_the_order_of_ending_and_aborts_the_rest() {
    explore()
        .runs(50)
        .run(|| async {
            let mut set = JoinSet::new();
            for n in [30_u64, 10, 20] {
                set.spawn(async move {
                    sleep(Duration::from_secs(n)).await;
                    n
                });
            }
            assert_eq!(set.join_next().await.unwrap().unwrap(), 10);
            assert_eq!(set.join_next().await.unwrap().unwrap(), 20);
            set.abort_all();
            assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
            assert!(set.join_next().await.is_none());
        })
        .unwrap();
}

#[test]
fn a_set_that_is_shut_down_is_empty_when_all_have_let_go() {
    explore()
        .runs(50)
        .deny_detached()
        .run(|| async {
            let held = Rc::new(());
            let mut set = JoinSet::new();
            for n in 0..3 {
                let holds = held.clone();
                set.spawn(async move {
                    sleep(Duration::from_secs(n)).await;
                    drop(holds);
                });
            }
            sleep(Duration::from_secs(1)).await;
            set.shutdown().await;
            assert_eq!((set.len(), Rc::strong_count(&held)), (0, 1));
            set.spawn(async {});
            assert!(set.join_next().await.unwrap().is_ok());
        })
        .unwrap();
}

/// Of tokio's it is not: but a test is to be told of a panic that nobody was.
#[test]
fn a_panic_that_a_shutdown_drops_is_a_finding() {
    let failure = explore()
        .runs(20)
        .run(|| async {
            let mut set = JoinSet::new();
            set.spawn(async { panic!("unseen") });
            yield_now().await;
            sleep(Duration::from_secs(1)).await;
            set.shutdown().await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    assert!(failure.to_string().contains("\n    unseen\n"), "{failure}");
}

#[test]
fn joining_all_yields_in_the_order_of_ending_or_panics_as_a_task_did() {
    async fn ends_after(seconds: u64) -> u64 {
        sleep(Duration::from_secs(seconds)).await;
        assert!(seconds < 4, "too long");
        seconds
    }
    fn set(of: impl IntoIterator<Item = u64>) -> JoinSet<u64> {
        let mut set = JoinSet::new();
        for seconds in of {
            set.spawn(ends_after(seconds));
        }
        set
    }
    explore().runs(50).run(|| async { assert_eq!(set([3, 1, 2]).join_all().await, [1, 2, 3]) }).unwrap();
    // Who joins has received the panic; who joins that one takes it from there.
    explore().runs(50).run(|| async { assert!(spawn(set([5, 4]).join_all()).await.unwrap_err().is_panic()) }).unwrap();
    let failure = explore().runs(3).run(|| async { drop(set([5, 4]).join_all().await) }).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    let report = failure.to_string();
    assert!(report.contains("task 0") && report.contains("\n    too long\n"), "{report}");
}

#[test]
fn a_set_that_has_let_its_tasks_go_aborts_none_of_them() {
    let program = || async {
        let mut set = JoinSet::new();
        let done = Rc::new(Cell::new(false));
        let sets = done.clone();
        set.spawn(async move {
            sleep(Duration::from_secs(1)).await;
            sets.set(true);
        });
        set.detach_all();
        assert!(set.is_empty());
        drop(set);
        sleep(Duration::from_secs(2)).await;
        assert!(done.get());
    };
    explore().runs(50).run(program).unwrap();
}

#[test]
fn blocking_work_is_one_step() {
    explore()
        .runs(50)
        .run(|| async {
            let work = spawn_blocking(|| 6 * 7);
            assert_eq!(work.await.unwrap(), 42);
        })
        .unwrap();
}

#[test]
fn our_futures_polled_after_completion_are_named() {
    let failure = explore()
        .run(|| async {
            let mut handle = spawn(async {});
            (&mut handle).await.unwrap();
            (&mut handle).await.unwrap();
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::PollAfterReady));
    assert!(failure.to_string().contains("polled a `JoinHandle` again after it had completed"), "{failure}");
}

#[test]
fn a_program_that_never_ends_reaches_the_limit_and_the_busiest_is_named() {
    let failure = explore()
        .runs(3)
        .limits(1_000, Duration::from_secs(1))
        .run(|| async {
            let spins = task::Builder::new().name("spins").spawn(async {
                loop {
                    yield_now().await;
                }
            });
            spins.await.unwrap();
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Limit));
    let report = failure.to_string();
    assert!(report.contains("ended after 1000 polls, the limit"), "{report}");
    assert!(report.contains("busiest: task 1 `spins`"), "{report}");
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    let error = |explore: reveille::Explore| explore.run(|| async {}).unwrap_err();
    for explore in
        [explore().runs(0), explore().jobs(0), explore().limits(0, Duration::MAX), explore().strategy("lucky")]
    {
        let error = error(explore);
        assert_eq!(error.kind(), None, "{error}");
    }
    assert!(
        error(explore().strategy("lucky")).to_string().contains("there is no strategy `lucky`: expected `portfolio`")
    );
}

struct NoSpawnAfter(u32);

impl Oracle for NoSpawnAfter {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Ended { .. } => self.0 += 1,
            Event::Spawned { task, .. } if self.0 > 0 => return Err(format!("task {task} was spawned late")),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        if self.0 == 2 { Ok(()) } else { Err(format!("{} tasks ended", self.0)) }
    }
}

#[test]
fn an_oracle_sees_the_schedule_and_ends_the_run() {
    let both = || async { drop(spawn(async {})) };
    explore().oracle(|| NoSpawnAfter(0)).run(both).unwrap();
    let failure = explore().oracle(|| NoSpawnAfter(0)).run(|| async {}).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Oracle));
    assert!(failure.to_string().contains("1 tasks ended"), "{failure}");
    let late = || async {
        spawn(async {}).await.unwrap();
        drop(spawn(async {}));
    };
    let failure = explore().oracle(|| NoSpawnAfter(0)).run(late).unwrap_err();
    assert!(failure.to_string().contains("task 2 was spawned late"), "{failure}");
}

#[test]
fn what_never_happens_is_reported_and_what_happens_once_is_not() {
    let passed = explore().runs(200).run(|| async {
        reveille::sometimes!(reveille::choose(50) == 49, "the last of fifty");
    });
    assert!(passed.is_ok());
    let failure = explore()
        .runs(200)
        .run(|| async { reveille::sometimes!(reveille::choose(2) == 2, "more than there is") })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::NeverHappened));
    assert!(failure.to_string().contains("more than there is"), "{failure}");
}

#[test]
fn buggify_strikes_now_and_then_and_only_in_runs() {
    thread_local!(static STRUCK: Cell<u32> = const { Cell::new(0) });
    assert!(!reveille::buggify!());
    explore().runs(1600).run(|| async { STRUCK.set(STRUCK.get() + u32::from(reveille::buggify!())) }).unwrap();
    assert!((50..200).contains(&STRUCK.get()), "{} of about 1,600 at 1 in 16", STRUCK.get());
}

#[test]
fn generators_repeat_and_differ_from_one_another() {
    use reveille::rand_core::Rng as _;
    thread_local!(static SEEN: Cell<(u64, u64)> = const { Cell::new((0, 0)) });
    let program = || async { SEEN.set((reveille::rng().next_u64(), reveille::rng().next_u64())) };
    explore().runs(1).seed(5).run(program).unwrap();
    let first = SEEN.get();
    explore().runs(1).seed(5).run(program).unwrap();
    assert_eq!(first, SEEN.get());
    assert_ne!(first.0, first.1);
}

#[test]
fn runs_do_not_nest() {
    let failure = explore().run(|| async { drop(explore().run(|| async {})) }).unwrap_err();
    assert!(failure.to_string().contains("a run cannot be started inside a run"), "{failure}");
}

#[test]
fn panics_that_are_caught_do_not_hide_the_one_that_is_not() {
    let failure = explore()
        .run(|| async {
            for n in 0..40 {
                assert!(std::panic::catch_unwind(|| panic!("caught {n}")).is_err());
            }
            assert_eq!(reveille::choose(1), 1, "the real one");
        })
        .unwrap_err();
    let report = failure.to_string();
    assert!(report.contains("the real one") && !report.contains("caught 3"), "{report}");
}

#[test]
fn an_oracle_that_asserts_objects() {
    struct Asserts;
    impl Oracle for Asserts {
        fn event(&mut self, event: &Event) -> Result<(), String> {
            assert!(!matches!(event, Event::Ended { .. }), "nothing may end");
            Ok(())
        }
    }
    let failure = explore().oracle(|| Asserts).run(|| async {}).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Oracle));
    assert!(failure.to_string().contains("an oracle panicked: nothing may end"), "{failure}");
}
