//! The echo server on turmoil.

use std::time::Duration;

use reveille_echo::{BYTES, Load};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil::net::{TcpListener, TcpStream};

async fn serve() -> turmoil::Result {
    let listener = TcpListener::bind("0.0.0.0:7").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut message = [0; BYTES];
            while stream.read_exact(&mut message).await.is_ok() {
                stream.write_all(&message).await.unwrap();
            }
        });
    }
}

async fn client(messages: usize) {
    let mut stream = TcpStream::connect("server:7").await.unwrap();
    for nth in 0..messages {
        let message = [nth as u8; BYTES];
        stream.write_all(&message).await.unwrap();
        let mut echo = [0; BYTES];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, message);
    }
}

fn main() {
    let load = Load::from_args();
    load.time(|seed| {
        let latency = Duration::from_millis(1);
        let mut sim = turmoil::Builder::new()
            .rng_seed(seed)
            .min_message_latency(latency)
            .max_message_latency(latency)
            .simulation_duration(Duration::from_secs(86_400))
            .build();
        sim.host("server", serve);
        for machine in 0..load.latencies {
            let here = (0..load.clients).filter(move |nth| nth % load.latencies == machine).count();
            let name = format!("client-{machine}");
            sim.client(name.as_str(), async move {
                let clients: Vec<_> = (0..here).map(|_| tokio::spawn(client(load.messages))).collect();
                for client in clients {
                    client.await.unwrap();
                }
                Ok(())
            });
            sim.set_link_latency(name.as_str(), "server", load.latency(machine));
        }
        sim.run().unwrap();
    });
}
