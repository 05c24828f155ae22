//! What the benchmarks share: timing of runs, and the peers' runtimes.
//!
//! A benchmark times what a user pays. For Reveille that is a run of a campaign through [`reveille::explore`], with tape
//! and digest, and with the share of runs that a campaign repeats and compares. A short program is therefore timed in whole
//! campaigns of the default length ([`campaigns`]). For a long program a campaign of that length would take minutes, so a
//! shorter one is timed run by run, and the share of compared runs is put back in ([`long_runs`]). Plain first in, first out is
//! timed in the same way, as [`FIFO`]. Seed 0 means the same schedule, but is only ever the first run of a campaign, which finds no
//! memory to use again; what that costs is timed by itself ([`first_runs`]).
//!
//! Deliberately absent: any other way into the library than its users have.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};
use reveille::{Choose, Explore, Point};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime, Runtime};

/// The seed that campaigns start from: any but 0, whose run has the usual answer to every choice.
pub const SEED: u64 = 1;

/// What answers choices if nobody says otherwise: several strategies in turn.
pub const DEFAULT: &str = "portfolio";

/// Uniform answers: what peers that have a choice do.
pub const RANDOM: &str = "random";

/// The usual answer to every choice: first in, first out, as peers that have no choice do.
pub const FIFO: &str = "fifo";

/// Answers 0.
struct Usual;

impl Choose for Usual {
    #[inline]
    fn choose(&mut self, _: Point<'_>) -> u32 {
        0
    }
}

/// A campaign that `strategy` answers.
pub fn explore(strategy: &str) -> Explore {
    match strategy {
        FIFO => reveille::explore().answered_by(|_| Usual),
        _ => reveille::explore().strategy(strategy),
    }
}

/// The default length of a campaign.
const RUNS: u64 = 1_000;

/// Few samples, since each is long; rounds are repeated from outside. The command line has the last word.
#[must_use]
pub fn config() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .without_plots()
}

/// A group of benchmarks of one operation, each sample of which makes the same number of iterations.
pub fn group<'a>(criterion: &'a mut Criterion, operation: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(operation);
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// The time of `iters` runs, from whole campaigns of the default length.
pub fn campaigns<F, Fut>(iters: u64, strategy: &str, program: F) -> Duration
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    let count = iters.div_ceil(RUNS);
    let start = now();
    for campaign in 0..count {
        let explore = explore(strategy).runs(RUNS).seed(SEED + campaign * RUNS);
        let passed = explore.run(&program).expect("no finding");
        assert_eq!(passed.runs, RUNS);
    }
    start.elapsed().mul_f64(iters as f64 / (count * RUNS) as f64)
}

/// The time of `iters` campaigns of one run each, of seed 0: what it costs to start a campaign, and to compare its first
/// run with a repetition.
pub fn single_runs<F, Fut>(iters: u64, program: F) -> Duration
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    let start = now();
    for _ in 0..iters {
        let passed = reveille::explore().runs(1).seed(0).run(&program).expect("no finding");
        assert_eq!(passed.runs, 1);
    }
    start.elapsed()
}

/// The time of `iters` runs of a program that takes long: the mean of the runs that a campaign does not compare, plus the
/// share of the comparisons that a campaign of the default length would have made.
pub fn long_runs<F, Fut>(iters: u64, strategy: &str, program: F) -> Duration
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    /// Enough for most runs not to be compared, and for all strategies to have a turn among those.
    const LEAST: u64 = 18;
    let (plain, repeated) = times(iters.max(LEAST), strategy, &program);
    let compared = (0..RUNS).filter(|run| is_compared(*run)).count();
    (mean(&plain) + mean(&repeated).mul_f64(compared as f64 / RUNS as f64)).mul_f64(iters as f64)
}

/// The time of `iters` runs, from those runs of a campaign of the default length that are not compared.
pub fn plain_runs<F, Fut>(iters: u64, strategy: &str, program: F) -> Duration
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    let (plain, _) = times(RUNS, strategy, &program);
    mean(&plain).mul_f64(iters as f64)
}

/// The time of `iters` runs of seed 0, each the first of a campaign: up to its end, and without the comparison.
pub fn first_runs<F, Fut>(iters: u64, program: F) -> Duration
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    (0..iters).map(|_| marks(1, 0, RANDOM, &program)).map(|marks| marks[1] - marks[0]).sum()
}

/// How long the performances in a campaign took: of runs that it does not compare, and of repetitions made in order to
/// compare.
fn times<F, Fut>(runs: u64, strategy: &str, program: &F) -> (Vec<Duration>, Vec<Duration>)
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    let marks = marks(runs, SEED, strategy, program);
    let mut times = marks.windows(2).map(|pair| pair[1] - pair[0]);
    let (mut plain, mut repeated) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let time = times.next().expect("a mark per performance");
        if is_compared(run) {
            // Left out: the first runs find no memory to use again.
            repeated.extend(times.next());
        } else {
            plain.push(time);
        }
    }
    (plain, repeated)
}

/// When each performance of a campaign began, and the campaign ended.
fn marks<F, Fut>(runs: u64, seed: u64, strategy: &str, program: &F) -> Vec<Instant>
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    let marks = Mutex::new(Vec::with_capacity(2 * runs as usize));
    let mark = || marks.lock().unwrap_or_else(PoisonError::into_inner).push(now());
    let marked = || {
        mark();
        program()
    };
    let passed = explore(strategy).runs(runs).seed(seed).run(marked).expect("no finding");
    mark();
    assert_eq!(passed.runs, runs);
    let mut marks = marks.into_inner().unwrap_or_else(PoisonError::into_inner);
    if strategy == DEFAULT && seed != 0 {
        // The first performance told the strategies how long a run is.
        marks.remove(0);
    }
    let performances = runs as usize + (0..runs).filter(|run| is_compared(*run)).count();
    assert_eq!(marks.len(), performances + 1, "a campaign compares other runs than it says");
    marks
}

/// How many allocations a run makes when `strategy` answers, by `count`, which counts those of what it is given.
///
/// It is the difference of two campaigns between whose lengths no run is compared. So neither the start of a campaign nor
/// its comparisons are in it, and the world has been used before, as in all runs but the first. Without freedoms: a fresh waker is an
/// allocation, in the few runs that have them.
pub fn allocations_per_run<F, Fut>(count: impl Fn(&dyn Fn()) -> u64, strategy: &str, program: F) -> f64
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    const SHORT: u64 = 1_100;
    const LONG: u64 = 1_900;
    let campaign = |runs: u64| {
        count(&|| {
            let explore = reveille::explore().strategy(strategy).freedoms("none");
            explore.runs(runs).seed(SEED).run(&program).expect("no finding");
        })
    };
    // What a process allocates once is counted here.
    campaign(SHORT);
    (campaign(LONG) - campaign(SHORT)) as f64 / (LONG - SHORT) as f64
}

/// Which runs a campaign repeats and compares: the first, and the powers of two.
fn is_compared(run: u64) -> bool {
    run == 0 || run.is_power_of_two()
}

fn mean(times: &[Duration]) -> Duration {
    let count = u32::try_from(times.len()).expect("few").max(1);
    times.iter().sum::<Duration>() / count
}

/// The real clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Tokio's runtime for one thread, whose tasks are `Send`.
pub fn tokio() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

/// Tokio's runtime for one thread, with sockets.
pub fn tokio_with_sockets() -> Runtime {
    Builder::new_current_thread().enable_io().build().expect("a runtime")
}

/// Tokio's runtime for one thread, whose tasks need not be `Send`.
pub fn tokio_local() -> LocalRuntime {
    Builder::new_current_thread().build_local(LocalOptions::default()).expect("a runtime")
}

/// The same, on virtual time.
pub fn tokio_paused() -> LocalRuntime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build_local(LocalOptions::default())
        .expect("a runtime")
}
