//! Which of the leaves that are owed a poll matter: found out on replays, with stacks.
//!
//! A timer may be a variable of a loop that is busy, or be what a future waits for that was left behind in the middle. Two
//! chains of awaits tell: that of the timer's last poll, and that of its task while the timer is passed over. Read from the
//! outside, they agree as long as the same calls are under way at the same lines. Where they part, the task has gone on in
//! that function; what the timer's chain has further inside was suspended there, and nobody polls it. If it has nothing
//! further inside, the timer is the function's own.
//!
//! Chains alike do not show that it is the same call: a method that waits for its owner's timer may have been dropped, and called anew.
//! So it must be known that the future is still there ([`Hold`]). It is not where a function that awaits it by value has gone on: a call
//! that is to be left in the middle, and to go on, has to be in a variable, and is polled through a pointer to it ([`is_gone`]). Known limit: a
//! function that makes a timer, keeps it with its owner, and finds it there when it is called again, looks like one that was suspended
//! if it was given up by a combinator of another crate or by a `poll` by hand; and in an optimised build, in which what lies between two
//! functions may be inlined, and has a name without a path then.

use std::time::Duration;

use reveille_executor::TaskId;
use reveille_reactor::Instant;

use super::log::{End, Log, Owed};
use super::record::{Late, LeafId, Made};
use super::report;
use crate::explain::{Case, waits_at};
use crate::finding::TaskInfo;
use crate::judge::Verdict;
use crate::site::{AwaitSite, Frame, Stack};
use crate::watch::Watch;

/// A leaf that is owed a poll when nothing can move any more.
#[derive(Clone, Debug)]
pub(crate) struct OwedLeaf {
    pub(crate) leaf: LeafId,
    pub(crate) made: Made,
    /// The task that polled it last.
    pub(crate) owner: TaskInfo,
    /// Where that was.
    pub(crate) site: AwaitSite,
    /// The steps in which it was polled last, and woken.
    pub(crate) polled: u64,
    pub(crate) woken: u64,
    pub(crate) woken_at: Instant,
    /// How many polls of the task have passed it over since.
    pub(crate) passed_over: u64,
    /// Why it may starve, if it may.
    pub(crate) excuse: Option<&'static str>,
    /// Its author gave it to [`leaf`](super::leaf).
    wrapped: bool,
    hold: Hold,
}

/// How it is known that a future which waits for a leaf is still there, if it is.
#[derive(Clone, Debug)]
enum Hold {
    /// It would have told that it gave up, or tells by other means.
    Told,
    /// It owns the timer, if it made it: on these chains of awaits timers were made there.
    Made(Vec<Vec<Frame>>),
}

impl Hold {
    fn of(owed: &Owed, makers: &[Stack]) -> Self {
        match owed.leaf {
            LeafId::Timer(_) if !owed.held => {
                Self::Made(makers.iter().map(|maker| maker.await_site().frames).collect())
            }
            _ => Self::Told,
        }
    }

    /// Whether the future is there whose innermost `suspended` functions polled the leaf at `leaf`.
    fn holds(&self, leaf: &[Frame], suspended: usize) -> bool {
        match self {
            Self::Told => true,
            Self::Made(makers) => makers.iter().any(|maker| is_maker_suspended(maker, leaf, suspended)),
        }
    }
}

impl OwedLeaf {
    /// Whether it is known to be on the list of a combinator that has not polled it: then that is what the task waits behind.
    pub(crate) fn is_listed(&self) -> bool {
        self.leaf.is_lasting()
    }

    /// Whether a future was left behind with it, by a task that waits at `awaits`.
    pub(crate) fn is_left_behind(&self, awaits: &[AwaitSite]) -> bool {
        self.wrapped
            || (is_left_behind(&self.site, awaits) && self.hold.holds(&self.site.frames, least(&self.site, awaits)))
    }
}

/// A leaf that was owed a poll for too long.
#[derive(Clone, Debug)]
pub(crate) struct Starvation {
    pub(super) leaf: LeafId,
    pub(super) made: Made,
    pub(super) owner: TaskInfo,
    /// Where it was polled last before it was woken.
    pub(super) site: AwaitSite,
    /// Where its task was when it passed it over.
    pub(super) meanwhile: Vec<AwaitSite>,
    pub(super) woken: u64,
    pub(super) woken_at: Instant,
    pub(super) passed_over: u64,
    pub(super) time: Duration,
    pub(super) until: Instant,
    pub(super) until_step: u64,
    /// How that came to an end.
    pub(super) end: End,
}

/// At most so many leaves of a stalled run are looked into.
const OWED_MAX: usize = 16;

impl Case<'_> {
    /// The leaves that are owed a poll at the end of the run, longest first.
    pub(crate) fn owed(&self) -> Vec<OwedLeaf> {
        let mut all = self.owed_with([].into());
        if all.is_empty() {
            return Vec::new();
        }
        all.truncate(OWED_MAX);
        // Once more, with the stacks of these.
        let all = self.owed_with(all.into_iter().map(|(owed, ..)| (owed.leaf, owed.made)).collect());
        let is_certain = |owed: &Owed| !owed.leaf.is_lasting() || self.is_unpolled(owed.leaf, &owed.wake);
        let certain = all.into_iter().filter(|(owed, ..)| is_certain(owed));
        let looked_into = certain.filter_map(|(owed, owner, makers)| {
            let hold = Hold::of(&owed, &makers);
            let Owed { leaf, made, poll, wake, excuse, .. } = owed;
            let site = site(leaf, poll.stack.as_ref()?);
            let (woken, woken_at, passed_over) = (wake.step, wake.at, wake.passed_over);
            let wrapped = matches!(leaf, LeafId::Wrapped(_));
            let polled = poll.step;
            Some(OwedLeaf { leaf, made, owner, site, polled, woken, woken_at, passed_over, excuse, wrapped, hold })
        });
        looked_into.collect()
    }

    /// With who owns each, and the stacks on which such timers were made if it is `wanted`.
    fn owed_with(&self, wanted: Vec<(LeafId, Made)>) -> Vec<(Owed, TaskInfo, Vec<Stack>)> {
        let watch = || Watch::of_leaves(Log::of(wanted));
        let (_, owed) = self.trial.repeat(self.tape, watch, |run, _| {
            let Some(log) = run.watch.as_ref().and_then(Watch::leaves) else { return Vec::new() };
            let is_alive = |task: TaskId| run.tasks.progress(task).ended.is_none();
            let alive = log.owed(run).into_iter().filter(|owed| is_alive(owed.owner));
            alive
                .map(|owed| (TaskInfo::of(run, owed.owner), log.makers(owed.made.site), owed))
                .map(|(owner, makers, owed)| (owed, owner, makers))
                .collect()
        });
        owed
    }

    /// Those of `late` that were starved indeed, with what is known of them.
    pub(crate) fn starved(&self, late: &[Late]) -> Vec<(Late, Starvation)> {
        let watch = || Watch::of_leaves(Log::of(late.iter().map(|late| (late.leaf, late.made))));
        // What is left of the program drops its leaves when the world is dropped, which is no matter of these.
        let (_, delays) = self.trial.repeat(self.tape, watch, |run, _| {
            let log = run.watch.as_ref().and_then(Watch::leaves);
            let delay = |late: &Late| {
                let owed = log?.delay(run, late.leaf)?;
                Some((*late, TaskInfo::of(run, owed.owner), log?.makers(late.made.site), owed))
            };
            late.iter().filter_map(delay).collect::<Vec<_>>()
        });
        let judge = |(late, owner, makers, owed): (_, _, Vec<_>, _)| Some((late, self.judge(owner, owed, &makers)?));
        let starved = delays.into_iter().filter_map(judge);
        starved.collect()
    }

    /// What is to be said of leaves that were starved in a run that failed otherwise: they may be why.
    pub(crate) fn starved_before(&self) -> Vec<String> {
        let (outcome, ()) = self.trial.repeat(self.tape, Watch::default, |_, _| ());
        if outcome.late.is_empty() {
            return Vec::new();
        }
        let first = self.starved(&outcome.late).into_iter().next();
        first.map(|(_, starved)| report::starved_before(&starved)).unwrap_or_default()
    }

    /// The verdict on `late`: none if they were not starved.
    pub(crate) fn starvation(&self, late: &[Late]) -> Option<Verdict> {
        if late.is_empty() {
            return None;
        }
        let starved: Vec<_> = self.starved(late).into_iter().map(|(late, _)| late).collect();
        (!starved.is_empty()).then_some(Verdict::Starved(starved))
    }

    fn judge(&self, owner: TaskInfo, owed: Owed, makers: &[Stack]) -> Option<Starvation> {
        let limits = self.trial.rules.limits;
        let wrapped = matches!(owed.leaf, LeafId::Wrapped(_));
        let too_long = owed.time() > limits.starved_time;
        let too_often = wrapped && owed.wake.passed_over > limits.starved_polls;
        if owed.excuse.is_some() || !(too_long || too_often) {
            return None;
        }
        // One that may outlast who waits for it: it was polled again at last, as the wait that it was left with.
        if owed.leaf.is_lasting() && !owed.same_waker {
            return None;
        }
        let site = site(owed.leaf, owed.poll.stack.as_ref()?);
        let busy = TaskInfo { polls: owed.first, ..owner.clone() };
        let meanwhile = waits_at(self.trial, self.tape, &busy, owed.until_step.saturating_sub(1));
        // A call that was given up is not what polls the leaf at last: some other call does.
        let again = owed.again.as_ref().map(Stack::await_site);
        let goes_on = || again.as_ref().is_none_or(|again| is_inside(&site, &meanwhile, again));
        let is_there = || Hold::of(&owed, makers).holds(&site.frames, least(&site, &meanwhile));
        let is_guilty = wrapped || (is_left_behind(&site, &meanwhile) && goes_on() && is_there());
        let is_certain = || !owed.leaf.is_lasting() || self.is_unpolled(owed.leaf, &owed.wake);
        (is_guilty && is_certain()).then(|| Starvation {
            leaf: owed.leaf,
            made: owed.made,
            owner,
            site,
            meanwhile,
            woken: owed.wake.step,
            woken_at: owed.wake.at,
            passed_over: owed.wake.passed_over,
            time: owed.time(),
            until: owed.until,
            until_step: owed.until_step,
            end: owed.end,
        })
    }
}

/// Where a leaf was polled. Of one in [`leaf`](super::leaf) it is not known what is inside.
fn site(leaf: LeafId, stack: &Stack) -> AwaitSite {
    let site = stack.await_site();
    if matches!(leaf, LeafId::Wrapped(_)) { AwaitSite { leaf: None, ..site } } else { site }
}

/// Whether a future that was polled at `leaf` is suspended in a task that waits at `awaits`. Not where that is unknown.
fn is_left_behind(leaf: &AwaitSite, awaits: &[AwaitSite]) -> bool {
    !awaits.is_empty() && awaits.iter().all(|task| suspended(leaf, task) > 0)
}

/// How many of the functions that `leaf` was polled in are suspended in a task that waits at `task`: the innermost. Both chains go from the
/// inside to the outside.
fn suspended(leaf: &AwaitSite, task: &AwaitSite) -> usize {
    let (owned, leaf, task) = (&leaf.owned, &leaf.frames[..], &task.frames[..]);
    let same = leaf.iter().rev().zip(task.iter().rev()).take_while(|(leaf, task)| leaf == task).count();
    let parts_at = |chain: &[Frame]| chain.iter().rev().nth(same).map(|frame| frame.function.clone());
    match (parts_at(leaf), parts_at(task)) {
        (None, _) => 0,
        (Some(one), Some(other)) if one == other && is_gone(owned, same) => 0,
        // The same call, further on: what it has left behind is what is inside.
        (Some(one), Some(other)) if one == other => leaf.len() - same - 1,
        (Some(_), _) => leaf.len() - same,
    }
}

/// Whether what the function with `same` others outside of it awaited is gone, now that it has gone on: it was a part of that function, and
/// so on to the task, which has but one of each.
fn is_gone(owned: &[bool], same: usize) -> bool {
    let inside = owned.len().checked_sub(same + 2);
    inside.is_some_and(|inside| owned[inside..].iter().all(|owned| *owned))
}

/// How many of them are suspended at least, wherever of `awaits` the task waits.
fn least(leaf: &AwaitSite, awaits: &[AwaitSite]) -> usize {
    awaits.iter().map(|task| suspended(leaf, task)).min().unwrap_or(0)
}

/// Whether the function that made a timer on the chain `maker` is one of the innermost `suspended` of `leaf`. Blocks and closures have
/// the name of the function that they are in, so it is the one that has as many of that name outside of it. False where that is unknown.
fn is_maker_suspended(maker: &[Frame], leaf: &[Frame], suspended: usize) -> bool {
    let Some(innermost) = maker.first() else { return false };
    // One function may have a name on one line and none on another.
    if !leaf.iter().chain(maker).all(Frame::is_named) {
        return false;
    }
    let depth = maker.iter().filter(|frame| frame.function == innermost.function).count();
    let same = leaf.iter().enumerate().rev().filter(|(_, frame)| frame.function == innermost.function);
    same.map(|(at, _)| at).nth(depth - 1).is_some_and(|at| at < suspended)
}

/// Whether what is polled at `again` may be what was suspended at `leaf` while its task waited at `awaits`: it is in the same
/// functions, at the same lines.
fn is_inside(leaf: &AwaitSite, awaits: &[AwaitSite], again: &AwaitSite) -> bool {
    let inside = least(leaf, awaits);
    again.frames.get(..inside).is_some_and(|again| again == &leaf.frames[..inside])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Site;

    /// A chain from the outside to the inside, as one would tell it.
    fn chain(frames: &[(&str, u32)]) -> Vec<Frame> {
        let frame = |&(function, line): &(&str, u32)| Frame {
            function: function.into(),
            site: Site { file: "src/lib.rs".into(), line, column: 1 },
        };
        frames.iter().rev().map(frame).collect()
    }

    /// A place at which such a chain waits, each of which awaits the next by value or none does.
    fn site(frames: &[(&str, u32)], owned: bool) -> AwaitSite {
        let lines = crate::site::Lines::Present;
        AwaitSite { frames: chain(frames), owned: vec![owned; frames.len()], leaf: None, children: None, lines }
    }

    #[test]
    fn a_call_that_was_awaited_by_value_is_gone_when_its_caller_has_gone_on() {
        let suspended = |leaf: &[_], task: &[_]| suspended(&site(leaf, true), &site(task, false));
        let task = [("serve", 30), ("handle", 50)];
        assert_eq!(suspended(&[("serve", 28), ("fetch", 7), ("send", 3)], &task), 0);
        assert_eq!(suspended(&[("serve", 30), ("handle", 48), ("send", 3)], &task), 0);
        assert_eq!(suspended(&[("serve", 30), ("fetch", 7), ("send", 3)], &task), 2, "the caller is where it was");
        let mut lent = site(&[("serve", 28), ("fetch", 7), ("send", 3)], true);
        for (nth, owned) in [(0, 0), (1, 2), (2, 2)] {
            lent.owned = (0..3).map(|at| at != nth).collect();
            assert_eq!(super::suspended(&lent, &site(&task, true)), owned, "{nth}");
        }
    }

    #[test]
    fn a_timer_of_a_busy_loop_is_its_own_and_a_call_that_was_left_is_suspended() {
        let suspended = |leaf: &[_], task: &[_]| suspended(&site(leaf, false), &site(task, false)) > 0;
        let handler = [("serve", 30), ("handle", 50)];
        assert!(!suspended(&[("serve", 28)], &handler), "a pinned sleep of the loop");
        assert!(suspended(&[("serve", 28), ("fetch", 7)], &handler), "a pinned call of the loop");
        assert!(suspended(&[("serve", 28), ("handle", 48)], &handler), "a call of the same function");
        assert!(!suspended(&[("serve", 30), ("handle", 48)], &handler), "the call that is under way");
        assert!(suspended(&[("serve", 30), ("fetch", 7)], &handler), "another branch of the same await");
        assert!(suspended(&[("serve", 30), ("fetch", 7)], &[("serve", 30)]), "a branch of what is awaited");
        assert!(!suspended(&[("serve", 30)], &[("serve", 30)]), "what is awaited");
        assert!(!suspended(&[], &handler), "a future of another crate");
    }
}
