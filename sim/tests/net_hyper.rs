//! hyper's client and server, unchanged, over the simulated network under heavy faults: every response is that of its request or
//! a clean error, nothing hangs, every run repeats itself, and every sort of fault really struck.

#![cfg(not(loom))]

use std::convert::Infallible;
use std::sync::{LazyLock, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use reveille::net::hyper::{HyperExecutor, HyperTimer};
use reveille::net::{Fault, Faults, Strikes, TcpListener, TcpStream, UnixStream};
use reveille::time::{Duration, sleep, timeout};
use reveille::{explore, node, spawn, task};

/// What the server makes of a request: the path, then the body backwards.
fn answer_to(path: &str, body: &[u8]) -> Vec<u8> {
    path.bytes().chain(body.iter().rev().copied()).collect()
}

async fn serve(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    sleep(Duration::from_millis(u64::from(reveille::choose(3)))).await;
    Ok(Response::new(Full::new(answer_to(&path, &body).into())))
}

/// Listens on port 80 of this node and serves until the run ends.
async fn server(http2: bool) {
    let listener = loop {
        match TcpListener::bind("0.0.0.0:80").await {
            Ok(listener) => break listener,
            Err(_) => sleep(Duration::from_millis(1)).await,
        }
    };
    while let Ok((stream, _)) = listener.accept().await {
        drop(task::Builder::new().name("connection").daemon(true).spawn(async move {
            // A connection that was torn down is an error here, as anywhere.
            let _ = if http2 {
                let mut builder = hyper::server::conn::http2::Builder::new(HyperExecutor);
                builder.timer(HyperTimer::new()).auto_date_header(false);
                builder.serve_connection(stream, service_fn(serve)).await
            } else {
                let mut builder = hyper::server::conn::http1::Builder::new();
                builder.timer(HyperTimer::new()).auto_date_header(false).pipeline_flush(true);
                builder.serve_connection(stream, service_fn(serve)).await
            };
        }));
    }
}

fn start(http2: bool) {
    drop(node("web").spawn(async move {
        task::Builder::new().name("server").daemon(true).spawn(server(http2)).await.unwrap();
    }));
}

fn request(number: usize) -> (String, Vec<u8>) {
    /// Below, around and above the window.
    const LENGTHS: [usize; 5] = [0, 1, 700, 20_000, 100_000];
    let body = vec![number as u8; LENGTHS[number % LENGTHS.len()]];
    (format!("/{number}"), body)
}

async fn check(number: usize, response: Response<Incoming>) -> bool {
    let (path, body) = request(number);
    match response.into_body().collect().await {
        Ok(received) => {
            assert!(received.to_bytes() == answer_to(&path, &body), "another request's answer to {path}");
            true
        }
        Err(_) => false,
    }
}

fn as_request(number: usize) -> Request<Full<Bytes>> {
    let (path, body) = request(number);
    Request::post(path).header("host", "web").body(Full::new(body.into())).unwrap()
}

/// Asks over connections that are kept alive, a new one after each error. Returns how many were answered.
async fn ask_http1(requests: usize) -> Result<usize, Infallible> {
    let (mut answered, mut sender) = (0, None);
    for number in 0..requests {
        if sender.is_none() {
            let Ok(stream) = TcpStream::connect("web:80").await else { continue };
            let Ok((made, connection)) = http1::handshake(stream).await else { continue };
            drop(task::Builder::new().name("client connection").daemon(true).spawn(connection));
            sender = Some(made);
        }
        let Some(open) = &mut sender else { continue };
        let asked = async {
            match open.send_request(as_request(number)).await {
                Ok(response) => check(number, response).await,
                Err(_) => false,
            }
        };
        match timeout(Duration::from_secs(3600), asked).await {
            Ok(true) => answered += 1,
            Ok(false) => sender = None,
            Err(_) => panic!("request {number} hangs"),
        }
    }
    Ok(answered)
}

/// Asks eight at once over one connection.
async fn ask_http2() -> usize {
    let Ok(stream) = TcpStream::connect("web:80").await else { return 0 };
    let handshake = http2::Builder::new(HyperExecutor).timer(HyperTimer::new()).handshake(stream).await;
    let Ok((sender, connection)) = handshake else { return 0 };
    drop(task::Builder::new().name("client connection").daemon(true).spawn(connection));
    let mut tasks = Vec::new();
    for number in 0..8 {
        let mut sender = sender.clone();
        tasks.push(spawn(async move {
            let asked = async {
                match sender.send_request(as_request(number)).await {
                    Ok(response) => check(number, response).await,
                    Err(_) => false,
                }
            };
            timeout(Duration::from_secs(3600), asked).await.expect("a request hangs")
        }));
    }
    let mut answered = 0;
    for task in tasks {
        answered += usize::from(task.await.unwrap());
    }
    answered
}

/// The faults that can strike a stream.
fn every_fault_struck(strikes: &Mutex<Strikes>) {
    let strikes = strikes.lock().unwrap();
    println!("struck: {strikes}");
    let of_streams = |fault: &Fault| *fault != Fault::Twice && !fault.is_of_files() && !fault.is_of_nodes();
    for fault in Faults::HEAVY.sorts().filter(of_streams) {
        assert!(strikes.of(fault) > 0, "{fault:?} never struck");
    }
}

#[test]
fn http1_without_faults_answers_everything() {
    explore()
        .runs(50)
        .run(|| async {
            start(false);
            sleep(Duration::from_millis(1)).await;
            assert_eq!(ask_http1(10).await, Ok(10));
        })
        .unwrap();
}

#[test]
fn http1_under_heavy_faults() {
    static STRIKES: LazyLock<Mutex<Strikes>> = LazyLock::new(Mutex::default);
    explore()
        .faults("heavy")
        .run(|| async {
            start(false);
            sleep(Duration::from_millis(1)).await;
            let answered = ask_http1(10).await.unwrap();
            reveille::sometimes!(answered == 10, "all answered");
            reveille::sometimes!(answered < 10, "some lost to a fault");
            STRIKES.lock().unwrap().add(&reveille::net::strikes());
        })
        .unwrap();
    every_fault_struck(&STRIKES);
}

#[test]
fn http2_under_heavy_faults() {
    static STRIKES: LazyLock<Mutex<Strikes>> = LazyLock::new(Mutex::default);
    explore()
        .faults("heavy")
        .run(|| async {
            start(true);
            sleep(Duration::from_millis(1)).await;
            let answered = ask_http2().await;
            reveille::sometimes!(answered == 8, "all answered");
            reveille::sometimes!(answered < 8, "some lost to a fault");
            STRIKES.lock().unwrap().add(&reveille::net::strikes());
        })
        .unwrap();
    every_fault_struck(&STRIKES);
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
                builder.serve_connection(there, service_fn(serve)).await
            });
            let (mut sender, connection) = http1::handshake(here).await.unwrap();
            let connected = spawn(connection);
            for number in 0..4 {
                let response = sender.send_request(as_request(number)).await.unwrap();
                assert!(check(number, response).await);
            }
            drop(sender);
            connected.await.unwrap().unwrap();
            served.await.unwrap().unwrap();
            std::io::Result::Ok(())
        })
        .unwrap();
}
