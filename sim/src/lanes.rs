//! The schedule of a failing run as text: a row per poll, a column per task.
//!
//! Made for a shrunk run, which is short; of a longer one `shown.rs` says which rows are kept.
//! Deliberately absent: colours, and anything that needs a wide terminal.

mod shown;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use reveille_executor::{Kind, TaskId};
use reveille_reactor::disk::DURATION;
use reveille_reactor::fault::{CALL, CRASH, FILE, PACKET};
use reveille_reactor::net::LATENCY;

use crate::event::{Event, Stamped, TaskEnd};
use crate::freedom::{self, Freedom};
use crate::kinds;
pub(crate) use shown::{Extent, steps_named};

/// More tasks than this have one column together.
const LANES_MAX: usize = 12;
/// Of a row that did more than this the rest is counted.
const NOTES_MAX: usize = 8;

/// One poll, or a jump of time.
#[derive(Debug, Default)]
struct Row {
    step: u64,
    /// Who was polled; `None` for a jump of time.
    task: Option<TaskId>,
    ended: Option<TaskEnd>,
    /// The poll came out of order, or something else in it was unusual.
    unusual: bool,
    /// Something was done to a node in it.
    is_noteworthy: bool,
    /// An operation that changes a disk, or makes changes last, was done in it.
    writes: bool,
    /// A crash took something from a disk in it.
    is_loss: bool,
    notes: Vec<Note>,
}

/// What happened in a row.
#[derive(Debug, PartialEq, Eq)]
enum Note {
    /// The tasks from one number to another were spawned.
    Spawned(usize, usize),
    /// The same, woken.
    Woke(usize, usize),
    Words(String),
}

/// The lines that show `trace`: the rows of the steps in `named`, and others as `extent` has it.
pub(crate) fn lanes(trace: &[Stamped], named: &BTreeSet<u64>, extent: Extent) -> Vec<String> {
    let rows = rows(trace);
    let shown = shown::shown(&rows, named, extent);
    let tasks: BTreeSet<TaskId> = shown.iter().filter_map(|&nth| rows[nth].task).collect();
    let columns: Vec<TaskId> = if tasks.len() <= LANES_MAX { tasks.into_iter().collect() } else { Vec::new() };
    let mut lines = vec![header(&columns, shown.iter().map(|&nth| &rows[nth]))];
    let mut next = 0;
    // Said once.
    let mut how_to_see_them = " (all are shown by `REVEILLE_ROWS=all`)";
    for nth in shown {
        if nth > next {
            let rows = if nth - next == 1 { "row" } else { "rows" };
            lines.push(format!("        …  {} {rows} as usual{how_to_see_them}", nth - next));
            how_to_see_them = "";
        }
        lines.push(line(&rows[nth], &columns));
        next = nth + 1;
    }
    lines
}

fn rows(trace: &[Stamped]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for Stamped { step, event } in trace {
        // What happens before the first poll belongs to no row: it is the spawn of the root.
        match (event, rows.last_mut()) {
            (Event::TimePassed { now }, _) => {
                rows.push(Row { step: *step, notes: vec![Note::Words(format!("time is {now}"))], ..Row::default() });
            }
            (Event::Picked { task, instead_of, .. }, _) => rows.push(Row {
                step: *step,
                task: Some(*task),
                unusual: true,
                notes: vec![Note::Words(format!("instead of task {instead_of}"))],
                ..Row::default()
            }),
            (Event::Polled { task }, Some(row)) if row.task == Some(*task) && row.step == *step => {}
            (Event::Polled { task }, _) => rows.push(Row { step: *step, task: Some(*task), ..Row::default() }),
            (event, Some(row)) => row.note(*event),
            (_, None) => {}
        }
    }
    rows
}

impl Row {
    fn note(&mut self, event: Event) {
        match event {
            Event::Spawned { task, .. } => self.add(Note::Spawned(task.index(), task.index())),
            Event::Woken { task, .. } if Some(task) != self.task => self.add(Note::Woke(task.index(), task.index())),
            Event::Node { what } => {
                self.is_noteworthy = true;
                self.add(Note::Words(what.as_str().to_owned()));
            }
            Event::FileOperation { what } => {
                self.writes |= is_write(what.as_str());
                self.add(Note::Words(what.as_str().to_owned()));
            }
            Event::Packet { what } | Event::Ready { what } => self.add(Note::Words(what.as_str().to_owned())),
            Event::Ended { how, .. } => self.ended = Some(how),
            Event::Took { freedom: Freedom::Spurious, task } if Some(task) == self.task => {
                self.unusual = true;
                self.add(Note::Words(took(Freedom::Spurious).to_owned()));
            }
            Event::Took { freedom, task } => {
                // The row is that of another poll, or of time.
                self.is_noteworthy = true;
                self.add(Note::Words(format!("task {task} {}", took(freedom))));
            }
            Event::Chose { kind, bound, answer } if answer > 0 && !is_told_of_a_task(kind) => {
                self.unusual = true;
                self.is_loss |= kind == CRASH;
                self.add(Note::Words(chosen(kind, bound, answer)));
            }
            _ => {}
        }
    }

    fn mark(&self) -> &'static str {
        match (self.unusual, self.ended) {
            (false, None) => "●",
            (true, None) => "◆",
            (false, Some(TaskEnd::Panicked)) => "✗",
            (true, Some(TaskEnd::Panicked)) => "◆✗",
            (false, Some(_)) => "■",
            (true, Some(_)) => "◆■",
        }
    }

    fn add(&mut self, note: Note) {
        if self.notes.iter().any(|other| other.says(&note)) {
            return;
        }
        match (self.notes.last_mut(), note) {
            (Some(Note::Spawned(_, last)), Note::Spawned(next, _)) if next == *last + 1 => *last = next,
            (Some(Note::Woke(_, last)), Note::Woke(next, _)) if next == *last + 1 => *last = next,
            (_, note) => self.notes.push(note),
        }
    }

    /// What happened in it, in a line.
    fn words(&self) -> String {
        let mut words: Vec<_> = self.notes.iter().take(NOTES_MAX).map(ToString::to_string).collect();
        let more = self.notes.len() - words.len();
        words.extend((more > 0).then(|| format!("and {more} more")));
        words.join(", ")
    }
}

impl Note {
    /// Whether `other`, of one task or words, is part of it.
    fn says(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Spawned(first, last), Self::Spawned(task, _)) | (Self::Woke(first, last), Self::Woke(task, _)) => {
                (first..=last).contains(&task)
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, first, last) = match self {
            Self::Spawned(first, last) => ("spawned", first, last),
            Self::Woke(first, last) => ("woke", first, last),
            Self::Words(words) => return f.write_str(words),
        };
        match last - first {
            0 => write!(f, "{what} task {first}"),
            1 => write!(f, "{what} tasks {first} and {last}"),
            _ => write!(f, "{what} tasks {first} to {last}"),
        }
    }
}

/// Whether [`Event::Took`] says what comes of such a choice, and with whom: it is asked between polls, so the task that was polled last has
/// no part in it.
pub(crate) fn is_told_of_a_task(kind: Kind) -> bool {
    kind == kinds::SPURIOUS || kind == kinds::HELD_BACK
}

/// What was done to the task that a freedom was taken with.
pub(crate) fn took(freedom: Freedom) -> &'static str {
    match freedom {
        Freedom::Spurious => "was polled although nobody had woken it",
        Freedom::HeldBack => "could run, and was held back until time moved on",
        _ => "met a freedom",
    }
}

/// What it means that a choice had an unusual answer.
pub(crate) fn chosen(kind: Kind, bound: u32, answer: u32) -> String {
    match kind {
        kinds::CHOOSE => format!("choose({bound}) gave {answer} instead of 0"),
        kinds::BUGGIFY => "buggify! struck".into(),
        kinds::BRANCH => format!("a `select!` began with branch {} of {bound}", answer + 1),
        kinds::POLL_COST => "the poll took time".into(),
        kinds::RANDOM => format!("took random seed {answer}"),
        kinds::CUT => "the operation was cut".into(),
        DURATION => "an operation on files took long".into(),
        FILE => "an operation on files met a fault".into(),
        CRASH => "a crash took what was not synced".into(),
        LATENCY => "a packet took longer than usual".into(),
        PACKET => "a packet met a fault".into(),
        CALL => "a call on a socket met a fault".into(),
        kinds::TROUBLE => "a fault of a machine".into(),
        kinds::CANCEL => "a cancellable future was dropped".into(),
        kinds::ABORT => "the task was aborted".into(),
        kinds::FRESH_WAKER => "the poll had another waker than the last one of its task".into(),
        kinds::STALE_WAKER => "the poll had another waker, and wakes through the last one are not heard".into(),
        kinds::LATE_DROP => match freedom::polls_before_drop(answer) {
            Some(1) => "a future that had ended was kept for one more poll".into(),
            Some(polls) => format!("a future that had ended was kept for {polls} more polls"),
            None => "a future that had ended was kept until nothing else could run".into(),
        },
        kinds::INLINE_WAKE => "the woken task was polled before `wake` returned".into(),
        kinds::WITHIN_SPAWN => "another task was polled before `spawn` returned".into(),
        #[cfg(feature = "interpose")]
        kinds::ENTROPY => format!("the C library's entropy was of seed {answer}"),
        _ => format!("choice `{}` of {bound}: {answer}", kind.letter()),
    }
}

/// Whether an operation on files, in the words of the disk, is more than a look at it.
fn is_write(operation: &str) -> bool {
    let looks = ["open `", "read", "seek", "metadata", "list"];
    !looks.iter().any(|look| operation.starts_with(look))
}

fn header<'a>(columns: &[TaskId], rows: impl Iterator<Item = &'a Row>) -> String {
    let mut header = String::from("     step ");
    if columns.is_empty() {
        header += "  task";
    }
    for task in columns {
        // Writing to a string does not fail.
        let _ = write!(header, " {task:>2}");
    }
    header + "  " + &legend(rows)
}

/// What the marks in `rows` mean.
fn legend<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let marks: String = rows.map(Row::mark).collect();
    let meanings = [('●', "polled"), ('■', "ended"), ('✗', "panicked"), ('◆', "an unusual choice")];
    let used = meanings.iter().filter(|(mark, _)| marks.contains(*mark));
    used.map(|(mark, meaning)| format!(" {mark} {meaning} ")).collect::<String>().trim_end().into()
}

fn line(row: &Row, columns: &[TaskId]) -> String {
    let mark = row.mark();
    let mut line = match row.task {
        Some(_) => format!("  {:>7} ", row.step),
        None => "          ".into(),
    };
    if columns.is_empty() {
        let task = row.task.map_or_else(String::new, |task| format!("{task} {mark}"));
        let _ = write!(line, "{task:>8}");
    }
    for task in columns {
        let cell = if row.task == Some(*task) { mark } else { "·" };
        let _ = write!(line, " {cell:>2}");
    }
    if !row.notes.is_empty() {
        let _ = write!(line, "   {}", row.words());
    }
    line
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn task(n: u32) -> TaskId {
        TaskId::new(n)
    }

    fn all(trace: &[Stamped]) -> Vec<String> {
        lanes(trace, &BTreeSet::new(), Extent::Screen)
    }

    fn at(step: u64, event: Event) -> Stamped {
        Stamped { step, event }
    }

    #[test]
    fn a_short_run_is_shown_whole() {
        let lines = all(&[
            at(0, Event::Spawned { task: task(0), by: None }),
            at(1, Event::Polled { task: task(0) }),
            at(1, Event::Spawned { task: task(1), by: Some(task(0)) }),
            at(2, Event::Picked { task: task(1), instead_of: task(0), passed_over: 1 }),
            at(2, Event::Polled { task: task(1) }),
            at(2, Event::Woken { task: task(0), by: Some(task(1)) }),
            at(2, Event::Ended { task: task(1), how: TaskEnd::Completed }),
            at(3, Event::Polled { task: task(0) }),
            at(3, Event::Ended { task: task(0), how: TaskEnd::Panicked }),
        ]);
        assert_eq!(
            lines[1..],
            [
                "        1   ●  ·   spawned task 1",
                "        2   · ◆■   instead of task 0, woke task 0",
                "        3   ✗  ·",
            ]
        );
    }

    #[test]
    fn what_was_done_to_many_tasks_is_said_at_once() {
        let done =
            |event: fn(TaskId) -> Event, tasks: Vec<u32>| tasks.into_iter().map(move |id| at(1, event(task(id))));
        let mut trace = vec![at(1, Event::Polled { task: task(0) })];
        trace.extend(done(|task| Event::Spawned { task, by: None }, (1..1_000).collect()));
        trace.extend(done(|task| Event::Woken { task, by: None }, vec![3, 4, 9, 3]));
        trace.extend(done(|task| Event::Woken { task, by: None }, (10..40).step_by(2).collect()));
        let expected = "spawned tasks 1 to 999, woke tasks 3 and 4, woke tasks 9 and 10, woke task 12, woke task 14, \
            woke task 16, woke task 18, woke task 20, and 9 more";
        assert!(all(&trace)[1].ends_with(expected), "{}", all(&trace)[1]);
    }

    #[test]
    fn a_long_run_fits_a_screen_and_keeps_what_is_unusual() {
        let mut trace: Vec<_> = (1..500).map(|step| at(step, Event::Polled { task: task(step as u32 % 3) })).collect();
        trace.insert(99, at(100, Event::Picked { task: task(1), instead_of: task(2), passed_over: 1 }));
        let lines = all(&trace);
        assert!(lines.len() <= shown::ROWS_MAX, "{} lines", lines.len());
        assert!(lines.iter().any(|line| line.contains(" 100 ") && line.contains('◆')), "{lines:?}");
        assert!(lines.last().unwrap().contains(" 499 "));
    }

    #[test]
    fn folded_rows_say_once_how_they_are_seen_and_then_are() {
        let mut trace: Vec<_> = (1..500).map(|step| at(step, Event::Polled { task: task(0) })).collect();
        trace.insert(99, at(100, Event::Picked { task: task(0), instead_of: task(2), passed_over: 1 }));
        let told = |extent| lanes(&trace, &BTreeSet::new(), extent).concat().matches("REVEILLE_ROWS=all").count();
        assert_eq!((told(Extent::Screen), told(Extent::Whole)), (1, 0));
        assert_eq!(lanes(&trace, &BTreeSet::new(), Extent::Whole).len(), 500);
    }

    #[test]
    fn looks_at_a_disk_are_told_from_writes() {
        let looks =
            ["open `/log`", "read `/log`", "read at 3 of `/log`", "seek in `/log`", "metadata of `/`", "list `/`"];
        assert!(looks.iter().all(|look| !is_write(look)));
        let writes = ["write 3 bytes to `/log`", "sync `/log`", "set to 3 bytes the length of `/log`", "create `/log`"];
        assert!(writes.iter().all(|write| is_write(write)));
    }

    #[test]
    fn every_freedom_is_said_in_words() {
        for freedom in crate::Freedom::ALL {
            let words = match is_told_of_a_task(freedom.kind()) {
                true => took(freedom).to_owned(),
                false => chosen(freedom.kind(), 4, 1),
            };
            assert!(!words.contains("choice `") && words != took(Freedom::LateDrops), "{freedom}: {words}");
        }
    }
}
