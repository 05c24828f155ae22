//! One search for one bug: how many schedules it takes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler, UrwRandomScheduler};

use crate::points;
use crate::programs::Program;

/// What a search came to.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The number of the schedule that showed the bug, from 1; `None` if none did.
    pub after: Option<u64>,
    /// How many polls a schedule took on average: of shuttle's all, of ours those of 20 random ones that passed.
    pub points: f64,
    /// In real time, explaining the failure included.
    pub took: Duration,
}

#[expect(clippy::disallowed_methods, reason = "how long a search takes is asked of the real clock")]
fn now() -> Instant {
    Instant::now()
}

/// Searches with reveille. Run 0 of a campaign is its dullest run, so it counts as the first schedule here too; the
/// others have seeds of the campaign of number `trial`, which no two trials share.
#[must_use]
pub fn ours(program: &Program, strategy: &str, trial: u64, schedules_max: u64) -> Found {
    let started = now();
    let explore = || reveille::explore().name(program.name).strategy(strategy).shrink(false);
    let after = match explore().runs(1).run(program.ours) {
        Err(_) => Some(1),
        Ok(_) => {
            let seed = 1 + trial * 1_000_000;
            let failure = explore().seed(seed).runs(schedules_max - 1).run(program.ours).err();
            failure.map(|failure| 2 + failure.run().expect("a failure of the program"))
        }
    };
    let took = started.elapsed();
    // Those that get stuck need not wait for other threads: there are none.
    let once = |seed| explore().strategy("random").seed(seed).runs(1).patience(Duration::ZERO).run(program.ours);
    let passed = (1..=20).filter_map(|seed| once(seed).ok());
    let polls: Vec<u64> = passed.map(|passed| passed.polls).collect();
    Found { after, points: polls.iter().sum::<u64>() as f64 / polls.len() as f64, took }
}

/// Searches with shuttle's scheduler of that name: `random`, `pct:3`, `urw`.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn theirs(program: &Program, strategy: &str, trial: u64, schedules_max: u64) -> Found {
    let runs = usize::try_from(schedules_max).unwrap_or(usize::MAX);
    let seed = 1 + trial * 1_000_000;
    match strategy {
        "random" => run_theirs(program, RandomScheduler::new_from_seed(seed, runs)),
        "pct:3" => run_theirs(program, PctScheduler::new_from_seed(seed, 3, runs)),
        "urw" => run_theirs(program, UrwRandomScheduler::new_from_seed(seed, runs)),
        _ => panic!("shuttle has no scheduler `{strategy}` here"),
    }
}

fn run_theirs(program: &Program, scheduler: impl Scheduler + 'static) -> Found {
    let mut config = shuttle::Config::new();
    config.failure_persistence = shuttle::FailurePersistence::None;
    config.silence_warnings = true;
    let (schedules, root) = (Arc::new(AtomicUsize::new(0)), program.theirs);
    let counted = schedules.clone();
    let _ = points();
    let started = now();
    let result = catch_unwind(AssertUnwindSafe(|| {
        shuttle::Runner::new(scheduler, config).run(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            shuttle::future::block_on(root());
        })
    }));
    let took = started.elapsed();
    let schedules = schedules.load(Ordering::Relaxed) as u64;
    let points = points() as f64 / schedules.max(1) as f64;
    Found { after: result.is_err().then_some(schedules), points, took }
}

/// How many polls a second a campaign of reveille makes, with all that is on by default.
///
/// # Panics
/// If the program fails.
#[must_use]
pub fn rate_ours(program: &Program, strategy: &str) -> f64 {
    let started = now();
    let passed = reveille::explore().strategy(strategy).runs(RATE_RUNS).run(program.ours).expect("it has no bug");
    passed.polls as f64 / started.elapsed().as_secs_f64()
}

/// The same for shuttle with its random scheduler.
///
/// # Panics
/// If the program fails.
#[must_use]
pub fn rate_theirs(program: &Program) -> f64 {
    let runs = usize::try_from(RATE_RUNS).unwrap_or(usize::MAX);
    let Found { after, points, took } = run_theirs(program, RandomScheduler::new_from_seed(1, runs));
    assert_eq!(after, None, "it has no bug");
    points * RATE_RUNS as f64 / took.as_secs_f64()
}

/// The runs of a campaign whose speed is measured.
const RATE_RUNS: u64 = 1_000;

/// How many unusual choices the failing run of the fewest delays has, which exhaustive search comes to first. `None` if
/// that is too far off.
#[must_use]
pub fn least_unusual(program: &Program) -> Option<usize> {
    let explore = reveille::explore().name(program.name).strategy("exhaustive").shrink(false).runs(200_000);
    explore.run(program.ours).err()?.tape().map(reveille::Tape::unusual)
}

/// How many unusual choices are left of the first failing run of a trial, and how many replays that took.
#[must_use]
pub fn shrunk(program: &Program, trial: u64) -> Option<(usize, u32)> {
    let explore = reveille::explore().name(program.name).seed(1 + trial * 1_000_000).runs(10_000);
    let failure = explore.run(program.ours).err()?;
    let report = failure.to_string();
    // `shrunk: from 5 unusual, in 12 replays`, unless there was nothing to shrink.
    let replays = report.lines().find_map(|line| line.trim().strip_prefix("shrunk: ")?.split(" in ").nth(1));
    let replays = replays.and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0);
    Some((failure.tape()?.unusual(), replays))
}
