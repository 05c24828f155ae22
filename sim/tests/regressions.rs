//! Failing runs are kept in a file and repeated first.

#![cfg(not(loom))]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use reveille::{Explore, FindingKind, choose, explore, spawn, yield_now};

/// A folder of this process' own, removed at the end of a test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("reveille-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("kept.txt")
    }

    fn explore(&self) -> Explore {
        explore().name("kept").regressions(self.file())
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.file()).unwrap_or_default();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in a temporary folder harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_failing_run_is_kept_once_and_repeated_before_all_others() {
    static STARTS: AtomicU32 = AtomicU32::new(0);
    let folder = Folder::new("first");
    let program = || {
        STARTS.fetch_add(1, Ordering::Relaxed);
        async { assert_ne!((choose(30), choose(30)), (7, 7)) }
    };
    let found = folder.explore().runs(100_000).run(program).unwrap_err();
    assert!(found.run().unwrap() > 20 && found.to_string().contains("kept.txt: repeated first"), "{found}");
    assert_eq!(folder.lines(), [format!("{}  # panic", found.tape().unwrap())]);
    let before = STARTS.swap(0, Ordering::Relaxed);
    let again = folder.explore().runs(100_000).run(program).unwrap_err();
    assert_eq!((again.kind(), again.tape(), again.run()), (found.kind(), found.tape(), None));
    assert!(again.to_string().contains("kept from before, in ") && again.to_string().contains("kept.txt:2"), "{again}");
    assert!(STARTS.load(Ordering::Relaxed) < 10 && before > 20, "{STARTS:?} runs, and {before} at first");
    assert_eq!(folder.lines().len(), 1);
}

#[test]
fn a_run_in_which_nothing_was_chosen_is_not_kept() {
    let folder = Folder::new("no-choice");
    let failure = folder.explore().run(|| async { Err::<(), _>("no route") }).unwrap_err();
    assert_eq!((failure.kind(), failure.run()), (Some(FindingKind::Error), Some(0)));
    assert!(!folder.file().exists() && !failure.to_string().contains("kept in"), "{failure}");
}

#[test]
fn a_fixed_bug_passes_and_another_one_is_added() {
    let folder = Folder::new("another");
    let fails_at = |wrong: u32| {
        move || async move {
            assert_ne!(choose(30), wrong);
        }
    };
    assert!(folder.explore().run(fails_at(7)).is_err());
    let other = folder.explore().run(fails_at(8)).unwrap_err();
    assert!(other.run().is_some(), "{other}");
    assert_eq!(folder.lines().len(), 2);
    let passed = folder.explore().run(|| async { _ = choose(30) }).unwrap();
    assert!(passed.stale.is_empty());
}

/// What the mended program parks on purpose is no finding of the kept run either.
#[test]
fn a_kept_run_of_a_mended_program_that_parks_a_task_passes() {
    let folder = Folder::new("parks");
    let fails_at = |wrong: u32| {
        move || async move {
            drop(spawn(std::future::pending::<()>()));
            yield_now().await;
            assert_ne!(choose(4), wrong);
        }
    };
    assert!(folder.explore().run(fails_at(3)).is_err());
    let passed = folder.explore().run(fails_at(4)).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(passed.stale.is_empty());
}

#[test]
fn a_tape_that_no_longer_fits_is_reported_and_not_skipped() {
    let folder = Folder::new("stale");
    assert!(folder.explore().run(|| async { assert_ne!(choose(30), 7) }).is_err());
    let passed = folder.explore().run(|| async { _ = choose(31) }).unwrap();
    assert_eq!(passed.stale.len(), 1);
    let text = passed.to_string();
    assert!(
        text.contains("kept.txt:2 passes, but the tape fits `kept` only in part") && text.contains("31 answers"),
        "{text}"
    );
    // The bug is there still: as much of the tape as fits shows it.
    let failure = folder.explore().run(|| async { assert_ne!(choose(31), 7) }).unwrap_err();
    assert_eq!((failure.kind(), failure.run()), (Some(FindingKind::Panic), None));
    assert!(failure.to_string().contains("fits `kept` only in part"), "{failure}");
}

#[test]
fn a_file_that_cannot_be_read_is_a_clear_error() {
    let folder = Folder::new("broken");
    fs::write(folder.file(), "# a comment\n\nr1.nonsense\n").unwrap();
    let failure = folder.explore().run(|| async {}).unwrap_err();
    assert!(failure.kind().is_none() && failure.to_string().contains("kept.txt:3: "), "{failure}");
    fs::write(folder.file(), [0xff, 0xfe]).unwrap();
    let failure = folder.explore().run(|| async {}).unwrap_err();
    assert!(failure.to_string().contains("failed to read the kept runs"), "{failure}");
}

#[test]
fn where_nothing_can_be_written_the_failure_is_the_failure_still() {
    let folder = Folder::new("nowhere");
    fs::write(folder.0.join("file"), "").unwrap();
    // A file where the folder would be.
    let explore = explore().name("kept").regressions(folder.0.join("file").join("kept.txt"));
    let failure = explore.run(|| async { assert_eq!(choose(2), 2) }).unwrap_err();
    assert!(failure.kind() == Some(FindingKind::Panic) && failure.to_string().contains("not kept in "), "{failure}");
}

/// A test of this package that is to fail keeps nothing: the file would be in the package's folder.
#[reveille::test(runs = 2)]
#[should_panic(expected = "to be expected")]
async fn a_test_that_is_to_fail_keeps_nothing() {
    panic!("to be expected");
}

#[test]
fn no_test_of_this_package_keeps_anything() {
    assert!(std::panic::catch_unwind(a_test_that_is_to_fail_keeps_nothing).is_err());
    assert!(!PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("reveille-regressions").exists());
}
