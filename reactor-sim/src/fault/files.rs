//! Faults of files: what every file system may legally do.

use std::io::{self, ErrorKind, SeekFrom};
use std::path::Path;

use reveille_executor::{Choose, Kind};

use super::calls::shortened;
use super::menu::Menu;
use super::{Fault, Faults, Strikes};
use crate::disk::Disk;
use crate::disk::errors::input_output;
use crate::files::{Entry, FileId, Files, Metadata, OpenHow};

/// Whether, and how, an operation on files meets a fault.
///
/// ```
/// use std::path::Path;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::fault::{FILE, Fault, Faults, FaultyFiles, Strikes};
/// use reveille_reactor::{Files, OpenHow};
///
/// /// Whatever may go wrong with files does, and nothing else.
/// struct BadDisks;
/// impl Choose for BadDisks {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         u32::from(point.kind == FILE)
///     }
/// }
///
/// let (mut disk, faults, strikes) = (Disk::default(), Faults::OFF.with(Fault::SyncFailed), Strikes::default());
/// let file = disk.open(Path::new("/f"), OpenHow::CREATE)?;
/// let (disk, choose, is_brimming) = (&mut disk, &mut BadDisks, &mut false);
/// let mut files = FaultyFiles { disk, choose, faults: &faults, strikes: &strikes, is_brimming };
/// assert!(files.sync(file).is_err());
/// # std::io::Result::Ok(())
/// ```
pub const FILE: Kind = Kind::new(b'j');

/// What a crash leaves of what was not synced. No fault but the nature of disks: asked without faults as well.
///
/// ```
/// use std::path::Path;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::disk::Storage;
/// use reveille_reactor::fault::{CRASH, Fault, Strikes};
/// use reveille_reactor::net::NodeId;
///
/// /// A crash takes what it may.
/// struct BadCrashes;
/// impl Choose for BadCrashes {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         u32::from(point.kind == CRASH)
///     }
/// }
///
/// let (mut storage, here, strikes) = (Storage::default(), NodeId::default(), Strikes::default());
/// storage.paths(here).make_socket(Path::new("/app.sock"))?; // a name, which nobody syncs
/// storage.crash(here, &mut BadCrashes, &strikes);
/// assert_eq!(strikes.of(Fault::NameUndone), 1);
/// # std::io::Result::Ok(())
/// ```
pub const CRASH: Kind = Kind::new(b'q');

/// A disk on which calls come back short or interrupted, that is full at times, and whose syncs fail.
///
/// What a failed sync was to make safe is lost at the next crash, even if a second sync succeeds: its pages were marked clean.
///
/// ```
/// use std::io::ErrorKind;
/// use std::path::Path;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::disk::Disk;
/// use reveille_reactor::fault::{Fault, Faults, FaultyFiles, Strikes};
/// use reveille_reactor::{Files, OpenHow};
/// # struct One;
/// # impl Choose for One {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         1
/// #     }
/// # }
///
/// // `One`: the answer to every question is 1.
/// let (mut disk, faults) = (Disk::default(), Faults::OFF.with(Fault::DiskFull));
/// let strikes = Strikes::default();
/// let mut files =
///     FaultyFiles { disk: &mut disk, choose: &mut One, faults: &faults, strikes: &strikes, is_brimming: &mut false };
/// assert_eq!(files.open(Path::new("/f"), OpenHow::CREATE).unwrap_err().kind(), ErrorKind::StorageFull);
/// assert!(disk.metadata(Path::new("/f")).is_err()); // the disk below was not asked
/// assert_eq!(strikes.of(Fault::DiskFull), 1);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct FaultyFiles<'a, C: ?Sized> {
    /// The disk without faults.
    pub disk: &'a mut Disk,
    /// What answers.
    pub choose: &'a mut C,
    /// How bad it is.
    pub faults: &'a Faults,
    /// What struck.
    pub strikes: &'a Strikes,
    /// The disk took a part of a write and has no room for more: the next write fails.
    pub is_brimming: &'a mut bool,
}

impl<C: Choose + ?Sized> FaultyFiles<'_, C> {
    /// Which fault of `menu` strikes, if one does.
    fn strike(&mut self, menu: &[Fault]) -> Option<Fault> {
        self.strike_but(menu, &[])
    }

    /// The same, where those of `idle` would come to nothing.
    fn strike_but(&mut self, menu: &[Fault], idle: &[Fault]) -> Option<Fault> {
        Menu { kind: FILE, sorts: menu, idle, usual: self.faults.calls() }.strikes(self.faults, self.choose)
    }

    fn failed<R>(&mut self, fault: Fault) -> io::Result<R> {
        self.strikes.note(fault);
        Err(match fault {
            Fault::DiskFull => ErrorKind::StorageFull.into(),
            Fault::SyncFailed => input_output(),
            _ => ErrorKind::Interrupted.into(),
        })
    }

    /// How many of `length` bytes a call is given, of `fault`'s sort: fewer.
    fn short(&mut self, fault: Fault, length: usize) -> usize {
        shortened(self.choose, FILE, self.faults.rate(fault).is_some(), length)
    }

    /// Whether there is something behind the `count` bytes that were read `at` an offset, or where the file stood before. What gives all
    /// that there is is not short.
    fn has_more(&mut self, file: FileId, at: Option<u64>, count: usize) -> bool {
        let end = match at {
            Some(at) => Ok(at + count as u64),
            None => self.disk.seek(file, SeekFrom::Current(0)),
        };
        end.and_then(|end| self.disk.read(file, Some(end), &mut [0])).is_ok_and(|more| more > 0)
    }
}

impl<C: Choose + ?Sized> Files for FaultyFiles<'_, C> {
    fn open(&mut self, path: &Path, how: OpenHow) -> io::Result<FileId> {
        let makes = (how.create || how.create_new) && self.disk.metadata(path).is_err();
        match if makes { self.strike(&[Fault::DiskFull]) } else { None } {
            None => self.disk.open(path, how),
            Some(fault) => self.failed(fault),
        }
    }

    fn read(&mut self, file: FileId, at: Option<u64>, buffer: &mut [u8]) -> io::Result<usize> {
        let idle: &[Fault] = if buffer.len() > 1 { &[] } else { &[Fault::ShortRead] };
        match self.strike_but(&[Fault::ShortRead, Fault::Interrupted], idle) {
            None => self.disk.read(file, at, buffer),
            Some(Fault::ShortRead) if buffer.len() > 1 => {
                let length = self.short(Fault::ShortRead, buffer.len());
                let count = self.disk.read(file, at, &mut buffer[..length])?;
                if count == length && self.has_more(file, at, count) {
                    self.strikes.note(Fault::ShortRead);
                }
                Ok(count)
            }
            Some(Fault::ShortRead) => self.disk.read(file, at, buffer),
            Some(fault) => self.failed(fault),
        }
    }

    fn write(&mut self, file: FileId, at: Option<u64>, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::take(self.is_brimming) {
            return self.failed(Fault::DiskFull);
        }
        let idle: &[Fault] = if bytes.len() > 1 { &[] } else { &[Fault::ShortWrite] };
        match self.strike_but(&[Fault::ShortWrite, Fault::Interrupted, Fault::DiskFull], idle) {
            None => self.disk.write(file, at, bytes),
            Some(fault @ (Fault::ShortWrite | Fault::DiskFull)) if bytes.len() > 1 => {
                let length = self.short(fault, bytes.len());
                let count = self.disk.write(file, at, &bytes[..length])?;
                match fault {
                    Fault::DiskFull => *self.is_brimming = true,
                    _ => self.strikes.note(fault),
                }
                Ok(count)
            }
            Some(Fault::ShortWrite) => self.disk.write(file, at, bytes),
            Some(fault) => self.failed(fault),
        }
    }

    fn seek(&mut self, file: FileId, to: SeekFrom) -> io::Result<u64> {
        self.disk.seek(file, to)
    }

    fn sync(&mut self, file: FileId) -> io::Result<()> {
        match self.strike(&[Fault::SyncFailed]) {
            None => self.disk.sync(file),
            Some(fault) => {
                self.disk.fail_to_sync(file);
                self.failed(fault)
            }
        }
    }

    fn set_len(&mut self, file: FileId, len: u64) -> io::Result<()> {
        self.disk.set_len(file, len)
    }

    fn metadata_of(&mut self, file: FileId) -> io::Result<Metadata> {
        self.disk.metadata_of(file)
    }

    fn metadata(&mut self, path: &Path) -> io::Result<Metadata> {
        self.disk.metadata(path)
    }

    fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        match self.strike(&[Fault::DiskFull]) {
            None => self.disk.create_dir(path),
            Some(fault) => self.failed(fault),
        }
    }

    fn remove_dir(&mut self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn read_dir(&mut self, path: &Path) -> io::Result<Vec<Entry>> {
        self.disk.read_dir(path)
    }

    fn close(&mut self, file: FileId) {
        self.disk.close(file);
    }
}
