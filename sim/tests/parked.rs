//! A task that waits for ever on purpose is told from one that nobody can wake any more, by what it does in its own run.
//!
//! The method: programs in which tasks of one spawn site do the one thing or the other, as the run decides.

#![cfg(not(loom))]

mod common;

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Poll, Waker};

use common::Event;
use reveille::{Failure, FindingKind, choose, explore, spawn, task, yield_now};

/// A task waits for ever; or, in one run of eight, for somebody who drops its waker.
async fn parks_or_dies() {
    let dies = choose(8) == 7;
    let left: Rc<RefCell<Option<Waker>>> = Rc::default();
    let takes = left.clone();
    spawn(async move {
        if !dies {
            pending::<()>().await;
        }
        poll_fn::<(), _>(move |context| {
            takes.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    });
    yield_now().await;
    yield_now().await;
    drop(left.take());
}

#[test]
fn what_a_run_comes_to_does_not_depend_on_the_runs_before_it() {
    let alone = |seed| explore().name("parks").seed(seed).runs(1).run(parks_or_dies).is_err();
    let first = (0..64).find(|seed| alone(*seed)).expect("one run of eight fails");
    assert!(first > 0, "a run that passes comes first");
    let together = explore().name("parks").seed(0).runs(64).run(parks_or_dies).expect_err("as when it is alone");
    assert!(together.to_string().contains(&format!("(run {first} of 64, seed {first})")), "{together}");
}

#[test]
fn what_a_campaign_comes_to_does_not_depend_on_the_number_of_threads() {
    let with = |jobs| explore().name("parks").seed(17).runs(256).jobs(jobs).run(parks_or_dies).unwrap_err().to_string();
    let one = with(1);
    for _ in 0..20 {
        assert_eq!(one, with(4));
    }
}

#[test]
fn a_dead_waker_is_not_shrunk_to_a_task_that_waits_on_purpose() {
    let failure = explore().name("parks").runs(64).run(parks_or_dies).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::DeadWaker));
    assert!(failure.to_string().contains("choose(8) gave 7"), "{failure}");
}

/// Of the tasks of a stuck run too one that waits on purpose does not stand in for one that nobody can wake.
#[test]
fn a_dead_waker_of_a_stuck_run_is_not_shrunk_to_a_task_that_waits_on_purpose() {
    async fn waits_for_either() {
        let dies = choose(8) == 7;
        let event = Rc::new(Event::default());
        let waits = event.clone();
        let waiter = spawn(async move { if dies { waits.wait().await } else { pending().await } });
        yield_now().await;
        yield_now().await;
        event.forget();
        waiter.await.unwrap();
    }
    let dropped = |failure: &Failure| failure.to_string().contains("its last waker was dropped");
    let fail = |seed| explore().name("either").seed(seed).runs(1);
    let seed = (0..64).find(|seed| dropped(&fail(*seed).shrink(false).run(waits_for_either).unwrap_err()));
    let shrunk = fail(seed.expect("one run of eight")).run(waits_for_either).unwrap_err();
    assert!(dropped(&shrunk), "{shrunk}");
}

/// The program is mended: nothing is wrong with what it parks.
#[test]
fn a_tape_of_a_mended_program_that_parks_a_task_passes() {
    static BROKEN: AtomicBool = AtomicBool::new(true);
    async fn program() {
        drop(spawn(pending::<()>()));
        yield_now().await;
        assert!(!(choose(4) == 3 && BROKEN.load(Ordering::SeqCst)), "broken");
    }
    let failure = explore().name("mended").run(program).unwrap_err();
    let tape = failure.tape().unwrap().to_string();
    BROKEN.store(false, Ordering::SeqCst);
    explore().name("mended").replay(&tape).run(program).unwrap_or_else(|failure| panic!("{failure}"));
}

/// A replay finds what the campaign found, and nothing else.
#[test]
fn a_tape_of_a_dead_waker_repeats_it() {
    let failure = explore().name("parks").runs(64).run(parks_or_dies).unwrap_err();
    let tape = failure.tape().unwrap().to_string();
    let again = explore().name("parks").replay(&tape).run(parks_or_dies).unwrap_err();
    assert_eq!(again.kind(), Some(FindingKind::DeadWaker));
}

/// How often the program is performed does not grow with the number of tasks.
#[test]
fn many_tasks_that_wait_on_purpose_are_looked_into_together() {
    let performed = |tasks: u32| {
        let performed = AtomicU32::new(0);
        let program = || {
            performed.fetch_add(1, Ordering::Relaxed);
            async move {
                for _ in 0..tasks {
                    drop(spawn(pending::<()>()));
                }
                yield_now().await;
            }
        };
        explore().runs(1).run(program).unwrap();
        performed.into_inner()
    };
    assert_eq!(performed(1_000), performed(1));
}

/// A task that would go on if it were polled waits on nobody's purpose, though it leaves no waker either; what those beside it do in
/// the poll that tells so is not held against it, nor for it.
#[test]
fn a_task_that_left_no_waker_and_could_go_on_is_found_among_many() {
    let failure = explore().runs(1).run(|| async {
        let ready = Rc::new(Cell::new(false));
        for nth in 0..40 {
            let ready = ready.clone();
            let task = task::Builder::new().name(format!("task {nth}"));
            // Number 20 forgets to leave its waker.
            drop(task.spawn(poll_fn(move |_| if nth == 20 && ready.get() { Poll::Ready(()) } else { Poll::Pending })));
        }
        yield_now().await;
        ready.set(true);
    });
    let failure = failure.unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::DeadWaker));
    let report = failure.to_string();
    assert!(report.contains("`task 20`") && !report.contains("`task 19`"), "{report}");
}

/// One more poll of the first makes the second ready. Nobody would ever make that poll.
#[test]
fn a_task_that_another_disturbs_is_looked_into_alone() {
    let passes = explore().runs(1).run(|| async {
        let (polls, seen) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let counts = polls.clone();
        drop(spawn(poll_fn::<(), _>(move |_| {
            counts.set(counts.get() + 1);
            Poll::Pending
        })));
        let sees = seen.clone();
        drop(spawn(poll_fn(move |_| {
            sees.set(polls.get());
            if polls.get() > 1 { Poll::Ready(()) } else { Poll::Pending }
        })));
        yield_now().await;
    });
    passes.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_program_that_parks_a_task_is_compared_with_its_repetition_as_well() {
    static PERFORMED: AtomicU32 = AtomicU32::new(0);
    let failure = explore().runs(1).run(|| async {
        drop(spawn(pending::<()>()));
        yield_now().await;
        if PERFORMED.fetch_add(1, Ordering::Relaxed) > 0 {
            yield_now().await;
        }
    });
    assert_eq!(failure.unwrap_err().kind(), Some(FindingKind::Nondeterminism));
}

/// What a parked task holds is dropped with the run, and may panic as any other.
#[test]
fn a_panic_in_the_destructor_of_what_a_parked_task_holds_is_found() {
    struct Refuses;
    impl Drop for Refuses {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "not to be dropped");
        }
    }
    let failure = explore().runs(1).run(|| async {
        drop(spawn(async {
            let _held = Refuses;
            pending::<()>().await;
        }));
        yield_now().await;
    });
    assert_eq!(failure.unwrap_err().kind(), Some(FindingKind::Panic));
}
