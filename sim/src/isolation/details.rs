//! A process for the details of a poll that does not return: the program itself, started again, repeats the run up to that poll.
//!
//! Here nothing can be found out any more. What the hung thread holds it will not let go of, and a replay that needs the same `static`
//! lock hangs as well, before it has anything to say. A new process has statics that no run has touched.
//!
//! The child comes to hang too, in that very poll, if all goes well; so it says what it knows before, and is ended.

use std::io::{self, Read as _};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::child::{Report, again};
use super::message::details;
use super::share::{Errand, Share};
use crate::watchdog::{DETAILS, PollAt};

/// How long the child may take until it comes to the exploration in question: the test may have others before it.
const START: Duration = Duration::from_secs(10);
/// How often its parent looks what it has said.
const LOOK: Duration = Duration::from_millis(10);

/// The exploration that hangs, as another process is told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again<'a> {
    /// The name by which libtest knows the test.
    pub(crate) test: &'a str,
    pub(crate) exploration: u64,
}

impl Again<'_> {
    /// Tells what a process of its own finds out about `poll`, bit by bit. Returns whether it was anything: a program that cannot be
    /// started again, or does something else then, says nothing.
    pub(crate) fn details(self, poll: PollAt, tell: &mut dyn FnMut(String)) -> bool {
        let Ok(report) = Report::new() else { return false };
        let Ok(mut child) = self.child(poll, &report) else { return false };
        let told = follow(&mut child, &report, tell);
        // By its handle. If it has ended already, there is nothing to be done.
        let _ = child.kill();
        let _ = child.wait();
        told
    }

    fn child(self, poll: PollAt, report: &Report) -> io::Result<Child> {
        let share = Share { exploration: self.exploration, errand: Errand::Poll(poll), file: report.0.clone() };
        let mut program = again(self.test, &share)?;
        // What it prints has been printed here. Its input ends with this process; see `end_with_parent`.
        program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    }
}

/// Tells what `child` says, until it ends or has nothing more to say. Returns whether it said anything.
#[expect(clippy::disallowed_methods, reason = "a process is waited for in real time; no run sees it")]
fn follow(child: &mut Child, report: &Report, tell: &mut dyn FnMut(String)) -> bool {
    let (mut told, mut has_begun, mut news) = (0, false, Instant::now());
    loop {
        // Asked before its report is read, which is whole then.
        let has_ended = child.try_wait().map_or(true, |status| status.is_some());
        let said = report.read().ok().and_then(|text| details(&text));
        let is_new = said.is_some() && !has_begun;
        has_begun |= is_new;
        let more: Vec<_> = said.into_iter().flatten().skip(told).collect();
        if is_new || !more.is_empty() {
            news = Instant::now();
        }
        told += more.len();
        more.into_iter().for_each(&mut *tell);
        let limit = if has_begun { DETAILS } else { START };
        if has_ended || news.elapsed() > limit {
            return told > 0;
        }
        thread::sleep(LOOK);
    }
}

/// Ends this process, which hangs or is about to, when its parent has gone and cannot do it.
pub(crate) fn end_with_parent() {
    let wait = || {
        // Nobody writes to it.
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(0)
    };
    // Without a thread to spare the parent has to do it.
    let _ = thread::Builder::new().name("reveille-parent".into()).spawn(wait);
}
