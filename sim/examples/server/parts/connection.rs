//! One connection, from its first frame to its last.
//!
//! One loop hears everything: frames, work that is done, the time to stop, and three clocks. What it says goes through an
//! outbox to a task that does nothing but write, so that no slow reader on the other side keeps the loop from hearing.

use std::io;
use std::rc::Rc;

use futures::io::{AsyncWrite, AsyncWriteExt as _};
use reveille::net::TcpStream;
use reveille::net::tcp::OwnedReadHalf;
use reveille::time::{Duration, Instant, interval, sleep, sleep_until, timeout};
use reveille::{JoinHandle, JoinSet, choose, spawn};
use tokio::sync::mpsc;

use super::accept::Desk;
use super::frame::{Frame, Frames, VERSION};
use super::program::Mistake;
use super::stop::Stop;
use super::trouble::{Refusal, Trouble};

/// Each side says that it is alive so often,
pub(crate) const BEAT: Duration = Duration::from_secs(1);
/// and is given up after so long a silence.
pub(crate) const SILENCE: Duration = Duration::from_secs(3);
/// A connection on which so long nothing is asked is closed, however alive the other side is.
pub(crate) const IDLE: Duration = Duration::from_secs(30);
/// A request that takes longer is given up.
const REQUEST: Duration = Duration::from_secs(2);
/// The last frames have so long to be written.
const FLUSH: Duration = Duration::from_secs(3);
/// So many frames may wait to be written.
const OUTBOX: usize = 8;

/// Why a connection ended, where nothing was wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client has closed it.
    Closed,
    /// Nothing was asked for long.
    Idle,
    /// The server stops.
    Stopped,
}

/// Serves a connection to its end.
pub(crate) async fn serve(stream: TcpStream, desk: Rc<Desk>, stop: Stop) -> Result<End, Trouble> {
    let (reader, writer) = stream.into_split();
    let (outbox, outgoing) = mpsc::channel(OUTBOX);
    let writes = spawn(write_all(writer, outgoing));
    let frames = Frames::new(reader);
    let end = Connection { frames, outbox, works: JoinSet::new(), desk }.run(stop).await;
    // The outbox is gone with the connection, so the writer ends when all is written.
    flush(writes).await.and(end)
}

async fn flush(mut writes: JoinHandle<io::Result<()>>) -> Result<(), Trouble> {
    match timeout(FLUSH, &mut writes).await {
        Ok(written) => Ok(written.expect("the writer does not panic")?),
        Err(_) => {
            writes.abort();
            Err(Trouble::silent())
        }
    }
}

/// Writes what is put into the outbox, and closes the connection when nobody is left to put something in.
pub(crate) async fn write_all(
    mut writer: impl AsyncWrite + Unpin,
    mut outgoing: mpsc::Receiver<Frame>,
) -> io::Result<()> {
    while let Some(frame) = outgoing.recv().await {
        writer.write_all(&frame.encode()).await?;
    }
    writer.close().await
}

struct Connection {
    frames: Frames<OwnedReadHalf>,
    outbox: mpsc::Sender<Frame>,
    /// The requests that are being worked on. They go with the connection.
    works: JoinSet<Frame>,
    desk: Rc<Desk>,
}

impl Connection {
    async fn run(mut self, stop: Stop) -> Result<End, Trouble> {
        let end = match self.greet().await {
            Ok(()) => self.converse(stop).await,
            Err(trouble) => Err(trouble),
        };
        match end {
            // Nobody is there to hear more.
            Ok(End::Closed) | Err(Trouble::Gone(_)) => {}
            Ok(End::Idle | End::Stopped) => self.finish().await?,
            Err(Trouble::Protocol(_)) => self.say(Frame::Refused { id: 0, why: Refusal::Protocol }).await?,
        }
        end
    }

    async fn greet(&mut self) -> Result<(), Trouble> {
        let greeting = timeout(SILENCE, self.frames.next()).await.map_err(|_| Trouble::silent())?;
        match greeting? {
            Some(Frame::Hello { version: VERSION }) => self.say(Frame::Hello { version: VERSION }).await,
            Some(_) => Err(Trouble::Protocol("no greeting")),
            None => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }

    async fn converse(&mut self, mut stop: Stop) -> Result<End, Trouble> {
        let mut beats = interval(BEAT);
        let (mut heard, mut busy) = (Instant::now(), Instant::now());
        loop {
            tokio::select! {
                biased;
                () = stop.told() => return Ok(End::Stopped),
                Some(reply) = self.works.join_next() => {
                    busy = Instant::now();
                    self.say(reply.expect("work does not panic")).await?;
                }
                frame = next(&mut self.frames, self.desk.mistake) => {
                    heard = Instant::now();
                    match frame? {
                        Some(Frame::Beat) => {}
                        Some(Frame::Request { id, text }) => {
                            busy = heard;
                            self.take(id, text).await?;
                        }
                        Some(_) => return Err(Trouble::Protocol("a frame that only servers send")),
                        None => return Ok(End::Closed),
                    }
                }
                // Where much waits to be written already, there is no need of a sign of life.
                _ = beats.tick() => drop(self.outbox.try_send(Frame::Beat)),
                () = sleep_until(heard + SILENCE) => return Err(Trouble::silent()),
                // A heartbeat does not put this off: it says that somebody is there, and not that they want something.
                () = sleep_until(busy + IDLE), if self.works.is_empty() => return Ok(End::Idle),
            }
        }
    }

    /// Sets to work, or refuses to. Either way the connection goes on.
    async fn take(&mut self, id: u8, text: Vec<u8>) -> Result<(), Trouble> {
        let Ok(text) = String::from_utf8(text) else { return self.refuse(id, Refusal::BadRequest).await };
        let Some(slot) = self.desk.slot() else { return self.refuse(id, Refusal::Overloaded).await };
        let desk = self.desk.clone();
        self.works.spawn(async move {
            let _slot = slot;
            match timeout(REQUEST, work(text)).await {
                Ok(text) => Frame::Answer { id, text: text.into_bytes() },
                Err(_) => desk.refused(id, Refusal::TooLate),
            }
        });
        Ok(())
    }

    async fn refuse(&mut self, id: u8, why: Refusal) -> Result<(), Trouble> {
        self.say(self.desk.refused(id, why)).await
    }

    /// Answers what has been taken, and says goodbye.
    async fn finish(&mut self) -> Result<(), Trouble> {
        self.desk.tally.stopped_at_work.add(self.works.len());
        while let Some(reply) = self.works.join_next().await {
            self.say(reply.expect("work does not panic")).await?;
        }
        self.say(Frame::Goodbye).await
    }

    /// Puts a frame into the outbox. There is room in it unless the other side does not read.
    async fn say(&self, frame: Frame) -> Result<(), Trouble> {
        match timeout(SILENCE, self.outbox.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            // The writer has ended, and will say of what.
            Ok(Err(_)) => Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
            Err(_) => Err(Trouble::silent()),
        }
    }
}

async fn next(frames: &mut Frames<OwnedReadHalf>, mistake: Mistake) -> Result<Option<Frame>, Trouble> {
    match mistake {
        Mistake::TornFrame => frames.next_torn().await,
        _ => frames.next().await,
    }
}

/// What the server is there for: it shouts back, sooner or later.
async fn work(text: String) -> String {
    const TAKES_MS: [u64; 4] = [0, 20, 900, 2500];
    sleep(Duration::from_millis(TAKES_MS[choose(4) as usize])).await;
    text.to_uppercase()
}
