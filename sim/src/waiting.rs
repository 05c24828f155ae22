//! The tasks that wait, as a report shows them: those of which the same is to be said in one passage.

use std::fmt;

use crate::finding::{Cause, Moved, StuckTask, TaskInfo};
use crate::leaf;
use crate::site::{AwaitSite, Lines, place};

/// Tells of each task, the first of which is the one that the finding is about.
pub(crate) fn tasks(f: &mut fmt::Formatter<'_>, stuck: &[StuckTask]) -> fmt::Result {
    let mut passages: Vec<Passage<'_>> = Vec::new();
    for one in stuck {
        let details = Details(one).to_string();
        match passages.iter_mut().find(|passage| passage.tells_of(one, &details)) {
            Some(passage) => passage.tasks.push(&one.task),
            None => passages.push(Passage { tasks: vec![&one.task], cause: &one.cause, details }),
        }
    }
    for (nth, passage) in passages.iter().enumerate() {
        let also = if nth > 0 { "also: " } else { "" };
        write!(f, "  {also}{passage}")?;
    }
    Ok(())
}

/// The lines about one task.
pub(crate) fn passage(stuck: &StuckTask) -> Vec<String> {
    let passage = Passage { tasks: vec![&stuck.task], cause: &stuck.cause, details: Details(stuck).to_string() };
    passage.to_string().lines().map(|line| format!("  {}", line.strip_prefix("  ").unwrap_or(line))).collect()
}

/// What is said of one task, or of several alike.
struct Passage<'a> {
    tasks: Vec<&'a TaskInfo>,
    cause: &'a Cause,
    details: String,
}

impl Passage<'_> {
    fn tells_of(&self, stuck: &StuckTask, details: &str) -> bool {
        let (first, task) = (self.tasks[0], &stuck.task);
        let is_alike =
            (first.site, &first.node) == (task.site, &task.node) && first.name.is_none() && task.name.is_none();
        is_alike && *self.cause == stuck.cause && self.details == details
    }
}

impl fmt::Display for Passage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tasks[..] {
            [one] => writeln!(f, "{one} {}", Verb(self.cause, Number::One))?,
            [first, .., last] => {
                write!(f, "tasks {}", first.id)?;
                self.tasks[1..self.tasks.len() - 1].iter().try_for_each(|task| write!(f, ", {}", task.id))?;
                let spawned = place(first.site);
                let node = first.node.as_ref().map(|node| format!(" on `{node}`")).unwrap_or_default();
                writeln!(f, " and {}{node} (spawned at {spawned}) {}", last.id, Verb(self.cause, Number::Many))?;
            }
            [] => {}
        }
        f.write_str(&self.details)
    }
}

#[derive(Clone, Copy)]
enum Number {
    One,
    Many,
}

/// What a waiting task is said to do, or several.
struct Verb<'a>(&'a Cause, Number);

impl fmt::Display for Verb<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = match self.0 {
            Cause::DeadWaker => ("can never be woken", "can never be woken"),
            Cause::LostWakeup => ("could have run, and nobody woke it", "could have run, and nobody woke them"),
            Cause::Behind(_) => ("is stuck", "are stuck"),
            Cause::Futurelock => (
                "waits, and does not poll a future of its own that could go on",
                "wait, and none polls a future of its own that could go on",
            ),
            Cause::Deadlock => ("waits, and polling it changes nothing", "wait, and polling them changes nothing"),
        };
        f.write_str(match self.1 {
            Number::One => one,
            Number::Many => many,
        })
    }
}

/// Each of `all` that differs from those before it, and how many more are like it.
fn alike(all: impl Iterator<Item = Vec<String>>) -> Vec<(Vec<String>, usize)> {
    let mut different: Vec<(Vec<String>, usize)> = Vec::new();
    for one in all {
        match different.iter_mut().find(|(other, _)| *other == one) {
            Some((_, more)) => *more += 1,
            None => different.push((one, 0)),
        }
    }
    different
}

/// Where a task waits, what for, and what else is known of it.
struct Details<'a>(&'a StuckTask);

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(stuck) = *self;
        let lines_missing = stuck.awaits.iter().any(|site| site.lines == Lines::Missing);
        for site in &stuck.awaits {
            await_site(f, site)?;
        }
        if lines_missing {
            writeln!(
                f,
                "    no line is known: this build has no line tables; set `debug = \"line-tables-only\"` in its profile"
            )?;
        }
        for joined in &stuck.joins {
            writeln!(f, "    for the end of {joined}")?;
        }
        for operation in &stuck.io {
            writeln!(f, "    for {operation}")?;
        }
        if let Some(moved) = &stuck.moved {
            writeln!(f, "    polled once more, {}", How(moved))?;
        }
        for (owed, more) in alike(stuck.owes.iter().map(leaf::owed)) {
            owed.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
            if more > 0 {
                writeln!(f, "    and {more} more like it")?;
            }
        }
        for line in stuck.suspicion.iter().flat_map(leaf::suspected) {
            writeln!(f, "    {line}")?;
        }
        if let Cause::Behind(name) = &stuck.cause {
            writeln!(
                f,
                "    {name} polls only children that were woken, so whether one of them could run cannot be told"
            )?;
        }
        if stuck.took_no_waker && !stuck.awaits.is_empty() {
            writeln!(
                f,
                "    that is where it last left its waker; its last poll, at step {}, left none",
                stuck.task.last_step
            )?;
        } else if stuck.took_no_waker {
            writeln!(
                f,
                "    its last poll, at step {}, returned `Pending` and left its waker with nobody",
                stuck.task.last_step
            )?;
        }
        if let Some(drop) = &stuck.last_drop {
            write!(f, "    its last waker was dropped at step {}", drop.step)?;
            if let Some(by) = drop.by {
                write!(f, " by task {by}")?;
            }
            if let Some(frame) = &drop.site {
                write!(f, ", in {}", frame.site)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Where a task waits, as a report shows it.
pub(crate) fn await_sites(site: &AwaitSite) -> String {
    struct Shown<'a>(&'a AwaitSite);
    impl fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            await_site(f, self.0)
        }
    }
    Shown(site).to_string()
}

fn await_site(f: &mut fmt::Formatter<'_>, site: &AwaitSite) -> fmt::Result {
    let places: Vec<_> = site.frames.iter().map(|frame| frame.site.to_string()).collect();
    let width = places.iter().map(String::len).max().unwrap_or(0);
    for (nth, (place, frame)) in places.iter().zip(&site.frames).enumerate() {
        let label = if nth == 0 { "awaits " } else { "       " };
        writeln!(f, "    {label} {place:width$}   in {}", frame.function)?;
    }
    match &site.leaf {
        Some(leaf) => writeln!(f, "    through {leaf}"),
        None => Ok(()),
    }
}

/// How a task moved.
struct How<'a>(&'a Moved);

impl fmt::Display for How<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Moved::Completed => f.write_str("it completes"),
            Moved::Panicked(message) => write!(f, "it panics: {message}"),
            Moved::Woke => f.write_str("it wakes another task"),
            Moved::Ran => f.write_str("it runs on, and asks to be polled again"),
            Moved::WentOn(Some(frame)) => write!(f, "it goes on to {}", frame.site),
            Moved::WentOn(None) => f.write_str("it goes on to another await"),
        }
    }
}
