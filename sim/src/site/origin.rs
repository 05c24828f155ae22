//! Whose code a function is.

use std::path::Path;

use super::place::Paths;

/// Whose code a function is: decided by the file that it was compiled from, else by the crate in its symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The code under test, and the test.
    User,
    /// A crate that somebody else wrote: from a registry, a git checkout, or vendored.
    Dependency,
    /// This library.
    Ours,
    /// The standard library.
    Library,
    /// No file, and the symbol does not tell.
    Unknown,
}

/// The crates that make up this library, as symbols name them.
const OURS: [&str; 4] = ["reveille", "reveille_executor", "reveille_reactor", "reveille_macros"];

/// The folders of their sources, from this crate's: in the repository. Examples and tests beside them are users.
const OUR_SOURCES: [&str; 4] = ["src", "macros/src", "../executor/src", "../reactor-sim/src"];

/// What comes with the compiler.
const LIBRARY: [&str; 5] = ["core", "alloc", "std", "test", "proc_macro"];

impl Origin {
    /// Whose file `path` is.
    pub(super) fn of_file(path: &Path, paths: &Paths) -> Self {
        let path = paths.absolute(path);
        let text = path.to_string_lossy().replace('\\', "/");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        if OUR_SOURCES.iter().any(|sources| path.starts_with(paths.absolute(&manifest.join(sources)))) {
            return Self::Ours;
        }
        if library_file(&text).is_some() {
            return Self::Library;
        }
        match dependency_file(&text).or_else(|| vendored_file(&path)) {
            Some(file) if OURS.iter().any(|name| is_package(file, name)) => Self::Ours,
            Some(_) => Self::Dependency,
            None => Self::User,
        }
    }

    /// Whose crate `name` is, as far as a name can tell: a user's crate and a dependency look alike.
    pub(super) fn of_crate(name: &str) -> Self {
        if is_library(name) {
            Self::Library
        } else if is_ours(name) {
            Self::Ours
        } else {
            Self::Unknown
        }
    }
}

/// Whether `krate` is one of this library's crates.
pub(super) fn is_ours(krate: &str) -> bool {
    OURS.contains(&krate)
}

/// Whether `krate` is part of the standard library.
pub(super) fn is_library(krate: &str) -> bool {
    LIBRARY.contains(&krate)
}

/// The part of `path` from `library/`, when it lies in the standard library: as distributed (`/rustc/<hash>/library/`) or
/// in the `rust-src` component.
pub(super) fn library_file(path: &str) -> Option<&str> {
    if let Some((_, rest)) = path.split_once("/lib/rustlib/src/rust/") {
        return rest.starts_with("library/").then_some(rest);
    }
    let (_, rest) = path.split_once("/rustc/")?;
    let (_hash, rest) = rest.split_once('/')?;
    rest.starts_with("library/").then_some(rest)
}

/// The part of `path` from the package's folder, when it lies in cargo's home: `tokio-1.50.0/src/..` in a registry,
/// `<repository>/<revision>/..` in a git checkout.
pub(super) fn dependency_file(path: &str) -> Option<&str> {
    if let Some((_, rest)) = path.split_once("/registry/src/") {
        let (_registry, file) = rest.split_once('/')?;
        return Some(file);
    }
    path.split_once("/git/checkouts/").map(|(_, file)| file)
}

/// The part of `path` from the package's folder, when `cargo vendor` wrote the package: it puts a list of checksums beside
/// the manifest.
fn vendored_file(path: &Path) -> Option<&str> {
    let package = path.ancestors().skip(1).find(|dir| dir.join(".cargo-checksum.json").is_file())?;
    path.strip_prefix(package.parent()?).ok()?.to_str()
}

/// Whether the first folder of `file` is that of the package with the library `name`: `name` or `name-<version>`.
fn is_package(file: &str, name: &str) -> bool {
    let folder = file.split(['/', '\\']).next().unwrap_or_default();
    let Some(rest) = folder.strip_prefix(name.replace('_', "-").as_str()) else { return false };
    rest.is_empty() || rest.strip_prefix('-').is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Origin {
        Origin::of_file(Path::new(path), &Paths::at("/home/me/shop"))
    }

    #[test]
    fn files_tell_whose_they_are() {
        assert_eq!(of("/home/me/shop/src/pool.rs"), Origin::User);
        assert_eq!(of("src/pool.rs"), Origin::User);
        assert_eq!(of("/c/registry/src/index-19/tokio-1.50.0/src/sync/notify.rs"), Origin::Dependency);
        assert_eq!(of("/c/registry/src/index-19/reveille-driver-1.0.0/src/lib.rs"), Origin::Dependency);
        assert_eq!(of("/c/registry/src/index-19/reveille-executor-0.1.0/src/lib.rs"), Origin::Ours);
        assert_eq!(of("/c/git/checkouts/tokio-b3ec/ab12cd3/tokio/src/lib.rs"), Origin::Dependency);
        assert_eq!(of("/rustc/59807616e/library/core/src/task/wake.rs"), Origin::Library);
        assert_eq!(of("/t/lib/rustlib/src/rust/library/core/src/task/wake.rs"), Origin::Library);
    }

    #[test]
    fn our_sources_are_ours_and_our_tests_are_users() {
        let here = env!("CARGO_MANIFEST_DIR");
        assert_eq!(of(&format!("{here}/src/site/mod.rs")), Origin::Ours);
        assert_eq!(of(&format!("{here}/../executor/src/lib.rs")), Origin::Ours);
        assert_eq!(of(&format!("{here}/tests/await_site.rs")), Origin::User);
        assert_eq!(of(&format!("{here}/examples/bank.rs")), Origin::User);
    }

    #[test]
    fn crates_tell_only_what_a_name_can() {
        assert_eq!(Origin::of_crate("core"), Origin::Library);
        assert_eq!(Origin::of_crate("reveille_executor"), Origin::Ours);
        assert_eq!(Origin::of_crate("tokio"), Origin::Unknown);
    }
}
