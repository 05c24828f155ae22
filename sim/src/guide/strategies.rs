//! Choosing a strategy, and how long to search.
//!
//! The default is the *portfolio*: the seed of a run draws one of several strategies, so that no kind of bug is out of reach of all
//! runs. There is seldom a reason for another while a test is written. Run 0 is always the dullest: each in turn, no fault.
//!
//! | name | what it does | when |
//! |---|---|---|
//! | `portfolio` | the seed draws among those below, with faults and freedoms more or less often | the default |
//! | `random` | each pick is uniform | the fewest costs per poll; crowds of tasks; a baseline |
//! | `sticky:12` | stays with a task with probability 12/16 | code whose bugs need one task to get far ahead |
//! | `skewed` | each task has a speed, some a thousand times that of others | a slow task among fast ones |
//! | `pct:3` | random priorities, two of which change in the course of the run (Burckhardt and others, ASPLOS 2010) | bugs of a known, small depth: there is a bound on the runs it takes |
//! | `delays:2` | each in turn, but for at most two delays at random points (Emmi and others, POPL 2011) | order that holds nearly always, and bugs of few departures in long programs |
//! | `urw`, `surw` | weighs tasks by how much they still have to do, and by one shared object (Zhao and others, ASPLOS 2025) | tasks of unequal length |
//! | `pos` | a random priority for each poll, redrawn where polls met on one object | many short tasks on one lock |
//! | `feedback` | varies runs in which tasks met in a new way (Wolff and others, ASPLOS 2024) | long searches, where the others have flattened; its runs follow one another, so they are neither shared out nor named by a seed |
//! | `workers:4` | the policy of a [pool](crate::main) of four workers, stealing and all | does it hold under our own executor? |
//! | `exhaustive` | every run, those with few delays first | small programs: a proof, if it says so |
//!
//! ```
//! use reveille::explore;
//!
//! async fn two_tasks() {
//!     let tasks = [(); 2].map(|()| reveille::spawn(reveille::yield_now()));
//!     for task in tasks {
//!         task.await.unwrap();
//!     }
//! }
//!
//! let all = explore().strategy("exhaustive").run(two_tasks).unwrap();
//! assert!(all.complete, "there is no other schedule: a proof, within the limits of what is explored");
//!
//! let some = explore().strategy("pct:3").runs(100).run(two_tasks).unwrap();
//! assert!(!some.complete);
//! println!("{} runs, {} different schedules, the last new one {}", some.runs, some.schedules,
//!     if some.has_flattened() { "long ago" } else { "just now" });
//! ```
//!
//! `REVEILLE_STRATEGY=surw cargo test` asks all tests for one without changing them, those included that name another. A name that
//! does not exist is an error that lists those that do. An audit of [`cancel`](crate::cancel) cannot take `exhaustive` and `feedback`, whose runs follow
//! from one another; it takes `random` then, and its report says so.
//!
//! # How long
//!
//! A thousand runs, the default, is for each change: it takes milliseconds for a small test, and the seeds are fixed, so it passes or
//! fails for everybody alike. [`Passed::schedules_late`](crate::Passed::schedules_late) and
//! [`has_flattened`](crate::Passed::has_flattened) say whether more would have brought anything new. At night:
//!
//! ```sh
//! REVEILLE_SECONDS=600 REVEILLE_JOBS=8 cargo test     # each test for ten minutes
//! ```
//!
//! and on [many machines](super::machines) a shard for each. A search that comes back with a failure has kept its tape in
//! `reveille-regressions/`: commit that, and it is repeated first from then on.
//!
//! # What a strategy does not decide
//!
//! Faults of the network and of disks ([`Explore::faults`](crate::Explore::faults)), what else an executor may do
//! ([`freedoms`](super::freedoms)), where an operation is cut ([`cancel`](crate::cancel)), and [`choose`](crate::choose) in the program are
//! answered by the same source, on the same tape. How often a fault with a rate strikes (`lost=1/5`) is no strategy's to change. How the strategies compare on the classic programs is a table in
//! `benches/README.md`.
