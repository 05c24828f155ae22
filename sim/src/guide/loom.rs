//! loom, beside this: which mistakes are whose, and how one crate has both kinds of tests.
//!
//! A run here switches tasks at awaits, on one thread. loom switches threads at each atomic operation and lock, and knows what the memory
//! model allows. So what is wrong *within* a poll is loom's to find, and what is wrong *between* polls is found here, in programs of any size.
//!
//! | to be tested | with |
//! |---|---|
//! | atomics, fences, a lock or a queue without locks | loom: two or three threads, a handful of operations |
//! | a future's `poll` that a wake on another thread may come into | loom, with `loom::future::AtomicWaker` or the lock it uses |
//! | a channel, pool, protocol or service made of those | here: as many tasks as it has |
//! | cancellation, time, the network, disks | here |
//!
//! The executor of this project is itself an example: `RUSTFLAGS="--cfg loom" cargo test --release` in the repository checks the word of a task,
//! the wakers, the queues and the sleeping of workers, each model with mutants that it has to notice; what is above is checked by runs.
//!
//! # In one crate
//!
//! `--cfg loom` reaches every crate of a build. This one stays what it is under it (the executor takes loom's types only if its own feature
//! says so too), and so a crate has both kinds of tests:
//!
//! ```text
//! #[cfg(loom)]
//! use loom::sync::atomic::{AtomicUsize, Ordering};
//! #[cfg(not(loom))]
//! use std::sync::atomic::{AtomicUsize, Ordering};
//!
//! #[cfg(all(test, loom))]
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
//! ```sh
//! cargo test                                                  # the schedules
//! RUSTFLAGS="--cfg loom" cargo test --release --lib models    # the models
//! ```
//!
//! `executor/loom-user` in the repository is such a crate, which CI builds and tests both ways. Two things to mind:
//!
//! * tokio reads `--cfg loom` itself, and builds without its network and its file system then. Tests that need those are `not(loom)`, and
//!   so are the dependencies that only they have: `[target.'cfg(not(loom))'.dev-dependencies]`.
//! * Atomics of loom work within `loom::model` only. A type that is built on them under `--cfg loom` is no part of a run here.
//!
//! # A model as an exhaustive search
//!
//! What of a model is about the order of steps, and not about memory, can be had here as well: [`Passed::complete`](crate::Passed) says
//! that there was no other order. It is the proof of a smaller statement, over larger programs.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! async fn nothing_is_lost() {
//!     let count = Arc::new(AtomicU32::new(0));
//!     let tasks = [(); 3].map(|()| {
//!         let count = count.clone();
//!         reveille::spawn(async move {
//!             count.fetch_add(1, Ordering::Relaxed);
//!             reveille::yield_now().await;
//!             count.fetch_add(1, Ordering::Relaxed);
//!         })
//!     });
//!     for task in tasks {
//!         task.await.unwrap();
//!     }
//!     assert_eq!(count.load(Ordering::Relaxed), 6);
//! }
//!
//! let passed = reveille::explore().strategy("exhaustive").runs(100_000).run(nothing_is_lost).unwrap();
//! assert!(passed.complete);
//! ```
