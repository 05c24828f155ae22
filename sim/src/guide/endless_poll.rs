//! The finding *endless poll*: one poll of a task does not return.
//!
//! # What it means
//!
//! An executor can do nothing while it polls: no other task runs on that thread, and in a run no time passes. A loop without an
//! await, a `std` lock that its own thread holds already (a guard that was kept across an await), a blocking receive, and
//! `std::thread::sleep` all look like that from outside.
//!
//! A poll that goes round with timers, handles or sockets of ours is ended after two million of them, and reported as any other finding. Any
//! other poll cannot be stopped: after [`Explore::watchdog`](crate::Explore::watchdog), ten seconds of real time, a watchdog says which task
//! it is, where that waited before, what its thread does (on Linux: it runs, waits for a lock, sleeps, or is blocked in another
//! call), and, if the poll takes its waker in each turn, at which line it goes round. Then it ends the process. With
//! [`Isolation::Process`](crate::Isolation::Process) that is the process of some runs only, and the test fails with the finding.
//!
//! # An example
//!
//! ```
//! use std::pin::pin;
//!
//! use futures::FutureExt;
//! use reveille::time::{Duration, sleep};
//! use reveille::{FindingKind, explore};
//!
//! // Asks until the answer is there, and returns to nobody meanwhile: no time passes, and it never is.
//! let failure = explore()
//!     .run(|| async {
//!         let mut pause = pin!(sleep(Duration::from_secs(1)));
//!         while pause.as_mut().now_or_never().is_none() {}
//!     })
//!     .unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::EndlessPoll));
//!
//! // Mended: it waits.
//! explore().run(|| async { sleep(Duration::from_secs(1)).await }).unwrap();
//! ```
//!
//! # How to mend it
//!
//! * Return `Pending` where there is nothing to do, that is, await what is waited for.
//! * Let go of a `std` lock before an await, or use an async one.
//! * Give what blocks to [`spawn_blocking`](crate::spawn_blocking).
//! * A poll that is meant to take long in real time: [`watchdog`](crate::Explore::watchdog), with more, or
//!   `#[reveille::test(watchdog = "60s")]`. One that is meant to go round with leaves of ours holds
//!   [`meant_to_spin()`](crate::task::meant_to_spin).
