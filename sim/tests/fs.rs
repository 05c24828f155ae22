//! Files: what programs see of them, that operations complete whoever waits, and that whatever a program does to them, nothing of
//! ours panics, hangs or differs from run to run.

#![cfg(not(loom))]

use std::cell::RefCell;
use std::io::{self, ErrorKind, SeekFrom};
use std::rc::Rc;
use std::sync::{LazyLock, Mutex};

use futures::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, FutureExt};
use reveille::fs::{self, Fault, File, Strikes};
use reveille::time::{Duration, Instant, sleep, timeout};
use reveille::{FindingKind, choose, explore, node, spawn};

async fn reopened(path: &str) -> io::Result<File> {
    File::options().read(true).write(true).open(path).await
}

#[test]
fn files_are_written_read_listed_and_removed() {
    explore()
        .runs(20)
        .run(|| async {
            fs::create_dir_all("a/b/c").await?;
            fs::create_dir_all("a/b/c").await?;
            fs::write("a/b/file", "hello").await?;
            assert_eq!(fs::copy("a/b/file", "a/copy").await?, 5);
            fs::rename("a/copy", "a/moved").await?;
            assert_eq!(
                (fs::read_to_string("a/moved").await?, fs::read("/a/b/../moved").await?),
                ("hello".into(), b"hello".into())
            );
            assert_eq!((fs::metadata("a/moved").await?.len(), fs::metadata("a").await?.is_dir()), (5, true));
            let mut names = Vec::new();
            let mut listed = fs::read_dir("a").await?;
            while let Some(entry) = listed.next_entry().await? {
                assert_eq!(entry.metadata().await?.is_dir(), entry.file_type().await?.is_dir());
                names.push((entry.path(), entry.file_name()));
            }
            names.sort();
            assert_eq!(names, [("a/b".into(), "b".into()), ("a/moved".into(), "moved".into())]);
            fs::remove_file("a/moved").await?;
            assert_eq!(fs::remove_dir("a").await.unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
            fs::remove_dir_all("a").await?;
            assert!(!fs::try_exists("a").await?);
            assert_eq!(fs::write("a/b", "").await.unwrap_err().kind(), ErrorKind::NotFound);
            fs::write("f", [0xff]).await?;
            assert_eq!(fs::read_to_string("f").await.unwrap_err().kind(), ErrorKind::InvalidData);
            assert_eq!(fs::create_dir_all("f/g").await.unwrap_err().kind(), ErrorKind::NotADirectory);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn reads_writes_and_seeks_share_one_cursor() {
    explore()
        .runs(50)
        .run(|| async {
            let mut file = File::create_new("f").await?;
            file.write_all(b"abcdef").await?;
            assert_eq!(file.seek(SeekFrom::Start(1)).await?, 1);
            let mut two = [0; 2];
            file.read_exact(&mut two).await?;
            file.write_all(b"X").await?;
            assert_eq!((&two, file.stream_position().await?), (b"bc", 4));
            file.set_len(5).await?;
            file.seek(SeekFrom::Start(0)).await?;
            let mut text = String::new();
            file.read_to_string(&mut text).await?;
            assert_eq!(text, "abcXe");
            assert_eq!(file.write_at(b"YZ", 4).await?, 2);
            let mut four = [0; 4];
            file.read_exact_at(&mut four, 2).await?;
            assert_eq!((&four, file.metadata().await?.len()), (b"cXYZ", 6));
            assert_eq!(file.read_exact_at(&mut four, 3).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_read_that_was_given_up_has_read_for_the_next_one() {
    explore()
        .runs(100)
        .run(|| async {
            fs::write("f", "abcdef").await?;
            let mut file = reopened("f").await?;
            // Read at most two bytes, for nobody.
            assert!(file.read(&mut [0; 2]).now_or_never().is_none());
            let mut all = [0; 6];
            let count = file.read(&mut all).await?;
            assert_eq!(&all[..count], b"ab");
            assert!(file.read(&mut [0; 3]).now_or_never().is_none());
            // Who writes, or asks where it is, has not read what was given up.
            file.write_all(b"XY").await?;
            file.flush().await?;
            assert_eq!(fs::read_to_string("f").await?, "abXYef");
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_write_that_was_given_up_is_written_whole_and_what_is_dropped_is_closed() {
    explore()
        .runs(100)
        .run(|| async {
            fs::write("f", "......").await?;
            let file = reopened("f").await?;
            let mut bytes = b"abc".to_vec();
            assert!(file.write_at(&bytes, 1).now_or_never().is_none());
            // The buffer is the operation's: nothing that is done to this one is seen.
            bytes.fill(b'!');
            drop(file);
            // A file that is made by a future that was dropped is made.
            assert!(File::create("g").now_or_never().is_none());
            sleep(Duration::from_millis(1)).await;
            assert_eq!((fs::read_to_string("f").await?.as_str(), fs::metadata("g").await?.len()), (".abc..", 0));
            let growth = reveille::cancel::leaks(20, || File::open("f")).await;
            assert_eq!(growth.open_files, 0);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn who_forgets_to_flush_is_found() {
    let program = |flushes: bool| {
        explore().run(move || async move {
            let mut file = File::create("f").await?;
            file.write_all(b"hello").await?;
            if flushes {
                file.flush().await?;
            }
            drop(file);
            assert_eq!(fs::read_to_string("f").await?, "hello");
            io::Result::Ok(())
        })
    };
    assert_eq!(program(false).unwrap_err().kind(), Some(FindingKind::Panic));
    program(true).unwrap();
}

#[test]
fn an_error_of_a_write_comes_with_what_is_called_next() {
    explore()
        .runs(20)
        .run(|| async {
            node("main").set_disk_capacity(1024);
            let mut file = File::create("f").await?;
            file.write_all(&[1; 1000]).await?;
            file.write_all(&[1; 1000]).await?;
            assert_eq!(file.sync_all().await.unwrap_err().kind(), ErrorKind::StorageFull);
            assert_eq!(file.metadata().await?.len(), 1024);
            file.set_len(600).await?;
            file.write_all(b"x").await?;
            assert_eq!(file.flush().await.unwrap_err().kind(), ErrorKind::StorageFull, "the cursor is beyond the end");
            fs::remove_file("f").await?;
            assert_eq!(fs::write("g", [1; 512]).await.unwrap_err().kind(), ErrorKind::StorageFull);
            drop(file);
            sleep(Duration::from_millis(1)).await;
            fs::write("g", [1; 512]).await
        })
        .unwrap();
}

#[test]
fn operations_take_time_and_overtake_each_other() {
    explore()
        .runs(200)
        .run(|| async {
            let start = Instant::now();
            let file = File::create("f").await?;
            file.sync_all().await?;
            let took = start.elapsed();
            assert!((Duration::from_micros(1_020)..=Duration::from_micros(10_200)).contains(&took), "{took:?}");
            let (one, two) = futures::join!(file.write_all_at(b"one", 0), file.write_all_at(b"two", 0));
            one.and(two)?;
            let last = fs::read("f").await?;
            reveille::sometimes!(last == b"one", "the first write comes last");
            reveille::sometimes!(last == b"two", "the second write comes last");
            assert!(last == b"one" || last == b"two");
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_file_used_after_its_node_crashed_is_an_error() {
    explore()
        .runs(100)
        .run(|| async {
            let (db, kept) = (node("db"), Rc::new(RefCell::new(None)));
            let there = Rc::clone(&kept);
            db.spawn(async move { *there.borrow_mut() = Some(File::create("f").await.unwrap()) }).await.unwrap();
            let mut file = kept.borrow_mut().take().unwrap();
            file.write_all(b"x").await?;
            // In the middle of an operation.
            let (_, synced) = futures::join!(async { db.crash() }, file.sync_all());
            assert_eq!(synced.unwrap_err().kind(), ErrorKind::Other);
            file.write_all(b"x").await?;
            assert!(file.flush().await.is_err() && file.metadata().await.is_err());
            // The disk is that of the node on which it was opened.
            assert!(!fs::try_exists("f").await?);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_file_used_after_its_run_is_an_error_and_dropping_it_is_nothing() {
    static KEPT: Mutex<Option<File>> = Mutex::new(None);
    explore()
        .runs(5)
        .run(|| async {
            let file = File::create("f").await?;
            let old = KEPT.lock().unwrap().replace(file);
            if let Some(mut old) = old {
                assert!(old.write(b"x").await.is_err() && old.metadata().await.is_err());
            }
            io::Result::Ok(())
        })
        .unwrap();
    drop(KEPT.lock().unwrap().take());
}

#[test]
fn files_are_dropped_during_teardown() {
    struct Closes(Option<File>);
    impl Drop for Closes {
        fn drop(&mut self) {
            let file = self.0.take().unwrap();
            assert!(file.sync_all().now_or_never().unwrap().is_err(), "the run is over");
            assert!(fs::write("g", "x").now_or_never().unwrap().is_err());
        }
    }
    explore()
        .runs(20)
        .run(|| async {
            let file = Closes(Some(File::create("f").await?));
            drop(reveille::task::Builder::new().daemon(true).spawn(async move {
                let _file = file;
                sleep(Duration::from_secs(1_000_000)).await;
            }));
            reveille::yield_now().await;
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn a_task_that_waits_for_a_stalled_disk_is_named_and_goes_on_when_it_is_released() {
    let failure = explore()
        .runs(1)
        .run(|| async {
            let log = File::create("log").await?;
            node("main").stall_disk();
            log.sync_all().await
        })
        .unwrap_err();
    let text = failure.to_string();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{text}");
    assert!(text.contains("for `sync log`, asked for at 20µs, on a disk that is stalled"), "{text}");
    assert!(text.contains("awaits  sim/tests/fs.rs:"), "{text}");
    explore()
        .runs(50)
        .run(|| async {
            let log = File::create("log").await?;
            node("main").stall_disk();
            assert!(timeout(Duration::from_secs(9), log.sync_all()).await.is_err());
            node("main").release_disk();
            log.sync_all().await
        })
        .unwrap();
}

#[test]
fn a_report_shows_what_was_done_to_files_and_when() {
    let failure = explore()
        .runs(1)
        .run(|| async {
            fs::write("journal", "x").await.unwrap();
            fs::File::open("none").await.unwrap();
        })
        .unwrap_err();
    let lost = explore().run(|| async {
        node("db").spawn(fs::write("journal", "x")).await.unwrap().unwrap();
        node("db").crash();
        assert!(node("db").spawn(fs::try_exists("journal")).await.unwrap().unwrap());
    });
    let lost = lost.unwrap_err().to_string();
    assert!(lost.contains("a crash took what was not synced, changes of names undone: 1"), "{lost}");
    let text = failure.to_string();
    for told in ["time is 40µs, write 1 byte at 0 of `journal`", "open `none`: entity not found"] {
        assert!(text.contains(told), "{text}");
    }
}

/// Paths and places that nothing has.
#[test]
fn bad_paths_and_places_are_errors() {
    explore()
        .runs(1)
        .run(|| async {
            let file = File::create("f").await?;
            for path in ["", "a\0b", &"n".repeat(256), &"d/".repeat(4000), "f/..", "none/..", "f/x"] {
                assert!(File::open(path).await.is_err() && fs::create_dir(path).await.is_err(), "{path:.20}");
                assert!(fs::rename("f", path).await.is_err() && fs::read_dir(path).await.is_err(), "{path:.20}");
            }
            assert_eq!(fs::metadata("/../../f").await?.len(), 0);
            assert!(file.write_all_at(b"x", u64::MAX).await.is_err() && file.set_len(u64::MAX).await.is_err());
            // Holes cost nothing.
            file.write_all_at(b"x", 1 << 43).await?;
            assert_eq!(file.metadata().await?.len(), (1 << 43) + 1);
            assert_eq!(file.set_len(1 << 50).await.unwrap_err().kind(), ErrorKind::FileTooLarge);
            assert_eq!(File::options().open("f").await.unwrap_err().kind(), ErrorKind::InvalidInput);
            io::Result::Ok(())
        })
        .unwrap();
}

static STRIKES: LazyLock<Mutex<Strikes>> = LazyLock::new(Mutex::default);

/// Does one thing or another to files, again and again, and bears whatever comes of it.
async fn anything(turns: u32) {
    let paths = ["a", "b", "d", "d/a", "d/b", "d/..", "none/x"];
    let path = || paths[choose(paths.len() as u32) as usize];
    let mut files = Vec::new();
    for _ in 0..turns {
        let file = choose(3) as usize % files.len().max(1);
        let file: Option<&mut File> = files.get_mut(file);
        match (choose(16), file) {
            (0, _) => drop(fs::create_dir(path()).await),
            (1, _) => drop(fs::remove_file(path()).await),
            (2, _) => drop(fs::rename(path(), path()).await),
            (3, _) => drop(fs::remove_dir_all(path()).await),
            (4, _) => drop(fs::read_dir(path()).await),
            (5, _) => drop(fs::write(path(), [7; 700]).await),
            (6, Some(file)) => drop(file.write(&[1; 3_000]).await),
            (7, Some(file)) => drop(file.read(&mut [0; 800]).await),
            (8, Some(file)) => drop(file.sync_all().await),
            (9, Some(file)) => drop(timeout(Duration::from_micros(30), file.sync_all()).await),
            (10, Some(file)) => drop(file.seek(SeekFrom::End(i64::from(choose(4)) - 2)).now_or_never()),
            (11, Some(file)) => drop(file.set_len(u64::from(choose(3)) * 1000).await),
            (12, Some(file)) => drop(file.write_at(&[2; 900], u64::from(choose(3)) * 500).await),
            (13, Some(file)) => drop(file.read_at(&mut [0; 900], 100).now_or_never()),
            (14, Some(_)) => drop(files.pop()),
            (15, _) if choose(4) == 1 => node("db").crash(),
            _ => {
                let mut options = File::options();
                options.read(choose(2) == 0).write(choose(2) == 0).append(choose(4) == 1);
                files.extend(options.create(choose(2) == 0).truncate(choose(3) == 1).open(path()).await);
            }
        }
    }
}

#[test]
fn whatever_a_program_does_is_survived_and_repeatable() {
    for (faults, runs) in [("off", 500), ("light", 500), ("heavy", 2_000)] {
        explore()
            .runs(runs)
            .faults(faults)
            .run(|| async {
                let (here, there) = (spawn(anything(12)), node("db").spawn(anything(20)));
                here.await.unwrap();
                let _ = there.await;
                node("db").crash();
                STRIKES.lock().unwrap().add(&fs::strikes());
            })
            .unwrap();
    }
    let strikes = STRIKES.lock().unwrap();
    let of_files = [Fault::ShortRead, Fault::ShortWrite, Fault::Interrupted].into_iter();
    for fault in of_files.chain(Fault::ALL.into_iter().filter(|fault| fault.is_of_files())) {
        assert!(strikes.of(fault) > 0, "{fault:?} never struck: {strikes}");
    }
}

#[test]
fn nothing_strikes_unless_asked_for_and_nothing_after_heal() {
    explore()
        .faults("heavy")
        .run(|| async {
            anything(10).await;
            reveille::net::heal();
            let before = fs::strikes().total();
            for name in ["x", "y", "z"] {
                fs::write(name, [1; 2_000]).await?;
                File::open(name).await?.sync_all().await?;
                assert_eq!(fs::read(name).await?.len(), 2_000);
            }
            assert_eq!(fs::strikes().total(), before);
            io::Result::Ok(())
        })
        .unwrap();
    explore().run(|| async { anything(20).await }).unwrap();
}

/// Code under test may be spawned on several threads elsewhere.
#[test]
fn files_and_their_futures_are_send() {
    fn is_send<T: Send>(_: T) {}
    fn is_sync<T: Sync>() {}
    is_sync::<File>();
    is_send(File::open("f"));
    is_send(fs::remove_dir_all("f"));
    is_send(async {
        let mut file = File::create("f").await?;
        file.write_all(b"x").await?;
        file.sync_all().await
    });
}

#[test]
fn disks_are_their_nodes_and_their_runs() {
    explore()
        .runs(20)
        .run(|| async {
            assert!(!fs::try_exists("f").await?, "left by another run");
            fs::write("f", "main").await?;
            let seen = node("db").spawn(async {
                let before = fs::try_exists("f").await?;
                fs::write("f", "db").await?;
                io::Result::Ok((before, spawn(fs::read_to_string("f")).await.unwrap()?))
            });
            assert_eq!((seen.await.unwrap()?, fs::read_to_string("f").await?), ((false, "db".into()), "main".into()));
            io::Result::Ok(())
        })
        .unwrap();
}
