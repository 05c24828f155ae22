//! Answers the question "cut here?" as the audit wants it, and leaves all other choices to a strategy.

use std::cell::Cell;
use std::rc::Rc;

use reveille_executor::{Choose, Point, TaskId};

use super::cuts::Way;
use crate::freedom;
use crate::kinds;
use crate::run::Site;
use crate::strategy::{Profile, Source};

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

/// What the strategy wants to be told of a run it is told, but never that a run is over: one that learnt from the runs before
/// would begin a cut run otherwise than the uncut run of its seed.
impl Source for Aimed {
    fn begin(&mut self, seed: u64) {
        self.next = 0;
        self.others.begin(seed);
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.others.calibrate(profile);
    }

    fn freedoms(&self) -> freedom::Set {
        self.others.freedoms()
    }

    fn follows(&self) -> bool {
        self.others.follows()
    }

    fn spawned(&mut self, task: TaskId, parent: Option<TaskId>, site: Site) {
        self.others.spawned(task, parent, site);
    }

    fn polled(&mut self, task: TaskId) {
        self.others.polled(task);
    }

    fn follows_wakes(&self) -> bool {
        self.others.follows_wakes()
    }

    fn woke(&mut self, by: TaskId, task: TaskId) {
        self.others.woke(by, task);
    }
}
