//! What the suites share.

#![allow(dead_code, reason = "each suite uses a part")]

use proptest::test_runner::{Config, RngAlgorithm, RngSeed};
use reveille_properties::program::{Interpreter, Outcome, Program};

/// Performs `program` beside two tasks that have two thousand turns each: who hands out turns has something to be unfair with.
pub(crate) async fn beside_busy_tasks(interpreter: Interpreter, program: Program) -> Outcome {
    let busy = || async {
        for _ in 0..2_000 {
            reveille::yield_now().await;
        }
    };
    let busy = [reveille::spawn(busy()), reveille::spawn(busy())];
    let outcome = interpreter.perform(program).await;
    for task in busy {
        task.await.expect("it only yields");
    }
    outcome
}

/// The most tasks of [`beside_busy_tasks`], with those that a small program spawns.
pub(crate) const TASKS_MAX: u64 = 16;

/// Fixed seeds: a test that fails now and then teaches people to run it again. `REVEILLE_CASES` multiplies the cases, for a
/// long run.
pub(crate) fn config(cases: u32) -> Config {
    let factor = std::env::var("REVEILLE_CASES").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1);
    Config {
        cases: cases.saturating_mul(factor),
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(0x5eed),
        ..Config::default()
    }
}

/// Every strategy that has a name.
pub(crate) const STRATEGIES: [&str; 13] = [
    "portfolio",
    "random",
    "sticky:8",
    "pct:3",
    "delays:3",
    "workers:2",
    "workers:4",
    "urw",
    "pos",
    "surw",
    "skewed",
    "feedback",
    "exhaustive",
];
