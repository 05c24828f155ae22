//! Programs that keep something in files, crash, and are right.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::rc::Rc;

use futures::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use futures::{StreamExt as _, TryStreamExt as _};
use reveille::fs::{self, File};
use reveille::time::{Duration, interval, sleep, timeout};
use reveille::{choose, explore, node, spawn};
use tokio::sync::{Mutex, mpsc, watch};

use super::{ms, quiet};

async fn sync_directory() -> io::Result<()> {
    File::open(".").await?.sync_all().await
}

/// Replaces a file as a whole.
async fn replace(path: &str, text: &str) -> io::Result<()> {
    // Of the text's own: a write that was given up may still come.
    let new = format!("{path}.{}.new", text.trim());
    fs::write(&new, text).await?;
    File::open(&new).await?.sync_all().await?;
    fs::rename(&new, path).await?;
    sync_directory().await
}

/// Settings that are saved by many and read by many, on a node that crashes: what was saved last, or what was being saved.
#[test]
fn settings_that_are_replaced_as_a_whole() {
    quiet(|| async {
        let (db, saved) = (node("db"), Rc::new(Cell::new(0)));
        for life in 1..=3_u32 {
            let saved = saved.clone();
            let work = move || async move {
                if saved.get() > 0 {
                    let found: u32 = fs::read_to_string("settings").await.unwrap().parse().unwrap();
                    assert!(found >= saved.get(), "{found} is older than {}", saved.get());
                }
                for nth in 0..3 {
                    let number = life * 10 + nth;
                    replace("settings", &number.to_string()).await.unwrap();
                    saved.set(number);
                    let read = [(); 3].map(|()| spawn(fs::read_to_string("settings")));
                    for read in read {
                        assert_eq!(read.await.unwrap().unwrap(), number.to_string());
                    }
                }
            };
            drop(db.spawn(work()));
            sleep(ms(1) * choose(30)).await;
            db.crash();
        }
        let found = db.spawn(fs::read_to_string("settings")).await.unwrap();
        assert!(found.is_ok() || saved.get() == 0);
    });
}

/// A journal of lines, one task to write, others to ask it; groups of lines share a sync.
#[test]
fn a_journal_that_syncs_groups_of_lines() {
    async fn write(mut lines: mpsc::Receiver<(String, tokio::sync::oneshot::Sender<()>)>) -> io::Result<()> {
        let mut file = File::options().append(true).create(true).open("journal").await?;
        sync_directory().await?;
        while let Some(first) = lines.recv().await {
            let mut group = vec![first];
            while let Ok(next) = lines.try_recv() {
                group.push(next);
            }
            for (line, _) in &group {
                file.write_all(format!("{line}\n").as_bytes()).await?;
            }
            file.sync_data().await?;
            // Who has given up does not hear it.
            for (_, done) in group {
                let _ = done.send(());
            }
        }
        Ok(())
    }

    quiet(|| async {
        let (sender, receiver) = mpsc::channel(8);
        let written = Rc::new(RefCell::new(Vec::new()));
        let there = written.clone();
        let db = node("db");
        drop(db.spawn(write(receiver)));
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let (sender, written) = (sender.clone(), there.clone());
                spawn(async move {
                    for nth in 0..3 {
                        let (done, heard) = tokio::sync::oneshot::channel();
                        let line = format!("{client}-{nth}");
                        if sender.send((line.clone(), done)).await.is_err() || heard.await.is_err() {
                            return;
                        }
                        written.borrow_mut().push(line);
                    }
                })
            })
            .collect();
        drop(sender);
        sleep(ms(1) * choose(40)).await;
        db.crash();
        for client in clients {
            client.await.unwrap();
        }
        let found = db.spawn(fs::read("journal")).await.unwrap().unwrap_or_default();
        let found: Vec<String> = String::from_utf8_lossy(&found).lines().map(str::to_owned).collect();
        for line in written.borrow().iter() {
            assert!(found.contains(line), "{line} was written, and is not among {found:?}");
        }
    });
}

/// Reads with time-outs: what is given up is done all the same, and harms nobody.
#[test]
fn operations_that_are_given_up() {
    quiet(|| async {
        fs::write("words", "one\ntwo\nthree\n").await.unwrap();
        let file = File::open("words").await.unwrap();
        let mut lines = BufReader::new(file).lines();
        let mut words = Vec::new();
        let mut patience = interval(Duration::from_micros(30));
        loop {
            tokio::select! {
                biased;
                line = lines.next() => match line {
                    Some(line) => words.push(line.unwrap()),
                    None => break,
                },
                _ = patience.tick() => {}
            }
        }
        assert_eq!(words, ["one", "two", "three"]);
        for _ in 0..5 {
            let _ = timeout(Duration::from_micros(u64::from(choose(60)) * 30), replace("words", "four\n")).await;
        }
        replace("words", "five\n").await.unwrap();
        let lines = BufReader::new(File::open("words").await.unwrap()).lines();
        assert_eq!(lines.try_collect::<Vec<_>>().await.unwrap(), ["five"]);
    });
}

/// A lock file, as programs make them: whoever makes it has it.
#[test]
fn a_lock_file() {
    quiet(|| async {
        let (inside, turns) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (inside, turns) = (inside.clone(), turns.clone());
                spawn(async move {
                    while let Err(error) = File::create_new("lock").await {
                        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
                        sleep(ms(1)).await;
                    }
                    assert!(!inside.replace(true), "two have the lock");
                    sleep(ms(2)).await;
                    inside.set(false);
                    turns.set(turns.get() + 1);
                    fs::remove_file("lock").await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(turns.get(), 3);
    });
}

/// A file behind a lock, saved in the background when it has changed, and once more at the end.
#[test]
fn a_value_that_is_saved_in_the_background() {
    quiet(|| async {
        let (changed, mut changes) = watch::channel(0_u32);
        let file = Rc::new(Mutex::new(File::create_new("value").await.unwrap()));
        let saver = {
            let file = file.clone();
            spawn(async move {
                while changes.changed().await.is_ok() {
                    let value = *changes.borrow_and_update();
                    let file = file.lock().await;
                    file.write_all_at(&value.to_le_bytes(), 0).await.unwrap();
                    file.sync_all().await.unwrap();
                }
            })
        };
        for value in 1..=10 {
            changed.send(value).unwrap();
            sleep(Duration::from_micros(300) * choose(3)).await;
        }
        drop(changed);
        saver.await.unwrap();
        let mut bytes = [0; 4];
        file.lock().await.read_exact_at(&mut bytes, 0).await.unwrap();
        assert_eq!(u32::from_le_bytes(bytes), 10);
    });
}

/// Under faults a program that takes every error for what it is, and goes on from what it has, is right.
#[test]
fn a_counter_that_bears_faults() {
    let passed = explore().runs(200).faults("heavy").run(|| async {
        let (db, counted) = (node("db"), Rc::new(Cell::new(0_u64)));
        for _ in 0..3 {
            let counted = counted.clone();
            let count = async move {
                let before = match fs::read_to_string("count").await {
                    Ok(text) => text.parse().unwrap(),
                    Err(error) if error.kind() == ErrorKind::NotFound => 0,
                    Err(error) => return Err(error),
                };
                assert!(before >= counted.get(), "counted {}, and found {before}", counted.get());
                for count in before + 1..before + 4 {
                    // After an error nobody knows; but a file that was not renamed is nobody's.
                    replace("count", &count.to_string()).await?;
                    counted.set(count);
                }
                io::Result::Ok(())
            };
            drop(db.spawn(count));
            sleep(ms(1) * choose(30)).await;
            db.crash();
        }
    });
    passed.expect("a correct program was accused");
}
