//! The finding *unfairness*: somebody waits while others have their turn, again and again.
//!
//! # What it means
//!
//! Nothing is stuck, and still there is one who does not get on. Two bounds can be set, and neither is by default, since what is fair is
//! the program's to say:
//!
//! * [`Explore::wake_to_poll_max`](crate::Explore::wake_to_poll_max): how many polls others may have between a task's wake and its own poll. Schedules
//!   pass tasks over on purpose, so it says something of the program under the fair schedule (`seed(0).runs(1)`), or of a
//!   pool's policy (`workers:4`, with [`fair::pool_wait_max`](crate::fair::pool_wait_max) for its bound). [`Passed::longest_wait`](crate::Passed::longest_wait) tells the figure where no bound is set.
//! * [`fair::Line`](crate::fair::Line): how often a waiter may be overtaken, where the program knows who came first. This one holds under any
//!   schedule.
//!
//! # An example
//!
//! A `select!` that is `biased` looks at its first branch first, every time. While that has something to give, the others get nothing:
//!
//! ```
//! use reveille::{FindingKind, explore, fair::Line, spawn};
//! use tokio::sync::mpsc;
//!
//! async fn counter() {
//!     let (ask, mut asked) = mpsc::channel(8);
//!     let (call, mut called) = mpsc::channel(8);
//!     let line = Line::new("counter", 3);
//!     let customer = line.join();
//!     ask.send(customer).await.unwrap();
//!     spawn(async move {
//!         for _ in 0..10 {
//!             call.send(line.join()).await.unwrap();
//!         }
//!     });
//!     reveille::yield_now().await; // the telephone rings
//!     for _ in 0..11 {
//!         tokio::select! {
//!             biased;
//!             Some(caller) = called.recv() => caller.served(),
//!             Some(customer) = asked.recv() => customer.served(),
//!         }
//!     }
//! }
//! assert_eq!(explore().run(counter).unwrap_err().kind(), Some(FindingKind::Unfairness));
//! ```
//!
//! # How to mend it
//!
//! Put the branch that must not starve first, or take turns: serve one from each in a round. A line served in order needs one queue for all.
