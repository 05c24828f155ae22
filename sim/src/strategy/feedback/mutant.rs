//! A run on record, and the same run with a few of its elements changed.
//!
//! A recording is an order of polls by the names of tasks, which survives a change: an answer by position would mean another
//! schedule in all that comes after it. What cannot run when it is its turn is waited for, while what comes later goes first.

use reveille_executor::{Hint, Kind, Point};

use super::super::family::Family;
use super::super::streams::Streams;
use crate::draws::Draw;

/// One poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Poll {
    /// The name of the task.
    pub(super) task: u32,
    /// Which of its polls, from 0.
    pub(super) ordinal: u32,
}

/// What happened in a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording {
    /// The polls in order, each with whether there was a choice.
    polls: Vec<(Poll, bool)>,
    /// The poll in which a task was made runnable, and that task's next.
    wakes: Vec<(Poll, Poll)>,
    /// The answers that are not the schedule's, in order.
    others: Vec<Draw>,
    /// The next poll was chosen.
    chosen: bool,
}

/// The longest run that is mutated: following an order costs time.
const POLLS_MAX: usize = 4_096;

impl Recording {
    /// The name of a task that the dullest run did not have.
    pub(super) const STRANGER: u32 = u32::MAX;

    pub(super) fn clear(&mut self) {
        self.polls.clear();
        self.wakes.clear();
        self.others.clear();
        self.chosen = false;
    }

    pub(super) fn chose(&mut self, point: Point<'_>, answer: u32) {
        if point.kind == Kind::SCHEDULE {
            self.chosen = true;
        } else if self.is_short() {
            self.others.push(Draw { kind: point.kind, bound: point.bound, value: answer });
        }
    }

    pub(super) fn polled(&mut self, task: u32, ordinal: u32) {
        let chosen = std::mem::take(&mut self.chosen);
        if self.is_short() {
            self.polls.push((Poll { task, ordinal }, chosen));
        }
    }

    /// The poll under way made `task` runnable, whose next poll is that of `ordinal`.
    pub(super) fn woke(&mut self, task: u32, ordinal: u32) {
        if let Some((by, _)) = self.polls.last()
            && self.is_short()
        {
            self.wakes.push((*by, Poll { task, ordinal }));
        }
    }

    /// Whether all of it is on record.
    pub(super) fn is_short(&self) -> bool {
        self.polls.len() < POLLS_MAX && self.others.len() < POLLS_MAX
    }

    pub(super) fn polls(&self) -> &[(Poll, bool)] {
        &self.polls
    }

    pub(super) fn wakes(&self) -> &[(Poll, Poll)] {
        &self.wakes
    }
}

/// A recording that was changed, while it is performed.
#[derive(Debug)]
pub(super) struct Mutant {
    /// The names of tasks in the order of their polls.
    turns: Vec<u32>,
    /// Which turns were taken.
    taken: Vec<bool>,
    /// The first that was not.
    first: usize,
    others: Vec<Draw>,
    /// How many draws of each kind there have been, by its index.
    asked: [usize; 26],
}

/// At most so many elements are changed.
const CHANGES_MAX: usize = 6;

impl Mutant {
    /// Changes a few elements of `parent`.
    pub(super) fn of(parent: &Recording, streams: &mut Streams) -> Self {
        let mut turns: Vec<u32> = parent.polls.iter().map(|(poll, _)| poll.task).collect();
        let mut others = parent.others.clone();
        let mut below = |bound: usize| streams.below(Kind::SCHEDULE, u32::try_from(bound).unwrap_or(u32::MAX)) as usize;
        for _ in 0..=below(CHANGES_MAX) {
            if !others.is_empty() && (turns.len() < 2 || below(4) == 0) {
                let nth = below(others.len());
                others[nth].value = below(others[nth].bound as usize) as u32;
            } else if turns.len() >= 2 {
                let (one, other) = (below(turns.len()), below(turns.len()));
                change(&mut turns, one.min(other), one.max(other), below(3));
            }
        }
        let taken = vec![false; turns.len()];
        Self { turns, taken, first: 0, others, asked: [0; 26] }
    }

    pub(super) fn choose(&mut self, point: Point<'_>, family: &Family) -> u32 {
        if point.kind == Kind::SCHEDULE { self.pick(point, family) } else { self.other(point) }
    }

    fn pick(&self, point: Point<'_>, family: &Family) -> u32 {
        let Hint::Ready(ready) = point.hint else { return 0 };
        let name = |index| family.signature(ready.task(index)).and_then(|name| u32::try_from(name).ok());
        let names: Vec<u32> = (0..point.bound).map(|index| name(index).unwrap_or(Recording::STRANGER)).collect();
        let left = self.turns[self.first..].iter().zip(&self.taken[self.first..]).filter(|(_, taken)| !**taken);
        let place = left.map(|(turn, _)| names.iter().position(|name| name == turn)).find_map(|place| place);
        place.and_then(|place| u32::try_from(place).ok()).unwrap_or(0)
    }

    /// The answer that the draw of this kind had which came as many draws of its kind after the first.
    fn other(&mut self, point: Point<'_>) -> u32 {
        let nth = self.asked[point.kind.index()];
        self.asked[point.kind.index()] += 1;
        let draw = self.others.iter().filter(|draw| draw.kind == point.kind).nth(nth);
        draw.map_or(0, |draw| draw.value.min(point.bound - 1))
    }

    pub(super) fn polled(&mut self, task: u32) {
        let turn = (self.first..self.turns.len()).find(|&turn| !self.taken[turn] && self.turns[turn] == task);
        if let Some(turn) = turn {
            self.taken[turn] = true;
        }
        while self.taken.get(self.first) == Some(&true) {
            self.first += 1;
        }
    }
}

/// Changes the order of `turns` between `from` and `to`, by the task whose turn one of them is.
fn change(turns: &mut [u32], from: usize, to: usize, how: usize) {
    let stretch = &mut turns[from..=to];
    let (first, last) = (stretch[0], stretch[stretch.len() - 1]);
    match how {
        // The task is held back to the end of the stretch. A stable sort keeps the order of the others.
        0 => stretch.sort_by_key(|task| *task == first),
        // The task comes forward to its beginning.
        1 => stretch.sort_by_key(|task| *task != last),
        // One turn moves.
        _ => stretch.rotate_left(1),
    }
}
