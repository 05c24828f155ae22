//! Probabilistic concurrency testing: random priorities and a few random changes of them.
//!
//! Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010: a bug that needs `d` ordering constraints among `n` tasks
//! and `k` steps is found in a run with probability at least `1 / (n k^(d-1))`. Tasks have random priorities, the highest
//! that can run is picked, and at `d - 1` random steps the priority of the task just picked drops below all others.
//!
//! Two departures. The paper's steps are instructions, ours are the points at which more than one task can run; their
//! number is that of the calibration run. And a task that only re-wakes itself would keep the others out for ever: after
//! a stretch of picks in a row it drops too.

use reveille_executor::{Choose, Hint, Kind, Point, TaskId};

use super::streams::Streams;
use super::{Profile, Source};

/// Picks by priority, with `depth - 1` changes.
pub(crate) struct Pct {
    streams: Streams,
    depth: u32,
    /// How many schedule choices a run is expected to have.
    length: u32,
    /// By task; 0 for one not seen yet. What dropped is below `FRESH`, what did not is above.
    priorities: Vec<u64>,
    /// The schedule choices at which a priority drops, ascending.
    changes: Vec<u32>,
    /// How many schedule choices there have been.
    step: u32,
    /// The next priority for one that drops: each is lower than all before.
    low: u64,
    last: Option<TaskId>,
    /// How often the last task was picked in a row.
    in_a_row: u32,
}

/// Below every random priority.
const FRESH: u64 = 1 << 32;
/// A task that was picked so often in a row, with others waiting, is taken to spin.
const IN_A_ROW_MAX: u32 = 64;

impl Pct {
    pub(crate) fn new(depth: u32) -> Self {
        Self {
            streams: Streams::default(),
            depth,
            length: 1,
            priorities: Vec::new(),
            changes: Vec::new(),
            step: 0,
            low: FRESH - 1,
            last: None,
            in_a_row: 0,
        }
    }

    fn priority(&mut self, task: TaskId) -> u64 {
        let index = task.index();
        if index >= self.priorities.len() {
            self.priorities.resize(index + 1, 0);
        }
        if self.priorities[index] == 0 {
            self.priorities[index] = self.streams.bits(Kind::SCHEDULE) | FRESH;
        }
        self.priorities[index]
    }

    fn drop_priority(&mut self, task: TaskId) {
        self.priorities[task.index()] = self.low;
        self.low -= 1;
    }

    fn pick(&mut self, point: Point<'_>) -> Option<u32> {
        let Hint::Ready(ready) = point.hint else { return None };
        self.step += 1;
        let answer = (0..point.bound).max_by_key(|&index| self.priority(ready.task(index))).unwrap_or(0);
        let task = ready.task(answer);
        self.in_a_row = if self.last == Some(task) { self.in_a_row + 1 } else { 1 };
        self.last = Some(task);
        let change = self.changes.first() == Some(&self.step);
        if change {
            self.changes.remove(0);
        }
        if change || self.in_a_row >= IN_A_ROW_MAX {
            self.in_a_row = 0;
            self.drop_priority(task);
        }
        Some(answer)
    }
}

impl Choose for Pct {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if self.streams.seed() == 0 {
            return 0;
        }
        self.pick(point).unwrap_or_else(|| self.streams.uniform(point))
    }
}

impl Source for Pct {
    fn begin(&mut self, seed: u64) {
        self.streams.begin(seed);
        self.priorities.clear();
        self.changes.clear();
        for _ in 1..self.depth {
            self.changes.push(1 + self.streams.below(Kind::SCHEDULE, self.length));
        }
        self.changes.sort_unstable();
        self.changes.dedup();
        (self.step, self.low, self.last, self.in_a_row) = (0, FRESH - 1, None, 0);
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.length = profile.schedule_choices.max(1);
    }
}
