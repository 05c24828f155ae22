//! A message allocates nothing: bytes lie in rings, events in a heap, wakers in place, all of which stay.

#![cfg(not(loom))]

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::{explore, node, spawn};

/// Five clients, each of which says so many words and hears them again.
async fn echo(messages: usize) {
    let db = node("db");
    let listener = db.spawn(TcpListener::bind("0.0.0.0:7")).await.unwrap().unwrap();
    drop(db.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(spawn(async move {
                let mut buffer = [0; 64];
                while stream.read_exact(&mut buffer).await.is_ok() {
                    stream.write_all(&buffer).await.unwrap();
                }
            }));
        }
    }));
    let client = || async move {
        let mut stream = TcpStream::connect((db.address(), 7)).await.unwrap();
        let mut buffer = [7; 64];
        for _ in 0..messages {
            stream.write_all(&buffer).await.unwrap();
            stream.read_exact(&mut buffer).await.unwrap();
        }
    };
    let clients: Vec<_> = (0..5).map(|_| spawn(client())).collect();
    for client in clients {
        client.await.unwrap();
    }
}

async fn datagrams(messages: usize) {
    let (one, two) = (UdpSocket::bind("127.0.0.1:1").await.unwrap(), UdpSocket::bind("127.0.0.1:2").await.unwrap());
    let mut buffer = [7; 64];
    for _ in 0..messages {
        one.send_to(&buffer, two.local_addr().unwrap()).await.unwrap();
        two.recv_from(&mut buffer).await.unwrap();
    }
}

/// How many allocations `more` messages of each of `clients` cost, per message, in runs of a campaign.
fn per_message<F: Future<Output = ()> + 'static>(clients: usize, program: fn(usize) -> F) -> f64 {
    const RUNS: u64 = 64;
    let count = |messages: usize| {
        let info = allocation_counter::measure(|| {
            // A poll with a fresh waker allocates that.
            explore().runs(RUNS).seed(1000).freedoms("none").run(move || program(messages)).unwrap();
        });
        info.count_total as f64
    };
    // Runs number 0, 1, 2, 4, .. of a campaign are performed twice.
    let performances = RUNS + 1 + u64::from(RUNS.ilog2());
    (count(400) - count(100)) / (300 * clients) as f64 / performances as f64
}

#[test]
fn a_message_over_a_stream_allocates_nothing() {
    let allocations = per_message(5, echo);
    assert!(allocations < 0.05, "{allocations} per message there and back");
}

#[test]
fn a_datagram_allocates_once_at_most() {
    // `send_to` looks its address up, and the answer is a list.
    let allocations = per_message(1, datagrams);
    assert!(allocations < 1.05, "{allocations} per datagram");
}
