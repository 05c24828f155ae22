//! The finding *nondeterminism*: the same choices gave another run.
//!
//! # What it means
//!
//! A run is its choices. That holds as long as the program decides nothing by what the run does not know: the order of a hash
//! map, the wall clock, a random generator of its own, another thread, a `static` that an earlier run has left something in.
//! Then nothing that was found could be replayed or shrunk, and an explanation might be that of another run. So a campaign
//! repeats every failing run and some of the passing ones, and says this instead where they differ.
//!
//! The report tells the first event in which two repetitions differ, the task that was polled last before it, and the awaits
//! between which that poll went. If the text of that function names something that does not repeat itself, it is listed:
//! that is a hint, read from the words, and no proof. If the repetitions agree with one another and not with the run,
//! something was carried over from an earlier run; the report then says between which polls they parted, to a power of two. If all polls
//! agree, and a task that hangs at the end does not wait for the same thing again, the report has both, and that is all that is known.
//!
//! # An example
//!
//! ```
//! use std::collections::HashMap;
//!
//! use reveille::{FindingKind, explore, spawn, yield_now};
//!
//! async fn tell(name: &'static str) {
//!     if name.len() > 3 {
//!         yield_now().await;
//!     }
//! }
//!
//! async fn program() {
//!     let names: HashMap<_, _> = ["ada", "grace", "barbara", "joan", "radia", "jean"].iter().map(|name| (name, ())).collect();
//!     for name in names.keys() {
//!         spawn(tell(name)).await.unwrap(); // in an order of its own
//!     }
//! }
//!
//! let failure = explore().run(program).unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::Nondeterminism));
//! assert!(failure.to_string().contains("first difference: step "));
//! ```
//!
//! # How to mend it
//!
//! * In a test: `BTreeMap` for what is iterated, [`rng`](crate::rng) for random numbers, [`time`](crate::time) for clocks, `biased;`
//!   in `select!`, or [`reveille::select!`](crate::select) in its place, which explores the order of its branches.
//! * State that outlives a run belongs into the closure that makes the program. Where it cannot be moved,
//!   [`Explore::isolation`](crate::Explore::isolation) gives each run a thread of its own, or some runs a process.
//! * On Linux the feature `interpose` (`Explore::interpose`) makes hash orders and the clocks of the standard library answer from the
//!   run, in all crates that are linked in: then such code can stay as it is, and different orders are explored.
//!
//! # What is not seen
//!
//! A difference that shows in no poll, wake, spawn, choice, time or outcome. Runs that differ once in a thousand: eleven of a
//! thousand runs are repeated. Work that another thread does without waking a task.
