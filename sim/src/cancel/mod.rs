//! Cancellation: cuts an operation at every await, under many schedules, and sees what that took with it.
//!
//! A Rust future can be dropped at any await, and authors forget it: an item is lost, a permit leaks, a follower dies with
//! its leader. [`audit`] takes an operation as a closure and makes all the cuts; it needs no knowledge of the program,
//! since "the same operation, run once more" and "whoever else was there" say whether something broke.
//!
//! For programs that are tests of their own there are the parts: [`cancellable`] lets the run drop a future at any of its
//! awaits, [`track`] watches over a value that must arrive, [`Ledger`] counts, [`must_complete`] marks what must not be
//! dropped half-way, [`must_close`] what must not be dropped at all, and [`cleaned_up`] cleans up. [`owner`] watches for
//! effects that come too late, [`leaks`] measures what is left of waits that were given up, and
//! [`Builder::abortable`](crate::task::Builder::abortable) lets the run abort a task.
//!
//! ```
//! use std::{cell::RefCell, rc::Rc};
//!
//! use reveille::cancel::{self, Ledger, cancellable};
//! use reveille::{FindingKind, explore, yield_now};
//!
//! type Jobs = Rc<RefCell<Vec<u32>>>;
//!
//! /// Takes a job and does it; who is dropped in between takes the job along.
//! async fn work(jobs: Jobs) -> Option<u32> {
//!     let job = jobs.borrow_mut().pop();
//!     yield_now().await;
//!     job
//! }
//!
//! // The audit makes all cuts, and holds the same operation, run once more, against what it does without them.
//! let counts = |jobs: Jobs| async move { assert_eq!(jobs.borrow().len(), 1) };
//! let report = cancel::audit(work).world(|| Jobs::new(RefCell::new(vec![1, 2, 3]))).then(counts);
//! assert!(report.only_once().run().is_err());
//!
//! // A test of its own: some calls of `work` are dropped, and no job may be missing in the end.
//! let failure = explore()
//!     .run(|| async {
//!         let (jobs, ledger) = (Jobs::default(), Ledger::new("jobs"));
//!         jobs.borrow_mut().extend([1, 2, 3]);
//!         ledger.issue(3);
//!         while !jobs.borrow().is_empty() {
//!             let done = cancellable(work(jobs.clone())).await;
//!             ledger.settle(done.flatten().is_some().into());
//!         }
//!         ledger.balance()
//!     })
//!     .unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::Error));
//! ```
//!
//! # Where the cut is decided
//!
//! *Every point of an operation is a choice* of a kind of its own, with one answer to go on (0) and one for each way to
//! cut, and the audit takes aim: in its runs the choice number *n* is answered by the audit, and all others by a strategy.
//! So a cut is on the tape like everything else, a failing one replays without knowing of audits, shrinks, and is the same
//! run up to the cut as the uncut run of that seed, from which the await sites are known without looking at them again.
//!
//! Why not a parameter of the run, outside the choices? A tape would not be the whole run any more: a replay would need
//! the cut beside it, and shrinking and fuzzing could not move it. Why not one choice at the start of the run, "cut number
//! *n* of *m*"? Its bound is not small, it has to be known before the run, and another number of awaits makes it another
//! question.
//!
//! Deliberately absent: cuts inside of a poll, which no executor makes; several cuts in one audited run (`cancellable`
//! makes them).

mod aim;
mod audit;
mod baseline;
mod cancellable;
mod cleaned_up;
mod cuts;
mod fault;
mod leaks;
mod ledger;
mod must_close;
mod must_complete;
mod owner;
mod record;
mod reference;
mod report;
mod sites;
mod stage;
mod storm;
mod sweep;
mod table;
mod track;
mod victim;

pub use audit::{Audit, audit};
pub use cancellable::{Cancellable, cancellable};
pub use cleaned_up::cleaned_up;
pub use cuts::{Moment, Way};
pub use fault::{Fault, What, Who};
pub use leaks::{Growth, leaks};
pub use ledger::{Imbalance, Ledger};
pub use must_close::{Closing, MustClose, must_close};
pub use must_complete::{MustComplete, must_complete};
pub use owner::{Effects, Owner, owner};
pub use report::{Report, Row, Sampled};
pub use track::{Tracked, track};

pub(crate) use record::{End, Harm, Record, drop_cancelled};
pub(crate) use sites::cut;
pub(crate) use stage::is_audited;
pub(crate) use storm::poll;
