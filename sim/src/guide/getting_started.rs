//! Getting started: from an empty test to a failure that is understood, mended, and kept.
//!
//! # A test
//!
//! ```toml
//! [dev-dependencies]
//! reveille = { git = ".." }      # the line in the README, until the crate is published
//! ```
//!
//! ```
//! # mod tests {
//! #[reveille::test]
//! async fn both_are_counted() {
//!     let one = reveille::spawn(async { 1 });
//!     let two = reveille::spawn(async { 2 });
//!     assert_eq!(one.await.unwrap() + two.await.unwrap(), 3);
//! }
//! # }
//! ```
//!
//! `cargo test` performs it a thousand times, each time with another schedule. Time is virtual: a minute of
//! [`sleep`](crate::time::sleep) takes none. A program that makes its own runtime, or spawns with tokio's `spawn`, is told what to put in
//! its place on [a page of its own](super::tokio); locks, channels and streams of other crates run as they are.
//!
//! # A mistake
//!
//! A gate that is opened once, for all who wait before it:
//!
//! ```
//! use std::cell::{Cell, RefCell};
//! use std::future::poll_fn;
//! use std::rc::Rc;
//! use std::task::{Poll, Waker};
//!
//! use reveille::{FindingKind, explore, spawn};
//!
//! #[derive(Default)]
//! struct Gate {
//!     is_open: Cell<bool>,
//!     waiter: RefCell<Option<Waker>>,
//! }
//!
//! impl Gate {
//!     fn open(&self) {
//!         self.is_open.set(true);
//!         if let Some(waiter) = self.waiter.take() {
//!             waiter.wake();
//!         }
//!     }
//!
//!     async fn passed(&self) {
//!         poll_fn(|cx| match self.is_open.get() {
//!             true => Poll::Ready(()),
//!             false => {
//!                 self.waiter.replace(Some(cx.waker().clone()));
//!                 Poll::Pending
//!             }
//!         })
//!         .await;
//!     }
//! }
//!
//! async fn everybody_passes() {
//!     let gate = Rc::new(Gate::default());
//!     let guests = [(); 2].map(|()| {
//!         let gate = gate.clone();
//!         spawn(async move { gate.passed().await })
//!     });
//!     spawn(async move { gate.open() }).await.unwrap();
//!     for guest in guests {
//!         guest.await.unwrap();
//!     }
//! }
//!
//! let failure = explore().run(everybody_passes).unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::DeadWaker));
//! // It says which task waits, where, and who dropped the only waker that it had.
//! let report = failure.to_string();
//! assert!(report.contains("its last waker was dropped"), "{report}");
//! ```
//!
//! [`explore`](crate::explore()) is what the attribute calls. The report ([line by line](super::reading_a_report)) names the guest, the
//! `await` that it never returns from, and the line that dropped its waker: the second guest's `replace`. There is room for one waker,
//! and two wait.
//!
//! # Leave time-outs out
//!
//! Elsewhere a test has a time-out around what may hang. Here a run in which nothing can move any more is over at once, and the report says who waits, where, and
//! whether somebody should have been woken. A time-out of the test's own comes before that: what is reported is its `unwrap`. So only what the
//! program itself gives up has one.
//!
//! ```
//! use reveille::time::{Duration, timeout};
//! use reveille::{FindingKind, explore};
//!
//! async fn forgotten() {
//!     std::future::pending().await
//! }
//!
//! let hangs = explore().run(forgotten).unwrap_err();
//! assert_eq!(hangs.kind(), Some(FindingKind::DeadWaker));
//! assert!(hangs.to_string().contains("left its waker with nobody"), "{hangs}");
//!
//! let patience = Duration::from_secs(5);
//! let given_up = explore().run(move || async move { timeout(patience, forgotten()).await.unwrap() }).unwrap_err();
//! assert_eq!(given_up.kind(), Some(FindingKind::Panic));
//! assert!(!given_up.to_string().contains("waker"), "{given_up}"); // of that it says nothing
//! ```
//!
//! # From there
//!
//! 1. **See it again.** The last line of the report, `replay: REVEILLE_REPLAY=.. cargo test ..`, is that very run: paste it, with prints or a
//!    debugger. In the run that shows the failure once more, and only there, [`explaining`](crate::explaining) is true.
//! 2. **Mend it.** Here: a `Vec<Waker>`, all of which are woken.
//! 3. **Keep it.** A test with the attribute has written the run to `reveille-regressions/`, beside the package's `Cargo.toml`: commit the file, and that run
//!    comes first from then on.
//!
//! ```
//! use reveille::explore;
//! # use std::cell::{Cell, RefCell};
//! # use std::future::poll_fn;
//! # use std::rc::Rc;
//! # use std::task::{Poll, Waker};
//! # #[derive(Default)]
//! # struct Gate {
//! #     is_open: Cell<bool>,
//! #     waiters: RefCell<Vec<Waker>>,
//! # }
//!
//! impl Gate {
//!     fn open(&self) {
//!         self.is_open.set(true);
//!         self.waiters.take().into_iter().for_each(Waker::wake);
//!     }
//! #   async fn passed(&self) {
//! #       poll_fn(|cx| match self.is_open.get() {
//! #           true => Poll::Ready(()),
//! #           false => {
//! #               self.waiters.borrow_mut().push(cx.waker().clone());
//! #               Poll::Pending
//! #           }
//! #       })
//! #       .await;
//! #   }
//! }
//! # async fn everybody_passes() {
//! #     let gate = Rc::new(Gate::default());
//! #     let guests = [(); 2].map(|()| {
//! #         let gate = gate.clone();
//! #         reveille::spawn(async move { gate.passed().await })
//! #     });
//! #     reveille::spawn(async move { gate.open() }).await.unwrap();
//! #     for guest in guests {
//! #         guest.await.unwrap();
//! #     }
//! # }
//!
//! let passed = explore().run(everybody_passes).unwrap();
//! println!("{passed}"); // how many runs, how many different schedules, and whether more would bring anything new
//!
//! // Small as it is, all there are can be performed:
//! assert!(explore().strategy("exhaustive").run(everybody_passes).unwrap().complete);
//! ```
//!
//! # What else to ask
//!
//! * What if an operation is given up half-way? [`cancel::audit`](crate::cancel::audit) drops it at each of its awaits.
//! * What if the network loses packets, a machine stops, a disk forgets? [`node`](crate::node()), [`net`](crate::net),
//!   [`fs`](crate::fs), and [`faults`](crate::Explore::faults).
//! * Does anything I care about ever happen? [`sometimes!`](crate::sometimes); may something never? An [`Oracle`](crate::Oracle).
//! * What can it not find? [`limits`](super::limits).
