//! Programs on machines that are paused for minutes, stopped and started anew.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use futures::future::{Either, select};
use futures::stream::FuturesUnordered;
use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use reveille::net::{TcpListener, TcpStream};
use reveille::node::stop_requested;
use reveille::time::{Duration, MissedTickBehavior, interval, sleep, timeout};
use reveille::{choose, leaf, node, spawn};
use tokio::sync::{Mutex, mpsc};

use super::{ms, quiet};

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut byte = [0; 1];
    while stream.read(&mut byte).await? == 1 {
        stream.write_all(&byte).await?;
    }
    Ok(())
}

/// Accepts until it is told to stop, then waits for the connections that are open.
async fn serve() {
    let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
    let mut connections = FuturesUnordered::new();
    let mut stop = std::pin::pin!(stop_requested());
    loop {
        let accept = std::pin::pin!(listener.accept());
        match select(stop.as_mut(), accept).await {
            Either::Left(_) => break,
            Either::Right((stream, _)) => connections.push(spawn(echo(stream.unwrap().0))),
        }
    }
    drop(listener);
    while connections.next().await.is_some() {}
}

async fn ask() -> io::Result<()> {
    let mut stream = TcpStream::connect("web:7").await?;
    for byte in 0..3 {
        stream.write_all(&[byte]).await?;
        let mut back = [0];
        stream.read_exact(&mut back).await?;
        assert_eq!(back, [byte]);
        sleep(ms(u64::from(choose(3)))).await;
    }
    stream.close().await
}

/// Long stops of the world on either side, between any two messages.
#[test]
fn pauses_of_minutes_delay_and_break_nothing() {
    quiet(|| async {
        let (web, client) = (node("web"), node("client"));
        drop(web.start(serve));
        sleep(ms(1)).await;
        let asked = client.spawn(async {
            let mut requests: FuturesUnordered<_> = (0..4).map(|_| leaf(ask())).collect();
            while let Some(answer) = requests.next().await {
                answer.unwrap();
            }
        });
        for _ in 0..4 {
            sleep(ms(u64::from(choose(4)))).await;
            let who = [web, client][choose(2) as usize];
            who.pause();
            sleep(Duration::from_secs(600)).await;
            who.resume();
        }
        asked.await.unwrap();
        web.stop(Duration::from_secs(60)).await.unwrap();
    });
}

/// A rolling restart: clients try again, and nobody who was served is cut off.
#[test]
fn graceful_restarts_lose_no_request() {
    quiet(|| async {
        let web = node("web");
        drop(web.start(serve));
        let served = Rc::new(Cell::new(0));
        let clients: Vec<_> = (0..3)
            .map(|_| {
                let served = served.clone();
                spawn(async move {
                    for _ in 0..5 {
                        while ask().await.is_err() {
                            sleep(ms(100)).await;
                        }
                        served.set(served.get() + 1);
                        sleep(ms(10)).await;
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            sleep(ms(u64::from(choose(20)))).await;
            // Who was on the way in may be reset; who was in is not.
            web.stop(Duration::from_secs(60)).await.unwrap();
            drop(web.restart());
        }
        for client in clients {
            client.await.unwrap();
        }
        assert_eq!(served.get(), 15);
    });
}

/// A worker that holds locks and queues, and is paused while it does; others wait, with and without patience.
#[test]
fn locks_and_queues_of_a_paused_worker() {
    quiet(|| async {
        let worker = node("worker");
        let (sender, mut receiver) = mpsc::channel(2);
        let log = Rc::new(Mutex::new(Vec::new()));
        let writes = log.clone();
        let done = worker.spawn(async move {
            let mut ticks = interval(ms(7));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            while let Some(number) = receiver.recv().await {
                let mut log = writes.lock().await;
                ticks.tick().await;
                log.push(number);
            }
        });
        let pauses = spawn(async move {
            for _ in 0..3 {
                sleep(ms(u64::from(choose(12)))).await;
                worker.pause();
                sleep(Duration::from_secs(90)).await;
                worker.resume();
            }
        });
        let seen = RefCell::new(0);
        for number in 0..10 {
            sender.send(number).await.unwrap();
            if let Ok(log) = timeout(Duration::from_secs(10), log.lock()).await {
                seen.replace(log.len());
            }
        }
        drop(sender);
        done.await.unwrap();
        pauses.await.unwrap();
        assert_eq!((log.lock().await.len(), *seen.borrow() <= 10), (10, true));
    });
}

/// Clocks that are too fast, too slow, corrected under way and set: timers of all sorts, in combinators, on either side.
#[test]
fn timers_on_clocks_that_drift_and_jump() {
    quiet(|| async {
        let (fast, slow) = (node("fast"), node("slow"));
        fast.set_clock_drift(500_000);
        slow.set_clock_drift(-500_000);
        let work = || async {
            let mut calls: FuturesUnordered<_> = (1..5)
                .map(|number| {
                    leaf(async move {
                        sleep(Duration::from_secs(number)).await;
                        timeout(Duration::from_secs(5), sleep(Duration::from_secs(number))).await.is_ok()
                    })
                })
                .collect();
            let mut ticks = interval(Duration::from_secs(2));
            let mut ended = 0;
            while let Some(is_in_time) = calls.next().await {
                ended += u32::from(is_in_time);
                ticks.tick().await;
            }
            ended
        };
        let (one, two) = (fast.spawn(work()), slow.spawn(work()));
        for _ in 0..5 {
            sleep(Duration::from_secs(u64::from(choose(20)))).await;
            let who = [fast, slow][choose(2) as usize];
            who.set_clock_drift([-900_000, -1, 0, 2_000_000][choose(4) as usize]);
            who.set_clock(who.clock() - Duration::from_secs(3600));
        }
        assert_eq!((one.await.unwrap(), two.await.unwrap()), (4, 4));
    });
}
