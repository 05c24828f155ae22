//! Finds bugs that were once published: builds three programs of the gallery, each on a crate of the version with the
//! bug, explores them with default settings, and prints the reports.
//!
//!     cargo run -p reveille --example find_real_bugs
//!
//! The programs are in `properties/gallery`, a folder for each, and know nothing of the bugs. Every package there has its
//! own lock file, for which reason Cargo is started here once more for each of them; the first time it has to fetch and
//! compile the crates. `properties/gallery/run.sh` runs all of them, and shows that the mended versions pass.

use std::{
    io,
    path::Path,
    process::{Command, ExitCode},
};

/// Entries whose crates are quick to build.
const ENTRIES: [&str; 3] = ["tokio-mpsc-permit-release", "embassy-signal-reset", "flume-message-order"];

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if !root.join("properties/gallery").is_dir() {
        eprintln!("the gallery is not part of the published crate: run this example in a clone of the repository");
        return ExitCode::FAILURE;
    }
    for entry in ENTRIES {
        println!("== properties/gallery/{entry}/program.rs (building it takes a minute the first time)\n");
        match report(&root, entry) {
            Ok(true) => {}
            Ok(false) => {
                eprintln!("`{entry}` could not be built: what Cargo says is above");
                return ExitCode::FAILURE;
            }
            Err(error) => {
                eprintln!("`{}` could not be started: {error}", env!("CARGO"));
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Builds and runs the buggy variant of `entry`, which prints its own report. Returns whether that worked.
fn report(root: &Path, entry: &str) -> io::Result<bool> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--manifest-path"])
        .arg(root.join("properties/gallery").join(entry).join("buggy/Cargo.toml"))
        .arg("--target-dir")
        .arg(root.join("target/gallery"))
        .args(["--", "--report"])
        .status()?;
    Ok(status.success())
}
