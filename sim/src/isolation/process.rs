//! A process for each batch of runs: the program itself, started again, told to perform a part of the campaign.
//!
//! A batch that ends well or fails says so. If the process dies, the last run that it began is performed in a process of its
//! own, which shows whether that run kills it by itself.

use std::process::{ExitStatus, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::child::{Report, again};
use super::message::{Counts, Message};
use super::share::{Errand, Share};
use crate::campaign::{Performed, Plan, Stop};
use crate::command::Command;
use crate::failure::{Failure, Relayed};
use crate::finding::FindingKind;

/// So many runs share a process: starting one takes some milliseconds, as long as hundreds of short runs.
const BATCH: u64 = 128;
/// So many of its last lines are shown of a process that died.
const LINES_SHOWN: usize = 12;

/// A campaign whose runs are performed by child processes.
pub(crate) struct Parent<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) command: &'a Command,
    /// Which of the program's explorations this is.
    pub(crate) exploration: u64,
}

/// What the threads that wait for children share.
#[derive(Default)]
struct Sum {
    counts: Counts,
    /// With the first run of its batch.
    failed: Option<(u64, Failure)>,
}

impl Parent<'_> {
    /// Performs the campaign.
    pub(crate) fn explore(&self) -> Result<Performed, Failure> {
        let Some(test) = self.command.test() else {
            return Err(Failure::setup(format!(
                "`{}`: runs in processes of their own start this test again, and its name is not known here: use \
                 `Isolation::Process` in a `#[reveille::test]`, or call `explore()` on the thread of a `#[test]`",
                self.plan.name
            )));
        };
        let (next, failing, sum) = (AtomicU64::new(0), AtomicU64::new(u64::MAX), Mutex::new(Sum::default()));
        let stop = Stop::after(self.plan.time);
        let work = || loop {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            let enough = stop.is_due() || self.plan.shard.run(first) >= self.plan.runs;
            if enough || first > failing.load(Ordering::Relaxed) {
                break;
            }
            let performed = self.batch(test, first);
            let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
            match performed {
                Ok(counts) => sum.counts.add(counts),
                Err(failure) => {
                    failing.fetch_min(first, Ordering::Relaxed);
                    if sum.failed.as_ref().is_none_or(|(other, _)| first < *other) {
                        sum.failed = Some((first, failure));
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.plan.jobs {
                scope.spawn(work);
            }
            work();
        });
        let Sum { counts, failed } = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or_else(|| Ok(Performed::of(counts)), |(_, failure)| Err(failure))
    }

    /// Performs the runs from `first` on in a process.
    fn batch(&self, test: &str, first: u64) -> Result<Counts, Failure> {
        let child = self.child(test, first, first + BATCH)?;
        match child.message {
            Message::Passed(counts) => Ok(counts),
            Message::Failed(failure) => {
                // What the program printed when the run was shown, without what libtest says before a test.
                print!("{}", child.printed.trim_start().trim_start_matches("running 1 test\n"));
                Err(failure)
            }
            Message::Died(None) => Err(Failure::setup(format!(
                "`{}`: the process for its runs ended before the first of them ({}):\n{}",
                self.plan.name,
                child.status,
                last_lines(&child.complained)
            ))),
            Message::Died(Some(nth)) => Err(self.died(test, first, nth, child)),
        }
    }

    /// The process died during its run number `nth`.
    fn died(&self, test: &str, first: u64, nth: u64, child: Child) -> Failure {
        let again = match self.child(test, nth, nth + 1) {
            Ok(again) => again,
            Err(failure) => return failure,
        };
        let is_alone = matches!(again.message, Message::Died(Some(_)));
        let child = if is_alone { again } else { child };
        let run = self.plan.shard.run(nth);
        let seed = self.plan.seed.wrapping_add(run);
        let Plan { name, runs, .. } = self.plan;
        let (kind, mut text) = match child.complained.find("reveille: endless poll in") {
            Some(at) => (FindingKind::EndlessPoll, child.complained[at..].trim_end().to_owned()),
            None => (
                FindingKind::Aborted,
                format!(
                    "reveille: {} in `{name}` (run {run} of {runs}, seed {seed})\n  the process ended during the run: {}\n  \
                     its last words:\n{}",
                    FindingKind::Aborted,
                    child.status,
                    last_lines(&child.complained)
                ),
            ),
        };
        let first = self.plan.seed.wrapping_add(self.plan.shard.run(first));
        text += &match is_alone {
            true => format!("\n  replay: {}\n", self.command.by_seed(seed)),
            false => format!(
                "\n  alone in a process the run ends otherwise: it depends on what the runs from seed {first} on left in statics\n"
            ),
        };
        Failure::relayed(Relayed { kind, run: Some(run), seed: Some(seed), tape: None, place: None, report: text })
    }

    /// Starts a process for the runs from `first` to before `end` and waits for it.
    fn child(&self, test: &str, first: u64, end: u64) -> Result<Child, Failure> {
        let failed = |what: &str, error: std::io::Error| {
            Failure::setup(format!("`{}`: failed to {what}: {error}", self.plan.name))
        };
        let report = Report::new().map_err(|error| failed("make a file for what a child process tells", error))?;
        let errand = Errand::Runs { first, end };
        let share = Share { exploration: self.exploration, errand, file: report.0.clone() };
        let mut program = again(test, &share).map_err(|error| failed("find this program", error))?;
        let Output { status, stdout, stderr } =
            program.output().map_err(|error| failed("start a process for its runs", error))?;
        let text = report.read().map_err(|error| failed("read what a child process told", error))?;
        let [printed, complained] = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Child { message: Message::read(&text), status, printed, complained })
    }
}

/// A process that has ended.
struct Child {
    message: Message,
    status: ExitStatus,
    /// To its standard output.
    printed: String,
    /// To its standard error.
    complained: String,
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
    shown.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
