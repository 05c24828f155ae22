//! A pharmacy and its stock register.
//!
//! The counters share one connection to the register, which answers one request after the other and takes its time.
//! Customers in a hurry leave before their answer is there.

use std::{sync::Arc, time::Duration};

use redis::{RedisConnectionInfo, aio::Connection};
use reveille::{
    spawn, task,
    time::{sleep, timeout},
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::sync::Mutex;

/// What is in stock, by the number of the shelf.
const STOCK: [u32; 4] = [40, 7, 0, 250];

pub type Register = Arc<Mutex<Connection<DuplexStream>>>;

pub async fn program() {
    let register = open().await;
    // Second of arrival, shelf, seconds of patience.
    let customers = [(0, 0, None), (3, 3, Some(1)), (4, 1, None), (9, 2, None)];
    let customers = customers.map(|(arrival, shelf, patience)| {
        let register = Arc::clone(&register);
        spawn(async move {
            sleep(Duration::from_secs(arrival)).await;
            let seconds = Duration::from_secs(patience.unwrap_or(3_600));
            let in_stock = timeout(seconds, in_stock(register, shelf)).await;
            assert!(in_stock.is_ok() || patience.is_some(), "whoever has time is told");
            assert!(in_stock.is_err() || in_stock == Ok(STOCK[shelf]), "what is told is what is in stock");
        })
    });
    for customer in customers {
        customer.await.expect("a customer left");
    }
}

/// How many packages are on a shelf.
pub async fn in_stock(register: Register, shelf: usize) -> u32 {
    let mut register = register.lock().await;
    redis::cmd("GET").arg(shelf).query_async(&mut *register).await.expect("the register is up")
}

/// A connection to a register that was started for it.
pub async fn open() -> Register {
    let (near, far) = duplex(256);
    drop(task::Builder::new().name("register").daemon(true).spawn(serve(far)));
    let connection = Connection::new(&RedisConnectionInfo::default(), near).await;
    Arc::new(Mutex::new(connection.expect("the register is up")))
}

/// The register: answers `GET` with what is in stock, two seconds later, and all else at once and kindly.
async fn serve(stream: DuplexStream) {
    let (reading, mut writing) = tokio::io::split(stream);
    let mut lines = BufReader::new(reading).lines();
    while let Ok(Some(head)) = lines.next_line().await {
        // `*2`, and then for each word its length and itself.
        let count: usize = head.trim_start_matches('*').parse().expect("a request begins with its length");
        let mut words = Vec::new();
        for _ in 0..count {
            let _length = lines.next_line().await;
            words.extend(lines.next_line().await.ok().flatten());
        }
        let reply = match &words[..] {
            [get, shelf] if get == "GET" => {
                sleep(Duration::from_secs(2)).await;
                let packages = shelf.parse().ok().and_then(|shelf: usize| STOCK.get(shelf)).unwrap_or(&0);
                format!(":{packages}\r\n")
            }
            _ => "+OK\r\n".to_owned(),
        };
        if writing.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}
