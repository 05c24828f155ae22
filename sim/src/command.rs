//! The line to paste: how this program was started, as far as that can be told.

use std::path::Path;

use crate::tape::Tape;

/// A tape longer than this is too much for a terminal; its seed replays the run as well.
const PASTED_MAX: usize = 160;
/// A tape longer than this is kept in a file as well.
const TAPE_MAX: usize = 4096;

/// How to start this program again.
#[derive(Debug)]
pub(crate) struct Command {
    text: String,
}

impl Command {
    /// For a test of that name (of a `#[reveille::test]`, else the thread's), or for a program started by `cargo run`.
    pub(crate) fn new(test: Option<&str>, package: Option<&str>) -> Self {
        let thread = std::thread::current();
        // libtest's name of a test is its path within the crate, which is also how it names the thread.
        let test = test.and_then(|path| path.split_once("::")).map(|(_, test)| test);
        let test = test.or_else(|| thread.name().filter(|name| *name != "main"));
        let package = package.map_or_else(String::new, |package| format!(" -p {package}"));
        let text = match test {
            Some(test) => format!("cargo test{package} {test} -- --exact"),
            None => format!("cargo run{package}{}", example()),
        };
        Self { text }
    }

    /// The line that repeats the run: by its tape if that is short, else by its seed.
    pub(crate) fn replay(&self, name: &str, tape: &Tape, seed: Option<u64>) -> String {
        let text = tape.to_string();
        if text.len() <= PASTED_MAX {
            return format!("REVEILLE_REPLAY={text} {}", self.text);
        }
        let by_seed = seed.map(|seed| format!("REVEILLE_SEED={seed} REVEILLE_RUNS=1 {}", self.text));
        let kept = (by_seed.is_none() || text.len() > TAPE_MAX).then(|| saved(name, &text)).flatten();
        let by_file = kept.map(|path| format!("REVEILLE_REPLAY=@{path} {}", self.text));
        match (by_seed, by_file) {
            (Some(seed), Some(file)) => format!("{seed}\n      or: {file}"),
            (Some(line), None) | (None, Some(line)) => line,
            (None, None) => format!("REVEILLE_REPLAY={text} {}", self.text),
        }
    }
}

/// ` --example name`, if this program is an example.
fn example() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().and_then(Path::file_name);
    match program.file_stem() {
        Some(stem) if folder.is_some_and(|folder| folder == "examples") => {
            format!(" --example {}", stem.to_string_lossy())
        }
        _ => String::new(),
    }
}

/// Writes a long tape beside the build's other output and returns where; `None` if that cannot be.
fn saved(name: &str, text: &str) -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let target = program.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file())?;
    let folder = target.join("reveille");
    std::fs::create_dir_all(&folder).ok()?;
    let file = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-") + ".tape";
    let path = folder.join(file);
    std::fs::write(&path, text).ok()?;
    Some(path.to_string_lossy().into_owned())
}
