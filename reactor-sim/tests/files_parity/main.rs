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

mod script;
mod scripts;
mod stage;

use script::Play;
use stage::{Simulated, Stage};

const RECORDED: &str = include_str!("recorded.txt");

fn observe<S: Stage>(name: &str, stage: S) -> String {
    let mut play = Play::new(stage);
    scripts::play(name, &mut play);
    play.into_log()
}

/// What was recorded of the script called `name`.
fn recorded(name: &str) -> &'static str {
    let heading = format!("\n{name}\n");
    let Some(start) = RECORDED.find(&heading).map(|at| at + heading.len()) else {
        panic!("`{name}` was never recorded: run on Linux with UPDATE_EXPECT=1")
    };
    let text = &RECORDED[start..];
    &text[..text.find("\n\n").map_or(text.len(), |end| end + 1)]
}

#[test]
fn there_are_enough_scripts() {
    assert!(scripts::NAMES.len() >= 40, "{}", scripts::NAMES.len());
}

#[test]
fn the_simulated_disk_does_what_was_recorded() {
    let mut differing = Vec::new();
    for name in scripts::NAMES {
        let (simulated, real) = (observe(name, Simulated::default()), recorded(name));
        if simulated != real {
            differing.push(format!("{name}\nrecorded:\n{real}simulated:\n{simulated}"));
        }
    }
    assert!(differing.is_empty(), "{} scripts differ:\n\n{}", differing.len(), differing.join("\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn real_files_still_do_what_was_recorded() {
    let mut text =
        String::from("What the scripts observed on Linux, in a temporary directory. Recorded, not written.\n");
    for name in scripts::NAMES {
        text += &format!("\n{name}\n{}", observe(name, stage::Real::new(name)));
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files_parity/recorded.txt");
        std::fs::write(path, text).expect("the record is written");
        return;
    }
    for name in scripts::NAMES {
        assert!(text.contains(&format!("\n{name}\n{}", recorded(name))), "`{name}` is no longer what was recorded");
    }
}
