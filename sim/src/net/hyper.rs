//! What hyper asks of a runtime, on virtual time and on the tasks of a run (feature `hyper`).
//!
//! ```
//! use hyper::client::conn::http1;
//! # use http_body_util::Empty;
//! # use hyper::body::Bytes;
//! use reveille::net::hyper::{HyperExecutor, HyperTimer};
//!
//! let client = hyper::client::conn::http2::Builder::new(HyperExecutor).timer(HyperTimer::new()).clone();
//! # let _ = |io: reveille::net::TcpStream| async move {
//! let (mut sender, connection) = http1::handshake(io).await?; // streams need no wrapper
//! reveille::spawn(connection);
//! # sender.send_request(hyper::Request::new(Empty::<Bytes>::new())).await?; drop(client);
//! # Ok::<_, hyper::Error>(())
//! # };
//! ```
//!
//! One thing of hyper's escapes: the `Date` header is the wall clock's. Switch it off on servers
//! (`auto_date_header(false)`), or runs cannot be repeated.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::rt::{Executor, Sleep, Timer};

use crate::time;

/// Spawns hyper's tasks into the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct HyperExecutor;

impl<F> Executor<F> for HyperExecutor
where
    F: Future + 'static,
    F::Output: 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        drop(crate::spawn(future));
    }
}

/// Virtual time as hyper wants it: as instants of the standard library, of which only differences mean anything.
#[derive(Clone, Copy, Debug)]
pub struct HyperTimer {
    /// What stands for the start of the run.
    start: Instant,
}

impl HyperTimer {
    /// A timer. What it compares must come from it or its copies.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the standard library has no other way to an instant; only differences count"
    )]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    fn virtual_now(self) -> Instant {
        self.start + time::Instant::start().elapsed()
    }
}

impl Default for HyperTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl Timer for HyperTimer {
    fn sleep(&self, duration: std::time::Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(HyperSleep(time::Sleep::of_anothers(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.virtual_now()))
    }

    fn now(&self) -> Instant {
        self.virtual_now()
    }
}

struct HyperSleep(time::Sleep);

impl Future for HyperSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl Sleep for HyperSleep {}
