//! How much of the run each task has before it: its own events that are to come, and those of its descendants that are not
//! spawned yet.

use reveille_executor::{Kind, Ready, TaskId};

use super::family::Family;
use super::streams::Streams;

/// Expected events per task.
#[derive(Debug, Default)]
pub(super) struct Weights {
    /// By signature: the events of the task and of all its descendants, in the dullest run.
    expected: Vec<u32>,
    /// By task: those that are to come. What is spawned takes its share from its parent.
    to_come: Vec<u32>,
    /// Sums over the candidates of a draw: scratch.
    sums: Vec<u32>,
}

impl Weights {
    /// Starts a run in which the task of a signature has `own` events.
    pub(super) fn begin(&mut self, family: &Family, own: impl Fn(usize) -> u32) {
        family.with_descendants(own, &mut self.expected);
        self.to_come.clear();
    }

    /// Takes in the task that `family` was told of last, and returns its weight.
    pub(super) fn spawned(&mut self, family: &Family, task: TaskId, parent: Option<TaskId>) -> u32 {
        let weight = family.signature(task).map_or(1, |signature| self.expected[signature]);
        if let Some(parent) = parent.and_then(|parent| self.to_come.get_mut(parent.index())) {
            *parent = parent.saturating_sub(weight);
        }
        self.to_come.push(weight);
        weight
    }

    /// An event of `task` has come.
    pub(super) fn passed(&mut self, task: TaskId) {
        let to_come = &mut self.to_come[task.index()];
        *to_come = to_come.saturating_sub(1);
    }

    pub(super) fn of(&self, task: TaskId) -> u32 {
        self.to_come[task.index()]
    }

    /// Draws one of the first `bound` of `ready`, each with a probability in proportion to its weight, which is at least
    /// `least`. `None` if all weigh nothing.
    pub(super) fn draw(&mut self, streams: &mut Streams, ready: &dyn Ready, bound: u32, least: u32) -> Option<u32> {
        let Self { to_come, sums, .. } = self;
        let mut sum = 0_u32;
        sums.clear();
        sums.extend((0..bound).map(|index| {
            sum = sum.saturating_add(to_come[ready.task(index).index()].max(least));
            sum
        }));
        if sum == 0 {
            return None;
        }
        let drawn = streams.below(Kind::SCHEDULE, sum);
        u32::try_from(sums.partition_point(|&below| below <= drawn)).ok()
    }
}
