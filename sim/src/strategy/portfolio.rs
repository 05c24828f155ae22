//! Several strategies in turn: the seed says which.
//!
//! No strategy is good at everything (SURW, ASPLOS 2025, compares them), and a test author should not have to choose.

use reveille_executor::{Choose, Point, TaskId};

use super::{Pct, Profile, Random, Site, Skewed, Source, Sticky, Surw, Urw};

/// A fixed set of strategies. Seed `s` is a run of the strategy number `s` modulo their number, so a seed means one run.
pub(crate) struct Portfolio {
    members: Vec<Box<dyn Source>>,
    current: usize,
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
        Self { members, current: 0 }
    }
}

impl Choose for Portfolio {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        self.members[self.current].choose(point)
    }
}

impl Source for Portfolio {
    fn begin(&mut self, seed: u64) {
        // The remainder is below the number of members.
        self.current = (seed % self.members.len() as u64) as usize;
        self.members[self.current].begin(seed);
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.members.iter_mut().for_each(|member| member.calibrate(profile));
    }

    fn follows(&self) -> bool {
        self.members[self.current].follows()
    }

    fn spawned(&mut self, task: TaskId, parent: Option<TaskId>, site: Site) {
        self.members[self.current].spawned(task, parent, site);
    }

    fn polled(&mut self, task: TaskId) {
        self.members[self.current].polled(task);
    }
}
