//! Paused nodes: nothing of theirs moves, the world does, and nobody is accused for it.

#![cfg(not(loom))]

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use futures::stream::FuturesUnordered;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use reveille::net::{TcpListener, TcpStream};
use reveille::time::{Duration, Instant, MissedTickBehavior, interval, sleep, timeout};
use reveille::{Explore, FindingKind, explore, leaf, node, spawn, yield_now};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// With and without the freedoms that poll on their own.
fn everywhere(program: impl Fn() -> LocalBoxed + Sync) {
    let freedoms = ["none", "default", "spurious,inline-wake,within-spawn,stale-wakers"];
    let explores: [fn(Explore) -> Explore; 2] = [|explore| explore, |explore| explore.strategy("workers:3")];
    for freedoms in freedoms {
        for with in explores {
            with(explore().runs(40).freedoms(freedoms)).run(&program).unwrap();
        }
    }
}

type LocalBoxed = std::pin::Pin<Box<dyn Future<Output = ()>>>;

fn boxed(future: impl Future<Output = ()> + 'static) -> LocalBoxed {
    Box::pin(future)
}

#[test]
fn tasks_of_a_paused_node_are_not_polled_and_timers_that_expired_meanwhile_fire_on_resume() {
    everywhere(|| {
        boxed(async {
            let (db, polls) = (node("db"), Rc::new(Cell::new(0)));
            let seen = Rc::clone(&polls);
            let worker = db.spawn(async move {
                for _ in 0..10 {
                    sleep(secs(1)).await;
                    seen.set(seen.get() + 1);
                }
                Instant::now()
            });
            let start = Instant::now();
            sleep(Duration::from_millis(2500)).await;
            db.pause();
            assert!(db.is_paused() && !node("main").is_paused());
            sleep(secs(100)).await;
            assert_eq!(polls.get(), 2);
            db.resume();
            // The third second is over at once, the other seven begin now.
            assert_eq!(worker.await.unwrap() - start, Duration::from_millis(102_500 + 7_000));
        })
    });
}

#[test]
fn ticks_of_an_interval_that_were_missed_are_caught_up_with() {
    everywhere(|| {
        boxed(async {
            let db = node("db");
            let ticks = |behaviour| async move {
                let mut ticks = interval(secs(1));
                ticks.set_missed_tick_behavior(behaviour);
                let (mut count, start) = (0, Instant::now());
                while start.elapsed() < secs(20) {
                    ticks.tick().await;
                    count += 1;
                }
                count
            };
            let (burst, skip) = (db.spawn(ticks(MissedTickBehavior::Burst)), db.spawn(ticks(MissedTickBehavior::Skip)));
            sleep(Duration::from_millis(5_500)).await;
            db.pause();
            sleep(secs(10)).await;
            db.resume();
            assert_eq!((burst.await.unwrap(), skip.await.unwrap()), (21, 12));
        })
    });
}

/// The peer's kernel takes what its window holds, and a connection waits in the backlog; no more.
#[test]
fn sockets_of_a_paused_node_receive_until_they_are_full() {
    everywhere(|| {
        boxed(async {
            let db = node("db");
            let received = db.spawn(async {
                let listener = TcpListener::bind("0.0.0.0:7").await?;
                let (mut stream, _) = listener.accept().await?;
                let mut all = Vec::new();
                stream.read_to_end(&mut all).await?;
                io::Result::Ok(all.len())
            });
            sleep(secs(1)).await;
            db.pause();
            let mut stream = TcpStream::connect("db:7").await.unwrap();
            let sent = Rc::new(Cell::new(0));
            let count = Rc::clone(&sent);
            let mut writer = spawn(async move {
                for _ in 0..1_000 {
                    stream.write_all(&[7; 1_000]).await?;
                    count.set(count.get() + 1);
                }
                stream.close().await
            });
            assert!(timeout(secs(3600), &mut writer).await.is_err());
            assert_eq!(sent.get(), 65);
            db.resume();
            writer.await.unwrap().unwrap();
            assert_eq!(received.await.unwrap().unwrap(), 1_000_000);
        })
    });
}

#[test]
fn a_crash_ends_a_pause_and_so_does_heal() {
    everywhere(|| {
        boxed(async {
            let db = node("db");
            let dropped = Rc::new(());
            let held = Rc::clone(&dropped);
            let start = move || {
                let held = Rc::clone(&held);
                async move {
                    let _held = held;
                    loop {
                        sleep(secs(1)).await;
                    }
                }
            };
            let first = db.start(start);
            sleep(secs(1)).await;
            db.pause();
            sleep(secs(5)).await;
            db.crash();
            assert!(!db.is_paused() && first.await.unwrap_err().is_cancelled());
            assert_eq!(Rc::strong_count(&dropped), 2, "the closure has one");
            drop(db.restart());
            db.pause();
            reveille::net::heal();
            assert!(!db.is_paused());
            sleep(secs(1)).await;
            assert_eq!(Rc::strong_count(&dropped), 3);
        })
    });
}

/// A task that is aborted while its node is paused goes when the node goes on, as a cancelled one.
#[test]
fn an_abort_of_a_paused_task_waits_for_its_node() {
    everywhere(|| {
        boxed(async {
            let db = node("db");
            let held = Rc::new(());
            let (one, two) = (Rc::clone(&held), Rc::clone(&held));
            let ready = db.spawn(async move {
                let _one = one;
                sleep(secs(1)).await;
                sleep(secs(1000)).await;
            });
            let waiting = db.spawn(async move {
                let _two = two;
                sleep(secs(2000)).await;
            });
            yield_now().await;
            sleep(Duration::from_millis(1)).await;
            db.pause();
            sleep(secs(1)).await;
            ready.abort();
            waiting.abort();
            sleep(secs(1)).await;
            assert_eq!(Rc::strong_count(&held), 3);
            db.resume();
            assert!(ready.await.unwrap_err().is_cancelled() && waiting.await.unwrap_err().is_cancelled());
            sleep(secs(1)).await;
            assert_eq!(Rc::strong_count(&held), 1);
        })
    });
}

#[test]
fn a_run_that_ends_with_a_paused_node_is_clean() {
    everywhere(|| {
        boxed(async {
            let db = node("db");
            // One that was woken, and whose waker is gone; one that waits; one that has not begun.
            drop(db.spawn(async { sleep(secs(1)).await }));
            drop(db.spawn(async { sleep(secs(9)).await }));
            sleep(Duration::from_millis(1)).await;
            db.pause();
            drop(db.spawn(async {}));
            sleep(secs(2)).await;
        })
    });
}

#[test]
fn a_node_may_pause_itself_and_goes_on_to_its_next_await() {
    everywhere(|| {
        boxed(async {
            let steps = Rc::new(Cell::new(0));
            let seen = Rc::clone(&steps);
            let task = node("db").spawn(async move {
                node("db").pause();
                seen.set(1);
                yield_now().await;
                seen.set(2);
            });
            sleep(secs(1)).await;
            assert_eq!(steps.get(), 1);
            node("db").resume();
            task.await.unwrap();
            assert_eq!(steps.get(), 2);
        })
    });
}

/// A pause may be as long as it likes: what starves is what a task that runs does not poll.
#[test]
fn nobody_starves_for_a_pause() {
    let program = || async {
        let db = node("db");
        let work = db.spawn(async {
            let request = |n: u64| async move {
                sleep(secs(n)).await;
                sleep(secs(1)).await;
                n
            };
            let mut plain: FuturesUnordered<_> = (1..5).map(request).collect();
            let mut wrapped: FuturesUnordered<_> = (1..5).map(|n| leaf(request(n))).collect();
            let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
            let mut count = 0;
            while count < 8 {
                futures::select_biased! {
                    n = plain.select_next_some() => count += u64::from(n > 0),
                    n = wrapped.select_next_some() => count += u64::from(n > 0),
                }
                // Passes the others over for a while, which is allowed.
                sleep(Duration::from_millis(1_500)).await;
            }
            drop(listener);
            count
        });
        let nap = |at: u64| async move {
            sleep(Duration::from_millis(at)).await;
            db.pause();
            sleep(secs(3600)).await;
            db.resume();
        };
        for _ in 0..4 {
            nap(1_700).await;
        }
        assert_eq!(work.await.unwrap(), 8);
    };
    explore().runs(300).starved_after(secs(15)).run(program).unwrap();
    // Without the pause these limits find what is passed over.
    explore().runs(300).starved_after(secs(1)).run(program).unwrap_err();
}

#[test]
fn turns_that_are_missed_in_a_pause_are_nobodys_fault() {
    let program = || async {
        let db = node("db");
        let sleeper = db.spawn(async { sleep(Duration::from_millis(10)).await });
        sleep(Duration::from_millis(5)).await;
        db.pause();
        for _ in 0..100 {
            sleep(Duration::from_millis(1)).await;
        }
        db.resume();
        sleeper.await.unwrap();
    };
    explore().seed(0).runs(1).wake_to_poll_max(5).run(program).unwrap();
    let line = || async {
        let line = reveille::fair::Line::new("counter", 2);
        let (db, first) = (node("db"), line.clone());
        let patient = db.spawn(async move {
            let place = first.join();
            sleep(secs(10)).await;
            place.served();
        });
        sleep(secs(1)).await;
        db.pause();
        for _ in 0..9 {
            line.join().served();
        }
        db.resume();
        patient.await.unwrap();
    };
    explore().runs(20).run(line).unwrap();
}

/// The client has no time-out, so it hangs: that is what pausing its server is for. The server is not accused.
#[test]
fn who_waits_for_a_paused_node_for_ever_is_stuck_and_the_report_says_for_whom() {
    let program = || async {
        let db = node("db");
        drop(db.spawn(async {
            let listener = TcpListener::bind("0.0.0.0:7").await?;
            let (mut stream, _) = listener.accept().await?;
            let mut byte = [0; 1];
            stream.read_exact(&mut byte).await?;
            stream.write_all(&byte).await
        }));
        sleep(secs(1)).await;
        let mut stream = TcpStream::connect("db:7").await?;
        sleep(secs(1)).await;
        db.pause();
        stream.write_all(b"?").await?;
        stream.read_exact(&mut [0; 1]).await
    };
    let failure = explore().runs(20).run(program).unwrap_err();
    let report = failure.to_string();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{report}");
    let lines = [
        "task 0 ",
        "bytes from `db` (10.0.0.2:7)",
        "and has 1 bytes unread",
        "the node `db` was paused at the end, since 2.",
    ];
    for line in lines {
        assert!(report.contains(line), "no `{line}` in {report}");
    }
    assert!(!report.contains("also"), "{report}");
}

#[test]
fn a_heartbeat_does_not_turn_a_pause_into_a_finding_about_the_paused() {
    let program = || async {
        let db = node("db");
        let worker = db.spawn(async { sleep(secs(1)).await });
        drop(spawn(async {
            loop {
                sleep(secs(10)).await;
            }
        }));
        db.pause();
        let _ = worker.await;
    };
    let failure = explore().runs(5).limits(10_000, secs(100_000)).run(program).unwrap_err();
    let report = failure.to_string();
    assert_eq!(failure.kind(), Some(FindingKind::Limit), "{report}");
    assert!(report.contains("the node `db` was paused at the end, since"), "{report}");
}

/// Nobody is left who could end the pause.
#[test]
fn a_program_that_pauses_itself_for_good_is_told_so() {
    let program = || async {
        node("main").pause();
        sleep(secs(1)).await;
    };
    let failure = explore().runs(5).run(program).unwrap_err();
    let report = failure.to_string();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{report}");
    assert!(report.contains("the node `main` was paused at the end, since 0"), "{report}");
}

#[test]
fn pauses_replay() {
    let program = || async {
        let db = node("db");
        let worker = db.spawn(async {
            sleep(Duration::from_millis(2)).await;
            Instant::now()
        });
        let start = Instant::now();
        sleep(Duration::from_millis(u64::from(reveille::choose(4)))).await;
        db.pause();
        sleep(secs(1)).await;
        db.resume();
        assert!(worker.await.unwrap() - start < secs(1), "a short lease ran out in a long pause");
    };
    let failure = explore().run(program).unwrap_err();
    let tape = failure.tape().unwrap().to_string();
    let again = reveille::replay(&tape, program).unwrap_err();
    assert_eq!((again.kind(), again.to_string().contains("`db` goes on")), (Some(FindingKind::Panic), true), "{again}");
}
