//! One echo for every pairing of an executor with a reactor: some clients at once, each with more than the buffers of its
//! connection hold, so that reading and writing have to wait in turn, and each direction is woken by itself.

use std::io;
use std::net::SocketAddr;

use futures::channel::oneshot;
use futures::future::BoxFuture;
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// TCP, of whatever kernel.
pub(crate) trait Network: Clone + Send + Sync + 'static {
    type Listener: Send + Sync + 'static;
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Listens on a free port of the loopback.
    fn listen(&self) -> io::Result<(Self::Listener, SocketAddr)>;
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;
    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

const CLIENTS: u8 = 4;
pub(crate) const BYTES: usize = 1 << 20;

/// Connects, sends and compares what comes back, with a task for each side of each connection: `spawn` runs one.
pub(crate) async fn echo<N, S>(network: N, spawn: S) -> io::Result<()>
where
    N: Network,
    S: Fn(BoxFuture<'static, ()>) + Clone + Send + 'static,
{
    let (listener, address) = network.listen()?;
    spawn(Box::pin({
        let spawn = spawn.clone();
        async move {
            for _ in 0..CLIENTS {
                let stream = N::accept(&listener).await.expect("accepts");
                spawn(Box::pin(async move {
                    let (reader, mut writer) = stream.split();
                    // Not until the end: that of async-io does not end a direction when it is closed.
                    let count = futures::io::copy(reader.take(BYTES as u64), &mut writer).await.expect("copies");
                    assert_eq!(count, BYTES as u64);
                }));
            }
        }
    }));
    let mut results = Vec::new();
    for client in 0..CLIENTS {
        let stream = network.connect(address).await?;
        let (mut reader, mut writer) = stream.split();
        // In a task of its own: who writes and who reads are woken apart.
        spawn(Box::pin(async move {
            writer.write_all(&vec![client; BYTES]).await.expect("writes");
        }));
        let (sender, result) = oneshot::channel();
        spawn(Box::pin(async move {
            let mut received = vec![!client; BYTES];
            let read = reader.read_exact(&mut received).await.map(|()| received);
            drop(sender.send(read));
        }));
        results.push((client, result));
    }
    for (client, result) in results {
        let received = result.await.expect("the task has not panicked")?;
        assert!(received.iter().all(|byte| *byte == client), "client {client} had another's bytes");
    }
    Ok(())
}
