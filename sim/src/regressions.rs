//! Failing runs that are kept in a file, and repeated before anything else is explored.
//!
//! A line is a tape; from `#` on it is a comment. The file is meant to be committed, as users of proptest do with theirs. Two
//! things differ from a seed that is kept: a tape that no longer fits its program says so, and it is repeated as far as
//! it fits, since the bug may be there still.
//!
//! Deliberately absent: removing lines. What a person committed a person takes out.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::campaign;
use crate::failure::Failure;
use crate::settings::Keeping;
use crate::tape::Tape;
use crate::trial::{Program, Rules, Trial};

/// The folder, within that of the package.
const FOLDER: &str = "reveille-regressions";

/// The file of the test `name` of the package in the folder `package`.
pub(crate) fn file(package: &str, name: &str) -> PathBuf {
    Path::new(package).join(FOLDER).join(name.replace("::", "-") + ".txt")
}

/// A file of failing runs.
#[derive(Debug)]
pub(crate) struct Regressions {
    file: PathBuf,
    /// Failing runs are added.
    writes: bool,
    /// What is there is repeated.
    repeats: bool,
}

impl Regressions {
    /// `None` if nothing is to be done.
    pub(crate) fn new(file: PathBuf, keeping: Keeping, repeats: bool) -> Option<Self> {
        (keeping != Keeping::Off).then(|| Self { file, writes: keeping == Keeping::On, repeats })
    }

    /// The file as a person at the package's folder, where cargo runs tests, would name it.
    fn shown(&self) -> String {
        let here = std::env::current_dir().unwrap_or_default();
        self.file.strip_prefix(here).unwrap_or(&self.file).display().to_string()
    }

    /// Repeats what is kept. Returns what there is to say of tapes that no longer fit.
    pub(crate) fn repeat(&self, name: &str, program: &Program<'_>, rules: &mut Rules) -> Result<Vec<String>, Failure> {
        let kept = if self.repeats { self.read().map_err(Failure::setup)? } else { Vec::new() };
        let asked = rules.settings;
        let mut stale = Vec::new();
        for (line, tape) in kept {
            rules.settings = tape.settings;
            let trial = Trial { program, rules };
            if let Some(note) = self.repeat_one(name, &trial, line, tape)? {
                stale.push(note);
            }
        }
        rules.settings = asked;
        Ok(stale)
    }

    fn repeat_one(&self, name: &str, trial: &Trial<'_>, line: usize, tape: Tape) -> Result<Option<String>, Failure> {
        let place = format!("{}:{line}", self.shown());
        let is_foreign = !tape.is_of(trial.rules.test);
        match campaign::replay(trial, name, &tape, true) {
            Ok(passed) => Ok(match passed.stale.into_iter().next() {
                Some(parted) => Some(format!("the run kept in {place} passes, but {parted}")),
                None => {
                    is_foreign.then(|| format!("the run kept in {place} is of another test than `{name}`, and passes"))
                }
            }),
            Err(failure) => Err(failure.adding(vec![format!("kept from before, in {place}")])),
        }
    }

    /// The tapes, each with the number of its line.
    fn read(&self) -> Result<Vec<(usize, Tape)>, String> {
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(format!("failed to read the kept runs in `{}`: {error}", self.shown())),
        };
        let tape = |(nth, line): (usize, &str)| {
            let tape = line.split('#').next().map(str::trim).filter(|text| !text.is_empty())?;
            let wrong = |error| format!("failed to read a kept run, {}:{}: {error}", self.shown(), nth + 1);
            Some(tape.parse().map(|tape| (nth + 1, tape)).map_err(wrong))
        };
        text.lines().enumerate().filter_map(tape).collect::<Result<_, String>>()
    }

    /// Adds the run of `failure`, which then says so. In one without choices there is nothing to keep: every run repeats it.
    pub(crate) fn keep(&self, failure: Failure) -> Failure {
        let Some(tape) = failure.tape().filter(|tape| self.writes && tape.draws() > 0) else { return failure };
        let kept = match self.add(tape, &failure) {
            Ok(true) => format!("kept in {}: repeated first from now on", self.shown()),
            Ok(false) => return failure,
            Err(error) => format!("not kept in {}: {error}", self.shown()),
        };
        failure.adding(vec![kept])
    }

    /// Adds a line; false if the tape is there, or if the package is not: tests may run far from their sources.
    fn add(&self, tape: &Tape, failure: &Failure) -> io::Result<bool> {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        if folder.ends_with(FOLDER) && !folder.parent().is_some_and(Path::is_dir) {
            return Ok(false);
        }
        if self.read().is_ok_and(|kept| kept.iter().any(|(_, other)| other == tape)) {
            return Ok(false);
        }
        fs::create_dir_all(folder)?;
        let is_new = !self.file.exists();
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
        let header =
            "# Runs that failed once, a tape a line: `#[reveille::test]` repeats them first. Meant to be committed.\n";
        let kind = failure.kind().map(|kind| format!("  # {kind}")).unwrap_or_default();
        writeln!(file, "{}{tape}{kind}", if is_new { header } else { "" })?;
        Ok(true)
    }
}
