//! The finding *starved leaf*: a future was woken, and its task polled on for long without polling it.
//!
//! # What it means
//!
//! A future that is held by a task makes progress only when that task polls it. While the task is busy with something else, what
//! the future should do is not done: a request is not sent, a heartbeat is late, an answer that has long come is not read, and
//! the other side gives up. Nothing is stuck, and the program may come to a good end.
//!
//! The report names the leaf that was woken, for how long nobody polled it, the future that was left behind, and where its
//! task was meanwhile. The limit is 30 s of virtual time, or 1,000 polls of the task for a future in
//! [`leaf(..)`](fn@crate::leaf). [`Explore::starved_after`](crate::Explore::starved_after) and
//! [`Explore::starved_polls`](crate::Explore::starved_polls) set others.
//!
//! # An example
//!
//! The classic of it are streams that keep futures in flight. While the body of the loop runs, nobody polls them. (Found without
//! the `leaf(..)` as well, where there are line tables; tests in documentation have none.)
//!
//! ```
//! use std::pin::pin;
//!
//! use futures::{FutureExt, StreamExt, stream};
//! use reveille::time::{Duration, sleep};
//! use reveille::{FindingKind, explore, leaf, spawn};
//!
//! /// Two exchanges with a server.
//! async fn fetch(page: u64) -> u64 {
//!     sleep(Duration::from_secs(page)).await;
//!     sleep(Duration::from_secs(page)).await;
//!     page
//! }
//!
//! async fn file(_page: u64) {
//!     sleep(Duration::from_secs(60)).await;
//! }
//!
//! let failure = explore()
//!     .run(|| async {
//!         let fetch = |page| leaf(fetch(page));
//!         let mut pages = pin!(stream::iter(1..9).map(fetch).buffer_unordered(4));
//!         while let Some(page) = pages.next().await {
//!             file(page).await; // a minute in which no connection is served
//!         }
//!     })
//!     .unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
//!
//! // Mended: connections are tasks, and a task is polled whenever it is woken.
//! explore()
//!     .run(|| async {
//!         let fetch = |page| spawn(fetch(page)).map(Result::unwrap);
//!         let mut pages = pin!(stream::iter(1..9).map(fetch).buffer_unordered(4));
//!         while let Some(page) = pages.next().await {
//!             file(page).await;
//!         }
//!     })
//!     .unwrap();
//! ```
//!
//! # How to mend it
//!
//! * [`spawn`](crate::spawn) what must not starve.
//! * Poll both together: the futures in flight feed a channel, the body reads from it, and `join!` polls the two; or `merge` the
//!   streams.
//! * Keep the body short: hand its work to somebody else.
//! * If it is on purpose: [`leaf::may_starve("why", future)`](crate::leaf::may_starve).
//!
//! # What is no finding
//!
//! A timer or an interval that belongs to the busy loop itself, or to what a call borrows that was given up; a socket on which something has come and nobody waits (that is
//! back-pressure, or an idle connection in a pool); a handle that is kept; a future that is kept and never polled again, but for
//! those in `leaf(..)`; a task that is not polled because others are. The reasons are in [`leaf`](mod@crate::leaf).
