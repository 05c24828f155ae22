//! Futures that know when they were woken, and whether they were polled since.
//!
//! A waker wakes a *task*. When one of its futures has been woken (a timer struck, a fair lock was handed over) the task is
//! polled, and that is the end of what an executor knows: whether the task polls *that future* is up to the task. A task that
//! goes on to something else leaves a future behind that could go on, and does not: it is *owed a poll*. What it holds it
//! keeps, what it should do it does late. Two findings are about that.
//!
//! * [`Futurelock`](crate::FindingKind::Futurelock), when nothing can move any more: a task waits, and it owns a future that
//!   is owed a poll. Named after Oxide's RFD 609. See [`guide::futurelock`](crate::guide::futurelock).
//! * [`StarvedLeaf`](crate::FindingKind::StarvedLeaf), while all goes on: a future was owed a poll for long. See
//!   [`guide::starved_leaf`](crate::guide::starved_leaf).
//!
//! ```
//! use std::pin::pin;
//!
//! use futures::channel::oneshot;
//! use reveille::leaf::{leaf, may_starve};
//! use reveille::time::{Duration, sleep};
//! use reveille::{FindingKind, explore, spawn};
//!
//! async fn request() -> u32 {
//!     let (send, answer) = oneshot::channel();
//!     drop(spawn(async { send.send(42) }));
//!     answer.await.unwrap()
//! }
//!
//! // The answer comes, and for a minute the task does something else.
//! let failure = explore().run(|| async {
//!     let mut answer = pin!(leaf(request()));
//!     let _ = futures::poll!(answer.as_mut());
//!     sleep(Duration::from_secs(60)).await;
//!     answer.await;
//! });
//! assert_eq!(failure.unwrap_err().kind(), Some(FindingKind::StarvedLeaf));
//!
//! // The same on purpose.
//! let passed = explore().run(|| async {
//!     let mut answer = pin!(may_starve("fetched ahead", leaf(request())));
//!     let _ = futures::poll!(answer.as_mut());
//!     sleep(Duration::from_secs(60)).await;
//!     answer.await;
//! });
//! passed.unwrap();
//! ```
//!
//! # Who knows
//!
//! Timers ([`sleep`](crate::time::sleep), [`timeout`](crate::time::timeout), [`interval`](crate::time::interval)) know by
//! themselves: when they are polled and their deadline passed long ago, they were left alone meanwhile. A future of another
//! crate is given an identity by [`leaf`]: it gets a waker of its own, which notes that it was woken and wakes the task. So
//! the children of `FuturesUnordered`, `join_all` and `select!` are told apart.
//!
//! Waits for sockets of ours and for handles of tasks know where combinators give each child a waker of its own
//! (`FuturesUnordered`, `buffer_unordered` and its kin, a large `join_all`, the groups of futures-concurrency): only there can
//! be shown that the wait is still there, since a socket and a handle may be kept when a wait for them is given up.
//! (`lasting.rs`.) A socket that nobody waits for is owed nothing: that is what back-pressure is made of. A handle is owed
//! nothing but at a stall: its task goes on without whoever waits for it.
//!
//! Of the futures of other crates only a guess is possible, and only at a stall (`suspicion.rs`): the report says that a waker
//! was used which the task had left elsewhere.
//!
//! The owner of a leaf is the task in whose poll it was polled last.
//!
//! # What is a finding, and what is not
//!
//! Correct programs hold futures unpolled all the time, so that a leaf is owed a poll is not yet a mistake.
//!
//! *A timer that is nothing but a timer.* A `select!` loop that keeps a pinned `&mut sleep`, or an interval, and works for a
//! minute in one of its branches: the timer strikes meanwhile, and the loop will notice in its next turn. Nothing is held up
//! by that, since behind the timer there is no code but that of the loop, which is busy. So of a timer the stack of its last
//! poll is compared with where the task is meanwhile. If all functions in which the timer was awaited are still running, it
//! is one of their variables and means nothing. If one of them is suspended, a future was left behind in the middle, provided that
//! it is still there: `timeout(brief, ticker.next())` has dropped the call, and kept the ticker. A [`Tick`](crate::time::Tick) tells when
//! it is dropped. Of any other timer it is certain only if it was made by a function that is suspended: such a timer is a variable of
//! that future, and is gone when the future is, unless it was left with an owner who lives on. That is so where a function which awaited
//! the call by value has gone on: then the call is gone, and whoever polls the timer later is another one. So a timer is no evidence that
//! belongs to somebody else than who waits for it. (`judgement.rs`.)
//!
//! *A future that is kept and dropped later.* `match select(a, b).await { Left((a, _)) => .. }` keeps `b` alive to the end of
//! the `match`, and many programs do so. It will not go on, whether it is polled or not: that is a late cancellation. So a
//! timer's delay counts when somebody polls the timer *again*, too late: that somebody wanted it. At a stall there is no later,
//! and the future is named.
//!
//! *A burst of work.* A loop that looks at its channel first, and finds a thousand messages there, passes its other futures over a
//! thousand times at one instant, and then comes to them: on time, by the clock. So for all leaves only the time counts, and
//! how often they were passed over does not. (`a_burst_of_work_that_takes_no_time_starves_nobody` of `tests/starved.rs` shows such a program,
//! and that it would be accused.)
//!
//! *A future in `leaf(..)`* was named by its author, so these exceptions do not hold: it is a finding when it is owed a poll
//! for too long or passed over too often, whatever becomes of it.
//!
//! *On purpose*: [`may_starve`] says so, with a reason that reports repeat.
//!
//! A timer whose task was not polled meanwhile, since others were, is not owed anything *by its task*: the time counts from
//! the first poll of the task that passed it over.
//!
//! # What it costs
//!
//! A timer that is polled compares its deadline with the clock; a socket that is tried, the time of its last wake. Of one that is late the stack
//! is walked. All else is found out in a replay, where every poll is put on record (`log.rs`), and a campaign does not look into each
//! (`doubts.rs`). A future in [`leaf`] has one allocation, at its first poll.

mod doubts;
mod judgement;
mod lasting;
mod limits;
mod log;
mod may_starve;
mod proxy;
mod record;
mod report;
mod suspicion;
mod wrapped;

pub use may_starve::{MayStarve, may_starve};
pub use wrapped::{Leaf, leaf};

pub(crate) use doubts::Doubts;
pub(crate) use judgement::OwedLeaf;
pub(crate) use lasting::{join_taken, join_waits, socket_is_late, socket_tried, socket_turned};
pub(crate) use limits::{STARVED_POLLS, STARVED_TIME};
pub(crate) use log::Log;
pub(crate) use record::{Late, LeafId, Leaves, Made, log_of};
pub(crate) use report::{futurelock, owed, starved, suspected};
pub(crate) use suspicion::{Marks, Suspicion};
