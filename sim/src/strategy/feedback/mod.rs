//! Runs that learn from the runs before them: what came upon something new is changed a little, again and again.
//!
//! The idea is that of coverage-guided fuzzing, and of it for schedules: Wolff, Zhao, Mathur and Roychoudhury, "Greybox
//! Fuzzing for Concurrency Testing", ASPLOS 2024. What there is to cover is said in `coverage.rs`, how a run is changed in
//! `mutant.rs`.
//!
//! Runs come in *epochs* of a fixed length. The first half of an epoch has selectively uniform runs (`surw.rs`), the second
//! half has mutants of the *corpus*: runs of earlier epochs that covered something new. The corpus does not change during an
//! epoch. So a run is a pure function of the program, of its seed, and of the runs of the epochs before; and the same campaign
//! has the same runs each time.
//!
//! No seed alone repeats a mutant, only its tape does. That is why `feedback` is no part of the portfolio, why its runs follow one
//! another on one thread whatever the number of jobs, and why each shard learns from its own runs only: it is a campaign of its
//! own, the same each time. (The other way would be that each shard performs what the others do, to come to the same corpus: no
//! faster than one of them.)

mod coverage;
mod mutant;

use std::collections::VecDeque;

use reveille_executor::{Choose, Kind, Point, TaskId};

use self::coverage::Coverage;
use self::mutant::{Mutant, Recording};
use super::family::Family;
use super::streams::Streams;
use super::{Covered, Profile, Site, Source, Surw};

/// Runs of an epoch that owe nothing to others.
const FRESH: u64 = 24;
/// Runs of an epoch that are mutants.
const MUTANTS: u64 = 24;
/// So many runs are remembered; the oldest go first.
const CORPUS_MAX: usize = 256;

/// Selectively uniform runs, and mutants of what was new.
#[derive(Default)]
pub(crate) struct Feedback {
    streams: Streams,
    fresh: Surw,
    family: Family,
    coverage: Coverage,
    /// What is mutated in this epoch.
    corpus: VecDeque<Recording>,
    /// What this epoch adds to the corpus, at its end.
    finds: Vec<Recording>,
    /// How many runs there have been.
    runs: u64,
    /// The run is of this recording, changed; `None` for one that owes nothing to others.
    mutant: Option<Mutant>,
    /// What happens in the current run.
    recording: Recording,
}

impl Feedback {
    /// The name of `task` in recordings: that of its counterpart in the dullest run, as numbers depend on the schedule.
    fn name(&self, task: TaskId) -> u32 {
        self.family.signature(task).and_then(|name| u32::try_from(name).ok()).unwrap_or(Recording::STRANGER)
    }

    /// A change of something that was found before; `None` while there is nothing.
    fn mutate(&mut self) -> Option<Mutant> {
        let Self { streams, corpus, .. } = self;
        let count = u32::try_from(corpus.len()).ok().filter(|count| *count > 0)?;
        let parent = &corpus[streams.below(Kind::SCHEDULE, count) as usize];
        Some(Mutant::of(parent, streams))
    }

    fn end_epoch(&mut self) {
        self.corpus.extend(self.finds.drain(..));
        let excess = self.corpus.len().saturating_sub(CORPUS_MAX);
        self.corpus.drain(..excess);
    }
}

impl Choose for Feedback {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        let Self { mutant, family, fresh, recording, .. } = self;
        let answer = match mutant {
            Some(mutant) => mutant.choose(point, family),
            None => fresh.choose(point),
        };
        recording.chose(point, answer);
        answer
    }
}

impl Source for Feedback {
    fn begin(&mut self, seed: u64) {
        self.streams.begin(seed);
        self.family.begin();
        self.recording.clear();
        let nth = self.runs % (FRESH + MUTANTS);
        if nth == 0 {
            self.end_epoch();
        }
        self.mutant = if seed == 0 || nth < FRESH { None } else { self.mutate() };
        self.fresh.begin(seed);
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.family.calibrate(profile);
        self.fresh.calibrate(profile);
    }

    fn follows(&self) -> bool {
        self.streams.seed() != 0
    }

    fn follows_wakes(&self) -> bool {
        true
    }

    fn spawned(&mut self, task: TaskId, parent: Option<TaskId>, site: Site) {
        self.family.spawned(parent, site);
        if self.mutant.is_none() {
            self.fresh.spawned(task, parent, site);
        }
    }

    fn polled(&mut self, task: TaskId) {
        let name = self.name(task);
        self.recording.polled(name, self.family.ordinal(task));
        self.family.polled(task);
        match &mut self.mutant {
            Some(mutant) => mutant.polled(name),
            None => self.fresh.polled(task),
        }
    }

    fn woke(&mut self, by: TaskId, task: TaskId) {
        if by != task {
            self.recording.woke(self.name(task), self.family.ordinal(task));
        }
    }

    fn ended(&mut self) {
        self.runs += 1;
        if self.coverage.add(&self.recording, self.runs) && self.recording.is_short() {
            self.finds.push(self.recording.clone());
        }
    }

    fn covered(&self) -> Option<Covered> {
        Some(self.coverage.covered(self.runs))
    }
}
