//! `read_exact` in a `select!`: what it had read when it was dropped is gone, and the next frame begins in the middle.

use std::rc::Rc;

use reveille::cancel::audit;
use reveille::time::{Duration, sleep};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::Mutex;

use super::Told;

/// A connection on which frames of four bytes arrive in pieces, and what has been read of the next one.
#[derive(Clone)]
struct Connection {
    stream: Rc<Mutex<(DuplexStream, Vec<u8>)>>,
}

impl Connection {
    fn new() -> Self {
        let (mut sender, receiver) = tokio::io::duplex(64);
        let send = async move {
            for piece in [&b"AA"[..], b"AABB", b"BBCC", b"CC"] {
                sleep(Duration::from_secs(1)).await;
                let _ = sender.write_all(piece).await;
            }
            std::future::pending::<()>().await;
        };
        drop(reveille::task::Builder::new().daemon(true).spawn(send));
        Self { stream: Rc::new(Mutex::new((receiver, Vec::new()))) }
    }
}

fn is_whole(frame: &[u8]) -> bool {
    frame.iter().all(|byte| *byte == frame[0])
}

/// The bytes that have come are in the future.
pub(crate) fn broken() -> Told {
    let exact = audit(|connection: Connection| async move {
        let (stream, _) = &mut *connection.stream.lock().await;
        let mut frame = [0; 4];
        stream.read_exact(&mut frame).await.unwrap();
        is_whole(&frame)
    });
    exact.name("frame").world(Connection::new).run().into()
}

/// They are in a buffer that stays.
pub(crate) fn mended() -> Told {
    let buffered = audit(|connection: Connection| async move {
        let (stream, buffer) = &mut *connection.stream.lock().await;
        while buffer.len() < 4 {
            stream.read_buf(buffer).await.unwrap();
        }
        let frame: Vec<u8> = buffer.drain(..4).collect();
        is_whole(&frame)
    });
    buffered.name("frame_mended").world(Connection::new).run().into()
}
