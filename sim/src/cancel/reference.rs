//! How the audited tasks end when nothing is cut half-way: what a cut is held against.

use std::collections::BTreeSet;

/// The outcomes of each task (by role, see `stage.rs`), over all runs in which nothing was cut or the operation was cut
/// before its first poll. A set, since a program's outcomes may depend on the schedule.
#[derive(Debug, Default)]
pub(super) struct Reference {
    outcomes: Vec<BTreeSet<String>>,
    /// How many runs it comes from.
    pub(super) runs: u64,
}

impl Reference {
    pub(super) fn add(&mut self, outcomes: &[Option<String>]) {
        self.runs += 1;
        if self.outcomes.len() < outcomes.len() {
            self.outcomes.resize_with(outcomes.len(), BTreeSet::new);
        }
        for (known, outcome) in self.outcomes.iter_mut().zip(outcomes) {
            if let Some(outcome) = outcome
                && !known.contains(outcome)
            {
                known.insert(outcome.clone());
            }
        }
    }

    /// Whether a task of this role has ended so in some run of the reference.
    pub(super) fn knows(&self, role: usize, outcome: &str) -> bool {
        self.outcomes.get(role).is_some_and(|known| known.contains(outcome))
    }

    /// The known outcomes of a role, as a report shows them: a few, and how many more.
    pub(super) fn shown(&self, role: usize) -> String {
        const SHOWN: usize = 3;
        let Some(known) = self.outcomes.get(role) else { return "nothing".into() };
        let mut text = known.iter().take(SHOWN).map(|one| format!("`{one}`")).collect::<Vec<_>>().join(" or ");
        if known.len() > SHOWN {
            text.push_str(&format!(" or one of {} others", known.len() - SHOWN));
        }
        text
    }
}
