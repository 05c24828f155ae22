//! What the suites share.

#![allow(dead_code, reason = "each suite uses a part")]

use proptest::test_runner::{Config, RngAlgorithm, RngSeed};

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
pub(crate) const STRATEGIES: [&str; 12] = [
    "portfolio",
    "random",
    "sticky:8",
    "pct:3",
    "workers:2",
    "workers:4",
    "urw",
    "pos",
    "surw",
    "skewed",
    "feedback",
    "exhaustive",
];
