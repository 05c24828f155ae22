//! A byte stream through the simulated network.

use std::io;
use std::sync::Arc;

use futures::future::try_join;
use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream};
use reveille::time::{Duration, sleep};

use crate::Circumstances;
use crate::models::{Bytes, window_agrees};

/// How both sides of a connection behave.
#[derive(Clone, Debug)]
struct Script {
    /// The sizes of writes, in bytes, each after a pause in milliseconds.
    writes: Vec<(usize, u64)>,
    /// The sizes of the first reads; those that follow take what there is.
    reads: Vec<usize>,
}

/// Sends through a connection in pieces, receives in others, over a network that delays, cuts calls short and wakes for
/// nothing: what arrives is a prefix of what was sent, and all of it if neither side saw an error. Then the same bytes as calls of
/// a connection, against its [model](crate::models::window_agrees).
///
/// # Panics
/// If it is otherwise.
///
/// ```
/// reveille_properties::fuzz::stream(&[2, 200, 0, 100, 3, 1, 50, 1, 9, 1, 1]);
/// ```
pub fn stream(bytes: &[u8]) {
    let mut input = Bytes::new(bytes);
    let faults = ["off", "light", "heavy"][input.below(3)];
    // Up to five windows' worth, in odd pieces.
    let writes = (0..input.below(6)).map(|_| (usize::from(input.byte()).pow(2), u64::from(input.byte() % 4))).collect();
    let reads = (0..input.below(6)).map(|_| 1 + usize::from(input.byte()).pow(2)).collect();
    let script = Arc::new(Script { writes, reads });
    let answers = Circumstances::of_bytes(input.rest()).with_faults(faults);
    if let Err(failure) = answers.explore().shrink(true).name("fuzz").run(|| converse(script.clone())) {
        panic!("{failure}\n  in {script:?}, faults {faults}");
    }
    window_agrees(bytes);
}

async fn converse(script: Arc<Script>) -> Result<(), String> {
    let sent: usize = script.writes.iter().map(|(size, _)| size).sum();
    let mut received = Vec::new();
    let ended = connect_and_send(&script, &mut received).await;
    if received.iter().zip(0..).any(|(byte, place)| *byte != pattern(place)) {
        return Err(format!("of {sent} bytes {} arrived, and not as they were sent", received.len()));
    }
    if ended.is_ok() && received.len() != sent {
        return Err(format!("of {sent} bytes {} arrived, and nobody saw an error", received.len()));
    }
    Ok(())
}

async fn connect_and_send(script: &Script, received: &mut Vec<u8>) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let ((mut receiver, _), mut sender) = try_join(listener.accept(), TcpStream::connect(address)).await?;
    let send = async {
        let mut place = 0;
        for (size, pause) in &script.writes {
            sleep(Duration::from_millis(*pause)).await;
            let piece: Vec<u8> = (place..place + size).map(pattern).collect();
            sender.write_all(&piece).await?;
            place += size;
        }
        sender.close().await
    };
    let receive = async {
        for size in script.reads.iter().copied().chain(std::iter::repeat(1 << 16)) {
            let mut piece = vec![0; size];
            let read = receiver.read(&mut piece).await?;
            if read == 0 {
                break;
            }
            received.extend_from_slice(&piece[..read]);
        }
        io::Result::Ok(())
    };
    try_join(send, receive).await.map(drop)
}

/// The byte at `place`; the period is no power of two, so that a piece in the wrong place shows.
fn pattern(place: usize) -> u8 {
    u8::try_from(place % 251).unwrap_or(0)
}
