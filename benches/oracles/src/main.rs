//! Polls per second of a few programs, under what is on by default: a line each, `name polls-per-second`.
//!
//! `run.sh` builds this twice, once in a copy of the tree from which the oracles have been taken out, and compares.

use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream};
use reveille::time::sleep;
use reveille::{spawn, yield_now};

/// Tasks that give each other turns: nothing but polls.
async fn yields() {
    let turns = || async {
        for _ in 0..50 {
            yield_now().await;
        }
    };
    let tasks: Vec<_> = (0..20).map(|_| spawn(turns())).collect();
    for task in tasks {
        task.await.expect("it only yields");
    }
}

/// Timers, a few at a time.
async fn sleeps() {
    let naps = |nth: u64| async move {
        for nap in 0..50 {
            sleep(Duration::from_millis(nth + nap)).await;
        }
    };
    let tasks: Vec<_> = (0..10).map(|nth| spawn(naps(nth))).collect();
    for task in tasks {
        task.await.expect("it only sleeps");
    }
}

/// Tasks that end at once, and are waited for.
async fn joins() {
    for _ in 0..200 {
        spawn(async {}).await.expect("it does nothing");
    }
}

/// Messages there and back.
async fn echoes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let server = spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client comes");
        let mut word = [0; 64];
        while stream.read_exact(&mut word).await.is_ok() {
            stream.write_all(&word).await.expect("it listens");
        }
    });
    let mut stream = TcpStream::connect(address).await.expect("it is bound");
    let mut word = [7; 64];
    for _ in 0..100 {
        stream.write_all(&word).await.expect("it listens");
        stream.read_exact(&mut word).await.expect("it answers");
    }
    drop(stream);
    server.await.expect("it ends with its client");
}

/// As short as programs of tests are.
async fn short() {
    let both = (spawn(yield_now()), spawn(yield_now()));
    both.0.await.expect("it only yields");
    both.1.await.expect("it only yields");
}

/// For how long this thread has been on a processor, which others on the machine do not change; elsewhere than on Linux, what the
/// clock says.
fn now(start: Instant) -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = stat.and_then(|stat| stat.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// The polls per second of campaigns of the default length, of which few runs are compared, over `time`.
fn rate<F: Future<Output = ()> + 'static>(time: Duration, program: impl Fn() -> F + Sync) -> f64 {
    const RUNS: u64 = 1_000;
    let start = Instant::now();
    let (mut polls, mut campaigns, begun) = (0, 0, now(start));
    while now(start) - begun < time {
        let passed = reveille::explore().runs(RUNS).seed(1 + campaigns * RUNS).run(&program).expect("no finding");
        polls += passed.polls;
        campaigns += 1;
    }
    polls as f64 / (now(start) - begun).as_secs_f64()
}

fn main() {
    let millis = std::env::args().nth(1).and_then(|millis| millis.parse().ok()).unwrap_or(500);
    let time = Duration::from_millis(millis);
    println!("yields {:.0}", rate(time, yields));
    println!("sleeps {:.0}", rate(time, sleeps));
    println!("joins {:.0}", rate(time, joins));
    println!("echoes {:.0}", rate(time, echoes));
    println!("short {:.0}", rate(time, short));
}
