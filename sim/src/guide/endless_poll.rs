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
//! it is, in which run and at which step, and what its thread does (on Linux: it runs, waits for a lock, sleeps, or is blocked in another
//! call). Where the task waited before, and at which line the poll goes round if it takes its waker in each turn, is found out by repeating
//! the run up to that poll. Then the watchdog ends the process. With [`Isolation::Process`](crate::Isolation::Process) that is the process of
//! some runs only, and the test fails with the finding.
//!
//! # Where the details come from
//!
//! From another process. The test binary is started again for this test alone (`--exact`, with `REVEILLE_CHILD` set), repeats the run of that
//! seed up to the poll, and is ended when it has said what it knows. So a lock in a `static` that the hung thread holds, or any other
//! state that runs leave in statics, does not hide where the task was. What the test does before it explores is done once more, with its
//! output thrown away; a program that must not do so can look for `REVEILLE_CHILD`. A test that explores several times performs
//! the earlier explorations first, and has ten seconds for that.
//!
//! Where that cannot be, a thread of the hanging process repeats the run, which hangs as well if the program needs what is held: in a
//! program that is no test built by Cargo, on a thread that has not the name of a test, where the child does not come to that poll. A run that
//! no seed repeats (in an audit of cancellation, by answers of one's own, while a failure is being made smaller) has no details.
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
