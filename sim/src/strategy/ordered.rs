//! Answers by the names of tasks: an order in which they are to be polled, as far as they can be.
//!
//! Answers by position mean something else after every edit before them. An order survives edits: what cannot run yet is
//! waited for, while what comes later and can run goes first.

use std::cell::RefCell;
use std::rc::Rc;

use reveille_executor::{Choose, Hint, Kind, Point, TaskId};

use super::Source;
use crate::draws::Draw;

/// One poll in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Whoever comes next.
    Usual,
    /// This task's.
    Of(TaskId),
}

/// Which tasks were polled in a run, in order. Filled while it goes.
pub(crate) type Polled = Rc<RefCell<Vec<TaskId>>>;

/// Tells `polled` which tasks are polled; `source` answers.
pub(crate) struct Noting {
    source: Box<dyn Source>,
    polled: Polled,
}

impl Noting {
    pub(crate) fn new(source: Box<dyn Source>, polled: Polled) -> Self {
        Self { source, polled }
    }
}

impl Choose for Noting {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        self.source.choose(point)
    }
}

impl Source for Noting {
    fn begin(&mut self, seed: u64) {
        self.polled.borrow_mut().clear();
        self.source.begin(seed);
    }

    fn follows(&self) -> bool {
        true
    }

    fn polled(&mut self, task: TaskId) {
        self.polled.borrow_mut().push(task);
        self.source.polled(task);
    }
}

/// The answers of a run to choices that are not the schedule's, given again kind by kind.
struct Others {
    draws: Vec<Draw>,
    /// How many draws of each kind there have been, by its index.
    asked: Vec<usize>,
}

impl Others {
    fn of(draws: &[Draw]) -> Self {
        let draws = draws.iter().filter(|draw| draw.kind != Kind::SCHEDULE).copied().collect();
        Self { draws, asked: Vec::new() }
    }

    fn begin(&mut self) {
        self.asked.clear();
    }

    /// The answer that the draw of this kind had which came as many draws of its kind after the first.
    fn answer(&mut self, point: Point<'_>) -> u32 {
        let index = point.kind.index();
        if index >= self.asked.len() {
            self.asked.resize(index + 1, 0);
        }
        let nth = self.asked[index];
        self.asked[index] += 1;
        let draw = self.draws.iter().filter(|draw| draw.kind == point.kind).nth(nth);
        draw.map_or(0, |draw| draw.value.min(point.bound - 1))
    }
}

/// Has tasks polled in a certain order. Choices that are not the schedule's are answered kind by kind, as they were.
pub(crate) struct Ordered {
    turns: Vec<Turn>,
    /// The turns that are still to come.
    left: Vec<Turn>,
    others: Others,
}

impl Ordered {
    /// `draws`: of the run that the order was taken from.
    pub(crate) fn new(turns: Vec<Turn>, draws: &[Draw]) -> Self {
        Self { turns, left: Vec::new(), others: Others::of(draws) }
    }

    fn pick(&self, point: Point<'_>) -> u32 {
        let Hint::Ready(ready) = point.hint else { return 0 };
        let candidates: Vec<_> = (0..point.bound).map(|index| ready.task(index)).collect();
        let wanted = |turn: &Turn| match turn {
            Turn::Usual => Some(0),
            Turn::Of(task) => candidates.iter().position(|candidate| candidate == task),
        };
        self.left.iter().find_map(wanted).and_then(|index| u32::try_from(index).ok()).unwrap_or(0)
    }
}

impl Choose for Ordered {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if point.kind == Kind::SCHEDULE { self.pick(point) } else { self.others.answer(point) }
    }
}

impl Source for Ordered {
    fn begin(&mut self, _seed: u64) {
        self.left.clone_from(&self.turns);
        self.others.begin();
    }

    fn follows(&self) -> bool {
        true
    }

    fn polled(&mut self, task: TaskId) {
        // The turn that was taken: the first that this poll can have been.
        let taken = self.left.iter().position(|turn| *turn == Turn::Usual || *turn == Turn::Of(task));
        if let Some(at) = taken {
            self.left.remove(at);
        }
    }
}

/// Out of order at few picks, which are given by how many picks came before. Choices that are not the schedule's are answered
/// kind by kind, as they were.
pub(crate) struct Sparse {
    /// Which picks, ascending, and how far out of order in proportion to what there is: 2^32 would be the whole queue.
    picks: Vec<(usize, u32)>,
    /// How many picks there have been.
    picked: usize,
    others: Others,
}

impl Sparse {
    /// `draws`: of the run whose other answers are given again.
    pub(crate) fn new(picks: Vec<(usize, u32)>, draws: &[Draw]) -> Self {
        Self { picks, picked: 0, others: Others::of(draws) }
    }
}

impl Choose for Sparse {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if point.kind != Kind::SCHEDULE {
            return self.others.answer(point);
        }
        let nth = self.picked;
        self.picked += 1;
        let share = self.picks.iter().find(|(at, _)| *at == nth).map(|(_, share)| u64::from(*share));
        share.map_or(0, |share| 1 + ((share * u64::from(point.bound - 1)) >> 32) as u32)
    }
}

impl Source for Sparse {
    fn begin(&mut self, _seed: u64) {
        self.picked = 0;
        self.others.begin();
    }
}
