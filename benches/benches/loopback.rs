//! Echo over the loopback of the operating system: one thread holds a server with a task for each connection, and its clients,
//! each of which sends 64 bytes and waits until they are back, time and again.
//!
//! The clock runs from the moment at which all connections are there to the last answer. Both sides run the same text: their own executor,
//! sockets and reactor, and tokio's `read_exact` and `write_all` over them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{config, group, now, tokio_with_sockets};
use reveille_executor::LocalExecutor;
use reveille_reactor::os::{Os, TcpListener, TcpStream};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

const LENGTH: usize = 64;
/// Of all clients together, in one iteration.
const MESSAGES: usize = 2_000;

/// Answers until the other side ends the stream; how many messages those were.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> usize {
    let (mut buffer, mut count) = ([0; LENGTH], 0);
    while let Ok(length) = stream.read_exact(&mut buffer).await {
        assert_eq!(length, LENGTH);
        stream.write_all(&buffer).await.expect("writes");
        count += 1;
    }
    count
}

/// Sends `messages`, each different from the one before, and compares what comes back.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, client: usize, messages: usize) {
    let mut buffer = [0; LENGTH];
    for message in 0..messages {
        let sent = [(client + message) as u8; LENGTH];
        stream.write_all(&sent).await.expect("writes");
        stream.read_exact(&mut buffer).await.expect("reads");
        assert_eq!(buffer, sent);
    }
}

/// The time of `iterations` times [`MESSAGES`], by so many clients: connects them all, and then lets them begin.
macro_rules! program {
    ($spawn:path, $accept:expr, $connect:expr, $clients:expr, $iterations:expr) => {
        async {
            let each = MESSAGES / $clients * usize::try_from($iterations).expect("few");
            let (mut answering, mut clients) = (Vec::new(), Vec::new());
            for _ in 0..$clients {
                let (client, server) = (connect(&$connect).await, accept(&$accept).await);
                clients.push(client);
                answering.push($spawn(answer(server)));
            }
            let start = now();
            let asking: Vec<_> =
                clients.into_iter().enumerate().map(|(number, client)| $spawn(ask(client, number, each))).collect();
            for task in asking {
                task.await.expect("the client ends");
            }
            let time = elapsed(start);
            for task in answering {
                assert_eq!(task.await.expect("the server ends"), each);
            }
            time
        }
    };
}

fn elapsed(start: Instant) -> Duration {
    start.elapsed()
}

/// What makes a stream, without waiting for small writes to gather.
async fn connect<S, Fut: Future<Output = io::Result<S>>>(make: &impl Fn() -> Fut) -> S {
    make().await.expect("connects")
}

/// As [`connect`].
async fn accept<S, Fut: Future<Output = io::Result<S>>>(make: &impl Fn() -> Fut) -> S {
    make().await.expect("accepts")
}

fn on_reactor(iterations: u64, clients: usize) -> Duration {
    let os = Os::new().expect("a reactor");
    LocalExecutor::with_driver(Arc::new(os.clone())).block_on(async {
        let listener = TcpListener::bind_in(os.clone(), "127.0.0.1:0", 1024).expect("listens");
        let address: SocketAddr = listener.local_addr().expect("has an address");
        let accept_one = async || {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true).map(|()| stream)
        };
        let connect_one = async || {
            let stream = TcpStream::connect_in(os.clone(), address).await?;
            stream.set_nodelay(true).map(|()| stream)
        };
        program!(reveille_executor::spawn, accept_one, connect_one, clients, iterations).await
    })
}

fn on_tokio(iterations: u64, clients: usize) -> Duration {
    tokio_with_sockets().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address: SocketAddr = listener.local_addr().expect("has an address");
        let accept_one = async || {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true).map(|()| stream)
        };
        let connect_one = async || {
            let stream = tokio::net::TcpStream::connect(address).await?;
            stream.set_nodelay(true).map(|()| stream)
        };
        program!(tokio::spawn, accept_one, connect_one, clients, iterations).await
    })
}

fn loopback(criterion: &mut Criterion) {
    for clients in [1, 10, 100] {
        let mut group = group(criterion, &format!("loopback/clients={clients}"));
        group.bench_function("on=executor,reactor=os", |b| b.iter_custom(|iters| on_reactor(iters, clients)));
        group.bench_function("on=tokio", |b| b.iter_custom(|iters| on_tokio(iters, clients)));
    }
}

criterion_group! { name = benches; config = config(); targets = loopback }
criterion_main!(benches);
