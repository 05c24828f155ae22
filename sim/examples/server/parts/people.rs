//! Who comes to the server: customers, and those with whom it has to put up.

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use reveille::choose;
use reveille::net::TcpStream;
use reveille::time::{Duration, Instant, sleep, timeout};

use super::client::{Client, Reply};
use super::connection::{BEAT, IDLE};
use super::frame::{Frame, Frames, VERSION};
use super::trouble::{Refusal, Trouble};

/// Asks three things and gets three answers, however often it must come again; gives up on a server that stops.
pub(crate) async fn customer() {
    /// So often in a row a server that cannot be reached is tried.
    const TRIES: u64 = 6;
    let (mut client, mut tries) = (None, 0);
    for text in ["one", "two", "three"] {
        while tries < TRIES {
            tries += 1;
            // A little later each time.
            sleep(Duration::from_millis(50 * (tries - 1))).await;
            let mut connected = match client.take() {
                Some(client) => client,
                None => match Client::connect().await {
                    Ok(client) => client,
                    Err(Trouble::Gone(_)) => continue,
                    Err(trouble @ Trouble::Protocol(_)) => panic!("{trouble}"),
                },
            };
            match connected.ask(text.as_bytes()).await {
                Ok(Reply::Answer(answer)) => {
                    assert_eq!(String::from_utf8(answer).unwrap(), text.to_uppercase());
                    (client, tries) = (Some(connected), 0);
                    break;
                }
                Ok(Reply::Refused(why)) if may_ask_again(why) => client = Some(connected),
                Ok(Reply::Refused(why)) => panic!("a customer who does nothing wrong is told: {why:?}"),
                Ok(Reply::Goodbye) => return,
                Err(Trouble::Gone(_)) => {}
                Err(trouble @ Trouble::Protocol(_)) => panic!("{trouble}"),
            }
        }
    }
}

/// Asks in two pieces, with a while between them: the line is bad, or it is still thinking.
pub(crate) async fn typist() -> Result<(), Trouble> {
    let (reader, mut writer) = TcpStream::connect("server:80").await?.into_split();
    let request = Frame::Request { id: 1, text: b"four".to_vec() }.encode();
    let (start, end) = request.split_at(2 + choose(4) as usize);
    writer.write_all(&[&Frame::Hello { version: VERSION }.encode(), start].concat()).await?;
    sleep(BEAT / 2 * choose(4)).await;
    writer.write_all(end).await?;
    let mut frames = Frames::new(reader);
    while let Some(frame) = frames.next().await? {
        match frame {
            Frame::Hello { .. } | Frame::Beat | Frame::Goodbye => {}
            Frame::Answer { text, .. } => assert_eq!(text, b"FOUR"),
            Frame::Refused { why, .. } => assert!(may_ask_again(why), "a typist is told: {why:?}"),
            Frame::Request { .. } => panic!("the server asks"),
        }
    }
    Ok(())
}

/// Asks what cannot be understood, and then properly.
pub(crate) async fn mumbler() -> Result<(), Trouble> {
    let mut client = Client::connect().await?;
    match client.ask(b"\xff").await? {
        Reply::Refused(why) => assert_eq!(why, Refusal::BadRequest),
        Reply::Goodbye => return Ok(()),
        Reply::Answer(_) => panic!("an answer to what is no question"),
    }
    match client.ask(b"four").await? {
        Reply::Answer(answer) => assert_eq!(answer, b"FOUR"),
        Reply::Refused(why) => assert!(may_ask_again(why), "{why:?}"),
        Reply::Goodbye => {}
    }
    Ok(())
}

/// Does not know where it has come to. It is told, and shown the door.
pub(crate) async fn stranger() -> Result<(), Trouble> {
    let mut stream = TcpStream::connect("server:80").await?;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await?;
    assert_eq!(reply, Frame::Refused { id: 0, why: Refusal::Protocol }.encode());
    Ok(())
}

/// Is alive, and asks nothing: sooner or later it is sent home.
pub(crate) async fn loiterer() -> Result<(), Trouble> {
    let mut client = Client::connect().await?;
    let since = Instant::now();
    while client.hear().await? != Frame::Goodbye {
        assert!(since.elapsed() < 2 * IDLE, "a connection that asks nothing is kept");
    }
    Ok(())
}

/// Connects and is never heard of again, though its end of the connection stays.
pub(crate) async fn sleeper() -> Result<(), Trouble> {
    let _stream = TcpStream::connect("server:80").await?;
    sleep(3 * IDLE).await;
    Ok(())
}

/// Asks, and has gone before there can be an answer.
pub(crate) async fn deserter() -> Result<(), Trouble> {
    let mut client = Client::connect().await?;
    drop(timeout(Duration::from_millis(5), client.ask(b"five")).await);
    Ok(())
}

/// Whether that is nobody's fault.
fn may_ask_again(why: Refusal) -> bool {
    matches!(why, Refusal::Overloaded | Refusal::TooLate)
}
