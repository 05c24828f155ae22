//! Programs over simulated sockets.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use futures::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::time::{Duration, sleep, timeout};
use reveille::{JoinSet, choose, node, spawn, task};
use tokio::sync::{broadcast, mpsc, watch};

use super::{ms, quiet};

/// A server that echoes lines, clients that come and go, one that leaves in the middle of a line.
#[test]
fn echo_of_lines() {
    async fn serve(listener: TcpListener, served: Rc<Cell<u32>>) -> io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            let served = served.clone();
            drop(task::Builder::new().name("connection").daemon(true).spawn(async move {
                let (reader, mut writer) = stream.split();
                let mut lines = BufReader::new(reader);
                let mut line = String::new();
                while lines.read_line(&mut line).await? > 0 {
                    if !line.ends_with('\n') {
                        break;
                    }
                    writer.write_all(line.as_bytes()).await?;
                    line.clear();
                    served.set(served.get() + 1);
                }
                io::Result::Ok(())
            }));
        }
    }

    async fn client(name: u32) -> io::Result<()> {
        let stream = TcpStream::connect("server:7").await?;
        let (reader, mut writer) = stream.split();
        let mut lines = BufReader::new(reader);
        for number in 0..3 {
            let sent = format!("{name}: line {number}\n");
            // In two pieces, between which others run.
            let (head, tail) = sent.as_bytes().split_at(4);
            writer.write_all(head).await?;
            sleep(ms(u64::from(choose(3)))).await;
            if name == 2 && number == 2 {
                return Ok(());
            }
            writer.write_all(tail).await?;
            let mut back = String::new();
            lines.read_line(&mut back).await?;
            assert_eq!(back, sent);
        }
        writer.close().await
    }

    quiet(|| async {
        let served = Rc::new(Cell::new(0));
        let counts = served.clone();
        node("server")
            .spawn(async move {
                let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
                drop(task::Builder::new().name("server").daemon(true).spawn(serve(listener, counts)));
            })
            .await
            .unwrap();
        let mut clients = JoinSet::new();
        for name in 0..3 {
            clients.spawn(client(name));
        }
        while let Some(ended) = clients.join_next().await {
            ended.unwrap().unwrap();
        }
        assert_eq!(served.get(), 8);
    });
}

async fn read_frame(reader: &mut (impl futures::AsyncRead + Unpin)) -> io::Result<Option<(u32, Vec<u8>)>> {
    let mut head = [0; 8];
    match reader.read_exact(&mut head).await {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let number = u32::from_be_bytes(head[..4].try_into().unwrap());
    let length = u32::from_be_bytes(head[4..].try_into().unwrap());
    let mut body = vec![0; length as usize];
    reader.read_exact(&mut body).await?;
    Ok(Some((number, body)))
}

async fn write_frame(writer: &mut (impl futures::AsyncWrite + Unpin), number: u32, body: &[u8]) -> io::Result<()> {
    writer.write_all(&number.to_be_bytes()).await?;
    writer.write_all(&(body.len() as u32).to_be_bytes()).await?;
    writer.write_all(body).await
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    let (mut reader, mut writer) = stream.split();
    let (answers, mut answered) = mpsc::channel::<(u32, Vec<u8>)>(2);
    let writes = spawn(async move {
        while let Some((number, body)) = answered.recv().await {
            write_frame(&mut writer, number, &body).await?;
        }
        writer.close().await
    });
    while let Some((number, mut body)) = read_frame(&mut reader).await? {
        let answers = answers.clone();
        drop(spawn(async move {
            sleep(ms(u64::from(choose(6)))).await;
            body.reverse();
            let _ = answers.send((number, body)).await;
        }));
    }
    drop(answers);
    writes.await.unwrap()
}

/// A protocol of frames with a length before them, requests with numbers, answers in any order.
#[test]
fn multiplexed_requests() {
    quiet(|| async {
        let server = node("server").spawn(async {
            let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            serve(stream).await.unwrap();
        });
        let stream = loop {
            match TcpStream::connect("server:80").await {
                Ok(stream) => break stream,
                Err(_) => sleep(ms(1)).await,
            }
        };
        let (mut reader, mut writer) = stream.split();
        let asker = spawn(async move {
            for number in 0..6_u8 {
                write_frame(&mut writer, number.into(), &vec![number; 100 * usize::from(number) + 1]).await.unwrap();
            }
            writer.close().await.unwrap();
        });
        let mut answers = HashMap::new();
        while let Some((number, body)) = read_frame(&mut reader).await.unwrap() {
            assert!(body.iter().all(|byte| u32::from(*byte) == number), "another's answer");
            assert!(answers.insert(number, body.len()).is_none(), "answered twice");
        }
        asker.await.unwrap();
        server.await.unwrap();
        assert_eq!(answers.len(), 6);
        assert_eq!(answers[&5], 501);
    });
}

#[derive(Clone)]
struct Broker {
    topics: Rc<RefCell<HashMap<String, broadcast::Sender<String>>>>,
    stop: watch::Receiver<bool>,
}

impl Broker {
    fn topic(&self, name: &str) -> broadcast::Sender<String> {
        self.topics.borrow_mut().entry(name.to_owned()).or_insert_with(|| broadcast::channel(16).0).clone()
    }

    async fn connection(mut self, stream: TcpStream) -> io::Result<()> {
        let (reader, mut writer) = stream.split();
        let mut lines = BufReader::new(reader);
        let mut line = String::new();
        lines.read_line(&mut line).await?;
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["publish", topic, message] => {
                let _ = self.topic(topic).send(message.to_owned());
                writer.write_all(b"ok\n").await
            }
            ["subscribe", topic] => {
                let mut messages = self.topic(topic).subscribe();
                writer.write_all(b"ok\n").await?;
                loop {
                    let message = tokio::select! {
                        biased;
                        message = messages.recv() => message,
                        _ = self.stop.wait_for(|stop| *stop) => break,
                    };
                    let Ok(message) = message else { continue };
                    writer.write_all(format!("{message}\n").as_bytes()).await?;
                }
                writer.close().await
            }
            _ => writer.write_all(b"what?\n").await,
        }
    }
}

async fn ask(line: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect("broker:1883").await.unwrap();
    stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream);
    let mut answer = String::new();
    lines.read_line(&mut answer).await.unwrap();
    assert_eq!(answer, "ok\n");
    lines
}

/// Publishers and subscribers around a broker; a subscriber that is slow misses messages and nobody waits for it.
#[test]
fn broker() {
    quiet(|| async {
        let (stop, stopped) = watch::channel(false);
        node("broker")
            .spawn(async move {
                let broker = Broker { topics: Rc::default(), stop: stopped };
                let listener = TcpListener::bind("0.0.0.0:1883").await.unwrap();
                drop(task::Builder::new().name("listener").daemon(true).spawn(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        drop(spawn(broker.clone().connection(stream)));
                    }
                }));
            })
            .await
            .unwrap();
        let mut subscribed = Vec::new();
        for topic in ["news", "news", "sports"] {
            subscribed.push(ask(&format!("subscribe {topic}")).await);
        }
        let publishers: Vec<_> = ["news a", "sports b", "news c"]
            .map(|what| spawn(async move { drop(ask(&format!("publish {what}")).await) }))
            .into();
        for publisher in publishers {
            publisher.await.unwrap();
        }
        stop.send(true).unwrap();
        let mut received = Vec::new();
        for mut lines in subscribed {
            let mut all = String::new();
            lines.read_to_string(&mut all).await.unwrap();
            received.push(all.lines().count());
        }
        assert_eq!(received, [2, 2, 1]);
    });
}

/// Questions by datagram, asked again until answered; answers to an earlier question are left out.
#[test]
fn questions_by_datagram() {
    async fn server(socket: UdpSocket, asked: Rc<Cell<u32>>) {
        let mut buffer = [0; 64];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            asked.set(asked.get() + 1);
            if asked.get() % 3 == 1 {
                // Too busy: as good as lost.
                continue;
            }
            sleep(ms(u64::from(choose(15)))).await;
            buffer[4..length].reverse();
            socket.send_to(&buffer[..length], from).await.unwrap();
        }
    }

    async fn ask(socket: &UdpSocket, number: u32, word: &str) -> Option<String> {
        let mut question = number.to_be_bytes().to_vec();
        question.extend(word.as_bytes());
        for _ in 0..8 {
            socket.send_to(&question, "server:53").await.unwrap();
            let answered = timeout(ms(10), async {
                let mut buffer = [0; 64];
                loop {
                    let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
                    if buffer[..4] == number.to_be_bytes() {
                        return String::from_utf8(buffer[4..length].to_vec()).unwrap();
                    }
                }
            });
            if let Ok(answer) = answered.await {
                return Some(answer);
            }
        }
        None
    }

    quiet(|| async {
        let asked = Rc::new(Cell::new(0));
        let counts = asked.clone();
        node("server")
            .spawn(async move {
                let socket = UdpSocket::bind("0.0.0.0:53").await.unwrap();
                drop(task::Builder::new().name("server").daemon(true).spawn(server(socket, counts)));
            })
            .await
            .unwrap();
        let socket = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        let mut answered = 0;
        for (number, word) in (0..).zip(["stressed", "level", "drawer"]) {
            let Some(answer) = ask(&socket, number, word).await else { continue };
            assert_eq!(answer, word.chars().rev().collect::<String>());
            answered += 1;
        }
        assert!(answered <= asked.get());
    });
}

/// A leader that says it is there, followers that notice when it is not, over links that fail and are mended.
#[test]
fn heartbeats_over_a_partition() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Seen {
        There,
        Gone,
    }

    const PATIENCE: Duration = Duration::from_millis(35);

    async fn leader() {
        let socket = UdpSocket::bind("0.0.0.0:9").await.unwrap();
        loop {
            for follower in ["one:9", "two:9"] {
                let _ = socket.send_to(b"beat", follower).await;
            }
            sleep(ms(10)).await;
        }
    }

    async fn follower(socket: UdpSocket, seen: Rc<RefCell<Vec<Seen>>>) {
        let mut buffer = [0; 16];
        loop {
            let now = match timeout(PATIENCE, socket.recv_from(&mut buffer)).await {
                Ok(_) => Seen::There,
                Err(_) => Seen::Gone,
            };
            if seen.borrow().last() != Some(&now) {
                seen.borrow_mut().push(now);
            }
        }
    }

    quiet(|| async {
        let mut seen = Vec::new();
        for name in ["one", "two"] {
            let sees = Rc::new(RefCell::new(Vec::new()));
            seen.push(sees.clone());
            drop(node(name).spawn(async move {
                let socket = UdpSocket::bind("0.0.0.0:9").await.unwrap();
                task::Builder::new().name("follower").daemon(true).spawn(follower(socket, sees)).await.unwrap();
            }));
        }
        drop(node("leader").spawn(async {
            task::Builder::new().name("leader").daemon(true).spawn(leader()).await.unwrap();
        }));
        sleep(ms(100)).await;
        node("leader").partition(node("two"));
        sleep(ms(100)).await;
        node("leader").repair(node("two"));
        sleep(ms(100)).await;
        assert_eq!(*seen[0].borrow(), [Seen::There]);
        assert_eq!(*seen[1].borrow(), [Seen::There, Seen::Gone, Seen::There]);
    });
}
