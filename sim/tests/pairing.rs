//! The pairing of the simulator with the simulated network: the echo that `reactor-sim/tests/pairing` plays on all others.

#![cfg(not(loom))]

#[path = "../../reactor-sim/tests/pairing/echo.rs"]
mod echo;

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use echo::{Network, echo};
use reveille::net::{Simulated, TcpListener, TcpStream};
use reveille::{explore, spawn};
use reveille_reactor::socket::Ambient as _;

#[derive(Clone)]
struct Run;

impl Network for Run {
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn listen(&self) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind_in(Simulated::current("the echo"), "127.0.0.1:0", 16)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        listener.accept().await.map(|(stream, _)| stream)
    }

    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> + Send {
        TcpStream::connect(address)
    }
}

#[test]
fn the_simulator_over_the_simulated_network() {
    explore().runs(20).run(|| echo(Run, |task| drop(spawn(task)))).unwrap();
}
