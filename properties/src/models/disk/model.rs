//! The model: what a program sees, and all that a crash may leave of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::PathBuf;

use reveille_reactor::disk::SECTOR;

pub(super) const SIZE: usize = SECTOR as usize;
/// Files have at most so many sectors.
pub(super) const SECTORS: usize = 3;
/// So many changes of names wait at most: each subset is tried.
pub(super) const UNSAFE_MAX: usize = 9;

/// So many outcomes are compared.
const OUTCOMES_MAX: usize = 100;

/// The number of a file or a directory; 0 is the root.
pub(super) type Node = usize;
pub(super) type Name = (Node, char);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    Directory,
    File(File),
}

#[derive(Clone, PartialEq)]
pub(super) struct File {
    pub(super) now: Vec<u8>,
    /// Of each sector, what a crash may leave of it.
    versions: [Vec<[u8; SIZE]>; SECTORS],
    /// The lengths that a crash may leave.
    lengths: Vec<usize>,
}

/// What happened to names, whole or not at all.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) sets: Vec<(Name, Option<Node>)>,
    moves_directory: bool,
    pub(super) is_safe: bool,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) nodes: Vec<Body>,
    pub(super) names: BTreeMap<Name, Node>,
    /// From the last crash on.
    pub(super) changes: Vec<Change>,
}

impl Default for Model {
    fn default() -> Self {
        Self { nodes: vec![Body::Directory], names: BTreeMap::new(), changes: Vec::new() }
    }
}

impl File {
    pub(super) fn of(now: Vec<u8>) -> Self {
        let versions = std::array::from_fn(|at| vec![sector(&now, at)]);
        Self { lengths: vec![now.len()], versions, now }
    }

    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        self.now.resize(self.now.len().max(end), 0);
        self.now[at..end].copy_from_slice(bytes);
        self.lengths.push(self.now.len());
        for touched in at / SIZE..end.div_ceil(SIZE) {
            self.versions[touched].push(sector(&self.now, touched));
        }
    }

    pub(super) fn set_len(&mut self, length: usize) {
        let before = self.now.clone();
        self.now.resize(length, 0);
        self.lengths.push(length);
        for at in 0..SECTORS {
            // What is cut is written anew, or given back, zeros or not.
            let is_cut = length < before.len() && length < (at + 1) * SIZE;
            if is_cut || sector(&before, at) != sector(&self.now, at) {
                self.versions[at].push(sector(&self.now, at));
            }
        }
    }

    pub(super) fn sync(&mut self) {
        self.versions.iter_mut().for_each(|versions| drop(versions.drain(..versions.len() - 1)));
        self.lengths.drain(..self.lengths.len() - 1);
    }

    pub(super) fn fail_to_sync(&mut self) {
        self.versions.iter_mut().for_each(|versions| versions.truncate(1));
    }

    /// All that a crash may leave; `None` if that is a lot.
    fn outcomes(&self) -> Option<BTreeSet<Vec<u8>>> {
        let mut whole = vec![Vec::new()];
        for versions in &self.versions {
            let distinct: BTreeSet<&[u8; SIZE]> = versions.iter().collect();
            let with = |bytes: &Vec<u8>, sector: &[u8; SIZE]| [bytes.as_slice(), sector].concat();
            whole = whole.iter().flat_map(|bytes| distinct.iter().map(|sector| with(bytes, sector))).collect();
        }
        let cut = |bytes: &Vec<u8>, length: usize| bytes[..length].to_vec();
        let all = whole.iter().flat_map(|bytes| self.lengths.iter().map(|length| cut(bytes, *length)));
        (whole.len() <= OUTCOMES_MAX).then(|| all.collect())
    }

    pub(super) fn may_become(&self, found: &[u8]) -> bool {
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

pub(super) fn shown(tree: &Tree) -> String {
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
pub(super) type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Model {
    /// The directory that holds the last part of a path, and that part.
    pub(super) fn place(&self, path: &[char]) -> Result<Name, ErrorKind> {
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

    pub(super) fn at(&self, name: Name) -> Option<Node> {
        self.names.get(&name).copied()
    }

    pub(super) fn is_directory(&self, node: Node) -> bool {
        self.nodes[node] == Body::Directory
    }

    pub(super) fn is_empty(&self, directory: Node) -> bool {
        self.names.keys().all(|(of, _)| *of != directory)
    }

    /// Whether `node` is `directory` or one of those above.
    pub(super) fn is_above(&self, node: Node, directory: Node) -> bool {
        let parent = self.names.iter().find(|(_, named)| **named == directory).map(|((parent, _), _)| *parent);
        node == directory || parent.is_some_and(|parent| self.is_above(node, parent))
    }

    pub(super) fn file(&mut self, node: Node) -> Option<&mut File> {
        match &mut self.nodes[node] {
            Body::File(file) => Some(file),
            Body::Directory => None,
        }
    }

    pub(super) fn change(&mut self, sets: Vec<(Name, Option<Node>)>, moves_directory: bool) {
        set(&mut self.names, &sets);
        self.changes.push(Change { sets, moves_directory, is_safe: false });
    }

    pub(super) fn make(&mut self, name: Name, body: Body) -> Node {
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

    pub(super) fn sync_directory(&mut self, directory: Node) {
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

    pub(super) fn unsafe_changes(&self) -> Vec<usize> {
        (0..self.changes.len()).filter(|at| !self.changes[*at].is_safe).collect()
    }

    /// Whether a crash may leave `found`: whether some subset of the changes does.
    pub(super) fn may_become(&self, found: &Tree) -> bool {
        self.names_left().iter().any(|names| self.is_tree(names, found))
    }

    /// What names there are after each subset of the changes that a crash may leave.
    fn names_left(&self) -> Vec<BTreeMap<Name, Node>> {
        let open = self.unsafe_changes();
        let left = |subset: u32| {
            let is_kept = |at: &usize| {
                open.iter().position(|unsafe_one| unsafe_one == at).is_none_or(|nth| subset & (1 << nth) != 0)
            };
            let kept: Vec<usize> = (0..self.changes.len()).filter(is_kept).collect();
            let is_whole =
                kept.iter().all(|later| (0..*later).all(|earlier| !self.needs(*later, earlier) || is_kept(&earlier)));
            let mut names = BTreeMap::new();
            kept.iter().for_each(|at| set(&mut names, &self.changes[*at].sets));
            is_whole.then_some(names)
        };
        (0..1_u32 << open.len()).filter_map(left).collect()
    }

    /// What these names lead to, parents before what is in them.
    pub(super) fn paths(&self, names: &BTreeMap<Name, Node>) -> Vec<(PathBuf, Node)> {
        let mut paths = Vec::new();
        let mut next = vec![(0, PathBuf::new())];
        while let Some((at, path)) = next.pop() {
            for ((_, name), node) in names.iter().filter(|((of, _), _)| *of == at) {
                let path = path.join(name.to_string());
                paths.push((path.clone(), *node));
                next.push((*node, path));
            }
        }
        paths
    }

    /// All that a crash may leave; `None` if that is a lot.
    pub(super) fn allowed(&self) -> Option<BTreeSet<Tree>> {
        let mut allowed = BTreeSet::new();
        for names in self.names_left() {
            let mut trees = vec![Tree::new()];
            for (path, node) in self.paths(&names) {
                let bodies = match &self.nodes[node] {
                    Body::Directory => vec![None],
                    Body::File(file) => file.outcomes()?.into_iter().map(Some).collect(),
                };
                let with = |tree: &Tree, body: &Option<Vec<u8>>| {
                    let mut tree = tree.clone();
                    tree.insert(path.clone(), body.clone());
                    tree
                };
                trees = trees.iter().flat_map(|tree| bodies.iter().map(|body| with(tree, body))).collect();
                if trees.len() > OUTCOMES_MAX {
                    return None;
                }
            }
            allowed.extend(trees);
        }
        Some(allowed).filter(|allowed| allowed.len() <= OUTCOMES_MAX)
    }

    /// Whether `found` is what these names lead to.
    fn is_tree(&self, names: &BTreeMap<Name, Node>, found: &Tree) -> bool {
        let expected = self.paths(names);
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

impl Model {
    /// A disk on which all of `found` is safe.
    pub(super) fn of(found: &Tree) -> Self {
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
