//! The echo server on `reveille`: a campaign of runs, each with another schedule, digest and tape on.
//!
//! `STRATEGY=portfolio` has the default strategies in the place of uniform picks.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream};
use reveille::{node, spawn};
use reveille_echo::{BYTES, Load};

async fn serve() {
    let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
    while let Ok((mut stream, _)) = listener.accept().await {
        drop(spawn(async move {
            let mut message = [0; BYTES];
            while stream.read_exact(&mut message).await.is_ok() {
                stream.write_all(&message).await.unwrap();
            }
        }));
    }
}

async fn client(pause: Duration, messages: usize) {
    reveille::time::sleep(pause).await;
    let mut stream = TcpStream::connect("server:7").await.unwrap();
    for nth in 0..messages {
        let message = [nth as u8; BYTES];
        stream.write_all(&message).await.unwrap();
        let mut echo = [0; BYTES];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, message);
    }
}

async fn echo(load: Load) {
    node("server").start(serve);
    let begin = |nth| {
        let machine = node(&format!("client-{}", nth % load.latencies));
        machine.set_latency(node("server"), load.latency(nth));
        // Of thousands not all in one instant: a backlog has an end, and who finds it full waits for a second.
        let pause = if load.clients > 100 { Duration::from_micros(nth as u64) } else { Duration::ZERO };
        machine.spawn(client(pause, load.messages))
    };
    reveille::time::sleep(Duration::from_millis(1)).await;
    let clients: Vec<_> = (0..load.clients).map(begin).collect();
    for client in clients {
        client.await.unwrap();
    }
}

fn main() {
    let load = Load::from_args();
    let strategy = std::env::var("STRATEGY").unwrap_or_else(|_| "random".into());
    let marks = Mutex::new(Vec::new());
    let explore = reveille::explore().strategy(strategy).seed(1).runs(load.all_runs() as u64);
    let explore = explore.limits(u32::MAX.into(), Duration::from_secs(86_400));
    let program = || {
        marks.lock().unwrap().push(Instant::now());
        echo(load)
    };
    explore.run(program).unwrap();
    let mut marks = marks.into_inner().unwrap();
    marks.push(Instant::now());
    load.print(&marks);
}
