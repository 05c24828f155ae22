//! Several strategies in turn: the seed says which.
//!
//! No strategy is good at everything (SURW, ASPLOS 2025, compares them), and a test author should not have to choose.
//!
//! Those that weigh tasks look at all that can run before each pick. Where there are more tasks than compete at once they
//! would not see all of them, so what they promise would not hold, and cost the more for it: there the seed says only
//! whether picks are uniform or sticky.

use reveille_executor::{Choose, Point, SCHEDULE_BOUND_MAX, TaskId};

use super::{Pct, Profile, Random, Site, Skewed, Source, Sticky, Surw, Urw};

/// A fixed set of strategies. Seed `s` is a run of the strategy number `s` modulo their number, so a seed means one run.
pub(crate) struct Portfolio {
    members: Vec<Box<dyn Source>>,
    /// For programs of many tasks.
    in_a_crowd: [Box<dyn Source>; 2],
    is_crowd: bool,
    current: usize,
}

impl Portfolio {
    /// The strategy of the current seed.
    fn member(&self) -> &dyn Source {
        let of_crowd = self.is_crowd.then(|| &self.in_a_crowd[self.current]);
        &**of_crowd.unwrap_or_else(|| &self.members[self.current])
    }

    fn member_mut(&mut self) -> &mut dyn Source {
        if self.is_crowd { &mut *self.in_a_crowd[self.current] } else { &mut *self.members[self.current] }
    }
}

impl Default for Portfolio {
    fn default() -> Self {
        let members: Vec<Box<dyn Source>> = vec![
            Box::new(Random::default()),
            Box::new(Skewed::default()),
            Box::new(Surw::default()),
            Box::new(Urw::default()),
            Box::new(Surw::default()),
            Box::new(Pct::new(3)),
            Box::new(Skewed::default()),
            Box::new(Surw::default()),
            Box::new(Sticky::new(12)),
            Box::new(Surw::default()),
            Box::new(Skewed::default()),
            Box::new(Surw::default()),
        ];
        let in_a_crowd: [Box<dyn Source>; 2] = [Box::new(Random::default()), Box::new(Sticky::new(12))];
        Self { members, in_a_crowd, is_crowd: false, current: 0 }
    }
}

impl Choose for Portfolio {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        self.member_mut().choose(point)
    }
}

impl Source for Portfolio {
    fn begin(&mut self, seed: u64) {
        let count = if self.is_crowd { self.in_a_crowd.len() } else { self.members.len() };
        // The remainder is below their number.
        self.current = (seed % count as u64) as usize;
        self.member_mut().begin(seed);
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.is_crowd = profile.tasks.len() > SCHEDULE_BOUND_MAX as usize;
        self.current = 0;
        self.members.iter_mut().for_each(|member| member.calibrate(profile));
    }

    fn follows(&self) -> bool {
        self.member().follows()
    }

    fn spawned(&mut self, task: TaskId, parent: Option<TaskId>, site: Site) {
        self.member_mut().spawned(task, parent, site);
    }

    fn polled(&mut self, task: TaskId) {
        self.member_mut().polled(task);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::strategy::profile::Measured;

    /// Whether any of the strategies of the first seeds weighs tasks, in a program of so many.
    fn weighs(tasks: usize) -> bool {
        let measured = Measured { parent: None, site: Location::caller(), polls: 1 };
        let mut portfolio = Portfolio::default();
        portfolio.calibrate(&Profile { schedule_choices: 1, tasks: vec![measured; tasks] });
        (1..100).any(|seed| {
            portfolio.begin(seed);
            portfolio.follows()
        })
    }

    #[test]
    fn tasks_are_weighed_where_all_of_them_compete() {
        assert!(weighs(SCHEDULE_BOUND_MAX as usize));
        assert!(!weighs(SCHEDULE_BOUND_MAX as usize + 1));
    }
}
