//! TCP between simulated nodes, as a program sees it: what arrives, in which order, and what waits.

#![cfg(not(loom))]

use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::time::{Duration, Instant, sleep, timeout};
use reveille::{Choose, FindingKind, Point, explore, node, spawn};

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    Ok((client, server))
}

#[test]
fn sockets_and_what_waits_on_them_are_send() {
    fn is_send<T: Send>(_: T) {}
    explore()
        .runs(1)
        .run(|| async {
            is_send(pair());
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            is_send(listener.accept());
            is_send(TcpStream::connect("127.0.0.1:1"));
            is_send(listener);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn bytes_arrive_once_and_in_order_whatever_the_chunks() {
    explore()
        .runs(200)
        .run(|| async {
            let (mut client, mut server) = pair().await?;
            let sender = spawn(async move {
                for chunk in 0..100_u8 {
                    client.write_all(&vec![chunk; 1 + usize::from(chunk) * 13]).await?;
                    if chunk % 7 == 0 {
                        sleep(Duration::from_micros(u64::from(reveille::choose(3)) * 30)).await;
                    }
                }
                client.close().await
            });
            let mut received = Vec::new();
            server.read_to_end(&mut received).await?;
            let sent: Vec<u8> = (0..100_u8).flat_map(|chunk| vec![chunk; 1 + usize::from(chunk) * 13]).collect();
            assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
            sender.await.unwrap()
        })
        .unwrap();
}

#[test]
fn a_writer_waits_while_nobody_reads_and_goes_on_when_somebody_does() {
    explore()
        .runs(50)
        .run(|| async {
            let (mut client, mut server) = pair().await?;
            let everything = vec![7; 1 << 20];
            let sender = spawn(async move {
                client.write_all(&everything).await?;
                client.close().await
            });
            sleep(Duration::from_secs(10)).await;
            assert!(!sender.is_finished(), "a megabyte went into a window of 64 KiB");
            let mut received = Vec::new();
            server.read_to_end(&mut received).await?;
            assert_eq!(received.len(), 1 << 20);
            sender.await.unwrap()
        })
        .unwrap();
}

/// Both write more than the windows hold before they read: the classic deadlock, which needs real back-pressure.
#[test]
fn two_who_write_before_they_read_are_found_to_deadlock() {
    let failure = explore()
        .runs(10)
        .run(|| async {
            let (mut client, mut server) = pair().await?;
            let talk = |mut stream: TcpStream| async move {
                stream.write_all(&vec![0; 200_000]).await?;
                stream.read_exact(&mut vec![0; 200_000]).await
            };
            let _ = (&mut client, &mut server);
            let (one, two) = (spawn(talk(client)), spawn(talk(server)));
            one.await.unwrap()?;
            two.await.unwrap()
        })
        .unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
    let report = failure.to_string();
    assert!(report.contains("net_tcp.rs") && report.contains("through a stream of reveille::net"), "{report}");
    let socket = "for room to write to `main` (127.0.0.1:";
    assert!(report.contains(socket) && report.contains("which is open and has 65536 bytes unread"), "{report}");
}

/// The same three packets, in three milliseconds and in a day: the same polls and the same questions, and none while nothing happens.
#[test]
fn a_day_with_three_packets_costs_what_three_packets_cost() {
    struct Counting(Arc<AtomicU64>);
    impl Choose for Counting {
        fn choose(&mut self, _: Point<'_>) -> u32 {
            self.0.fetch_add(1, Ordering::Relaxed);
            0
        }
    }
    let cost = |pause: Duration| {
        let program = move || async move {
            let (one, two) = (UdpSocket::bind("127.0.0.1:1").await?, UdpSocket::bind("127.0.0.1:2").await?);
            let listener = TcpListener::bind("127.0.0.1:3").await?;
            let _idle = (TcpStream::connect("127.0.0.1:3").await?, listener.accept().await?);
            for _ in 0..3 {
                sleep(pause).await;
                one.send_to(b"?", "127.0.0.1:2").await?;
                two.recv_from(&mut [0]).await?;
            }
            io::Result::Ok(())
        };
        let questions = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&questions);
        let passed = explore().runs(1).answered_by(move |_| Counting(Arc::clone(&counted))).run(program).unwrap();
        (passed.polls, questions.load(Ordering::Relaxed))
    };
    let (polls, questions) = cost(Duration::from_millis(1));
    assert_eq!(cost(Duration::from_secs(8 * 60 * 60)), (polls, questions));
    assert!(polls < 20 && (3..10).contains(&questions), "{polls} polls, {questions} questions");
}

#[test]
fn time_passes_with_packets_and_not_with_idleness() {
    let passed = explore()
        .runs(1)
        .run(|| async {
            let start = Instant::now();
            let db = node("db");
            db.spawn(async {
                let listener = TcpListener::bind("0.0.0.0:1").await.unwrap();
                let (mut stream, _) = listener.accept().await.unwrap();
                sleep(Duration::from_secs(24 * 60 * 60)).await;
                stream.write_all(b"good morning").await.unwrap();
            });
            reveille::yield_now().await;
            let mut stream = TcpStream::connect("db:1").await?;
            assert_eq!(start.elapsed(), Duration::from_millis(2), "a handshake takes a round trip");
            let mut text = String::new();
            stream.read_to_string(&mut text).await?;
            assert_eq!(text, "good morning");
            io::Result::Ok(())
        })
        .unwrap();
    assert!(passed.polls < 20, "{} polls for a day with a dozen packets", passed.polls);
}

#[test]
fn packets_of_two_connections_overtake_each_other_and_those_of_one_do_not() {
    explore()
        .runs(500)
        .run(|| async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let mut one = TcpStream::connect(address).await?;
            let (mut first, _) = listener.accept().await?;
            let mut two = TcpStream::connect(address).await?;
            let (mut second, _) = listener.accept().await?;
            let order = Rc::new(std::cell::RefCell::new(Vec::new()));
            let read = |name: char, order: Rc<std::cell::RefCell<Vec<char>>>| {
                move |mut stream: TcpStream| async move {
                    stream.read_exact(&mut [0; 1]).await.unwrap();
                    order.borrow_mut().push(name);
                }
            };
            one.write_all(b"1").await?;
            two.write_all(b"2").await?;
            let _ = (&mut first, &mut second);
            let (a, b) = (spawn(read('1', order.clone())(first)), spawn(read('2', order.clone())(second)));
            a.await.unwrap();
            b.await.unwrap();
            reveille::sometimes!(*order.borrow() == ['1', '2'], "in the order of sending");
            reveille::sometimes!(*order.borrow() == ['2', '1'], "overtaken");
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn nobody_listens() {
    explore()
        .runs(10)
        .run(|| async {
            let db = node("db");
            let refused = TcpStream::connect((db.address(), 80)).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            let nowhere = TcpStream::connect("10.9.9.9:80").await.unwrap_err();
            assert_eq!(nowhere.kind(), ErrorKind::HostUnreachable);
            let unknown = TcpStream::connect("nobody:80").await.unwrap_err();
            assert_eq!(unknown.kind(), ErrorKind::NotFound);
            let taken = TcpListener::bind("0.0.0.0:80").await?;
            assert_eq!(TcpListener::bind("127.0.0.1:80").await.unwrap_err().kind(), ErrorKind::AddrInUse);
            assert_eq!(TcpListener::bind("10.9.9.9:1").await.unwrap_err().kind(), ErrorKind::AddrNotAvailable);
            drop(taken);
            TcpListener::bind("127.0.0.1:80").await.map(drop)
        })
        .unwrap();
}

#[test]
fn a_full_backlog_makes_connects_wait_and_several_fit_before_the_first_accept() {
    explore()
        .runs(20)
        .run(|| async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let mut streams = Vec::new();
            for _ in 0..1025 {
                streams.push(TcpStream::connect(address).await?);
            }
            let late = spawn(async move { TcpStream::connect(address).await.map(drop) });
            sleep(Duration::from_millis(500)).await;
            assert!(!late.is_finished());
            listener.accept().await?;
            late.await.unwrap()
        })
        .unwrap();
}

#[test]
fn several_tasks_accept_on_one_listener_and_none_is_forgotten() {
    explore()
        .runs(200)
        .run(|| async {
            let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await?);
            let address = listener.local_addr()?;
            let accept = |listener: Rc<TcpListener>| async move { listener.accept().await.map(drop) };
            let tasks: Vec<_> = (0..3).map(|_| spawn(accept(Rc::clone(&listener)))).collect();
            reveille::yield_now().await;
            let mut streams = Vec::new();
            for _ in 0..3 {
                streams.push(TcpStream::connect(address).await?);
            }
            for task in tasks {
                task.await.unwrap()?;
            }
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn halves_read_and_write_in_two_tasks_without_losing_each_others_wakes() {
    explore()
        .runs(40)
        .run(|| async {
            let (client, mut server) = pair().await?;
            let (mut reader, mut writer) = client.into_split();
            let echo = spawn(async move {
                let mut buffer = vec![0; 1000];
                let mut total = 0;
                loop {
                    let count = server.read(&mut buffer).await?;
                    if count == 0 {
                        return io::Result::Ok(total);
                    }
                    server.write_all(&buffer[..count]).await?;
                    total += count;
                }
            });
            let sender = spawn(async move {
                writer.write_all(&vec![3; 300_000]).await // and dropping it ends the stream
            });
            let mut received = Vec::new();
            reader.read_to_end(&mut received).await?;
            sender.await.unwrap()?;
            assert_eq!((received.len(), echo.await.unwrap()?), (300_000, 300_000));
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_socket_kept_beyond_its_run_gives_an_error_and_drops_in_silence() {
    static KEPT: std::sync::Mutex<Option<TcpListener>> = std::sync::Mutex::new(None);
    explore()
        .runs(2)
        .run(|| async {
            let listener = TcpListener::bind("127.0.0.1:80").await?;
            let old = KEPT.lock().unwrap().replace(listener);
            if let Some(old) = old {
                assert_eq!(old.accept().await.unwrap_err().kind(), ErrorKind::NotConnected);
                assert_eq!(old.local_addr().unwrap_err().kind(), ErrorKind::NotConnected);
            }
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_dropped_connect_leaves_nothing_at_the_server() {
    explore()
        .runs(200)
        .run(|| async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let cut = Duration::from_micros(u64::from(reveille::choose(5)) * 15);
            drop(timeout(cut, TcpStream::connect(address)).await);
            match timeout(Duration::from_secs(5), listener.accept()).await {
                Err(_) => Ok(()),
                Ok(accepted) => {
                    let (mut stream, _) = accepted?;
                    let end = stream.read(&mut [0; 1]).await;
                    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
                    Ok(())
                }
            }
            .map_err(|error: io::Error| error)
        })
        .unwrap();
}
