//! What is called outside of a run says so, and names the line that calls it, not one of ours.
//!
//! One test: the panic hook is the process'.

#![cfg(not(loom))]

use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook, take_hook};
use std::sync::Mutex;

use futures::executor::block_on;
use reveille::fs::OpenOptions;
use reveille::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream, heal, lookup_host, strikes};
use reveille::task::{Builder, JoinSet};
use reveille::time::{Duration, Instant, interval, sleep, system_time, timeout};
use reveille::{choose, fs, node, rng, spawn, spawn_blocking, spawn_send};

static PANICKED_AT: Mutex<Option<String>> = Mutex::new(None);

#[test]
fn a_call_outside_of_a_run_says_which_it_is_and_how_it_is_run() {
    set_hook(Box::new(|info| {
        *PANICKED_AT.lock().unwrap() = info.location().map(|place: &Location<'_>| place.file().to_owned());
    }));
    calls_panic_at_their_own_line();
    drop(take_hook());
    async_calls_name_the_line_that_awaits_them();
}

fn calls_panic_at_their_own_line() {
    let calls: [(&str, fn()); 17] = [
        ("spawn", || drop(spawn(async {}))),
        ("spawn_send", || drop(spawn_send(async {}))),
        ("spawn_blocking", || drop(spawn_blocking(|| ()))),
        ("Builder::spawn", || drop(Builder::new().spawn(async {}))),
        ("JoinSet::spawn", || drop(JoinSet::new().spawn(async {}))),
        ("sleep", || drop(sleep(Duration::ZERO))),
        ("timeout", || drop(timeout(Duration::ZERO, async {}))),
        ("interval", || drop(interval(Duration::from_secs(1)))),
        ("Instant::now", || _ = Instant::now()),
        ("system_time", || _ = system_time()),
        ("choose", || _ = choose(2)),
        ("rng", || _ = rng()),
        ("node", || _ = node("db")),
        ("heal", || heal()),
        ("strikes", || _ = strikes()),
        ("UnixListener::bind", || _ = UnixListener::bind("/s")),
        ("UnixStream::pair", || _ = UnixStream::pair()),
    ];
    for (name, call) in calls {
        let payload = catch_unwind(call).expect_err("there is no run");
        let text = payload.downcast_ref::<String>();
        assert!(!text.is_some_and(|text| text.contains("/outside.rs:")), "the place is told already: {text:?}");
        let place = PANICKED_AT.lock().unwrap().take();
        let place = place.expect("the hook was called");
        assert!(place.ends_with("outside.rs"), "`{name}` panicked at {place}");
    }
}

/// Their panic is at the line of ours that is polled, which helps nobody.
fn async_calls_name_the_line_that_awaits_them() {
    const OPENS: u32 = line!() + 2;
    async fn opens() {
        drop(OpenOptions::new().open("f").await);
    }
    const BINDS: u32 = line!() + 1;
    let binds = || async { drop(UdpSocket::bind("0.0.0.0:80").await) };
    let calls: [(&str, u32, &dyn Fn()); 10] = [
        ("fs::read", line!(), &|| drop(block_on(fs::read("f")))),
        ("fs::write", line!(), &|| drop(block_on(async { fs::write("f", "text").await }))),
        ("fs::rename", line!(), &|| drop(block_on(fs::rename("f", "g")))),
        ("fs::try_exists", line!(), &|| drop(block_on(fs::try_exists("f")))),
        ("fs::File::create", line!(), &|| drop(block_on(fs::File::create("f")))),
        ("fs::OpenOptions::open", OPENS, &|| block_on(opens())),
        ("net::UdpSocket::bind", BINDS, &|| block_on(binds())),
        ("net::TcpListener::bind", line!(), &|| drop(block_on(TcpListener::bind("0.0.0.0:80")))),
        ("net::TcpStream::connect", line!(), &|| drop(block_on(TcpStream::connect("db:80")))),
        ("net::lookup_host", line!(), &|| drop(block_on(lookup_host("db:80")))),
    ];
    for (name, line, call) in calls {
        let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("there is no run");
        let text = payload.downcast::<String>().expect("a text");
        let place = format!("`reveille::{name}` was called outside a run, at sim/tests/outside.rs:{line}:");
        assert!(text.starts_with(&place), "{text}");
        assert!(text.contains("`#[reveille::test]`"), "{text}");
    }
}
