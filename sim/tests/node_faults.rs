//! Faults of whole machines, drawn by the run, and the knobs that switch faults one by one.

#![cfg(not(loom))]

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::{LazyLock, Mutex};

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{Fault, Strikes, TcpListener, TcpStream, UdpSocket, heal, strikes};
use reveille::time::{Duration, sleep, system_time, timeout};
use reveille::{FindingKind, explore, fs, node, replay, spawn};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Counts what it is told, and answers with the number: in memory only, or on the disk as well.
async fn counter(durable: bool) {
    let mut count = match fs::read("count").await {
        Ok(bytes) if durable && bytes.len() == 1 => bytes[0],
        _ => 0,
    };
    let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0];
        if stream.read_exact(&mut request).await.is_err() {
            continue;
        }
        // The number of the last request that was counted: a repeated one is counted once.
        if request[0] == count + 1 {
            count += 1;
            if durable {
                save(count).await.unwrap();
            }
        }
        let _ = stream.write_all(&[count]).await;
    }
}

async fn save(count: u8) -> io::Result<()> {
    fs::write("new", [count]).await?;
    fs::File::open("new").await?.sync_all().await?;
    fs::rename("new", "count").await?;
    fs::File::open(".").await?.sync_all().await
}

async fn ask(request: u8) -> io::Result<u8> {
    let mut stream = TcpStream::connect("db:7").await?;
    stream.write_all(&[request]).await?;
    let mut count = [0];
    stream.read_exact(&mut count).await?;
    Ok(count[0])
}

/// Asks ten times, and again for as long as there is no answer in a second.
async fn client() {
    for number in 1..=10 {
        let count = loop {
            match timeout(secs(1), ask(number)).await {
                Ok(Ok(count)) => break count,
                _ => sleep(Duration::from_millis(50)).await,
            }
        };
        assert_eq!(count, number, "a request that was answered is counted");
    }
}

async fn counted(durable: bool) {
    drop(node("db").start(move || counter(durable)));
    node("web").spawn(client()).await.unwrap();
}

#[test]
fn what_survives_every_machine_is_silent_and_each_sort_strikes() {
    static STRIKES: LazyLock<Mutex<Strikes>> = LazyLock::new(Mutex::default);
    for faults in ["off,nodes", "heavy,-packets,-calls,-files,nodes"] {
        explore()
            .runs(400)
            .limits(20_000, secs(24 * 3600))
            .faults(faults)
            .run(|| async {
                let started = system_time();
                counted(true).await;
                let _ = system_time().duration_since(started);
                let strikes = strikes();
                let of_nodes: u64 =
                    Fault::ALL.into_iter().filter(|fault| fault.is_of_nodes()).map(|fault| strikes.of(fault)).sum();
                assert!(of_nodes <= 12, "{strikes}");
                STRIKES.lock().unwrap().add(&strikes);
            })
            .unwrap();
    }
    let strikes = STRIKES.lock().unwrap();
    for fault in Fault::ALL.into_iter().filter(|fault| fault.is_of_nodes()) {
        assert!(strikes.of(fault) > 0, "{fault:?} never struck: {strikes}");
    }
}

/// The mistake that crashes are for. It is found, its tape says what it needs, and repeats it.
#[test]
fn what_was_kept_in_memory_only_is_found_to_be_lost() {
    let program = || counted(false);
    explore().runs(300).faults("off").run(program).unwrap();
    explore().runs(300).faults("off,partition,pause,clock-jump").run(program).unwrap();
    let failure = explore().faults("off,crash").run(program).unwrap_err();
    let (report, tape) = (failure.to_string(), failure.tape().unwrap().to_string());
    assert_eq!(failure.kind(), Some(FindingKind::Panic), "{report}");
    assert!(report.contains("`db` crashes") && report.contains("`db` is started again"), "{report}");
    assert!(report.contains("a fault of a machine"), "{report}");
    let ours = report.lines().find(|line| line.contains("spawned at") && line.contains("src/node"));
    assert_eq!(ours, None, "a task that is started again was spawned where its program was given");
    assert_eq!(replay(&tape, program).unwrap_err().kind(), Some(FindingKind::Panic), "{tape}");
}

/// Over all ways of cutting a node off the other side is reached again in the end.
#[test]
fn partitions_and_pauses_end_by_themselves() {
    explore()
        .runs(500)
        .faults("heavy,-packets,-calls,-files,partition,pause")
        .run(|| async {
            let (db, third) = (node("db"), node("third"));
            drop(db.start(|| counter(false)));
            drop(third.spawn(async { sleep(secs(1)).await }));
            // Nobody gives up here: TCP has to bring it through.
            node("web")
                .spawn(async {
                    for number in 1..=10 {
                        let count = loop {
                            match ask(number).await {
                                // Several partitions in a row: it asks in vain for two minutes.
                                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                                // It was granted, and the server heard no word of it for a minute: it asks somebody who has forgotten it.
                                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                                // The server was paused before it came to listen.
                                Err(error) if error.kind() == ErrorKind::ConnectionRefused => sleep(secs(1)).await,
                                count => break count.unwrap(),
                            }
                        };
                        assert_eq!(count, number);
                    }
                })
                .await
                .unwrap();
            reveille::sometimes!(strikes().of(Fault::Partition) > 1, "two partitions");
            reveille::sometimes!(strikes().of(Fault::Pause) > 1, "two pauses");
            assert_eq!(strikes().of(Fault::Crash) + strikes().of(Fault::ClockJump), 0);
        })
        .unwrap();
}

/// While it is down, others are refused: its machine is there.
#[test]
fn a_node_that_restarts_refuses_connections_meanwhile() {
    explore()
        .runs(500)
        .faults("heavy,-packets,-calls,-files,crash")
        .run(|| async {
            drop(node("db").start(|| counter(true)));
            sleep(Duration::from_millis(5)).await;
            for number in 0..20 {
                let outcome = ask(number).await;
                let crashed = strikes().of(Fault::Crash) > 0;
                if let Err(error) = outcome {
                    assert!(crashed, "{error}");
                    reveille::sometimes!(error.kind() == ErrorKind::ConnectionRefused, "refused");
                    reveille::sometimes!(error.kind() == ErrorKind::ConnectionReset, "reset");
                }
                sleep(Duration::from_millis(20)).await;
            }
        })
        .unwrap();
}

#[test]
fn a_node_without_a_program_and_the_node_of_the_test_never_crash() {
    explore()
        .runs(300)
        .faults("heavy,crash")
        .run(|| async {
            let worker = node("db").spawn(sleep(secs(100)));
            drop(node("main").start(|| sleep(secs(50))));
            let once = node("job").start(|| async { sleep(Duration::from_millis(1)).await });
            let _ = once.await;
            sleep(secs(40)).await;
            // It has ended, perhaps after a crash, so there is nothing to crash.
            let before = strikes().of(Fault::Crash);
            for _ in 0..100 {
                sleep(secs(1)).await;
            }
            worker.await.unwrap();
            assert_eq!(strikes().of(Fault::Crash), before);
        })
        .unwrap();
}

/// What the test does by its own verbs a fault that ends does not undo.
#[test]
fn the_verbs_of_a_test_go_before() {
    explore()
        .runs(600)
        .faults("heavy,-packets,-calls,-files,nodes")
        .run(|| async {
            let (here, db, web) = (node("main"), node("db"), node("web"));
            let starts = Rc::new(Cell::new(0));
            let counts = Rc::clone(&starts);
            drop(db.start(move || {
                counts.set(counts.get() + 1);
                sleep(secs(10_000))
            }));
            drop(web.spawn(sleep(secs(10_000))));
            for _ in 0..20 {
                sleep(Duration::from_millis(100)).await;
            }
            db.crash();
            web.pause();
            here.partition(db);
            let before = starts.get();
            for _ in 0..100 {
                sleep(secs(1)).await;
                assert_eq!((starts.get(), web.is_paused()), (before, true));
            }
            let there = UdpSocket::bind("0.0.0.0:1").await.unwrap();
            let sender = db.spawn(async { UdpSocket::bind("0.0.0.0:2").await.unwrap().send_to(b"?", "main:1").await });
            assert!(timeout(secs(5), there.recv_from(&mut [0])).await.is_err(), "the link is cut");
            // Also paused by a fault, the sender has been heard of by now.
            heal();
            sender.await.unwrap().unwrap();
            assert!(!web.is_paused());
        })
        .unwrap();
}

#[test]
fn heal_ends_what_is_under_way_and_nothing_comes_after() {
    explore()
        .runs(400)
        .faults("heavy,nodes")
        .run(|| async {
            drop(node("db").start(|| counter(true)));
            drop(node("web").spawn(sleep(secs(10_000))));
            for _ in 0..20 {
                sleep(Duration::from_millis(100)).await;
            }
            heal();
            let before = strikes().total();
            sleep(Duration::from_millis(10)).await;
            for _ in 0..10 {
                timeout(secs(2), ask(0)).await.expect("in time").unwrap();
            }
            assert_eq!(strikes().total(), before);
            assert!(!node("web").is_paused());
        })
        .unwrap();
}

/// Each knob alone lets strike what it says, and nothing else.
#[test]
fn a_knob_switches_one_sort_on_or_off() {
    async fn busy() {
        let (db, files) = (node("db"), node("files"));
        drop(db.start(|| counter(false)));
        drop(files.spawn(async {
            for _ in 0..20 {
                let _ = fs::write("f", [0; 5000]).await;
                let _ = fs::read("f").await;
                let _ = async { fs::File::open("f").await?.sync_all().await }.await;
                sleep(Duration::from_millis(1)).await;
            }
        }));
        let udp = node("udp").spawn(async {
            let socket = UdpSocket::bind("0.0.0.0:9").await.unwrap();
            for _ in 0..40 {
                let _ = timeout(Duration::from_millis(2), async {
                    socket.send_to(b"?", "udp:9").await?;
                    socket.recv_from(&mut [0; 4]).await
                })
                .await;
            }
        });
        let clock = node("clock").spawn(async {
            for _ in 0..20 {
                let _ = system_time();
                sleep(Duration::from_millis(3)).await;
            }
        });
        let bulk = spawn(async {
            let listener = TcpListener::bind("127.0.0.1:1").await?;
            let mut to = TcpStream::connect("127.0.0.1:1").await?;
            let (mut from, _) = listener.accept().await?;
            for _ in 0..10 {
                to.write_all(&[0; 100]).await?;
                from.read_exact(&mut [0; 100]).await?;
            }
            io::Result::Ok(())
        });
        for number in 0..10 {
            let _ = timeout(Duration::from_millis(100), ask(number)).await;
        }
        let _ = timeout(secs(1), bulk).await;
        let _ = timeout(secs(1), udp).await;
        let _ = timeout(secs(1), clock).await;
    }
    // What a crash takes of a disk is no knob.
    let knobs = || Fault::ALL.into_iter().filter(|fault| !fault.is_damage());
    for knob in knobs() {
        explore()
            .runs(150)
            .faults(format!("heavy,-packets,-calls,-files,{}", knob.name()))
            .run(move || async move {
                busy().await;
                for other in knobs().filter(|other| *other != knob) {
                    assert_eq!(strikes().of(other), 0, "{other:?}");
                }
                reveille::sometimes!(strikes().of(knob) > 0, "it strikes");
            })
            .unwrap_or_else(|failure| panic!("{knob:?}: {failure}"));
    }
    explore()
        .runs(100)
        .faults("heavy,-torn,-lost")
        .run(|| async {
            busy().await;
            assert_eq!(strikes().of(Fault::Torn) + strikes().of(Fault::Lost), 0);
            reveille::sometimes!(strikes().of(Fault::Late) > 0, "late");
        })
        .unwrap();
}

#[test]
fn what_no_knob_is_called_is_answered_with_what_they_are_called() {
    let failure = explore().faults("heavy,lots").run(|| async {}).unwrap_err().to_string();
    assert!(failure.contains("there are no faults `lots`") && failure.contains("`clock-jump`"), "{failure}");
}

#[reveille::test(faults = "off,crash,partition", runs = 50)]
async fn the_attribute_knows_knobs() {
    counted(true).await;
}
