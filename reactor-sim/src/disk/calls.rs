//! The calls of programs, with the errors of Linux.

use std::io::{self, ErrorKind, SeekFrom};
use std::path::Path;

use super::contents::SECTOR;
use super::errors::{bad_file, gone, no_device};
use super::names::Change;
use super::path::{Last, Place};
use super::{Body, Disk, Inode, Open};
use crate::files::{Entry, FileId, FileType, Files, Metadata, OpenHow};
use crate::slab::Key;

/// The largest file: that of ext4.
const LEN_MAX: u64 = (1 << 44) - 4096;

impl Files for Disk {
    fn open(&mut self, path: &Path, how: OpenHow) -> io::Result<FileId> {
        let place = self.place(path)?;
        let inode = match self.at(&place)? {
            Some(_) if how.create_new => return Err(ErrorKind::AlreadyExists.into()),
            Some(inode) => {
                match self.file_type(inode) {
                    FileType::Directory if how.writes() => return Err(ErrorKind::IsADirectory.into()),
                    FileType::File | FileType::Socket if place.wants_directory => {
                        return Err(ErrorKind::NotADirectory.into());
                    }
                    FileType::Socket => return Err(no_device()),
                    _ => {}
                }
                if how.truncate {
                    self.resize(inode, 0)?;
                }
                inode
            }
            None if !how.create && !how.create_new => return Err(ErrorKind::NotFound.into()),
            None if place.wants_directory => return Err(ErrorKind::IsADirectory.into()),
            None => self.make(&place, Inode::file())?,
        };
        self.refer(inode);
        Ok(FileId(self.open.insert(Open { inode, how, cursor: 0 })))
    }

    fn read(&mut self, file: FileId, at: Option<u64>, buffer: &mut [u8]) -> io::Result<usize> {
        let &Open { inode, how, cursor } = self.open.get(file.0).ok_or_else(gone)?;
        if !how.read {
            return Err(bad_file());
        }
        let place = at.unwrap_or(cursor);
        check_range(place, buffer.len())?;
        let count = self.file(inode)?.read(place, buffer);
        self.move_on(file, at, place + count as u64);
        Ok(count)
    }

    fn write(&mut self, file: FileId, at: Option<u64>, bytes: &[u8]) -> io::Result<usize> {
        let &Open { inode, how, cursor } = self.open.get(file.0).ok_or_else(gone)?;
        if !how.writes() {
            return Err(bad_file());
        }
        check_range(at.unwrap_or(cursor), bytes.len())?;
        let contents = self.file(inode)?;
        let place = if how.append { contents.len() } else { at.unwrap_or(cursor) };
        if bytes.is_empty() {
            return Ok(0);
        }
        if place >= LEN_MAX {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let length = (bytes.len() as u64).min(LEN_MAX - place);
        let length = self.fitting(inode, place, length)?;
        self.file_mut(inode)?.write(place, &bytes[..length as usize]);
        self.move_on(file, at, place + length);
        Ok(length as usize)
    }

    fn seek(&mut self, file: FileId, to: SeekFrom) -> io::Result<u64> {
        let open = self.open.get(file.0).ok_or_else(gone)?;
        let from = |start: u64, by: i64| start.checked_add_signed(by);
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => from(open.cursor, by),
            SeekFrom::End(by) => from(self.metadata_of(file)?.len, by),
        };
        let place = place.filter(|place| *place <= LEN_MAX).ok_or(ErrorKind::InvalidInput)?;
        self.move_on(file, None, place);
        Ok(place)
    }

    fn sync(&mut self, file: FileId) -> io::Result<()> {
        let inode = self.open.get(file.0).ok_or_else(gone)?.inode;
        match self.inodes.get_mut(inode).map(|inode| &mut inode.body) {
            Some(Body::File(contents)) => contents.sync(),
            _ => self.sync_directory(inode),
        }
        Ok(())
    }

    fn set_len(&mut self, file: FileId, len: u64) -> io::Result<()> {
        let &Open { inode, how, .. } = self.open.get(file.0).ok_or_else(gone)?;
        if !how.writes() || len > i64::MAX as u64 {
            return Err(ErrorKind::InvalidInput.into());
        }
        if len > LEN_MAX {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.resize(inode, len)
    }

    fn metadata_of(&mut self, file: FileId) -> io::Result<Metadata> {
        let inode = self.open.get(file.0).ok_or_else(gone)?.inode;
        Ok(self.describe(inode))
    }

    fn metadata(&mut self, path: &Path) -> io::Result<Metadata> {
        self.find(path).map(|inode| self.describe(inode))
    }

    fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        let place = self.place(path)?;
        if self.at(&place)?.is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let directory = Inode::directory(Some(place.directory));
        self.make(&place, directory).map(drop)
    }

    fn remove_dir(&mut self, path: &Path) -> io::Result<()> {
        let place = self.place(path)?;
        let name = place.name(|last| match last {
            Last::Here => ErrorKind::InvalidInput,
            Last::Up => ErrorKind::DirectoryNotEmpty,
            _ => ErrorKind::ResourceBusy,
        })?;
        let inode = self.at(&place)?.ok_or(ErrorKind::NotFound)?;
        if !self.directory(inode)?.entries.is_empty() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        self.change(Change { sets: vec![(place.directory, name.to_owned(), None)], moves_directory: false });
        Ok(())
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        let place = self.place(path)?;
        let name = place.name(|_| ErrorKind::IsADirectory)?;
        let inode = self.at(&place)?.ok_or(ErrorKind::NotFound)?;
        match self.file_type(inode) {
            FileType::Directory => Err(ErrorKind::IsADirectory.into()),
            FileType::File | FileType::Socket if place.wants_directory => Err(ErrorKind::NotADirectory.into()),
            FileType::File | FileType::Socket => {
                self.change(Change { sets: vec![(place.directory, name.to_owned(), None)], moves_directory: false });
                Ok(())
            }
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        let (old, new) = (from.name(|_| ErrorKind::ResourceBusy)?, to.name(|_| ErrorKind::ResourceBusy)?);
        let inode = self.at(&from)?.ok_or(ErrorKind::NotFound)?;
        let (replaced, file_type) = (self.at(&to)?, self.file_type(inode));
        if !file_type.is_dir() && (from.wants_directory || to.wants_directory) {
            return Err(ErrorKind::NotADirectory.into());
        }
        if self.is_above(inode, to.directory) {
            return Err(ErrorKind::InvalidInput.into());
        }
        match replaced {
            Some(same) if same == inode => return Ok(()),
            Some(replaced) if self.is_above(replaced, from.directory) => {
                return Err(ErrorKind::DirectoryNotEmpty.into());
            }
            Some(replaced) => match (file_type, self.directory(replaced)) {
                (FileType::File | FileType::Socket, Ok(_)) => return Err(ErrorKind::IsADirectory.into()),
                (FileType::Directory, Err(error)) => return Err(error),
                (FileType::Directory, Ok(directory)) if !directory.entries.is_empty() => {
                    return Err(ErrorKind::DirectoryNotEmpty.into());
                }
                _ => {}
            },
            None => {}
        }
        let sets = vec![(from.directory, old.to_owned(), None), (to.directory, new.to_owned(), Some(inode))];
        self.change(Change { sets, moves_directory: file_type.is_dir() });
        Ok(())
    }

    fn read_dir(&mut self, path: &Path) -> io::Result<Vec<Entry>> {
        let directory = self.find(path)?;
        let entry = |(name, inode): (&std::ffi::OsString, &Key)| Entry {
            name: name.clone(),
            file_type: self.file_type(*inode),
        };
        Ok(self.directory(directory)?.entries.iter().map(entry).collect())
    }

    fn close(&mut self, file: FileId) {
        if let Some(open) = self.open.remove(file.0) {
            self.release(open.inode);
        }
    }
}

impl Disk {
    /// Syncs a file as a disk does that fails: what was to be written is marked as written and is not, so that the next sync says
    /// that all is well, and a crash takes it. The names in a directory are as they were.
    ///
    /// ```
    /// use std::path::Path;
    /// use reveille_reactor::disk::Disk;
    /// use reveille_reactor::{Files, OpenHow};
    ///
    /// let mut disk = Disk::default();
    /// let file = disk.open(Path::new("/f"), OpenHow::CREATE)?;
    /// let root = disk.open(Path::new("/"), OpenHow::READ)?;
    /// disk.sync(root)?;
    /// disk.write(file, None, b"paid")?;
    /// disk.fail_to_sync(file);
    /// disk.sync(file)?; // says that all is well
    ///
    /// disk.crash(&mut |_| 0); // loses nothing that could still be saved
    /// let (file, mut left) = (disk.open(Path::new("/f"), OpenHow::READ)?, [7; 4]);
    /// assert_eq!(disk.read(file, None, &mut left)?, 4); // the length was not forgotten
    /// assert_eq!(left, [0; 4]);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn fail_to_sync(&mut self, file: FileId) {
        if let Some(open) = self.open.get(file.0)
            && let Ok(contents) = self.file_mut(open.inode)
        {
            contents.fail_to_sync();
        }
    }

    pub(super) fn make(&mut self, place: &Place, inode: Inode) -> io::Result<Key> {
        let name = place.name(|_| ErrorKind::AlreadyExists)?;
        let inode = self.inodes.insert(inode);
        self.change(Change { sets: vec![(place.directory, name.to_owned(), Some(inode))], moves_directory: false });
        Ok(inode)
    }

    fn resize(&mut self, inode: Key, len: u64) -> io::Result<()> {
        self.file_mut(inode)?.set_len(len);
        Ok(())
    }

    /// How many of `length` bytes fit on the disk; an error if none do.
    fn fitting(&self, inode: Key, place: u64, length: u64) -> io::Result<u64> {
        let Some(capacity) = self.capacity else { return Ok(length) };
        let free = capacity.saturating_sub(self.taken());
        if self.file(inode)?.would_take(place, length) <= free {
            return Ok(length);
        }
        // As much as ends where a sector does, or in one that is there.
        let mut fits = 0;
        while fits < length {
            let next = (SECTOR - (place + fits) % SECTOR).min(length - fits);
            if self.file(inode)?.would_take(place, fits + next) > free {
                break;
            }
            fits += next;
        }
        if fits == 0 { Err(ErrorKind::StorageFull.into()) } else { Ok(fits) }
    }

    fn describe(&self, inode: Key) -> Metadata {
        let len = self.file(inode).map_or(0, super::contents::Contents::len);
        Metadata { file_type: self.file_type(inode), len }
    }

    /// Moves the cursor of a file, unless the call said where.
    fn move_on(&mut self, file: FileId, at: Option<u64>, cursor: u64) {
        if let Some(open) = self.open.get_mut(file.0).filter(|_| at.is_none()) {
            open.cursor = cursor;
        }
    }

    /// Whether `inode` is `directory`, or one of those above it.
    fn is_above(&self, inode: Key, mut directory: Key) -> bool {
        loop {
            if directory == inode {
                return true;
            }
            match self.directory(directory) {
                Ok(above) if above.parent != directory => directory = above.parent,
                _ => return false,
            }
        }
    }
}

/// Refuses what no file has, as the kernel does before it looks at the file.
fn check_range(at: u64, length: usize) -> io::Result<()> {
    let end = at.checked_add(length as u64);
    if end.is_some_and(|end| end <= i64::MAX as u64) { Ok(()) } else { Err(ErrorKind::InvalidInput.into()) }
}
