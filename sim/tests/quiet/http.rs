//! hyper's client and server as users put them together.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use reveille::net::hyper::HyperTimer;
use reveille::net::{TcpListener, TcpStream};
use reveille::time::{sleep, timeout};
use reveille::{JoinSet, choose, node, spawn, task};
use tokio::sync::watch;

use super::{ms, quiet};

type Answer = Result<Response<Full<Bytes>>, hyper::Error>;

/// Opens a connection to the server, if it takes any, and drives it in a task of its own.
async fn connect() -> Option<http1::SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect("server:80").await.ok()?;
    let (sender, connection) = http1::handshake(stream).await.ok()?;
    drop(task::Builder::new().name("client connection").daemon(true).spawn(connection));
    Some(sender)
}

fn request(path: &str, body: &'static str) -> Request<Full<Bytes>> {
    Request::post(path).header("host", "test").body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

fn answer(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(body.into())).unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// A service with a counter that answers, refuses and is slow, and clients that keep their connections.
#[test]
fn counter_service() {
    async fn handle(count: Rc<Cell<u32>>, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await?.to_bytes();
        Ok(match path.as_str() {
            "/add" => {
                let more: u32 = std::str::from_utf8(&body).unwrap().parse().unwrap();
                sleep(ms(u64::from(choose(3)))).await;
                count.set(count.get() + more);
                answer(StatusCode::OK, count.get().to_string())
            }
            "/slow" => {
                sleep(ms(1_000)).await;
                answer(StatusCode::OK, "done")
            }
            _ => answer(StatusCode::NOT_FOUND, "nothing here"),
        })
    }

    async fn serve(count: Rc<Cell<u32>>) {
        let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
        drop(task::Builder::new().name("listener").daemon(true).spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = count.clone();
                let service = service_fn(move |request| handle(count.clone(), request));
                let mut server = hyper::server::conn::http1::Builder::new();
                server.timer(HyperTimer::new()).auto_date_header(false);
                drop(
                    task::Builder::new()
                        .name("connection")
                        .daemon(true)
                        .spawn(server.serve_connection(stream, service)),
                );
            }
        }));
    }

    quiet(|| async {
        let count = Rc::new(Cell::new(0));
        node("server").spawn(serve(count.clone())).await.unwrap();
        let mut clients = JoinSet::new();
        for client in 0..3 {
            clients.spawn(async move {
                let mut server = connect().await.unwrap();
                for _ in 0..3 {
                    let response = server.send_request(request("/add", "2")).await.unwrap();
                    assert_eq!(response.status(), StatusCode::OK);
                    assert!(text(response).await.parse::<u32>().unwrap() >= 2);
                }
                let missing = server.send_request(request("/none", "")).await.unwrap();
                assert_eq!(missing.status(), StatusCode::NOT_FOUND);
                assert_eq!(text(missing).await, "nothing here");
                if client == 0 {
                    // Not waited for; the connection goes with it.
                    assert!(timeout(ms(20), server.send_request(request("/slow", ""))).await.is_err());
                }
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        assert_eq!(count.get(), 18);
    });
}

struct Server {
    stop: watch::Receiver<bool>,
    answered: Rc<Cell<u32>>,
}

impl Server {
    async fn run(mut self) {
        let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
        let mut connections = JoinSet::new();
        loop {
            let stream = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => break,
                accepted = listener.accept() => accepted.unwrap().0,
            };
            connections.spawn(connection(stream, self.stop.clone(), self.answered.clone()));
        }
        drop(listener);
        while let Some(ended) = connections.join_next().await {
            ended.unwrap();
        }
    }
}

async fn connection(stream: TcpStream, mut stop: watch::Receiver<bool>, answered: Rc<Cell<u32>>) {
    let service = service_fn(|request: Request<Incoming>| {
        let answered = answered.clone();
        async move {
            let body = request.into_body().collect().await?.to_bytes();
            sleep(ms(5)).await;
            answered.set(answered.get() + 1);
            Ok::<_, hyper::Error>(answer(StatusCode::OK, body))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(HyperTimer::new()).auto_date_header(false);
    let mut serving = std::pin::pin!(builder.serve_connection(stream, service));
    tokio::select! {
        biased;
        served = serving.as_mut() => return served.unwrap(),
        _ = stop.wait_for(|stop| *stop) => {}
    }
    serving.as_mut().graceful_shutdown();
    serving.await.unwrap();
}

/// A server that stops gracefully: it takes no more connections, ends the requests it has, and then its connections.
#[test]
fn server_that_stops_gracefully() {
    quiet(|| async {
        let (stop, stopped) = watch::channel(false);
        let answered = Rc::new(Cell::new(0));
        let server = Server { stop: stopped, answered: answered.clone() };
        let server = node("server").spawn(server.run());
        sleep(ms(1)).await;
        let received = Rc::new(RefCell::new(Vec::new()));
        let clients: Vec<_> = (0..3)
            .map(|_| {
                let received = received.clone();
                spawn(async move {
                    let Some(mut server) = connect().await else { return };
                    for _ in 0..4 {
                        let Ok(response) = server.send_request(request("/", "hello")).await else { return };
                        let text = text(response).await;
                        received.borrow_mut().push(text);
                    }
                })
            })
            .collect();
        sleep(ms(4 + u64::from(choose(20)))).await;
        stop.send(true).unwrap();
        server.await.unwrap();
        for client in clients {
            client.await.unwrap();
        }
        assert_eq!(received.borrow().len(), answered.get() as usize, "an answer was cut off");
        assert!(received.borrow().iter().all(|text| text == "hello"));
    });
}
