//! A random walk that comes near to drawing uniformly from all schedules.
//!
//! URW, of Zhao, Wolff, Mathur and Roychoudhury, "Selectively Uniform Concurrency Testing", ASPLOS 2025: a task is picked
//! with a probability in proportion to the number of events that it has before it, its descendants' that are not spawned yet
//! included. For tasks that do not wait for one another every schedule is then equally likely; a uniform choice of
//! *tasks* favours schedules in which short tasks end early. How many events there are is taken from the dullest run.

use reveille_executor::{Choose, Hint, Point, TaskId};

use super::family::Family;
use super::profile::Profile;
use super::streams::Streams;
use super::weights::Weights;
use super::{Site, Source};

/// Picks by how much a task has before it.
#[derive(Default)]
pub(crate) struct Urw {
    streams: Streams,
    family: Family,
    weights: Weights,
}

impl Choose for Urw {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        match point.hint {
            _ if self.streams.seed() == 0 => 0,
            Hint::Ready(ready) => self.weights.draw(&mut self.streams, ready, point.bound, 1).unwrap_or(0),
            _ => self.streams.uniform(point),
        }
    }
}

impl Source for Urw {
    fn begin(&mut self, seed: u64) {
        self.streams.begin(seed);
        self.family.begin();
        self.weights.begin(&self.family, |signature| self.family.measured(signature).1);
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.family.calibrate(profile);
    }

    fn follows(&self) -> bool {
        self.streams.seed() != 0
    }

    fn spawned(&mut self, task: TaskId, parent: Option<TaskId>, site: Site) {
        self.family.spawned(parent, site);
        self.weights.spawned(&self.family, task, parent);
    }

    fn polled(&mut self, task: TaskId) {
        self.family.polled(task);
        self.weights.passed(task);
    }
}
