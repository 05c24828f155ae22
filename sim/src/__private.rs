//! What the macros expand to. Not part of the API.

use std::path::Path;
use std::time::{Duration, Instant};

use reveille_executor::{Pool, StillRunning};

use crate::command::Target;
use crate::{Explore, Failure, Isolation, Passed};

pub use crate::outcome::Outcome;
pub use crate::program::{buggify, sometimes};
pub use crate::select::first_branch;

/// What `#[reveille::test]` knows of a test.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// Module path and name.
    pub name: &'static str,
    /// The package, for the line that repeats a failure.
    pub package: &'static str,
    /// The folder of the package, when it was built.
    pub folder: &'static str,
    /// The name of the binary or example that it is a test of, if it is one.
    pub program: Option<&'static str>,
    /// Whether it was built as an integration test, or as a benchmark.
    pub is_integration: bool,
    /// The argument `runs`.
    pub runs: Option<u64>,
    /// The argument `seed`.
    pub seed: Option<u64>,
    /// The argument `replay`.
    pub replay: Option<&'static str>,
    /// The argument `strategy`.
    pub strategy: Option<&'static str>,
    /// The argument `faults`.
    pub faults: Option<&'static str>,
    /// The argument `freedoms`.
    pub freedoms: Option<&'static str>,
    /// The argument `detached`.
    pub detached: Option<&'static str>,
    /// The argument `isolation`.
    pub isolation: Option<&'static str>,
    /// The argument `starved_after`, in milliseconds.
    pub starved_after: Option<u64>,
    /// The argument `starved_polls`.
    pub starved_polls: Option<u64>,
    /// The argument `wake_to_poll_max`.
    pub wake_to_poll_max: Option<u64>,
    /// The argument `watchdog`, in milliseconds.
    pub watchdog: Option<u64>,
    /// The folder of the package, if failing runs are kept.
    pub regressions: Option<&'static str>,
}

/// Runs a test and fails it if something is found.
#[track_caller]
pub fn test<F, Fut>(test: Test, program: F)
where
    F: Fn() -> Fut + Sync,
    Fut: Future + 'static,
    Fut::Output: Outcome,
{
    match explore(test, program) {
        // The harness captures it, and shows it with `--nocapture` or `--show-output`.
        Ok(passed) => println!("{passed}"),
        Err(failure) => fail(&failure),
    }
}

#[track_caller]
fn explore<F, Fut>(test: Test, program: F) -> Result<Passed, Failure>
where
    F: Fn() -> Fut + Sync,
    Fut: Future + 'static,
    Fut::Output: Outcome,
{
    let mut explore = crate::explore().attribute(test.name, test.package, target(test));
    if let Some(runs) = test.runs {
        explore = explore.runs(runs);
    }
    if let Some(seed) = test.seed {
        explore = explore.seed(seed);
    }
    if let Some(strategy) = test.strategy {
        explore = explore.strategy(strategy);
    }
    if let Some(faults) = test.faults {
        explore = explore.faults(faults);
    }
    if let Some(freedoms) = test.freedoms {
        explore = explore.freedoms(freedoms);
    }
    explore = bounds(test, explore);
    if let Some(package) = test.regressions {
        explore = explore.regressions(crate::regressions::file(package, test.name));
    }
    if let Some(tape) = test.replay {
        explore = explore.replay(tape);
    }
    if let Some(name) = test.isolation {
        let unknown =
            || format!("`{}`: isolation = {name:?}: expected \"shared\", \"thread\" or \"process\"", test.name);
        explore = explore.isolation(Isolation::named(name).ok_or_else(|| Failure::setup(unknown()))?);
    }
    explore = match test.detached {
        None | Some("allow") => explore,
        Some("deny") => explore.deny_detached(),
        Some(other) => {
            return Err(Failure::setup(format!(
                "`{}`: detached = {other:?}: expected \"allow\" or \"deny\"",
                test.name
            )));
        }
    };
    explore.run(program)
}

/// The target that the test belongs to.
fn target(test: Test) -> Option<Target> {
    Target::of(test.name, test.package, Path::new(test.folder), test.program, test.is_integration)
}

/// What the program is meant to do that would be a finding else.
fn bounds(test: Test, mut explore: Explore) -> Explore {
    if let Some(millis) = test.starved_after {
        explore = explore.starved_after(Duration::from_millis(millis));
    }
    if let Some(polls) = test.starved_polls {
        explore = explore.starved_polls(polls);
    }
    if let Some(polls) = test.wake_to_poll_max {
        explore = explore.wake_to_poll_max(polls);
    }
    if let Some(millis) = test.watchdog {
        explore = explore.watchdog(Duration::from_millis(millis));
    }
    explore
}

/// Reports a failed test through the test harness: prints the report and fails without a second message.
fn fail(failure: &Failure) -> ! {
    let text = failure.to_string();
    eprintln!("{text}");
    // The payload is the text, for `#[should_panic(expected = ..)]`; resuming runs no hook, so nothing is printed twice.
    std::panic::resume_unwind(Box::new(text))
}

/// Runs an async main on the real executor, beside a pool of so many threads if any are asked for.
pub fn main<F: Future>(threads: Option<u64>, future: F) -> F::Output {
    let run = || reveille_executor::LocalExecutor::new().block_on(future);
    let Some(threads) = threads else { return run() };
    let pool = Pool::new(usize::try_from(threads).unwrap_or(usize::MAX));
    let pool = pool.unwrap_or_else(|error| panic!("`#[reveille::main(threads = {threads})]`: {error}"));
    let output = pool.enter(run);
    end(pool, PATIENCE, |waits| eprintln!("`#[reveille::main(threads = {threads})]`: {waits}"));
    output
}

/// How long after `main` the end of its pool is waited for in silence.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits for the end of `pool`, however long that takes; says what it waits for, if it is longer than `patience`.
fn end(mut pool: Pool, patience: Duration, say: impl FnOnce(&StillRunning)) {
    #[expect(clippy::disallowed_methods, reason = "the program has ended, and is no simulation")]
    let begun = Instant::now();
    while let Err(waits) = pool.try_end() {
        if begun.elapsed() >= patience && !waits.tasks().is_empty() {
            say(&waits);
            return;
        }
        pool = waits.into_pool();
        std::thread::yield_now();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn the_end_of_a_main_with_threads_says_which_task_it_waits_for() {
        let pool = Pool::new(2).unwrap();
        let go_on = Arc::new(AtomicBool::new(false));
        let go = Arc::clone(&go_on);
        let endless = pool.spawn(async move {
            while !go.load(Ordering::SeqCst) {
                std::hint::spin_loop();
            }
        });
        while pool.running().is_empty() {}
        let mut said = None;
        end(pool, Duration::ZERO, |waits| {
            said = Some(waits.tasks().to_vec());
            go_on.store(true, Ordering::SeqCst);
        });
        assert_eq!(said, Some(vec![endless.id()]));
        assert!(endless.is_finished());
    }

    #[test]
    fn the_end_of_a_main_with_threads_says_nothing_if_nobody_is_busy() {
        end(Pool::new(2).unwrap(), Duration::ZERO, |waits| panic!("{waits}"));
    }
}
