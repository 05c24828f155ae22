//! A disk, as lists: all versions that a sector has had since it was synced, and all changes of names, safe or not.
//!
//! What may be there after a crash is found by trying: each subset of the changes that is allowed makes a tree, and one of these trees has
//! to be what is found. A file in it has one of the lengths that it had, and each sector is one of its versions.

mod model;

use std::collections::BTreeSet;
use std::io::{ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};

use reveille_reactor::disk::Disk;
use reveille_reactor::{FileId, Files, OpenHow};

use super::Bytes;
use model::{Body, File, Model, Node, SECTORS, SIZE, Tree, UNSAFE_MAX, shown};

/// Makes the operations that `bytes` say on a [`Disk`] and on a model of it, and compares what can be seen after each; crashes
/// included, of which the bytes say what they take.
///
/// # Panics
/// If they differ, or if a crash leaves what it must not.
///
/// ```
/// reveille_properties::models::disk_agrees(&[0, 0, 31, 5, 0, 0, 200, 8, 0, 14, 1, 1]);
/// ```
pub fn disk_agrees(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let mut pair = Pair { disk: Disk::default(), model: Model::default(), open: Vec::new() };
    while !bytes.is_empty() {
        pair.operate(&mut bytes, true);
        pair.compare();
    }
    pair.end();
}

/// Makes the operations that `bytes` say, crashes apart, and then a crash in every way there is: what comes about is what the
/// model allows, no more and no less. Programs after which that is too much to try are passed over.
///
/// # Panics
/// If it is otherwise.
///
/// ```
/// reveille_properties::models::disk_crashes_in_all_ways(&[0, 0, 8, 5, 0, 0, 1, 0]);
/// ```
pub fn disk_crashes_in_all_ways(bytes: &[u8]) {
    let made = || {
        let mut bytes = Bytes::new(bytes);
        let mut pair = Pair { disk: Disk::default(), model: Model::default(), open: Vec::new() };
        while !bytes.is_empty() {
            pair.operate(&mut bytes, false);
        }
        pair
    };
    let Some(allowed) = made().model.allowed() else { return };
    let (mut found, mut answers) = (BTreeSet::new(), Vec::new());
    for _ in 0..WAYS_MAX {
        let (mut pair, mut asked) = (made(), Vec::new());
        pair.disk.crash(&mut |bound| {
            let answer = answers.get(asked.len()).copied().unwrap_or(0);
            asked.push((answer, bound));
            answer
        });
        found.insert(pair.found());
        // The next in the order of a dictionary.
        while asked.pop_if(|(answer, bound)| *answer + 1 == *bound).is_some() {}
        let Some((last, _)) = asked.last_mut() else {
            let told = |trees: &BTreeSet<Tree>| trees.iter().map(shown).collect::<Vec<_>>().join("\n    ");
            return assert!(found == allowed, "found\n    {}\nand not\n    {}", told(&found), told(&allowed));
        };
        *last += 1;
        answers = asked.into_iter().map(|(answer, _)| answer).collect();
    }
}

/// So many ways to crash are tried.
const WAYS_MAX: usize = 3_000;

/// An open file, on both.
struct Open {
    file: FileId,
    node: Node,
    how: OpenHow,
    cursor: usize,
}

struct Pair {
    disk: Disk,
    model: Model,
    open: Vec<Open>,
}

/// What both say: the kind of the error, if there is one.
fn kind<R>(result: std::io::Result<R>) -> Result<R, ErrorKind> {
    result.map_err(|error| error.kind())
}

/// One or two parts of two names, sometimes three.
fn path(bytes: &mut Bytes<'_>) -> Vec<char> {
    let byte = bytes.byte();
    let parts = [1, 2, 1, 2, 2, 3][usize::from(byte >> 3) % 6];
    (0..parts).map(|part| if byte & (1 << part) == 0 { 'a' } else { 'b' }).collect()
}

fn text(path: &[char]) -> PathBuf {
    path.iter().map(char::to_string).collect()
}

impl Pair {
    fn operate(&mut self, bytes: &mut Bytes<'_>, may_crash: bool) {
        if self.model.unsafe_changes().len() >= UNSAFE_MAX {
            self.sync_root();
        }
        match bytes.below(16) {
            0 | 1 => self.open(bytes),
            2 => self.create_dir(&path(bytes)),
            3 => self.rename(&path(bytes), &path(bytes)),
            4 => self.remove(&path(bytes)),
            5..=7 => self.with_open(bytes, Self::write),
            8 => self.with_open(bytes, |pair, at, _| pair.sync(at)),
            9 => self.with_open(bytes, |pair, at, _| pair.fail_to_sync(at)),
            10 => self.with_open(bytes, Self::set_len),
            11 => self.with_open(bytes, Self::read),
            12 => self.with_open(bytes, |pair, at, _| {
                let open = pair.open.swap_remove(at);
                pair.disk.close(open.file);
            }),
            13 => self.sync_directory(&path(bytes)),
            14 if may_crash => self.crash(bytes),
            14 => {}
            _ => self.sync_root(),
        }
    }

    fn with_open(&mut self, bytes: &mut Bytes<'_>, f: impl FnOnce(&mut Self, usize, &mut Bytes<'_>)) {
        if let Some(at) = bytes.index(self.open.len()) {
            f(self, at, bytes);
        }
    }

    fn open(&mut self, bytes: &mut Bytes<'_>) {
        let (path, flags) = (path(bytes), bytes.byte());
        let has = |bit: u8| flags & (1 << bit) != 0;
        let (read, write, append, truncate) = (has(0), !has(1), has(5), has(2) && !has(5));
        let how = OpenHow { read, write, append, truncate, create: has(3), create_new: has(4) && has(6) };
        if how.check().is_err() || self.open.len() > 5 {
            return;
        }
        let file = kind(self.disk.open(&text(&path), how));
        let node = self.opened(&path, how);
        assert_eq!(file.map(drop), node.map(drop), "opening {path:?} {how:?}");
        if let (Ok(file), Ok(node)) = (file, node) {
            self.open.push(Open { file, node, how, cursor: 0 });
        }
    }

    fn opened(&mut self, path: &[char], how: OpenHow) -> Result<Node, ErrorKind> {
        let name = self.model.place(path)?;
        match self.model.at(name) {
            Some(_) if how.create_new => Err(ErrorKind::AlreadyExists),
            Some(node) if self.model.is_directory(node) && how.writes() => Err(ErrorKind::IsADirectory),
            Some(node) => {
                if let Some(file) = self.model.file(node).filter(|_| how.truncate) {
                    file.set_len(0);
                }
                Ok(node)
            }
            None if how.create || how.create_new => Ok(self.model.make(name, Body::File(File::of(Vec::new())))),
            None => Err(ErrorKind::NotFound),
        }
    }

    fn create_dir(&mut self, path: &[char]) {
        let expected = self.model.place(path).and_then(|name| match self.model.at(name) {
            Some(_) => Err(ErrorKind::AlreadyExists),
            None => {
                self.model.make(name, Body::Directory);
                Ok(())
            }
        });
        assert_eq!(kind(self.disk.create_dir(&text(path))), expected, "making {path:?}");
    }

    /// Removes a name, of whatever kind what it names is.
    fn remove(&mut self, path: &[char]) {
        let model = &mut self.model;
        let found = model.place(path).and_then(|name| Ok((name, model.at(name).ok_or(ErrorKind::NotFound)?)));
        let (as_file, as_directory) = match found {
            Err(error) => (Err(error), Err(error)),
            Ok((_, node)) if !model.is_directory(node) => (Ok(()), Err(ErrorKind::NotADirectory)),
            Ok((_, node)) if model.is_empty(node) => (Err(ErrorKind::IsADirectory), Ok(())),
            Ok(_) => (Err(ErrorKind::IsADirectory), Err(ErrorKind::DirectoryNotEmpty)),
        };
        // Only one of the two removes anything.
        if as_file.is_ok() {
            assert_eq!(kind(self.disk.remove_dir(&text(path))), as_directory, "removing {path:?}");
        }
        assert_eq!(kind(self.disk.remove_file(&text(path))), as_file, "removing {path:?}");
        if as_file.is_err() {
            assert_eq!(kind(self.disk.remove_dir(&text(path))), as_directory, "removing {path:?}");
        }
        if let (Ok((name, _)), true) = (found, as_file.is_ok() || as_directory.is_ok()) {
            self.model.change(vec![(name, None)], false);
        }
    }

    fn rename(&mut self, from: &[char], to: &[char]) {
        let expected = self.renamed(from, to);
        assert_eq!(kind(self.disk.rename(&text(from), &text(to))), expected, "renaming {from:?} to {to:?}");
    }

    fn renamed(&mut self, from: &[char], to: &[char]) -> Result<(), ErrorKind> {
        let (from, to) = (self.model.place(from)?, self.model.place(to)?);
        let node = self.model.at(from).ok_or(ErrorKind::NotFound)?;
        let is_directory = self.model.is_directory(node);
        if self.model.is_above(node, to.0) {
            return Err(ErrorKind::InvalidInput);
        }
        if let Some(replaced) = self.model.at(to) {
            let other_is_directory = self.model.is_directory(replaced);
            if replaced == node {
                return Ok(());
            }
            if self.model.is_above(replaced, from.0) {
                return Err(ErrorKind::DirectoryNotEmpty);
            }
            match (is_directory, other_is_directory) {
                (false, true) => return Err(ErrorKind::IsADirectory),
                (true, false) => return Err(ErrorKind::NotADirectory),
                (true, true) if !self.model.is_empty(replaced) => return Err(ErrorKind::DirectoryNotEmpty),
                _ => {}
            }
        }
        self.model.change(vec![(from, None), (to, Some(node))], is_directory);
        Ok(())
    }

    fn write(&mut self, at: usize, bytes: &mut Bytes<'_>) {
        let (place, letter) = (usize::from(bytes.byte()) * 5, bytes.byte());
        let length = [1, 20, 600, 512, 0][bytes.below(5)];
        let open = &mut self.open[at];
        let positional = letter & 1 == 0;
        let Some(file) = self.model.file(open.node) else { return };
        if !positional {
            assert_eq!(kind(self.disk.seek(open.file, SeekFrom::Start(place as u64))), Ok(place as u64));
            open.cursor = place;
        }
        let start = if open.how.append { file.now.len() } else { place };
        let length = length.min((SECTORS * SIZE).saturating_sub(start));
        let text = vec![letter; length];
        let wrote = kind(self.disk.write(open.file, positional.then_some(place as u64), &text));
        if !open.how.writes() {
            assert!(wrote.is_err(), "written although it was opened for reading");
            return;
        }
        assert_eq!(wrote, Ok(length));
        if length > 0 {
            file.write(start, &text);
        }
        if !positional && length > 0 {
            open.cursor = start + length;
        }
    }

    fn read(&mut self, at: usize, bytes: &mut Bytes<'_>) {
        let (open, mut buffer) = (&mut self.open[at], vec![0; 1 + usize::from(bytes.byte()) * 4]);
        let read = kind(self.disk.read(open.file, None, &mut buffer));
        let Some(file) = self.model.file(open.node) else {
            return assert_eq!(read, Err(ErrorKind::IsADirectory));
        };
        if !open.how.read {
            return assert!(read.is_err(), "read although it was opened for writing");
        }
        let rest = file.now.get(open.cursor..).unwrap_or_default();
        let expected = &rest[..rest.len().min(buffer.len())];
        assert_eq!(read.map(|count| &buffer[..count]), Ok(expected), "from {}", open.cursor);
        open.cursor += expected.len();
    }

    fn set_len(&mut self, at: usize, bytes: &mut Bytes<'_>) {
        let (open, length) = (&self.open[at], usize::from(bytes.byte()) * 6);
        let Some(file) = self.model.file(open.node) else { return };
        let set = kind(self.disk.set_len(open.file, length as u64));
        assert_eq!(set, if open.how.writes() { Ok(()) } else { Err(ErrorKind::InvalidInput) });
        if set.is_ok() && file.now.len() != length {
            file.set_len(length);
        }
    }

    fn sync(&mut self, at: usize) {
        let open = &self.open[at];
        assert_eq!(kind(self.disk.sync(open.file)), Ok(()));
        match self.model.file(open.node) {
            Some(file) => file.sync(),
            None => self.model.sync_directory(open.node),
        }
    }

    fn fail_to_sync(&mut self, at: usize) {
        let open = &self.open[at];
        self.disk.fail_to_sync(open.file);
        if let Some(file) = self.model.file(open.node) {
            file.fail_to_sync();
        }
    }

    fn sync_root(&mut self) {
        let root = self.disk.open(Path::new("/"), OpenHow::READ).unwrap();
        self.disk.sync(root).unwrap();
        self.disk.close(root);
        self.model.sync_directory(0);
        // What waits in other directories waits on.
        for at in self.model.unsafe_changes() {
            let (directory, _) = self.model.changes[at].sets[0].0;
            let open = self.open.iter().find(|open| open.node == directory).map(|open| open.file);
            if let Some(open) = open {
                self.disk.sync(open).unwrap();
                self.model.sync_directory(directory);
            }
        }
        if self.model.unsafe_changes().len() >= UNSAFE_MAX {
            self.crash(&mut Bytes::new(&[]));
        }
    }

    fn sync_directory(&mut self, path: &[char]) {
        let found = self.model.place(path).ok().and_then(|name| self.model.at(name));
        let Some(directory) = found.filter(|node| self.model.is_directory(*node)) else { return };
        let open = self.disk.open(&text(path), OpenHow::READ).unwrap();
        self.disk.sync(open).unwrap();
        self.disk.close(open);
        self.model.sync_directory(directory);
    }

    fn crash(&mut self, bytes: &mut Bytes<'_>) {
        self.disk.crash(&mut |bound| u32::from(bytes.byte()) % bound);
        let found = self.found();
        let model = &self.model;
        assert!(model.may_become(&found), "a crash left {}\n  of {model:?}", shown(&found));
        for open in self.open.drain(..) {
            assert!(self.disk.read(open.file, None, &mut [0]).is_err(), "a file is open after a crash");
        }
        self.model = Model::of(&found);
    }

    /// What is on the disk, as a program sees it.
    fn found(&mut self) -> Tree {
        let mut found = Tree::new();
        let mut next = vec![PathBuf::new()];
        while let Some(path) = next.pop() {
            let listed = if path == Path::new("") { Path::new("/") } else { &path };
            for entry in self.disk.read_dir(listed).unwrap() {
                let path = path.join(&entry.name);
                if entry.file_type.is_dir() {
                    found.insert(path.clone(), None);
                    next.push(path);
                } else {
                    let mut bytes = vec![0xee; SECTORS * SIZE + 1];
                    let file = self.disk.open(&path, OpenHow::READ).unwrap();
                    let length = self.disk.read(file, None, &mut bytes).unwrap();
                    assert_eq!(self.disk.metadata(&path).unwrap().len(), length as u64);
                    bytes.truncate(length);
                    self.disk.close(file);
                    found.insert(path, Some(bytes));
                }
            }
        }
        found
    }

    fn compare(&mut self) {
        let found = self.found();
        let body = |node: Node| match &self.model.nodes[node] {
            Body::File(file) => Some(file.now.clone()),
            Body::Directory => None,
        };
        let seen: Tree =
            self.model.paths(&self.model.names).into_iter().map(|(path, node)| (path, body(node))).collect();
        assert!(found == seen, "on the disk is {}\n  and should be {}", shown(&found), shown(&seen));
    }

    /// A crash that takes all that it may; then nothing is kept that nobody can reach.
    fn end(&mut self) {
        self.disk.crash(&mut |bound| 1 % bound);
        let found = self.found();
        assert!(self.model.may_become(&found), "the last crash left {}\n  of {:?}", shown(&found), self.model);
        assert_eq!(self.disk.inodes(), found.len() + 1, "files that nobody can reach");
    }
}
