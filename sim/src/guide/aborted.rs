//! The findings *aborted* and *endless poll*: a run ended its process, or would never have ended.
//!
//! # What they mean
//!
//! Most of what goes wrong in a run is the run's own affair: a panic is caught, a stuck task is looked into. Some things end
//! the process (`abort`, a panic in a destructor while another panic unwinds, a stack overflow, `process::exit`), and some
//! never end (a loop without an await, a `std` lock that its own thread holds). By default runs share the process of the
//! test: an abort takes the test binary along and says little, and an endless poll is named by a watchdog that ends the
//! process, other tests included.
//!
//! With [`Isolation::Process`](crate::Isolation::Process) the runs have processes of their own, a hundred or so in each. One that
//! dies is looked into: the last run that it began is performed once more, alone. If that dies too, the finding is *aborted*, with
//! the run's seed, the signal or status, and the last lines that the process wrote. If it does not, what runs before it left
//! in statics is part of the cause, and the report says so.
//!
//! # An example
//!
//! ```no_run
//! #[reveille::test(isolation = "process")]
//! async fn a_parser_of_messages() {
//!     let (sender, receiver) = async_channel::unbounded();
//!     for depth in [1, 1_000_000] {
//!         let sender = sender.clone();
//!         drop(reveille::spawn(async move { sender.send("(".repeat(depth)).await }));
//!     }
//!     parse(&receiver.recv().await.unwrap()); // aborted: has overflowed its stack, in half of the runs
//! }
//!
//! fn parse(text: &str) -> usize {
//!     if text.is_empty() { 0 } else { parse(&text[1..]) + 1 }
//! }
//! ```
//!
//! # How to go on
//!
//! The replay line performs the one run, again in a process of its own. Where a debugger is to look on, the same line without
//! `isolation = "process"` performs it in the test's process. An endless poll that is meant to take so long is told to
//! [`Explore::watchdog`](crate::Explore::watchdog).
//!
//! Such runs are not shrunk: each candidate would be a process.
