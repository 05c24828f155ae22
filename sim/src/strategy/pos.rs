//! Partial order sampling: a random priority per event, drawn anew where events race.
//!
//! Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling", CAV 2018: of the next events of all tasks that can run, the
//! one of the highest priority comes first. Whatever raced with it gets a new priority, so that orders of racing events are
//! equally likely while events that commute are not ordered again and again.
//!
//! Which polls race is not known: what they touch is memory of the program's own. So each run guesses a partition of the
//! polls (by class of task and ordinal) into a few objects, and polls of one object are taken to race. A wrong guess costs
//! likelihood and never rules a schedule out.

use reveille_executor::{Choose, Hint, Kind, Point, Ready, TaskId};

use super::family::Family;
use super::profile::Profile;
use super::streams::Streams;
use super::{Site, Source};

/// Picks the next event by priority.
#[derive(Default)]
pub(crate) struct Pos {
    streams: Streams,
    family: Family,
    /// By task: the priority of its next event; 0 if it has none yet.
    priorities: Vec<u32>,
    /// What the guess of this run depends on.
    salt: u64,
}

/// How many objects are guessed.
const OBJECTS: u64 = 4;

impl Pos {
    fn priority(&mut self, task: TaskId) -> u32 {
        if self.priorities[task.index()] == 0 {
            self.priorities[task.index()] = (self.streams.bits(Kind::SCHEDULE) >> 33) as u32 | 1;
        }
        self.priorities[task.index()]
    }

    /// The object that the next poll of `task` is guessed to touch.
    fn object(&self, task: TaskId) -> u64 {
        let event = ((self.family.class(task) as u64) << 32) | u64::from(self.family.ordinal(task));
        super::streams::scatter(self.salt ^ event) % OBJECTS
    }

    fn pick(&mut self, ready: &dyn Ready, bound: u32) -> u32 {
        let answer = (0..bound).max_by_key(|&index| self.priority(ready.task(index))).unwrap_or(0);
        let object = self.object(ready.task(answer));
        for task in (0..bound).map(|index| ready.task(index)) {
            if self.object(task) == object {
                self.priorities[task.index()] = 0;
            }
        }
        answer
    }
}

impl Choose for Pos {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        match point.hint {
            _ if self.streams.seed() == 0 => 0,
            Hint::Ready(ready) => self.pick(ready, point.bound),
            _ => self.streams.uniform(point),
        }
    }
}

impl Source for Pos {
    fn begin(&mut self, seed: u64) {
        self.streams.begin(seed);
        self.family.begin();
        self.priorities.clear();
        self.salt = if seed == 0 { 0 } else { self.streams.bits(Kind::SCHEDULE) };
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.family.calibrate(profile);
    }

    fn follows(&self) -> bool {
        self.streams.seed() != 0
    }

    fn spawned(&mut self, _task: TaskId, parent: Option<TaskId>, site: Site) {
        self.family.spawned(parent, site);
        self.priorities.push(0);
    }

    fn polled(&mut self, task: TaskId) {
        self.family.polled(task);
        self.priorities[task.index()] = 0;
    }
}
