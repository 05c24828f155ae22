//! Answers the question "cut here?" as the audit wants it, and leaves all other choices to a strategy.

use std::cell::Cell;
use std::rc::Rc;

use reveille_executor::{Choose, Point};

use super::cuts::Way;
use crate::kinds;
use crate::strategy::Source;

/// Which cut the next runs get; `None` for none.
pub(super) type Aim = Rc<Cell<Option<(u64, Way)>>>;

/// A strategy whose answers to points of kind [`kinds::CUT`] are given by an [`Aim`].
pub(super) struct Aimed {
    aim: Aim,
    /// The number of the next such point in the run.
    next: u64,
    others: Box<dyn Source>,
}

impl Aimed {
    pub(super) fn new(aim: &Aim, others: Box<dyn Source>) -> Self {
        Self { aim: Rc::clone(aim), next: 0, others }
    }
}

impl Choose for Aimed {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if point.kind != kinds::CUT {
            return self.others.choose(point);
        }
        let at = self.next;
        self.next += 1;
        match self.aim.get() {
            Some((point, way)) if point == at => way.answer(),
            _ => 0,
        }
    }
}

impl Source for Aimed {
    fn begin(&mut self, seed: u64) {
        self.next = 0;
        self.others.begin(seed);
    }
}
