//! The finding *futurelock*: a task waits for what a future of its own holds, and does not poll that future.
//!
//! # What it means
//!
//! A waker wakes a task, and it is the task that polls its futures. So a future makes progress only while its task comes by. A
//! task that has polled a future for a while, keeps it, and awaits something else, has put that future on ice, with all that
//! it holds: a lock, a permit, a place in a queue. A fair lock is handed to the next in the queue, whether or not anybody is
//! going to poll it. If what the task awaits needs the same lock, nobody will ever move again. The name, and the best account
//! of it, are from Oxide's RFD 609, *Futurelock*.
//!
//! It is told from an ordinary deadlock by what the task owns: a future that was woken (its timer struck, or the future in
//! its [`leaf`](fn@crate::leaf) was) and was not polled since, though its task was.
//!
//! # An example
//!
//! It is found without the `leaf(..)` as well, where there are line tables; tests in documentation have none.
//!
//! ```
//! use std::{pin::pin, rc::Rc};
//!
//! use reveille::time::{Duration, sleep, timeout};
//! use reveille::{FindingKind, explore, leaf, spawn};
//! use tokio::sync::Mutex;
//!
//! async fn brew(machine: &Mutex<()>) {
//!     let _machine = machine.lock().await;
//!     sleep(Duration::from_secs(50)).await;
//! }
//!
//! async fn program() {
//!     let machine = Rc::new(Mutex::new(()));
//!     drop(spawn({
//!         let machine = machine.clone();
//!         async move { brew(&machine).await }
//!     }));
//!     reveille::yield_now().await; // somebody else is first
//!
//!     let mut first = pin!(leaf(brew(&machine)));
//!     if timeout(Duration::from_secs(60), &mut first).await.is_err() {
//!         // `first` has the machine by now, sleeps, and is not polled any more.
//!         brew(&machine).await;
//!         first.await;
//!     }
//! }
//!
//! let failure = explore().run(program).unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::Futurelock));
//! let report = failure.to_string();
//! assert!(report.contains("waits, and does not poll a future of its own that could go on"));
//! ```
//!
//! The report shows two chains of awaits: where the task waits now, and where the future was left. What the second holds at
//! that line is what the first one waits for.
//!
//! # How to mend it
//!
//! * Poll both: `join!`, or a `select!` in a loop that goes on polling `&mut first` while the second runs.
//! * Give the future a task of its own, [`spawn(..)`](crate::spawn), and await or abort the handle.
//! * Drop it before anything else is awaited: `timeout(limit, brew(&machine))`, not `timeout(limit, &mut first)`.
//! * In a stream of futures that are in flight (`buffered`, `buffer_unordered`, `FuturesUnordered`): await nothing in the body of
//!   the loop that one of them may hold.
//!
//! # What is not seen
//!
//! Timers know that they are owed a poll. A lock of another crate does not: its future is a matter between the crate and its
//! task. Where only such a lock was handed over, the finding is a *deadlock*, with the line "perhaps a futurelock" and the place
//! at which the task had left the waker that was used. [`leaf(lock.lock())`](fn@crate::leaf) makes it certain. The
//! two chains are told apart by their lines; in a build without line tables only futures in `leaf(..)` count.
