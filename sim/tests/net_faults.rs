//! Faults: what they do to a program, that they are on the tape, that they end with `heal`, and that whatever a program does
//! under them, nothing of ours panics, hangs or differs from run to run.

#![cfg(not(loom))]

use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::{LazyLock, Mutex};

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{Fault, Strikes, TcpListener, TcpStream, UdpSocket};
use reveille::time::{Duration, sleep, timeout};
use reveille::{FindingKind, choose, explore, node, replay, spawn};

async fn listener() -> (TcpListener, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Connects, again if that was refused by a fault.
async fn pair() -> (TcpStream, TcpStream) {
    let (listener, address) = listener().await;
    loop {
        if let Ok(client) = TcpStream::connect(address).await {
            return (client, listener.accept().await.unwrap().0);
        }
    }
}

#[test]
fn a_torn_connection_is_an_error_at_both_ends() {
    explore()
        .runs(500)
        .faults("heavy")
        .run(|| async {
            let (client, server) = pair().await;
            let talk = |mut stream: TcpStream| async move {
                for _ in 0..20 {
                    stream.write_all(b"x").await?;
                    stream.read_exact(&mut [0; 1]).await?;
                }
                io::Result::Ok(())
            };
            let (one, two) = (spawn(talk(client)), spawn(talk(server)));
            let (one, two) = (one.await.unwrap(), two.await.unwrap());
            let torn = reveille::net::strikes().of(Fault::Torn) > 0;
            // Torn in its last moments a connection has told its ends all that they had to say.
            assert!(torn || (one.is_ok() && two.is_ok()));
            reveille::sometimes!(one.is_err() && two.is_err(), "both ends see it");
            for error in [one, two].into_iter().filter_map(Result::err) {
                let known = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::UnexpectedEof];
                assert!(known.contains(&error.kind()), "{error:?}");
            }
        })
        .unwrap();
}

#[test]
fn bytes_stay_in_order_under_heavy_faults() {
    explore()
        .runs(300)
        .faults("heavy")
        .run(|| async {
            let (mut client, mut server) = pair().await;
            let sender = spawn(async move {
                let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
                client.write_all(&bytes).await?;
                client.close().await
            });
            let mut received = Vec::new();
            let end = server.read_to_end(&mut received).await;
            assert!(received.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8));
            let sent = sender.await.unwrap();
            assert!(end.is_err() || sent.is_err() || received.len() == 100_000);
            reveille::sometimes!(end.is_ok(), "all of it");
            reveille::sometimes!(end.is_err(), "torn");
        })
        .unwrap();
}

/// Reads a whole message with one call of `read`: the classic mistake, which no loopback ever shows.
#[test]
fn who_takes_one_read_for_one_message_is_found() {
    let program = || async {
        let (mut client, mut server) = pair().await;
        client.write_all(b"a message").await.unwrap();
        let mut buffer = [0; 64];
        if let Ok(count) = server.read(&mut buffer).await {
            assert_eq!(&buffer[..count], b"a message");
        }
    };
    explore().run(program).unwrap();
    let failure = explore().faults("light").runs(20_000).run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    // The faults stand in the tape's head: a replay does not have to be told.
    let tape = failure.tape().unwrap().to_string();
    assert!(tape.starts_with("r1.") && tape.split('.').nth(2) == Some("l"), "{tape}");
    assert_eq!(replay(&tape, program).unwrap_err().kind(), Some(FindingKind::Panic));
    assert_eq!(failure.tape().unwrap().unusual_of('f'), 1, "{tape}");
    // In the run that is shown, and by the name that switches it.
    assert!(failure.to_string().contains("\n  faults that struck: `short-read` 1\n"), "{failure}");
    let passed = explore().faults("light,-short-read,slow-accept=1").runs(1_000).run(program).unwrap();
    assert!(passed.to_string().contains("; faults that struck: "), "{passed}");
    assert!(passed.struck[&Fault::SlowAccept] >= 900, "{passed}");
}

#[test]
fn after_heal_nothing_goes_wrong() {
    explore()
        .runs(200)
        .faults("heavy")
        .run(|| async {
            node("main").partition(node("db"));
            reveille::net::heal();
            let (mut client, mut server) = pair().await;
            for number in 0..50_u8 {
                client.write_all(&[number; 9]).await.unwrap();
                let mut buffer = [0; 9];
                assert_eq!(server.read(&mut buffer).await.unwrap(), 9);
                assert_eq!(buffer, [number; 9]);
            }
            assert_eq!(reveille::net::strikes().total(), 0);
        })
        .unwrap();
}

#[test]
fn presets_are_named_and_others_are_refused() {
    let failure = explore().faults("medium").run(|| async {}).unwrap_err();
    assert!(
        failure.to_string().contains("there are no faults `medium`: expected `off`, `light` or `heavy`"),
        "{failure}"
    );
    explore().faults("off").runs(1).run(|| async { assert_eq!(reveille::net::strikes().total(), 0) }).unwrap();
}

/// Does anything that a program may do with sockets, in any order, and does not care what comes of it.
async fn anything(depth: u32) {
    let db = node("db");
    let mut streams = Vec::new();
    let mut listeners = Vec::new();
    let mut sockets = Vec::new();
    for _ in 0..24 {
        match choose(16) {
            0 => listeners.extend(TcpListener::bind(("0.0.0.0", 80 + choose(2) as u16)).await.ok().map(Rc::new)),
            1 => drop(listeners.pop()),
            2 | 3 => {
                let connect =
                    TcpStream::connect((["localhost", "db", "main"][choose(3) as usize], 80 + choose(2) as u16));
                streams.extend(timeout(Duration::from_millis(50), connect).await.into_iter().flatten());
            }
            4 => {
                if let Some(listener) = listeners.last() {
                    let accepted = timeout(Duration::from_millis(30), listener.accept()).await;
                    streams.extend(accepted.into_iter().flatten().map(|(stream, _)| stream));
                }
            }
            5 => drop(streams.pop()),
            6 | 7 => {
                if let Some(stream) = streams.last_mut() {
                    let length = [0, 1, 70_000][choose(3) as usize];
                    let _ = timeout(Duration::from_millis(20), stream.write_all(&vec![1; length])).await;
                }
            }
            8 | 9 => {
                if let Some(stream) = streams.first_mut() {
                    let mut buffer = vec![0; [0, 1, 70_000][choose(3) as usize]];
                    let _ = timeout(Duration::from_millis(20), stream.read(&mut buffer)).await;
                }
            }
            10 => {
                if let Some(stream) = streams.last_mut() {
                    let _ = stream.set_zero_linger(choose(2) == 1);
                    let _ = stream.close().await;
                }
            }
            11 => node("main").partition(db),
            12 => node("main").hold(db),
            13 => {
                node("main").release(db);
                node("main").repair(db);
            }
            14 if choose(3) == 1 => db.crash(),
            14 if depth > 0 => {
                let there = [node("main"), db][choose(2) as usize];
                drop(there.spawn(async move { Box::pin(anything(depth - 1)).await }));
            }
            _ => {
                if let Ok(socket) = UdpSocket::bind(("0.0.0.0", choose(2) as u16 * 99)).await {
                    let _ = socket.send_to(&[0; 100], ("db", 99)).await;
                    let _ = timeout(Duration::from_millis(5), socket.recv_from(&mut [0; 10])).await;
                    sockets.push(socket);
                }
            }
        }
        sleep(Duration::from_micros(u64::from(choose(3)) * 700)).await;
    }
}

#[test]
fn whatever_a_program_does_is_survived_and_repeatable() {
    static STRIKES: LazyLock<Mutex<Strikes>> = LazyLock::new(Mutex::default);
    // Short reads are few here: a read has to come upon more than it asks for.
    for (faults, runs) in [("off", 1_000), ("heavy", 6_000), ("heavy,slow-accept=1/3,latency=1/3", 500)] {
        explore()
            .runs(runs)
            .faults(faults)
            .run(|| async {
                let db = node("db").spawn(anything(2));
                anything(2).await;
                let _ = db.await;
                STRIKES.lock().unwrap().add(&reveille::net::strikes());
            })
            .unwrap();
    }
    let strikes = STRIKES.lock().unwrap();
    for fault in Fault::ALL.into_iter().filter(|fault| !fault.is_of_files() && !fault.is_of_nodes()) {
        assert!(strikes.of(fault) > 0, "{fault:?} never struck: {strikes}");
    }
}

/// If this fails, seeds and tapes of tests with faults mean other runs now: a changelog entry under **Tapes**.
#[test]
fn the_runs_of_presets_are_pinned() {
    let runs = |faults: &str| {
        let strikes = std::sync::Arc::new(Mutex::new(Strikes::default()));
        let sum = std::sync::Arc::clone(&strikes);
        let program = move || {
            let sum = std::sync::Arc::clone(&sum);
            async move {
                drop(node("db").start(|| anything(1)));
                anything(1).await;
                sum.lock().unwrap().add(&reveille::net::strikes());
            }
        };
        let passed = explore().strategy("random").runs(40).faults(faults).run(program).unwrap();
        format!("{} polls, {}", passed.polls, strikes.lock().unwrap())
    };
    let pinned = ["off", "light,crash", "heavy,-torn,nodes"].map(runs);
    assert_eq!(pinned, PINNED);
}
const PINNED: [&str; 3] = [
    "2076 polls, none",
    "1966 polls, Late 7, Lost 3, WouldBlock 8, Interrupted 2, SpuriousWake 3, Refused 2, LookupFailed 4, LookupSlow 3, Crash 2",
    "1913 polls, Late 15, Lost 31, Twice 11, WouldBlock 33, Interrupted 27, SpuriousWake 43, Refused 28, LookupFailed 27, LookupSlow 20, Partition 29, Crash 8, Pause 7",
];

#[test]
fn an_idle_crowd_costs_nothing_while_time_passes() {
    let passed = explore()
        .runs(1)
        .run(|| async {
            let (listener, address) = listener().await;
            let mut idle = Vec::new();
            for _ in 0..10_000 {
                idle.push((TcpStream::connect(address).await?, listener.accept().await?));
            }
            sleep(Duration::from_secs(365 * 24 * 60 * 60)).await;
            let (client, (mut server, _)) = idle.pop().unwrap();
            drop(client);
            assert_eq!(server.read(&mut [0; 1]).await?, 0);
            io::Result::Ok(())
        })
        .unwrap();
    assert!(passed.polls < 60_000, "{}", passed.polls);
}

#[test]
fn ports_run_out_with_the_error_of_a_real_kernel() {
    explore()
        .runs(1)
        .run(|| async {
            let mut sockets = Vec::new();
            let error = loop {
                match UdpSocket::bind("127.0.0.1:0").await {
                    Ok(socket) => sockets.push(socket),
                    Err(error) => break error,
                }
            };
            assert_eq!((sockets.len(), error.kind()), (28_232, ErrorKind::AddrInUse));
        })
        .unwrap();
}

#[reveille::test(faults = "heavy", runs = 200)]
async fn the_attribute_knows_faults() {
    for _ in 0..50 {
        let _ = TcpStream::connect("db:1").await;
    }
    reveille::sometimes!(reveille::net::strikes().total() > 0, "something struck");
}

#[test]
fn a_name_may_be_slow_to_be_found_and_who_has_no_patience_is_told() {
    explore()
        .faults("heavy")
        .run(|| async {
            let db = node("db");
            let start = reveille::time::Instant::now();
            let found = timeout(Duration::from_secs(1), reveille::net::lookup_host("db:1")).await;
            let slow = reveille::net::strikes().of(Fault::LookupSlow) > 0;
            assert_eq!(found.is_err(), slow, "{found:?}");
            reveille::sometimes!(slow, "a look-up takes long");
            if slow {
                assert_eq!(start.elapsed(), Duration::from_secs(1));
                reveille::net::heal();
                let mut found = reveille::net::lookup_host("db:1").await.unwrap();
                assert_eq!(found.next(), Some((db.address(), 1).into()));
            }
        })
        .unwrap();
}
