//! What hyper asks of a runtime, on virtual time and on the tasks of a run (feature `hyper`).
//!
//! Streams need no wrapper: those of [`net`](super) are what hyper reads from and writes to. [`HyperTimer`] is given to every builder that takes
//! one, [`HyperExecutor`] to those of HTTP/2. Server and client are hyper's own, unchanged:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http_body_util::{BodyExt, Full};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//! use reveille::net::hyper::{HyperExecutor, HyperTimer};
//! use reveille::net::{TcpListener, TcpStream};
//! use reveille::{node, task, time::{Duration, timeout}};
//!
//! async fn greet(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     Ok(Response::new(Full::new(format!("hello, {}", &request.uri().path()[1..]).into())))
//! }
//!
//! async fn serve(listener: TcpListener) {
//!     while let Ok((stream, _)) = listener.accept().await {
//!         let mut server = hyper::server::conn::http2::Builder::new(HyperExecutor);
//!         server.timer(HyperTimer::new()).auto_date_header(false); // the date is the wall clock's: see below
//!         let connection = server.serve_connection(stream, service_fn(greet));
//!         drop(task::Builder::new().daemon(true).spawn(connection));
//!     }
//! }
//!
//! async fn ask() -> Result<Bytes, Box<dyn std::error::Error>> {
//!     let stream = TcpStream::connect("web:80").await?;
//!     let mut client = hyper::client::conn::http2::Builder::new(HyperExecutor);
//!     let (mut sender, connection) = client.timer(HyperTimer::new()).handshake(stream).await?;
//!     drop(task::Builder::new().daemon(true).spawn(connection));
//!     let response = sender.send_request(Request::get("http://web/world").body(Full::<Bytes>::default())?).await?;
//!     Ok(response.into_body().collect().await?.to_bytes())
//! }
//!
//! let program = || async {
//!     let listener = node("web").spawn(TcpListener::bind("0.0.0.0:80")).await.unwrap().unwrap();
//!     drop(node("web").spawn(async { task::Builder::new().daemon(true).spawn(serve(listener)).await.unwrap() }));
//!     // Under faults: the answer, or an error.
//!     match timeout(Duration::from_secs(600), ask()).await.expect("it hangs") {
//!         Ok(answer) => assert_eq!(answer, "hello, world"),
//!         Err(_) => assert!(reveille::net::strikes().total() > 0),
//!     }
//! };
//! reveille::explore().runs(200).faults("heavy").run(program).unwrap();
//! ```
//!
//! # What does not repeat itself
//!
//! A run repeats itself bit for bit if hyper never looks at the wall clock. It does in three places:
//!
//! * The `Date` header of responses. Switch it off on every server: `auto_date_header(false)`.
//! * A builder without a timer takes the clock of the standard library. Give each a [`HyperTimer`].
//! * HTTP/2 remembers for a second of real time which streams it has reset, and meanwhile passes over what comes late for them. A run that resets
//!   streams and is held up for as long, by a debugger or a machine that sleeps, may differ. For clients `reset_stream_duration` sets that time;
//!   for servers there is no setting.
//!
//! On Linux the feature `interpose` (`Explore::interpose`) makes all three clocks the run's. hyper has no other source of what does not repeat: the
//! order of its maps is that of insertion.
//!
//! # What to know
//!
//! A server of HTTP/2 whose `initial_stream_window_size` is below 65,535 may never take the rest of an upload that began before its settings arrived: a
//! mistake in h2 0.4.20 that tests of ours found, as a deadlock, and keep (`tests/net_hyper/h2_stall.rs`). hyper's own default is above.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::rt::{Executor, Sleep, Timer};

use crate::time;

/// Spawns hyper's tasks into the run.
///
/// ```
/// use futures::channel::oneshot;
/// use hyper::rt::Executor;
/// use reveille::net::hyper::HyperExecutor;
///
/// # reveille::explore().runs(10).run(|| async {
/// let (send, receive) = oneshot::channel();
/// HyperExecutor.execute(async { send.send(42).unwrap() }); // as hyper does with its connections
/// assert_eq!(receive.await, Ok(42));
/// # }).unwrap();
/// ```
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
///
/// ```
/// use hyper::rt::Timer;
/// use reveille::net::hyper::HyperTimer;
/// use reveille::time::Duration;
///
/// # reveille::explore().runs(10).run(|| async {
/// let timer = HyperTimer::new();
/// let start = timer.now();
/// timer.sleep(Duration::from_secs(3600)).await; // an hour of the run's time
/// assert_eq!(timer.now() - start, Duration::from_secs(3600));
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HyperTimer {
    /// What stands for the start of the run.
    start: Instant,
}

impl HyperTimer {
    /// A timer. What it compares must come from it or its copies.
    ///
    /// ```
    /// use hyper::rt::Timer;
    /// use reveille::net::hyper::HyperTimer;
    /// use reveille::time::Duration;
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let timer = HyperTimer::new();
    /// let copy = timer;
    /// timer.sleep_until(copy.now() + Duration::from_secs(1)).await;
    /// assert_eq!(reveille::time::since_start(), Some(Duration::from_secs(1)));
    /// # }).unwrap();
    /// ```
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
