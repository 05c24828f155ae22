//! Bodies that are many times as long as what lies between the two ends, there, back and both at once: whoever writes is held up by
//! whoever reads, what arrives is what was sent, and a body whose sender gives up is an error to its reader, never a short body.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt, Either, Empty};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{CONTENT_LENGTH, TE, TRAILER};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use reveille::net::hyper::{HyperExecutor, HyperTimer};
use reveille::net::{Fault, TcpStream, strikes};
use reveille::time::{Duration, Instant, sleep};
use reveille::{choose, explore, spawn};

use super::client::Client;
use super::web::{bytes, daemon, ends, start, under_heavy_faults};

/// Of each body. A connection holds 64 KiB in each direction.
const LENGTH: usize = 300_000;
/// How much of it is handed over at once.
const PIECE: usize = 7_001;
/// The most that hyper may keep by itself, wherever it can be told.
const BUFFER: usize = 16 * 1024;
/// No more than this is on its way: the connection, what hyper holds at both ends, and what lies in channels.
const AHEAD_MAX: usize = 64 * 1024 + 3 * BUFFER + 5 * PIECE;
/// With HTTP/2 the window of the stream, of the size of a buffer, takes the place of the connection's.
const AHEAD_MAX_HTTP2: usize = 4 * BUFFER + 5 * PIECE;
/// The window that a server's streams begin with. Were its own smaller, uploads could stall; see `h2_stall.rs`.
const WINDOW_OF_SERVER: u32 = 65_535;

type Body = Either<Channel<Bytes, io::Error>, Empty<Bytes>>;

/// Which way the body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Down,
    Up,
    /// Up, and down again as it comes.
    Echo,
}

/// What becomes of the body's sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Whole,
    /// It fails in the middle.
    Fails,
    /// It stops in the middle, although it has told a greater length.
    Stops,
}

/// One request, as its path tells it.
#[derive(Clone, Copy, Debug)]
struct Order {
    number: usize,
    way: Way,
    /// The length of the body is told before.
    is_told: bool,
    fate: Fate,
}

impl Order {
    /// One of those that there are; with `faultless` none whose sender gives up.
    fn chosen(number: usize, faultless: bool) -> Self {
        let is_told = choose(2) == 1;
        let fate = match choose(4) {
            2 if !faultless => Fate::Fails,
            // A body of no told length that stops is whole.
            3 if !faultless && is_told => Fate::Stops,
            _ => Fate::Whole,
        };
        Self { number, way: [Way::Down, Way::Up, Way::Echo][choose(3) as usize], is_told, fate }
    }

    fn path(self) -> String {
        format!("/{}/{}/{}/{}", self.number, self.way as u8, u8::from(self.is_told), self.fate as u8)
    }

    fn parse(path: &str) -> Self {
        let mut parts = path[1..].split('/').map(|part| part.parse::<usize>().unwrap());
        let mut next = || parts.next().unwrap();
        Self {
            number: next(),
            way: [Way::Down, Way::Up, Way::Echo][next()],
            is_told: next() == 1,
            fate: [Fate::Whole, Fate::Fails, Fate::Stops][next()],
        }
    }
}

/// How far a body has come, in bytes: what its sender has handed over, and what its reader has taken.
#[derive(Default)]
struct Progress {
    handed: Cell<usize>,
    taken: Cell<usize>,
    /// Invariant: the most by which one was ahead of the other.
    ahead_max: Cell<usize>,
    /// The sender had a piece in its hands while time passed, and a whole buffer was on its way.
    stalled: Cell<bool>,
}

impl Progress {
    fn ahead(&self) -> usize {
        self.handed.get() - self.taken.get()
    }

    /// Hands `frame` over, however long that takes; false if nobody wants it any more.
    async fn hand(&self, sender: &mut Sender<Bytes, io::Error>, frame: Frame<Bytes>) -> bool {
        let (since, length) = (Instant::now(), frame.data_ref().map_or(0, Bytes::len));
        if sender.send(frame).await.is_err() {
            return false;
        }
        if since.elapsed() > Duration::ZERO && self.ahead() >= BUFFER {
            self.stalled.set(true);
        }
        self.handed.set(self.handed.get() + length);
        self.ahead_max.set(self.ahead_max.get().max(self.ahead()));
        true
    }
}

/// By the number of a body, and whether it goes back.
type ByNumber = BTreeMap<(usize, bool), Rc<Progress>>;

/// The bodies of a run.
#[derive(Clone, Default)]
struct Bodies(Rc<RefCell<ByNumber>>);

impl Bodies {
    fn of(&self, number: usize, is_back: bool) -> Rc<Progress> {
        self.0.borrow_mut().entry((number, is_back)).or_default().clone()
    }
}

/// What follows a body that is whole.
fn trailers(number: usize) -> HeaderMap {
    HeaderMap::from_iter([("sum".parse().unwrap(), number.into())])
}

/// Sends the body of `order`, as far as its fate lets it.
async fn send(order: Order, mut sender: Sender<Bytes, io::Error>, progress: Rc<Progress>) {
    let end = if order.fate == Fate::Whole { LENGTH } else { choose(5) as usize * LENGTH / 5 };
    for from in (0..end).step_by(PIECE) {
        let piece = bytes(order.number, from, end.min(from + PIECE));
        if !progress.hand(&mut sender, Frame::data(piece)).await {
            return;
        }
    }
    match order.fate {
        Fate::Whole if !order.is_told => drop(sender.send_trailers(trailers(order.number)).await),
        Fate::Whole | Fate::Stops => {}
        Fate::Fails => sender.abort(io::Error::other("gave up")),
    }
}

/// Takes a body, resting now and then. Whether it came to its end.
async fn receive(order: Order, mut body: Incoming, progress: &Progress) -> bool {
    let mut at = 0;
    let mut told = None;
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => {
                assert!(data == bytes(order.number, at, at + data.len()), "not the bytes from {at} on of {order:?}");
                at += data.len();
                progress.taken.set(at);
                if choose(8) == 1 {
                    sleep(Duration::from_millis(20)).await;
                }
            }
            Ok(Err(frame)) => told = frame.into_trailers().ok(),
            Err(_) => return false,
        }
    }
    assert!(order.fate == Fate::Whole, "{order:?} was given up after {at} bytes, and seems whole");
    assert_eq!(at, LENGTH, "{order:?} is short, and seems whole");
    assert_eq!(told.is_some(), !order.is_told, "trailers");
    assert!(told.is_none_or(|told| told == trailers(order.number)), "other trailers");
    true
}

/// Passes a body on as it comes.
async fn pass_on(mut body: Incoming, mut sender: Sender<Bytes, io::Error>, up: Rc<Progress>, down: Rc<Progress>) {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return sender.abort(io::Error::other("gave up above")) };
        up.taken.set(up.taken.get() + frame.data_ref().map_or(0, Bytes::len));
        if !down.hand(&mut sender, frame).await {
            return;
        }
    }
}

/// A body, and through what it is sent.
fn body() -> (Sender<Bytes, io::Error>, Body) {
    let (sender, body) = Channel::new(1);
    (sender, Either::Left(body))
}

/// The server's part.
async fn answer(request: Request<Incoming>, bodies: Bodies) -> Result<Response<Body>, io::Error> {
    let order = Order::parse(request.uri().path());
    let (up, down) = (bodies.of(order.number, false), bodies.of(order.number, true));
    let mut response = Response::builder();
    if order.way != Way::Up {
        response =
            if order.is_told { response.header(CONTENT_LENGTH, LENGTH) } else { response.header(TRAILER, "sum") };
    }
    let (sender, body) = body();
    match order.way {
        Way::Down => daemon("sender", send(order, sender, down)),
        Way::Echo => daemon("echo", pass_on(request.into_body(), sender, up, down)),
        Way::Up => {
            if !receive(order, request.into_body(), &up).await {
                return Err(io::Error::other("the request broke off"));
            }
            return Ok(response.body(Either::Right(Empty::new())).unwrap());
        }
    }
    Ok(response.body(body).unwrap())
}

async fn connected(is_http2: bool) -> Option<Client<Body>> {
    if is_http2 {
        let mut builder = http2::Builder::new(HyperExecutor);
        builder.timer(HyperTimer::new()).initial_stream_window_size(BUFFER as u32).max_send_buf_size(BUFFER);
        Client::http2(builder.initial_connection_window_size(4 * BUFFER as u32)).await
    } else {
        Client::http1(http1::Builder::new().max_buf_size(BUFFER)).await
    }
}

async fn serve(stream: TcpStream, is_http2: bool, bodies: Bodies) -> hyper::Result<()> {
    let service = service_fn(move |request| answer(request, bodies.clone()));
    if is_http2 {
        let mut builder = hyper::server::conn::http2::Builder::new(HyperExecutor);
        builder.timer(HyperTimer::new()).auto_date_header(false).max_send_buf_size(BUFFER);
        builder.initial_stream_window_size(WINDOW_OF_SERVER).initial_connection_window_size(WINDOW_OF_SERVER);
        return builder.serve_connection(stream, service).await;
    }
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(HyperTimer::new()).auto_date_header(false).max_buf_size(BUFFER);
    builder.serve_connection(stream, service).await
}

/// Whether what `order` asks for was done whole; the client's part.
async fn perform(order: Order, client: &mut Client<Body>, bodies: &Bodies) -> bool {
    let mut request = Request::post(order.path()).header("host", "web").header(TE, "trailers");
    let sent = if order.way == Way::Down {
        Either::Right(Empty::new())
    } else {
        request = if order.is_told { request.header(CONTENT_LENGTH, LENGTH) } else { request.header(TRAILER, "sum") };
        let (sender, body) = body();
        daemon("sender", send(order, sender, bodies.of(order.number, false)));
        body
    };
    let Ok(response) = client.send(request.body(sent).unwrap()).await else { return false };
    if order.way == Way::Up {
        let is_taken = response.status().is_success();
        assert!(!is_taken || order.fate == Fate::Whole, "{order:?} was given up, and taken");
        return is_taken;
    }
    receive(order, response.into_body(), &bodies.of(order.number, true)).await
}

/// Several orders, with HTTP/2 over one connection at once. Returns the bodies, and how many orders were done of how many that can be.
async fn stream(is_http2: bool, faultless: bool) -> (Bodies, usize, usize) {
    let bodies = Bodies::default();
    let of_server = bodies.clone();
    start(move |stream| serve(stream, is_http2, of_server.clone())).await;
    let mut shared = if is_http2 { connected(true).await } else { None };
    let mut tasks = Vec::new();
    let mut possible = 0;
    for number in 0..3 {
        let client = match &mut shared {
            Some(Client::Http2(sender)) => Some(Client::Http2(sender.clone())),
            _ => connected(is_http2).await,
        };
        let Some(mut client) = client else { continue };
        let (order, bodies) = (Order::chosen(number, faultless), bodies.clone());
        possible += usize::from(order.fate == Fate::Whole);
        tasks.push(spawn(async move { ends("a body", perform(order, &mut client, &bodies)).await }));
    }
    let mut done = 0;
    for task in tasks {
        done += usize::from(task.await.unwrap());
    }
    for (of @ (_, is_back), progress) in &*bodies.0.borrow() {
        let most = if is_http2 && *is_back { AHEAD_MAX_HTTP2 } else { AHEAD_MAX };
        let ahead = progress.ahead_max.get();
        assert!(ahead <= most, "the sender of {of:?} was {ahead} bytes ahead of its reader: nothing held it up");
    }
    assert!(done == possible || strikes().of(Fault::Torn) > 0, "{done} of {possible} done");
    (bodies, done, possible)
}

/// What a run under faults is worth.
pub(crate) async fn stream_under_faults(is_http2: bool) -> usize {
    let (bodies, done, possible) = stream(is_http2, false).await;
    let stalled = |is_back| bodies.0.borrow().iter().any(|(of, progress)| of.1 == is_back && progress.stalled.get());
    reveille::sometimes!(stalled(false), "the sender of a request's body is held up");
    reveille::sometimes!(stalled(true), "the sender of a response's body is held up");
    reveille::sometimes!(possible > 0 && done == possible, "all done that can be");
    reveille::sometimes!(done < possible, "some lost to a fault");
    done
}

#[test]
fn without_faults_every_body_is_whole_and_its_sender_held_up() {
    for is_http2 in [false, true] {
        explore()
            .runs(50)
            .run(move || async move {
                let (bodies, done, _) = stream(is_http2, true).await;
                assert_eq!(done, 3);
                assert!(bodies.0.borrow().values().any(|progress| progress.stalled.get()), "nobody was held up");
            })
            .unwrap();
    }
}

#[test]
fn http1_bodies_under_heavy_faults_are_whole_or_errors() {
    under_heavy_faults(|| stream_under_faults(false));
}

#[test]
fn http2_bodies_under_heavy_faults_are_whole_or_errors() {
    under_heavy_faults(|| stream_under_faults(true));
}
