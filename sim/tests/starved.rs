//! A future that is owed a poll for long is found, and who holds it back is named; one that merely waits its turn is not.

#![cfg(not(loom))]

#[path = "starved/innocent_before.rs"]
mod innocent_before;
#[path = "starved/kept_timers.rs"]
mod kept_timers;
#[path = "starved/made_and_kept.rs"]
mod made_and_kept;

use std::cell::{Cell, RefCell};
use std::pin::pin;

use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt as _, StreamExt as _, future};
use futures_concurrency::prelude::*;
use reveille::leaf::may_starve;
use reveille::time::{Duration, Instant, MissedTickBehavior, interval, sleep, timeout};
use reveille::{Failure, FindingKind, explore, leaf, spawn, yield_now};
use tokio::sync::mpsc;

fn fails<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) -> Failure {
    explore().run(program).expect_err("the program has a bug that was not found")
}

fn passes<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) {
    explore().run(program).expect("a correct program was accused");
}

#[track_caller]
fn says(failure: &Failure, what: &str) {
    let report = failure.to_string();
    assert!(report.contains(what), "the report does not say `{what}`:\n{report}");
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The story of buffered streams: a client keeps four connections in flight and files each page for a minute. A server
/// closes a connection on which nothing comes for twenty seconds.
mod pages {
    use super::*;

    /// A connection: the server's patience is that of the last word it heard.
    pub(super) struct Connection {
        heard: Cell<Instant>,
    }

    impl Connection {
        pub(super) fn open() -> Self {
            Self { heard: Cell::new(Instant::now()) }
        }

        /// Whether the server still listens; it has heard something if it does.
        fn say(&self) -> bool {
            self.heard.replace(Instant::now()).elapsed() <= seconds(20)
        }
    }

    /// Asks for a page in three parts, of which each takes a while.
    pub(super) async fn fetch(page: u64) -> Result<u64, &'static str> {
        let connection = Connection::open();
        for _ in 0..3 {
            sleep(seconds(page)).await;
            if !connection.say() {
                return Err("timed out");
            }
        }
        Ok(page)
    }

    pub(super) async fn file(_page: Result<u64, &'static str>) {
        sleep(seconds(60)).await;
    }
}

#[test]
fn connections_of_a_buffered_stream_that_nobody_polls_during_a_long_body_are_starved() {
    let failure = fails(|| async {
        let mut pages = pin!(stream::iter(1..=8).map(pages::fetch).buffer_unordered(4));
        while let Some(page) = pages.next().await {
            pages::file(page).await;
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    says(&failure, "in starved::pages::fetch");
    says(&failure, "in starved::pages::file");
    assert!(failure.place().unwrap().starts_with("sim/tests/starved.rs:"), "{failure}");
}

#[test]
fn a_panic_that_comes_of_it_is_a_panic_and_what_starved_is_named() {
    let failure = fails(|| async {
        let mut pages = pin!(stream::iter(1..=8).map(pages::fetch).buffer_unordered(4));
        while let Some(page) = pages.next().await {
            pages::file(Ok(page.unwrap())).await;
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    says(&failure, "timed out");
    says(&failure, "before that, a future was starved");
    says(&failure, "in starved::pages::fetch");
}

#[test]
fn connections_in_tasks_of_their_own_are_not_starved() {
    passes(|| async {
        let fetch = |page| spawn(pages::fetch(page)).map(Result::unwrap);
        let mut pages = pin!(stream::iter(1..=8).map(fetch).buffer_unordered(4));
        while let Some(page) = pages.next().await {
            assert!(page.is_ok());
            pages::file(page).await;
        }
    });
}

#[test]
fn connections_that_are_polled_together_with_the_body_are_not_starved() {
    passes(|| async {
        let (sender, mut receiver) = mpsc::channel(8);
        let fetches = stream::iter(1..=8).map(pages::fetch).buffer_unordered(4).for_each(|page| {
            assert!(page.is_ok());
            let sender = sender.clone();
            async move { sender.send(page).await.unwrap() }
        });
        let fetches = fetches.inspect(|()| ());
        let files = async {
            for _ in 0..8 {
                pages::file(receiver.recv().await.unwrap()).await;
            }
        };
        (fetches, files).join().await;
    });
}

#[test]
fn connections_that_are_merged_with_the_work_are_not_starved() {
    passes(|| async {
        // Pages that came and are being filed, in one stream with those that are fetched.
        let came: RefCell<Vec<u64>> = RefCell::default();
        let fetched = stream::iter(1..=8).map(pages::fetch).buffer_unordered(4);
        let fetched = fetched.map(|page| came.borrow_mut().push(page.unwrap()));
        let filed = stream::repeat(()).take(8).then(|()| pages::file(Ok(0)));
        let mut both = pin!((fetched, filed).merge());
        while both.next().await.is_some() {}
        assert_eq!(came.borrow().len(), 8);
    });
}

#[test]
fn a_pinned_timer_that_strikes_during_a_long_branch_is_none_of_it() {
    passes(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        spawn(async move {
            for _ in 0..3 {
                sleep(seconds(50)).await;
                // The other side may have lost its patience.
                let _ = sender.send(()).await;
            }
        });
        let mut patience = pin!(sleep(seconds(60)));
        let mut ticks = interval(seconds(7));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = &mut patience => break,
                _ = ticks.tick() => yield_now().await,
                Some(()) = receiver.recv() => sleep(seconds(600)).await,
            }
        }
    });
}

#[test]
fn a_loser_that_is_kept_to_the_end_of_a_match_is_none_of_it() {
    passes(|| async {
        let slow = async {
            sleep(seconds(10)).await;
            sleep(seconds(10)).await;
        };
        match future::select(pin!(sleep(seconds(1))), pin!(slow)).await {
            future::Either::Left(((), _kept)) => sleep(seconds(3_600)).await,
            future::Either::Right(_) => unreachable!("it takes longer"),
        }
    });
}

/// A timer that was lent to a call which is over. Who awaits it later does so on their own.
#[test]
fn a_timer_that_was_lent_to_a_call_that_was_given_up_is_none_of_it() {
    async fn rings(timer: std::pin::Pin<&mut reveille::time::Sleep>) {
        timer.await;
    }
    passes(|| async {
        let mut timer = pin!(sleep(seconds(10)));
        assert!(timeout(seconds(1), rings(timer.as_mut())).await.is_err());
        sleep(seconds(60)).await;
        timer.await;
    });
}

#[test]
fn a_loser_that_is_awaited_much_later_was_starved() {
    let failure = fails(|| async {
        let slow = async {
            sleep(seconds(10)).await;
            sleep(seconds(10)).await;
        };
        match future::select(pin!(sleep(seconds(1))), pin!(slow)).await {
            future::Either::Left(((), kept)) => {
                sleep(seconds(60)).await;
                kept.await;
            }
            future::Either::Right(_) => unreachable!("it takes longer"),
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    says(&failure, "was woken at step 2, at 10s, and not polled\n  for 51s, until step 4, at 61s");
}

/// In a world that has been used for other runs before.
#[test]
fn what_starves_in_some_runs_only_is_found_in_the_first_of_them() {
    let program = || async {
        let (first, twice) = (reveille::choose(7), reveille::choose(3));
        for _ in 0..first {
            drop(spawn(sleep(seconds(1))));
        }
        let step = async {
            sleep(seconds(1)).await;
            sleep(seconds(1)).await;
        };
        if first == 5 && twice == 2 {
            leave_alone(step).await;
        } else {
            step.await;
        }
    };
    let failure = explore().runs(500).strategy("random").run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf), "{failure}");
    let run =
        failure.to_string().split("(run ").nth(1).and_then(|rest| rest.split(' ').next().map(str::to_owned)).unwrap();
    // One in 21.
    assert!((1..200).contains(&run.parse::<u64>().unwrap()), "{failure}");
    says(&failure, "for 59s");
}

/// Polls `future` once, and again after a minute.
async fn leave_alone<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    assert!(futures::poll!(future.as_mut()).is_pending());
    sleep(seconds(60)).await;
    future.await
}

#[test]
fn what_may_starve_is_left_alone() {
    let failure = fails(|| leave_alone(leaf(sleep(seconds(1)))));
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    says(&failure, "the `leaf` made at sim/tests/starved.rs");
    passes(|| leave_alone(may_starve("a test", leaf(sleep(seconds(1))))));
    let step = || async {
        sleep(seconds(1)).await;
        yield_now().await;
    };
    assert_eq!(fails(move || leave_alone(step())).kind(), Some(FindingKind::StarvedLeaf));
    passes(move || leave_alone(may_starve("a test", step())));
}

#[test]
fn a_leaf_that_is_dropped_or_kept_to_the_end_was_starved_too() {
    let dropped = fails(|| async {
        let mut kept = pin!(leaf(sleep(seconds(1))));
        assert!(futures::poll!(kept.as_mut()).is_pending());
        sleep(seconds(60)).await;
    });
    assert_eq!(dropped.kind(), Some(FindingKind::StarvedLeaf));
    says(&dropped, "until it was dropped");
    let kept = fails(|| async {
        drop(spawn(async {
            let mut kept = pin!(leaf(sleep(seconds(1))));
            assert!(futures::poll!(kept.as_mut()).is_pending());
            future::pending::<()>().await;
        }));
        sleep(seconds(60)).await;
    });
    assert_eq!(kept.kind(), Some(FindingKind::StarvedLeaf));
    says(&kept, "which is to the end of the run");
}

#[test]
fn polls_that_pass_over_a_leaf_are_counted() {
    let busy = |polls: u64| {
        move || async move {
            let mut kept = pin!(leaf(yield_now()));
            assert!(futures::poll!(kept.as_mut()).is_pending());
            for _ in 0..polls {
                yield_now().await;
            }
            kept.await;
        }
    };
    passes(busy(1_000));
    let failure = fails(busy(1_002));
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    says(&failure, "meanwhile its task was polled 1001 times");
    explore().starved_polls(2_000).run(busy(1_002)).unwrap();
}

/// Why polls count in `leaf(..)` only: a burst that is worked off in no time passes a future over more often than any limit, and
/// is no mistake. Here a thousand and one messages are there at once, and are looked at first.
#[test]
fn a_burst_of_work_that_takes_no_time_starves_nobody() {
    async fn fetch() {
        sleep(seconds(1)).await;
        sleep(seconds(1)).await;
    }
    async fn burst(fetch: impl Future<Output = ()>) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        spawn(async move {
            sleep(seconds(1)).await;
            // A send too many for the limit.
            (0..=1_001).for_each(|nth| sender.send(nth).unwrap());
        });
        // The burst comes in the same instant as what is fetched, and just before it.
        yield_now().await;
        let (begun, mut fetch, mut seen) = (Instant::now(), pin!(fetch), 0);
        loop {
            tokio::select! {
                biased;
                Some(_message) = receiver.recv() => {
                    seen += 1;
                    yield_now().await;
                }
                () = &mut fetch => break,
            }
        }
        assert_eq!((seen, begun.elapsed()), (1_002, seconds(2)));
    }
    // It was fetched as soon as the clock had it.
    let fetched = |is_leaf: bool| async move {
        match is_leaf {
            true => burst(leaf(fetch())).await,
            false => burst(fetch()).await,
        }
    };
    explore().seed(0).runs(1).run(move || fetched(false)).expect("a correct program was accused");
    let failure = explore().seed(0).runs(1).run(move || fetched(true)).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    says(&failure, "and not polled\n  for 0ns, until step");
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let refused = |explore: reveille::Explore| explore.run(|| async {}).unwrap_err().to_string();
    assert!(refused(explore().starved_after(Duration::ZERO)).contains("must be above zero"));
    assert!(refused(explore().starved_polls(0)).contains("must be above zero"));
    assert!(refused(explore().starved_polls(2_000_000)).contains("above the limits of a run"));
    let short = explore().limits(1_000, seconds(10));
    assert!(refused(short.starved_after(seconds(11))).contains("above the limits of a run"));
    explore().limits(100, seconds(10)).run(|| async {}).unwrap();
}

/// The processor is busy with others: that is no fault of the task's, which polls its future as soon as it is polled.
#[test]
fn a_task_that_is_not_polled_itself_starves_nothing() {
    async fn step(nth: u64) {
        sleep(Duration::from_millis(nth)).await;
    }
    let program = || async {
        let work = async || {
            for nth in 0..8 {
                step(nth).await;
                step(nth + 1).await;
            }
        };
        let tasks: Vec<_> = (0..4).map(|_| spawn(work())).collect();
        for task in tasks {
            task.await.unwrap();
        }
    };
    explore().poll_cost(true).starved_after(Duration::from_nanos(1)).run(program).unwrap();
    explore().freedoms("spurious,held-back").starved_after(Duration::from_nanos(1)).run(program).unwrap();
}

/// The children of combinators: of two in `leaf`, the report names the one that was held back, and not the other.
mod children {
    use super::*;

    /// The first leaf of the program is made at `line`, the second, which is guilty, in the line after it.
    #[track_caller]
    fn names_the_second(failure: &Failure, line: u32) {
        assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
        says(failure, &format!("the `leaf` made at sim/tests/starved.rs:{}:", line + 1));
        let report = failure.to_string();
        assert!(!report.contains(&format!("made at sim/tests/starved.rs:{line}:")), "{report}");
    }

    #[test]
    fn of_select_the_one_behind_a_branch_that_is_always_ready_is_named() {
        let line = line!() + 4;
        let failure = fails(|| async {
            let mut ticks = interval(seconds(1));
            ticks.tick().await;
            let mut first = pin!(leaf(sleep(seconds(1_000))));
            let mut second = pin!(leaf(sleep(seconds(2))));
            for _ in 0..20 {
                tokio::select! {
                    biased;
                    () = &mut first => break,
                    // Is due again whenever the branch has run.
                    _ = ticks.tick() => sleep(seconds(2)).await,
                    () = &mut second => break,
                }
            }
        });
        names_the_second(&failure, line);
    }

    #[test]
    fn of_futures_unordered_the_one_that_came_second_is_named() {
        let line = line!() + 3;
        let failure = fails(|| async {
            let mut all = FuturesUnordered::new();
            all.push(leaf(sleep(seconds(1))));
            all.push(leaf(sleep(seconds(2))));
            all.next().await.unwrap();
            sleep(seconds(60)).await;
            all.next().await.unwrap();
        });
        names_the_second(&failure, line);
    }

    #[test]
    fn of_join_all_the_one_that_came_second_is_named() {
        let line = line!() + 2;
        let failure = fails(|| async {
            let first = leaf(sleep(seconds(1)));
            let second = leaf(sleep(seconds(2)));
            let mut all = pin!(future::join_all([first, second]));
            assert!(timeout(Duration::from_millis(1_500), &mut all).await.is_err());
            sleep(seconds(60)).await;
            all.await;
        });
        names_the_second(&failure, line);
    }

    /// More than thirty: `join_all` keeps them in a `FuturesUnordered` then.
    #[test]
    fn of_a_large_join_all_too() {
        let line = line!() + 2;
        let failure = fails(|| async {
            let first = |n| leaf(sleep(seconds(n)));
            let second = leaf(sleep(seconds(2)));
            let mut all = pin!(future::join_all((0..40).map(|_| first(1)).chain([second])));
            assert!(timeout(Duration::from_millis(1_500), &mut all).await.is_err());
            sleep(seconds(60)).await;
            all.await;
        });
        names_the_second(&failure, line);
    }
}
