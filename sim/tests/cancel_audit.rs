//! What an audit says of operations that a cut breaks, and of those that cannot be audited.

#![cfg(not(loom))]

mod common;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use common::Event;
use reveille::cancel::{Audit, Moment, Report, Way, audit};
use reveille::time::{Duration, sleep};
use reveille::{FindingKind, spawn, yield_now};
use tokio::sync::{Mutex, Notify, Semaphore};

/// The distinct faults of a report, as the table has them.
fn faults(report: &Report) -> Vec<String> {
    let mut faults: Vec<_> = report.rows().iter().flat_map(|row| row.faults.keys().map(ToString::to_string)).collect();
    faults.sort();
    faults.dedup();
    faults
}

/// A lock that its holder has to release by hand; nobody is woken by a holder that vanishes.
#[derive(Default)]
struct Manual {
    held: Cell<bool>,
    released: Notify,
}

impl Manual {
    async fn acquire(&self) {
        while self.held.replace(true) {
            self.released.notified().await;
        }
    }

    fn release(&self) {
        self.held.set(false);
        self.released.notify_one();
    }
}

fn manual() -> Audit<Rc<Manual>, ()> {
    audit(|lock: Rc<Manual>| async move {
        lock.acquire().await;
        sleep(Duration::from_secs(1)).await;
        lock.release();
    })
    .name("manual")
    .world(Rc::<Manual>::default)
}

#[test]
fn a_lock_that_is_released_by_hand_is_held_for_ever() {
    let report = manual().run().unwrap();
    assert_eq!(faults(&report), ["again hangs"]);
    let broken = report.rows().iter().filter(|row| !row.faults.is_empty());
    assert!(broken.clone().all(|row| row.place.as_deref().is_some_and(|place| place.contains("cancel_audit.rs:"))));
    assert!(broken.clone().all(|row| row.through.as_deref() == Some("reveille::time::sleep")), "not in `acquire`");
    assert_eq!(broken.map(|row| (row.moment, row.way)).collect::<Vec<_>>().len(), 2 * 3);
    assert_eq!(report.failure().unwrap().kind(), Some(FindingKind::Deadlock));
    let text = report.failure().unwrap().to_string();
    assert!(
        text.contains("cut: the operation was dropped by its own task when its poll number 1 had returned"),
        "{text}"
    );
}

#[test]
fn two_audits_of_one_program_say_the_same() {
    let [one, two] = [(); 2].map(|()| manual().run().unwrap().to_string());
    assert_eq!(one, two);
}

#[test]
fn the_smallest_failing_run_replays_from_its_tape() {
    let failure = manual().run().unwrap().failure().unwrap().clone();
    assert_eq!(failure.tape().unwrap().unusual_of('x'), 1);
    let again = manual().replay(failure.tape().unwrap().to_string()).run().unwrap();
    assert_eq!(again.failure().unwrap().kind(), failure.kind());
    assert_eq!(again.failure().unwrap().place(), failure.place());
    let other = audit(|()| async {
        yield_now().await;
        yield_now().await;
    })
    .name("manual")
    .bystander("other", |()| yield_now())
    .replay(failure.tape().unwrap().to_string())
    .run()
    .unwrap_err();
    assert!(other.to_string().contains("the tape no longer fits `manual`"), "{other}");
}

#[test]
fn an_outcome_that_no_uncut_run_has_is_a_finding_of_its_own() {
    // Counts itself in, awaits, and counts itself out.
    let report = audit(|inside: Rc<Cell<u32>>| async move {
        inside.set(inside.get() + 1);
        yield_now().await;
        let seen = inside.get();
        inside.set(seen - 1);
        seen
    })
    .name("counted")
    .world(Rc::<Cell<u32>>::default)
    .run()
    .unwrap();
    assert_eq!(faults(&report), ["again differs"]);
    let failure = report.failure().unwrap();
    assert_eq!(failure.kind(), Some(FindingKind::BrokenByCut));
    let text = failure.to_string();
    assert!(text.contains("the operation, run again after it was cut, ended with `2`"), "{text}");
    assert!(text.contains("where nothing is cut, or nothing had begun, it ends with `1`"), "{text}");
}

/// The task that nobody can wake any more is told from the one beside it that waits for nobody on purpose.
#[test]
fn a_task_that_a_cut_left_without_a_waker_is_found_beside_one_that_waits_on_purpose() {
    async fn asks(event: Rc<Event>) {
        // Whoever gives up takes with it the wakers of those that wait beside it.
        struct GivesUp(Rc<Event>);
        impl Drop for GivesUp {
            fn drop(&mut self) {
                self.0.forget();
            }
        }
        let listens = event.clone();
        drop(spawn(async move { listens.wait().await }));
        let gives_up = GivesUp(event.clone());
        sleep(Duration::from_secs(1)).await;
        event.set();
        std::mem::forget(gives_up);
    }
    let world = || {
        drop(spawn(std::future::pending::<()>()));
        Rc::<Event>::default()
    };
    let report = audit(asks).world(world).only_once().run().unwrap();
    assert_eq!(faults(&report), ["the rest hangs"]);
    assert_eq!(report.failure().unwrap().kind(), Some(FindingKind::DeadWaker));
    let text = report.failure().unwrap().to_string();
    assert!(text.contains("its last waker was dropped"), "{text}");
}

/// What the cut left open goes with the world, which the task that waits on purpose holds, and panics then.
#[test]
fn what_is_wrong_beside_a_task_that_waits_on_purpose_is_found() {
    struct Open;
    impl Drop for Open {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "left open");
        }
    }
    type Door = Rc<RefCell<Option<Open>>>;
    let world = || {
        let door = Door::default();
        let holds = door.clone();
        drop(spawn(async move {
            let _holds = holds;
            std::future::pending::<()>().await;
        }));
        door
    };
    let opens = |door: Door| async move {
        door.replace(Some(Open));
        yield_now().await;
        std::mem::forget(door.take());
    };
    let report = audit(opens).world(world).only_once().run().unwrap();
    assert_eq!(faults(&report), ["the rest panics"]);
    assert!(report.failure().unwrap().to_string().contains("left open"), "{report}");
}

#[test]
fn outcomes_that_may_differ_are_compared_by_a_key() {
    let counted = || {
        audit(|count: Rc<Cell<u32>>| async move {
            count.set(count.get() + 1);
            yield_now().await;
            count.set(count.get() + 1);
            count.get()
        })
        .world(Rc::<Cell<u32>>::default)
    };
    assert_eq!(faults(&counted().run().unwrap()), ["again differs"]);
    counted().key(|count| *count > 0).run().unwrap().assert_clean();
}

#[test]
fn bystanders_are_held_against_their_uncut_outcomes() {
    // The first of two callers computes for both; its vanishing leaves the other one alone.
    #[derive(Default)]
    struct Shared {
        leading: Cell<bool>,
        answer: Cell<Option<u32>>,
        answered: Notify,
    }
    async fn ask(shared: Rc<Shared>) -> u32 {
        if !shared.leading.replace(true) {
            sleep(Duration::from_secs(1)).await;
            shared.answer.set(Some(42));
            shared.answered.notify_waiters();
        }
        loop {
            let answered = shared.answered.notified();
            match shared.answer.get() {
                Some(answer) => return answer,
                None => answered.await,
            }
        }
    }
    let report =
        audit(ask).name("flight").world(Rc::<Shared>::default).bystander("follower", ask).only_once().run().unwrap();
    assert_eq!(faults(&report), ["follower hangs"]);
    audit(ask).name("flight").world(Rc::<Shared>::default).only_once().run().unwrap().assert_clean();
}

#[test]
fn the_classic_window_is_seen_where_only_it_is_broken() {
    // A ticket is handed to the waiter that is woken. One that is cut before it looks has it and does not know.
    #[derive(Default)]
    struct Desk {
        tickets: Cell<u32>,
        queue: RefCell<Vec<Rc<Cell<bool>>>>,
        called: Notify,
    }
    impl Desk {
        fn hand_out(&self) {
            match self.queue.borrow_mut().pop() {
                Some(waiter) => waiter.set(true),
                None => self.tickets.set(self.tickets.get() + 1),
            }
            self.called.notify_waiters();
        }
    }
    struct Waiting<'a>(&'a Desk, Rc<Cell<bool>>);
    impl Drop for Waiting<'_> {
        fn drop(&mut self) {
            self.0.queue.borrow_mut().retain(|other| !Rc::ptr_eq(other, &self.1));
        }
    }
    async fn take(desk: Rc<Desk>) {
        if desk.tickets.get() > 0 {
            desk.tickets.set(desk.tickets.get() - 1);
        } else {
            let mine = Waiting(&desk, Rc::default());
            desk.queue.borrow_mut().push(Rc::clone(&mine.1));
            while !mine.1.get() {
                desk.called.notified().await;
            }
        }
        desk.hand_out();
    }
    let report = audit(take)
        .name("desk")
        .world(Rc::<Desk>::default)
        .bystander("clerk", |desk: Rc<Desk>| async move {
            sleep(Duration::from_secs(1)).await;
            desk.hand_out();
        })
        .run()
        .unwrap();
    assert_eq!(faults(&report), ["again hangs"]);
    let moments: Vec<_> = report.rows().iter().filter(|row| row.faults.values().sum::<u64>() == row.runs).collect();
    assert!(moments.iter().all(|row| row.moment == Moment::AfterWake), "{report}");
    assert!(moments.iter().any(|row| row.way == Way::Dropped), "{report}");
}

#[test]
fn what_runs_then_may_object() {
    let report = audit(|spent: Rc<Cell<i32>>| async move {
        spent.set(spent.get() - 5);
        yield_now().await;
        spent.set(spent.get() + 5);
    })
    .world(Rc::<Cell<i32>>::default)
    .then(|spent: Rc<Cell<i32>>| async move { if spent.get() == 0 { Ok(()) } else { Err("money is missing") } })
    .run()
    .unwrap();
    assert_eq!(faults(&report), ["error"]);
    assert!(report.failure().unwrap().to_string().contains("money is missing"));
}

#[test]
fn a_destructor_that_panics_is_blamed_on_the_cut() {
    struct Touchy;
    impl Drop for Touchy {
        fn drop(&mut self) {
            panic!("not like this");
        }
    }
    let report = audit(|()| async {
        let touchy = Touchy;
        yield_now().await;
        std::mem::forget(touchy);
    })
    .run()
    .unwrap();
    assert_eq!(faults(&report), ["the cut panics"]);
}

#[test]
#[expect(clippy::await_holding_lock, reason = "that is the mistake")]
fn a_cut_by_unwinding_poisons_a_lock() {
    let under_std_mutex = || {
        audit(|count: Rc<std::sync::Mutex<u32>>| async move {
            let mut count = count.lock().unwrap();
            *count += 1;
            yield_now().await;
        })
        .world(Rc::<std::sync::Mutex<u32>>::default)
    };
    under_std_mutex().run().unwrap().assert_clean();
    let report = under_std_mutex().unwinding().run().unwrap();
    assert_eq!(faults(&report), ["again panics"]);
    let broken: Vec<_> = report.rows().iter().filter(|row| !row.faults.is_empty()).map(|row| row.way).collect();
    assert_eq!(broken, [Way::Unwinding; 2], "{report}");
}

#[test]
fn an_operation_without_awaits_is_said_to_be_one() {
    let report = audit(|()| async { 7 }).name("at once").run().unwrap();
    report.assert_clean();
    assert!(report.to_string().contains("the operation never waits"), "{report}");
    assert_eq!((report.reachable(), report.exercised()), (2, 2));
}

#[test]
fn an_operation_of_ten_thousand_awaits_is_sampled_and_says_so() {
    let report = audit(|()| async {
        for _ in 0..10_000 {
            yield_now().await;
        }
    })
    .runs(2)
    .points(8)
    .run()
    .unwrap();
    let sampled = report.sampled().unwrap();
    assert_eq!((sampled.points, sampled.of), (8, 20_002));
    assert!(report.to_string().contains("sampled: cut at 8 of 20002 points"), "{report}");
    assert_eq!(report.cut_runs(), 8 * 3 * 2);
    assert_eq!((report.reachable(), report.exercised()), (4, 4));
}

#[test]
fn programs_that_fail_uncut_are_not_audited() {
    let never = audit(|()| std::future::pending::<()>()).run().unwrap_err();
    assert_eq!(never.kind(), Some(FindingKind::DeadWaker));
    assert!(never.to_string().contains("the operation never ends, even when it is let alone"), "{never}");

    let busy = audit(|()| async {
        while reveille::choose(1) == 0 {
            yield_now().await;
        }
    })
    .limits(1_000, Duration::from_secs(1))
    .run()
    .unwrap_err();
    assert_eq!(busy.kind(), Some(FindingKind::Limit));
    assert!(busy.to_string().contains("the operation never ends, even when it is let alone"), "{busy}");

    let panics = audit(|()| async {
        yield_now().await;
        assert!(reveille::choose(2) > 5, "by itself");
    })
    .run()
    .unwrap_err();
    assert_eq!(panics.kind(), Some(FindingKind::Panic));
    assert!(panics.to_string().contains("nothing was cut in this run"), "{panics}");

    let bystander = audit(|()| yield_now()).bystander("watchman", |()| std::future::pending::<()>()).run().unwrap_err();
    assert!(bystander.to_string().contains("bystander `watchman` does not end"), "{bystander}");
}

#[test]
fn settings_that_make_no_sense_are_said_to() {
    let none = audit(|()| yield_now()).runs(0).run().unwrap_err();
    assert!(none.kind().is_none() && none.to_string().contains("must be at least 1"), "{none}");
    let zero = audit(|()| yield_now()).limits(0, Duration::from_secs(1)).run().unwrap_err();
    assert!(zero.to_string().contains("a limit of zero polls"), "{zero}");
    let tape = audit(|()| yield_now()).replay("not a tape").run().unwrap_err();
    assert!(tape.kind().is_none(), "{tape}");
    // However few points are allowed, the first and the last are cut.
    let few = audit(|()| sleep(Duration::from_secs(1))).points(0).runs(2).run().unwrap();
    assert_eq!(few.sampled().map(|sampled| (sampled.points, sampled.of)), Some((2, 4)));
}

#[test]
fn an_audit_inside_of_a_run_is_refused() {
    let nested = || async {
        let _ = audit(|()| yield_now()).run();
    };
    let failure = reveille::explore().runs(1).run(nested).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    assert!(failure.to_string().contains("a run cannot be started inside a run"), "{failure}");
}

#[test]
fn an_operation_whose_world_is_missing_is_refused() {
    let failure = audit(|count: Rc<Cell<u32>>| async move { count.get() }).run().unwrap_err();
    assert_eq!(failure.kind(), None);
    assert!(failure.to_string().contains("there is no `.world(..)` that makes one"), "{failure}");
}

#[test]
fn a_rare_failure_of_the_uncut_program_is_not_blamed_on_a_cut() {
    // One schedule in many fails, with a cut or without.
    let failure = audit(|()| async {
        let answers: Vec<_> = (0..6).map(|_| reveille::choose(2)).collect();
        yield_now().await;
        assert_ne!(answers, [1; 6], "that was rare");
    })
    .runs(8)
    .run();
    match failure {
        Err(failure) => assert!(failure.to_string().contains("nothing was cut in this run"), "{failure}"),
        Ok(report) => report.assert_clean(),
    }
}

#[test]
fn a_program_that_does_not_repeat_itself_is_said_to_be_one() {
    thread_local!(static RUNS: Cell<u32> = const { Cell::new(0) });
    let failure = audit(|()| async {
        RUNS.set(RUNS.get() + 1);
        for _ in 0..RUNS.get() {
            yield_now().await;
        }
    })
    .run()
    .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism));
}

#[test]
fn tasks_that_are_left_behind_are_found_where_they_are_denied() {
    let leaves_one = || {
        audit(|()| async {
            let helper = spawn(sleep(Duration::from_secs(60)));
            yield_now().await;
            helper.abort();
        })
    };
    leaves_one().run().unwrap().assert_clean();
    assert_eq!(faults(&leaves_one().deny_detached().run().unwrap()), ["detached task"]);
}

/// The number of an operation's awaits is known to the test, and every one of them is cut in every way.
#[test]
fn every_reachable_pair_of_await_and_moment_is_cut() {
    let report = audit(|(lock, permits): (Rc<Mutex<u32>>, Rc<Semaphore>)| async move {
        let _permit = permits.acquire().await.unwrap();
        sleep(Duration::from_millis(10)).await;
        *lock.lock().await += 1;
        yield_now().await;
    })
    .world(|| (Rc::default(), Rc::new(Semaphore::new(1))))
    .bystander("locker", |(lock, _): (Rc<Mutex<u32>>, _)| async move {
        let _guard = lock.lock().await;
        sleep(Duration::from_millis(20)).await;
    })
    .bystander("taker", |(_, permits): (_, Rc<Semaphore>)| async move {
        let _permit = permits.acquire().await.unwrap();
        sleep(Duration::from_millis(5)).await;
    })
    .run()
    .unwrap();
    report.assert_clean();
    assert_eq!(report.reachable(), 2 * 4 + 2, "{report}");
    assert_eq!(report.exercised(), report.reachable(), "{report}");
    for way in [Way::Dropped, Way::Aborted, Way::ByAnother] {
        assert_eq!(report.rows().iter().filter(|row| row.way == way).count(), 10, "{report}");
    }
}

/// What the watchman of an operation does when it is cut: tidies up for long, in the middle of a round.
mod starvation {
    use super::*;

    /// Rings when the operation is dropped before its end.
    struct Alarm(Option<Rc<Notify>>);

    impl Drop for Alarm {
        fn drop(&mut self) {
            self.0.iter().for_each(|alarm| alarm.notify_one());
        }
    }

    async fn works(alarm: Rc<Notify>) {
        let mut alarm = Alarm(Some(alarm));
        sleep(Duration::from_secs(5)).await;
        alarm.0 = None;
    }

    async fn round() {
        for _ in 0..10 {
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Tidies up for so long if the alarm rings, and goes on with its round.
    async fn watches(alarm: Rc<Notify>, tidying: Duration) {
        let mut round = std::pin::pin!(round());
        let mut notified = std::pin::pin!(alarm.notified());
        tokio::select! {
            biased;
            () = &mut notified => sleep(tidying).await,
            () = &mut round => return,
        }
        round.await;
    }

    fn audited(tidying: Duration) -> Audit<Rc<Notify>, ()> {
        audit(works)
            .name("starvation")
            .world(Rc::<Notify>::default)
            .runs(4)
            .bystander("watchman", move |alarm| watches(alarm, tidying))
    }

    #[test]
    fn a_cut_after_which_a_future_is_left_unpolled_for_long_is_named() {
        let report = audited(Duration::from_secs(100)).run().unwrap();
        assert_eq!(faults(&report), ["starved leaf"]);
        let failure = report.failure().unwrap();
        assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
        let text = failure.to_string();
        assert!(text.contains("in cancel_audit::starvation::round"), "{text}");
        assert!(text.contains("  cut: the operation was "), "{text}");
        let again = audited(Duration::from_secs(100)).replay(failure.tape().unwrap().to_string()).run().unwrap();
        assert_eq!(again.failure().unwrap().kind(), Some(FindingKind::StarvedLeaf));
        let threads = audited(Duration::from_secs(100)).jobs(2).run().unwrap();
        assert_eq!(threads.to_string(), report.to_string());
    }

    #[test]
    fn for_a_moment_it_may_be() {
        audited(Duration::from_secs(20)).run().unwrap().assert_clean();
    }

    #[test]
    fn what_starves_without_a_cut_is_not_blamed_on_one() {
        let failure = audit(|()| async {
            let mut round = std::pin::pin!(round());
            assert!(futures::poll!(round.as_mut()).is_pending());
            sleep(Duration::from_secs(100)).await;
            round.await;
        })
        .runs(4)
        .run()
        .unwrap_err();
        assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
        assert!(failure.to_string().contains("nothing was cut in this run"), "{failure}");
    }
}
