//! Random, but inclined to go on with the task that ran last.
//!
//! Many bugs need one task to come far while the others stand still, which uniform picks make exponentially unlikely.

use reveille_executor::{Choose, Hint, Kind, Point, TaskId};

use super::Source;
use super::streams::Streams;

/// Keeps the current task, if it can run, with a fixed probability; else picks uniformly.
pub(crate) struct Sticky {
    streams: Streams,
    /// Stays so often out of `OUT_OF`.
    stays: u32,
    last: Option<TaskId>,
}

impl Sticky {
    pub(crate) const OUT_OF: u32 = 16;

    pub(crate) fn new(stays: u32) -> Self {
        Self { streams: Streams::default(), stays, last: None }
    }

    fn pick(&mut self, point: Point<'_>) -> Option<u32> {
        let Hint::Ready(ready) = point.hint else { return None };
        let stay = self.streams.below(Kind::SCHEDULE, Self::OUT_OF) < self.stays;
        // From the back, where a task goes that wakes itself.
        let current = || (0..point.bound).rev().find(|&index| Some(ready.task(index)) == self.last);
        let answer = stay.then(current).flatten().unwrap_or_else(|| self.streams.below(Kind::SCHEDULE, point.bound));
        self.last = Some(ready.task(answer));
        Some(answer)
    }
}

impl Choose for Sticky {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if self.streams.seed() == 0 {
            return 0;
        }
        self.pick(point).unwrap_or_else(|| self.streams.uniform(point))
    }
}

impl Source for Sticky {
    fn begin(&mut self, seed: u64) {
        self.streams.begin(seed);
        self.last = None;
    }
}
