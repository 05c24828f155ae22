//! The words of a script: calls whose observable outcome is written down, and what has to be there first.

use std::fmt::Write as _;
use std::io::{self, SeekFrom};
use std::path::Path;

use reveille_reactor::OpenHow;

use crate::stage::Stage;

/// A script being played, and what was observed.
pub(crate) struct Play<S> {
    stage: S,
    log: String,
}

/// How a file is opened, in few letters: `r`ead, `w`rite, `a`ppend, `t`runcate, `c`reate, create `n`ew.
pub(crate) fn how(letters: &str) -> OpenHow {
    let has = |letter| letters.contains(letter);
    let (read, write, append) = (has('r'), has('w'), has('a'));
    OpenHow { read, write, append, truncate: has('t'), create: has('c'), create_new: has('n') }
}

impl<S: Stage> Play<S> {
    pub(crate) fn new(stage: S) -> Self {
        Self { stage, log: String::new() }
    }

    pub(crate) fn into_log(self) -> String {
        self.log
    }

    fn note(&mut self, what: &str, outcome: impl std::fmt::Display) {
        writeln!(self.log, "  {what}: {outcome}").expect("writing to a string works");
    }

    fn outcome<R>(&mut self, what: &str, result: io::Result<R>) -> Option<R> {
        match &result {
            Ok(_) => self.note(what, "ok"),
            // The number tells apart what has no kind.
            Err(error) => self
                .note(what, format_args!("{:?} {:?}", error.kind(), error.raw_os_error().filter(|_| unnamed(error)))),
        }
        result.ok()
    }
}

fn unnamed(error: &io::Error) -> bool {
    format!("{:?}", error.kind()) == "Uncategorized"
}

/// A long name by its length.
fn shown(path: &str) -> String {
    if path.len() > 40 { format!("{} bytes", path.len()) } else { format!("`{}`", path.replace('\0', "\\0")) }
}

/// Setting the scene: nothing is written down, everything has to work.
impl<S: Stage> Play<S> {
    pub(crate) fn file(&mut self, path: &str, text: &str) {
        let file = self.stage.open(Path::new(path), how("wc")).expect("opens");
        assert_eq!(self.stage.write(file, None, text.as_bytes()).expect("writes"), text.len());
        self.stage.close(file);
    }

    pub(crate) fn directory(&mut self, path: &str) {
        self.stage.create_dir(Path::new(path)).expect("is made");
    }

    pub(crate) fn opened(&mut self, path: &str, letters: &str) -> usize {
        self.stage.open(Path::new(path), how(letters)).expect("opens")
    }

    pub(crate) fn close(&mut self, file: usize) {
        self.stage.close(file);
    }
}

/// Calls whose outcome is written down.
impl<S: Stage> Play<S> {
    pub(crate) fn open(&mut self, path: &str, letters: &str) {
        let result = self.stage.open(Path::new(path), how(letters));
        if let Some(file) = self.outcome(&format!("open {} {letters}", shown(path)), result) {
            self.stage.close(file);
        }
    }

    pub(crate) fn read(&mut self, file: usize) {
        self.read_as("read", file, None, 64);
    }

    pub(crate) fn read_up_to(&mut self, file: usize, length: usize) {
        self.read_as(&format!("read {length}"), file, None, length);
    }

    pub(crate) fn read_at(&mut self, file: usize, at: u64) {
        self.read_as(&format!("read at {at}"), file, Some(at), 64);
    }

    fn read_as(&mut self, what: &str, file: usize, at: Option<u64>, length: usize) {
        let mut buffer = vec![b'?'; length];
        let result = self.stage.read(file, at, &mut buffer);
        match result {
            Ok(count) => {
                let text = String::from_utf8_lossy(&buffer[..count]).replace('\0', "_");
                self.note(what, format_args!("`{text}`"));
            }
            Err(_) => drop(self.outcome(what, result)),
        }
    }

    pub(crate) fn write(&mut self, file: usize, text: &str) {
        self.write_as(&format!("write `{text}`"), file, None, text);
    }

    pub(crate) fn write_at(&mut self, file: usize, text: &str, at: u64) {
        self.write_as(&format!("write `{text}` at {at}"), file, Some(at), text);
    }

    fn write_as(&mut self, what: &str, file: usize, at: Option<u64>, text: &str) {
        match self.stage.write(file, at, text.as_bytes()) {
            Ok(count) => self.note(what, count),
            result => drop(self.outcome(what, result)),
        }
    }

    pub(crate) fn seek(&mut self, file: usize, to: SeekFrom) {
        match self.stage.seek(file, to) {
            Ok(place) => self.note(&format!("seek {to:?}"), place),
            result => drop(self.outcome(&format!("seek {to:?}"), result)),
        }
    }

    pub(crate) fn sync(&mut self, file: usize) {
        let result = self.stage.sync(file);
        self.outcome("sync", result);
    }

    pub(crate) fn set_len(&mut self, file: usize, len: u64) {
        let result = self.stage.set_len(file, len);
        self.outcome(&format!("set length {len}"), result);
    }

    pub(crate) fn length(&mut self, file: usize) {
        let result = self.stage.metadata_of(file);
        self.told("open file", result);
    }

    pub(crate) fn metadata(&mut self, path: &str) {
        let result = self.stage.metadata(Path::new(path));
        self.told(&shown(path), result);
    }

    fn told(&mut self, what: &str, result: io::Result<(bool, u64)>) {
        match result {
            Ok((true, _)) => self.note(what, "a directory"),
            Ok((false, len)) => self.note(what, format_args!("{len} bytes")),
            Err(_) => drop(self.outcome(what, result)),
        }
    }

    /// Reads a whole file by its name.
    pub(crate) fn show(&mut self, path: &str) {
        match self.stage.open(Path::new(path), how("r")) {
            Ok(file) => {
                self.read_as(&format!("in {}", shown(path)), file, None, 64);
                self.stage.close(file);
            }
            result => drop(self.outcome(&format!("in {}", shown(path)), result)),
        }
    }

    pub(crate) fn create_dir(&mut self, path: &str) {
        let result = self.stage.create_dir(Path::new(path));
        self.outcome(&format!("make directory {}", shown(path)), result);
    }

    pub(crate) fn remove_dir(&mut self, path: &str) {
        let result = self.stage.remove_dir(Path::new(path));
        self.outcome(&format!("remove directory {}", shown(path)), result);
    }

    pub(crate) fn remove_file(&mut self, path: &str) {
        let result = self.stage.remove_file(Path::new(path));
        self.outcome(&format!("remove {}", shown(path)), result);
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        let result = self.stage.rename(Path::new(from), Path::new(to));
        self.outcome(&format!("rename {} to {}", shown(from), shown(to)), result);
    }

    pub(crate) fn list(&mut self, path: &str) {
        match self.stage.read_dir(Path::new(path)) {
            Ok(entries) => {
                let entries = entries.into_iter().map(|(name, is_dir)| if is_dir { name + "/" } else { name });
                self.note(&format!("list {}", shown(path)), entries.collect::<Vec<_>>().join(" "));
            }
            result => drop(self.outcome(&format!("list {}", shown(path)), result)),
        }
    }
}
