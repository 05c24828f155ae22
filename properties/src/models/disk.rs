//! A disk, as lists: all versions that a sector has had since it was synced, and all changes of names, safe or not.
//!
//! What may be there after a crash is found by trying: each subset of the changes that is allowed makes a tree, and one of these trees has
//! to be what is found. A file in it has one of the lengths that it had, and each sector is one of its versions.

use std::collections::BTreeMap;
use std::io::{ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};

use reveille_reactor::disk::{Disk, SECTOR};
use reveille_reactor::{FileId, Files, OpenHow};

use super::Bytes;

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
        pair.operate(&mut bytes);
        pair.compare();
    }
    pair.end();
}

const SIZE: usize = SECTOR as usize;
/// Files have at most so many sectors.
const SECTORS: usize = 3;
/// So many changes of names wait at most: each subset is tried.
const UNSAFE_MAX: usize = 9;

/// The number of a file or a directory; 0 is the root.
type Node = usize;
type Name = (Node, char);

#[derive(Clone, Debug, PartialEq)]
enum Body {
    Directory,
    File(File),
}

#[derive(Clone, PartialEq)]
struct File {
    now: Vec<u8>,
    /// Of each sector, what a crash may leave of it.
    versions: [Vec<[u8; SIZE]>; SECTORS],
    /// The lengths that a crash may leave.
    lengths: Vec<usize>,
}

/// What happened to names, whole or not at all.
#[derive(Debug)]
struct Change {
    sets: Vec<(Name, Option<Node>)>,
    moves_directory: bool,
    is_safe: bool,
}

#[derive(Debug)]
struct Model {
    nodes: Vec<Body>,
    names: BTreeMap<Name, Node>,
    /// From the last crash on.
    changes: Vec<Change>,
}

impl Default for Model {
    fn default() -> Self {
        Self { nodes: vec![Body::Directory], names: BTreeMap::new(), changes: Vec::new() }
    }
}

impl File {
    fn of(now: Vec<u8>) -> Self {
        let versions = std::array::from_fn(|at| vec![sector(&now, at)]);
        Self { lengths: vec![now.len()], versions, now }
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        self.now.resize(self.now.len().max(end), 0);
        self.now[at..end].copy_from_slice(bytes);
        self.lengths.push(self.now.len());
        for touched in at / SIZE..end.div_ceil(SIZE) {
            self.versions[touched].push(sector(&self.now, touched));
        }
    }

    fn set_len(&mut self, length: usize) {
        let before = self.now.clone();
        self.now.resize(length, 0);
        self.lengths.push(length);
        for at in 0..SECTORS {
            // What is cut in the middle is written anew, zeros or not.
            let is_cut = length < before.len() && at * SIZE < length && length < (at + 1) * SIZE;
            if is_cut || sector(&before, at) != sector(&self.now, at) {
                self.versions[at].push(sector(&self.now, at));
            }
        }
    }

    fn sync(&mut self) {
        self.versions.iter_mut().for_each(|versions| drop(versions.drain(..versions.len() - 1)));
        self.lengths.drain(..self.lengths.len() - 1);
    }

    fn fail_to_sync(&mut self) {
        self.versions.iter_mut().for_each(|versions| versions.truncate(1));
    }

    fn may_become(&self, found: &[u8]) -> bool {
        let may_be = |at: usize| {
            let end = found.len().clamp(at * SIZE, (at + 1) * SIZE) - at * SIZE;
            self.versions[at].iter().any(|version| version[..end] == sector(found, at)[..end])
        };
        self.lengths.contains(&found.len()) && (0..SECTORS).all(may_be)
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = |versions: &Vec<[u8; SIZE]>| versions.iter().map(|version| runs(version)).collect::<Vec<_>>();
        let versions = self.versions.each_ref().map(told);
        write!(f, "{} (sectors {versions:?}, lengths {:?})", runs(&self.now), self.lengths)
    }
}

/// Bytes, as so many of each: "3x65 9x0".
fn runs(bytes: &[u8]) -> String {
    let runs = bytes.chunk_by(|one, other| one == other).map(|run| format!("{}x{}", run.len(), run[0]));
    runs.collect::<Vec<_>>().join(" ")
}

fn shown(tree: &Tree) -> String {
    let one = |(path, bytes): (&PathBuf, &Option<Vec<u8>>)| {
        format!("{}: {}", path.display(), bytes.as_ref().map_or("a directory".into(), |bytes| runs(bytes)))
    };
    tree.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The sector of that number, with zeros where the file has ended.
fn sector(bytes: &[u8], at: usize) -> [u8; SIZE] {
    std::array::from_fn(|place| bytes.get(at * SIZE + place).copied().unwrap_or(0))
}

/// What is found under a path: the bytes of a file, `None` for a directory.
type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Model {
    /// The directory that holds the last part of a path, and that part.
    fn place(&self, path: &[char]) -> Result<Name, ErrorKind> {
        let (last, above) = path.split_last().expect("paths have parts");
        let mut at = 0;
        for name in above {
            at = *self.names.get(&(at, *name)).ok_or(ErrorKind::NotFound)?;
            if self.nodes[at] != Body::Directory {
                return Err(ErrorKind::NotADirectory);
            }
        }
        Ok((at, *last))
    }

    fn at(&self, name: Name) -> Option<Node> {
        self.names.get(&name).copied()
    }

    fn is_directory(&self, node: Node) -> bool {
        self.nodes[node] == Body::Directory
    }

    fn is_empty(&self, directory: Node) -> bool {
        self.names.keys().all(|(of, _)| *of != directory)
    }

    /// Whether `node` is `directory` or one of those above.
    fn is_above(&self, node: Node, directory: Node) -> bool {
        let parent = self.names.iter().find(|(_, named)| **named == directory).map(|((parent, _), _)| *parent);
        node == directory || parent.is_some_and(|parent| self.is_above(node, parent))
    }

    fn file(&mut self, node: Node) -> Option<&mut File> {
        match &mut self.nodes[node] {
            Body::File(file) => Some(file),
            Body::Directory => None,
        }
    }

    fn change(&mut self, sets: Vec<(Name, Option<Node>)>, moves_directory: bool) {
        set(&mut self.names, &sets);
        self.changes.push(Change { sets, moves_directory, is_safe: false });
    }

    fn make(&mut self, name: Name, body: Body) -> Node {
        self.nodes.push(body);
        self.change(vec![(name, Some(self.nodes.len() - 1))], false);
        self.nodes.len() - 1
    }

    /// Whether the change of number `later` can only be there if the one of number `earlier` is.
    fn needs(&self, later: usize, earlier: usize) -> bool {
        let (one, other) = (&self.changes[later], &self.changes[earlier]);
        let in_common = one.sets.iter().any(|(name, _)| other.sets.iter().any(|(other, _)| name == other));
        earlier < later && (in_common || one.moves_directory || other.moves_directory)
    }

    fn sync_directory(&mut self, directory: Node) {
        for change in &mut self.changes {
            change.is_safe |= change.sets.iter().any(|((of, _), _)| *of == directory);
        }
        // Until nothing is added.
        loop {
            let needed = |earlier: &usize| {
                (0..self.changes.len()).any(|later| self.changes[later].is_safe && self.needs(later, *earlier))
            };
            let next = (0..self.changes.len()).find(|earlier| !self.changes[*earlier].is_safe && needed(earlier));
            let Some(next) = next else { return };
            self.changes[next].is_safe = true;
        }
    }

    fn unsafe_changes(&self) -> Vec<usize> {
        (0..self.changes.len()).filter(|at| !self.changes[*at].is_safe).collect()
    }

    /// Whether a crash may leave `found`: whether some subset of the changes does.
    fn may_become(&self, found: &Tree, before: &BTreeMap<Name, Node>) -> bool {
        let open = self.unsafe_changes();
        (0..1_u32 << open.len()).any(|subset| {
            let is_kept = |at: usize| {
                open.iter().position(|unsafe_one| *unsafe_one == at).is_none_or(|nth| subset & (1 << nth) != 0)
            };
            let kept: Vec<usize> = (0..self.changes.len()).filter(|at| is_kept(*at)).collect();
            let is_whole =
                kept.iter().all(|later| (0..*later).all(|earlier| !self.needs(*later, earlier) || is_kept(earlier)));
            let mut names = before.clone();
            kept.iter().for_each(|at| set(&mut names, &self.changes[*at].sets));
            is_whole && self.is_tree(&names, found)
        })
    }

    /// Whether `found` is what these names lead to.
    fn is_tree(&self, names: &BTreeMap<Name, Node>, found: &Tree) -> bool {
        let mut expected = Vec::new();
        let mut next = vec![(0, PathBuf::new())];
        while let Some((at, path)) = next.pop() {
            for ((of, name), node) in names.iter().filter(|((of, _), _)| *of == at) {
                debug_assert_eq!(*of, at);
                let path = path.join(name.to_string());
                expected.push((path.clone(), *node));
                if self.is_directory(*node) {
                    next.push((*node, path));
                }
            }
        }
        let is_as_found = |(path, node): &(PathBuf, Node)| match (found.get(path), &self.nodes[*node]) {
            (Some(None), Body::Directory) => true,
            (Some(Some(bytes)), Body::File(file)) => file.may_become(bytes),
            _ => false,
        };
        expected.len() == found.len() && expected.iter().all(is_as_found)
    }
}

fn set(names: &mut BTreeMap<Name, Node>, sets: &[(Name, Option<Node>)]) {
    for (name, node) in sets {
        match node {
            Some(node) => names.insert(*name, *node),
            None => names.remove(name),
        };
    }
}

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
    fn operate(&mut self, bytes: &mut Bytes<'_>) {
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
            14 => self.crash(bytes),
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
        let before = BTreeMap::new();
        self.disk.crash(&mut |bound| u32::from(bytes.byte()) % bound);
        let found = self.found();
        let model = &self.model;
        assert!(model.may_become(&found, &before), "a crash left {}\n  of {model:?}", shown(&found));
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
        let mut seen = Tree::new();
        let mut next = vec![(0, PathBuf::new())];
        while let Some((at, path)) = next.pop() {
            for ((_, name), node) in self.model.names.iter().filter(|((of, _), _)| *of == at) {
                let path = path.join(name.to_string());
                let bytes = match &self.model.nodes[*node] {
                    Body::File(file) => Some(file.now.clone()),
                    Body::Directory => None,
                };
                seen.insert(path.clone(), bytes);
                next.push((*node, path));
            }
        }
        assert!(found == seen, "on the disk is {}\n  and should be {}", shown(&found), shown(&seen));
    }

    /// A crash that takes all that it may; then nothing is kept that nobody can reach.
    fn end(&mut self) {
        self.disk.crash(&mut |bound| 1 % bound);
        let found = self.found();
        assert!(
            self.model.may_become(&found, &BTreeMap::new()),
            "the last crash left {}\n  of {:?}",
            shown(&found),
            self.model
        );
        assert_eq!(self.disk.inodes(), found.len() + 1, "files that nobody can reach");
    }
}

impl Model {
    /// A disk on which all of `found` is safe.
    fn of(found: &Tree) -> Self {
        let mut model = Self::default();
        for (path, bytes) in found {
            let parts: Vec<char> = path.to_string_lossy().chars().filter(|letter| *letter != '/').collect();
            let name = model.place(&parts).expect("parents come first");
            let body = bytes.clone().map_or(Body::Directory, |bytes| Body::File(File::of(bytes)));
            model.make(name, body);
        }
        model.changes.iter_mut().for_each(|change| change.is_safe = true);
        model
    }
}
