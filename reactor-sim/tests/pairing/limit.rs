//! The other program of every pairing with the real reactor: reads with a time limit.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{BoxFuture, Either, select};
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use reveille_reactor::os::{Os, TcpListener, TcpStream};

const LIMIT: Duration = Duration::from_millis(5);

/// A client whose server says nothing for the first two limits, and is then asked to. Meanwhile other tasks sleep as well, some longer than
/// all of it takes: they are not waited for.
pub(crate) async fn limited<S>(os: Os, spawn: S) -> io::Result<()>
where
    S: Fn(BoxFuture<'static, ()>) + Clone + Send + 'static,
{
    let listener = TcpListener::bind_in(os.clone(), "127.0.0.1:0", 16)?;
    let address: SocketAddr = listener.local_addr()?;
    let (ask, asked) = oneshot::channel();
    let (sleeps, mut lasting) = (os.clone(), os.sleep(Duration::from_secs(3600)));
    spawn(Box::pin(async move {
        let (mut stream, _) = listener.accept().await.expect("accepts");
        // Dropped without an answer where nobody asks.
        if let Either::Left((Ok(()), _)) = select(asked, &mut lasting).await {
            sleeps.sleep(LIMIT).await;
            stream.write_all(b"here").await.expect("writes");
        }
    }));
    let mut stream = TcpStream::connect_in(os.clone(), address).await?;
    let mut answer = [0; 4];
    for _ in 0..2 {
        let read = pin!(stream.read(&mut answer));
        assert!(matches!(select(read, os.sleep(LIMIT)).await, Either::Right(..)), "nothing was sent");
    }
    ask.send(()).expect("the server waits");
    match select(pin!(stream.read_exact(&mut answer)), os.sleep(Duration::from_secs(3600))).await {
        Either::Left((read, _limit)) => read?,
        Either::Right(_) => panic!("an hour has passed"),
    }
    assert_eq!(&answer, b"here");
    Ok(())
}
