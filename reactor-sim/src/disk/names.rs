//! What happened to names since their directories were synced, and which of it a crash may undo.
//!
//! Each call that changes names is one change, and happens whole or not at all. A change survives a crash only together with
//! the earlier ones that it builds on: those of the same names, and, since a directory that moves may not end up in itself,
//! whatever is older than such a move. Otherwise the changes of one directory, and of several, survive in any combination:
//! POSIX promises no order, and some file systems have none (OSDI 2014, see [`contents`](super::contents)).

use std::ffi::OsString;

use crate::slab::Key;

/// Beyond so many changes the oldest are written back.
pub(super) const CHANGES_MAX: usize = 1024;

/// A change of names that is not yet safe.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// In which directory, which name, and what it names from now on.
    pub(super) sets: Vec<(Key, OsString, Option<Key>)>,
    /// A directory got another name.
    pub(super) moves_directory: bool,
}

impl Change {
    pub(super) fn touches(&self, directory: Key) -> bool {
        self.sets.iter().any(|(of, ..)| *of == directory)
    }

    fn builds_on(&self, earlier: &Self) -> bool {
        let same = |(directory, name, _): &(Key, OsString, Option<Key>)| {
            earlier.sets.iter().any(|(of, earlier, _)| (of, earlier) == (directory, name))
        };
        self.moves_directory || earlier.moves_directory || self.sets.iter().any(same)
    }
}

/// Which of `changes` a sync of `directory` makes safe.
pub(super) fn synced(changes: &[Change], directory: Key) -> Vec<bool> {
    let mut safe: Vec<bool> = changes.iter().map(|change| change.touches(directory)).collect();
    for later in (0..changes.len()).rev().filter(|later| safe[*later]).collect::<Vec<_>>() {
        include(changes, &mut safe, later);
    }
    safe
}

fn include(changes: &[Change], safe: &mut [bool], later: usize) {
    let mut wanted = vec![later];
    while let Some(later) = wanted.pop() {
        for earlier in 0..later {
            if !safe[earlier] && changes[later].builds_on(&changes[earlier]) {
                safe[earlier] = true;
                wanted.push(earlier);
            }
        }
    }
}

/// Which of `changes` survive a crash, as `ask` has it: its argument is the number of answers, and 0 is that nothing is lost.
pub(super) fn survivors(changes: &[Change], ask: &mut dyn FnMut(u32) -> u32) -> Vec<bool> {
    let ways = match changes.len() {
        0 => return Vec::new(),
        1 => 2,
        _ => 3,
    };
    let way = ask(ways);
    let mut survives: Vec<bool> = Vec::with_capacity(changes.len());
    for (later, change) in changes.iter().enumerate() {
        let stands = (0..later).all(|earlier| survives[earlier] || !change.builds_on(&changes[earlier]));
        survives.push(way == 0 || (way == 2 && stands && ask(2) == 0));
    }
    survives
}
