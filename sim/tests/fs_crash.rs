//! What a crash leaves of a disk: which outcomes there are, that each of them comes, and that no other does.

#![cfg(not(loom))]

use std::collections::BTreeSet;
use std::io;
use std::sync::Mutex;

use reveille::fs::{self, File};
use reveille::{explore, node};

/// The outcomes of `program`, run on a node that crashes at its end, as `look` sees them.
fn outcomes<P, L>(program: impl Fn() -> P + Sync, look: impl Fn() -> L + Sync) -> BTreeSet<String>
where
    P: Future<Output = io::Result<()>> + 'static,
    L: Future<Output = String> + 'static,
{
    let seen: &'static Mutex<BTreeSet<String>> = Box::leak(Box::default());
    explore()
        .run(|| {
            let (program, look) = (program(), look());
            async move {
                node("db").spawn(program).await.unwrap().unwrap();
                node("db").crash();
                let found = node("db").spawn(look).await.unwrap();
                seen.lock().unwrap().insert(found);
            }
        })
        .unwrap();
    seen.lock().unwrap().clone()
}

/// What `path` holds: the letters, each once for a sector; `-` if there is none of that name.
async fn held(path: &str) -> String {
    let Ok(bytes) = fs::read(path).await else { return "-".into() };
    bytes.iter().step_by(512).map(|byte| if *byte == 0 { '0' } else { char::from(*byte) }).collect()
}

async fn sync(path: &str) -> io::Result<()> {
    File::open(path).await?.sync_all().await
}

fn set<const N: usize>(outcomes: [&str; N]) -> BTreeSet<String> {
    outcomes.into_iter().map(str::to_owned).collect()
}

#[test]
fn a_new_file_needs_both_syncs() {
    let unsynced = outcomes(|| fs::write("f", "a"), || held("f"));
    assert_eq!(unsynced, set(["-", "", "0", "a"]));
    let named = outcomes(
        || async {
            fs::write("f", "a").await?;
            sync(".").await
        },
        || held("f"),
    );
    assert_eq!(named, set(["", "0", "a"]));
    let written = outcomes(
        || async {
            fs::write("f", "a").await?;
            sync("f").await
        },
        || held("f"),
    );
    assert_eq!(written, set(["-", "a"]));
    let safe = outcomes(
        || async {
            fs::write("f", "a").await?;
            sync("f").await?;
            sync(".").await
        },
        || held("f"),
    );
    assert_eq!(safe, set(["a"]));
}

#[test]
fn what_is_overwritten_is_torn_by_sectors_and_not_within_them() {
    let torn = outcomes(
        || async {
            fs::write("f", [b'a'; 1536]).await?;
            sync("f").await?;
            sync(".").await?;
            File::options().write(true).open("f").await?.write_all_at(&[b'b'; 1536], 0).await
        },
        || async {
            let bytes = fs::read("f").await.unwrap();
            assert!(bytes.chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
            held("f").await
        },
    );
    assert_eq!(torn, set(["aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"]));
}

#[test]
fn a_rename_is_whole_and_may_be_undone_until_the_directory_is_synced() {
    async fn replace() -> io::Result<()> {
        fs::write("f", "a").await?;
        sync("f").await?;
        sync(".").await?;
        fs::write("new", "b").await?;
        sync("new").await?;
        fs::rename("new", "f").await
    }
    async fn both() -> String {
        held("f").await + " " + &held("new").await
    }
    assert_eq!(outcomes(replace, both), set(["a -", "a b", "b -"]));
    let synced = outcomes(
        || async {
            replace().await?;
            sync(".").await
        },
        both,
    );
    assert_eq!(synced, set(["b -"]));
}

#[test]
fn a_rename_may_overtake_the_bytes_that_were_written_before() {
    let replaced = outcomes(
        || async {
            fs::write("f", "a").await?;
            sync("f").await?;
            sync(".").await?;
            fs::write("new", "b").await?;
            fs::rename("new", "f").await?;
            sync(".").await
        },
        || held("f"),
    );
    assert_eq!(replaced, set(["", "0", "b"]), "the empty file that programs found after a crash");
}

#[test]
fn a_rename_into_another_directory_is_safe_with_either() {
    for directory in ["one", "two"] {
        let moved = outcomes(
            move || async move {
                fs::create_dir("one").await?;
                fs::create_dir("two").await?;
                fs::write("one/f", "a").await?;
                for path in ["one/f", "one", "."] {
                    sync(path).await?;
                }
                fs::rename("one/f", "two/g").await?;
                sync(directory).await
            },
            || async { held("one/f").await + " " + &held("two/g").await },
        );
        assert_eq!(moved, set(["- a"]), "{directory}");
    }
}

#[test]
fn what_was_removed_may_come_back_until_the_directory_is_synced() {
    let made = || async {
        fs::write("f", "a").await?;
        sync("f").await?;
        sync(".").await?;
        fs::remove_file("f").await
    };
    assert_eq!(outcomes(made, || held("f")), set(["-", "a"]));
    let synced = outcomes(
        move || async move {
            made().await?;
            sync(".").await
        },
        || held("f"),
    );
    assert_eq!(synced, set(["-"]));
}

#[test]
fn a_directory_is_lost_with_all_that_is_in_it() {
    let kept = outcomes(
        || async {
            fs::create_dir("d").await?;
            fs::write("d/f", "a").await?;
            sync("d/f").await?;
            sync("d").await
        },
        || held("d/f"),
    );
    assert_eq!(kept, set(["-", "a"]));
}

#[test]
fn what_was_cut_off_may_come_back_and_what_is_added_may_be_zeros() {
    let cut = outcomes(
        || async {
            fs::write("f", [b'a'; 1024]).await?;
            sync("f").await?;
            sync(".").await?;
            let file = File::options().write(true).open("f").await?;
            file.set_len(512).await?;
            file.write_all_at(&[b'b'; 512], 512).await
        },
        || held("f"),
    );
    assert_eq!(cut, set(["a", "a0", "aa", "ab"]));
}

/// The dullest crash is that of the process: nothing is lost.
#[test]
fn seed_0_loses_nothing() {
    explore()
        .runs(1)
        .run(|| async {
            let db = node("db");
            db.spawn(async { fs::write("f", [b'a'; 5_000]).await }).await.unwrap()?;
            db.crash();
            assert_eq!(db.spawn(held("f")).await.unwrap(), "aaaaaaaaaa");
            io::Result::Ok(())
        })
        .unwrap();
}

/// PostgreSQL's surprise of 2018: the sync fails, the second one succeeds, and the data was never written.
#[test]
fn after_a_sync_that_failed_a_second_one_proves_nothing() {
    let program = |again: bool| {
        explore().faults("heavy").runs(5_000).run(move || async move {
            let db = node("db");
            let synced = db.spawn(async move {
                let file = File::create("f").await?;
                sync(".").await?;
                file.write_all_at(b"a", 0).await?;
                match file.sync_all().await {
                    Err(_) if again => file.sync_all().await,
                    synced => synced,
                }
            });
            let synced = synced.await.unwrap().is_ok();
            reveille::net::heal();
            db.crash();
            let found = db.spawn(held("f")).await.unwrap();
            assert!(!synced || found == "a", "it was synced, and is `{found}`");
        })
    };
    program(false).unwrap();
    let failure = program(true).unwrap_err();
    assert!(
        failure.to_string().contains("it was synced, and is `0`") || failure.to_string().contains("and is ``"),
        "{failure}"
    );
}
