//! A connection on which both sides say now and then that they are alive.
//!
//! The mistake: one loop does everything, so while a request takes long no heartbeat is sent, and the other side gives up a
//! connection on which somebody is hard at work.

use std::io;

use futures::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use reveille::net::{TcpListener, TcpStream};
use reveille::time::{Duration, interval, sleep, timeout};
use reveille::{choose, explore, node, spawn};
use tokio::sync::mpsc;

use super::Explored;

/// Each side says that it is alive so often,
const BEAT: Duration = Duration::from_secs(1);
/// and gives the other up after so long a silence.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is sent: a byte for its kind, and one more.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Message {
    Beat,
    Ask(u8),
    Answer(u8),
}

impl Message {
    async fn read(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut bytes = [0; 2];
        match timeout(PATIENCE, reader.read_exact(&mut bytes)).await {
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the other side has gone silent")),
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) => Ok(Some(match bytes {
                [1, number] => Self::Ask(number),
                [2, number] => Self::Answer(number),
                _ => Self::Beat,
            })),
        }
    }

    async fn write(self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let bytes = match self {
            Self::Beat => [0, 0],
            Self::Ask(number) => [1, number],
            Self::Answer(number) => [2, number],
        };
        writer.write_all(&bytes).await
    }
}

/// Writes what comes through `messages`, and a heartbeat whenever it is time for one. Ends when nobody is left to send.
async fn write_all(mut writer: impl AsyncWrite + Unpin, mut messages: mpsc::Receiver<Message>) -> io::Result<()> {
    let mut beats = interval(BEAT);
    loop {
        let message = tokio::select! {
            biased;
            message = messages.recv() => message,
            _ = beats.tick() => Some(Message::Beat),
        };
        match message {
            Some(message) => message.write(&mut writer).await?,
            None => return writer.close().await,
        }
    }
}

/// Takes from nothing at all to longer than anybody's patience.
async fn work(number: u8) -> Message {
    sleep(Duration::from_secs(2) * choose(4)).await;
    Message::Answer(number)
}

/// Answers each request before it reads the next message, and the heart does not beat meanwhile.
async fn serve_broken(stream: TcpStream) -> io::Result<()> {
    let (mut reader, mut writer) = stream.split();
    while let Some(message) = Message::read(&mut reader).await? {
        match message {
            Message::Ask(number) => work(number).await.write(&mut writer).await?,
            _ => Message::Beat.write(&mut writer).await?,
        }
    }
    Ok(())
}

/// Reading, writing and working are tasks of their own.
async fn serve(stream: TcpStream) -> io::Result<()> {
    let (mut reader, writer) = stream.split();
    let (answers, answered) = mpsc::channel(4);
    let writes = spawn(write_all(writer, answered));
    while let Some(message) = Message::read(&mut reader).await? {
        if let Message::Ask(number) = message {
            let answers = answers.clone();
            // It may come too late for anybody to be there.
            drop(spawn(async move { answers.send(work(number).await).await }));
        }
    }
    drop(answers);
    writes.await.unwrap()
}

/// Asks three questions, and expects an answer to each, however long it takes.
async fn client() -> io::Result<()> {
    let stream = TcpStream::connect("server:80").await?;
    let (mut reader, writer) = stream.split();
    let (questions, asked) = mpsc::channel(4);
    let writes = spawn(write_all(writer, asked));
    for number in 0..3 {
        questions.send(Message::Ask(number)).await.expect("the writer waits for more");
        loop {
            match Message::read(&mut reader).await? {
                Some(Message::Answer(answer)) => break assert_eq!(answer, number),
                Some(_) => {}
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
    drop(questions);
    writes.await.unwrap()
}

async fn conversation(is_broken: bool) -> io::Result<()> {
    let server = node("server").spawn(async move {
        let listener = TcpListener::bind("0.0.0.0:80").await?;
        let (stream, _) = listener.accept().await?;
        if is_broken { serve_broken(stream).await } else { serve(stream).await }
    });
    sleep(Duration::from_millis(1)).await;
    client().await?;
    server.await.unwrap()
}

/// "The other side has gone silent", of a side that works.
pub(crate) fn broken() -> Explored {
    explore().name("heartbeat, broken").run(|| conversation(true))
}

/// The heart beats whatever the work.
pub(crate) fn mended() -> Explored {
    explore().name("heartbeat, mended").run(|| conversation(false))
}
