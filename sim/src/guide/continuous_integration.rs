//! In continuous integration: for each change, at night, and beside other tools.
//!
//! # For each change
//!
//! ```sh
//! cargo test
//! ```
//!
//! That is all. Seeds are fixed, so a test passes or fails for everybody alike; what it explores does not depend on the machine, its
//! load, or how many tests run at once. Two things are worth a line:
//!
//! * **Line tables**, so that reports name lines also in release: `debug = "line-tables-only"` in `[profile.release]`. The profile of
//!   `cargo test` has them.
//! * **Kept failures.** A test that fails writes `reveille-regressions/<test>.txt` beside it. On a build machine nobody commits that file:
//!   keep it as an artifact, or take the `replay:` line from the log, which is the same run.
//!
//! A test says nothing of all this. It does say what a campaign has to have met, long or short:
//!
//! ```
//! use reveille::time::{Duration, sleep, timeout};
//!
//! # mod tests { use super::*;
//! #[reveille::test] // a thousand runs for each change, as many as there is time for at night
//! async fn an_answer_or_a_time_out() {
//!     let answer = async {
//!         sleep(Duration::from_millis(u64::from(reveille::choose(20)))).await;
//!         42
//!     };
//!     let answer = timeout(Duration::from_millis(10), answer).await;
//!     reveille::sometimes!(answer.is_err(), "it takes too long"); // if no run comes there, the test fails
//!     assert_eq!(answer.unwrap_or(42), 42);
//! }
//! # }
//! ```
//!
//! A test whose program can end the process (an abort, a stack overflow, a poll that never returns) takes the other tests of its binary
//! with it, as any Rust test does: [`isolation`](crate::Explore::isolation) gives it processes of its own.
//!
//! # At night
//!
//! ```sh
//! REVEILLE_SECONDS=300 cargo test     # each test for five minutes
//! ```
//!
//! A budget in time performs as many runs as there is time for; which those are is fixed, how many is not. On several machines each
//! takes a part: [`machines`](super::machines).
//!
//! # Beside other tools
//!
//! [proptest and cargo fuzz](super::proptest_and_fuzzing) bring inputs of their own. Under `cargo test` a property is a test like others; a fuzzer
//! needs nightly and a machine of its own, and what it finds is replayed by `cargo test` everywhere.
//!
//! [`loom`](super::loom) is one more command, with flags that rebuild everything: give it a target folder of its own.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --release --lib models --target-dir target/loom
//! ```
//!
//! # As a whole
//!
//! ```yaml
//! jobs:
//!   test:                      # every change
//!     steps:
//!       - run: cargo test
//!       - run: RUSTFLAGS="--cfg loom" cargo test --release --lib models --target-dir target/loom
//!       - if: failure()        # what failed, to be committed
//!         uses: actions/upload-artifact@v4
//!         with: { name: reveille-regressions, path: "**/reveille-regressions/*.txt" }
//!   night:                     # on a schedule, on four machines
//!     strategy: { matrix: { part: [1, 2, 3, 4] } }
//!     steps:
//!       - run: REVEILLE_SECONDS=300 REVEILLE_SHARD=${{ matrix.part }}/4 cargo test
//! ```
