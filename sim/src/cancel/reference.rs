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

/// An outcome that no reference run had.
#[derive(Clone, Debug)]
pub(super) struct Stranger {
    pub(super) role: usize,
    pub(super) outcome: String,
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

    /// Whether `stranger` is none any more.
    pub(super) fn knows(&self, stranger: &Stranger) -> bool {
        self.outcomes.get(stranger.role).is_some_and(|known| known.contains(&stranger.outcome))
    }

    /// The first of `outcomes` that is new.
    pub(super) fn stranger(&self, outcomes: &[Option<String>]) -> Option<Stranger> {
        outcomes.iter().enumerate().find_map(|(role, outcome)| {
            let outcome = outcome.as_ref()?;
            let known = self.outcomes.get(role).is_some_and(|known| known.contains(outcome));
            (!known).then(|| Stranger { role, outcome: outcome.clone() })
        })
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
