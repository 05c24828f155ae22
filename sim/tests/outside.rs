//! What is called outside of a run says so at the line that calls it, and not at one of ours.
//!
//! One test: the panic hook is the process'.

#![cfg(not(loom))]

use std::panic::{Location, catch_unwind, set_hook};
use std::sync::Mutex;

use reveille::net::{UnixListener, UnixStream, heal, strikes};
use reveille::task::{Builder, JoinSet};
use reveille::time::{Duration, Instant, interval, sleep, system_time, timeout};
use reveille::{choose, node, rng, spawn, spawn_blocking, spawn_send};

static PANICKED_AT: Mutex<Option<String>> = Mutex::new(None);

#[test]
fn a_call_outside_of_a_run_panics_at_its_own_line() {
    set_hook(Box::new(|info| {
        *PANICKED_AT.lock().unwrap() = info.location().map(|place: &Location<'_>| place.file().to_owned());
    }));
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
        catch_unwind(call).expect_err("there is no run");
        let place = PANICKED_AT.lock().unwrap().take();
        let place = place.expect("the hook was called");
        assert!(place.ends_with("outside.rs"), "`{name}` panicked at {place}");
    }
}
