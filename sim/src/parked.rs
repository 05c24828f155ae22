//! Tasks that wait for ever on purpose, told from those that nobody can wake any more.
//!
//! A task is *parked* if its last poll left its waker with nobody (`std::future::pending`) and one poll more changes nothing: so does a
//! service that has nothing left to do. Whether a task is parked is a property of that task in that run, and takes a replay to tell: one
//! for all the tasks of the run. In it the last poll of each is made with a waker of fresh identity, and at its end each is polled once
//! more, one after another. Who is parked then is believed; who is not may have been disturbed by those before it, and is looked into alone.
//!
//! Deliberately absent: what was learnt of other runs. Where a task was spawned and where it waits does not tell whether somebody has
//! dropped its waker, nor whether it would move.

use std::cell::RefCell;
use std::collections::BTreeMap;

use reveille_executor::TaskId;

use crate::explain::{Case, once_more, sites};
use crate::finding::{StuckTask, TaskInfo};
use crate::judge::Verdict;
use crate::lens::Clones;
use crate::run::{Ending, Run};
use crate::site::Stack;
use crate::trial::Wrong;
use crate::watch::Watch;

/// Several tasks of a run, into the last poll of each of which is looked.
pub(crate) struct Survey {
    clones: Clones,
    tasks: RefCell<BTreeMap<TaskId, LastPoll>>,
}

/// The last poll of a task.
struct LastPoll {
    /// Which it is, counted from 1.
    ordinal: u64,
    /// Where the task waited after it; `None` until it is made.
    sites: Option<Vec<Stack>>,
}

impl Survey {
    fn of(tasks: &[TaskInfo]) -> Self {
        let last_poll = |task: &TaskInfo| (task.id, LastPoll { ordinal: task.polls, sites: None });
        Self { clones: Clones::default(), tasks: RefCell::new(tasks.iter().map(last_poll).collect()) }
    }

    pub(crate) fn clones(&self) -> &Clones {
        &self.clones
    }

    pub(crate) fn is_last_poll(&self, task: TaskId, ordinal: u64) -> bool {
        self.tasks.borrow().get(&task).is_some_and(|last| last.ordinal == ordinal)
    }

    pub(crate) fn waits_at(&self, task: TaskId, sites: Vec<Stack>) {
        if let Some(last) = self.tasks.borrow_mut().get_mut(&task) {
            last.sites = Some(sites);
        }
    }

    /// At the end of the replay: polls each task once more. Tasks that do not wait are left out.
    fn looks(&self, run: &Run) -> BTreeMap<TaskId, Look> {
        let look = |task, last: LastPoll| {
            let before = sites(&last.sites?);
            let (moved, after) = once_more(run, &self.clones, task)?;
            let moves = moved.is_some() || sites(&after).iter().any(|site| !before.contains(site));
            Some((task, Look { took_no_waker: before.is_empty(), moves }))
        };
        self.tasks.take().into_iter().filter_map(|(task, last)| look(task, last)).collect()
    }
}

/// What a survey shows of one task.
#[derive(Clone, Copy, Debug)]
struct Look {
    /// Its last poll left its waker with nobody.
    took_no_waker: bool,
    /// Polled once more, after those before it, it moved.
    moves: bool,
}

impl Case<'_> {
    /// The verdict on a run with which this is `wrong`, once it is known who is parked.
    pub(crate) fn settled(&self, wrong: Option<Box<Wrong>>) -> Option<Verdict> {
        let Wrong { verdict, besides } = *wrong?;
        let Verdict::Dead(tasks) = verdict else { return Some(verdict) };
        let guilty = self.not_parked(tasks);
        if guilty.is_empty() { besides } else { Some(Verdict::Dead(guilty)) }
    }

    /// Those of `tasks`, which have no live waker, that are not parked.
    fn not_parked(&self, tasks: Vec<TaskInfo>) -> Vec<TaskInfo> {
        let looks = self.survey(&tasks);
        let is_parked = |task: &TaskInfo| looks.get(&task.id).is_some_and(|look| look.took_no_waker && !look.moves);
        let mut suspects: Vec<_> = tasks.into_iter().filter(|task| !is_parked(task)).collect();
        // One that is not is enough to fail the run. The others are looked into when that is explained.
        let parked = suspects.iter().take_while(|task| self.is_parked(task)).count();
        suspects.drain(..parked);
        suspects
    }

    /// Whether `task`, looked into alone, is parked.
    pub(crate) fn is_parked(&self, task: &TaskInfo) -> bool {
        self.probe(task).is_some_and(|stuck| StuckTask::is_parked(&stuck))
    }

    /// Those of `tasks`, which wait, that one poll more may show to be why first: they move, or nobody can wake them. Only the first of
    /// very many are looked at.
    pub(crate) fn suspects_first(&self, tasks: &[TaskInfo]) -> Vec<TaskInfo> {
        const SURVEYED_MAX: usize = 1_000;
        let looks = self.survey(&tasks[..tasks.len().min(SURVEYED_MAX)]);
        let is_suspect = |task: &TaskInfo| {
            let is_dead = |look: &Look| task.live_wakers == 0 && !look.took_no_waker;
            looks.get(&task.id).is_some_and(|look| look.moves || is_dead(look))
        };
        let (mut first, others): (Vec<_>, Vec<_>) = tasks.iter().cloned().partition(is_suspect);
        first.extend(others);
        first
    }

    /// Looks into all of `tasks` in one replay. Those that do not wait in it are left out.
    fn survey(&self, tasks: &[TaskInfo]) -> BTreeMap<TaskId, Look> {
        let watch = || Watch::surveying(Survey::of(tasks));
        let (_, looks) = self.trial.repeat(self.tape, watch, |run, ending| {
            let survey = run.watch.as_ref().and_then(Watch::survey).filter(|_| ending != Ending::Refused);
            survey.map(|survey| survey.looks(run)).unwrap_or_default()
        });
        looks
    }
}
