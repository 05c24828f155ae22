//! The other end: a client that shows signs of life for as long as it exists.

use reveille::net::TcpStream;
use reveille::net::tcp::OwnedReadHalf;
use reveille::spawn;
use reveille::time::{sleep, timeout};
use tokio::sync::mpsc;

use super::connection::{BEAT, SILENCE, write_all};
use super::frame::{Frame, Frames, VERSION};
use super::trouble::{Refusal, Trouble};

pub(crate) struct Client {
    frames: Frames<OwnedReadHalf>,
    outbox: mpsc::Sender<Frame>,
    /// The number of the last request.
    id: u8,
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Answer(Vec<u8>),
    Refused(Refusal),
    /// The server stops. It has not taken this request.
    Goodbye,
}

impl Client {
    pub(crate) async fn connect() -> Result<Self, Trouble> {
        let stream = timeout(SILENCE, TcpStream::connect("server:80")).await.map_err(|_| Trouble::silent())??;
        let (reader, writer) = stream.into_split();
        let (outbox, outgoing) = mpsc::channel(8);
        // Whether all is written shows in what is answered.
        drop(spawn(write_all(writer, outgoing)));
        let mut client = Self { frames: Frames::new(reader), outbox, id: 0 };
        client.say(Frame::Hello { version: VERSION }).await?;
        match client.hear().await? {
            Frame::Hello { version: VERSION } => {}
            _ => return Err(Trouble::Protocol("no greeting")),
        }
        drop(spawn(beat(client.outbox.downgrade())));
        Ok(client)
    }

    /// Asks, and waits for what comes of it.
    pub(crate) async fn ask(&mut self, text: &[u8]) -> Result<Reply, Trouble> {
        self.id += 1;
        self.say(Frame::Request { id: self.id, text: text.to_vec() }).await?;
        loop {
            match self.hear().await? {
                Frame::Beat => {}
                Frame::Goodbye => return Ok(Reply::Goodbye),
                Frame::Answer { id, text } if id == self.id => return Ok(Reply::Answer(text)),
                Frame::Refused { id, why } if id == self.id || why == Refusal::Protocol => {
                    return Ok(Reply::Refused(why));
                }
                _ => return Err(Trouble::Protocol("an answer to another question")),
            }
        }
    }

    /// The next frame; the end of the stream is none.
    pub(crate) async fn hear(&mut self) -> Result<Frame, Trouble> {
        let frame = timeout(SILENCE, self.frames.next()).await.map_err(|_| Trouble::silent())?;
        frame?.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into())
    }

    pub(crate) async fn say(&self, frame: Frame) -> Result<(), Trouble> {
        let lost = |_| Trouble::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        timeout(SILENCE, self.outbox.send(frame)).await.map_err(|_| Trouble::silent())?.map_err(lost)
    }
}

/// Shows a sign of life now and then, until the client is gone.
async fn beat(outbox: mpsc::WeakSender<Frame>) {
    loop {
        sleep(BEAT).await;
        let Some(outbox) = outbox.upgrade() else { return };
        // A full outbox holds signs of life enough.
        if let Err(mpsc::error::TrySendError::Closed(_)) = outbox.try_send(Frame::Beat) {
            return;
        }
    }
}
