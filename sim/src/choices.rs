//! Every decision of a run passes through here: answered by a source, recorded on the tape, folded into the digest.

use reveille_executor::{Choose, Hint, Kind, Point, TaskId};

use crate::digest::{Digest, Mark};
use crate::draws::{Draw, Draws};
use crate::freedom;
use crate::run::Site;
use crate::strategy::{Covered, Profile, Reached, Source, Streams};

/// Notes that the source has panicked when dropped, which is by a panic.
struct Unwound<'a>(&'a mut Choices);

impl Drop for Unwound<'_> {
    fn drop(&mut self) {
        self.0.panicked = true;
    }
}

/// The choices of the current run, in order.
pub(crate) struct Choices {
    source: Box<dyn Source>,
    /// What the source lends, if it is all that it would answer from.
    lent: Option<Box<Streams>>,
    draws: Draws,
    digest: Digest,
    /// The source refused to answer: the tape does not fit. The run ends at the next step; until then 0 is answered.
    refused: bool,
    /// The source has panicked within a poll, and is called no more in this run.
    panicked: bool,
    /// Somebody looks on and wants to know of picks out of order.
    watched: bool,
    /// Whose turn it was, and how many were passed over, if the last pick was out of order and somebody looks on.
    passed_over: Option<(TaskId, u32)>,
}

impl Choices {
    pub(crate) fn new(source: Box<dyn Source>) -> Self {
        Self {
            source,
            lent: None,
            draws: Draws::default(),
            digest: Digest::EMPTY,
            refused: false,
            panicked: false,
            watched: false,
            passed_over: None,
        }
    }

    /// Keeps note of picks out of order, for [`take_passed_over`](Self::take_passed_over).
    pub(crate) fn watch(&mut self) {
        self.watched = true;
    }

    /// Whose turn it would have been, and how many were passed over, if the last pick was out of order.
    pub(crate) fn take_passed_over(&mut self) -> Option<(TaskId, u32)> {
        self.passed_over.take()
    }

    #[cold]
    fn pass_over(&mut self, hint: Hint<'_>, count: u32) {
        if let Hint::Ready(ready) = hint
            && count > 0
        {
            self.passed_over = Some((ready.task(0), count));
        }
    }

    /// Starts the run of `seed`; keeps the memory of the run before.
    pub(crate) fn begin(&mut self, seed: u64) {
        self.panicked = false;
        if let Some(lent) = self.lent.take() {
            self.source.take_back(lent);
        }
        self.source.begin(seed);
        self.lent = self.source.lend();
        self.draws.clear();
        self.digest = Digest::EMPTY;
        self.refused = false;
        self.passed_over = None;
    }

    /// Calls `f`, which may call the source, within a poll; not if the source has panicked in one. Such a poll is ended like one that panics
    /// by itself: the run is told by [`has_panicked`](Self::has_panicked). Between polls a panic goes its way.
    pub(crate) fn guarded<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> Option<R> {
        if self.panicked {
            return None;
        }
        let unwound = Unwound(self);
        let result = f(unwound.0);
        std::mem::forget(unwound);
        Some(result)
    }

    /// Whether the source has panicked within a poll.
    pub(crate) fn has_panicked(&self) -> bool {
        self.panicked
    }

    /// Lets `source` answer from the next run on.
    pub(crate) fn answer_from(&mut self, source: Box<dyn Source>) {
        self.source = source;
        self.lent = None;
    }

    /// The value of a choice that was not answered. Apart, so that the bound is a branch, which is predicted.
    #[cold]
    fn refuse(&mut self) -> u32 {
        self.refused = true;
        0
    }

    /// How many schedule choices the run has had.
    pub(crate) fn picks(&self) -> u32 {
        let picks = self.draws.iter().filter(|draw| draw.kind == Kind::SCHEDULE).count();
        u32::try_from(picks).unwrap_or(u32::MAX)
    }

    /// Tells the source what the dullest run is like.
    pub(crate) fn calibrate(&mut self, profile: &Profile) {
        self.source.calibrate(profile);
    }

    /// Whether the source wants to be told of spawns and polls.
    pub(crate) fn follows(&self) -> bool {
        self.source.follows()
    }

    /// Whether it wants to be told of wakes as well.
    pub(crate) fn follows_wakes(&self) -> bool {
        self.source.follows_wakes()
    }

    /// Tells the source of a spawn.
    pub(crate) fn spawned(&mut self, task: TaskId, parent: Option<TaskId>, site: Site) {
        self.guarded(|choices| choices.source.spawned(task, parent, site));
    }

    /// Tells the source that `task` is about to be polled.
    pub(crate) fn polled(&mut self, task: TaskId) {
        self.source.polled(task);
    }

    /// Tells the source that a poll of `by` made `task` runnable.
    pub(crate) fn woke(&mut self, by: TaskId, task: TaskId) {
        self.source.woke(by, task);
    }

    /// What the runs so far have covered, if the source looks at that.
    pub(crate) fn covered(&self) -> Option<Covered> {
        self.source.covered()
    }

    /// Which freedoms the source gives to the executor in this run.
    pub(crate) fn freedoms(&self) -> freedom::Set {
        self.source.freedoms()
    }

    /// How far the source has come, if it goes through runs in an order.
    pub(crate) fn reached(&self) -> Option<Reached> {
        self.source.reached()
    }

    /// The run is over. False if the source knows of no other.
    pub(crate) fn end(&mut self) -> bool {
        self.source.ended();
        !self.source.is_finished()
    }

    /// Whether there are no answers any more, and the run is to end.
    pub(crate) fn refused(&self) -> bool {
        self.refused || self.panicked
    }

    /// What the source has to say against the run that has just ended: a tape with draws left over, for one.
    pub(crate) fn complaint(&mut self) -> Option<crate::tape::Mismatch> {
        self.source.complaint()
    }

    pub(crate) fn draws(&self) -> &Draws {
        &self.draws
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }
}

impl Choices {
    /// Answers a question whose answer shows in what follows, if it matters: so a run in which an executor could have taken a freedom
    /// and did not is the same as one in which it could not.
    pub(crate) fn choose_quietly(&mut self, point: Point<'_>) -> u32 {
        let digest = self.digest;
        let answer = self.answer(point);
        self.digest = digest;
        answer
    }

    /// Answers a question that is asked within a poll.
    pub(crate) fn answer(&mut self, point: Point<'_>) -> u32 {
        self.guarded(|choices| choices.decide(point)).unwrap_or(0)
    }
}

impl Choose for Choices {
    // As `LocalExecutor::pick` is.
    #[inline(always)]
    fn choose(&mut self, point: Point<'_>) -> u32 {
        debug_assert!(point.bound >= 2, "a point with one answer is not asked");
        let answer = match &mut self.lent {
            Some(streams) => streams.uniform(point),
            None => self.source.choose(point),
        };
        let value = if answer < point.bound { answer } else { self.refuse() };
        if self.watched {
            self.pass_over(point.hint, value);
        }
        self.draws.push(Draw { kind: point.kind, bound: point.bound, value });
        self.digest = self.digest.with(Mark::Choice, (u64::from(point.bound) << 32) | u64::from(value));
        value
    }
}

impl std::fmt::Debug for Choices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Choices").field("draws", &self.draws.len()).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::strategy::{Random, Replay};
    use crate::tape::{Settings, Tape};

    #[test]
    fn a_seed_means_the_same_answers_whatever_was_before_it() {
        let mut choices = Choices::new(Box::new(Random::default()));
        let mut answers = |seed| {
            choices.begin(seed);
            [(); 20].map(|()| choices.choose(Point::new(Kind::SCHEDULE, 1_000)))
        };
        let (one, two) = (answers(1), answers(2));
        assert_ne!(one, two);
        assert_eq!((answers(0), answers(1), answers(2)), ([0; 20], one, two));
    }

    #[test]
    fn what_a_tape_has_no_answer_to_is_refused_and_answered_as_usual() {
        let recorded = Draw { kind: Kind::SCHEDULE, bound: 3, value: 2 };
        let mut choices = Choices::new(Box::new(Replay::new(Tape::record(0, Settings::default(), [recorded]))));
        for _ in 0..2 {
            choices.begin(0);
            let asked = [false, true, true].map(|refused| {
                let answer = choices.choose(Point::new(Kind::SCHEDULE, 3));
                assert_eq!(choices.refused(), refused);
                answer
            });
            assert_eq!(asked, [2, 0, 0]);
        }
    }
}
