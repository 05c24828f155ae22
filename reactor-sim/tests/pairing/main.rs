//! The pairings: the same echo, and reads with a time limit, on each executor over the real reactor, and the echo on ours over that of
//! async-io. That of the simulator over the simulated network is `sim/tests/pairing.rs`.
//!
//! Over loopback only, with a megabyte for each of four clients.

#![cfg(all(feature = "os", feature = "futures-io", not(loom)))]

mod echo;
mod limit;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_io::Async;
use echo::{BYTES, Network, echo};
use futures::future::BoxFuture;
use limit::limited;
use reveille_executor::{Driver as _, LocalExecutor, Pool};
use reveille_reactor::os::{Os, TcpListener, TcpStream, UdpSocket};

impl Network for Os {
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn listen(&self) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind_in(self.clone(), "127.0.0.1:0", 16)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        listener.accept().await.map(|(stream, _)| stream)
    }

    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> + Send {
        TcpStream::connect_in(self.clone(), address)
    }
}

/// The reactor of async-io, which has a thread of its own.
#[derive(Clone)]
struct AsyncIo;

impl Network for AsyncIo {
    type Listener = Async<StdListener>;
    type Stream = Async<StdStream>;

    fn listen(&self) -> io::Result<(Async<StdListener>, SocketAddr)> {
        let listener = Async::<StdListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.get_ref().local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &Async<StdListener>) -> io::Result<Async<StdStream>> {
        listener.accept().await.map(|(stream, _)| stream)
    }

    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<Async<StdStream>>> + Send {
        Async::<StdStream>::connect(address)
    }
}

/// Both programs over the real reactor.
async fn played<S>(os: Os, spawn: S) -> io::Result<()>
where
    S: Fn(BoxFuture<'static, ()>) + Clone + Send + 'static,
{
    echo(os.clone(), spawn.clone()).await?;
    limited(os, spawn).await
}

/// Turns the reactor on a thread of its own while `run` runs, without a time-out: what it has to know of ends its wait.
#[expect(clippy::disallowed_methods, reason = "a real thread is the point")]
fn with_thread(run: impl FnOnce(Os)) {
    let os = Os::new().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let (turning, stop) = (os.clone(), Arc::clone(&done));
    let thread = std::thread::spawn(move || {
        while !stop.load(Ordering::Acquire) {
            turning.turn(None).unwrap();
        }
    });
    run(os.clone());
    done.store(true, Ordering::Release);
    os.unpark();
    thread.join().unwrap();
}

#[test]
fn our_local_executor_over_the_real_reactor() {
    with_thread(|os| {
        LocalExecutor::new().block_on(played(os, |task| drop(reveille_executor::spawn(task)))).unwrap();
    });
}

/// One thread for all.
#[test]
fn our_local_executor_waiting_in_the_real_reactor() {
    let os = Os::new().unwrap();
    let executor = LocalExecutor::with_driver(Arc::new(os.clone()));
    executor.block_on(played(os, |task| drop(reveille_executor::spawn(task)))).unwrap();
}

/// A worker at a time waits in the reactor.
#[test]
fn our_pool_waiting_in_the_real_reactor() {
    let os = Os::new().unwrap();
    let pool = Pool::with_driver(2, Arc::new(os.clone())).unwrap();
    let handle = pool.handle();
    pool.block_on(played(os, move |task| drop(handle.spawn(task)))).unwrap();
}

#[test]
fn our_pool_over_the_real_reactor() {
    with_thread(|os| {
        let pool = Pool::new(2).unwrap();
        let handle = pool.handle();
        pool.block_on(played(os, move |task| drop(handle.spawn(task)))).unwrap();
    });
}

#[test]
fn the_local_pool_of_futures_over_the_real_reactor() {
    use futures::task::LocalSpawnExt as _;
    with_thread(|os| {
        let mut pool = futures::executor::LocalPool::new();
        // Its spawner is not `Send`, and all that is spawned here is on this thread.
        let (sender, mut tasks) = futures::channel::mpsc::unbounded();
        let spawner = pool.spawner();
        pool.run_until(async {
            use futures::StreamExt as _;
            let program = played(os, move |task| sender.unbounded_send(task).unwrap());
            let spawns = async {
                while let Some(task) = tasks.next().await {
                    spawner.spawn_local(task).unwrap();
                }
            };
            futures::join!(program, spawns).0
        })
        .unwrap();
    });
}

#[test]
fn async_executor_over_the_real_reactor() {
    with_thread(|os| {
        let executor = Arc::new(async_executor::Executor::new());
        let spawning = Arc::clone(&executor);
        let program = played(os, move |task| spawning.spawn(task).detach());
        futures::executor::block_on(executor.run(program)).unwrap();
    });
}

#[test]
fn our_local_executor_over_the_reactor_of_async_io() {
    LocalExecutor::new().block_on(echo(AsyncIo, |task| drop(reveille_executor::spawn(task)))).unwrap();
}

/// No executor and no thread: whoever waits turns the reactor.
#[test]
fn the_loop_of_the_real_reactor_itself() {
    let os = Os::new().unwrap();
    let (sender, tasks) = futures::channel::mpsc::unbounded();
    let program = played(os.clone(), move |task| sender.unbounded_send(task).unwrap());
    os.block_on(async {
        use futures::StreamExt as _;
        let served = tasks.for_each_concurrent(None, |task| task);
        futures::join!(program, served).0
    })
    .unwrap();
}

#[test]
fn datagrams_on_the_loop_itself() {
    let os = Os::new().unwrap();
    os.block_on(async {
        let (one, two) =
            (UdpSocket::bind_in(os.clone(), "127.0.0.1:0")?, UdpSocket::bind_in(os.clone(), "127.0.0.1:0")?);
        let mut buffer = [0; 16];
        let receive = two.recv_from(&mut buffer);
        let send = one.send_to(b"hello", two.local_addr()?);
        let ((count, from), sent) = futures::try_join!(receive, send)?;
        assert_eq!((count, sent, from), (5, 5, one.local_addr()?));
        io::Result::Ok(())
    })
    .unwrap();
}

#[cfg(unix)]
#[test]
fn unix_sockets_on_the_loop_itself() {
    use futures::{AsyncReadExt as _, AsyncWriteExt as _};
    use reveille_reactor::os::{UnixListener, UnixStream};

    let path = std::env::temp_dir().join(format!("reveille-pairing-{}", std::process::id()));
    let os = Os::new().unwrap();
    let outcome = os.block_on(async {
        let listener = UnixListener::bind_in(os.clone(), &path, 4)?;
        let mut client = UnixStream::connect_in(os.clone(), &path).await?;
        let (mut server, peer) = listener.accept().await?;
        assert!(peer.is_unnamed() && client.peer_addr()?.as_pathname() == Some(&path));
        // More than the buffers hold, so each side waits for the other.
        let mut received = Vec::new();
        let send = async {
            client.write_all(&vec![7; BYTES]).await?;
            client.close().await
        };
        futures::try_join!(send, server.read_to_end(&mut received))?;
        assert!(received.len() == BYTES && received.iter().all(|byte| *byte == 7));
        let (mut one, mut other) = UnixStream::pair_in(os.clone())?;
        one.write_all(b"ping").await?;
        let mut ping = [0; 4];
        other.read_exact(&mut ping).await?;
        assert_eq!(&ping, b"ping");
        io::Result::Ok(())
    });
    let removed = std::fs::remove_file(&path);
    outcome.unwrap();
    removed.unwrap();
}
