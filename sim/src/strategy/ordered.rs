//! Answers by the names of tasks: an order in which they are to be polled, as far as they can be.
//!
//! Answers by position mean something else after every edit before them. An order survives edits: what cannot run yet is
//! waited for, while what comes later and can run goes first.

use std::cell::RefCell;
use std::rc::Rc;

use reveille_executor::{Choose, Hint, Kind, Point, TaskId};

use super::Source;
use crate::choices::Draw;

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

/// Has tasks polled in a certain order. Choices that are not the schedule's are answered kind by kind, as they were.
pub(crate) struct Ordered {
    turns: Vec<Turn>,
    /// The turns that are still to come.
    left: Vec<Turn>,
    /// The draws of the run that the order was taken from.
    others: Vec<Draw>,
    /// How many draws of each kind there have been, by its index.
    asked: Vec<usize>,
}

impl Ordered {
    pub(crate) fn new(turns: Vec<Turn>, draws: &[Draw]) -> Self {
        let others = draws.iter().filter(|draw| draw.kind != Kind::SCHEDULE).copied().collect();
        Self { turns, left: Vec::new(), others, asked: Vec::new() }
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

    /// The answer that the draw of this kind had which came as many draws of its kind after the first.
    fn other(&mut self, point: Point<'_>) -> u32 {
        let index = point.kind.index();
        if index >= self.asked.len() {
            self.asked.resize(index + 1, 0);
        }
        let nth = self.asked[index];
        self.asked[index] += 1;
        let draw = self.others.iter().filter(|draw| draw.kind == point.kind).nth(nth);
        draw.map_or(0, |draw| draw.value.min(point.bound - 1))
    }
}

impl Choose for Ordered {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if point.kind == Kind::SCHEDULE { self.pick(point) } else { self.other(point) }
    }
}

impl Source for Ordered {
    fn begin(&mut self, _seed: u64) {
        self.left.clone_from(&self.turns);
        self.asked.clear();
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
