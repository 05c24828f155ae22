//! What tests share: a hand-made event whose wake-ups can be broken in the usual ways, and processes of a test's own.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
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
