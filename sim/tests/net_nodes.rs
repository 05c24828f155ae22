//! Nodes and the links between them: crash, restart, partition, hold.

#![cfg(not(loom))]

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::rc::Rc;

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::time::{Duration, Instant, sleep, timeout};
use reveille::{FindingKind, explore, node};

/// Answers every byte with itself, on port 7.
async fn echo_server() {
    let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
    while let Ok((mut stream, _)) = listener.accept().await {
        drop(reveille::spawn(async move {
            let mut byte = [0; 1];
            while let Ok(1) = stream.read(&mut byte).await {
                if stream.write_all(&byte).await.is_err() {
                    break;
                }
            }
        }));
    }
}

async fn ask(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"?").await?;
    stream.read_exact(&mut [0; 1]).await
}

#[test]
fn tasks_inherit_their_node_and_localhost_is_their_own() {
    explore()
        .runs(20)
        .run(|| async {
            let (db, web) = (node("db"), node("web"));
            db.start(echo_server);
            sleep(Duration::from_millis(1)).await;
            let seen = web.spawn(async {
                let inner = reveille::spawn(async {
                    let own = TcpStream::connect("localhost:7").await.unwrap_err().kind();
                    let stream = TcpStream::connect("db:7").await.unwrap();
                    (own, stream.local_addr().unwrap().ip(), stream.peer_addr().unwrap().ip())
                });
                inner.await.unwrap()
            });
            assert_eq!(seen.await.unwrap(), (ErrorKind::ConnectionRefused, web.address(), db.address()));
            assert_eq!((db.name(), node("db")), ("db".to_owned(), db));
        })
        .unwrap();
}

#[test]
fn a_crash_resets_connections_cancels_tasks_and_frees_ports() {
    explore()
        .runs(100)
        .run(|| async {
            let db = node("db");
            let server = db.start(echo_server);
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("db:7").await?;
            ask(&mut stream).await?;
            db.crash();
            assert_eq!(stream.read(&mut [0; 1]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            assert_eq!(stream.write(b"?").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
            assert!(server.await.unwrap_err().is_cancelled());
            assert_eq!(TcpStream::connect("db:7").await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
            db.restart();
            sleep(Duration::from_millis(1)).await;
            ask(&mut TcpStream::connect("db:7").await?).await
        })
        .unwrap();
}

#[test]
fn a_node_that_crashes_itself_runs_to_its_next_await_and_no_further() {
    explore()
        .runs(20)
        .run(|| async {
            let reached = Rc::new(Cell::new(0));
            let seen = Rc::clone(&reached);
            let task = node("db").spawn(async move {
                node("db").crash();
                seen.set(1);
                reveille::yield_now().await;
                seen.set(2);
            });
            assert!(task.await.unwrap_err().is_cancelled());
            assert_eq!(reached.get(), 1);
        })
        .unwrap();
}

#[test]
fn a_socket_used_after_its_node_crashed_is_an_error() {
    explore()
        .runs(20)
        .run(|| async {
            let socket = Rc::new(std::cell::RefCell::new(None));
            let there = Rc::clone(&socket);
            let db = node("db");
            db.spawn(async move { *there.borrow_mut() = Some(UdpSocket::bind("0.0.0.0:1").await.unwrap()) })
                .await
                .unwrap();
            db.crash();
            let socket = socket.borrow_mut().take().unwrap();
            assert_eq!(socket.send_to(b"?", "127.0.0.1:9").await.unwrap_err().kind(), ErrorKind::NotConnected);
        })
        .unwrap();
}

#[test]
fn a_short_partition_is_a_delay() {
    explore()
        .runs(100)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            db.start(echo_server);
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("db:7").await?;
            here.partition(db);
            stream.write_all(b"?").await?;
            sleep(Duration::from_secs(20)).await;
            here.repair(db);
            let start = Instant::now();
            stream.read_exact(&mut [0; 1]).await?;
            assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
            io::Result::Ok(())
        })
        .unwrap();
}

/// Bytes get through and what is said of them does not: the window fills while the link is cut in one direction already.
#[test]
fn who_fills_a_window_behind_a_link_that_is_cut_one_way_is_told_in_time() {
    explore()
        .runs(20)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            db.start(|| async {
                let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
                let _kept = listener.accept().await.unwrap();
                std::future::pending::<()>().await;
            });
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("db:7").await?;
            db.cut_to(here);
            let start = Instant::now();
            let error = stream.write_all(&[0; 200 * 1024]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!((924..926).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
            io::Result::Ok(())
        })
        .unwrap();
}

/// The window is full, and what its reader reads is not told, or nothing is read at all: the writer has nothing on its way that could be repeated.
#[test]
fn a_long_partition_is_a_time_out_for_who_waits_for_room() {
    async fn reads_late() {
        let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let reads_at = if reveille::choose(2) == 0 { 1 } else { 2_000 };
        sleep(Duration::from_secs(reads_at)).await;
        let _ = stream.read_exact(&mut vec![0; 64 * 1024]).await;
        sleep(Duration::from_secs(10_000)).await;
    }
    for (cut, secs) in [(1_000, 1_000..1_001), (30, 1..2_010)] {
        explore()
            .runs(20)
            .run(move || {
                let secs = secs.clone();
                async move {
                    let (here, db) = (node("main"), node("db"));
                    db.start(reads_late);
                    sleep(Duration::from_millis(1)).await;
                    let mut stream = TcpStream::connect("db:7").await?;
                    stream.write_all(&[0; 64 * 1024]).await?;
                    sleep(Duration::from_millis(500)).await;
                    here.partition(db);
                    let start = Instant::now();
                    let more = reveille::spawn(async move { stream.write_all(b"more").await });
                    sleep(Duration::from_secs(cut)).await;
                    assert_eq!(more.is_finished(), cut == 1_000, "after {cut} s");
                    here.repair(db);
                    let ended = more.await.unwrap();
                    assert_eq!(ended.err().map(|error| error.kind()), (cut == 1_000).then_some(ErrorKind::TimedOut));
                    assert!(secs.contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
                    io::Result::Ok(())
                }
            })
            .unwrap();
    }
}

/// The partition begins at any time: before the question has arrived, the answer, or the word that it was heard.
#[test]
fn a_partition_that_begins_while_a_stream_connects_is_a_time_out_and_not_a_deadlock() {
    explore()
        .runs(100)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            db.start(echo_server);
            sleep(Duration::from_millis(1)).await;
            drop(reveille::spawn(async move {
                sleep(Duration::from_micros(500 * u64::from(reveille::choose(8)))).await;
                here.partition(db);
            }));
            let connected = TcpStream::connect("db:7").await;
            reveille::sometimes!(connected.is_ok(), "it was sooner");
            reveille::sometimes!(connected.is_err(), "it was cut off");
            if let Err(error) = connected {
                assert_eq!(error.kind(), ErrorKind::TimedOut);
            }
        })
        .unwrap();
}

/// Nothing but a probe of the window is on its way when the link is repaired, and the server knows nothing of the connection by then.
#[test]
fn who_waits_for_room_learns_that_the_server_was_restarted_behind_a_cut_link() {
    explore()
        .runs(50)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            db.start(|| reads_some(0));
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("db:7").await?;
            let writes = reveille::spawn(async move { stream.write_all(&[0; 100_000]).await });
            sleep(Duration::from_secs(1)).await;
            here.partition(db);
            sleep(Duration::from_secs(1)).await;
            db.restart();
            sleep(Duration::from_secs(1)).await;
            here.repair(db);
            assert_eq!(writes.await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_long_partition_is_a_time_out_for_each_end_by_itself() {
    async fn tells() -> ErrorKind {
        let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        sleep(Duration::from_secs(2)).await;
        ask(&mut stream).await.unwrap_err().kind()
    }
    explore()
        .runs(20)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            let there = db.spawn(tells());
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("db:7").await?;
            sleep(Duration::from_secs(1)).await;
            here.partition(db);
            assert_eq!(ask(&mut stream).await.unwrap_err().kind(), ErrorKind::TimedOut);
            // The other end began later, and is alone now.
            assert!(!there.is_finished());
            assert_eq!(there.await.unwrap(), ErrorKind::TimedOut);
            io::Result::Ok(())
        })
        .unwrap();
}

/// Reads `some` bytes after two seconds, and then for ever.
async fn reads_some(some: usize) {
    let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    sleep(Duration::from_secs(2)).await;
    stream.read_exact(&mut vec![0; some]).await.unwrap();
    std::future::pending::<()>().await;
}

/// What was read cannot be told, and nobody waits for room: nothing is left to happen, however long the link stays cut.
#[test]
fn who_waits_for_bytes_behind_a_cut_link_is_stuck_and_does_not_wait_until_the_limit() {
    for (some, is_cut_both_ways) in [(20_000, true), (64 * 1024, false)] {
        let failure = explore()
            .runs(20)
            .run(move || async move {
                let (here, db) = (node("main"), node("db"));
                db.start(move || reads_some(some));
                sleep(Duration::from_millis(1)).await;
                let mut stream = TcpStream::connect("db:7").await?;
                stream.write_all(&vec![0; some]).await?;
                sleep(Duration::from_secs(1)).await;
                if is_cut_both_ways {
                    here.partition(db);
                } else {
                    here.cut_to(db);
                }
                stream.read_exact(&mut [0; 1]).await
            })
            .unwrap_err();
        assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
    }
}

#[test]
fn what_could_not_be_told_in_a_long_partition_is_told_when_the_window_is_full() {
    explore()
        .runs(20)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            db.start(|| reads_some(20_000));
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("db:7").await?;
            stream.write_all(&[0; 20_000]).await?;
            sleep(Duration::from_secs(1)).await;
            here.partition(db);
            sleep(Duration::from_secs(2_000)).await;
            here.repair(db);
            // As much as fits, though the window was not as large when the link was repaired.
            stream.write_all(&[0; 64 * 1024]).await
        })
        .unwrap();
}

#[test]
fn a_long_partition_is_a_time_out_for_who_has_sent_something() {
    explore()
        .runs(20)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            db.start(echo_server);
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("db:7").await?;
            here.cut_to(db);
            let start = Instant::now();
            assert_eq!(ask(&mut stream).await.unwrap_err().kind(), ErrorKind::TimedOut);
            assert!((924..926).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
            let start = Instant::now();
            assert_eq!(TcpStream::connect("db:7").await.unwrap_err().kind(), ErrorKind::TimedOut);
            assert_eq!(start.elapsed().as_secs(), 127);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn what_is_held_arrives_on_release_and_not_before() {
    explore()
        .runs(100)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            db.start(echo_server);
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("db:7").await?;
            here.hold(db);
            assert!(timeout(Duration::from_secs(3600), ask(&mut stream)).await.is_err());
            here.release(db);
            stream.read_exact(&mut [0; 1]).await?;
            here.hold(db);
            assert!(timeout(Duration::from_secs(3600), ask(&mut stream)).await.is_err());
            reveille::net::heal();
            stream.read_exact(&mut [0; 1]).await
        })
        .unwrap();
}

#[test]
fn latency_is_what_the_link_says() {
    explore()
        .runs(1)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            here.set_latency(db, Duration::from_millis(70));
            db.start(echo_server);
            sleep(Duration::from_millis(1)).await;
            let mut stream = TcpStream::connect("db:7").await?;
            let start = Instant::now();
            ask(&mut stream).await?;
            assert_eq!(start.elapsed(), Duration::from_millis(140));
            io::Result::Ok(())
        })
        .unwrap();
}

/// What is added to such a latency, and what multiplies it, overflows nothing.
#[test]
fn a_link_may_take_for_ever() {
    for faults in ["heavy", "latency=1/2,slow-accept=1/2"] {
        explore()
            .runs(50)
            .faults(faults)
            .run(|| async {
                let (here, db) = (node("main"), node("db"));
                db.start(echo_server);
                sleep(Duration::from_millis(1)).await;
                // From the start, or from when the answer is on its way: that it was heard is never told then.
                let is_late = reveille::choose(2) == 1;
                let sets = reveille::spawn(async move {
                    sleep(Duration::from_micros(if is_late { 1_500 } else { 0 })).await;
                    here.set_latency(db, Duration::MAX);
                });
                if !is_late {
                    sets.await.unwrap();
                }
                let socket = UdpSocket::bind("0.0.0.0:0").await?;
                socket.send_to(b"?", (db.address(), 9)).await.ok();
                let connected = timeout(Duration::from_secs(10), TcpStream::connect((db.address(), 7))).await;
                assert!(is_late || !matches!(connected, Ok(Ok(_))));
                io::Result::Ok(())
            })
            .unwrap();
    }
}

#[test]
#[should_panic(expected = "`db` cannot be restarted")]
fn a_node_without_a_program_cannot_be_restarted() {
    explore().runs(1).run(|| async { drop(node("db").restart()) }).unwrap();
}

/// Where a socket belongs is decided when it is made, which is when its future is polled.
#[test]
fn a_future_made_elsewhere_binds_on_the_node_that_polls_it() {
    explore()
        .runs(5)
        .run(|| async {
            let db = node("db");
            let bind = TcpListener::bind((db.address(), 7));
            let listener = db.spawn(bind).await.unwrap().unwrap();
            let here = TcpListener::bind((db.address(), 8)).await.unwrap_err();
            assert_eq!(here.kind(), ErrorKind::AddrNotAvailable);
            TcpStream::connect((db.address(), 7)).await.unwrap();
            drop(listener);
        })
        .unwrap();
}

#[test]
fn a_lossy_link_is_slow_for_streams_and_loses_datagrams_until_it_is_healed() {
    explore()
        .runs(300)
        .run(|| async {
            let (here, db) = (node("main"), node("db"));
            db.start(echo_server);
            sleep(Duration::from_millis(1)).await;
            here.set_loss(db, 1, 3);
            let mut stream = TcpStream::connect("db:7").await?;
            for _ in 0..10 {
                ask(&mut stream).await?;
            }
            let lost = || reveille::net::strikes().of(reveille::net::Fault::Lost);
            reveille::sometimes!(lost() > 3, "packets are lost");
            // Other links are as they were.
            let before = lost();
            let (one, two) = (UdpSocket::bind("0.0.0.0:1").await?, UdpSocket::bind("0.0.0.0:2").await?);
            for _ in 0..20 {
                one.send_to(b"?", "127.0.0.1:2").await?;
                two.recv_from(&mut [0; 1]).await?;
            }
            reveille::net::heal();
            for _ in 0..10 {
                ask(&mut stream).await?;
            }
            assert_eq!(lost(), before);
            io::Result::Ok(())
        })
        .unwrap();
}
