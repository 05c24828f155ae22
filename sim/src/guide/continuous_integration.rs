//! In continuous integration, and beside proptest, cargo fuzz and loom.
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
//! **proptest**, from `reveille-properties`: `schedules()`, `cancellations()`, `starvations()` and `faults()` are strategies whose values
//! shrink together with those of your own (`(schedules(), vec(operation(), 1..20))`: fewer operations, then a duller schedule).
//! `programs()` generates programs as well, for those who write executors and locks; so does the conformance kit.
//!
//! **cargo fuzz**: whatever answers choices can run a program ([`Explore::answered_by`](crate::Explore::answered_by)), the bytes of a
//! fuzzer too. A crash becomes a tape, is made small, and replays under `cargo test`. The folder `fuzz` of the repository has targets to
//! start from.
//!
//! **loom** sees what happens between two instructions, which no run here does. `RUSTFLAGS="--cfg loom"` reaches every crate of a build;
//! this one stays what it is under it, and so a crate can have both kinds of tests:
//!
//! ```text
//! #[cfg(loom)]
//! mod models {
//!     #[test]
//!     fn a_flag_is_seen() {
//!         loom::model(|| { /* threads and atomics of loom */ });
//!     }
//! }
//!
//! #[cfg(all(test, not(loom)))]
//! mod schedules {
//!     #[reveille::test]
//!     async fn nobody_waits_for_ever() { /* tasks */ }
//! }
//! ```
//!
//! (A crate that does is built and tested with this one: `executor/loom-user` in the repository.)
//!
//! Keep each loom model at two or three threads and a handful of atomics, and what is made of them here.
