//! Tasks of very different speeds.
//!
//! On real machines one task may be a thousand times slower than another: it is on a slow disk, or its core is busy. Uniform
//! picks let all tasks come forward alike, so what takes a slow task among fast ones is exponentially unlikely. Here each
//! run draws a speed per class of tasks, per task, or both: a power of a base, from a small range. Tasks are picked in
//! proportion to their speed. In some runs the speed of a task changes when it is picked, now and then.

use reveille_executor::{Choose, Hint, Kind, Point, Ready, TaskId};

use super::family::Family;
use super::streams::Streams;
use super::weights::Weights;
use super::{Profile, Site, Source};

/// Picks by speed.
#[derive(Default)]
pub(crate) struct Skewed {
    streams: Streams,
    family: Family,
    /// How many schedule choices the dullest run had.
    length: u32,
    /// By class: the exponent of its speed.
    classes: Vec<u32>,
    /// By task: its speed.
    speeds: Vec<u64>,
    mode: Mode,
    /// How many tasks each task has still to spawn, its descendants' included.
    unborn: Weights,
    /// Sums over the candidates of a pick: scratch.
    sums: Vec<u64>,
}

/// What a run draws of itself.
#[derive(Clone, Copy, Debug, Default)]
struct Mode {
    /// Tasks of a class have a speed in common.
    by_class: bool,
    /// Tasks have a speed of their own.
    by_task: bool,
    /// Who has tasks to spawn comes before all others.
    spawners_ahead: bool,
    /// How many bits a step of speed is.
    step: u32,
    /// How many changes of speed are expected in a run.
    changes: u32,
}

/// How many different speeds there are.
const SPEEDS: u32 = 3;
/// By so many bits are those who spawn ahead of others.
const AHEAD: u32 = 20;

impl Skewed {
    fn exponent(&mut self) -> u32 {
        self.streams.below(Kind::SCHEDULE, SPEEDS)
    }

    fn speed(&mut self, task: TaskId) -> u64 {
        let mut exponent = 0;
        if self.mode.by_class {
            exponent += self.classes[self.family.class(task)];
        }
        if self.mode.by_task {
            exponent += self.exponent();
        }
        1 << (exponent * self.mode.step)
    }

    /// The speed of `task` now.
    fn current(&self, task: TaskId) -> u64 {
        let is_ahead = self.mode.spawners_ahead && self.unborn.of(task) > 1;
        self.speeds[task.index()] << if is_ahead { AHEAD } else { 0 }
    }

    fn pick(&mut self, ready: &dyn Ready, bound: u32) -> u32 {
        let mut sums = std::mem::take(&mut self.sums);
        let mut sum = 0;
        sums.clear();
        sums.extend((0..bound).map(|index| {
            sum += self.current(ready.task(index));
            sum
        }));
        let drawn = self.streams.bits(Kind::SCHEDULE) % sum;
        // Below the bound, since what is drawn is below the last sum.
        let answer = sums.partition_point(|&below| below <= drawn) as u32;
        self.sums = sums;
        if self.mode.changes > 0 && self.streams.below(Kind::SCHEDULE, self.length) < self.mode.changes {
            let task = ready.task(answer);
            self.speeds[task.index()] = self.speed(task);
        }
        answer
    }
}

impl Choose for Skewed {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        match point.hint {
            _ if self.streams.seed() == 0 => 0,
            Hint::Ready(ready) => self.pick(ready, point.bound),
            _ => self.streams.uniform(point),
        }
    }
}

impl Source for Skewed {
    fn begin(&mut self, seed: u64) {
        self.streams.begin(seed);
        self.family.begin();
        self.speeds.clear();
        if seed == 0 {
            return;
        }
        let kind = self.streams.below(Kind::SCHEDULE, 3);
        self.mode = Mode {
            spawners_ahead: self.streams.below(Kind::SCHEDULE, 2) == 0,
            by_class: kind != 1,
            by_task: kind != 0,
            step: 3 + self.streams.below(Kind::SCHEDULE, 3),
            changes: [0, 2, 8][self.streams.below(Kind::SCHEDULE, 3) as usize],
        };
        self.unborn.begin(&self.family, |_| 1);
        self.classes.clear();
        for _ in 0..self.family.classes() {
            let exponent = self.exponent();
            self.classes.push(exponent);
        }
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.length = profile.schedule_choices.max(1);
        self.family.calibrate(profile);
    }

    fn follows(&self) -> bool {
        self.streams.seed() != 0
    }

    fn spawned(&mut self, task: TaskId, parent: Option<TaskId>, site: Site) {
        self.family.spawned(parent, site);
        let speed = self.speed(task);
        self.speeds.push(speed);
        self.unborn.spawned(&self.family, task, parent);
    }

    fn polled(&mut self, _task: TaskId) {}
}
