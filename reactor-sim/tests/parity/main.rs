//! The simulated kernel does what the operating system's does, as far as a program can tell.
//!
//! One script is played on both. What it observed on the real kernel, over loopback, is recorded in `recorded.txt` and never
//! typed by hand; the simulated kernel has to observe the same, whatever the latencies. With the feature `os` the real
//! kernel is asked again, so that the record stays true; `UPDATE_EXPECT=1` records anew:
//!
//! ```text
//! cargo test -p reveille-reactor --features os --test parity
//! ```
//!
//! Where two calls race (`several.rs`) the record is the set of all outcomes of many plays, and the simulated kernel has to show the
//! same set over its seeds.
//!
//! The record is Linux'. Elsewhere only the simulated kernel is held against it.

#![cfg(not(loom))]

#[path = "../record/mod.rs"]
#[macro_use]
mod record;
mod script;
mod scripts;
mod several;
mod stage;
mod streams;
mod unix;

use record::Record;
use stage::{Family, Simulated};

const RECORD: Record = record!(scripts, "parity/recorded.txt", "over loopback");

const STREAMS: Record = record!(streams, "parity/recorded_streams.txt", "over connections of TCP");

const UNIX_STREAMS: Record = record!(streams, "parity/recorded_unix_streams.txt", "over pairs of Unix sockets");

const UNIX: Record = record!(unix, "parity/recorded_unix.txt", "between Unix sockets");

const SEVERAL: Record = record!(
    several,
    "parity/recorded_several.txt",
    "where several outcomes are possible: each that was seen, on a line of its own"
);

#[test]
fn there_are_enough_scripts() {
    // Those of the disk, of Unix sockets and of races not counted.
    let count = scripts::NAMES.len() + streams::NAMES.len();
    assert!(count >= 60, "{count}");
}

#[test]
fn the_simulated_kernel_does_what_was_recorded() {
    RECORD.assert_simulated(20, |name, seed| scripts::observe(name, Simulated::new(seed)));
    STREAMS.assert_simulated(20, |name, seed| streams::observe(name, Simulated::new(seed)));
    UNIX_STREAMS.assert_simulated(1, |name, seed| streams::observe(name, Simulated::of(Family::Unix, seed)));
    UNIX.assert_simulated(1, |name, seed| unix::observe(name, Simulated::new(seed)));
}

#[test]
fn the_simulated_kernel_shows_each_outcome_that_was_recorded_and_no_other() {
    SEVERAL.assert_simulated(1, |name, _| {
        let outcomes = several::observe_all(name, (0..300).map(Simulated::new));
        assert!(outcomes.lines().count() > 1, "`{name}` has one outcome only:\n{outcomes}");
        outcomes
    });
}

#[cfg(all(feature = "os", target_os = "linux"))]
#[test]
fn the_real_kernel_still_does_what_was_recorded() {
    RECORD.assert_real(|name| scripts::observe(name, stage::Real::new()));
    STREAMS.assert_real(|name| streams::observe(name, stage::Real::new()));
    UNIX_STREAMS.assert_real(|name| streams::observe(name, stage::Real::of(Family::Unix)));
    UNIX.assert_real(|name| unix::observe(name, stage::Real::new()));
    SEVERAL.assert_real(|name| several::observe_all(name, (0..50).map(|_| stage::Real::new())));
}
