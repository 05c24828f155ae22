//! From a path to what it names.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Component, Path};

use super::Disk;
use super::errors::name_too_long;
use crate::slab::Key;

/// The longest name, and the longest path with the byte that ends it, of Linux.
const NAME_MAX: usize = 255;
const PATH_MAX: usize = 4096;

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Place {
    /// The directory that holds the last name.
    pub(super) directory: Key,
    pub(super) last: Last,
    /// The path ends with a slash: it is to name a directory.
    pub(super) wants_directory: bool,
}

/// The last part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    Name(OsString),
    /// `.`: the directory itself.
    Here,
    /// `..`: the directory is what is above.
    Up,
    Root,
}

impl Place {
    /// The last part as a name. `otherwise` is the error if it is `.`, `..` or the root.
    pub(super) fn name(&self, otherwise: impl FnOnce(&Last) -> ErrorKind) -> io::Result<&OsStr> {
        match &self.last {
            Last::Name(name) => Ok(name),
            special => Err(otherwise(special).into()),
        }
    }
}

impl Disk {
    /// Where `path` leads, as far as its last part.
    pub(super) fn place(&self, path: &Path) -> io::Result<Place> {
        let bytes = path.as_os_str().as_encoded_bytes();
        if bytes.contains(&0) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "a path cannot contain the byte 0"));
        }
        if bytes.is_empty() {
            return Err(ErrorKind::NotFound.into());
        }
        if bytes.len() >= PATH_MAX {
            return Err(name_too_long());
        }
        let trimmed = &bytes[..bytes.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1)];
        let wants_directory = trimmed.len() < bytes.len();
        let ends_here = trimmed == b"." || trimmed.ends_with(b"/.");
        let (mut directory, mut last) = (self.root, Last::Root);
        for part in path.components() {
            directory = self.descend(directory, &last)?;
            last = match part {
                Component::Normal(name) => Last::Name(name.to_owned()),
                Component::ParentDir => Last::Up,
                Component::CurDir => Last::Here,
                Component::RootDir | Component::Prefix(_) => Last::Root,
            };
        }
        if ends_here && last != Last::Here {
            (directory, last) = (self.descend(directory, &last)?, Last::Here);
        }
        // Names are looked at in a directory.
        self.directory(directory)?;
        if let Last::Name(name) = &last {
            check(name)?;
        }
        Ok(Place { directory, last, wants_directory })
    }

    /// What is at `place`, if anything is.
    pub(super) fn at(&self, place: &Place) -> io::Result<Option<Key>> {
        match &place.last {
            Last::Name(name) => Ok(self.directory(place.directory)?.entries.get(name).copied()),
            special => self.descend(place.directory, special).map(Some),
        }
    }

    /// The one that a path names, which is there.
    pub(super) fn find(&self, path: &Path) -> io::Result<Key> {
        let place = self.place(path)?;
        let inode = self.at(&place)?.ok_or(ErrorKind::NotFound)?;
        if place.wants_directory {
            self.directory(inode)?;
        }
        Ok(inode)
    }

    fn descend(&self, from: Key, part: &Last) -> io::Result<Key> {
        let directory = self.directory(from)?;
        match part {
            Last::Here => Ok(from),
            Last::Root => Ok(self.root),
            Last::Up => Ok(directory.parent),
            Last::Name(name) => {
                check(name)?;
                directory.entries.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
            }
        }
    }
}

fn check(name: &OsStr) -> io::Result<()> {
    if name.as_encoded_bytes().len() > NAME_MAX { Err(name_too_long()) } else { Ok(()) }
}
