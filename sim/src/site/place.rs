//! Places in source files, and the one rule by which their paths are shortened.
//!
//! A path comes from a `Location` (as rustc was given it: relative to the workspace for its members) or from a line
//! table (absolute). Both come out the same: relative to the workspace for its files, `tokio-1.50.0/src/..` for those of
//! a dependency, `library/core/src/..` for the standard library's. A report then reads the same on every machine.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::origin::{dependency_file, library_file};

/// A place in a source file; an empty path where none is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Site {
    /// The file, shortened.
    pub(crate) file: String,
    /// The line, from 1; 0 where the compiler recorded none (two lines became one instruction).
    pub(crate) line: u32,
    /// The column, from 1; 0 where the platform records none.
    pub(crate) column: u32,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line != 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.line != 0 && self.column != 0 {
            write!(f, ":{}", self.column)?;
        }
        Ok(())
    }
}

/// Where the user's workspace is: what paths are relative to.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// The workspace of the program, where Cargo runs rustc. Invariant: absolute. `None` when no folder above the package, or
    /// the current one, has a `Cargo.lock`.
    root: Option<PathBuf>,
    /// The workspace in which the reader is: another one, if Cargo was told of the package by its path.
    shown_from: Option<PathBuf>,
}

impl Paths {
    /// The workspaces of the package, which `cargo test` and `cargo run` tell the program, and of the current folder: the
    /// nearest ancestor with a `Cargo.lock`.
    pub(crate) fn current() -> Self {
        let workspace =
            |folder: &Path| folder.ancestors().find(|dir| dir.join("Cargo.lock").is_file()).map(Path::to_path_buf);
        let shown_from = workspace(&std::env::current_dir().unwrap_or_default());
        let package = std::env::var_os("CARGO_MANIFEST_DIR");
        let root = package.and_then(|package| workspace(Path::new(&package))).or_else(|| shown_from.clone());
        Self { root, shown_from }
    }

    /// A workspace at `root`.
    #[cfg(test)]
    pub(crate) fn at(root: &str) -> Self {
        Self { root: Some(PathBuf::from(root)), shown_from: Some(PathBuf::from(root)) }
    }

    /// `path` with `.` and `..` resolved; a relative one is taken to start at the workspace, where cargo runs rustc.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) => normal(&root.join(path)),
            None => normal(path),
        }
    }

    /// `path` as a report shows it.
    pub(crate) fn short(&self, path: &Path) -> String {
        let path = self.absolute(path);
        let text = path.to_string_lossy().replace('\\', "/");
        if let Some(file) = library_file(&text) {
            return file.to_owned();
        }
        if let Some(file) = dependency_file(&text) {
            return file.to_owned();
        }
        let Some(root) = &self.shown_from else { return text };
        // A package may keep its sources, or a harness, beside its own folder; two steps up are still easier to follow than
        // `/home/..`.
        for (parent, up) in root.ancestors().zip(["", "../", "../../"]) {
            if let Ok(rest) = path.strip_prefix(parent) {
                return format!("{up}{}", rest.to_string_lossy().replace('\\', "/"));
            }
        }
        text
    }
}

/// `path` without `.` and `..`, by its text alone: the file may not exist on this machine.
fn normal(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => {
                clean.pop();
            }
            _ => clean.push(part),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(path: &str) -> String {
        Paths::at("/home/me/shop").short(Path::new(path))
    }

    #[test]
    fn workspace_files_are_relative_whoever_names_them() {
        assert_eq!(short("src/pool.rs"), "src/pool.rs");
        assert_eq!(short("/home/me/shop/src/pool.rs"), "src/pool.rs");
        assert_eq!(short("/home/me/shop/db/./src/../tests/a.rs"), "db/tests/a.rs");
        assert_eq!(short("/home/me/shared/src/main.rs"), "../shared/src/main.rs");
        assert_eq!(short("/home/harness/src/lib.rs"), "../../harness/src/lib.rs");
        assert_eq!(short("/srv/other/src/main.rs"), "/srv/other/src/main.rs");
    }

    #[test]
    fn a_package_of_another_workspace_is_shown_from_where_the_reader_is() {
        let paths = Paths { root: Some("/home/me/shop/tools/till".into()), shown_from: Some("/home/me/shop".into()) };
        assert_eq!(paths.short(Path::new("src/main.rs")), "tools/till/src/main.rs");
        assert_eq!(paths.short(Path::new("../shared.rs")), "tools/shared.rs");
        assert_eq!(paths.short(Path::new("/home/me/shop/tools/till/src/main.rs")), "tools/till/src/main.rs");
    }

    #[test]
    fn dependencies_start_with_name_and_version() {
        assert_eq!(
            short("/home/me/.cargo/registry/src/some-registry-1949cf8c6b5b557f/tokio-1.50.0/src/sync/notify.rs"),
            "tokio-1.50.0/src/sync/notify.rs"
        );
        assert_eq!(
            short("/home/me/.cargo/git/checkouts/tokio-b3ec/ab12cd3/tokio/src/lib.rs"),
            "tokio-b3ec/ab12cd3/tokio/src/lib.rs"
        );
        assert_eq!(short("/rustc/59807616e/library/core/src/task/wake.rs"), "library/core/src/task/wake.rs");
    }

    #[test]
    fn unknown_lines_and_columns_are_left_out() {
        let site = |line, column| Site { file: "src/a.rs".into(), line, column }.to_string();
        assert_eq!(site(3, 7), "src/a.rs:3:7");
        assert_eq!(site(3, 0), "src/a.rs:3");
        assert_eq!(site(0, 7), "src/a.rs");
    }
}
