//! Clocks of nodes: at what rate they run, and what they show.

#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::SystemTime;

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream};
use reveille::time::{Duration, Instant, interval, since_start, sleep, sleep_until, system_time, timeout};
use reveille::{FindingKind, choose, explore, node, spawn};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn run<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) {
    explore().runs(50).run(program).unwrap();
}

#[test]
fn all_timers_of_a_node_run_at_its_rate_and_those_of_others_do_not() {
    run(|| async {
        let (fast, slow) = (node("fast"), node("slow"));
        fast.set_clock_drift(250_000);
        slow.set_clock_drift(-500_000);
        let program = || async {
            let start = Instant::now();
            sleep(secs(10)).await;
            sleep_until(start + secs(20)).await;
            assert!(timeout(secs(10), sleep(secs(11))).await.is_err());
            let mut ticks = interval(secs(1));
            for _ in 0..11 {
                ticks.tick().await;
            }
            assert_eq!(start.elapsed(), secs(40));
            since_start().unwrap()
        };
        let (one, other, own) = (fast.spawn(program()), slow.spawn(program()), spawn(program()));
        let took = [one.await.unwrap(), other.await.unwrap(), own.await.unwrap()];
        assert_eq!(took, [secs(32), secs(80), secs(40)]);
    });
}

/// Its deadline is a reading of the clock of the node on which it was made; who polls it does not matter.
#[test]
fn a_timer_goes_by_the_clock_of_the_node_on_which_it_was_made() {
    run(|| async {
        let slow = node("slow");
        slow.set_clock_drift(-500_000);
        sleep(secs(100)).await;
        let start = since_start().unwrap();
        slow.spawn(sleep(secs(10))).await.unwrap();
        assert_eq!(since_start().unwrap() - start, secs(10));
        let made = slow.spawn(async { Some(sleep(secs(10))) }).await.unwrap().unwrap();
        let start = since_start().unwrap();
        made.await;
        assert_eq!(since_start().unwrap() - start, secs(20));
    });
}

#[test]
fn instants_never_go_back_and_no_timer_strikes_early() {
    run(|| async {
        let db = node("db");
        let worker = db.spawn(async {
            let mut last = Instant::now();
            for _ in 0..50 {
                let (start, wait) = (Instant::now(), Duration::from_nanos(1 + u64::from(choose(1_000))));
                assert!(start >= last, "it went back");
                sleep(wait).await;
                assert!(start.elapsed() >= wait, "{:?} of {wait:?}", start.elapsed());
                last = start;
            }
        });
        while !worker.is_finished() {
            db.set_clock_drift([0, -999_999, 1_000_000, -333_333][choose(4) as usize]);
            sleep(Duration::from_nanos(1 + u64::from(choose(500)))).await;
            db.set_clock(db.clock() - secs(1));
        }
        worker.await.unwrap();
    });
}

#[test]
fn timers_that_are_armed_go_on_at_a_new_rate() {
    run(|| async {
        let db = node("db");
        let waiter = || {
            db.spawn(async {
                let start = Instant::now();
                sleep(secs(10)).await;
                (start.elapsed(), since_start().unwrap())
            })
        };
        let first = waiter();
        sleep(secs(5)).await;
        db.set_clock_drift(-500_000);
        assert_eq!(first.await.unwrap(), (secs(10), secs(15)));
        let second = waiter(); // armed for the 35th second
        sleep(secs(10)).await;
        db.set_clock_drift(0);
        assert_eq!(second.await.unwrap(), (secs(10), secs(30)));
        let third = waiter();
        sleep(secs(4)).await;
        db.set_clock_drift(1_000_000);
        assert_eq!(third.await.unwrap(), (secs(10), secs(37)));
    });
}

#[test]
fn the_time_of_day_jumps_and_nothing_else_does() {
    run(|| async {
        let (db, web) = (node("db"), node("web"));
        let start = system_time();
        assert_eq!([db.clock(), web.clock()], [start; 2]);
        let readings = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&readings);
        let reader = db.spawn(async move {
            let start = Instant::now();
            for _ in 0..4 {
                sleep(secs(10)).await;
                seen.borrow_mut().push(system_time());
            }
            start.elapsed()
        });
        sleep(secs(15)).await;
        db.set_clock(start + secs(1_000));
        sleep(secs(10)).await;
        db.set_clock(db.clock() - secs(500));
        sleep(secs(10)).await;
        db.set_clock(SystemTime::UNIX_EPOCH - secs(5));
        assert_eq!(reader.await.unwrap(), secs(40));
        let shown = [start + secs(10), start + secs(1_005), start + secs(515), SystemTime::UNIX_EPOCH];
        assert_eq!(*readings.borrow(), shown);
        assert_eq!([web.clock(), system_time()], [start + secs(40); 2]);
        // It goes at the node's rate.
        web.set_clock_drift(100_000);
        sleep(secs(10)).await;
        assert_eq!(web.clock(), start + secs(51));
    });
}

#[test]
fn a_crash_leaves_the_clock_as_it_is_and_a_new_run_begins_with_new_ones() {
    run(|| async {
        let db = node("db");
        assert_eq!(db.clock(), SystemTime::UNIX_EPOCH + secs(1_000_000_000));
        drop(db.start(|| sleep(secs(1))));
        db.set_clock(SystemTime::UNIX_EPOCH);
        db.set_clock_drift(1_000_000);
        db.crash();
        sleep(secs(1)).await;
        assert_eq!(db.clock(), SystemTime::UNIX_EPOCH + secs(2));
    });
}

/// Who holds a lease measures it with its own clock. The mistake shows only if that is slow, and does at once then.
#[test]
fn a_lease_that_is_measured_by_two_clocks_is_held_by_two() {
    let program = |ppm: i32, margin: u64| {
        move || async move {
            let (server, holder) = (node("server"), node("holder"));
            holder.set_clock_drift(ppm);
            let leased_until = Rc::new(Cell::new(Duration::ZERO));
            let granted = Rc::clone(&leased_until);
            drop(server.spawn(async move {
                let listener = TcpListener::bind("0.0.0.0:7").await.unwrap();
                let (mut stream, _) = listener.accept().await.unwrap();
                granted.set(since_start().unwrap() + secs(10));
                stream.write_all(b"y").await.unwrap();
            }));
            sleep(secs(1)).await;
            let served = holder.spawn(async move {
                let asked = Instant::now();
                let mut stream = TcpStream::connect("server:7").await.unwrap();
                stream.read_exact(&mut [0]).await.unwrap();
                sleep_until(asked + secs(10 - margin)).await;
                since_start().unwrap()
            });
            let stopped = served.await.unwrap();
            let late = stopped.saturating_sub(leased_until.get());
            assert!(late.is_zero(), "it served for {late:?} after its lease");
        }
    };
    explore().runs(50).run(program(0, 0)).unwrap();
    let failure = explore().runs(50).run(program(-200_000, 0)).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic));
    assert!(failure.to_string().contains("`holder` has a clock of another rate"), "{failure}");
    explore().runs(50).run(program(-200_000, 2)).unwrap();
}

#[test]
#[should_panic(expected = "a clock cannot lose -1000000 millionths")]
fn a_clock_that_stands_still_is_refused() {
    explore().runs(1).run(|| async { node("db").set_clock_drift(-1_000_000) }).unwrap();
}

#[cfg(all(feature = "interpose", target_os = "linux"))]
#[test]
#[expect(clippy::disallowed_methods, reason = "it is the standard library's clocks that are tested")]
fn the_clocks_of_the_standard_library_are_those_of_the_node() {
    explore()
        .runs(20)
        .interpose()
        .run(|| async {
            let db = node("db");
            db.set_clock_drift(1_000_000);
            let worker = db.spawn(async {
                let (instant, day) = (std::time::Instant::now(), SystemTime::now());
                sleep(secs(10)).await;
                (instant.elapsed(), day.duration_since(SystemTime::now()).unwrap(), SystemTime::now() == system_time())
            });
            sleep(secs(1)).await;
            db.set_clock(db.clock() - secs(100));
            assert_eq!(worker.await.unwrap(), (secs(10), secs(90), true));
            assert_eq!(SystemTime::now(), SystemTime::UNIX_EPOCH + secs(1_000_000_005));
        })
        .unwrap();
}
