//! A server that stops: it takes no new requests, finishes those that it has, and ends.
//!
//! The mistake: connections are tasks in a `JoinSet`, and the server returns when it is told to stop. The set is dropped with
//! it, and takes the requests along that are half-way. Whoever asked has been read, and is never answered.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use reveille::net::{TcpListener, TcpStream};
use reveille::time::{Duration, sleep, timeout};
use reveille::{JoinSet, choose, explore, node, spawn};
use tokio::sync::watch;

use super::Explored;

/// How long those that are connected are waited for.
const GRACE: Duration = Duration::from_secs(5);

/// How many requests the server has read, and how many of them it has answered.
#[derive(Default)]
struct Tally {
    taken: Cell<u32>,
    answered: Cell<u32>,
}

async fn serve(mut stop: watch::Receiver<bool>, tally: Rc<Tally>, is_broken: bool) {
    let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted.unwrap(),
        };
        connections.spawn(connection(stream, stop.clone(), tally.clone()));
    }
    if is_broken {
        return;
    }
    // Nobody else gets in; who is in gets out by themselves.
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    timeout(GRACE, all).await.expect("a connection does not end");
}

/// Answers request after request, a byte each, and between two of them looks whether it is time to stop.
async fn connection(mut stream: TcpStream, mut stop: watch::Receiver<bool>, tally: Rc<Tally>) -> io::Result<()> {
    loop {
        let mut request = [0];
        let length = tokio::select! {
            biased;
            length = stream.read(&mut request) => length?,
            _ = stop.wait_for(|stop| *stop) => 0,
        };
        if length == 0 {
            return stream.close().await;
        }
        tally.taken.set(tally.taken.get() + 1);
        // The work. What has been taken is answered.
        sleep(Duration::from_millis(30)).await;
        stream.write_all(&[request[0] * 2]).await?;
        tally.answered.set(tally.answered.get() + 1);
    }
}

/// Sends requests until the server is gone; returns how many were answered. From here it cannot be told whether the last one
/// was taken.
async fn client() -> io::Result<u8> {
    let mut stream = TcpStream::connect("server:80").await?;
    for request in 1..=4 {
        stream.write_all(&[request]).await?;
        let mut answer = [0];
        match stream.read_exact(&mut answer).await {
            Ok(()) => assert_eq!(answer[0], request * 2),
            Err(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => return Ok(request - 1),
                _ => return Err(error),
            },
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(4)
}

async fn shutdown(is_broken: bool) {
    let (stop, stopped) = watch::channel(false);
    let tally = Rc::new(Tally::default());
    let server = node("server").spawn(serve(stopped, tally.clone(), is_broken));
    sleep(Duration::from_millis(1)).await;
    let clients: Vec<_> = (0..2).map(|_| spawn(client())).collect();
    sleep(Duration::from_millis(10 + 20 * u64::from(choose(8)))).await;
    stop.send(true).unwrap();
    server.await.unwrap();
    for client in clients {
        let answered = client.await.unwrap().unwrap();
        reveille::sometimes!(answered == 0, "stopped before the first answer");
        reveille::sometimes!(answered > 0, "stopped later");
    }
    assert_eq!(tally.taken.get(), tally.answered.get(), "a request was taken and not answered");
}

/// Requests that were taken are not answered.
pub(crate) fn broken() -> Explored {
    explore().name("graceful shutdown, broken").run(|| shutdown(true))
}

/// What was taken is answered.
pub(crate) fn mended() -> Explored {
    explore().name("graceful shutdown, mended").run(|| shutdown(false))
}
