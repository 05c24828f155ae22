//! Stacks whose await site has been looked up before.
//!
//! What the line tables say of an address never changes, and looking it up takes a millisecond; runs of one program, of
//! which each may have to be looked into, wait in the same few places.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::AwaitSite;
use super::place::Paths;

/// Await sites by the addresses of their stacks, in one folder: names of files are told as seen from there.
struct Known {
    here: Here,
    paths: Paths,
    sites: BTreeMap<Vec<usize>, AwaitSite>,
}

impl Known {
    fn from(here: Here) -> Self {
        Self { here, paths: Paths::current(), sites: BTreeMap::new() }
    }
}

/// What [`Paths::current`] starts from.
type Here = (Option<PathBuf>, Option<OsString>);

/// Programs wait in fewer places; one whose tasks have endless chains of callers must not fill the memory.
const KNOWN_MAX: usize = 4_096;

static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

/// The await site of the stack with these `addresses`, which is looked up by `look_up` if it is new.
pub(super) fn await_site(addresses: Vec<usize>, look_up: impl FnOnce(&Paths) -> AwaitSite) -> AwaitSite {
    let here = (std::env::current_dir().ok(), std::env::var_os("CARGO_MANIFEST_DIR"));
    let mut slot = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = slot.take().filter(|known| known.here == here && known.sites.len() < KNOWN_MAX);
    let known = slot.insert(known.unwrap_or_else(|| Known::from(here)));
    known.sites.entry(addresses).or_insert_with(|| look_up(&known.paths)).clone()
}
