//! Freedoms of the executor. For each a program that fails with it and not without, also where all others are on; and the count of how
//! often it was taken, since a freedom that is never taken tests nothing.

#![cfg(not(loom))]

mod common;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use common::Event;
use reveille::time::{Duration, sleep, timeout};
use reveille::{FindingKind, Freedom, explore, spawn, yield_now};

/// The names of freedoms, without `one` where that is given. Stale wakers are fresh ones too, so a test of those does without.
fn others(freedom: Freedom, one: Option<Freedom>) -> String {
    let implies = |other: Freedom| freedom == Freedom::FreshWakers && other == Freedom::StaleWakers;
    let names = Freedom::ALL.into_iter().filter(|other| Some(*other) != one && !implies(*other)).map(Freedom::name);
    names.collect::<Vec<_>>().join(",")
}

/// Asserts that `program` fails with `freedom`, says so, and passes with all others.
fn fails_only_with<Fut: Future<Output = ()> + 'static>(
    freedom: Freedom,
    kind: FindingKind,
    program: impl Fn() -> Fut + Sync,
) {
    let passed =
        explore().freedoms(others(freedom, Some(freedom))).run(&program).expect("it fails without the freedom");
    assert_eq!(passed.runs, 1_000);
    let failure = explore().freedoms(freedom.name()).run(&program).expect_err("it passes in spite of the freedom");
    assert_eq!((failure.kind(), failure.freedoms()), (Some(kind), vec![freedom]), "{failure}");
    assert!(failure.to_string().contains(&format!("needs the freedom `{freedom}`: ")), "{failure}");
    // All of them are on, and the report blames the one.
    let failure = explore().freedoms(others(freedom, None)).run(&program).expect_err("it passes with all freedoms");
    assert_eq!(failure.freedoms(), [freedom], "{failure}");
    // The tape is the run, its freedoms included.
    let again = reveille::replay(&failure.tape().unwrap().to_string(), &program).unwrap_err();
    assert_eq!((again.kind(), again.freedoms()), (failure.kind(), failure.freedoms()));
}

#[test]
fn spurious_a_second_poll_is_taken_for_the_event() {
    fails_only_with(Freedom::Spurious, FindingKind::Panic, || async {
        let door = Rc::new(Cell::new(false));
        let opener = spawn({
            let door = door.clone();
            async move {
                sleep(Duration::from_secs(1)).await;
                door.set(true);
            }
        });
        let mut opener = pin!(opener);
        let mut asked = false;
        poll_fn(|context| {
            if std::mem::replace(&mut asked, true) {
                return Poll::Ready(());
            }
            let _ = opener.as_mut().poll(context);
            Poll::Pending
        })
        .await;
        assert!(door.get(), "walked into the door");
    });
}

#[test]
fn fresh_wakers_a_strange_waker_is_taken_for_another_task() {
    /// Room for one who waits.
    #[derive(Default)]
    struct Seat(RefCell<Option<Waker>>, Cell<bool>);
    fails_only_with(Freedom::FreshWakers, FindingKind::Panic, || async {
        let seat = Rc::new(Seat::default());
        let usher = spawn({
            let seat = seat.clone();
            async move {
                for turn in 0..4 {
                    yield_now().await;
                    seat.1.set(turn == 3);
                    let waker = seat.0.borrow().clone();
                    if let Some(waker) = waker {
                        waker.wake();
                    }
                }
            }
        });
        poll_fn(|context| {
            if seat.1.get() {
                return Poll::Ready(());
            }
            let mut taken = seat.0.borrow_mut();
            let waker = taken.get_or_insert_with(|| context.waker().clone());
            assert!(waker.will_wake(context.waker()), "the seat is taken");
            Poll::Pending
        })
        .await;
        usher.await.unwrap();
    });
}

#[test]
fn stale_wakers_the_first_waker_is_kept() {
    /// Wakes whoever came first, and looks at nobody else.
    #[derive(Default)]
    struct Bell(Cell<bool>, RefCell<Option<Waker>>);
    fails_only_with(Freedom::StaleWakers, FindingKind::DeadWaker, || async {
        let bell = Rc::new(Bell::default());
        let ringer = spawn({
            let bell = bell.clone();
            async move {
                sleep(Duration::from_secs(2)).await;
                bell.0.set(true);
                if let Some(waker) = bell.1.take() {
                    waker.wake();
                }
            }
        });
        let mut tick = pin!(sleep(Duration::from_secs(1)));
        let mut ticked = false;
        poll_fn(|context| {
            // Another reason to be polled, so that there is a second poll before the bell rings.
            if !ticked {
                ticked = tick.as_mut().poll(context).is_ready();
            }
            if bell.0.get() {
                return Poll::Ready(());
            }
            bell.1.borrow_mut().get_or_insert_with(|| context.waker().clone());
            Poll::Pending
        })
        .await;
        ringer.await.unwrap();
    });
}

#[test]
fn held_back_a_time_out_strikes_although_the_answer_has_come() {
    fails_only_with(Freedom::HeldBack, FindingKind::Panic, || async {
        let answer = spawn(async { sleep(Duration::from_secs(1)).await });
        let in_time = timeout(Duration::from_secs(2), answer).await;
        assert!(in_time.is_ok(), "the answer takes one second and has two");
    });
}

#[test]
fn late_drops_the_last_owner_is_not_alone() {
    fails_only_with(Freedom::LateDrops, FindingKind::Panic, || async {
        let shared = Rc::new(7);
        let reader = spawn({
            let shared = shared.clone();
            async move {
                std::future::pending::<()>().await;
                drop(shared);
            }
        });
        yield_now().await;
        reader.abort();
        assert!(reader.await.unwrap_err().is_cancelled());
        assert!(Rc::try_unwrap(shared).is_ok(), "the reader is gone, and still has its share");
    });
}

#[test]
fn inline_wake_the_woken_task_meets_its_waker_at_work() {
    /// Wakes while it is borrowed.
    #[derive(Default)]
    struct Desk(bool, Option<Waker>);
    fails_only_with(Freedom::InlineWake, FindingKind::Panic, || async {
        let desk = Rc::new(RefCell::new(Desk::default()));
        let clerk = spawn({
            let desk = desk.clone();
            async move {
                yield_now().await;
                let mut desk = desk.borrow_mut();
                desk.0 = true;
                if let Some(waker) = desk.1.take() {
                    waker.wake();
                }
            }
        });
        poll_fn(|context| {
            let mut desk = desk.borrow_mut();
            if desk.0 {
                return Poll::Ready(());
            }
            desk.1 = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
        clerk.await.unwrap();
    });
}

thread_local! {
    /// Who is at work on this thread, as a logger or a tracer would have it: set by a task for the length of a call.
    static AT_WORK: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Calls `f` as `who`.
fn at_work_as<R>(who: &'static str, f: impl FnOnce() -> R) -> R {
    let before = AT_WORK.replace(Some(who));
    let result = f();
    AT_WORK.set(before);
    result
}

/// A task is polled from elsewhere than last time: first by the executor, then deeper in the stack, within a poll of another task.
#[test]
fn inline_wake_a_task_is_polled_from_within_the_call_of_another() {
    fails_only_with(Freedom::InlineWake, FindingKind::Panic, || async {
        let served = Rc::new(Event::default());
        let waited_for = served.clone();
        let customer = spawn(async move {
            assert_eq!(AT_WORK.get(), None, "its first poll is the executor's");
            waited_for.wait().await;
            assert_eq!(AT_WORK.get(), None, "served on behalf of another");
        });
        yield_now().await;
        at_work_as("root", || served.set());
        customer.await.unwrap();
    });
}

#[test]
fn within_spawn_a_task_is_polled_from_within_the_call_of_another() {
    fails_only_with(Freedom::WithinSpawn, FindingKind::Panic, || async {
        let old = spawn(async {
            for _ in 0..3 {
                assert_eq!(AT_WORK.get(), None, "polled on behalf of another");
                yield_now().await;
            }
        });
        yield_now().await;
        let new = at_work_as("root", || spawn(async {}));
        old.await.unwrap();
        new.await.unwrap();
    });
}

#[test]
fn within_spawn_the_new_task_runs_before_its_spawner_is_ready_for_it() {
    fails_only_with(Freedom::WithinSpawn, FindingKind::Panic, || async {
        let (ready, done) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
        let (seen, ended) = (ready.clone(), done.clone());
        let task = spawn(async move {
            assert!(seen.get(), "not ready");
            ended.set(true);
        });
        ready.set(true);
        task.await.unwrap();
        assert!(done.get());
    });
}

/// Polls within spawns within spawns come to an end, and are schedules like any other: all of them, and no other, are those of
/// an exhaustive search, in which a spawner is never polled while it is being polled.
#[test]
fn within_spawn_whole_polls_of_others_come_in_every_order() {
    let orders = Arc::new(Mutex::new(BTreeSet::new()));
    let noted = orders.clone();
    let passed = explore().strategy("exhaustive").freedoms("within-spawn").runs(100_000).run(move || {
        let noted = noted.clone();
        async move {
            let order = Rc::new(RefCell::new(String::new()));
            let log = |order: &Rc<RefCell<String>>, name| {
                let order = order.clone();
                async move { order.borrow_mut().push(name) }
            };
            let tasks = [spawn(log(&order, 'a')), spawn(log(&order, 'b'))];
            order.borrow_mut().push('r');
            for task in tasks {
                task.await.unwrap();
            }
            noted.lock().unwrap().insert(order.take());
        }
    });
    assert!(passed.unwrap().complete);
    // The root's mark comes before, between and after what the others do.
    let expected = ["rab", "rba", "arb", "bra", "abr", "bar"].map(str::to_owned);
    assert_eq!(*orders.lock().unwrap(), BTreeSet::from(expected));
}

/// A task that spawns another like it, for ever, is no deeper than four.
#[test]
fn within_spawn_the_depth_is_bounded() {
    fn chain(depth: Rc<Cell<u32>>, left: u32) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async move {
            depth.set(depth.get() + 1);
            assert!(depth.get() <= 5, "{} polls at once", depth.get());
            if left > 0 {
                drop(spawn(chain(depth.clone(), left - 1)));
            }
            depth.set(depth.get() - 1);
        })
    }
    let passed = explore().freedoms("within-spawn").runs(500).run(|| chain(Rc::new(Cell::new(0)), 20));
    assert!(passed.unwrap().exercised[&Freedom::WithinSpawn] > 1_000);
}

/// Each of twenty tasks wakes the next, and the next is polled within that: but no deeper than four.
#[test]
fn inline_wake_the_depth_is_bounded() {
    let deepest = Arc::new(Mutex::new(0));
    let seen = deepest.clone();
    let passed = explore().freedoms("inline-wake").runs(500).run(move || {
        let seen = seen.clone();
        async move {
            let events: Vec<_> = (0..20).map(|_| Rc::new(Event::default())).collect();
            let depth = Rc::new(Cell::new(0));
            let link = |nth: usize| {
                let (this, next, depth) = (events[nth].clone(), events.get(nth + 1).cloned(), depth.clone());
                let seen = seen.clone();
                async move {
                    this.wait().await;
                    depth.set(depth.get() + 1);
                    let mut seen = seen.lock().unwrap();
                    *seen = depth.get().max(*seen);
                    drop(seen);
                    next.iter().for_each(|next| next.set());
                    depth.set(depth.get() - 1);
                }
            };
            let tasks: Vec<_> = (0..20).map(|nth| spawn(link(nth))).collect();
            yield_now().await;
            events[0].set();
            for task in tasks {
                task.await.unwrap();
            }
        }
    });
    assert!(passed.unwrap().exercised[&Freedom::InlineWake] > 1_000);
    // Four within the poll of one that the executor's loop has polled.
    assert_eq!(*deepest.lock().unwrap(), 5);
}

#[test]
fn within_spawn_the_polls_are_counted() {
    let most = Arc::new(Mutex::new(0));
    let seen = most.clone();
    let program = move || {
        let seen = seen.clone();
        async move {
            let polls = Rc::new(Cell::new(0_u32));
            let count = |polls: &Rc<Cell<u32>>| {
                let polls = polls.clone();
                async move {
                    for _ in 0..20 {
                        polls.set(polls.get() + 1);
                        yield_now().await;
                    }
                }
            };
            let first = spawn(count(&polls));
            let before = polls.get();
            let second = spawn(count(&polls));
            let within = polls.get() - before;
            {
                let mut most = seen.lock().unwrap();
                *most = within.max(*most);
            }
            first.await.unwrap();
            second.await.unwrap();
        }
    };
    explore().freedoms("within-spawn").runs(3_000).run(program).unwrap();
    assert_eq!(*most.lock().unwrap(), 8, "the most polls within one spawn");
}

/// A program that gives occasion for every freedom, and minds none.
async fn easy_going() {
    let children: Vec<_> = (0..3)
        .map(|child| {
            spawn(async move {
                for _ in 0..3 {
                    sleep(Duration::from_millis(child)).await;
                    yield_now().await;
                }
            })
        })
        .collect();
    for child in children {
        let _ = timeout(Duration::from_secs(1), child).await;
    }
}

#[test]
fn every_freedom_that_is_asked_for_is_taken_and_counted() {
    for freedom in Freedom::ALL {
        let passed = explore().runs(100).freedoms(freedom.name()).run(easy_going).unwrap();
        let taken = passed.exercised.get(&freedom).copied();
        assert!(taken >= Some(100), "`{freedom}` was taken {taken:?} times in 100 runs");
        assert_eq!(passed.exercised.len(), 1, "only what is on is taken: {passed}");
        assert!(passed.to_string().contains(&format!("freedoms taken: `{freedom}` ")), "{passed}");
    }
}

#[test]
fn one_for_which_there_is_no_occasion_is_named() {
    let passed = explore().freedoms("held-back").run(|| async {}).unwrap();
    assert_eq!(passed.exercised.get(&Freedom::HeldBack), Some(&0));
    assert!(passed.to_string().contains("the freedom `held-back` was asked for, and there was never"), "{passed}");
}

#[test]
fn the_default_strategy_draws_default_freedoms_by_the_seed_and_others_none() {
    let passed = explore().run(easy_going).unwrap();
    let default: Vec<_> = Freedom::ALL.into_iter().filter(|freedom| freedom.is_default()).collect();
    assert_eq!(passed.exercised.keys().copied().collect::<Vec<_>>(), default);
    assert!(passed.exercised.values().all(|taken| *taken >= 20), "{passed}");
    for quiet in [explore().freedoms("none"), explore().strategy("random"), explore().seed(0).runs(1)] {
        assert!(quiet.run(easy_going).unwrap().exercised.is_empty());
    }
    // Asked for by name, they are on in each run of any strategy.
    let passed = explore().runs(100).strategy("random").freedoms("default").run(easy_going).unwrap();
    assert!(passed.exercised.values().all(|taken| *taken >= 100), "{passed}");
}

#[test]
fn a_run_with_freedoms_is_a_function_of_its_seed() {
    let all = Freedom::ALL.map(Freedom::name).join(",");
    let counts = |jobs| explore().runs(200).freedoms(&all).jobs(jobs).run(easy_going).unwrap();
    assert_eq!(counts(1), counts(2));
}

#[test]
fn a_wrong_name_is_answered_with_the_right_ones() {
    let error = explore().freedoms("spurius").run(|| async {}).unwrap_err();
    assert_eq!(error.kind(), None);
    assert!(
        error.to_string().contains("there is no freedom `spurius`: expected `none`, `default`, or some of"),
        "{error}"
    );
}

/// The dullest run takes no freedom, whatever is on.
#[test]
fn seed_0_takes_none() {
    let all = Freedom::ALL.map(Freedom::name).join(",");
    let passed = explore().seed(0).runs(1).freedoms(all).run(easy_going).unwrap();
    assert!(passed.exercised.values().all(|taken| *taken == 0), "{passed}");
}
