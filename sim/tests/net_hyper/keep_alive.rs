//! Requests one after the other over a connection that is kept, and eight at once over one of HTTP/2.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use reveille::net::hyper::{HyperExecutor, HyperTimer};
use reveille::net::{TcpStream, UnixStream};
use reveille::time::{Duration, sleep};
use reveille::{explore, spawn};

use super::web::{connect, daemon, ends, start, under_heavy_faults};

/// What the server makes of a request: the path, then the body backwards.
fn answer_to(path: &str, body: &[u8]) -> Vec<u8> {
    path.bytes().chain(body.iter().rev().copied()).collect()
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    sleep(Duration::from_millis(u64::from(reveille::choose(3)))).await;
    Ok(Response::new(Full::new(answer_to(&path, &body).into())))
}

async fn serve_http1(stream: TcpStream) -> hyper::Result<()> {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(HyperTimer::new()).auto_date_header(false).pipeline_flush(true);
    builder.serve_connection(stream, service_fn(answer)).await
}

async fn serve_http2(stream: TcpStream) -> hyper::Result<()> {
    let mut builder = hyper::server::conn::http2::Builder::new(HyperExecutor);
    builder.timer(HyperTimer::new()).auto_date_header(false);
    builder.serve_connection(stream, service_fn(answer)).await
}

fn asked(number: usize) -> (String, Vec<u8>) {
    /// Below, around and above the window.
    const LENGTHS: [usize; 5] = [0, 1, 700, 20_000, 100_000];
    (format!("/{number}"), vec![number as u8; LENGTHS[number % LENGTHS.len()]])
}

fn request(number: usize) -> Request<Full<Bytes>> {
    let (path, body) = asked(number);
    Request::post(path).header("host", "web").body(Full::new(body.into())).unwrap()
}

async fn check(number: usize, response: hyper::Result<Response<Incoming>>) -> bool {
    let (path, body) = asked(number);
    let Ok(response) = response else { return false };
    let Ok(received) = response.into_body().collect().await else { return false };
    assert!(received.to_bytes() == answer_to(&path, &body), "another request's answer to {path}");
    true
}

/// Asks over connections that are kept alive, a new one after each error. Returns how many were answered.
pub(crate) async fn ask_http1(requests: usize) -> usize {
    start(serve_http1).await;
    let (mut answered, mut kept) = (0, None);
    for number in 0..requests {
        if kept.is_none() {
            let Some(stream) = connect().await else { continue };
            let Ok((sender, connection)) = http1::handshake(stream).await else { continue };
            daemon("client connection", connection);
            kept = Some(sender);
        }
        let Some(sender) = &mut kept else { continue };
        match ends("a request", async { check(number, sender.send_request(request(number)).await).await }).await {
            true => answered += 1,
            false => kept = None,
        }
    }
    answered
}

/// Asks eight at once over one connection. Returns how many were answered.
pub(crate) async fn ask_http2() -> usize {
    start(serve_http2).await;
    let Some(stream) = connect().await else { return 0 };
    let handshake = http2::Builder::new(HyperExecutor).timer(HyperTimer::new()).handshake(stream).await;
    let Ok((sender, connection)) = handshake else { return 0 };
    daemon("client connection", connection);
    let asked = |number| {
        let mut sender = sender.clone();
        spawn(ends("a request", async move { check(number, sender.send_request(request(number)).await).await }))
    };
    let mut answered = 0;
    for task in (0..8).map(asked).collect::<Vec<_>>() {
        answered += usize::from(task.await.unwrap());
    }
    answered
}

#[test]
fn http1_without_faults_answers_everything() {
    explore().runs(50).run(|| async { assert_eq!(ask_http1(10).await, 10) }).unwrap();
}

#[test]
fn http2_without_faults_answers_everything() {
    explore().runs(50).run(|| async { assert_eq!(ask_http2().await, 8) }).unwrap();
}

#[test]
fn http1_under_heavy_faults() {
    under_heavy_faults(|| async {
        let answered = ask_http1(10).await;
        reveille::sometimes!(answered == 10, "all answered");
        reveille::sometimes!(answered < 10, "some lost to a fault");
    });
}

#[test]
fn http2_under_heavy_faults() {
    under_heavy_faults(|| async {
        let answered = ask_http2().await;
        reveille::sometimes!(answered == 8, "all answered");
        reveille::sometimes!(answered < 8, "some lost to a fault");
    });
}

/// As `docker` and its kin talk: HTTP over a Unix socket, under the faults that there are for one.
#[test]
fn http1_over_unix_sockets_under_heavy_faults_answers_everything() {
    explore()
        .runs(200)
        .faults("heavy")
        .run(|| async {
            let (here, there) = UnixStream::pair()?;
            let served = spawn(async move {
                let mut builder = hyper::server::conn::http1::Builder::new();
                builder.timer(HyperTimer::new()).auto_date_header(false);
                builder.serve_connection(there, service_fn(answer)).await
            });
            let (mut sender, connection) = http1::handshake(here).await.unwrap();
            let connected = spawn(connection);
            for number in 0..4 {
                assert!(check(number, sender.send_request(request(number)).await).await);
            }
            drop(sender);
            connected.await.unwrap().unwrap();
            served.await.unwrap().unwrap();
            std::io::Result::Ok(())
        })
        .unwrap();
}
