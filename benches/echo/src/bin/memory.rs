//! What connections take of memory: a line `name value` for each figure of the table.
//!
//! Both ends of a connection are in this process, as in any simulation, and what a run notes down to be repeated is counted as well.

use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream};
use reveille::{node, spawn};
use reveille_echo::BYTES;

/// So many connections are idle at once.
const CONNECTIONS: usize = 10_000;
/// So many clients send messages, and so many each.
const CLIENTS: usize = 10;
const MESSAGES: usize = 1_000;

fn main() {
    let bytes = |idle: fn(usize) -> Idle| {
        let peak = |connections| in_a_run(move || hold(idle(connections))).bytes_max;
        (peak(CONNECTIONS) - peak(1)) as f64 / (CONNECTIONS - 1) as f64
    };
    println!("bytes_per_connection {:.0}", bytes(Idle::Alone));
    println!("bytes_per_waiting_connection {:.0}", bytes(Idle::Waiting));
    let allocations = |messages| in_a_run(move || echo(messages)).count_total;
    let more = allocations(2 * MESSAGES) - allocations(MESSAGES);
    println!("allocations_per_message {:.2}", more as f64 / (CLIENTS * MESSAGES) as f64);
}

/// How many connections are idle, and how.
#[derive(Clone, Copy)]
enum Idle {
    /// Somebody has them.
    Alone(usize),
    /// At each end a task waits for bytes.
    Waiting(usize),
}

/// What `program` allocates in one run: a replay, as a first run is performed twice, the second time with a trace.
fn in_a_run<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) -> AllocationInfo {
    // The tape of another program, read leniently: its answers are used up at once, and then all are 0.
    let failure = reveille::explore().runs(1).run(|| async { panic!("for its tape") }).expect_err("a panic");
    let tape = failure.tape().expect("a panic has a tape").to_string();
    let explore = reveille::explore().replay(tape).lenient().limits(10_000_000, Duration::from_secs(86_400));
    measure(|| {
        explore.run(program).expect("no finding");
    })
}

/// Makes connections and leaves them alone for an hour.
async fn hold(idle: Idle) {
    let (Idle::Alone(connections) | Idle::Waiting(connections)) = idle;
    let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
    let clients = node("client").spawn(async move {
        let mut clients = Vec::with_capacity(connections);
        for _ in 0..connections {
            clients.push(TcpStream::connect("main:7").await.unwrap());
        }
        clients
    });
    let mut held = Vec::with_capacity(2 * connections);
    for _ in 0..connections {
        held.push(listener.accept().await.unwrap().0);
    }
    held.append(&mut clients.await.unwrap());
    if let Idle::Waiting(_) = idle {
        for mut stream in held.drain(..) {
            drop(spawn(async move { drop(stream.read(&mut [0]).await) }));
        }
    }
    reveille::time::sleep(Duration::from_secs(3_600)).await;
}

async fn echo(messages: usize) {
    let server = node("server");
    let listener = server.spawn(TcpListener::bind("0.0.0.0:7")).await.unwrap().unwrap();
    drop(server.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(spawn(async move {
                let mut message = [0; BYTES];
                while stream.read_exact(&mut message).await.is_ok() {
                    stream.write_all(&message).await.unwrap();
                }
            }));
        }
    }));
    let client = || async move {
        let mut stream = TcpStream::connect("server:7").await.unwrap();
        let mut message = [7; BYTES];
        for _ in 0..messages {
            stream.write_all(&message).await.unwrap();
            stream.read_exact(&mut message).await.unwrap();
        }
    };
    let clients: Vec<_> = (0..CLIENTS).map(|_| spawn(client())).collect();
    for client in clients {
        client.await.unwrap();
    }
}
