//! Each knob of the faults, one by one: how often it strikes is what was asked for, what is counted is what a program sees, and
//! switched off it never does.
//!
//! A program gives a fault occasions, and notices by itself how often it struck; it is not told. A sort that never strikes, one that strikes
//! and is not counted, and one that is counted and does not strike all fail.

#![cfg(not(loom))]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{Fault, Faults, Rate, TcpListener, TcpStream, UdpSocket, lookup_host, strikes};
use reveille::time::{Duration, Instant, sleep, system_time, timeout};
use reveille::{Choose, Hint, Point, choose, explore, fs, node};

/// How many occasions there were, and on how many something went wrong.
type Seen = (u64, u64);

const LOOPBACK: Duration = Duration::from_micros(20);

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

/// How many of `sent` datagrams came.
async fn datagrams(sent: u8) -> u64 {
    let (one, two) = (UdpSocket::bind("127.0.0.1:1").await.unwrap(), UdpSocket::bind("127.0.0.1:2").await.unwrap());
    for number in 0..sent {
        one.send_to(&[number], "127.0.0.1:2").await.unwrap();
    }
    let mut received = 0;
    while timeout(Duration::from_secs(1), two.recv_from(&mut [0])).await.is_ok() {
        received += 1;
    }
    received
}

async fn lost() -> Seen {
    (50, 50 - datagrams(50).await)
}

async fn twice() -> Seen {
    (50, datagrams(50).await - 50)
}

/// How long each of 50 datagrams took.
async fn delays() -> Vec<Duration> {
    let (one, two) = (UdpSocket::bind("127.0.0.1:1").await.unwrap(), UdpSocket::bind("127.0.0.1:2").await.unwrap());
    let mut delays = Vec::new();
    for _ in 0..50 {
        let sent = Instant::now();
        one.send_to(b"?", "127.0.0.1:2").await.unwrap();
        two.recv_from(&mut [0]).await.unwrap();
        delays.push(sent.elapsed());
    }
    delays
}

async fn late() -> Seen {
    (50, delays().await.iter().filter(|delay| **delay == LOOPBACK * 2_000).count() as u64)
}

async fn slower_than_usual() -> Seen {
    (50, delays().await.iter().filter(|delay| **delay > LOOPBACK).count() as u64)
}

/// A byte over each of 20 connections, which end by a reset: so the byte is the only packet of the stream.
async fn torn() -> Seen {
    let mut seen = 0;
    for _ in 0..20 {
        let (mut client, mut server) = pair().await;
        client.set_zero_linger(true).unwrap();
        server.set_zero_linger(true).unwrap();
        client.write_all(b"?").await.unwrap();
        seen += u64::from(server.read_exact(&mut [0]).await.is_err());
    }
    (20, seen)
}

/// Reads that ask for more than there is, and are given less than that.
async fn short_read() -> Seen {
    let (mut client, server) = pair().await;
    let (mut occasions, mut seen) = (0, 0);
    for _ in 0..10 {
        client.write_all(&[0; 16]).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        let mut there = 16;
        while there > 0 {
            let count = server.try_read(&mut [0; 64]).unwrap();
            occasions += u64::from(there > 1);
            seen += u64::from(count < there);
            there -= count;
        }
    }
    (occasions, seen)
}

async fn short_write() -> Seen {
    let (client, _server) = pair().await;
    let writes = (0..50).map(|_| client.try_write(&[0; 16]).unwrap());
    (50, writes.filter(|count| *count < 16).count() as u64)
}

/// Of calls that could be served at once, those that say `kind`.
async fn calls_that_say(kind: ErrorKind) -> Seen {
    let (mut client, mut server) = pair().await;
    client.write_all(&[1; 50]).await.unwrap();
    // The bytes are there: the first has been read, by a call that would hide it.
    server.read_exact(&mut [0]).await.unwrap();
    let before = strikes().total();
    let (mut occasions, mut seen, mut left) = (0, before, 49);
    while left > 0 {
        occasions += 1;
        match server.try_read(&mut [0]) {
            Ok(count) => left -= count,
            Err(error) => {
                assert_eq!(error.kind(), kind);
                seen += 1;
            }
        }
    }
    (occasions + before, seen)
}

async fn would_block() -> Seen {
    calls_that_say(ErrorKind::WouldBlock).await
}

async fn interrupted() -> Seen {
    calls_that_say(ErrorKind::Interrupted).await
}

/// Awaits `future`; how often that was polled in vain is added, and how often it was polled again then although nothing had come.
async fn waited<F: Future>(future: F, (occasions, seen): &mut Seen) -> F::Output {
    let mut future = pin!(future);
    let mut polls = 0;
    let output = poll_fn(|context| {
        let poll = future.as_mut().poll(context);
        polls += u64::from(poll.is_pending());
        poll
    })
    .await;
    (*occasions, *seen) = (*occasions + polls, *seen + polls.saturating_sub(1));
    output
}

async fn spurious_wake() -> Seen {
    let mut seen = (0, 0);
    let listener = TcpListener::bind("127.0.0.1:9").await.unwrap();
    for _ in 0..10 {
        let mut client = waited(TcpStream::connect("127.0.0.1:9"), &mut seen).await.unwrap();
        let (mut server, _) = waited(listener.accept(), &mut seen).await.unwrap();
        drop(reveille::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            client.write_all(b"?").await.unwrap();
            std::future::pending::<()>().await;
        }));
        waited(server.read_exact(&mut [0]), &mut seen).await.unwrap();
    }
    seen
}

async fn refused() -> Seen {
    let _listener = TcpListener::bind("127.0.0.1:9").await.unwrap();
    let mut seen = 0;
    for _ in 0..50 {
        if let Err(error) = TcpStream::connect("127.0.0.1:9").await {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            seen += 1;
        }
    }
    (50, seen)
}

async fn lookup_failed() -> Seen {
    node("db");
    let mut seen = 0;
    for _ in 0..50 {
        seen += u64::from(lookup_host("db:1").await.is_err());
    }
    (50, seen)
}

/// A resolver asks again after five seconds, and may have to wait again.
async fn lookup_slow() -> Seen {
    node("db");
    let start = Instant::now();
    for _ in 0..50 {
        lookup_host("db:1").await.unwrap();
    }
    let waits = start.elapsed().as_secs() / 5;
    (50 + waits, waits)
}

/// The client has its connection, and has even written; whoever accepts gets it later, and the bytes are there.
async fn slow_accept() -> Seen {
    let listener = TcpListener::bind("127.0.0.1:9").await.unwrap();
    let mut seen = 0;
    for _ in 0..20 {
        let mut client = TcpStream::connect("127.0.0.1:9").await.unwrap();
        let connected = Instant::now();
        client.write_all(b"?").await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        seen += u64::from(connected.elapsed() >= Duration::from_millis(50));
        server.read_exact(&mut [0]).await.unwrap();
    }
    (20, seen)
}

async fn disk_full() -> Seen {
    let mut seen = 0;
    for number in 0..50 {
        if let Err(error) = fs::create_dir(format!("d{number}")).await {
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            seen += 1;
        }
    }
    (50, seen)
}

async fn sync_failed() -> Seen {
    fs::write("f", b"?").await.unwrap();
    let file = fs::File::open("f").await.unwrap();
    let mut seen = 0;
    for _ in 0..50 {
        seen += u64::from(file.sync_all().await.is_err());
    }
    (50, seen)
}

/// Compares what a program sees with what is counted, and that with the rate, over 100 runs with fixed seeds.
fn rated<Fut>(fault: Fault, program: fn() -> Fut)
where
    Fut: Future<Output = Seen> + 'static,
{
    const ONE_OF: u64 = 4;
    // Not the dullest run, in which nothing strikes.
    let runs = |strategy: &str| explore().strategy(strategy).freedoms("none").runs(100).seed(1);
    for strategy in ["random", "portfolio"] {
        // By a name that a run draws: some are repeated to be compared, and the dullest is looked at.
        let by_run = Arc::new(Mutex::new(BTreeMap::new()));
        let seen_by_run = Arc::clone(&by_run);
        let counted = move || {
            let by_run = Arc::clone(&seen_by_run);
            async move {
                let run = choose(u32::MAX);
                let (occasions, seen) = program().await;
                assert_eq!((strikes().of(fault), strikes().total()), (seen, seen), "{}", strikes());
                by_run.lock().unwrap().insert(run, (occasions, seen));
            }
        };
        let faults = Faults::OFF.at(fault, Rate::new(1, ONE_OF as u16));
        let passed =
            runs(strategy).faults(faults).run(counted).unwrap_or_else(|failure| panic!("{fault:?}: {failure}"));
        by_run.lock().unwrap().remove(&0);
        let by_run = by_run.lock().unwrap();
        let (occasions, seen) = by_run.values().fold((0, 0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
        assert_eq!((by_run.len(), passed.struck.clone()), (100, [(fault, seen)].into()));
        // Within four standard deviations.
        let (expected, deviation) = (occasions / ONE_OF, (occasions * (ONE_OF - 1)).isqrt() / ONE_OF);
        assert!(seen.abs_diff(expected) <= 4 * deviation, "{fault:?}, {strategy}: {seen} of {occasions}");
    }
    // Latencies vary without being asked to.
    let off = if fault == Fault::Latency { "off,-latency" } else { "off" };
    let off = runs("random").faults(off).run(move || async move {
        assert_eq!((program().await.1, strikes().total()), (0, 0));
    });
    assert_eq!(off.unwrap_or_else(|failure| panic!("{fault:?}: {failure}")).struck, BTreeMap::new());
}

#[test]
fn packets_meet_what_was_asked_for_as_often_as_it_was() {
    rated(Fault::Lost, lost);
    rated(Fault::Twice, twice);
    rated(Fault::Late, late);
    rated(Fault::Torn, torn);
    rated(Fault::Latency, slower_than_usual);
}

#[test]
fn calls_meet_what_was_asked_for_as_often_as_it_was() {
    rated(Fault::ShortRead, short_read);
    rated(Fault::ShortWrite, short_write);
    rated(Fault::WouldBlock, would_block);
    rated(Fault::Interrupted, interrupted);
    rated(Fault::SpuriousWake, spurious_wake);
}

#[test]
fn connections_and_names_meet_what_was_asked_for_as_often_as_it_was() {
    rated(Fault::Refused, refused);
    rated(Fault::SlowAccept, slow_accept);
    rated(Fault::LookupFailed, lookup_failed);
    rated(Fault::LookupSlow, lookup_slow);
}

#[test]
fn disks_meet_what_was_asked_for_as_often_as_it_was() {
    rated(Fault::DiskFull, disk_full);
    rated(Fault::SyncFailed, sync_failed);
}

/// A short call may end anywhere, where it has a rate.
#[test]
fn with_a_rate_one_short_call_ends_at_any_offset() {
    let ends = Arc::new(Mutex::new([BTreeSet::new(), BTreeSet::new()]));
    let noted = Arc::clone(&ends);
    let program = move || {
        let noted = Arc::clone(&noted);
        async move {
            let (mut client, server) = pair().await;
            let written = client.try_write(&[0; 16]).unwrap();
            client.write_all(&[0; 16][written..]).await.unwrap();
            sleep(Duration::from_secs(1)).await;
            let mut noted = noted.lock().unwrap();
            noted[0].insert(written);
            // The buffer is larger than what there is.
            noted[1].insert(server.try_read(&mut [0; 64]).unwrap());
        }
    };
    explore().runs(500).faults("short-read=1/2,short-write=1/2").run(program).unwrap();
    assert_eq!(*ends.lock().unwrap(), [(1..=16).collect(), (1..=16).collect()]);
}

/// Without a rate it ends after a byte, a half or all but one; so byte by byte there is no offset where none may end.
#[test]
fn without_a_rate_short_calls_end_at_each_offset_one_after_another() {
    /// Calls are short, and by as much as they can be.
    struct Stingy;
    impl Choose for Stingy {
        fn choose(&mut self, point: Point<'_>) -> u32 {
            u32::from(point.kind.letter() == 'f' && matches!(point.hint, Hint::Rarely { .. }))
        }
    }
    let program = || async {
        let (mut client, mut server) = pair().await;
        for offset in 0..15 {
            assert_eq!(client.write(&[0; 16][offset..]).await.unwrap(), 1);
        }
        client.write_all(&[0]).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        for offset in 0..15 {
            assert_eq!(server.read(&mut [0; 16][offset..]).await.unwrap(), 1);
        }
        // What gives all that there is is not short, however large the buffer.
        assert_eq!(server.read(&mut [0; 64]).await.unwrap(), 1);
        assert_eq!((strikes().of(Fault::ShortWrite), strikes().of(Fault::ShortRead)), (15, 15));
    };
    explore().runs(1).answered_by(|_| Stingy).faults("short-read,short-write").run(program).unwrap();
}

/// Of files too what gives all that is left is not short: read by the cursor, and at offsets.
#[test]
fn a_short_read_of_a_file_is_counted_where_there_was_more() {
    for faults in ["short-read=1/2", "heavy,-packets,-calls,-files,short-read"] {
        let passed = explore().runs(200).faults(faults).run(|| async {
            fs::write("f", [0; 16]).await?;
            let mut file = fs::File::open("f").await?;
            let mut seen = 0;
            for by_cursor in [true, false] {
                let mut at = 0;
                while at < 16 {
                    let count = match by_cursor {
                        true => file.read(&mut [0; 64]).await?,
                        false => file.read_at(&mut [0; 64], at as u64).await?,
                    };
                    at += count;
                    seen += u64::from(at < 16);
                }
            }
            assert_eq!(strikes().of(Fault::ShortRead), seen, "{}", strikes());
            io::Result::Ok(())
        });
        assert!(passed.unwrap().struck[&Fault::ShortRead] > 0);
    }
}

/// An interrupted call is tried again by whoever waits: that is how the traits of async I/O want it. Calls that do not wait show it.
#[test]
fn who_awaits_never_sees_an_interruption() {
    let passed = explore().runs(100).faults("interrupted=1/2").run(|| async {
        let (mut client, mut server) = pair().await;
        for _ in 0..20 {
            assert_eq!(client.write(&[1]).await?, 1);
            assert_eq!(server.read(&mut [0; 8]).await?, 1);
        }
        let socket = UdpSocket::bind("127.0.0.1:1").await?;
        socket.send_to(b"?", "127.0.0.1:1").await?;
        socket.recv_from(&mut [0]).await?;
        io::Result::Ok(())
    });
    assert!(passed.unwrap().struck[&Fault::Interrupted] > 1_000);
}

/// A rate is every run's. What has none is rarer in some runs and more frequent in others, so that what never happens hides nothing.
#[test]
fn a_rate_is_that_of_every_run_and_a_preset_that_of_all_together() {
    let spread = |faults: &'static str| {
        let by_run = Arc::new(Mutex::new(BTreeMap::new()));
        let noted = Arc::clone(&by_run);
        let program = move || {
            let noted = Arc::clone(&noted);
            async move {
                let run = choose(u32::MAX);
                datagrams(50).await;
                noted.lock().unwrap().insert(run, strikes().of(Fault::Lost));
            }
        };
        explore().runs(200).seed(1).faults(faults).run(program).unwrap();
        let mut by_run = by_run.lock().unwrap().clone();
        by_run.remove(&0);
        (by_run.values().filter(|count| **count == 0).count(), by_run.values().filter(|count| **count > 15).count())
    };
    // Five of fifty on average: none at all is one run in two hundred, more than 15 of them one in 30,000.
    let (never, often) = spread("lost=1/10");
    assert!(never <= 4 && often == 0, "{never}, {often}");
    // About as often on average.
    let (never, often) = spread("heavy,-late,-twice,-calls");
    assert!(never >= 15 && often >= 15, "{never}, {often}");
}

/// What has no rate is as frequent as it was, whatever has one.
#[test]
fn a_rate_takes_nothing_from_the_others() {
    let of = |faults: &str| {
        let passed = explore()
            .strategy("random")
            .runs(400)
            .seed(1)
            .faults(faults)
            .run(|| async { assert!(datagrams(50).await > 0) });
        passed.unwrap().struck
    };
    let (usual, rated) = (of("heavy,-calls"), of("heavy,-calls,lost=1/2"));
    let half = 400 * 50 / 2;
    assert!(rated[&Fault::Lost].abs_diff(half) < 4 * 71, "{rated:?}");
    // Three share a tenth of 20,000; then two do.
    for (strikes, sharing) in [(usual, 3), (rated, 2)] {
        let expected: u64 = 20_000 * 100 / 1024 / sharing;
        let four_deviations = 4 * expected.isqrt();
        for fault in [Fault::Late, Fault::Twice] {
            assert!(strikes[&fault].abs_diff(expected) < four_deviations, "{fault:?}: {strikes:?}, not {expected}");
        }
    }
}

/// Without latencies that vary a program of datagrams has one run.
#[test]
fn steady_latencies_are_no_choice() {
    let program = || async {
        let (one, two) = (UdpSocket::bind("127.0.0.1:1").await?, UdpSocket::bind("127.0.0.1:2").await?);
        for number in 0..6 {
            one.send_to(&[number], "127.0.0.1:2").await?;
        }
        let mut order = Vec::new();
        for _ in 0..6 {
            let mut number = [0];
            two.recv_from(&mut number).await?;
            order.push(number[0]);
        }
        reveille::sometimes!(!order.is_sorted(), "they overtake each other");
        io::Result::Ok(())
    };
    let many = explore().strategy("exhaustive").runs(1_000).run(program).unwrap();
    assert!(many.complete && many.runs == 3_u64.pow(6), "{many}");
    let one = explore().strategy("exhaustive").faults("off,-latency").runs(1_000).run(program).unwrap();
    assert!(one.complete && one.runs == 1, "{one}");
    // That is no fault which ends.
    let healed = explore().runs(50).faults("heavy,-latency").run(|| async {
        reveille::net::heal();
        assert_eq!(delays().await, [LOOPBACK; 50]);
    });
    healed.unwrap();
}

async fn crashes() -> u64 {
    let starts = Rc::new(Cell::new(0));
    let counted = Rc::clone(&starts);
    drop(node("db").start(move || {
        counted.set(counted.get() + 1);
        std::future::pending::<()>()
    }));
    for _ in 0..200 {
        sleep(Duration::from_secs(1)).await;
    }
    // Nothing begins any more, and who is down comes up.
    reveille::net::heal();
    sleep(Duration::from_secs(60)).await;
    starts.get() - 1
}

async fn pauses() -> u64 {
    let late = Rc::new(Cell::new(0));
    let counted = Rc::clone(&late);
    drop(node("db").spawn(async move {
        for _ in 0..500 {
            let start = Instant::now();
            sleep(Duration::from_millis(1)).await;
            counted.set(counted.get() + u64::from(start.elapsed() > Duration::from_millis(5)));
        }
    }));
    sleep(Duration::from_secs(300)).await;
    late.get()
}

async fn jumps() -> u64 {
    let (mut seen, mut last) = (0, system_time());
    for _ in 0..100 {
        sleep(Duration::from_millis(1)).await;
        let expected = last + Duration::from_millis(1);
        last = system_time();
        seen += u64::from(last != expected);
    }
    seen
}

async fn partitions() -> u64 {
    let (here, mut seen, mut is_cut) = (UdpSocket::bind("0.0.0.0:1").await.unwrap(), 0, false);
    drop(node("db").spawn(async {
        let there = UdpSocket::bind("0.0.0.0:1").await.unwrap();
        while let Ok((_, from)) = there.recv_from(&mut [0]).await {
            there.send_to(b"!", from).await.unwrap();
        }
    }));
    for _ in 0..300 {
        here.send_to(b"?", "db:1").await.unwrap();
        let answer = timeout(Duration::from_millis(50), here.recv_from(&mut [0])).await;
        seen += u64::from(answer.is_err() && !is_cut);
        is_cut = answer.is_err();
    }
    seen
}

/// At most three in a run; those that `overlap` are seen as one, as are crashes before the program has been polled.
fn counts<Fut: Future<Output = u64> + 'static>(fault: Fault, overlap: bool, program: fn() -> Fut) {
    let faults = Faults::OFF.at(fault, Rate::new(1, 20));
    let run = move || async move {
        let seen = program().await;
        let struck = strikes().of(fault);
        assert!(seen == struck || (overlap && seen <= struck && (seen > 0) == (struck > 0)), "{seen}, {struck}");
        assert!(struck <= 3 && strikes().total() == struck, "{}", strikes());
    };
    let passed = explore().runs(100).freedoms("none").faults(faults).run(run);
    let passed = passed.unwrap_or_else(|failure| panic!("{fault:?}: {failure}"));
    assert!(passed.struck[&fault] > 150, "{fault:?}: {passed}");
    let off = explore().runs(20).freedoms("none").run(move || async move { assert_eq!(program().await, 0) });
    off.unwrap_or_else(|failure| panic!("{fault:?}: {failure}"));
}

/// Of machines each is counted that a program can see from inside.
#[test]
fn machines_meet_what_was_asked_for_and_it_is_counted() {
    counts(Fault::Crash, true, crashes);
    counts(Fault::Pause, true, pauses);
    counts(Fault::ClockJump, false, jumps);
    counts(Fault::Partition, true, partitions);
}
