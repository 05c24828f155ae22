//! HTTP/2: ten streams at once over one connection, held up by windows that are small; one that nobody reads stops no other.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use reveille::net::hyper::{HyperExecutor, HyperTimer};
use reveille::net::{Fault, TcpStream, strikes};
use reveille::time::{Duration, sleep};
use reveille::{choose, explore, spawn};

use super::web::{bytes, connect, daemon, ends, start, under_heavy_faults};

const STREAMS: usize = 10;
/// Of a stream, from the server to the client. The connection's is four times as large.
const WINDOW: usize = 16 * 1024;
const LENGTH: usize = 90_000;
const PIECE: usize = 5_000;

/// What the server has open.
#[derive(Default)]
struct Open {
    now: Cell<usize>,
    /// Invariant: the most that `now` ever was.
    most: Cell<usize>,
    /// How much of each body was handed to hyper.
    handed: [Cell<usize>; STREAMS],
}

/// One stream of the server.
struct Stream(Rc<Open>);

impl Stream {
    fn new(open: Rc<Open>) -> Self {
        open.now.set(open.now.get() + 1);
        open.most.set(open.most.get().max(open.now.get()));
        Self(open)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.now.set(self.0.now.get() - 1);
    }
}

/// Answers each request with the body of its number.
async fn answer(request: Request<Incoming>, open: Rc<Open>) -> io::Result<Response<Channel<Bytes, io::Error>>> {
    let number: usize = request.uri().path()[1..].parse().unwrap();
    let stream = Stream::new(open);
    let (mut sender, body) = Channel::new(1);
    daemon("sender", async move {
        sleep(Duration::from_millis(u64::from(choose(3)))).await;
        for from in (0..LENGTH).step_by(PIECE) {
            if sender.send_data(bytes(number, from, from + PIECE)).await.is_err() {
                return;
            }
            stream.0.handed[number].set(from + PIECE);
        }
    });
    Ok(Response::new(body))
}

async fn serve(stream: TcpStream, streams_max: u32, open: Rc<Open>) -> hyper::Result<()> {
    let mut builder = hyper::server::conn::http2::Builder::new(HyperExecutor);
    builder
        .timer(HyperTimer::new())
        .auto_date_header(false)
        .max_send_buf_size(WINDOW)
        .max_concurrent_streams(streams_max);
    builder.serve_connection(stream, service_fn(move |request| answer(request, open.clone()))).await
}

async fn connected() -> Option<http2::SendRequest<http_body_util::Empty<Bytes>>> {
    let mut builder = http2::Builder::new(HyperExecutor);
    builder.timer(HyperTimer::new()).initial_stream_window_size(WINDOW as u32);
    builder.initial_connection_window_size(4 * WINDOW as u32);
    // How many a server allows is not known before it has said so, and those beyond it are refused.
    builder.initial_max_send_streams(1);
    let (sender, connection) = builder.handshake(connect().await?).await.ok()?;
    daemon("client connection", connection);
    Some(sender)
}

/// Whether the body of `number` came whole.
async fn receive(number: usize, mut body: Incoming) -> bool {
    let mut at = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map(|frame| frame.into_data().unwrap()) else { return false };
        assert!(data == bytes(number, at, at + data.len()), "not the bytes from {at} on of {number}");
        at += data.len();
    }
    assert_eq!(at, LENGTH, "{number} is short, and seems whole");
    true
}

/// Asks for ten bodies at once, and does not read the first before all others have come to an end. Returns how many came whole.
async fn ask(streams_max: u32) -> (usize, Rc<Open>) {
    let open = Rc::new(Open::default());
    let of_server = open.clone();
    start(move |stream| serve(stream, streams_max, of_server.clone())).await;
    let Some(sender) = connected().await else { return (0, open) };
    let ask = |number| {
        let mut sender = sender.clone();
        let request = Request::get(format!("http://web/{number}")).body(http_body_util::Empty::new()).unwrap();
        async move { sender.send_request(request).await }
    };
    let first = ends("the first answer", ask(0)).await;
    let others = (1..STREAMS).map(|number| {
        let asked = ask(number);
        spawn(ends("a stream beside one that is not read", async move {
            let Ok(response) = asked.await else { return false };
            receive(number, response.into_body()).await
        }))
    });
    let mut whole = 0;
    for task in others.collect::<Vec<_>>() {
        whole += usize::from(task.await.unwrap());
    }
    if whole == STREAMS - 1 {
        let handed = open.handed[0].get();
        assert!((WINDOW..LENGTH).contains(&handed), "of the body that nobody reads {handed} bytes were sent");
    }
    if let Ok(response) = first {
        whole += usize::from(ends("the stream that was not read", receive(0, response.into_body())).await);
    }
    assert!(whole == STREAMS || strikes().of(Fault::Torn) > 0, "{whole} of {STREAMS}");
    (whole, open)
}

/// What a run under faults is worth.
pub(crate) async fn ask_under_faults() -> usize {
    let (whole, open) = ask(100).await;
    reveille::sometimes!(open.most.get() >= 8, "eight streams at once");
    reveille::sometimes!(whole == STREAMS, "all whole");
    reveille::sometimes!(whole < STREAMS, "some lost to a fault");
    whole
}

#[test]
fn ten_streams_are_open_at_once_and_each_is_whole() {
    explore()
        .runs(100)
        .run(|| async {
            let (whole, open) = ask(100).await;
            assert_eq!((whole, open.most.get()), (STREAMS, STREAMS));
        })
        .unwrap();
}

#[test]
fn no_more_streams_are_open_than_the_server_allows() {
    explore()
        .runs(100)
        .run(|| async {
            let (whole, open) = ask(3).await;
            assert_eq!((whole, open.most.get()), (STREAMS, 3));
        })
        .unwrap();
}

#[test]
fn ten_streams_under_heavy_faults() {
    under_heavy_faults(ask_under_faults);
}
