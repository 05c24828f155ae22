//! A write-ahead log: what it has acknowledged is there after a crash.
//!
//! Three mistakes. It acknowledges what has been written and not synced. It syncs the file and forgets the directory, so that after a
//! crash there may be no file of that name. It tries a sync again that has failed, and takes the second answer for the
//! truth: the kernel has marked as clean what it could not write, and has nothing left to fail on (PostgreSQL, 2018).

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use futures::AsyncWriteExt as _;
use reveille::fs::{File, read};
use reveille::time::{Duration, sleep};
use reveille::{choose, explore, node};

use super::Explored;

/// What is left out, or done too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    None,
    NoSync,
    NoDirectorySync,
    SyncAgain,
}

/// A record in the file: its length and its checksum, four bytes each, and the record.
const HEAD: usize = 8;

struct Log {
    file: File,
    mistake: Mistake,
}

impl Log {
    /// Opens the log, or makes it. Returns what it holds as well: what follows a record that is not whole is cut off.
    async fn open(mistake: Mistake) -> io::Result<(Self, Vec<Vec<u8>>)> {
        let file = File::options().append(true).create(true).open("log").await?;
        let (records, length) = records(&read("log").await?);
        file.set_len(length).await?;
        let mut log = Self { file, mistake };
        log.sync().await?;
        if mistake != Mistake::NoDirectorySync {
            File::open(".").await?.sync_all().await?;
        }
        Ok((log, records))
    }

    /// Adds a record. Once this returns it survives whatever happens; after an error nobody knows, and the log must be opened anew.
    async fn append(&mut self, record: &[u8]) -> io::Result<()> {
        let mut bytes = (record.len() as u32).to_le_bytes().to_vec();
        bytes.extend(checksum(record).to_le_bytes());
        bytes.extend(record);
        self.file.write_all(&bytes).await?;
        self.file.flush().await?;
        self.sync().await
    }

    async fn sync(&mut self) -> io::Result<()> {
        if self.mistake == Mistake::NoSync {
            return Ok(());
        }
        match self.file.sync_data().await {
            Err(_) if self.mistake == Mistake::SyncAgain => self.file.sync_data().await,
            synced => synced,
        }
    }
}

/// The records at the start of `bytes` that are whole, and how many bytes they take.
fn records(mut bytes: &[u8]) -> (Vec<Vec<u8>>, u64) {
    let (mut records, mut taken) = (Vec::new(), 0);
    while let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() {
        let [length, sum] = [&head[..4], &head[4..]].map(|part| u32::from_le_bytes(part.try_into().unwrap()));
        let Some(record) = rest.get(..length as usize).filter(|record| checksum(record) == sum) else { break };
        records.push(record.to_vec());
        taken += (HEAD + record.len()) as u64;
        bytes = &rest[record.len()..];
    }
    (records, taken)
}

/// FNV-1a; not 0 for an empty record, so that zeros are none.
fn checksum(record: &[u8]) -> u32 {
    record.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The record of that number: most fill more than one sector.
fn record(number: usize) -> Vec<u8> {
    vec![number as u8 + 1; 100 + 300 * (number % 5)]
}

/// Opens the log and adds to it, from one crash to the next.
async fn life(mistake: Mistake, acknowledged: Rc<Cell<usize>>) -> io::Result<()> {
    let (mut log, found) = Log::open(mistake).await?;
    assert!(
        found.len() >= acknowledged.get(),
        "an acknowledged record is gone: {} of {}",
        found.len(),
        acknowledged.get()
    );
    assert!(found.iter().enumerate().all(|(at, found)| *found == record(at)), "a record is not what was written");
    for number in found.len()..found.len() + 4 {
        log.append(&record(number)).await?;
        acknowledged.set(number + 1);
    }
    Ok(())
}

pub(crate) async fn crashes(mistake: Mistake) {
    let (db, acknowledged) = (node("db"), Rc::new(Cell::new(0)));
    for _ in 0..3 {
        // An error ends this life, as it should; what is asserted in it is for the report.
        drop(db.spawn(life(mistake, acknowledged.clone())));
        sleep(Duration::from_micros(500) * choose(16)).await;
        db.crash();
    }
    reveille::net::heal();
    db.spawn(life(mistake, acknowledged)).await.unwrap().unwrap();
}

/// What is written and not synced is lost.
pub(crate) fn broken() -> Explored {
    explore().name("wal, without sync").run(|| crashes(Mistake::NoSync))
}

/// The whole log is lost: its bytes are safe, under no name.
pub(crate) fn broken_by_name() -> Explored {
    explore().name("wal, without a sync of the directory").run(|| crashes(Mistake::NoDirectorySync))
}

/// The sync that failed was the only one to tell.
pub(crate) fn broken_by_retry() -> Explored {
    explore().name("wal, syncs again").faults("heavy").run(|| crashes(Mistake::SyncAgain))
}

/// Nothing is lost.
pub(crate) fn mended() -> Explored {
    explore().name("wal, mended").faults("heavy").run(|| crashes(Mistake::None))
}
