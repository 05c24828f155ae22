//! A child process: the test binary, started again for one test of it.

use std::env::current_exe;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Command as Process, Stdio, id};

use super::share::{Share, VARIABLE};

/// This program, ready to be started again for `test` alone, to do what `share` says.
pub(super) fn again(test: &str, share: &Share) -> io::Result<Process> {
    let mut program = Process::new(current_exe()?);
    program
        .args([test, "--exact", "--nocapture", "--include-ignored"])
        .env(VARIABLE, share.to_text())
        // With one thread only, libtest runs tests on the main one, which has no name to tell them by.
        .env("RUST_TEST_THREADS", "2")
        .stdin(Stdio::null());
    Ok(program)
}

/// The file in which a child says what came of its errand, removed when dropped.
pub(super) struct Report(pub(super) PathBuf);

impl Report {
    pub(super) fn new() -> io::Result<Self> {
        let mut nth = 0_u64;
        loop {
            let path = std::env::temp_dir().join(format!("reveille-{}-{nth}", id()));
            match File::create_new(&path) {
                Ok(_) => return Ok(Self(path)),
                // Of another child of this process, or left behind by one before it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => nth += 1,
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn read(&self) -> io::Result<String> {
        fs::read(&self.0).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
