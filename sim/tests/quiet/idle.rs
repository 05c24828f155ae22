//! Programs that leave sockets and handles alone for longer than a future may be owed a poll, and are right to.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::pin;

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt as _, StreamExt as _};
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::task::Builder;
use reveille::time::{Duration, interval, sleep, timeout};
use reveille::{JoinHandle, choose, node, spawn};
use tokio::sync::{mpsc, oneshot};

use super::{ms, quiet};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Answers requests of four bytes, and hangs up on who is silent for a minute.
async fn serve() {
    async fn answer(mut stream: TcpStream) -> io::Result<()> {
        let mut request = [0; 4];
        while let Ok(read) = timeout(seconds(60), stream.read_exact(&mut request)).await {
            read?;
            sleep(ms(u64::from(choose(20)))).await;
            request.reverse();
            stream.write_all(&request).await?;
        }
        stream.close().await
    }

    let listener = node("server").spawn(TcpListener::bind("0.0.0.0:80")).await.unwrap().unwrap();
    let accept = async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(Builder::new().daemon(true).spawn(answer(stream)));
        }
    };
    drop(Builder::new().name("server").daemon(true).spawn(accept));
}

/// Connections that lie idle, for longer than the server likes now and then; each is looked at before it is used again.
#[test]
fn a_pool_of_idle_connections() {
    struct Pool {
        idle: RefCell<Vec<TcpStream>>,
        made: Cell<u32>,
    }

    impl Pool {
        /// Whether nothing has come since, which would be the end.
        async fn is_alive(stream: &mut TcpStream) -> bool {
            timeout(ms(1), stream.read(&mut [0])).await.is_err()
        }

        async fn take(&self) -> io::Result<TcpStream> {
            while let Some(mut stream) = { self.idle.borrow_mut().pop() } {
                if Self::is_alive(&mut stream).await {
                    return Ok(stream);
                }
            }
            self.made.set(self.made.get() + 1);
            TcpStream::connect("server:80").await
        }

        async fn ask(&self, number: u32) -> io::Result<()> {
            let mut stream = self.take().await?;
            stream.write_all(&number.to_be_bytes()).await?;
            let mut answer = [0; 4];
            stream.read_exact(&mut answer).await?;
            assert_eq!(u32::from_le_bytes(answer), number);
            self.idle.borrow_mut().push(stream);
            Ok(())
        }
    }

    quiet(|| async {
        serve().await;
        let pool = Pool { idle: RefCell::default(), made: Cell::new(0) };
        for round in 0..4 {
            let asks: FuturesUnordered<_> = (0..3).map(|number| pool.ask(round * 3 + number)).collect();
            assert!(asks.all(|ended| async move { ended.is_ok() }).await);
            sleep(seconds([1, 40, 90][choose(3) as usize])).await;
        }
        assert!(pool.made.get() >= 3);
    });
}

/// Connections in flight while each answer is worked on for a while, which is shorter than anybody's patience.
#[test]
fn requests_in_flight_during_short_work() {
    async fn fetch(number: u32) -> io::Result<u32> {
        let mut stream = TcpStream::connect("server:80").await?;
        let mut sum = 0;
        for part in 0..2 {
            stream.write_all(&(number + part).to_be_bytes()).await?;
            let mut answer = [0; 4];
            stream.read_exact(&mut answer).await?;
            sum += u32::from_le_bytes(answer);
        }
        stream.close().await?;
        Ok(sum)
    }

    async fn file(sum: u32, filed: &Cell<u32>) {
        sleep(seconds(u64::from(choose(3)) * 5)).await;
        filed.set(filed.get() + sum);
    }

    quiet(|| async {
        serve().await;
        let filed = Cell::new(0);
        let mut sums = pin!(stream::iter(0..8).map(fetch).buffer_unordered(4));
        while let Some(sum) = sums.next().await {
            file(sum.unwrap(), &filed).await;
        }
        assert_eq!(filed.get(), (0..8).map(|number| 2 * number + 1).sum::<u32>());
        // In order, and in tasks of their own, the work may be long.
        let fetch = |number| spawn(fetch(number)).map(Result::unwrap);
        let mut sums = pin!(stream::iter(0..8).map(fetch).buffered(4));
        while let Some(sum) = sums.next().await {
            sleep(seconds(50)).await;
            filed.set(filed.get() - sum.unwrap());
        }
        assert_eq!(filed.get(), 0);
    });
}

/// Tasks whose handles are kept: joined long after their ends, looked at in a loop that is busy, asked for a moment at a time.
#[test]
fn handles_that_are_kept() {
    struct Crew {
        tasks: Vec<JoinHandle<u32>>,
    }

    impl Crew {
        fn of(size: u32) -> Self {
            let work = |nth| async move {
                sleep(seconds(u64::from(choose(40)))).await;
                nth
            };
            Self { tasks: (0..size).map(|nth| spawn(work(nth))).collect() }
        }

        /// Waits for the last of them, for a moment.
        async fn last(&mut self) -> Option<u32> {
            let last = self.tasks.last_mut()?;
            let ended = timeout(ms(10), last).await.ok()?.unwrap();
            self.tasks.pop();
            Some(ended)
        }
    }

    quiet(|| async {
        let mut crew = Crew::of(3);
        let mut sum = 0;
        while !crew.tasks.is_empty() {
            sum += crew.last().await.unwrap_or(0);
            sleep(seconds(35)).await;
        }
        assert_eq!(sum, 3);
        let all = Crew::of(4);
        sleep(seconds(100)).await;
        let joined = futures::future::join_all(all.tasks).await;
        assert_eq!(joined.into_iter().map(Result::unwrap).sum::<u32>(), 6);
        let mut task = spawn(sleep(seconds(20)));
        let mut ticks = interval(seconds(3));
        let mut turns = 0;
        loop {
            tokio::select! {
                biased;
                _ = ticks.tick(), if turns < 3 => sleep(seconds(45)).await,
                ended = &mut task => break ended.unwrap(),
            }
            turns += 1;
        }
    });
}

/// A service that hears datagrams and commands, and is busy for a while after each.
#[test]
fn a_busy_ear() {
    enum Command {
        Count(oneshot::Sender<u32>),
        Tidy(Duration),
    }

    async fn listen(socket: UdpSocket, mut commands: mpsc::Receiver<Command>) {
        let (mut heard, mut word) = (0, [0; 8]);
        loop {
            tokio::select! {
                biased;
                heard_one = socket.recv_from(&mut word) => {
                    heard_one.unwrap();
                    heard += 1;
                    sleep(seconds(u64::from(choose(2)) * 33)).await;
                }
                command = commands.recv() => match command {
                    Some(Command::Count(answer)) => drop(answer.send(heard)),
                    Some(Command::Tidy(time)) => sleep(time).await,
                    None => break,
                },
            }
        }
    }

    quiet(|| async {
        let ear = node("ear").spawn(UdpSocket::bind("0.0.0.0:9")).await.unwrap().unwrap();
        let (sender, commands) = mpsc::channel(4);
        let task = spawn(listen(ear, commands));
        let mouth = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        for nth in 0..3 {
            mouth.send_to(&[nth], "ear:9").await.unwrap();
            assert!(sender.send(Command::Tidy(seconds(40))).await.is_ok());
        }
        sleep(seconds(500)).await;
        let (answer, counted) = oneshot::channel();
        assert!(sender.send(Command::Count(answer)).await.is_ok());
        assert_eq!(counted.await.unwrap(), 3);
        drop(sender);
        task.await.unwrap();
    });
}
