//! The echo server on moonpool-sim, without chaos: its world, its executor, and the loop of its runner.

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use moonpool_sim::executor::{Executor, JoinHandle, spawn, until_stalled};
use moonpool_sim::{
    ChaosConfiguration, LatencyDistribution, NetworkConfiguration, NetworkProvider, SimWorld, TcpListenerTrait,
    TimeProvider,
};
use reveille_echo::{BYTES, Load};

const SERVER: &str = "10.0.0.1:7";

async fn serve(network: impl NetworkProvider) {
    let listener = network.bind(SERVER).await.unwrap();
    while let Ok((mut stream, _)) = listener.accept().await {
        drop(spawn("connection", async move {
            let mut message = [0; BYTES];
            while stream.read_exact(&mut message).await.is_ok() {
                stream.write_all(&message).await.unwrap();
            }
        }));
    }
}

async fn client(nth: usize, network: impl NetworkProvider, time: impl TimeProvider, messages: usize) {
    // One after the other: of two that connect before the next `accept` one is never accepted.
    time.sleep(Duration::from_micros(50 * nth as u64)).await.unwrap();
    let mut stream = network.connect(SERVER).await.unwrap();
    for nth in 0..messages {
        let message = [nth as u8; BYTES];
        stream.write_all(&message).await.unwrap();
        let mut echo = [0; BYTES];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, message);
    }
}

/// The latencies of its connections are drawn from a range.
fn network(load: Load) -> NetworkConfiguration {
    let latency = LatencyDistribution::Uniform { start: load.latency(0), end: load.latency(load.latencies - 1) };
    NetworkConfiguration {
        write_latency: latency,
        chaos: ChaosConfiguration::disabled(),
        ..NetworkConfiguration::fast_local()
    }
}

fn main() {
    let load = Load::from_args();
    load.time(|seed| {
        let mut world = SimWorld::new_with_network_config_and_seed(network(load), seed);
        let network = world.network_provider();
        Executor::new(seed).block_on(async {
            drop(spawn("server", serve(network.clone())));
            until_stalled().await;
            let time = world.time_provider();
            let begin = |nth| spawn("client", client(nth, network.clone(), time.clone(), load.messages));
            let clients: Vec<JoinHandle<()>> = (0..load.clients).map(begin).collect();
            while !clients.iter().all(JoinHandle::is_finished) {
                world.step();
                until_stalled().await;
            }
            for client in clients {
                client.await.unwrap();
            }
        });
    });
}
