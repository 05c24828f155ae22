//! The index of the examples names all that there are, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// The names of the files and folders in `folder`, without their extensions.
fn names(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// The first cells of the index: an example, and the word that it is given.
fn commands(index: &str) -> Vec<(&str, Option<&str>)> {
    let cells = index.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    cells.map(|cell| cell.split_once(" -- ").map_or((cell, None), |(example, word)| (example, Some(word)))).collect()
}

#[test]
fn every_example_and_every_form_is_in_the_index_and_no_other() {
    let index = fs::read_to_string(folder().join("README.md")).unwrap();
    let commands = commands(&index);
    let mut named: BTreeSet<_> = commands.iter().map(|(example, _)| (*example).to_owned()).collect();
    named.extend(["README".to_owned(), "machines".to_owned()]);
    assert_eq!(named, names(&folder()));
    // The words that examples know, as their tables of forms have them: a string, and a name of a function or a mistake.
    for (example, source) in [
        ("server", "server/parts/mod.rs"),
        ("serial", "serial/parts/mod.rs"),
        ("services", "services/parts/mod.rs"),
        ("cancel_stories", "cancel_stories/main.rs"),
    ] {
        let source = fs::read_to_string(folder().join(source)).unwrap();
        let forms = source.split('(').filter_map(|rest| rest.trim_start().strip_prefix('"')?.split_once("\","));
        let words =
            forms.map(|(word, _)| word).filter(|word| word.chars().all(|one| one.is_ascii_lowercase() || one == '_'));
        let known: BTreeSet<_> = words.filter(|word| *word != "mended").collect();
        let asked: BTreeSet<_> = commands.iter().filter(|one| one.0 == example).filter_map(|one| one.1).collect();
        assert_eq!(asked, known, "of {example}");
    }
}
