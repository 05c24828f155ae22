//! Makes a failing tape small, whatever produced it.
//!
//! Works on the choices and on nothing else, as minithesis and Hypothesis do: a candidate is a tape, replayed leniently,
//! and it counts if the same finding comes back. What really happened in that replay is recorded and becomes the new best
//! if it is smaller. Smaller means, in this order: fewer faults and other unusual answers of the world, fewer picks out of
//! order, fewer delays in them, a shorter run.
//!
//! What the executor did that is odd ([`Freedom`](crate::Freedom)) is taken out first of all, freedom by freedom.
//!
//! Where much is unusual, the order of tasks is edited first (`order.rs`), since every answer by position depends on those before
//! it. What still is far from usual then is given up for a usual run with two or three picks drawn at random, if one of those fails
//! too (`afresh.rs`). Then the passes edit the list of unusual choices: cut it short, drop stretches of it, lower an answer, move one, take a choice
//! out of the tape altogether. When none helps any more, some replays go into a search below the number of picks
//! reached, since a local minimum need not be the smallest: one task running ahead, neighbouring picks made one, then every tape with a single pick
//! out of order, then tapes that keep all but two of the picks and add one elsewhere. No tape is tried twice.
//!
//! Deliberately absent: knowledge of what a choice means, beyond that 0 is the dullest answer.

mod afresh;
mod freedoms;
mod order;
mod passes;
mod same;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use reveille_executor::{Kind, TaskId};

use crate::digest::Fingerprint;
use crate::draws::Draw;
use crate::explain::Case;
use crate::freedom::Set;
use crate::judge::Verdict;
use crate::run::Run;
use crate::strategy::{Lenient, Noting, Ordered, Polled, Source, Turn};
use crate::tape::Tape;
use crate::trial::{Outcome, Trial};
pub(crate) use same::Same;

/// How much shrinking may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Candidates. One with a task that nobody can wake is replayed once more, to tell whether it waits for ever on purpose.
    pub(crate) replays: u32,
    /// In real time.
    pub(crate) time: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { replays: 500, time: Duration::from_secs(5) }
    }
}

/// What came of shrinking.
#[derive(Clone, Debug)]
pub(crate) struct Shrunk {
    pub(crate) tape: Tape,
    pub(crate) digest: Fingerprint,
    pub(crate) verdict: Verdict,
    pub(crate) replays: u32,
    /// The budget ran out before the passes came to their end: there may be a smaller one.
    pub(crate) cut_off: bool,
}

/// Shrinks `tape`, whose run failed in the way that `same` recognises. `None` if it does not fail so when it is repeated.
pub(crate) fn shrink(trial: &Trial<'_>, tape: &Tape, same: &Same, budget: Budget) -> Option<Shrunk> {
    let mut shrinker = Shrinker::new(trial, same, budget, tape.settings.freedoms);
    // The replay of the tape itself sets the size to beat.
    if shrinker.attempt(tape.answers()) {
        freedoms::run(&mut shrinker);
        passes::run(&mut shrinker);
        freedoms::drop_unused(&mut shrinker);
    }
    let cut_off = shrinker.is_spent();
    let (verdict, digest) = shrinker.outcome?;
    Some(Shrunk {
        tape: trial.record(shrinker.freedoms, &shrinker.best),
        digest,
        verdict,
        replays: shrinker.replays,
        cut_off,
    })
}

/// The unusual answers of a candidate, by position, ascending.
type Answers = Vec<(u64, u32)>;

/// How large a run is. Compared field by field: what comes first weighs most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Size {
    /// Unusual answers that are not picks of the schedule.
    unusual: usize,
    picks: usize,
    /// The sum of all unusual answers: for picks, how many tasks were passed over.
    delays: u64,
    draws: usize,
    /// Where the picks are: later is smaller, since all is as usual for longer.
    places: i128,
}

impl Size {
    const LARGEST: Self =
        Self { unusual: usize::MAX, picks: usize::MAX, delays: u64::MAX, draws: usize::MAX, places: i128::MAX };

    fn of(draws: &[Draw]) -> Self {
        let unusual = || draws.iter().enumerate().filter(|(_, draw)| draw.value > 0);
        let picks = unusual().filter(|(_, draw)| draw.kind == Kind::SCHEDULE).count();
        Self {
            unusual: unusual().count() - picks,
            picks,
            delays: unusual().map(|(_, draw)| u64::from(draw.value)).sum(),
            draws: draws.len(),
            places: -unusual().map(|(at, _)| at as i128).sum::<i128>(),
        }
    }
}

/// The unusual answers among `draws`.
fn unusual(draws: &[Draw]) -> Answers {
    let unusual = draws.iter().enumerate().filter(|(_, draw)| draw.value > 0);
    unusual.map(|(at, draw)| (at as u64, draw.value)).collect()
}

struct Shrinker<'a> {
    trial: &'a Trial<'a>,
    same: &'a Same,
    /// The freedoms of the runs, and the world in which they are made.
    freedoms: Set,
    world: Option<Rc<Run>>,
    budget: Budget,
    started: Instant,
    replays: u32,
    /// The draws of the smallest failing run so far.
    best: Vec<Draw>,
    /// What that run came to; `None` before the first.
    outcome: Option<(Verdict, Fingerprint)>,
    size: Size,
    /// Which tasks that run polled, in order.
    order: Vec<TaskId>,
    /// The unusual answers of candidates and of runs whose outcome is known.
    tried: BTreeSet<Answers>,
}

impl<'a> Shrinker<'a> {
    #[expect(clippy::disallowed_methods, reason = "a budget in real time needs the real clock; no run sees it")]
    fn new(trial: &'a Trial<'a>, same: &'a Same, budget: Budget, freedoms: Set) -> Self {
        Self {
            trial,
            same,
            freedoms,
            world: None,
            budget,
            started: Instant::now(),
            replays: 0,
            best: Vec::new(),
            outcome: None,
            size: Size::LARGEST,
            order: Vec::new(),
            tried: BTreeSet::new(),
        }
    }

    /// Half of the replays have been used, or the time has: so one kind of edits leaves something for the others.
    fn is_half_spent(&self) -> bool {
        self.replays >= self.budget.replays / 2 || self.is_spent()
    }

    fn is_spent(&self) -> bool {
        self.replays >= self.budget.replays || self.started.elapsed() >= self.budget.time
    }

    /// The unusual answers of the best run so far.
    fn answers(&self) -> Answers {
        unusual(&self.best)
    }

    /// Replays `answers`; true if the finding came back and the run is smaller than the best so far, which it then is.
    fn attempt(&mut self, answers: Answers) -> bool {
        if !self.is_spent() && !self.tried.insert(answers.clone()) {
            return false;
        }
        self.attempt_with(|_| Box::new(Lenient::answering(answers))) == Some(Ordering::Less)
    }

    /// The same for an order of tasks, with the other answers of the best run; true also if the run is as large as the best:
    /// then the order is simpler.
    fn attempt_order(&mut self, turns: Vec<Turn>) -> bool {
        self.attempt_with(|best| Box::new(Ordered::new(turns, best))).is_some_and(Ordering::is_le)
    }

    /// How large the run is in comparison with the best so far, from whose draws `source` makes what answers; `None` if the
    /// finding did not come back.
    fn attempt_with(&mut self, source: impl FnOnce(&[Draw]) -> Box<dyn Source> + Send) -> Option<Ordering> {
        if self.is_spent() {
            return None;
        }
        self.replays += 1;
        let Attempt { outcome, draws, order } = self.replay(source);
        self.tried.insert(unusual(&draws));
        let digest = outcome.digest;
        let case = Case { trial: self.trial, tape: &self.trial.record(self.freedoms, &draws), digest };
        let verdict = case.showing(self.same, outcome)?;
        let size = Size::of(&draws);
        let compared = size.cmp(&self.size);
        if compared == Ordering::Less {
            self.size = size;
            self.outcome = Some((verdict, digest));
            (self.best, self.order) = (draws, order);
        }
        Some(compared)
    }

    /// One world for all replays, so that their memory is used again; a new one for each where runs share nothing.
    fn replay(&mut self, source: impl FnOnce(&[Draw]) -> Box<dyn Source> + Send) -> Attempt {
        let (trial, best, freedoms) = (self.trial, &self.best, self.freedoms);
        let rehearsal = || trial.rehearsal_with(freedoms);
        if trial.rules.has_threads() {
            return trial.rules.call(|| Attempt::of(trial, &rehearsal(), source(best)));
        }
        Attempt::of(trial, self.world.get_or_insert_with(rehearsal), source(best))
    }
}

/// What came of a candidate.
struct Attempt {
    outcome: Outcome,
    draws: Vec<Draw>,
    order: Vec<TaskId>,
}

impl Attempt {
    fn of(trial: &Trial<'_>, world: &Rc<Run>, source: Box<dyn Source>) -> Self {
        let polled = Polled::default();
        world.choices.borrow_mut().answer_from(Box::new(Noting::new(source, Polled::clone(&polled))));
        // Any seed but 0, in which no source is told of polls.
        let (outcome, ()) = trial.perform(world, 1, |_, _| ());
        Self { outcome, draws: world.choices.borrow().draws().iter().collect(), order: polled.take() }
    }
}
