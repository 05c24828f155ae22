//! Pages to read, in an order that makes sense.
//!
//! The smallest whole test:
//!
//! ```
//! # mod tests {
//! #[reveille::test]
//! async fn the_child_is_done() {
//!     let child = reveille::spawn(async { 42 });
//!     assert_eq!(child.await.unwrap(), 42);
//! }
//! # }
//! ```
//!
//! To begin with:
//!
//! * [`getting_started`]: from an empty test to a failure that is understood, mended, and kept.
//! * [`reading_a_report`]: line by line, and what to do about each finding.
//! * [`strategies`]: which there are, when to ask for one, and how long to search.
//! * [`tokio`]: testing a crate that uses tokio today.
//! * [`coming_from`]: loom, shuttle, turmoil, madsim, moonpool, bach and tokio's paused time: when to keep them, and what their calls are here.
//! * [`continuous_integration`]: for each change, at night, and beside other tools.
//! * [`proptest_and_fuzzing`]: inputs and schedules that are made small together.
//! * [`loom`]: which mistakes are whose, and both kinds of tests in one crate.
//! * [`limits`]: what this tool cannot find, and where it can be misled.
//! * [`internals`]: the way of a wake to the run queue, and of a failure to the report.
//!
//! What else a run can have: machines, what may go wrong with them and between them ([`faults`]), disks
//! ([`fs`](crate::fs)), cancellation at every await ([`cancellation`]), odd but legal executors ([`freedoms`]), and
//! a campaign on many computers ([`machines`]).
//!
//! Findings that need more than a line, with an example and how to mend it:
//!
//! * [`futurelock`] and [`starved_leaf`]: somebody else is not being polled.
//! * [`livelock`] and [`endless_poll`]: there is no end.
//! * [`unfairness`]: others come first.
//! * [`aborted`]: the process ends.
//! * [`nondeterminism`]: a program does not repeat itself.

pub mod aborted;
pub mod cancellation;
pub mod coming_from;
pub mod continuous_integration;
pub mod endless_poll;
pub mod faults;
pub mod freedoms;
pub mod futurelock;
pub mod getting_started;
pub mod internals;
pub mod limits;
pub mod livelock;
pub mod loom;
pub mod machines;
pub mod nondeterminism;
pub mod proptest_and_fuzzing;
pub mod reading_a_report;
pub mod starved_leaf;
pub mod strategies;
pub mod tokio;
pub mod unfairness;
