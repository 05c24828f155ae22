//! Unix sockets as a program sees them: paths of a node, back-pressure, what a crash leaves behind, and what is reported.

#![cfg(not(loom))]

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Mutex;

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{Fault, UnixListener, UnixStream, strikes};
use reveille::time::{Duration, Instant, sleep};
use reveille::{FindingKind, explore, fs, node, spawn};

/// Serves one connection after the other, each until its end, backwards.
async fn serve(listener: UnixListener) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text).await?;
        text.reverse();
        stream.write_all(&text).await?;
    }
}

async fn ask(path: &str, text: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.close().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[test]
fn sockets_and_what_waits_on_them_are_send() {
    fn is_send<T: Send>(_: T) {}
    explore()
        .runs(1)
        .run(|| async {
            let listener = UnixListener::bind("/app.sock")?;
            is_send(listener.accept());
            is_send(UnixStream::connect("/app.sock"));
            is_send(listener);
            is_send(UnixStream::pair()?);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn bytes_come_once_and_in_order_under_heavy_faults_none_of_which_is_of_packets() {
    static STRUCK: Mutex<[u64; 4]> = Mutex::new([0; 4]);
    explore()
        .runs(300)
        .faults("heavy")
        .run(|| async {
            let listener = UnixListener::bind("/app.sock")?;
            let server = spawn(serve(listener));
            let text: String = ('a'..='z').cycle().take(1000).collect();
            let backwards: String = text.chars().rev().collect();
            let start = Instant::now();
            for _ in 0..3 {
                assert_eq!(ask("/app.sock", &text).await?, backwards);
            }
            assert_eq!(start.elapsed(), Duration::ZERO, "a local socket takes no time");
            server.abort();
            let _ = server.await;
            let faults = [Fault::ShortRead, Fault::ShortWrite, Fault::WouldBlock, Fault::SpuriousWake];
            let strikes = strikes();
            let mut struck = STRUCK.lock().unwrap();
            for (count, fault) in struck.iter_mut().zip(faults) {
                *count += strikes.of(fault);
            }
            for fault in [Fault::Late, Fault::Lost, Fault::Twice, Fault::Torn, Fault::Refused] {
                assert_eq!(strikes.of(fault), 0, "{fault:?}");
            }
            io::Result::Ok(())
        })
        .unwrap();
    let struck = STRUCK.lock().unwrap();
    assert!(struck.iter().all(|count| *count > 0), "{struck:?}");
}

#[test]
fn paths_belong_to_their_node() {
    explore()
        .runs(20)
        .run(|| async {
            let (one, other) = (node("one"), node("other"));
            let listen = || async { UnixListener::bind("/app.sock").map(|listener| drop(spawn(serve(listener)))) };
            one.spawn(listen()).await.unwrap()?;
            let asked = other.spawn(ask("/app.sock", "x")).await.unwrap();
            assert_eq!(asked.unwrap_err().kind(), ErrorKind::NotFound);
            other.spawn(listen()).await.unwrap()?;
            assert_eq!(other.spawn(ask("/app.sock", "xy")).await.unwrap()?, "yx");
            assert_eq!(one.spawn(ask("/app.sock", "ab")).await.unwrap()?, "ba");
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_path_is_a_file_of_the_disk() {
    explore()
        .runs(20)
        .run(|| async {
            fs::create_dir("/run").await?;
            let listener = UnixListener::bind("/run/app.sock")?;
            assert_eq!(listener.local_addr()?.as_pathname(), Some(Path::new("/run/app.sock")));
            assert!(fs::metadata("/run/app.sock").await?.file_type().is_socket());
            assert!(fs::File::open("/run/app.sock").await.is_err(), "a socket cannot be opened");
            assert_eq!(fs::remove_dir("/run").await.unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
            fs::remove_file("/run/app.sock").await?;
            assert_eq!(UnixStream::connect("/run/app.sock").await.unwrap_err().kind(), ErrorKind::NotFound);
            fs::remove_dir("/run").await
        })
        .unwrap();
}

/// What every server of this sort has to do, and forgets at first: the file of the one that crashed is still there.
#[test]
fn who_does_not_remove_the_socket_of_before_a_crash_is_found_and_who_does_is_not() {
    fn restarts(removes: bool) -> Result<reveille::Passed, reveille::Failure> {
        explore().runs(100).run(move || async move {
            let server = node("server");
            drop(server.start(move || async move {
                if removes {
                    let _ = fs::remove_file("/app.sock").await;
                }
                let listener = UnixListener::bind("/app.sock").expect("the path is free");
                drop(spawn(serve(listener)));
            }));
            for _ in 0..2 {
                sleep(Duration::from_millis(10)).await;
                assert_eq!(server.spawn(ask("/app.sock", "abc")).await.unwrap()?, "cba");
                server.crash();
                sleep(Duration::from_millis(10)).await;
                let asked = server.spawn(ask("/app.sock", "abc")).await.unwrap().unwrap_err().kind();
                // The name was never synced: a crash may take it, and mostly does not.
                reveille::sometimes!(asked == ErrorKind::NotFound, "the crash took the name");
                reveille::sometimes!(asked == ErrorKind::ConnectionRefused, "the crash left the name");
                assert!(matches!(asked, ErrorKind::NotFound | ErrorKind::ConnectionRefused), "{asked:?}");
                drop(server.restart());
            }
            io::Result::Ok(())
        })
    }
    let failure = restarts(false).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic), "{failure}");
    assert!(failure.to_string().contains("the path is free"), "{failure}");
    restarts(true).unwrap();
}

#[test]
fn a_crash_ends_what_is_connected() {
    explore()
        .runs(50)
        .run(|| async {
            let server = node("server");
            let (mut here, there) = UnixStream::pair()?;
            let (mut theirs, _kept) = server.spawn(async { UnixStream::pair() }).await.unwrap()?;
            server.crash();
            assert_eq!(theirs.write(b"x").await.unwrap_err().kind(), ErrorKind::NotConnected);
            drop(there);
            assert_eq!(here.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_writer_waits_while_nobody_reads_and_goes_on_once_most_is_read() {
    explore()
        .runs(1) // the dullest, in which nobody is polled without a wake
        .run(|| async {
            let (mut one, mut other) = UnixStream::pair()?;
            let sender = spawn(async move {
                one.write_all(&vec![7; 200_000]).await?;
                one.close().await
            });
            sleep(Duration::from_secs(1)).await;
            assert!(!sender.is_finished(), "200,000 bytes went into a buffer of 64 KiB");
            let mut received = vec![0; 32 * 1024];
            other.read_exact(&mut received).await?;
            sleep(Duration::from_secs(1)).await;
            // As on Linux a writer is woken when a quarter is left, so until then no more than what there was can come.
            received.resize(64 * 1024, 0);
            let mut count = 0;
            while let Ok(more) = other.try_read(&mut received[count..32 * 1024]) {
                count += more;
                if count == 32 * 1024 {
                    break;
                }
            }
            assert_eq!(count, 32 * 1024);
            assert_eq!(other.try_read(&mut received).unwrap_err().kind(), ErrorKind::WouldBlock);
            let mut rest = Vec::new();
            other.read_to_end(&mut rest).await?;
            assert_eq!(rest.len(), 200_000 - 64 * 1024);
            sender.await.unwrap()
        })
        .unwrap();
}

#[test]
fn a_listener_that_is_full_says_so_at_once() {
    explore()
        .runs(10)
        .run(|| async {
            let listener = UnixListener::bind("/app.sock")?;
            let mut clients = Vec::new();
            let error = loop {
                match UnixStream::connect("/app.sock").await {
                    Ok(client) => clients.push(client),
                    Err(error) => break error,
                }
            };
            assert_eq!((clients.len(), error.kind()), (1025, ErrorKind::WouldBlock));
            drop(listener.accept().await?);
            UnixStream::connect("/app.sock").await?;
            // Those who were never accepted learn it.
            drop(listener);
            let mut last = clients.pop().unwrap();
            assert_eq!(last.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            io::Result::Ok(())
        })
        .unwrap();
}

/// Both write more than the buffers hold before they read.
#[test]
fn two_who_write_before_they_read_are_found_to_deadlock() {
    let failure = explore()
        .runs(10)
        .run(|| async {
            let listener = UnixListener::bind("/app.sock")?;
            let client = UnixStream::connect("/app.sock").await?;
            let (server, _) = listener.accept().await?;
            let talk = |mut stream: UnixStream| async move {
                stream.write_all(&vec![0; 200_000]).await?;
                stream.read_exact(&mut vec![0; 200_000]).await
            };
            let (one, two) = (spawn(talk(client)), spawn(talk(server)));
            one.await.unwrap()?;
            two.await.unwrap()
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
    let report = failure.to_string();
    let waits = "for room to write to the other end of `/app.sock`, which is open and has 65536 bytes unread";
    assert!(report.contains("net_unix.rs") && report.contains(waits), "{report}");
}

#[test]
fn halves_are_put_together_again_and_one_that_is_dropped_ends_its_direction() {
    explore()
        .runs(50)
        .run(|| async {
            let (one, mut other) = UnixStream::pair()?;
            assert!(one.peer_addr()?.is_unnamed() && one.local_addr()?.is_unnamed());
            let (reader, writer) = one.into_split();
            let (mut reader, mut writer) = reader.reunite(writer).unwrap().into_split();
            writer.write_all(b"bye").await?;
            drop(writer);
            let mut text = String::new();
            other.read_to_string(&mut text).await?;
            assert_eq!(text, "bye");
            other.write_all(b"and you").await?;
            drop(other);
            text.clear();
            reader.read_to_string(&mut text).await?;
            assert_eq!(text, "and you");
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_socket_that_outlives_its_run_is_an_error_and_no_more() {
    static KEPT: Mutex<Option<(UnixListener, (UnixStream, UnixStream))>> = Mutex::new(None);
    explore()
        .runs(1)
        .run(|| async {
            *KEPT.lock().unwrap() = Some((UnixListener::bind("/app.sock")?, UnixStream::pair()?));
            io::Result::Ok(())
        })
        .unwrap();
    let (listener, (stream, _)) = KEPT.lock().unwrap().take().unwrap();
    assert_eq!(stream.try_write(b"x").unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(listener.local_addr().unwrap_err().kind(), ErrorKind::NotConnected);
}
