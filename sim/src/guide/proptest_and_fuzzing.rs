//! Inputs and schedules together: proptest, cargo fuzz, and answers of one's own.
//!
//! A campaign varies what happens around a program; its input stays. Where the input matters as well, a property test or a
//! fuzzer generates both, and both are made small together.
//!
//! # proptest
//!
//! `reveille-properties` has strategies for what a run leaves open: `schedules()`, `cancellations()`, `starvations()`, `faults()`. Beside
//! strategies of your own they are values like others, so proptest shrinks the input, then the schedule that it needs:
//!
//! ```text
//! use std::rc::Rc;
//!
//! use futures::lock::Mutex;
//! use proptest::collection::vec;
//! use proptest::prelude::*;
//! use reveille_properties::schedules;
//!
//! async fn deposits(amounts: Vec<u32>) {
//!     let balance = Rc::new(Mutex::new(0));
//!     let depositing = amounts.iter().map(|amount| {
//!         let (balance, amount) = (balance.clone(), *amount);
//!         reveille::spawn(async move { *balance.lock().await += amount })
//!     });
//!     for task in depositing.collect::<Vec<_>>() {
//!         task.await.unwrap();
//!     }
//!     assert_eq!(*balance.lock().await, amounts.iter().sum::<u32>());
//! }
//!
//! proptest!(|(amounts in vec(1..100_u32, 0..10), world in schedules())| {
//!     world.check(move || deposits(amounts.clone()))?;
//! });
//! ```
//!
//! (In a test that is `proptest! { #[test] fn .. }` as ever. The program stands in the documentation of `reveille-properties` too, where it
//! is compiled and run; one that fails, a pool with a mistake, is its example `user_pool`.)
//!
//! * A smaller input asks other questions of the schedule, so the answers that broke the larger one rarely break it. `check` therefore
//!   tries as much of the last failing tape as fits before it gives a smaller case up. Without that, little shrinks.
//! * The failure that proptest prints ends in a tape. Written beside the values of the case, [`replay`](crate::replay()) repeats it.
//! * What failed is kept by proptest, in its own file of regressions, and is tried first.
//! * `programs()` generates whole async programs, for those who write executors, locks and channels; so does the conformance kit, for
//!   any executor.
//!
//! Ask for many cases of one run each, as here, rather than for few cases of a campaign each: an input that is of use with one
//! schedule in ten thousand is rare.
//!
//! # cargo fuzz
//!
//! Bytes answer the choices of a run. Coverage then leads to schedules that reach new code. What a crash comes to is the same report:
//!
//! ```text
//! libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
//!     if let Err(failure) = Circumstances::of_bytes(bytes).explore().shrink(true).run(my_program) {
//!         panic!("{failure}"); // shrunk, with the line that replays it
//!     }
//! });
//! ```
//!
//! Whoever has an input as well takes it from the first bytes, and leaves the rest to the run. `fuzz/` in the repository has targets to
//! start from, one line each over functions that plain `cargo test` replays its corpus with; `fuzz/README.md` has the commands.
//! Coverage knows which code was reached and nothing of data: where a mistake does not show in what is reached, a fuzzer is a random search.
//!
//! # Answers of one's own
//!
//! Both come in by one door, which is open: [`Explore::answered_by`](crate::Explore::answered_by) takes whatever implements
//! [`Choose`](crate::Choose). What it answers is recorded and made small as ever.
//!
//! ```
//! use reveille::{Choose, FindingKind, Kind, Point, explore, spawn, yield_now};
//!
//! /// Answers from bytes, and as usual when they are used up.
//! struct Bytes(std::vec::IntoIter<u8>);
//!
//! impl Choose for Bytes {
//!     fn choose(&mut self, point: Point<'_>) -> u32 {
//!         u32::from(self.0.next().unwrap_or(0)) % point.bound
//!     }
//! }
//!
//! async fn whoever_comes_last_wins() {
//!     let winner = std::rc::Rc::new(std::cell::Cell::new(0));
//!     let tasks = [1, 2].map(|racer| {
//!         let winner = winner.clone();
//!         spawn(async move {
//!             yield_now().await;
//!             winner.set(racer);
//!         })
//!     });
//!     for task in tasks {
//!         task.await.unwrap();
//!     }
//!     assert_eq!(winner.get(), 2);
//! }
//!
//! let run = |bytes: &[u8]| {
//!     let bytes = bytes.to_vec();
//!     explore().runs(1).answered_by(move |_seed| Bytes(bytes.clone().into_iter())).run(whoever_comes_last_wins)
//! };
//! run(&[]).unwrap();
//! let failure = run(&[1]).unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::Panic));
//! // The tape that it ends in needs no bytes.
//! let again = reveille::replay(&failure.tape().unwrap().to_string(), whoever_comes_last_wins).unwrap_err();
//! assert_eq!(again.kind(), failure.kind());
//! ```
