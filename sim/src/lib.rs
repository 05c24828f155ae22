// First, as what stands before it stays. See build.rs.
#![cfg(not(all(doctest, under_loom)))]
//! Runs async code thousands of times in a simulation in which nothing is left to chance, and says which task was never
//! woken, where it waits, and how to see it again.
//!
//! ```
//! use std::{cell::Cell, rc::Rc};
//!
//! use reveille::FindingKind;
//!
//! // Two writers append to a log: each looks up the next position, awaits, and moves it on.
//! async fn two_writers() {
//!     let next = Rc::new(Cell::new(0));
//!     let write = |next: Rc<Cell<u32>>| async move {
//!         let position = next.get();
//!         reveille::yield_now().await;
//!         next.set(position + 1);
//!     };
//!     let (one, two) = (reveille::spawn(write(next.clone())), reveille::spawn(write(next.clone())));
//!     one.await.unwrap();
//!     two.await.unwrap();
//!     assert_eq!(next.get(), 2, "an entry was overwritten");
//! }
//!
//! let failure = reveille::explore().run(two_writers).unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::Panic));
//! println!("{failure}"); // which task, which schedule, and the line that replays it
//! ```
//!
//! As a test of `cargo test` the same is an attribute: [`#[reveille::test]`](test) on an `async fn`. The [`guide`] begins with
//! [`getting_started`](guide::getting_started).
//!
//! # What a program calls
//!
//! | for | there is |
//! |---|---|
//! | tasks | [`spawn`], [`JoinSet`], [`scope()`], [`task`] |
//! | time | [`time`]: virtual, so that an hour takes none |
//! | machines, sockets, files | [`node()`], [`net`], [`fs`], and what may [go wrong](guide::faults) with them |
//! | decisions of its own | [`choose`], [`rng`], [`sometimes!`], [`buggify!`] |
//! | futures that are dropped half-way | [`cancel`] |
//! | futures that are left unpolled, tasks that wait for their turn | [`leaf`](mod@leaf), [`fair`] |
//!
//! # How it works
//!
//! A run starts from an empty world and executes the program on one thread and on virtual time. Whatever the program
//! leaves open (which runnable task is polled next, what [`choose`] answers) is one call of one method, recorded on a
//! [`Tape`]. The tape *is* the run: a failure is explained by repeating it with observers in place.
//!
//! # Deliberately absent
//!
//! Preemption inside a poll (that is loom's subject), real I/O, a second source of randomness. See [`guide::limits`].
#![forbid(unsafe_code)]

mod advice;
mod backtraces;
mod campaign;
mod choices;
mod command;
mod context;
mod digest;
mod draws;
mod endless;
mod event;
mod explain;
mod explore;
mod failure;
mod finding;
mod freedom;
mod isolation;
mod judge;
mod kinds;
mod lanes;
mod lens;
mod livelock;
#[cfg(feature = "tracing")]
mod logging;
mod oracle;
mod outcome;
mod panics;
mod parked;
mod prepared;
mod program;
mod regressions;
mod repeat;
mod run;
mod select;
mod settings;
mod shrink;
mod site;
mod spin;
mod strategy;
mod tape;
mod thread_state;
mod trial;
mod unusual;
mod waiting;
mod watch;
mod watchdog;

pub mod cancel;
pub mod fair;
pub mod fs;
pub mod guide;
pub mod leaf;
pub mod net;
pub mod node;
pub mod task;
pub mod time;

pub use event::{Event, TaskEnd, Told};
pub use explore::{Explore, explore, replay};
pub use failure::{Failure, Passed};
pub use finding::FindingKind;
pub use freedom::Freedom;
pub use isolation::Isolation;
pub use leaf::leaf;
pub use node::{Node, node};
pub use oracle::Oracle;
pub use outcome::Outcome;
pub use program::{Generator, choose, explaining, rng};
pub use rand_chacha::rand_core;
pub use reveille_executor::{Choose, Hint, Kind, Point, Ready};
pub use reveille_macros::{main, test};
pub use tape::{Tape, TapeError};
pub use task::{JoinError, JoinHandle, JoinSet, Scope, TaskId, scope, spawn, spawn_blocking, spawn_send, yield_now};

#[doc(hidden)]
pub mod __private;

/// The README's programs compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
