//! The bytes of a file: what reads see, what a crash leaves, and the steps between the two.
//!
//! A disk writes sectors, each whole or not at all, in whatever order it likes, and writes them before it is asked to if it
//! likes that. So after a crash each sector is as it was after *some* of the steps since the last sync that touched it, and
//! so is the length, each for itself. (Pillai and others, All file systems are not created equal, OSDI 2014, found what
//! applications rely on beyond that.)

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// How many bytes a disk writes at once, or not at all.
///
/// ```
/// use std::path::Path;
/// use reveille_reactor::disk::{Disk, SECTOR};
/// use reveille_reactor::{Files, OpenHow};
///
/// let mut disk = Disk::default();
/// let file = disk.open(Path::new("/f"), OpenHow::CREATE)?;
/// let root = disk.open(Path::new("/"), OpenHow::READ)?;
/// disk.sync(root)?; // the name is safe
/// disk.write(file, Some(SECTOR - 1), b"ab")?; // across a border
///
/// // A crash that tears the file: it keeps the length and the first sector, and loses the second.
/// let mut answers = [2, 0, 0, 1].into_iter();
/// assert_eq!(disk.crash(&mut |_| answers.next().unwrap()).torn, 1);
/// let (file, mut left) = (disk.open(Path::new("/f"), OpenHow::READ)?, [0; 2]);
/// disk.read(file, Some(SECTOR - 1), &mut left)?;
/// assert_eq!(&left, b"a\0");
/// # std::io::Result::Ok(())
/// ```
pub const SECTOR: u64 = 512;

type Sector = Rc<[u8; SECTOR as usize]>;

/// Beyond so many steps the oldest are written back, as a kernel does with what waits too long.
const STEPS_MAX: usize = 1024;

/// So many sectors of a file are torn each for itself; of more, neighbours share their fate.
const TORN_MAX: usize = 32;

/// So many versions of a sector compete to be what a crash leaves, the current one apart.
const VERSIONS_MAX: usize = 15;

#[derive(Debug, Default)]
pub(super) struct Contents {
    cached: Image,
    /// What survives in any case.
    durable: Image,
    /// What has been done since. Invariant: empty, or leading from `durable` to `cached`, but for what a failed sync forgot.
    steps: VecDeque<Step>,
}

/// A length, and the sectors that are not all zeros.
#[derive(Clone, Debug, Default)]
struct Image {
    len: u64,
    sectors: BTreeMap<u64, Sector>,
}

/// What one call has changed.
#[derive(Debug, Default)]
struct Step {
    len: Option<u64>,
    /// `None` for sectors that were cut off.
    sectors: Vec<(u64, Option<Sector>)>,
}

/// What a crash took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    Nothing,
    /// The latest steps.
    Latest,
    /// Some sectors, some not.
    Torn,
}

impl Image {
    fn apply(&mut self, step: &Step) {
        self.len = step.len.unwrap_or(self.len);
        for (at, sector) in &step.sectors {
            self.put(*at, sector.clone());
        }
    }

    fn put(&mut self, at: u64, sector: Option<Sector>) {
        match sector {
            Some(sector) => self.sectors.insert(at, sector),
            None => self.sectors.remove(&at),
        };
    }

    /// The sectors that change if everything from `len` on becomes zeros.
    fn cut(&self, len: u64) -> Vec<(u64, Option<Sector>)> {
        let mut changed = Vec::new();
        let whole = len.div_ceil(SECTOR);
        let rest = (len % SECTOR) as usize;
        if rest > 0
            && let Some(last) = self.sectors.get(&(whole - 1))
        {
            let mut kept = **last;
            kept[rest..].fill(0);
            changed.push((whole - 1, Some(Rc::new(kept))));
        }
        changed.extend(self.sectors.range(whole..).map(|(at, _)| (*at, None)));
        changed
    }
}

impl Contents {
    pub(super) fn len(&self) -> u64 {
        self.cached.len
    }

    /// How many sectors are taken.
    pub(super) fn taken(&self) -> u64 {
        self.cached.sectors.len() as u64
    }

    /// How many sectors a write would take in addition.
    pub(super) fn would_take(&self, at: u64, length: u64) -> u64 {
        let (first, last) = (at / SECTOR, (at + length).div_ceil(SECTOR));
        (last - first).saturating_sub(self.cached.sectors.range(first..last).count() as u64)
    }

    pub(super) fn read(&self, at: u64, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(usize::try_from(self.cached.len.saturating_sub(at)).unwrap_or(usize::MAX));
        let mut done = 0;
        while done < count {
            let (sector, start) = ((at + done as u64) / SECTOR, ((at + done as u64) % SECTOR) as usize);
            let length = (SECTOR as usize - start).min(count - done);
            match self.cached.sectors.get(&sector) {
                Some(bytes) => buffer[done..done + length].copy_from_slice(&bytes[start..start + length]),
                None => buffer[done..done + length].fill(0),
            }
            done += length;
        }
        count
    }

    pub(super) fn write(&mut self, at: u64, bytes: &[u8]) {
        let mut step = Step::default();
        let mut done = 0;
        while done < bytes.len() {
            let (sector, start) = ((at + done as u64) / SECTOR, ((at + done as u64) % SECTOR) as usize);
            let length = (SECTOR as usize - start).min(bytes.len() - done);
            let mut whole = self.cached.sectors.get(&sector).map_or([0; SECTOR as usize], |before| **before);
            whole[start..start + length].copy_from_slice(&bytes[done..done + length]);
            step.sectors.push((sector, Some(Rc::new(whole))));
            done += length;
        }
        let end = at + bytes.len() as u64;
        step.len = (end > self.cached.len).then_some(end);
        self.take(step);
    }

    pub(super) fn set_len(&mut self, len: u64) {
        if len != self.cached.len {
            // Beyond the end there are zeros already.
            let sectors = if len < self.cached.len { self.cut(len) } else { Vec::new() };
            self.take(Step { len: Some(len), sectors });
        }
    }

    /// The sectors that are written or given back if everything from `len` on becomes zeros: those that are zeros here as well, and
    /// are not on the disk, since a failed sync forgot that.
    fn cut(&self, len: u64) -> Vec<(u64, Option<Sector>)> {
        let mut changed = self.cached.cut(len);
        let forgotten = self.durable.sectors.range(len / SECTOR..).map(|(at, _)| *at);
        changed.extend(forgotten.filter(|at| !self.cached.sectors.contains_key(at)).map(|at| (at, None)));
        changed
    }

    fn take(&mut self, step: Step) {
        self.cached.apply(&step);
        self.steps.push_back(step);
        if self.steps.len() > STEPS_MAX {
            let oldest = self.steps.pop_front();
            oldest.iter().for_each(|step| self.durable.apply(step));
        }
    }

    pub(super) fn sync(&mut self) {
        for step in self.steps.drain(..) {
            self.durable.apply(&step);
        }
    }

    /// A sync that fails: what was to be written is marked as written and is not, so that the next sync says that all is well.
    /// (Linux until 4.13 in all cases, and since then for all but the first to ask: "PostgreSQL's fsync() surprise", LWN,
    /// April 2018; Rebello and others, Can applications recover from fsync failures?, USENIX ATC 2020.) The length is
    /// written in another way, and is not forgotten.
    pub(super) fn fail_to_sync(&mut self) {
        self.steps.iter_mut().for_each(|step| step.sectors.clear());
        self.steps.retain(|step| step.len.is_some());
    }

    /// Becomes what a crash leaves, as `ask` has it: its argument is the number of answers, and 0 is that nothing is lost.
    pub(super) fn crash(&mut self, ask: &mut dyn FnMut(u32) -> u32) -> Loss {
        let steps = std::mem::take(&mut self.steps);
        let loss = match if steps.is_empty() { 0 } else { ask(3) } {
            0 => {
                steps.iter().for_each(|step| self.durable.apply(step));
                Loss::Nothing
            }
            1 => {
                let lost = 1 + ask_below(ask, steps.len() - 1, steps.len());
                steps.iter().take(steps.len() - lost).for_each(|step| self.durable.apply(step));
                Loss::Latest
            }
            _ => self.tear(&steps, ask),
        };
        let cut = self.durable.cut(self.durable.len);
        cut.into_iter().for_each(|(at, sector)| self.durable.put(at, sector));
        self.cached = self.durable.clone();
        loss
    }

    /// Keeps of each sector, and of the length, some version.
    fn tear(&mut self, steps: &VecDeque<Step>, ask: &mut dyn FnMut(u32) -> u32) -> Loss {
        let mut is_torn = false;
        let mut version = |count: usize| {
            let lost = match ask(count.min(VERSIONS_MAX) as u32 + 1) {
                0 => 0,
                1 => count,
                lost => lost as usize - 1,
            };
            is_torn |= lost > 0;
            count.saturating_sub(lost)
        };
        let lengths: Vec<u64> = steps.iter().filter_map(|step| step.len).collect();
        if !lengths.is_empty()
            && let Some(kept) = version(lengths.len()).checked_sub(1)
        {
            self.durable.len = lengths[kept];
        }
        let mut sectors: BTreeMap<u64, Vec<&Option<Sector>>> = BTreeMap::new();
        for (at, sector) in steps.iter().flat_map(|step| &step.sectors) {
            sectors.entry(*at).or_default().push(sector);
        }
        let (alike, mut lost) = (sectors.len().div_ceil(TORN_MAX).max(1), 0);
        for (nth, (at, versions)) in sectors.into_iter().enumerate() {
            if nth % alike == 0 {
                lost = versions.len() - version(versions.len());
            }
            if let Some(kept) = versions.len().saturating_sub(lost).checked_sub(1) {
                self.durable.put(at, versions[kept].clone());
            }
        }
        if is_torn { Loss::Torn } else { Loss::Nothing }
    }
}

/// One of `count` numbers from 0, the last of them in answer to 0. Asks about a few of many.
fn ask_below(ask: &mut dyn FnMut(u32) -> u32, last: usize, count: usize) -> usize {
    let bound = count.min(VERSIONS_MAX) as u32;
    match if bound > 1 { ask(bound) } else { 0 } {
        0 => last,
        few => few as usize - 1,
    }
}
