//! The echo server on madsim: needs `--cfg madsim`.

#[path = "../../src/lib.rs"]
mod shared;

use std::net::SocketAddr;
use std::time::Duration;

use madsim::net::{TcpListener, TcpStream};
use madsim::runtime::Runtime;
use shared::{BYTES, Load};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn serve() {
    let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        madsim::task::spawn(async move {
            let mut message = [0; BYTES];
            while stream.read_exact(&mut message).await.is_ok() {
                stream.write_all(&message).await.unwrap();
                stream.flush().await.unwrap();
            }
        });
    }
}

async fn client(server: SocketAddr, messages: usize) {
    let mut stream = TcpStream::connect(server).await.unwrap();
    for nth in 0..messages {
        let message = [nth as u8; BYTES];
        stream.write_all(&message).await.unwrap();
        stream.flush().await.unwrap();
        let mut echo = [0; BYTES];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, message);
    }
}

fn main() {
    let load = Load::from_args();
    load.time(|seed| {
        let mut config = madsim::Config::default();
        config.net.send_latency = load.latency(0)..load.latency(load.latencies - 1) + Duration::from_nanos(1);
        let runtime = Runtime::with_seed_and_config(seed, config);
        let server: SocketAddr = "10.0.0.1:7".parse().unwrap();
        runtime.create_node().name("server").ip(server.ip()).init(serve).build();
        let clients = runtime.create_node().name("clients").ip("10.0.0.2".parse().unwrap()).build();
        let all = clients.spawn(async move {
            madsim::time::sleep(Duration::from_millis(1)).await;
            let clients: Vec<_> =
                (0..load.clients).map(|_| madsim::task::spawn(client(server, load.messages))).collect();
            for client in clients {
                client.await.unwrap();
            }
        });
        runtime.block_on(all).unwrap();
    });
}
