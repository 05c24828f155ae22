//! What the freedoms keep to when they are taken at every occasion there is: so that runs go on, stay findings where they are, and
//! accuse no freedom that has nothing to do with it.

#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use reveille::time::{Duration, Instant, sleep};
use reveille::{Choose, Explore, FindingKind, Freedom, Hint, JoinHandle, Kind, Point, explore, spawn, yield_now};

/// First in, first out, and what is rare happens so often first, as far as it goes, and then never.
struct Always(u32);

impl Choose for Always {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        match point.hint {
            _ if point.kind == Kind::SCHEDULE => 0,
            Hint::Rarely { .. } if self.0 == 0 => 0,
            Hint::Rarely { .. } => {
                self.0 -= 1;
                point.bound - 1
            }
            _ => point.bound - 1,
        }
    }
}

/// Runs in which `freedom` is taken at the first `times` occasions.
fn taking(freedom: Freedom, times: u32) -> Explore {
    let explore = explore().limits(10_000, Duration::from_secs(60)).runs(1);
    explore.freedoms(freedom.name()).answered_by(move |_| Always(times))
}

#[test]
fn no_two_spurious_polls_come_in_a_row() {
    let program = || async {
        let waits = spawn(async { sleep(Duration::from_secs(1)).await });
        for _ in 0..20 {
            yield_now().await;
        }
        waits.await.unwrap();
    };
    let passed = taking(Freedom::Spurious, u32::MAX).run(program).unwrap();
    assert!(passed.exercised[&Freedom::Spurious] >= 20, "{passed}");
}

/// Who would be saved by one more poll is not saved: that poll is what the report says was missing.
#[test]
fn nobody_is_polled_spuriously_when_nothing_moves() {
    let program = || async {
        let mut is_second = false;
        poll_fn(|_| match std::mem::replace(&mut is_second, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    };
    let failure = taking(Freedom::Spurious, u32::MAX).run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::DeadWaker), "{failure}");
}

#[test]
fn nobody_in_a_crowd_is_polled_spuriously() {
    const CROWD: usize = 300;
    let program = || async {
        let polls = Rc::new(RefCell::new(vec![0; CROWD]));
        let waiters: Vec<Rc<Cell<Option<Waker>>>> = (0..CROWD).map(|_| Rc::default()).collect();
        let wait = |nth: usize| {
            let (polls, waiter) = (polls.clone(), waiters[nth].clone());
            let mut is_woken = false;
            spawn(poll_fn(move |context| {
                polls.borrow_mut()[nth] += 1;
                waiter.set(Some(context.waker().clone()));
                if std::mem::replace(&mut is_woken, true) { Poll::Ready(()) } else { Poll::Pending }
            }))
        };
        let tasks: Vec<_> = (0..CROWD).map(wait).collect();
        for _ in 0..50 {
            yield_now().await;
        }
        assert!(polls.borrow().iter().all(|polls| *polls == 1), "{:?}", polls.borrow());
        waiters.iter().filter_map(|waiter| waiter.take()).for_each(Waker::wake);
        for task in tasks {
            task.await.unwrap();
        }
    };
    taking(Freedom::Spurious, u32::MAX).run(program).unwrap();
}

/// Notes when it is dropped.
struct Guard(Rc<Cell<Option<Instant>>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}

/// A task that waits for ever, and when it was dropped.
fn guarded() -> (JoinHandle<()>, Rc<Cell<Option<Instant>>>) {
    let dropped = Rc::new(Cell::new(None));
    let guard = Guard(dropped.clone());
    let task = spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    (task, dropped)
}

/// The last answer of the menu: not before nothing else can run, and no time can pass.
#[test]
fn a_late_drop_may_come_after_all_else() {
    let program = || async {
        let (task, dropped) = guarded();
        yield_now().await;
        task.abort();
        task.await.unwrap_err();
        for _ in 0..30 {
            yield_now().await;
        }
        sleep(Duration::from_secs(1)).await;
        assert_eq!(dropped.get(), None, "it came earlier");
    };
    taking(Freedom::LateDrops, 1).run(program).unwrap();
}

/// What a frame holds goes with the unwinding; what else is in the future may stay, as that of any task that has ended.
#[test]
fn the_future_of_a_task_that_panicked_may_be_dropped_late_too() {
    let program = || async {
        let [in_frame, beside]: [Rc<Cell<_>>; 2] = [Rc::default(), Rc::default()];
        let (frame, kept) = (Guard(in_frame.clone()), Guard(beside.clone()));
        let task = spawn(poll_fn(move |_| -> Poll<()> {
            let _held = &kept;
            let _frame = Guard(frame.0.clone());
            panic!("and so unwinds");
        }));
        assert!(task.await.unwrap_err().is_panic());
        yield_now().await;
        assert!(in_frame.get().is_some());
        assert_eq!(beside.get(), None, "it came earlier");
    };
    taking(Freedom::LateDrops, 1).run(program).unwrap();
}

/// An abort is no turn of the task's own that could be put off.
#[test]
fn a_task_that_was_aborted_is_not_held_back() {
    let program = || async {
        let (task, dropped) = guarded();
        // Nobody waits for time yet, so nobody is held back.
        yield_now().await;
        let ticks = spawn(async {
            for _ in 0..5 {
                sleep(Duration::from_millis(1)).await;
            }
        });
        // There is time to wait for from here on.
        sleep(Duration::from_micros(1)).await;
        let aborted = Instant::now();
        task.abort();
        ticks.await.unwrap();
        assert_eq!(dropped.get(), Some(aborted));
    };
    taking(Freedom::HeldBack, u32::MAX).run(program).unwrap();
}

#[test]
fn a_task_is_held_back_until_time_passes() {
    let program = || async {
        let ran = Rc::new(Cell::new(None));
        let (runs, started) = (ran.clone(), Instant::now());
        let task = spawn(async move { runs.set(Some(started.elapsed())) });
        sleep(Duration::from_secs(1)).await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(ran.get(), Some(Duration::from_secs(1)));
        task.await.unwrap();
    };
    let passed = taking(Freedom::HeldBack, 1).run(program).unwrap();
    assert_eq!(passed.exercised[&Freedom::HeldBack], 1);
}

/// A wake that has another order in each run is made by who wakes, and not by who was polled within an earlier one.
#[test]
#[expect(clippy::disallowed_types, reason = "its order is what this is about")]
fn an_order_of_wakes_that_does_not_repeat_is_ascribed_to_who_wakes() {
    use std::collections::HashMap;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    async fn reads(mut letters: UnboundedReceiver<()>) {
        while letters.recv().await.is_some() {}
    }
    let program = || async {
        let (first, letters) = unbounded_channel();
        drop(spawn(reads(letters)));
        let mut others = HashMap::new();
        for name in 0..8 {
            let (other, letters) = unbounded_channel();
            drop(spawn(reads(letters)));
            others.insert(name, other);
        }
        yield_now().await;
        first.send(()).unwrap();
        for other in others.values() {
            other.send(()).unwrap();
        }
    };
    let failure = taking(Freedom::InlineWake, u32::MAX).run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism), "{failure}");
    let report = failure.to_string();
    assert!(report.contains("last polled before that, at step 11: task 0 (the root"), "{report}");
    assert!(report.contains("`HashMap`: its order is another"), "{report}");
    assert!(report.contains("under `inline-wake` also the order in which one poll wakes"), "{report}");
}

#[test]
fn a_report_names_the_task_that_was_held_back_and_no_other() {
    let program = || async {
        let server = spawn(async { yield_now().await });
        sleep(Duration::from_secs(1)).await;
        assert!(server.is_finished(), "a second is enough");
    };
    let held_back = |failure: &reveille::Failure| -> Vec<String> {
        let report = failure.to_string();
        report.lines().filter(|line| line.contains("was held back until")).map(str::to_owned).collect()
    };
    let failure = explore().freedoms("held-back").run(program).unwrap_err();
    let said = held_back(&failure);
    assert_eq!(said.len(), 2, "{failure}");
    assert!(said[0].contains(": task 1 (spawned at "), "{failure}");
    assert!(said[1].contains("task 1 could run, and"), "{failure}");
}

#[test]
fn a_report_names_the_task_that_nobody_had_woken() {
    let program = || async {
        let polls = Rc::new(Cell::new(0));
        let counted = polls.clone();
        let waits = spawn(async move {
            let mut timer = std::pin::pin!(sleep(Duration::from_secs(1)));
            std::future::poll_fn(|context| {
                counted.set(counted.get() + 1);
                timer.as_mut().poll(context)
            })
            .await;
        });
        waits.await.unwrap();
        assert!(polls.get() < 3, "it was polled for nothing");
    };
    let failure = explore().freedoms("spurious").run(program).unwrap_err();
    let report = failure.to_string();
    let said: Vec<_> = report.lines().filter(|line| line.contains("although nobody had woken it")).collect();
    assert_eq!(said.len(), 2, "{report}");
    assert!(said[0].contains("task 1 (spawned at "), "{report}");
    assert!(said[1].contains("·  ◆") && said[1].ends_with("   was polled although nobody had woken it"), "{report}");
}

/// It fails with and without, though each run takes the freedom.
#[test]
fn a_freedom_that_was_taken_is_not_blamed_for_what_happens_without_it() {
    let program = || async {
        let other = spawn(async { sleep(Duration::from_secs(1)).await });
        for _ in 0..5 {
            yield_now().await;
        }
        other.await.unwrap();
        panic!("in any case");
    };
    let failure = taking(Freedom::Spurious, u32::MAX).shrink(false).run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    // All that is unusual here is that freedom.
    assert!(failure.tape().unwrap().unusual() >= 5, "{failure}");
    assert_eq!(failure.freedoms(), [], "{failure}");
}
