//! The line to paste: how this program was started, as far as that can be told.

use std::fmt;
use std::path::Path;

use crate::tape::Tape;

/// A tape longer than this is too much for a terminal; its seed replays the run as well.
const PASTED_MAX: usize = 160;
/// A tape longer than this is kept in a file as well.
const TAPE_MAX: usize = 4096;

/// How to start this program again.
#[derive(Debug)]
pub(crate) struct Command {
    /// The name by which libtest knows the test.
    test: Option<String>,
    /// Whether that is the name of a `#[reveille::test]`.
    is_attribute: bool,
    package: Option<String>,
    /// The target of the package that the test belongs to, where that is sure.
    target: Option<Target>,
}

/// A target of a package, which Cargo builds a program of. Two of them may have tests of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Lib,
    Bin(String),
    Test(String),
}

impl Target {
    /// That of the test at the path `test`, whose first part is the target's name as a crate, in the package of that name in `folder`.
    /// Cargo has told the compiler whether the target is a `program`, that is a binary or an example, or an integration test. `None`
    /// where that leaves a doubt.
    pub(crate) fn of(
        test: &str,
        package: &str,
        folder: &Path,
        program: Option<&str>,
        is_integration: bool,
    ) -> Option<Self> {
        let name = test.split("::").next()?;
        if is_integration {
            // A benchmark is built like a test. Of the names with dashes only those with nothing else are guessed.
            let is_there = |name: &String| {
                [format!("{name}.rs"), format!("{name}/main.rs")]
                    .iter()
                    .any(|file| folder.join("tests").join(file).is_file())
            };
            return [name.to_owned(), name.replace('_', "-")].into_iter().find(is_there).map(Self::Test);
        }
        match program {
            Some(program) => Some(Self::Bin(program.to_owned())).filter(|_| !is_example()),
            None => (name == package.replace('-', "_")).then_some(Self::Lib),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lib => f.write_str(" --lib"),
            Self::Bin(name) => write!(f, " --bin {name}"),
            Self::Test(name) => write!(f, " --test {name}"),
        }
    }
}

impl Command {
    /// For a test of that name (of a `#[reveille::test]`, else the thread's), or for a program started by `cargo run`.
    pub(crate) fn new(test: Option<&str>, package: Option<&str>, target: Option<Target>) -> Self {
        let thread = std::thread::current();
        // libtest's name of a test is its path within the crate, which is also how it names the thread.
        let is_attribute = test.is_some();
        let test = test.and_then(|path| path.split_once("::")).map(|(_, test)| test);
        let test = test.or_else(|| thread.name().filter(|name| *name != "main")).map(str::to_owned);
        let test = test.or_else(asked_for);
        Self { test, is_attribute, package: package.map(str::to_owned), target }
    }

    /// The line without what to repeat. Made when it is wanted: most campaigns pass, and looking the program up takes as long as many
    /// short runs.
    fn text(&self) -> String {
        let profile = std::env::current_exe().ok().and_then(|program| profile(&program)).unwrap_or_default();
        match (&self.test, &self.package) {
            (Some(test), Some(package)) => {
                let target = self.target.as_ref().map(Target::to_string).unwrap_or_default();
                format!("cargo test{profile} -p {package}{target} {test} -- --exact")
            }
            (Some(test), None) => format!("cargo test{profile} {test} -- --exact"),
            (None, _) => format!("cargo run{profile}{}{}{}", manifest().unwrap_or_default(), example(), arguments()),
        }
    }

    /// The name by which libtest knows the test; `None` if this is none.
    pub(crate) fn test(&self) -> Option<&str> {
        self.test.as_deref()
    }

    /// The same, if this program is a build of tests, which may be started again without being asked for it. A program of another sort may
    /// do what is not to be done twice.
    pub(crate) fn restartable(&self) -> Option<&str> {
        self.test().filter(|_| self.is_attribute || is_build_of_tests())
    }

    /// The line that repeats the run of `seed`.
    pub(crate) fn by_seed(&self, seed: u64) -> String {
        format!("REVEILLE_SEED={seed} REVEILLE_RUNS=1 {}{}", settings(), self.text())
    }

    /// The line that repeats the run: by its tape if that is short, else by its seed.
    pub(crate) fn replay(&self, name: &str, tape: &Tape, seed: Option<u64>) -> String {
        let text = tape.to_string();
        if text.len() <= PASTED_MAX {
            return format!("REVEILLE_REPLAY={text} {}", self.text());
        }
        let by_seed = seed.map(|seed| self.by_seed(seed));
        let kept = (by_seed.is_none() || text.len() > TAPE_MAX).then(|| saved(name, &text)).flatten();
        let by_file = kept.map(|path| format!("REVEILLE_REPLAY=@{path} {}", self.text()));
        match (by_seed, by_file) {
            (Some(seed), Some(file)) => format!("{seed}\n      or: {file}"),
            (Some(line), None) | (None, Some(line)) => line,
            (None, None) => format!("REVEILLE_REPLAY={text} {}", self.text()),
        }
    }
}

/// What the environment of this process decides of the run that a seed means. A tape has all that itself.
fn settings() -> String {
    let value = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // Names and numbers with commas between them; spaces mean nothing there, but something to a shell.
    let set = |name: &str| value(name).map(|value| format!("{name}={} ", value.replace(' ', "")));
    ["REVEILLE_STRATEGY", "REVEILLE_FREEDOMS", "REVEILLE_FAULTS"].into_iter().filter_map(set).collect()
}

/// The test that this process was started for, as runners start one for each: `.. --exact name ..`.
fn asked_for() -> Option<String> {
    let (flags, mut names): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    (flags.iter().any(|flag| flag == "--exact") && names.len() == 1).then(|| names.remove(0))
}

/// Cargo builds tests in a folder of this name, and other programs beside it.
fn is_build_of_tests() -> bool {
    let program = std::env::current_exe().unwrap_or_default();
    program.parent().is_some_and(|folder| folder.ends_with("deps"))
}

/// ` --example name`, if this program is an example.
fn example() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    match program.file_stem() {
        Some(stem) if is_example() => format!(" --example {}", stem.to_string_lossy()),
        _ => String::new(),
    }
}

/// Cargo builds examples, and their tests, in a folder of this name.
fn is_example() -> bool {
    let program = std::env::current_exe().unwrap_or_default();
    program.parent().is_some_and(|folder| folder.ends_with("examples"))
}

/// ` --release` or the like, by the folder that `program` is in.
fn profile(program: &Path) -> Option<String> {
    let folder = program.parent()?;
    let folder = if folder.ends_with("deps") || folder.ends_with("examples") { folder.parent()? } else { folder };
    match folder.file_name()?.to_str()? {
        "debug" => None,
        "release" => Some(" --release".into()),
        // A program that lies elsewhere was not started from where Cargo builds.
        other => folder.ancestors().skip(1).take(2).any(is_target).then(|| format!(" --profile {other}")),
    }
}

fn is_target(folder: &Path) -> bool {
    folder.join("CACHEDIR.TAG").is_file()
}

/// ` --manifest-path ..`, where Cargo was started in another folder than the package's.
fn manifest() -> Option<String> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")?;
    let here = std::env::current_dir().ok()?;
    let package = Path::new(&package);
    if here == package {
        return None;
    }
    let manifest = package.strip_prefix(&here).unwrap_or(package).join("Cargo.toml");
    Some(format!(" --manifest-path {}", quoted(&manifest.to_string_lossy())))
}

/// What this program was given on its command line, after ` --`.
fn arguments() -> String {
    let arguments: Vec<_> = std::env::args().skip(1).map(|argument| quoted(&argument)).collect();
    if arguments.is_empty() { String::new() } else { format!(" -- {}", arguments.join(" ")) }
}

/// `text` as a shell reads it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Writes a long tape beside the build's other output and returns where; `None` if that cannot be.
fn saved(name: &str, text: &str) -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let target = program.ancestors().find(|dir| is_target(dir))?;
    let folder = target.join("reveille");
    std::fs::create_dir_all(&folder).ok()?;
    let file = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-") + ".tape";
    let path = folder.join(file);
    std::fs::write(&path, text).ok()?;
    Some(path.to_string_lossy().into_owned())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_split_or_expand_is_quoted() {
        assert_eq!(quoted("--report=short"), "--report=short");
        assert_eq!(quoted("two words"), "'two words'");
        assert_eq!(quoted("it's $5"), r"'it'\''s $5'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn the_target_is_named_where_it_is_sure() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let of = |test, program, is_integration| Target::of(test, "my-app", here, program, is_integration);
        assert_eq!(of("report::t", None, true), Some(Target::Test("report".into())));
        assert_eq!(of("no_such_file::t", None, true), None);
        assert_eq!(of("my_app::m::t", None, false), Some(Target::Lib));
        assert_eq!(of("of_another_name::t", None, false), None);
        assert_eq!(of("my_app::t", Some("my-app"), false), Some(Target::Bin("my-app".into())));
    }

    #[test]
    fn the_profile_is_that_of_the_folder() {
        let of = |program: &str| profile(Path::new(program)).unwrap_or_default();
        assert_eq!(of("/p/target/debug/deps/t-1"), "");
        assert_eq!(of("/p/target/release/deps/t-1"), " --release");
        assert_eq!(of("/p/target/release/examples/e"), " --release");
        assert_eq!(of("/usr/bin/e"), "");
    }
}
