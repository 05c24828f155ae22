// First, as what stands before it stays. See build.rs.
#![cfg(not(all(doctest, under_loom)))]
//! Random programs, random circumstances, and reference models: what the harness is checked with, and what its users may
//! check their own code with.
//!
//! [`program`] is a small language of async programs as a proptest strategy, with an interpreter that runs them on reveille
//! and a model that says which outcomes are allowed. [`schedules`], [`cancellations`], [`starvations`] and [`faults`]
//! generate what a run leaves open, as values that shrink together with a user's own. [`conformance`] holds any executor to
//! what it owes its futures. [`starving`] generates programs that starve somebody, [`linear`] judges histories. [`models`] are slow and obvious
//! versions of the harness' own parts. [`fuzz`] is what the targets in the folder `fuzz` do with their bytes.
//!
//! ```
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
//! The example `user_pool` is a connection pool of one's own under `proptest!`: its callers and its schedule shrink together.
//!
//! The suites in `tests/` hold reveille to its promises over all of these; known bugs of published crates are in `gallery/`.
//!
//! Deliberately absent: any way to run a program but the harness itself, and the pool that belongs to it.
#![forbid(unsafe_code)]
#![cfg(not(loom))]

mod circumstances;
mod strategies;

pub mod conformance;
pub mod fuzz;
pub mod linear;
pub mod models;
pub mod program;
pub mod protocol;
pub mod starving;

pub use circumstances::Circumstances;
pub use program::programs;
pub use strategies::{cancellations, faults, schedules, starvations};
