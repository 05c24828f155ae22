//! What a child process tells its parent, line by line in a file: where it is, and what came of its runs.
//!
//! A file and not a pipe, so that what the program prints cannot be mistaken for it, and what was written before the process
//! died is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::campaign::Performed;
use crate::failure::{Failure, Relayed};
use crate::fair::{LongestWait, longer};
use crate::finding::FindingKind;
use crate::freedom::Freedom;
use crate::net::Fault;

/// The file, as the child writes it.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Arc<Mutex<File>>);

impl Progress {
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(OpenOptions::new().append(true).open(file)?))))
    }

    /// Says that a run begins, by its number among those of the shard. Written at once: the process may die of it.
    pub(crate) fn begin(&self, nth: u64) {
        self.write(&format!("begin {nth}\n"));
    }

    /// Says something about the poll that it is to look into. Written at once: the process may hang next.
    pub(crate) fn detail(&self, text: &str) {
        self.write(&format!("detail {}\n", escaped(text)));
    }

    /// Says what came of the runs, and ends this process: whatever the test does afterwards, the parent does as well.
    pub(crate) fn tell(&self, result: Result<Performed, Failure>) -> ! {
        self.write(&result.map_or_else(|failure| failed(&failure), |performed| performed.counts.to_text()));
        std::process::exit(0)
    }

    fn write(&self, text: &str) {
        // Whoever cannot say that it is well is taken for dead.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
    }
}

/// What passing runs add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) runs: u64,
    pub(crate) polls: u64,
    /// The digest of each run and its number among those of the shard.
    pub(crate) digests: Vec<(u64, u64)>,
    /// By name, file and line: whether a `sometimes!` was true.
    pub(crate) sometimes: BTreeMap<(String, String, u32), bool>,
    /// What there is to say of kept tapes.
    pub(crate) stale: Vec<String>,
    /// How often each freedom was taken.
    pub(crate) exercised: BTreeMap<Freedom, u64>,
    /// How often each fault struck.
    pub(crate) struck: BTreeMap<Fault, u64>,
    pub(crate) longest_wait: Option<LongestWait>,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.polls += other.polls;
        self.digests.extend(other.digests);
        for (key, held) in other.sometimes {
            *self.sometimes.entry(key).or_insert(false) |= held;
        }
        self.stale.extend(other.stale);
        self.longest_wait = longer(self.longest_wait.take(), other.longest_wait);
        for (freedom, count) in other.exercised {
            *self.exercised.entry(freedom).or_default() += count;
        }
        for (fault, count) in other.struck {
            *self.struck.entry(fault).or_default() += count;
        }
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for (digest, nth) in &self.digests {
            let _ = writeln!(text, "schedule {digest:x} {nth}");
        }
        for ((name, file, line), held) in &self.sometimes {
            let _ = writeln!(text, "sometimes {held} {line} {} {}", escaped(file), escaped(name));
        }
        for line in &self.stale {
            let _ = writeln!(text, "stale {}", escaped(line));
        }
        for (freedom, count) in &self.exercised {
            let _ = writeln!(text, "freedom {freedom} {count}");
        }
        for (fault, count) in &self.struck {
            let _ = writeln!(text, "fault {} {count}", fault.name());
        }
        if let Some(LongestWait { polls, task, run }) = &self.longest_wait {
            let _ = writeln!(text, "wait {polls} {run} {}", escaped(task));
        }
        let _ = writeln!(text, "passed {} {}", self.runs, self.polls);
        text
    }
}

fn failed(failure: &Failure) -> String {
    let field = |field: Option<String>| escaped(&field.unwrap_or_default());
    format!(
        "failed {} {} {} {} {} {}\n",
        field(failure.kind().map(|kind| kind.to_string())),
        field(failure.run().map(|run| run.to_string())),
        field(failure.seed().map(|seed| seed.to_string())),
        field(failure.tape().map(ToString::to_string)),
        field(failure.place()),
        escaped(&failure.to_string()),
    )
}

/// `text` as one word that is not empty.
fn escaped(text: &str) -> String {
    let mut word = String::from("=");
    for char in text.chars() {
        match char {
            ' ' => word.push_str("\\s"),
            '\n' => word.push_str("\\n"),
            '\r' => word.push_str("\\r"),
            '\\' => word.push_str("\\\\"),
            char => word.push(char),
        }
    }
    word
}

fn unescaped(word: &str) -> Option<String> {
    let mut chars = word.strip_prefix('=')?.chars();
    let mut text = String::new();
    while let Some(char) = chars.next() {
        text.push(match char {
            '\\' => match chars.next()? {
                's' => ' ',
                'n' => '\n',
                'r' => '\r',
                other => other,
            },
            char => char,
        });
    }
    Some(text)
}

/// What a child came to.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Passed(Counts),
    Failed(Failure),
    /// It said nothing more after the beginning of that run; `None` if it did not get so far.
    Died(Option<u64>),
}

impl Message {
    pub(crate) fn read(text: &str) -> Self {
        let (mut counts, mut begun) = (Counts::default(), None);
        for line in text.lines() {
            let words: Vec<_> = line.split(' ').collect();
            match read_line(&words, &mut counts) {
                Some(Line::Begin(nth)) => begun = Some(nth),
                Some(Line::Passed) => return Self::Passed(counts),
                Some(Line::Failed(failure)) => return Self::Failed(failure),
                Some(Line::Counted) => {}
                None => break,
            }
        }
        Self::Died(begun)
    }
}

/// What a child has said of a poll so far; `None` if it has not come to it. A line that is not whole is left for the next look.
pub(super) fn details(text: &str) -> Option<Vec<String>> {
    let whole = &text[..text.rfind('\n')?];
    let mut lines = whole.lines();
    lines.next().filter(|line| line.starts_with("begin "))?;
    Some(lines.filter_map(|line| unescaped(line.strip_prefix("detail ")?)).collect())
}

enum Line {
    Begin(u64),
    Counted,
    Passed,
    Failed(Failure),
}

fn read_line(words: &[&str], counts: &mut Counts) -> Option<Line> {
    Some(match words {
        ["begin", nth] => Line::Begin(nth.parse().ok()?),
        ["schedule", digest, nth] => {
            counts.digests.push((u64::from_str_radix(digest, 16).ok()?, nth.parse().ok()?));
            Line::Counted
        }
        ["sometimes", held, line, file, name] => {
            let key = (unescaped(name)?, unescaped(file)?, line.parse().ok()?);
            counts.sometimes.insert(key, held.parse().ok()?);
            Line::Counted
        }
        ["stale", line] => {
            counts.stale.push(unescaped(line)?);
            Line::Counted
        }
        ["freedom", name, count] => {
            let freedom = Freedom::ALL.into_iter().find(|freedom| freedom.name() == *name)?;
            counts.exercised.insert(freedom, count.parse().ok()?);
            Line::Counted
        }
        ["fault", name, count] => {
            let fault = Fault::ALL.into_iter().find(|fault| fault.name() == *name)?;
            counts.struck.insert(fault, count.parse().ok()?);
            Line::Counted
        }
        ["wait", polls, run, task] => {
            let (polls, run, task) = (polls.parse().ok()?, run.parse().ok()?, unescaped(task)?);
            counts.longest_wait = Some(LongestWait { polls, task, run });
            Line::Counted
        }
        ["passed", runs, polls] => {
            (counts.runs, counts.polls) = (runs.parse().ok()?, polls.parse().ok()?);
            Line::Passed
        }
        ["failed", kind, run, seed, tape, place, report] => {
            let report = unescaped(report)?;
            let kind = unescaped(kind)?;
            let Some(kind) = FindingKind::named(&kind) else {
                let message = report.strip_prefix("reveille: ").unwrap_or(&report);
                return Some(Line::Failed(Failure::setup(message)));
            };
            Line::Failed(Failure::relayed(Relayed {
                kind,
                run: unescaped(run)?.parse().ok(),
                seed: unescaped(seed)?.parse().ok(),
                tape: unescaped(tape)?.parse().ok(),
                place: unescaped(place).filter(|place| !place.is_empty()),
                report,
            }))
        }
        _ => return None,
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_they_were_written() {
        let counts = Counts {
            runs: 3,
            polls: 12,
            digests: vec![(u64::MAX, 0), (7, 2)],
            sometimes: [(("two words\n".into(), "a\\b c.rs".into(), 9), true)].into(),
            stale: vec![String::new(), "a note".into()],
            exercised: [(Freedom::Spurious, 4), (Freedom::HeldBack, 0)].into(),
            struck: [(Fault::Lost, 7), (Fault::SlowAccept, 0)].into(),
            longest_wait: Some(LongestWait { polls: 5, task: "task 3 `a b`".into(), run: 1 }),
        };
        let text = format!("begin 0\nbegin 1\n{}", counts.to_text());
        assert!(matches!(Message::read(&text), Message::Passed(read) if read == counts));
    }

    #[test]
    fn counts_of_batches_add_up_in_any_order() {
        let key = || ("it happens".to_owned(), "a.rs".to_owned(), 1);
        let batch = |run: u64, held, polls| Counts {
            runs: 2,
            polls: 7,
            digests: vec![(run, run)],
            sometimes: [(key(), held)].into(),
            stale: Vec::new(),
            exercised: [(Freedom::Spurious, run)].into(),
            struck: [(Fault::Late, run)].into(),
            longest_wait: Some(LongestWait { polls, task: "task 1".into(), run }),
        };
        for batches in [[batch(3, true, 9), batch(4, false, 5)], [batch(4, false, 5), batch(3, true, 9)]] {
            let mut sum = Counts::default();
            batches.into_iter().for_each(|batch| sum.add(batch));
            sum.digests.sort_unstable();
            assert_eq!((sum.runs, sum.polls, sum.digests), (4, 14, vec![(3, 3), (4, 4)]));
            assert_eq!((sum.sometimes[&key()], sum.exercised[&Freedom::Spurious]), (true, 7));
            assert_eq!(sum.struck[&Fault::Late], 7);
            assert_eq!(sum.longest_wait, Some(LongestWait { polls: 9, task: "task 1".into(), run: 3 }));
        }
    }

    #[test]
    fn a_failure_is_read_as_it_was_written() {
        let report = "reveille: deadlock in `a b`\n  task 1\\\n";
        let tape = "r1.e753.-.s3-1.Z1-4b07.E2-f399";
        let relayed = Relayed {
            kind: FindingKind::Deadlock,
            run: Some(4),
            seed: None,
            tape: tape.parse().ok(),
            place: Some("src/a.rs:1:2".into()),
            report: report.into(),
        };
        let Message::Failed(read) = Message::read(&failed(&Failure::relayed(relayed))) else { panic!("not read") };
        assert_eq!(read.to_string(), report);
        assert_eq!((read.kind(), read.run(), read.seed()), (Some(FindingKind::Deadlock), Some(4), None));
        assert_eq!(read.place().as_deref(), Some("src/a.rs:1:2"));
        assert_eq!(read.tape().map(ToString::to_string).as_deref(), Some(tape));
    }

    #[test]
    fn details_are_read_as_they_were_written_and_only_whole() {
        let text = format!("begin 7\ndetail {}\ndetail {}\ndetail =cut", escaped("a b:\n  c\\"), escaped(""));
        assert_eq!(details(&text), Some(vec!["a b:\n  c\\".to_owned(), String::new()]));
        assert_eq!(details("begin 7\n"), Some(Vec::new()));
        assert_eq!([details(""), details("begin 7"), details("other\n")], [None, None, None]);
    }

    #[test]
    fn whoever_stops_half_way_has_died() {
        assert!(matches!(Message::read(""), Message::Died(None)));
        assert!(matches!(Message::read("begin 4\nbegin 5\nsched"), Message::Died(Some(5))));
        assert!(matches!(Message::read("begin 4\npassed 1"), Message::Died(Some(4))));
    }
}
