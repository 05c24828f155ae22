//! The simulated disk does what the operating system's files do, as far as a program can tell.
//!
//! One script is played on both. What it observed on Linux, in a temporary directory, is recorded in `recorded.txt` and never typed
//! by hand; the simulated disk has to observe the same. On Linux the real files are asked again, so that the record stays
//! true; `UPDATE_EXPECT=1` records anew:
//!
//! ```text
//! cargo test -p reveille-reactor --test files_parity
//! ```
//!
//! What a crash leaves cannot be recorded here: of that there is a model, in `properties/src/models/disk`.

#![cfg(not(loom))]

#[path = "../record/mod.rs"]
#[macro_use]
mod record;
mod script;
mod scripts;
mod stage;

use record::Record;
use scripts::observe;
use stage::Simulated;

const RECORD: Record = record!(scripts, "files_parity/recorded.txt", "in a temporary directory");

#[test]
fn there_are_enough_scripts() {
    assert!(scripts::NAMES.len() >= 40, "{}", scripts::NAMES.len());
}

#[test]
fn the_simulated_disk_does_what_was_recorded() {
    RECORD.assert_simulated(1, |name, _| observe(name, Simulated::default()));
}

#[cfg(target_os = "linux")]
#[test]
fn real_files_still_do_what_was_recorded() {
    RECORD.assert_real(|name| observe(name, stage::Real::new(name)));
}
