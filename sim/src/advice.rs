//! The sentences of findings that are not about a waiting task: what was expected, what was found, what to do next.

use std::panic::Location;

use reveille_executor::TaskId;

use crate::backtraces;
use crate::cancel::{End, Harm, Who};
use crate::finding::{Finding, FindingKind, TaskInfo};
use crate::judge::Panicked;
use crate::run::{Limit, Limits, Misuse, PanicNote};
use crate::site::{self, AwaitSite, Frame, Stack};
use crate::spin::Spun;
use crate::waiting::await_sites;

/// `sites`: where the task waited last, in a repetition.
pub(crate) fn foreign_wake(task: &TaskInfo, sites: &[AwaitSite]) -> Vec<String> {
    let mut lines = vec![format!("{task} was woken from a thread that is not part of the run")];
    if !sites.is_empty() {
        lines.push("when the run is repeated, that task waits last at".into());
        lines.extend(sites.iter().flat_map(places));
    }
    lines.extend([
        "when that happens is up to the operating system, so no seed repeats it; run the work of that thread with"
            .into(),
        "`reveille::spawn_blocking`, or replace what starts the thread (a timer, a driver) in the test".into(),
    ]);
    lines
}

pub(crate) fn deadlock() -> Vec<String> {
    vec![
        "nobody is left to bring what they wait for: a lock that one of them holds, a message or a notification that was"
            .into(),
        "never sent, or was sent when nobody waited yet".into(),
    ]
}

/// The panics in the order in which they happened: the first is likely to be the cause of the others.
pub(crate) fn panic(panicked: &Panicked) -> Finding {
    /// So many of the panics that came before.
    const BEFORE_MAX: usize = 3;
    let mut lines = Vec::new();
    let before: Vec<_> = panicked.before.iter().take(BEFORE_MAX).collect();
    for (task, note) in &before {
        lines.extend(one_panic(task.as_ref(), Some(note), ""));
    }
    let then = if before.is_empty() { "" } else { "then " };
    lines.extend(one_panic(panicked.task.as_ref(), panicked.note.as_ref(), then));
    let tokios = |note: &PanicNote| note.message.contains("there is no reactor running");
    if panicked.note.iter().chain(before.iter().map(|(_, note)| note)).any(tokios) {
        lines.push(
            "that is tokio's own timer, socket or spawn, which needs tokio's runtime; in a run use `reveille::time`,"
                .into(),
        );
        lines.push("`reveille::net` and `reveille::spawn` (see `reveille::guide::tokio`)".into());
    }
    let first = before.first().map(|(_, note)| note).or(panicked.note.as_ref());
    Finding { place: first.and_then(place), ..Finding::new(FindingKind::Panic, lines) }
}

fn one_panic(task: Option<&TaskInfo>, note: Option<&PanicNote>, then: &str) -> Vec<String> {
    let subject = match (task, note) {
        (Some(task), _) => format!("{then}{task} panicked"),
        (None, Some(note)) if note.in_teardown => "a destructor panicked while the world was being dropped".into(),
        (None, _) => format!("{then}there was a panic outside of any task"),
    };
    // The program has put a panic hook of its own in the place of ours.
    let Some(note) = note else { return vec![format!("{subject}; its text went to another panic hook")] };
    let mut lines = vec![match place(note) {
        Some(place) => format!("{subject} at {place}"),
        None => subject,
    }];
    lines.extend(called_at(note).map(|frame| format!("  called at {frame}")));
    lines.extend(backtraces::shortened(note.message.clone()).lines().map(|line| format!("  {line}")));
    lines
}

/// The user's line that went into another crate, where that panicked.
fn called_at(note: &PanicNote) -> Option<Frame> {
    let (file, ..) = note.place.as_ref()?;
    let stack = note.stack.as_ref().filter(|_| !site::is_users_file(file))?;
    stack.innermost_line()
}

fn place(note: &PanicNote) -> Option<String> {
    let (file, line, column) = note.place.as_ref()?;
    Some(format!("{}:{line}:{column}", site::shorten(file)))
}

/// A future of ours that was polled once too often by `task`; the handle of the task `of`, if it is one.
pub(crate) fn poll_after_ready(misuse: &Misuse, task: Option<&TaskInfo>, of: Option<&TaskInfo>) -> Finding {
    let by = task.map_or_else(|| "somebody".into(), ToString::to_string);
    let site = misuse.stack.await_site();
    let at = if site.frames.is_empty() { "" } else { ", at" };
    let mut lines = vec![format!("{by} polled a `{}` again after it had completed{at}", misuse.what)];
    if !site.frames.is_empty() {
        lines.extend(places(&site));
    }
    lines.extend(of.map(|of| format!("it is that of {of}")));
    lines.push(
        "the `Future` contract leaves that undefined; in a `select!` loop, fuse the future or guard its branch".into(),
    );
    let place = site.frames.first().map(|frame| frame.site.to_string());
    Finding { place, ..Finding::new(FindingKind::PollAfterReady, lines) }
}

/// The lines of where somebody awaits, below a line of a finding.
fn places(site: &AwaitSite) -> Vec<String> {
    await_sites(site).lines().map(|line| line.strip_prefix("  ").unwrap_or(line).to_owned()).collect()
}

/// A poll that was ended since it would not end.
pub(crate) fn spun(spun: &Spun, task: &TaskInfo) -> Finding {
    let site = spun.stack.await_site();
    let mut lines = vec![format!("a poll of {task} does not end: it polled a `{}` again and again, at", spun.what)];
    lines.extend(places(&site));
    lines.push(
        "what waits must return `Pending` to its executor: nothing else can run, and no time passes, until it does"
            .into(),
    );
    lines.push("a poll that is meant to go on for so long says so by `reveille::task::meant_to_spin()`".into());
    let place = site.frames.first().map(|frame| frame.site.to_string());
    Finding { place, ..Finding::new(FindingKind::EndlessPoll, lines) }
}

pub(crate) fn harm(harm: Harm) -> Finding {
    let (kind, lines) = match harm {
        Harm::DroppedValue { what, made } => (
            FindingKind::DroppedValue,
            vec![
                format!(
                    "a `{what}` made at {} was dropped with a cancelled future and never settled",
                    site::place(made)
                ),
                "whoever cancels has to get it back, or the future must not hold it across an await".into(),
            ],
        ),
        Harm::CutShort { made, polls, by, stack } => (FindingKind::CutShort, cut_short(made, polls, by, &stack)),
        Harm::Leaked { what, made, end } => (
            FindingKind::Leak,
            vec![
                format!("a `{what}` made at {} {}", site::place(made), never_closed(end)),
                "close it and await that, or start the closing in a scope that waits for it (`cancel::cleaned_up`)"
                    .into(),
            ],
        ),
        Harm::Late { what, made, effect, at, task } => (
            FindingKind::LateEffect,
            vec![
                format!(
                    "{effect}, at {}, came after {what} (made at {}) had been dropped",
                    site::place(at),
                    site::place(made)
                ),
                task.map_or_else(|| "outside of any task".into(), |task| format!("by {task}")),
            ],
        ),
        Harm::Grows { what, count, waits, made } => (
            FindingKind::Leak,
            vec![
                format!(
                    "{waits} waits that were given up left {count} {what} behind (measured at {})",
                    site::place(made)
                ),
                "a future that is dropped has to take its waker, its timer and its registration with it".into(),
            ],
        ),
        Harm::Changed { who, outcome, usual } => (
            FindingKind::BrokenByCut,
            vec![
                match who {
                    Who::Bystander(name) => format!("bystander `{name}` ended with `{outcome}`"),
                    _ => format!("the operation, run again after it was cut, ended with `{outcome}`"),
                },
                format!("where nothing is cut, or nothing had begun, it ends with {usual}"),
            ],
        ),
    };
    Finding::new(kind, lines)
}

fn cut_short(made: &Location<'_>, polls: u64, by: Option<TaskInfo>, stack: &Stack) -> Vec<String> {
    let times = if polls == 1 { "once".into() } else { format!("{polls} times") };
    let by = by.map(|task| format!(", by {task}")).unwrap_or_default();
    let mut lines = vec![format!(
        "an operation that must complete (marked at {}) was dropped half-way, when it had been polled {times}{by}",
        site::place(made)
    )];
    lines.extend(stack.innermost_line().map(|frame| format!("  dropped {frame}")));
    lines.push(
        "spawn it as a task of its own and await the handle, or let nothing cancel its caller, or keep what it has"
            .into(),
    );
    lines.push("done so far outside of it, where the next attempt finds it".into());
    lines
}

fn never_closed(end: End) -> &'static str {
    match end {
        End::Dropped => "was dropped without having been closed",
        End::Unwound => "was dropped by a panic, without having been closed",
        End::HalfClosed => "was closed half-way: the future that closes it was dropped",
        End::Forgotten => "was neither closed nor dropped: it was forgotten",
    }
}

/// Who spawned `task`, and in which destructor, if it was in one; `None` if that is the root, in the ordinary course.
pub(crate) fn spawned(task: &TaskInfo, by: TaskId, destructor: Option<&str>) -> Option<String> {
    match destructor {
        None if by.index() == 0 => None,
        None => Some(format!("task {} was spawned by task {by}", task.id)),
        Some(of) => Some(format!("task {} was spawned by task {by}, in {of}", task.id)),
    }
}

/// A task that was cancelled before others came to wait for ever.
pub(crate) fn cancelled_before(task: &TaskInfo) -> String {
    format!("cancelled before, at step {}: {task}; who waits for what it was to do waits in vain", task.last_step)
}

pub(crate) fn detached(tasks: &[TaskInfo]) -> Vec<String> {
    let mut lines: Vec<_> = tasks.iter().take(8).map(|task| format!("{task} was alive when the root ended")).collect();
    if tasks.len() > 8 {
        lines.push(format!("and {} more", tasks.len() - 8));
    }
    lines.push("`detached = \"deny\"` forbids that: join or abort them, or spawn them as daemons".into());
    lines
}

pub(crate) fn limit(limits: Limits, limit: Limit, busiest: Option<&TaskInfo>, unpolled: &[TaskInfo]) -> Vec<String> {
    let mut lines = vec![match limit {
        Limit::Polls => format!("the run was ended after {} polls, the limit", limits.polls),
        Limit::Time => format!("the run was ended at the limit of virtual time, {:?}", limits.time),
    }];
    if let Some(task) = busiest {
        lines.push(format!("busiest: {task}, with {} polls", task.polls));
    }
    for task in unpolled.iter().take(8) {
        lines.push(format!("not polled for the last half of the run: {task}, last at step {}", task.last_step));
    }
    lines.push("a program that means to go on for longer is run by `explore().limits(..)`, with higher ones".into());
    lines
}

/// Below the schedule of a repetition that was another run than the one that failed.
pub(crate) fn another_schedule() -> String {
    "          this repetition was another run than the one that failed: see `reveille::guide::nondeterminism`".into()
}
