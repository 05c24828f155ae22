//! The ends of connections: a server that stops gracefully finishes what it has begun, and a client that goes away leaves nothing
//! behind at the server, however it goes.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::pin;
use std::rc::Rc;

use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use reveille::net::hyper::{HyperExecutor, HyperTimer};
use reveille::net::{Fault, TcpListener, TcpStream, strikes};
use reveille::time::{Duration, sleep, timeout};
use reveille::{JoinSet, choose, explore, node, spawn};
use tokio::sync::watch;

use super::client::Client;
use super::web::{bytes, daemon, ends, start, under_heavy_faults};

const SECOND: Duration = Duration::from_secs(1);

type Body = Either<Channel<Bytes, io::Error>, Full<Bytes>>;

/// What a server has done, and what it has under way.
#[derive(Default)]
struct Tally {
    begun: Cell<usize>,
    /// By the client's count.
    answered: Cell<usize>,
    /// A name for each thing that lives.
    inside: RefCell<Vec<&'static str>>,
}

fn add(count: &Cell<usize>) {
    count.set(count.get() + 1);
}

/// A connection, a request or a body that is being sent, as long as it lives.
struct Inside(Rc<Tally>, &'static str);

impl Inside {
    fn new(tally: &Rc<Tally>, name: &'static str) -> Self {
        tally.inside.borrow_mut().push(name);
        Self(tally.clone(), name)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut inside = self.0.inside.borrow_mut();
        let at = inside.iter().position(|name| *name == self.1).expect("it was put there");
        inside.swap_remove(at);
    }
}

/// Both versions' builders of servers, which have no trait in common.
macro_rules! serving {
    ($is_http2:expr, $stream:expr, $service:expr, |$serving:ident| $then:expr) => {
        if $is_http2 {
            let mut builder = hyper::server::conn::http2::Builder::new(HyperExecutor);
            builder.timer(HyperTimer::new()).auto_date_header(false);
            builder.keep_alive_interval(10 * SECOND).keep_alive_timeout(10 * SECOND);
            let $serving = builder.serve_connection($stream, $service);
            $then
        } else {
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(HyperTimer::new()).auto_date_header(false).header_read_timeout(10 * SECOND);
            let $serving = builder.serve_connection($stream, $service);
            $then
        }
    };
}

async fn connected(is_http2: bool) -> Option<Client<Body>> {
    if is_http2 {
        Client::http2(http2::Builder::new(HyperExecutor).timer(HyperTimer::new())).await
    } else {
        Client::http1(&http1::Builder::new()).await
    }
}

fn post(path: &str, body: Body) -> Request<Body> {
    Request::post(format!("http://web{path}")).header("host", "web").body(body).unwrap()
}

/// Takes its time, and answers with 5,000 bytes.
async fn answer(_: Request<Incoming>, tally: Rc<Tally>) -> hyper::Result<Response<Full<Bytes>>> {
    add(&tally.begun);
    sleep(Duration::from_millis(u64::from(choose(4)) * 3)).await;
    Ok(Response::new(Full::new(bytes(0, 0, 5_000))))
}

/// Serves `stream` until it is told to stop, and then to the end of what was begun.
async fn connection(stream: TcpStream, is_http2: bool, mut stop: watch::Receiver<bool>, tally: Rc<Tally>) {
    let service = service_fn(move |request| answer(request, tally.clone()));
    serving!(is_http2, stream, service, |serving| {
        let mut serving = pin!(serving);
        tokio::select! {
            biased;
            _ = serving.as_mut() => return,
            _ = stop.wait_for(|stop| *stop) => {}
        }
        serving.as_mut().graceful_shutdown();
        let _ = serving.await;
    });
}

async fn server(is_http2: bool, mut stop: watch::Receiver<bool>, tally: Rc<Tally>) {
    let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted.unwrap().0,
        };
        connections.spawn(connection(stream, is_http2, stop.clone(), tally.clone()));
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        ended.unwrap();
    }
}

/// Asks until it is refused, and keeps its connection open after that: a server that stops has to close it.
async fn ask(is_http2: bool, tally: Rc<Tally>) -> Option<Client<Body>> {
    let mut client = connected(is_http2).await?;
    for _ in 0..6 {
        let Ok(response) = client.send(post("/", Either::Right(Full::default()))).await else { break };
        let Ok(body) = response.into_body().collect().await else { break };
        assert!(body.to_bytes() == bytes(0, 0, 5_000), "not the answer");
        add(&tally.answered);
    }
    Some(client)
}

/// Clients ask, and the server is told to stop at some moment.
async fn stop_gracefully(is_http2: bool) -> Rc<Tally> {
    let (stop, stopped) = watch::channel(false);
    let tally = Rc::new(Tally::default());
    let serving = node("web").spawn(server(is_http2, stopped, tally.clone()));
    sleep(Duration::from_millis(1)).await;
    let asking: Vec<_> = (0..3).map(|_| spawn(ask(is_http2, tally.clone()))).collect();
    sleep(Duration::from_millis(3 + u64::from(choose(40)))).await;
    stop.send(true).unwrap();
    ends("a server that was told to stop", serving).await.unwrap();
    for task in asking {
        drop(ends("a client of a server that stopped", task).await.unwrap());
    }
    let (begun, answered) = (tally.begun.get(), tally.answered.get());
    assert!(begun == answered || strikes().of(Fault::Torn) > 0, "{begun} requests were begun and {answered} answered");
    tally
}

/// Sends without an end, or takes a body as long as any of it comes within half a minute.
async fn endlessly(request: Request<Incoming>, tally: Rc<Tally>) -> io::Result<Response<Body>> {
    let is_down = request.uri().path() == "/down";
    let inside = Inside::new(&tally, if is_down { "a body that is sent" } else { "a body that is taken" });
    if is_down {
        let (mut sender, body) = Channel::new(1);
        daemon("sender", async move {
            let _inside = inside;
            while sender.send_data(bytes(0, 0, 10_000)).await.is_ok() {}
        });
        return Ok(Response::new(Either::Left(body)));
    }
    let mut body = request.into_body();
    while let Ok(Some(frame)) = timeout(30 * SECOND, body.frame()).await {
        frame.map_err(io::Error::other)?;
    }
    Err(io::Error::other("an endless body has come to an end, or to a halt"))
}

/// Takes one endless body, slowly, and sends another.
async fn stay(is_http2: bool) {
    let take = async move {
        let mut client = connected(is_http2).await?;
        let mut body = client.send(post("/down", Either::Right(Full::default()))).await.ok()?.into_body();
        while let Some(Ok(_)) = body.frame().await {
            sleep(Duration::from_millis(1)).await;
        }
        Some(())
    };
    let give = async move {
        let mut client = connected(is_http2).await?;
        let (mut sender, body) = Channel::new(1);
        daemon("sender", async move {
            while sender.send_data(bytes(1, 0, 10_000)).await.is_ok() {
                sleep(Duration::from_millis(1)).await;
            }
        });
        client.send(post("/up", Either::Left(body))).await.ok().map(drop)
    };
    futures::join!(take, give);
}

/// A client goes away in the middle: its task ends, its machine crashes, or it is not heard of any more.
async fn go_away(is_http2: bool) {
    let tally = Rc::new(Tally::default());
    let of_server = tally.clone();
    start(move |stream| {
        let (tally, inside) = (of_server.clone(), Inside::new(&of_server, "a connection"));
        let service = service_fn(move |request| endlessly(request, tally.clone()));
        async move {
            let _inside = inside;
            serving!(is_http2, stream, service, |serving| serving.await)
        }
    })
    .await;
    let browser = node("browser");
    let client = browser.spawn(stay(is_http2));
    sleep(Duration::from_millis(u64::from(choose(100)))).await;
    let had = tally.inside.borrow().len();
    reveille::sometimes!(had == 4, "both bodies are on their way");
    // A client of HTTP/2 that has said nothing yet hyper waits for without an end: a time-out for that is its user's part.
    let ways = if had == 4 { 3 } else { 2 };
    let how = ["its task ended", "it crashed", "it is silent"][choose(ways) as usize];
    match how {
        "its task ended" => client.abort(),
        "it crashed" => browser.crash(),
        _ => browser.partition(node("web")),
    }
    // The time that a kernel takes to give up a peer that is silent, and more.
    sleep(1_200 * SECOND).await;
    assert!(tally.inside.borrow().is_empty(), "left behind, {how}: {:?}", tally.inside.borrow());
}

#[test]
fn a_server_that_stops_has_answered_what_it_began() {
    for is_http2 in [false, true] {
        let passed = explore().runs(100).run(move || async move {
            let tally = stop_gracefully(is_http2).await;
            reveille::sometimes!((1..18).contains(&tally.answered.get()), "stopped among the requests");
        });
        passed.unwrap();
    }
}

#[test]
fn an_http1_server_under_heavy_faults_stops() {
    under_heavy_faults(|| stop_gracefully(false));
}

#[test]
fn an_http2_server_under_heavy_faults_stops() {
    under_heavy_faults(|| stop_gracefully(true));
}

#[test]
fn an_http1_client_that_goes_away_leaves_nothing() {
    under_heavy_faults(|| go_away(false));
}

#[test]
fn an_http2_client_that_goes_away_leaves_nothing() {
    under_heavy_faults(|| go_away(true));
}
