//! A register on three machines, of which any two are enough: a write counts when two have it, a read asks two.
//!
//! The mistake: a read returns what the newest of two answers says, and leaves it at that. While a write is half-way, one
//! reader may see the new value and a later reader the old one again. A reader has to make sure that two have the value before it
//! returns it (Attiya, Bar-Noy, Dolev: Sharing memory robustly in message-passing systems, JACM 1995).

use std::cell::Cell;
use std::rc::Rc;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use reveille::net::UdpSocket;
use reveille::time::{Duration, sleep, timeout};
use reveille::{choose, explore, node, spawn, task};

use super::Explored;

const REPLICAS: [&str; 3] = ["one", "two", "three"];
const MAJORITY: usize = 2;
/// How long an answer is waited for before the question is asked again.
const PATIENCE: Duration = Duration::from_millis(50);

/// A value, and how new it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Versioned {
    version: u8,
    value: u8,
}

/// Keeps the newest value that it is told of, and answers every message with what it has then. Version 0 is a question.
async fn replica() {
    let socket = UdpSocket::bind("0.0.0.0:7").await.unwrap();
    let mut newest = Versioned::default();
    let mut message = [0; 3];
    while let Ok((_, from)) = socket.recv_from(&mut message).await {
        let [number, version, value] = message;
        newest = newest.max(Versioned { version, value });
        socket.send_to(&[number, newest.version, newest.value], from).await.unwrap();
    }
}

/// Tells `replica` of `told` and returns what it has then; asks until it answers.
async fn tell(replica: &str, told: Versioned) -> Versioned {
    let socket = UdpSocket::bind("0.0.0.0:0").await.unwrap();
    for number in 0.. {
        // They are not all equally far away.
        sleep(Duration::from_millis(u64::from(choose(3)) * 10)).await;
        socket.send_to(&[number, told.version, told.value], (replica, 7)).await.unwrap();
        let mut answer = [0; 3];
        let answered = async {
            while socket.recv_from(&mut answer).await.is_err() || answer[0] != number {}
            Versioned { version: answer[1], value: answer[2] }
        };
        if let Ok(newest) = timeout(PATIENCE, answered).await {
            return newest;
        }
    }
    unreachable!("a replica that does not answer 256 times")
}

/// Tells all replicas of `told`, and returns the newest that the first two to answer have.
async fn tell_majority(told: Versioned) -> Versioned {
    let answers: FuturesUnordered<_> = REPLICAS.into_iter().map(|replica| tell(replica, told)).collect();
    answers.take(MAJORITY).fold(told, |newest, answer| std::future::ready(newest.max(answer))).await
}

async fn read(is_broken: bool) -> Versioned {
    let newest = tell_majority(Versioned::default()).await;
    if !is_broken {
        tell_majority(newest).await;
    }
    newest
}

async fn register(is_broken: bool) {
    for name in REPLICAS {
        drop(node(name).spawn(async { task::Builder::new().daemon(true).spawn(replica()).await }));
    }
    sleep(Duration::from_millis(1)).await;
    // What every read that begins from now on must see.
    let seen = Rc::new(Cell::new(Versioned::default()));
    let writer = {
        let seen = seen.clone();
        spawn(async move {
            for version in 1..=2 {
                let written = Versioned { version, value: version * 10 };
                tell_majority(written).await;
                seen.set(seen.get().max(written));
            }
        })
    };
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let seen = seen.clone();
            spawn(async move {
                for _ in 0..3 {
                    let before = seen.get();
                    let value = read(is_broken).await;
                    assert!(
                        value >= before,
                        "a read returned {value:?} although {before:?} had been read or written before it began"
                    );
                    seen.set(seen.get().max(value));
                }
            })
        })
        .collect();
    writer.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(read(is_broken).await.value, 20);
}

/// A later read returns an older value.
pub(crate) fn broken() -> Explored {
    explore().name("register, broken").run(|| register(true))
}

/// Never.
pub(crate) fn mended() -> Explored {
    explore().name("register, mended").run(|| register(false))
}
