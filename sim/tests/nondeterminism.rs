//! A program that does not repeat itself is told so, with the first event that differed; one that does is not accused.

#![cfg(not(loom))]

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use reveille::net::UdpSocket;
use reveille::time::{Duration, sleep};
use reveille::{FindingKind, explore, spawn, yield_now};

#[test]
fn a_program_that_counts_its_own_runs_is_nondeterministic_at_the_event_that_differs() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let failure = explore()
        .run(|| async {
            for _ in 0..RUNS.fetch_add(1, Ordering::Relaxed) % 7 {
                yield_now().await;
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism));
    let report = failure.to_string();
    assert!(report.contains("the same choices gave another run"), "{report}");
    assert!(report.contains("first difference: step "), "{report}");
    assert!(report.contains("HashMap"), "the usual causes are missing:\n{report}");
    assert!(report.contains(": `RUNS`: a `static`"), "what counts the runs is not named:\n{report}");
    assert!(report.contains("task 0 (the root") && report.contains("its poll number"), "{report}");
}

#[test]
fn what_only_the_first_run_does_is_traced_to_what_it_left_behind() {
    static FIRST: Mutex<bool> = Mutex::new(true);
    let failure = explore()
        .run(|| async {
            let first = std::mem::replace(&mut *FIRST.lock().unwrap(), false);
            if first {
                yield_now().await;
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism));
    let report = failure.to_string();
    assert!(report.contains("carried over from an"), "{report}");
    assert!(
        report.contains(
            "parted after poll 0 and before the end of poll 1, in which were polled\n    task 0 (the root, started"
        ),
        "{report}"
    );
    assert!(report.contains(": `FIRST`: a `static`"), "it does not name what outlived the run:\n{report}");
}

/// A coin may well fall the same way five times in a row; what it decides is not for that reason left behind by an earlier run.
#[test]
fn what_repeats_itself_for_a_while_is_not_taken_for_something_carried_over() {
    /// How the coin falls: once one way in the run itself, then for long the other way, and once more the first.
    const TOSSES: [bool; 7] = [true, false, false, false, false, false, true];
    static TOSSED: AtomicU64 = AtomicU64::new(0);
    let failure = explore()
        .run(|| async {
            let toss = TOSSED.fetch_add(1, Ordering::Relaxed);
            if TOSSES.get(toss as usize).is_some_and(|heads| *heads) {
                yield_now().await;
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism));
    let report = failure.to_string();
    assert!(report.contains("first difference: step 1: "), "{report}");
}

#[test]
fn a_failing_run_that_does_not_repeat_is_nondeterministic_and_not_explained() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    // Deterministic in the runs that are compared (0, 1, 2, 4, 8), and then not.
    let failure = explore()
        .run(|| async {
            let call = CALLS.fetch_add(1, Ordering::Relaxed);
            if call > 60 && call.is_multiple_of(5) {
                spawn(std::future::pending::<()>()).await.unwrap();
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism), "{failure}");
}

#[test]
fn a_lazy_static_that_does_not_touch_the_schedule_is_no_nondeterminism() {
    static TABLE: LazyLock<Vec<u64>> = LazyLock::new(|| (0..100).collect());
    explore()
        .run(|| async {
            let sum = spawn(async { TABLE.iter().sum::<u64>() });
            assert_eq!(sum.await.unwrap(), 4950);
        })
        .unwrap();
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let program = || async {
        let picks: Vec<u32> = (0..4).map(|_| reveille::choose(6)).collect();
        assert!(picks != [5, 5, 5, 5] && picks.iter().sum::<u32>() < 19, "found");
    };
    let with = |jobs| explore().name("jobs").runs(20_000).jobs(jobs).run(program).unwrap_err();
    let one = with(1);
    for many in [2, 3].map(with) {
        assert_eq!((one.run(), one.seed()), (many.run(), many.seed()));
        assert_eq!(one.to_string(), many.to_string());
    }
}

/// The task, the await before and after, and the word in its text.
#[test]
#[expect(clippy::disallowed_types, reason = "an order that no seed repeats is what is looked for")]
fn an_order_of_a_hash_set_is_located() {
    use std::collections::HashSet;

    async fn tell_all(listeners: Vec<async_channel::Sender<usize>>) {
        yield_now().await;
        let order: HashSet<usize> = (0..listeners.len()).collect();
        for listener in order {
            listeners[listener].send(listener).await.unwrap();
            yield_now().await;
        }
    }

    let failure = explore()
        .run(|| async {
            let (senders, receivers): (Vec<_>, Vec<_>) = (0..8).map(|_| async_channel::unbounded()).unzip();
            for receiver in receivers {
                drop(spawn(async move { while receiver.recv().await.is_ok() {} }));
            }
            spawn(tell_all(senders)).await.unwrap();
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism));
    let report = failure.to_string();
    assert!(report.contains("last polled before that, at step"), "{report}");
    assert!(report.contains("went on from\n      awaits  sim/tests/nondeterminism.rs:"), "{report}");
    assert!(report.contains("in nondeterminism::an_order_of_a_hash_set_is_located::tell_all"), "{report}");
    assert!(report.contains("`HashSet`: its order is another in each run"), "{report}");
}

#[test]
fn a_select_without_biased_is_located() {
    let failure = explore()
        .run(|| async {
            for _ in 0..20 {
                tokio::select! {
                    () = std::future::ready(()) => yield_now().await,
                    () = std::future::ready(()) => {}
                }
            }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism));
    let report = failure.to_string();
    assert!(report.contains("`select`: without `biased;` its branches are polled in an order of its own"), "{report}");
}

/// The order of the branches shows in no poll, wake or choice. It decides what the loop waits for at the end.
#[test]
fn a_task_that_waits_otherwise_when_it_is_repeated_is_told() {
    let kinds_and_reports = (0..8).map(|_| {
        let failure = explore()
            .run(|| async {
                let never = tokio::sync::Semaphore::new(0);
                let gate = tokio::sync::Notify::new();
                tokio::select! {
                    () = std::future::ready(()) => drop(never.acquire().await),
                    () = std::future::ready(()) => gate.notified().await,
                }
            })
            .unwrap_err();
        (failure.kind(), failure.to_string())
    });
    let told = kinds_and_reports.filter(|(kind, report)| match kind {
        Some(FindingKind::Nondeterminism) => {
            assert!(report.contains("at whose end a task waits otherwise"), "{report}");
            assert!(report.contains("through tokio::sync::semaphore::Semaphore::acquire"), "{report}");
            assert!(report.contains("through tokio::sync::notify::Notified"), "{report}");
            assert!(report.contains("`select`: without `biased;`"), "{report}");
            true
        }
        _ => {
            assert_eq!(*kind, Some(FindingKind::Deadlock), "{report}");
            false
        }
    });
    // A coin decides, three times over: all alike in a quarter of the trials, in all of them in one of 65,000.
    assert!(told.count() > 0);
}

/// A task that waits for several things at once is looked at twice, and waits alike.
#[test]
fn an_order_of_branches_that_decides_nothing_is_no_finding() {
    for _ in 0..8 {
        let failure = explore()
            .run(|| async {
                let (never, gate) = (tokio::sync::Semaphore::new(0), tokio::sync::Notify::new());
                tokio::select! {
                    _ = never.acquire() => {}
                    () = gate.notified() => {}
                }
            })
            .unwrap_err();
        assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
    }
}

/// A hundred futures in an order that no seed repeats, one of which waits elsewhere: the same is waited for in each order.
#[test]
fn an_order_of_many_that_decides_nothing_is_no_finding() {
    let failure = explore()
        .run(|| async {
            let (never, gate) = (tokio::sync::Semaphore::new(0), tokio::sync::Notify::new());
            let (never, gate) = (&never, &gate);
            let all = (0..100)
                .map(|nth| async move { if nth == 7 { drop(never.acquire().await) } else { gate.notified().await } });
            let mut all: Vec<_> = all.map(Box::pin).collect();
            fastrand::shuffle(&mut all);
            futures::future::poll_fn(|cx| {
                all.iter_mut().for_each(|one| assert!(one.as_mut().poll(cx).is_pending()));
                std::task::Poll::<()>::Pending
            })
            .await;
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
    let waited = ["tokio::sync::semaphore::Semaphore::acquire", "tokio::sync::notify::Notified"];
    assert!(waited.iter().all(|leaf| failure.to_string().contains(leaf)), "{failure}");
}

/// That the report says of the text of the function in which `program` parts from its repetition what is `said`, and where.
#[track_caller]
fn is_located<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync, said: &str) {
    let failure = explore().run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism), "{failure}");
    let report = failure.to_string();
    let line = report.lines().find(|line| line.contains(said)).unwrap_or_else(|| panic!("{report}"));
    assert!(line.contains("sim/tests/nondeterminism.rs:"), "{report}");
}

async fn turns(count: u64) {
    for _ in 0..count {
        yield_now().await;
    }
}

#[test]
fn the_wall_clock_is_located() {
    #[expect(clippy::disallowed_methods, reason = "a clock that no seed repeats is what is looked for")]
    async fn asks_the_clock() {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        turns(u64::from(since.subsec_nanos()) % 1009).await;
    }
    is_located(asks_the_clock, "`SystemTime`: the wall clock");
}

#[test]
fn a_random_generator_of_another_crate_is_located() {
    async fn draws() {
        turns(fastrand::u64(..1_000)).await;
    }
    let said = "`fastrand`: a generator that no seed of the run repeats; `reveille::rng` is repeatable";
    is_located(draws, said);
}

#[test]
fn another_thread_is_located() {
    #[expect(clippy::disallowed_methods, reason = "a thread that no schedule decides is what is looked for")]
    async fn asks_a_thread() {
        // Its number grows from run to run.
        let id = std::thread::spawn(|| std::thread::current().id()).join().unwrap();
        let number = format!("{id:?}")
            .bytes()
            .filter(u8::is_ascii_digit)
            .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        turns(number % 1009).await;
    }
    let said = "`thread`: another thread, which no schedule decides";
    is_located(asks_a_thread, said);
}

/// The schedule is the same, and what the program computes is not.
#[test]
fn an_outcome_that_does_not_repeat_is_nondeterminism_even_if_the_schedule_does() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let failure = explore()
        .run(|| async {
            let now_and_then = RUNS.fetch_add(1, Ordering::Relaxed) % 13 == 12;
            if now_and_then { Err("now and then") } else { Ok(()) }
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism), "{failure}");
    assert!(failure.to_string().contains("to another end"), "{failure}");
}

/// A program that is another one in the very repetition from which the schedule is written.
#[test]
fn a_schedule_of_another_run_says_so() {
    let reports = (1..40_u64).map(|other| {
        let performances = AtomicU64::new(0);
        let program = || {
            let is_other = performances.fetch_add(1, Ordering::Relaxed) == other;
            async move {
                if is_other {
                    yield_now().await;
                }
                panic!("on purpose");
            }
        };
        explore().run(program).unwrap_err().to_string()
    });
    let schedules: Vec<_> = reports.filter(|report| report.starts_with("reveille: panic")).collect();
    let says = |report: &&String| report.contains("this repetition was another run than the one that failed");
    // Of all that a failure is repeated for, one repetition is for the schedule.
    assert_eq!(schedules.iter().filter(says).count(), 1, "{}", schedules.concat());
}

/// Many wakers in an order that no seed repeats, and one waker that uses them all.
#[derive(Default)]
#[expect(clippy::disallowed_types, reason = "an order that no seed repeats is what must not matter")]
struct Everybody(Mutex<std::collections::HashMap<usize, Waker>>);

impl Everybody {
    /// Spawns eight tasks that wait until somebody wakes them.
    fn spawn() -> Arc<Self> {
        let all = Arc::new(Self::default());
        for nth in 0..8 {
            let (all, mut waits) = (all.clone(), false);
            drop(spawn(poll_fn(move |context| {
                let has_waited = std::mem::replace(&mut waits, true);
                if has_waited {
                    return Poll::Ready(());
                }
                all.0.lock().unwrap().insert(nth, context.waker().clone());
                Poll::Pending
            })));
        }
        all
    }

    /// Those who wait, in an order of the map's own.
    fn take(&self) -> Vec<Waker> {
        self.0.lock().unwrap().drain().map(|(_, waker)| waker).collect()
    }
}

impl Wake for Everybody {
    fn wake(self: Arc<Self>) {
        self.take().into_iter().for_each(Waker::wake);
    }
}

/// Polls `future` once, with the waker that wakes everybody.
fn poll_for(everybody: &Arc<Everybody>, future: Pin<&mut impl Future>) {
    let waker = Waker::from(everybody.clone());
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
}

#[test]
fn whom_the_waker_of_a_timer_wakes_may_come_in_any_order() {
    let program = || async {
        let everybody = Everybody::spawn();
        yield_now().await;
        let mut alarm = pin!(sleep(Duration::from_secs(1)));
        poll_for(&everybody, alarm.as_mut());
        sleep(Duration::from_secs(2)).await;
    };
    explore().run(program).unwrap();
}

/// A task that keeps time for others.
#[test]
fn timers_of_one_instant_that_one_poll_armed_may_come_in_any_order() {
    let program = || async {
        let everybody = Everybody::spawn();
        yield_now().await;
        let wakers = everybody.take();
        let mut alarms: Vec<_> = wakers.iter().map(|_| Box::pin(sleep(Duration::from_secs(1)))).collect();
        for (alarm, waker) in alarms.iter_mut().zip(&wakers) {
            assert!(alarm.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        sleep(Duration::from_secs(2)).await;
    };
    explore().run(program).unwrap();
}

#[test]
fn whom_the_waker_of_a_socket_wakes_may_come_in_any_order() {
    let program = || async {
        let everybody = Everybody::spawn();
        yield_now().await;
        let (one, other) = (UdpSocket::bind("0.0.0.0:1").await.unwrap(), UdpSocket::bind("0.0.0.0:2").await.unwrap());
        let mut buffer = [0; 8];
        let mut message = pin!(one.recv_from(&mut buffer));
        poll_for(&everybody, message.as_mut());
        other.send_to(b"all", "main:1").await.unwrap();
        sleep(Duration::from_secs(2)).await;
    };
    explore().run(program).unwrap();
}

#[test]
fn whom_the_waker_of_a_file_wakes_may_come_in_any_order() {
    let program = || async {
        let everybody = Everybody::spawn();
        yield_now().await;
        let mut written = pin!(reveille::fs::write("f", "all"));
        poll_for(&everybody, written.as_mut());
        sleep(Duration::from_secs(2)).await;
    };
    explore().run(program).unwrap();
}

/// A future that is dropped between polls.
#[test]
fn whom_a_late_drop_wakes_may_come_in_any_order() {
    struct WakesAll(Arc<Everybody>);
    impl Drop for WakesAll {
        fn drop(&mut self) {
            self.0.take().into_iter().for_each(Waker::wake);
        }
    }
    let program = || async {
        let all = WakesAll(Everybody::spawn());
        yield_now().await;
        let owner = poll_fn(move |_| {
            let _owned = &all;
            Poll::Ready(())
        });
        spawn(owner).await.unwrap();
        sleep(Duration::from_secs(2)).await;
    };
    explore().freedoms("late-drops").run(program).unwrap();
}
