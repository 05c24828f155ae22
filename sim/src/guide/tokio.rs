//! Testing a crate that uses tokio today.
//!
//! Much of such a crate runs here as it is. `tokio::sync` (channels, locks, `Notify`, `Semaphore`, `watch`, ..) knows
//! nothing of its runtime, nor do `tokio::select!`, `join!`, `pin!` and `tokio_util::sync`. What belongs to the runtime is
//! replaced: tasks, time, sockets and files.
//!
//! | in the crate | in a run |
//! |---|---|
//! | `tokio::spawn`, `task::spawn_local` | [`reveille::spawn`](crate::spawn) |
//! | `tokio::task::spawn_blocking` | [`reveille::spawn_blocking`](crate::spawn_blocking) |
//! | `tokio::task::JoinSet`, `JoinHandle`, `yield_now` | [`JoinSet`](crate::JoinSet), [`JoinHandle`](crate::JoinHandle), [`yield_now`](crate::yield_now) |
//! | `tokio::time::{sleep, timeout, interval, Instant}` | the same names in [`reveille::time`](crate::time) |
//! | `tokio::sync::*` | unchanged |
//! | `tokio::select! { .. }` | [`reveille::select!`](crate::select): the same, and the run decides which branch is first; tokio's own draws from a generator that no seed of ours repeats. With `biased;` it is unchanged |
//! | `tokio::net::{TcpListener, TcpStream, UdpSocket, lookup_host}` | the same names in [`reveille::net`](crate::net); tokio's `AsyncRead` and `AsyncWrite` with the feature `tokio` |
//! | `tokio::fs` | the same names in [`reveille::fs`](crate::fs), but for links, permissions and times |
//! | `tokio_util::task::TaskTracker::spawn` | [`reveille::spawn`](crate::spawn) of what its `track_future` returns; the tracker and `CancellationToken` are unchanged |
//! | `tokio_util::time::DelayQueue` | not yet: it sleeps on tokio's clock; [`sleep_until`](crate::time::sleep_until) for the earliest entry of a map |
//! | `tower::timeout`, `ServiceBuilder::buffer` | [`timeout`](crate::time::timeout) around the call; `tower::buffer::Buffer::pair`, and [`reveille::spawn`](crate::spawn) of the worker. Other layers of tower that know no time are unchanged |
//! | `tokio::net::{UnixListener, UnixStream, unix}` | the same names in [`reveille::net`](crate::net); paths are files of [`reveille::fs`](crate::fs) |
//! | `tokio::net::{UnixDatagram, UnixSocket}`, names without a file | not yet |
//!
//! The least intrusive way is one module of the crate that names the runtime, and nothing else in the crate that does:
//!
//! ```
//! mod rt {
//! #   #[cfg(any())]
//!     #[cfg(not(test))]
//!     pub use tokio::{spawn, time};
//! #   #[cfg(all())] pub use reveille::{spawn, time}; #[cfg(any())]
//!     #[cfg(test)]
//!     pub use reveille::{spawn, time};
//! }
//! # fn used() { drop(rt::spawn(rt::time::sleep(rt::time::Duration::ZERO))); }
//! ```
//!
//! That serves unit tests in `src/`. For tests in `tests/` the library is built without `cfg(test)`: put a feature of the crate in
//! its place (`#[cfg(feature = "reveille")]`), which the tests ask for.
//!
//! A test is then an ordinary async test:
//!
//! ```
//! use std::rc::Rc;
//!
//! use tokio::sync::Semaphore;
//!
//! # fn main() {
//! // In a test crate: #[reveille::test] on this function, instead of the line below it.
//! async fn at_most_two_at_a_time() {
//!     let permits = Rc::new(Semaphore::new(2));
//!     let mut tasks = reveille::JoinSet::new();
//!     for _ in 0..4 {
//!         let permits = permits.clone();
//!         tasks.spawn(async move {
//!             let _permit = permits.acquire().await.unwrap();
//!             reveille::time::sleep(reveille::time::Duration::from_millis(5)).await;
//!         });
//!     }
//!     while let Some(ended) = tasks.join_next().await {
//!         ended.unwrap();
//!     }
//! }
//! reveille::explore().runs(100).run(at_most_two_at_a_time).unwrap();
//! # }
//! ```
//!
//! What to expect: `tokio::sync` outside a tokio runtime has no cooperative budget, so a task may receive from a full
//! channel for as long as it likes without yielding, which is legal, and reached more seldom on tokio itself.
