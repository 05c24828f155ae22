//! Futures do nothing by themselves.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use reveille::time::{Duration, Instant, sleep};

use crate::{Claim, Shown};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        said: "a future does nothing until it is polled",
        program: "laziness::begun",
        show: || {
            let (before, after) = begun();
            let figures = format!("begun {before} times when it is made, {after} time when it is awaited");
            Shown::that((before, after) == (0, 1), figures)
        },
    },
    Claim {
        said: "so two sleeps of 5 s in turn take their sum, and joined the longer one",
        program: "laziness::two_sleeps",
        show: || {
            let (in_turn, joined) = two_sleeps();
            let figures = format!("{} s and {} s of virtual time", in_turn.as_secs(), joined.as_secs());
            Shown::that(in_turn == 2 * joined, figures)
        },
    },
];

fn begun() -> (u32, u32) {
    let times = Cell::new(0);
    let future = async { times.set(times.get() + 1) };
    let before = times.get();
    futures::executor::block_on(future);
    (before, times.get())
}

fn two_sleeps() -> (Duration, Duration) {
    let five = || sleep(Duration::from_secs(5));
    in_a_run(move || async move {
        let started = Instant::now();
        five().await;
        five().await;
        let in_turn = started.elapsed();
        let started = Instant::now();
        futures::join!(five(), five());
        (in_turn, started.elapsed())
    })
}

/// What the dullest run of a program comes to.
pub(crate) fn in_a_run<T, F>(program: impl Fn() -> F + Sync) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let output = Arc::new(Mutex::new(None));
    let run = || {
        let (future, output) = (program(), output.clone());
        async move { *output.lock().unwrap() = Some(future.await) }
    };
    reveille::explore().runs(1).run(run).unwrap_or_else(|failure| panic!("{failure}"));
    output.lock().unwrap().take().expect("the run has ended")
}
