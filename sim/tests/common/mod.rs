//! What tests share: a hand-made event whose wake-ups can be broken in the usual ways, and processes of a test's own.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::future::poll_fn;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::task::{Poll, Waker};

/// An event that one task waits for. `set` and `wait` are right; the other methods are the classic mistakes.
#[derive(Default)]
pub(crate) struct Event {
    set: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Event {
    pub(crate) fn set(&self) {
        self.set.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Sets the event and wakes nobody.
    pub(crate) fn set_silently(&self) {
        self.set.set(true);
    }

    /// Drops the waker of whoever waits.
    pub(crate) fn forget(&self) {
        self.waker.take();
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|context| {
            if self.set.get() {
                return Poll::Ready(());
            }
            self.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// A future that is pending for ever and keeps nobody's waker.
pub(crate) async fn nowhere() {
    poll_fn(|_| Poll::<()>::Pending).await;
}

/// Runs one test of this program, which is ignored otherwise, in a process of its own with these variables set.
pub(crate) fn in_a_process(test: &str, variables: &[(&str, &str)]) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--ignored"])
        .env("RUST_BACKTRACE", "0")
        .env_remove("REVEILLE_WATCHDOG")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// What such a test printed, which has to pass.
pub(crate) fn printed(test: &str, variables: &[(&str, &str)]) -> String {
    let output = in_a_process(test, variables);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

/// A file in which processes leave their ids, in a folder of its own that goes with it.
pub(crate) struct Marks {
    pub(crate) folder: PathBuf,
    pub(crate) file: PathBuf,
}

impl Marks {
    pub(crate) fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("reveille-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { file: folder.join("marks"), folder }
    }

    /// The variable that names the file, for [`in_a_process`].
    pub(crate) fn variable(&self) -> (&str, &str) {
        ("MARKS", self.file.to_str().unwrap())
    }

    /// The processes that left their ids.
    pub(crate) fn processes(&self) -> BTreeSet<u32> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }
}

impl Drop for Marks {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Leaves the id of this process in the file that `MARKS` names, if any.
pub(crate) fn mark() {
    let Some(file) = std::env::var_os("MARKS") else { return };
    let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
    writeln!(file, "{}", std::process::id()).unwrap();
}
