//! What a cancelled future takes with it, and how to see it.
//!
//! Any future may be dropped at any await: by a `select!` that another branch wins, a [`timeout`](crate::time::timeout), a client that hangs up. What stood after
//! that await is never done, and what stood before it is. The compiler does not say where that matters.
//!
//! # An audit
//!
//! [`cancel::audit`](crate::cancel::audit) takes an operation, as a closure over whatever it works on, and drops it at each of its awaits, at each
//! moment (before its first poll, while it waits, woken and not yet polled, ready with its output untaken), in each way (in place, by an abort
//! of its task, by another task), under many schedules. Nothing has to be marked. What it compares with is the same program without the cut: does the operation still work if it
//! is run again? Do others that were there end as they do without it?
//!
//! ```
//! use std::cell::RefCell;
//! use std::rc::Rc;
//!
//! use reveille::{cancel, yield_now};
//!
//! /// Jobs, and a place to send what came of them, which takes a while.
//! #[derive(Default)]
//! struct Shop {
//!     jobs: RefCell<Vec<u32>>,
//!     sent: RefCell<Vec<u32>>,
//! }
//!
//! async fn serve(shop: Rc<Shop>) -> Option<u32> {
//!     let job = shop.jobs.borrow_mut().pop()?;
//!     yield_now().await; // the work
//!     shop.sent.borrow_mut().push(job);
//!     Some(job)
//! }
//!
//! /// Mended: a job is taken once there is nothing left to wait for.
//! async fn serve_carefully(shop: Rc<Shop>) -> Option<u32> {
//!     let job = *shop.jobs.borrow().last()?;
//!     yield_now().await;
//!     shop.jobs.borrow_mut().retain(|other| *other != job);
//!     shop.sent.borrow_mut().push(job);
//!     Some(job)
//! }
//!
//! fn one_job() -> Rc<Shop> {
//!     Rc::new(Shop { jobs: RefCell::new(vec![7]), ..Shop::default() })
//! }
//!
//! let all_is_sent = |shop: Rc<Shop>| async move { assert_eq!(*shop.sent.borrow(), [7], "a job is lost") };
//! let report = cancel::audit(serve).world(one_job).then(all_is_sent).run().unwrap();
//! assert!(!report.is_clean());
//! println!("{report}"); // a row for each place, a column for each way; below, the smallest failing run
//!
//! let report = cancel::audit(serve_carefully).world(one_job).then(all_is_sent).run().unwrap();
//! assert!(report.is_clean(), "{report}");
//! ```
//!
//! (The second run of the operation, which every audit makes, is what finds the job that is still there.)
//!
//! # The parts
//!
//! Where an operation is not a function, or several cuts are wanted, a test is written with what audits are made of:
//!
//! | to say | write |
//! |---|---|
//! | this future may be dropped at any await | [`cancellable`](crate::cancel::cancellable)`(future).await` |
//! | this task may be aborted | [`task::Builder::abortable`](crate::task::Builder::abortable) |
//! | this value has to arrive | [`track`](crate::cancel::track) |
//! | as much goes out as came in | [`Ledger`](crate::cancel::Ledger) |
//! | this must not be dropped half-way | [`must_complete`](crate::cancel::must_complete) |
//! | this must be closed, and not just dropped | [`must_close`](crate::cancel::must_close) |
//! | after a drop, this is to be done | [`cleaned_up`](crate::cancel::cleaned_up) |
//! | after this is gone nothing happens on its behalf | [`owner`](crate::cancel::owner) |
//! | waits that are given up leave nothing behind | [`leaks`](crate::cancel::leaks) |
//!
//! # What to do about it
//!
//! * Await first, take afterwards: between the taking and the giving there is no await, as above.
//! * Give back in a destructor: a guard, which a drop runs too. What is done there cannot be awaited; work that must be is handed to a task of its own.
//! * Finish elsewhere: [`spawn`](crate::spawn) what must not stop, and await its handle. Dropping that detaches the task.
//! * Keep the future: `select!` over `&mut future` polls it on in the next turn of the loop. Mind that it is polled, then:
//!   [`futurelock`](super::futurelock).
//! * Say that it is not safe to cancel, in the docs of the function, and keep it true with an audit that expects the finding.
