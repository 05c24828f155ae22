//! Graceful stop: a node is told, its tasks may end, and what is left is killed.

#![cfg(not(loom))]

use std::cell::Cell;
use std::io::ErrorKind;
use std::rc::Rc;

use futures::future::{Either, select};
use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::node::stop_requested;
use reveille::time::{Duration, Instant, sleep};
use reveille::{Node, explore, fs, node, spawn};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Echoes bytes until it is told to stop, and serves connections that are open to their ends.
async fn echo_until_told() {
    let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
    let mut stop = std::pin::pin!(stop_requested());
    loop {
        let accept = std::pin::pin!(listener.accept());
        let Either::Right((stream, _)) = select(stop.as_mut(), accept).await else { break };
        let (mut stream, _) = stream.unwrap();
        drop(spawn(async move {
            let mut byte = [0; 1];
            while let Ok(1) = stream.read(&mut byte).await {
                if stream.write_all(&byte).await.is_err() {
                    break;
                }
            }
        }));
    }
}

#[test]
fn a_server_that_listens_finishes_what_is_under_way_and_refuses_the_rest() {
    explore()
        .runs(300)
        .run(|| async {
            let web = node("web");
            let server = web.start(echo_until_told);
            sleep(secs(1)).await;
            let mut stream = TcpStream::connect("web:7").await.unwrap();
            stream.write_all(b"?").await.unwrap();
            stream.read_exact(&mut [0; 1]).await.unwrap();
            assert!(!web.is_stopping());
            let stop = web.stop(secs(60));
            assert!(web.is_stopping(), "at once");
            let stop = spawn(stop);
            sleep(secs(1)).await;
            assert!(server.is_finished() && !stop.is_finished());
            // What was accepted before is served.
            assert_eq!(TcpStream::connect("web:7").await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
            stream.write_all(b"!").await.unwrap();
            stream.read_exact(&mut [0; 1]).await.unwrap();
            drop(stream);
            assert_eq!(stop.await.unwrap(), Ok(()));
            assert!(!web.is_stopping());
            web.restart();
            sleep(secs(1)).await;
            TcpStream::connect("web:7").await.unwrap();
        })
        .unwrap();
}

/// Tasks that were spawned by tasks count, and so do those that a crash takes.
#[test]
fn what_is_left_after_the_grace_is_killed_and_counted() {
    explore()
        .runs(200)
        .run(|| async {
            let (db, held) = (node("db"), Rc::new(()));
            let kept = Rc::clone(&held);
            drop(db.spawn(async move {
                drop(spawn(async move {
                    let _kept = kept;
                    std::future::pending::<()>().await;
                }));
                drop(spawn(sleep(secs(3600))));
                stop_requested().await;
                sleep(secs(1)).await;
            }));
            sleep(secs(1)).await;
            let start = Instant::now();
            let killed = db.stop(secs(5)).await.unwrap_err();
            assert_eq!((start.elapsed(), killed.tasks()), (secs(5), 2));
            sleep(secs(1)).await;
            assert_eq!(Rc::strong_count(&held), 1);
            let text = killed.to_string();
            assert!(text.starts_with("the node did not stop in time: 2 of its tasks were killed: task 2 on `db` (spawned at sim/tests/node_stop.rs:"), "{text}");
            // There is nothing to wait for then.
            let start = Instant::now();
            db.stop(secs(5)).await.unwrap();
            assert_eq!(start.elapsed(), Duration::ZERO);
        })
        .unwrap();
}

#[test]
fn a_graceful_stop_loses_no_bytes_that_were_written_and_a_late_one_may() {
    let program = |grace: u64| {
        move || async move {
            let db = node("db");
            drop(db.spawn(async {
                stop_requested().await;
                fs::write("log", "all of it").await.unwrap();
                sleep(secs(2)).await;
            }));
            sleep(secs(1)).await;
            let stopped = db.stop(secs(grace)).await;
            assert_eq!(stopped.is_ok(), grace > 2);
            let log = db.spawn(fs::read_to_string("log")).await.unwrap();
            assert_eq!(log.unwrap_or_default(), "all of it");
        }
    };
    explore().runs(500).run(program(3)).unwrap();
    explore().runs(500).run(program(1)).unwrap_err();
}

#[test]
fn a_crash_or_a_restart_overtakes_a_stop() {
    explore()
        .runs(200)
        .run(|| async {
            let db = node("db");
            drop(db.start(|| sleep(secs(1000))));
            let (one, two) = (spawn(db.stop(secs(60))), spawn(db.stop(secs(30))));
            sleep(secs(1)).await;
            let again = db.restart();
            // Neither of them crashes what was started since.
            assert_eq!((one.await.unwrap().unwrap_err().tasks(), two.await.unwrap().unwrap_err().tasks()), (1, 1));
            sleep(secs(100)).await;
            assert!(!again.is_finished() && !db.is_stopping());
        })
        .unwrap();
}

#[test]
fn a_paused_node_hears_of_it_when_it_goes_on_and_dies_anyway() {
    let stopped = |db: Node| async move {
        let told = Rc::new(Cell::new(false));
        let seen = Rc::clone(&told);
        drop(db.spawn(async move {
            stop_requested().await;
            seen.set(true);
        }));
        sleep(secs(1)).await;
        db.pause();
        let stop = spawn(db.stop(secs(10)));
        sleep(secs(5)).await;
        assert!(!told.get());
        (stop, told)
    };
    explore()
        .runs(100)
        .run(move || async move {
            let (stop, told) = stopped(node("one")).await;
            node("one").resume();
            assert_eq!((stop.await.unwrap(), told.get()), (Ok(()), true));
            let (stop, told) = stopped(node("two")).await;
            assert_eq!((stop.await.unwrap().unwrap_err().tasks(), told.get()), (1, false));
        })
        .unwrap();
}

#[test]
fn a_stop_that_is_dropped_has_asked_and_crashes_nothing() {
    explore()
        .runs(100)
        .run(|| async {
            let db = node("db");
            let slow = db.spawn(async {
                stop_requested().await;
                sleep(secs(100)).await;
            });
            sleep(secs(1)).await;
            drop(db.stop(secs(1)));
            slow.await.unwrap();
        })
        .unwrap();
}

/// The process is gone, and others that were handed its sockets learn so.
#[test]
fn what_others_hold_of_a_stopped_node_is_gone() {
    explore()
        .runs(50)
        .run(|| async {
            let db = node("db");
            let socket = db.spawn(UdpSocket::bind("0.0.0.0:1")).await.unwrap().unwrap();
            db.stop(secs(1)).await.unwrap();
            assert_eq!(socket.send_to(b"?", "db:1").await.unwrap_err().kind(), ErrorKind::NotConnected);
        })
        .unwrap();
}

/// Waiting to be told leaves nothing behind: neither a waker nor a finding.
#[test]
fn a_loop_that_asks_anew_each_time_leaves_nothing_behind() {
    explore()
        .runs(20)
        .run(|| async {
            let db = node("db");
            let worker = db.spawn(async {
                let mut turns = 0;
                while let Either::Right(_) = select(Box::pin(stop_requested()), Box::pin(sleep(secs(1)))).await {
                    turns += 1;
                }
                turns
            });
            sleep(Duration::from_millis(1_000_500)).await;
            db.stop(secs(1)).await.unwrap();
            assert_eq!(worker.await.unwrap(), 1_000);
            reveille::cancel::leaks(20, stop_requested).await;
        })
        .unwrap();
}

#[test]
#[should_panic(expected = "the node `main` cannot be stopped")]
fn the_node_of_the_test_cannot_be_stopped() {
    explore().runs(1).run(|| async { drop(node("main").stop(secs(1))) }).unwrap();
}
