//! The finding *livelock*: polls go on and on, and nothing comes of them.
//!
//! # What it means
//!
//! The run came to its limit of polls (a million, unless [`limits`](crate::Explore::limits) says otherwise), and in the last half of it, and in
//! 10,000 polls at least, no task was spawned or ended and no time passed. Without time nothing can arrive from the network either. In
//! production such a program takes a whole processor and does nothing.
//!
//! It is no proof: a program may count to two million, one poll at a time. So nothing is said before the limit.
//!
//! The report names the tasks that wake each other, each with its share of the polls and the line at which it is woken. A circle of
//! one is a task that wakes itself.
//!
//! # An example
//!
//! ```
//! use std::{cell::RefCell, future::poll_fn, rc::Rc, task::{Poll, Waker}};
//! use reveille::{FindingKind, explore, spawn};
//!
//! // Two who wait for work, and pass on every wake: one of them may be for the other.
//! let failure = explore()
//!     .limits(50_000, std::time::Duration::MAX)
//!     .run(|| async {
//!         let idle = Rc::new(RefCell::new(Vec::<Waker>::new()));
//!         let worker = |idle: Rc<RefCell<Vec<Waker>>>| {
//!             poll_fn(move |context| {
//!                 idle.take().into_iter().for_each(Waker::wake);
//!                 idle.borrow_mut().push(context.waker().clone());
//!                 Poll::<()>::Pending
//!             })
//!         };
//!         let one = spawn(worker(idle.clone()));
//!         worker(idle).await;
//!         one.await.unwrap();
//!     })
//!     .unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::Livelock));
//! ```
//!
//! # How to mend it
//!
//! * Look whether there is something to do before passing a wake on, and pass it on only then.
//! * Return `Pending` where there is nothing to do, and wake nobody: also not yourself. `yield_now` in a loop that waits for another task is
//!   such a circle of one: wait for the other instead.
//! * A program that is meant to spin for a while holds [`meant_to_spin()`](crate::task::meant_to_spin) meanwhile.
