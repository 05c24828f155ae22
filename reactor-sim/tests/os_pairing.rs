//! The real reactor serves any executor: the same echo runs on each, while a thread of its own, or the executor's, turns it.

#![cfg(all(feature = "os", feature = "futures-io", not(loom)))]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille_executor::LocalExecutor;
use reveille_reactor::os::{Os, TcpListener, TcpStream, UdpSocket};

/// Ten clients, each with a task at the server's side; `spawn` runs a task.
async fn echo(os: Os, spawn: impl Fn(futures::future::LocalBoxFuture<'static, ()>)) -> io::Result<()> {
    let listener = TcpListener::bind_in(os.clone(), "127.0.0.1:0", 64)?;
    let address = listener.local_addr()?;
    spawn(Box::pin(async move {
        for _ in 0..10 {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            futures::io::copy(reader, &mut writer).await.unwrap();
        }
    }));
    for client in 0..10_u8 {
        let stream = TcpStream::connect_in(os.clone(), address).await?;
        // More than the buffers of a loopback connection hold: reading and writing wait in turn.
        let (sent, mut received) = (vec![client; 1 << 20], Vec::new());
        let (mut reader, mut writer) = stream.into_split();
        futures::try_join!(
            async {
                writer.write_all(&sent).await?;
                writer.close().await
            },
            async { reader.read_to_end(&mut received).await }
        )?;
        assert!(sent == received);
    }
    Ok(())
}

/// Turns the reactor on a thread of its own while `run` runs.
#[expect(clippy::disallowed_methods, reason = "a real thread is the point")]
fn with_thread(run: impl FnOnce(Os)) {
    let os = Os::new().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let (turning, stop) = (os.clone(), Arc::clone(&done));
    let thread = std::thread::spawn(move || {
        while !stop.load(Ordering::Acquire) {
            turning.turn(Some(Duration::from_millis(20))).unwrap();
        }
    });
    run(os);
    done.store(true, Ordering::Release);
    thread.join().unwrap();
}

#[test]
fn on_our_executor() {
    with_thread(|os| {
        let executor = LocalExecutor::new();
        executor.block_on(echo(os, |task| drop(reveille_executor::spawn(task)))).unwrap();
    });
}

#[test]
fn on_the_local_pool_of_futures() {
    use futures::task::LocalSpawnExt as _;
    with_thread(|os| {
        let mut pool = futures::executor::LocalPool::new();
        let spawner = pool.spawner();
        pool.run_until(echo(os, move |task| spawner.spawn_local(task).unwrap())).unwrap();
    });
}

#[test]
fn on_its_own_loop_without_a_thread() {
    let os = Os::new().unwrap();
    let (sender, mut tasks) = futures::channel::mpsc::unbounded();
    let program = echo(os.clone(), move |task| sender.unbounded_send(task).unwrap());
    os.block_on(async {
        let served = async {
            use futures::StreamExt as _;
            while let Some(task) = tasks.next().await {
                task.await;
            }
        };
        futures::join!(program, served).0
    })
    .unwrap();
}

#[test]
fn datagrams() {
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
