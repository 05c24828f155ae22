//! What a run covers: who met whom, where, and how often.
//!
//! What polls touch is memory of the program's own, so the objects on which tasks can be seen to meet are two:
//!
//! * *a task's waker*: a poll of one task made another runnable. The two polls met, and the edge between the tasks is
//!   counted, in steps of powers of two.
//! * *the processor*: a poll came right after that of another task, although there was a choice. Whatever memory they share, the
//!   second is the first to see what the other left there.
//!
//! Polls are named by the task's signature and the ordinal of the poll, so coverage means the same in all runs.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Covered;
use super::super::streams::scatter;
use super::mutant::{Poll, Recording};

/// Everything covered so far.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    seen: BTreeSet<u64>,
    /// The runs that covered something new, and how much had been seen with each.
    growth: Vec<(u64, u64)>,
}

/// No more than this is remembered: a program with so many meetings has new ones in every run anyway.
const SEEN_MAX: usize = 1 << 20;

impl Coverage {
    /// Adds what a run covered that was the `run`th, from 1. True if it covered something new.
    pub(super) fn add(&mut self, recording: &Recording, run: u64) -> bool {
        let before = self.seen.len();
        if before < SEEN_MAX {
            edges(recording).chain(meetings(recording)).for_each(|feature| _ = self.seen.insert(feature));
        }
        let is_new = self.seen.len() > before;
        if is_new {
            self.growth.push((run, self.seen.len() as u64));
        }
        is_new
    }

    /// What was covered in `runs` runs.
    pub(super) fn covered(&self, runs: u64) -> Covered {
        let seen = self.seen.len() as u64;
        let early = self.growth.partition_point(|(run, _)| *run <= runs.div_ceil(2));
        let early = early.checked_sub(1).map_or(0, |last| self.growth[last].1);
        Covered { seen, late: seen - early }
    }
}

/// A number for what was covered.
fn feature(sort: u64, one: Poll, other: Poll) -> u64 {
    let poll = |poll: Poll| (u64::from(poll.task) << 32) | u64::from(poll.ordinal);
    scatter(scatter(scatter(sort) ^ poll(one)) ^ poll(other))
}

/// Which task made which runnable, and how often.
fn edges(recording: &Recording) -> impl Iterator<Item = u64> {
    let mut counts = BTreeMap::<(u32, u32), u32>::new();
    for (by, woken) in recording.wakes() {
        *counts.entry((by.task, woken.task)).or_default() += 1;
    }
    let counted = |task, count: u32| Poll { task, ordinal: count.ilog2() };
    counts.into_iter().map(move |((by, task), count)| feature(1, counted(by, 1), counted(task, count)))
}

/// Which polls met.
fn meetings(recording: &Recording) -> impl Iterator<Item = u64> {
    let woken = recording.wakes().iter().map(|&(by, woken)| feature(2, by, woken));
    let next = recording.polls().windows(2).filter(|pair| pair[0].0.task != pair[1].0.task && pair[1].1);
    woken.chain(next.map(|pair| feature(3, pair[0].0, pair[1].0)))
}
