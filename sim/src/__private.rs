//! What the macros expand to. Not part of the API.

use crate::{Failure, Isolation, Passed};

pub use crate::outcome::Outcome;
pub use crate::program::{buggify, sometimes};

/// What `#[reveille::test]` knows of a test.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// Module path and name.
    pub name: &'static str,
    /// The package, for the line that repeats a failure.
    pub package: &'static str,
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
    /// The argument `detached`.
    pub detached: Option<&'static str>,
    /// The argument `isolation`.
    pub isolation: Option<&'static str>,
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
    let mut explore = crate::explore().attribute(test.name, test.package);
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
    let pool = reveille_executor::Pool::new(usize::try_from(threads).unwrap_or(usize::MAX));
    pool.unwrap_or_else(|error| panic!("`#[reveille::main(threads = {threads})]`: {error}")).enter(run)
}
