//! What a report shows of the network: packets, readiness and wakes with virtual time, and what sockets wait for.

#![cfg(not(loom))]

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::time::{Duration, sleep, timeout};
use reveille::{Event, FindingKind, Oracle, explore, node};

/// All of `wanted` is in `report`, in this order.
fn assert_shows(report: &str, wanted: &[&str]) {
    let mut rest = report;
    for part in wanted {
        let at = rest.find(part).unwrap_or_else(|| panic!("no `{part}`, or not in this order, in {report}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn the_schedule_of_a_failure_shows_packets_and_who_becomes_ready_when() {
    let program = || async {
        drop(node("db").spawn(async {
            let listener = TcpListener::bind("0.0.0.0:7").await?;
            let (mut stream, _) = listener.accept().await?;
            let mut byte = [0];
            stream.read_exact(&mut byte).await?;
            stream.write_all(&byte).await
        }));
        sleep(Duration::from_millis(5)).await;
        let mut stream = TcpStream::connect("db:7").await.unwrap();
        stream.write_all(b"?").await.unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        assert_ne!(byte, *b"?");
    };
    let report = explore().runs(1).run(program).unwrap_err().to_string();
    assert_shows(
        &report,
        &[
            "handshake `main`→`db` in 1ms",
            "time is 6ms",
            "handshake `db`→`main` in 1ms",
            "time is 7ms",
            "the stream of `main` to 10.0.0.2:7 is writable",
            "bytes `main`→`db` in 1ms",
            "time is 8ms",
            "the listener 0.0.0.0:7 is readable",
            "woke task 1",
            "bytes `db`→`main` in 1ms",
            "time is 9ms",
            "the stream of `main` to 10.0.0.2:7 is readable",
            "woke task 0",
        ],
    );
}

#[test]
fn a_packet_that_is_lost_or_has_no_way_is_shown_so() {
    let program = || async {
        let db = node("db");
        let there = db.spawn(UdpSocket::bind("0.0.0.0:7")).await.unwrap().unwrap();
        let here = UdpSocket::bind("0.0.0.0:8").await.unwrap();
        node("main").cut_to(db);
        here.send_to(b"?", "db:7").await.unwrap();
        sleep(Duration::from_millis(50)).await;
        node("main").repair(db);
        here.send_to(b"?", "db:7").await.unwrap();
        assert!(timeout(Duration::from_secs(1), there.recv_from(&mut [0])).await.is_ok(), "nothing came");
    };
    let failure = explore().faults("heavy,-packets,-calls,-files,lost").run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    assert_shows(
        &failure.to_string(),
        &["datagram `main`→`db` in 1ms, no way", "time is 50ms", "datagram `main`→`db` lost", "time is 1.05s"],
    );
}

/// Both of them wait for the other's bytes: each report says what the own socket waits for, and what the peer's side holds.
#[test]
fn a_stuck_task_is_reported_with_what_its_socket_waits_for() {
    let program = || async {
        let db = node("db");
        let server = db.spawn(async {
            let listener = TcpListener::bind("0.0.0.0:7").await?;
            let (mut stream, _) = listener.accept().await?;
            let mut request = [0; 4];
            stream.read_exact(&mut request).await
        });
        sleep(Duration::from_millis(5)).await;
        let mut stream = TcpStream::connect("db:7").await.unwrap();
        stream.write_all(b"abc").await.unwrap(); // one byte too few
        stream.read_exact(&mut [0]).await.unwrap();
        let _ = server.await;
    };
    let failure = explore().runs(1).run(program).unwrap_err();
    let report = failure.to_string();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{report}");
    assert!(report.contains("bytes from `db` (10.0.0.2:7), which is open"), "{report}");
    assert!(report.contains("bytes from `main` (10.0.0.1:32768), which is open"), "{report}");
}

/// Held and cut links, bytes on their way, a backlog that nobody looks at.
#[test]
fn what_is_between_the_two_ends_is_said() {
    let waits = |hold: bool| {
        move || async move {
            let db = node("db");
            let listener = db.spawn(TcpListener::bind("0.0.0.0:7")).await.unwrap().unwrap();
            let mut stream = TcpStream::connect("db:7").await.unwrap();
            sleep(Duration::from_millis(50)).await;
            if hold {
                node("main").hold(db);
            }
            stream.write_all(b"abc").await.unwrap();
            stream.read_exact(&mut [0]).await.unwrap();
            drop(listener);
        }
    };
    let report = explore().runs(1).run(waits(true)).unwrap_err().to_string();
    assert!(report.contains("3 bytes from here are on their way; the link is held"), "{report}");
    let report = explore().runs(1).run(waits(false)).unwrap_err().to_string();
    assert!(report.contains("which has not accepted it and has 3 bytes unread"), "{report}");
}

/// An oracle of the user's sees the same.
#[test]
fn oracles_hear_of_packets_and_readiness() {
    struct Counts {
        packets: u32,
        ready: u32,
    }
    impl Oracle for Counts {
        fn event(&mut self, event: &Event) -> Result<(), String> {
            match event {
                Event::Packet { .. } => self.packets += 1,
                Event::Ready { .. } => self.ready += 1,
                _ => {}
            }
            Ok(())
        }

        fn end(&mut self) -> Result<(), String> {
            match (self.packets, self.ready) {
                (1, 1) => Ok(()),
                (packets, ready) => Err(format!("{packets} packets, {ready} ready")),
            }
        }
    }
    explore()
        .runs(10)
        .oracle(|| Counts { packets: 0, ready: 0 })
        .run(|| async {
            let socket = UdpSocket::bind("0.0.0.0:8").await.unwrap();
            socket.send_to(b"?", "127.0.0.1:8").await.unwrap();
            socket.recv_from(&mut [0]).await.unwrap();
        })
        .unwrap();
}
