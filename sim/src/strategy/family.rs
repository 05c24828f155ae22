//! Which task of a run is which task of the dullest run.
//!
//! Numbers of tasks depend on the schedule. What does not is by whom and where a task was spawned, and as which of those
//! that its parent spawned there: its *signature*. Tasks whose ancestors were spawned at the same places are of one *class*,
//! whatever their ordinals: a hundred workers spawned in a loop.
//!
//! A task without a counterpart in the dullest run is of the class [`Family::STRANGERS`], and is expected to be polled once
//! more at any time.

use reveille_executor::TaskId;

use super::profile::Profile;
use crate::run::Site;

/// The tasks of the dullest run, and those of the current run beside them.
#[derive(Debug, Default)]
pub(super) struct Family {
    known: Vec<Known>,
    /// The number of classes, the strangers' included.
    classes: usize,
    members: Vec<Member>,
}

/// A signature.
#[derive(Debug)]
struct Known {
    class: usize,
    /// How often it was polled.
    polls: u32,
    /// The signatures of the tasks it spawned, by place and in order.
    children: Vec<(Site, Vec<usize>)>,
}

/// A task of the current run.
#[derive(Debug)]
struct Member {
    known: Option<usize>,
    /// How often it has been polled.
    polls: u32,
    /// How many tasks it has spawned at each place of `Known::children`.
    spawned: Vec<usize>,
}

/// Whether two places are one. A place may have several addresses, so those are only asked first.
fn is_same(one: Site, other: Site) -> bool {
    std::ptr::eq(one, other) || one == other
}

impl Family {
    /// The class of tasks that the dullest run did not have.
    pub(super) const STRANGERS: usize = 0;

    pub(super) fn calibrate(&mut self, profile: &Profile) {
        self.known.clear();
        // By class: its parent's class and its place.
        let mut classes: Vec<Option<(usize, Site)>> = vec![None];
        for (nth, task) in profile.tasks.iter().enumerate() {
            let parent = task.parent.filter(|parent| *parent < nth);
            let above = parent.map_or(Self::STRANGERS, |parent| self.known[parent].class);
            let is_class = |class: &Option<(usize, Site)>| {
                class.is_some_and(|(parent, site)| parent == above && is_same(site, task.site))
            };
            let class = classes.iter().position(is_class).unwrap_or_else(|| {
                classes.push(Some((above, task.site)));
                classes.len() - 1
            });
            self.known.push(Known { class, polls: task.polls, children: Vec::new() });
            if let Some(parent) = parent {
                let children = &mut self.known[parent].children;
                match children.iter_mut().find(|(site, _)| is_same(site, task.site)) {
                    Some((_, there)) => there.push(nth),
                    None => children.push((task.site, vec![nth])),
                }
            }
        }
        self.classes = classes.len();
    }

    /// Starts a run.
    pub(super) fn begin(&mut self) {
        self.members.clear();
    }

    /// Takes in a task.
    pub(super) fn spawned(&mut self, parent: Option<TaskId>, site: Site) {
        let known = match parent.and_then(|parent| self.members.get_mut(parent.index())) {
            // The root is the root.
            None => (!self.known.is_empty() && self.members.is_empty()).then_some(0),
            Some(parent) => parent.known.and_then(|known| {
                let children = &self.known[known].children;
                let place = children.iter().position(|(there, _)| is_same(there, site))?;
                let ordinal = parent.spawned[place];
                parent.spawned[place] += 1;
                children[place].1.get(ordinal).copied()
            }),
        };
        let places = known.map_or(0, |known| self.known[known].children.len());
        self.members.push(Member { known, polls: 0, spawned: vec![0; places] });
    }

    pub(super) fn polled(&mut self, task: TaskId) {
        self.members[task.index()].polls += 1;
    }

    /// Which poll of `task` is the next, counted from 0.
    pub(super) fn ordinal(&self, task: TaskId) -> u32 {
        self.members[task.index()].polls
    }

    pub(super) fn class(&self, task: TaskId) -> usize {
        self.signature(task).map_or(Self::STRANGERS, |known| self.known[known].class)
    }

    pub(super) fn classes(&self) -> usize {
        self.classes.max(1)
    }

    /// The number of `task`'s counterpart in the dullest run.
    pub(super) fn signature(&self, task: TaskId) -> Option<usize> {
        self.members[task.index()].known
    }

    /// How many signatures there are.
    pub(super) fn signatures(&self) -> usize {
        self.known.len()
    }

    /// The class of a signature, and how often its task was polled in the dullest run.
    pub(super) fn measured(&self, signature: usize) -> (usize, u32) {
        (self.known[signature].class, self.known[signature].polls)
    }

    /// What a signature comes to with all of its descendants, by signature, if each alone comes to `own`.
    pub(super) fn with_descendants(&self, own: impl Fn(usize) -> u32, sums: &mut Vec<u32>) {
        sums.clear();
        sums.extend((0..self.known.len()).map(own));
        // Children come after their parents.
        for parent in (0..self.known.len()).rev() {
            let below = self.known[parent].children.iter().flat_map(|(_, there)| there).map(|&child| sums[child]);
            sums[parent] = below.fold(sums[parent], u32::saturating_add);
        }
    }
}
