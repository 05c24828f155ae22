//! Why a run failed: found out on replays, of which there are as many as it takes.
//!
//! The run itself went fast and kept nothing but its tape. First it is repeated and compared; a program that does not do
//! the same thing twice cannot be explained, and that is the finding then. After that each task that waits has a replay of
//! its own. In it the task's *last* poll is made with a waker of fresh identity: `will_wake` tells every leaf that its
//! stored waker is another one, so it has to clone this one, and the stack of that clone is where the task waits. When the
//! replay has come to its end, the task is polled once more in the same way. If that poll ends the task, wakes another or
//! brings it to another await, it could have run, and nobody woke it.
//!
//! A poll alone on its own replay disturbs no other verdict.

use std::collections::BTreeSet;

use reveille_executor::{Ran, TaskId};

use crate::advice;
use crate::cancel::{self, Harm};
use crate::digest::Fingerprint;
use crate::event::{Stamped, TaskEnd};
use crate::finding::{Cause, Finding, FindingKind, Moved, StuckTask, TaskInfo, WakerDrop};
use crate::judge::Verdict;
use crate::leaf::{self, Log, OwedLeaf};
use crate::lens::Clones;
use crate::livelock::{self, Quiet};
use crate::run::{Ending, Hint, Limit, Run};
use crate::site::{self, AwaitSite, Stack};
use crate::strategy::{Lenient, Replay};
use crate::tape::Tape;
use crate::trial::{Outcome, Trial};
use crate::unusual::Schedule;
use crate::watch::{Focus, Watch};

/// A failed run, ready to be explained.
pub(crate) struct Case<'a> {
    pub(crate) trial: &'a Trial<'a>,
    pub(crate) tape: &'a Tape,
    pub(crate) digest: Fingerprint,
}

/// At most so many waiting tasks are looked into; each costs a replay.
const PROBES_MAX: usize = 8;
/// Of so many it is asked whether they hold back a future; each costs a few replays more.
const SUSPECTS_MAX: usize = 4;
/// Into so many polls of a task that another thread woke it is looked for where it waited.
const FOREIGN_POLLS: usize = 2;

impl Case<'_> {
    /// Turns `verdict` into a finding.
    pub(crate) fn explain(&self, verdict: Verdict) -> Finding {
        if let Verdict::ForeignWake(task) = verdict {
            return self.foreign_wake(&task);
        }
        if let Some(finding) = self.differs(Some(&verdict)) {
            return finding;
        }
        let mut finding = self.explain_repeatable(verdict.clone());
        if matches!(verdict, Verdict::Stuck(_) | Verdict::Dead(_))
            && let Some(finding) = self.waits_otherwise(&finding, || self.explain_repeatable(verdict.clone()))
        {
            return finding;
        }
        finding.lines.extend(self.background(&verdict));
        if let Some((lines, place)) = cancel::cut(self) {
            finding.lines.extend(lines);
            finding.place = finding.place.or(place);
        }
        finding
    }

    fn explain_repeatable(&self, verdict: Verdict) -> Finding {
        match verdict {
            Verdict::Stuck(tasks) => {
                let owed = self.owed();
                self.stuck(&with_owners(tasks, &owed), &owed)
            }
            Verdict::Dead(tasks) => self.stuck(&tasks, &[]),
            Verdict::Limit { limit, busiest, unpolled, quiet } => self.limit(limit, busiest.as_ref(), &unpolled, quiet),
            Verdict::Panic(panicked) => advice::panic(&panicked),
            Verdict::PollAfterReady { misuse, task, of } => {
                advice::poll_after_ready(&misuse, task.as_ref(), of.as_ref())
            }
            Verdict::Spun { spun, task } => advice::spun(&spun, &task),
            Verdict::Error(error) => {
                Finding::new(FindingKind::Error, vec![format!("the program returned an error: {error}")])
            }
            Verdict::Oracle(text) => Finding::new(FindingKind::Oracle, vec![text]),
            Verdict::Unfair(lines) => Finding::new(FindingKind::Unfairness, lines),
            Verdict::Detached(tasks) => Finding::new(FindingKind::DetachedTask, advice::detached(&tasks)),
            Verdict::Refused(mismatch) => Finding::new(FindingKind::Nondeterminism, vec![mismatch.to_string()]),
            Verdict::ForeignWake(task) => self.foreign_wake(&task),
            Verdict::Harm(harm) => advice::harm(harm),
            Verdict::Starved(late) => {
                let starved: Vec<_> = self.starved(&late).into_iter().map(|(_, starved)| starved).collect();
                leaf::starved(&starved, self.trial.rules.limits)
            }
        }
    }

    /// Real threads have no tape, so nothing is compared or made smaller. But what the tasks do before a thread wakes one of them repeats
    /// itself as a rule, and with it where that task waits.
    fn foreign_wake(&self, task: &TaskInfo) -> Finding {
        let waits = |polls: u64| {
            let before = TaskInfo { polls, ..task.clone() };
            let sites = waits_at(self.trial, self.tape, &before, task.last_step);
            (!sites.is_empty()).then_some(sites)
        };
        // It may have been polled since it was woken, and have ended.
        let polls = (1..=task.polls).rev().take(FOREIGN_POLLS);
        let sites = polls.into_iter().find_map(waits).unwrap_or_default();
        Finding::new(FindingKind::ForeignWake, advice::foreign_wake(task, &sites))
    }

    /// What came before: who spawned the tasks that the finding is about, who was cancelled, and what starved.
    fn background(&self, verdict: &Verdict) -> Vec<String> {
        match verdict {
            Verdict::Detached(tasks) => self.spawned(tasks),
            Verdict::Harm(Harm::Late { task: Some(task), .. }) => self.spawned(std::slice::from_ref(task)),
            Verdict::Stuck(_) => self.cancelled_before(),
            Verdict::Panic(_) | Verdict::Error(_) | Verdict::Oracle(_) => self.starved_before(),
            _ => Vec::new(),
        }
    }

    /// Who spawned `tasks`, and in which destructors.
    fn spawned(&self, tasks: &[TaskInfo]) -> Vec<String> {
        let tasks = &tasks[..tasks.len().min(PROBES_MAX)];
        let watch = || Watch::at_the_spawn_of(tasks.iter().map(|task| task.id));
        let (_, spawns) = self.trial.repeat(self.tape, watch, |run, _| run.watch.as_ref().map(Watch::take_spawns));
        let spawns = spawns.unwrap_or_default();
        let line = |task: &TaskInfo| {
            let spawn = spawns.get(&task.id)?.as_ref()?;
            advice::spawned(task, spawn.by?, spawn.stack.destructor().as_deref())
        };
        tasks.iter().filter_map(line).collect()
    }

    /// The tasks that had been cancelled when everybody waited; a few of them.
    fn cancelled_before(&self) -> Vec<String> {
        const SHOWN: usize = 3;
        let (_, lines) = self.trial.repeat(self.tape, Watch::default, |run, _| {
            let cancelled = run.tasks.filter(|_, task| task.ended == Some(TaskEnd::Cancelled));
            let shown = cancelled.into_iter().take(SHOWN).map(|task| TaskInfo::of(run, task));
            shown.filter(|task| !cancel::is_audited(task)).map(|task| advice::cancelled_before(&task)).collect()
        });
        lines
    }

    pub(crate) fn traced(&self) -> (Outcome, Vec<Stamped>) {
        let (outcome, trace) =
            self.trial.repeat(self.tape, Watch::tracing, |run, _| run.watch.as_ref().map(Watch::take_trace));
        (outcome, trace.unwrap_or_default())
    }

    /// The run as the report of `finding` shows it.
    pub(crate) fn schedule(&self, finding: &Finding) -> Schedule {
        let (told, extent) = (finding.to_string(), self.trial.rules.extent);
        let run = self.trial.stage(self.tape, Watch::tracing());
        let schedule = |run: &Run| {
            let trace = run.watch.as_ref().map(Watch::take_trace).unwrap_or_default();
            let strikes = run.network.strikes();
            let struck = (strikes.total() > 0 || !self.tape.settings.faults.is_off()).then(|| strikes.each().collect());
            Schedule { struck, ..Schedule::new(&trace, &told, extent, |task| TaskInfo::of(run, task).to_string()) }
        };
        let (outcome, mut schedule) = self.trial.perform(&run, 0, |run, _| schedule(run));
        if outcome.digest.whole != self.digest.whole {
            schedule.lanes.push(advice::another_schedule());
        }
        schedule
    }

    /// Those of `hints` that are worth a line: of a timer that was never polled only if no other that was made at its place was. A
    /// `select!` makes all of its futures, and may drop some unpolled.
    pub(crate) fn worthwhile(&self, hints: Vec<Hint>) -> Vec<Hint> {
        if !hints.iter().any(|hint| matches!(hint, Hint::NeverPolled { .. })) {
            return hints;
        }
        let watch = || Watch::of_leaves(Log::of([]));
        let (_, hints) = self.trial.repeat(self.tape, watch, |run, _| {
            let log = run.watch.as_ref().and_then(Watch::leaves);
            let is_polled = |made| log.is_some_and(|log| log.is_polled(made));
            let is_idle = |hint: &Hint| matches!(hint, Hint::NeverPolled { made, .. } if is_polled(made));
            hints.into_iter().filter(|hint| !is_idle(hint)).collect()
        });
        hints
    }

    /// The last replay: the program's own prints and log lines may come now.
    pub(crate) fn show(&self) {
        self.trial.rules.call(|| {
            let run = self.trial.stage(self.tape, Watch::default());
            run.explain();
            let perform = || self.trial.perform(&run, 0, |_, _| ());
            #[cfg(feature = "tracing")]
            let perform = || crate::logging::shown(perform);
            perform();
        });
    }

    fn stuck(&self, tasks: &[TaskInfo], owed: &[OwedLeaf]) -> Finding {
        let first = if tasks.len() > PROBES_MAX { self.suspects_first(tasks) } else { tasks.to_vec() };
        let mut stuck: Vec<_> = first.iter().take(PROBES_MAX).filter_map(|task| self.probe(task)).collect();
        stuck.iter_mut().for_each(|stuck| owes(stuck, owed));
        let deadlocked = stuck.iter_mut().filter(|stuck| stuck.cause == Cause::Deadlock && stuck.joins.is_empty());
        deadlocked.take(SUSPECTS_MAX).for_each(|stuck| stuck.suspicion = self.suspicion(stuck));
        // Who waits for another task's end waits because of that task.
        let depends = |stuck: &StuckTask| stuck.cause == Cause::Deadlock && !stuck.joins.is_empty();
        stuck.sort_by_key(|stuck| (depends(stuck), stuck.is_parked(), rank(&stuck.cause)));
        let kind = stuck.first().map_or(FindingKind::Deadlock, |stuck| stuck.cause.kind());
        let left_out = tasks.len().saturating_sub(PROBES_MAX);
        let mut lines = Vec::new();
        if left_out > 0 {
            lines.push(format!("and {left_out} more tasks wait, which were not looked into"));
        }
        match kind {
            FindingKind::Deadlock => lines.extend(advice::deadlock()),
            FindingKind::Futurelock => lines.extend(leaf::futurelock()),
            _ => {}
        }
        Finding { stuck, ..Finding::new(kind, lines) }
    }

    /// A limit hides a stuck task if another one keeps the run going.
    fn limit(&self, limit: Limit, busiest: Option<&TaskInfo>, unpolled: &[TaskInfo], quiet: Quiet) -> Finding {
        // Long runs: no replay that cannot tell anything.
        let owed = if unpolled.is_empty() { Vec::new() } else { self.owed() };
        let mut finding = self.stuck(unpolled, &owed);
        let is_certain = |cause: &Cause| matches!(cause, Cause::DeadWaker | Cause::LostWakeup | Cause::Futurelock);
        finding.stuck.retain(|stuck| is_certain(&stuck.cause) && !stuck.is_parked());
        if finding.stuck.is_empty() {
            if let Quiet::Since(since) = quiet {
                return self.livelock(since);
            }
            finding.kind = FindingKind::Limit;
        }
        finding.lines = advice::limit(self.trial.rules.limits, limit, busiest, unpolled);
        if let Quiet::Meant(made) = quiet {
            finding.lines.push(format!("it is meant to spin, as is said at {}", site::place(made)));
        }
        finding
    }

    /// Who wakes whom after step `since`.
    fn livelock(&self, since: u64) -> Finding {
        let watch = || Watch::of_wakes(livelock::Wakes::after(since));
        let described = |run: &Run| run.watch.as_ref().and_then(|watch| Some(watch.wakes()?.describe(run)));
        let (_, described) = self.trial.repeat(self.tape, watch, |run, _| described(run));
        livelock::finding(described.unwrap_or_default())
    }

    /// Looks into one task that waits. `None` if it does not wait in the replay.
    pub(crate) fn probe(&self, task: &TaskInfo) -> Option<StuckTask> {
        let watch = || Watch::focused(task.id, task.polls);
        let (_, stuck) = self.trial.repeat(self.tape, watch, |run, ending| {
            let focus = run.watch.as_ref().and_then(Watch::focus)?;
            (ending != Ending::Refused).then(|| examine(run, focus, task)).flatten()
        });
        stuck
    }
}

/// Where `task` waits after the first `polls` polls of the run that `tape` describes.
pub(crate) fn waits_at(trial: &Trial<'_>, tape: &Tape, task: &TaskInfo, polls: u64) -> Vec<AwaitSite> {
    let source = Box::new(Replay::new(tape.clone()));
    let run = trial.beginning(source, tape.settings, Some(Watch::focused(task.id, task.polls)), polls);
    let (_, stacks) = trial.perform(&run, 0, |run, _| waited(run));
    sites(&stacks)
}

/// Where the task in focus waits after the poll that was looked into.
pub(crate) fn waited(run: &Run) -> Vec<Stack> {
    let Some(focus) = run.watch.as_ref().and_then(Watch::focus) else { return Vec::new() };
    let (sites, woke_at) = (focus.take_sites(), focus.clones().take_woke_at());
    if sites.is_empty() { Vec::from_iter(woke_at) } else { sites }
}

/// Most certain first.
fn rank(cause: &Cause) -> u8 {
    match cause {
        Cause::DeadWaker => 0,
        Cause::LostWakeup => 1,
        Cause::Futurelock => 2,
        Cause::Behind(_) => 3,
        Cause::Deadlock => 4,
    }
}

/// Those of `tasks` that own one of the leaves `owed` first, and owners that are not among them: a daemon too may hold what
/// the others wait for.
fn with_owners(tasks: Vec<TaskInfo>, owed: &[OwedLeaf]) -> Vec<TaskInfo> {
    let mut first: Vec<TaskInfo> = Vec::new();
    for owner in owed.iter().map(|owed| &owed.owner) {
        let known = tasks.iter().find(|task| task.id == owner.id).unwrap_or(owner);
        if first.iter().all(|task| task.id != owner.id) {
            first.push(known.clone());
        }
    }
    let owns = |task: &TaskInfo| owed.iter().any(|owed| owed.owner.id == task.id);
    first.extend(tasks.into_iter().filter(|task| !owns(task)));
    first
}

/// Notes what a stuck task owes a poll.
fn owes(stuck: &mut StuckTask, owed: &[OwedLeaf]) {
    let of_task = owed.iter().filter(|owed| owed.owner.id == stuck.task.id);
    stuck.owes = of_task.filter(|owed| owed.is_left_behind(&stuck.awaits)).cloned().collect();
    let mut to_blame = stuck.owes.iter().filter(|owed| owed.excuse.is_none());
    let is_futurelock = match stuck.cause {
        Cause::Deadlock => to_blame.next().is_some(),
        // One that the combinator has on its list, and has not polled: so it is not the combinator that is waited for.
        Cause::Behind(_) => to_blame.any(OwedLeaf::is_listed),
        _ => false,
    };
    if is_futurelock {
        stuck.cause = Cause::Futurelock;
    }
}

/// At the end of a replay: where `task` waits, and whether it could have run.
fn examine(run: &Run, focus: &Focus, task: &TaskInfo) -> Option<StuckTask> {
    let before = sites(&focus.take_sites());
    let last_drop = focus.take_last_drop();
    let (moved, after) = once_more(run, focus.clones(), focus.task())?;
    let after = sites(&after);
    let moved = moved.or_else(|| {
        // Also a task that takes a waker now, and took none in its last poll, is somewhere else.
        let elsewhere = after.iter().find(|site| !before.contains(site))?;
        Some(Moved::WentOn(elsewhere.frames.first().cloned()))
    });
    let behind = before.iter().chain(&after).find_map(|site| site.children.clone());
    let cause = match (&moved, behind) {
        _ if task.live_wakers == 0 => Cause::DeadWaker,
        (Some(_), _) => Cause::LostWakeup,
        (None, Some(behind)) => Cause::Behind(behind),
        (None, None) => Cause::Deadlock,
    };
    let took_no_waker = before.is_empty();
    // A leaf that took no fresh waker may hold one from before: then that is where it waits. Where a task goes when it is
    // polled once more is not where it waits.
    let awaits = match took_no_waker {
        false => before,
        true => focus.take_last_clone().map(|stack| stack.await_site()).into_iter().collect(),
    };
    let last_drop = last_drop.filter(|_| task.live_wakers == 0 && !took_no_waker).map(|drop| WakerDrop {
        step: drop.step,
        by: drop.by,
        site: drop.stack.innermost_line(),
    });
    let joins = focus.take_joins().into_iter().map(|task| TaskInfo::of(run, task)).collect();
    let sockets = focus.take_sockets().into_iter();
    let sockets = sockets.filter_map(|(socket, interest)| run.network.describe(socket, interest));
    let operations = focus.take_operations().into_iter();
    let io = sockets.chain(operations.filter_map(|operation| run.disks.describe(operation))).collect();
    let (task, owes, suspicion) = (task.clone(), Vec::new(), None);
    Some(StuckTask { task, cause, moved, awaits, joins, io, owes, suspicion, took_no_waker, last_drop })
}

/// Polls `task` once more: how it moved, if it did, and where it waits now.
pub(crate) fn once_more(run: &Run, clones: &Clones, task: TaskId) -> Option<(Option<Moved>, Vec<Stack>)> {
    let waker = run.executor.waker(task)?;
    let pushes = run.executor.pushes();
    // The tape has no answers to what this poll asks: it ended before.
    run.choices.borrow_mut().answer_from(Box::new(Lenient::answering(Vec::new())));
    let (ran, stacks) = clones.collect(waker, |lens| run.repoll(task, lens));
    let moved = match ran? {
        Ran::Ready | Ran::Cancelled => Some(Moved::Completed),
        Ran::Panicked => {
            let message = run.notes.panics().pop().map_or_else(String::new, |note| note.message);
            Some(Moved::Panicked(message))
        }
        Ran::Pending if clones.take_woke_itself() => is_going_on(run, clones, task).then_some(Moved::Ran),
        Ran::Pending => {
            let woken = run.executor.pushes() - pushes;
            // A leaf may wake the waker that it replaces by another, which is the task's own and no progress.
            (woken > 0 && woken > u64::from(is_scheduled(run, task))).then_some(Moved::Woke)
        }
    };
    Some((moved, stacks))
}

/// Whether a task that woke itself when it was polled with a new waker is going somewhere. A leaf may ask for one more poll
/// just because the waker is another one, and wait as before; it does the same for the next new waker.
fn is_going_on(run: &Run, clones: &Clones, task: TaskId) -> bool {
    const TURNS: usize = 3;
    for _ in 0..TURNS {
        match run.poll_queued(task) {
            Some(Ran::Pending) => {}
            Some(_) => return true,
            None => {
                let waker = run.executor.waker(task);
                let ran = waker.map(|waker| clones.collect(waker, |lens| run.repoll(task, lens)).0);
                let is_as_before = ran == Some(Some(Ran::Pending)) && clones.take_woke_itself();
                return !is_as_before;
            }
        }
    }
    true
}

fn is_scheduled(run: &Run, task: TaskId) -> bool {
    let mut scheduled = false;
    run.executor.for_each_task(|view| scheduled |= view.id == task && view.scheduled);
    scheduled
}

/// The distinct await sites among `stacks`.
pub(crate) fn sites(stacks: &[Stack]) -> Vec<AwaitSite> {
    let mut sites: Vec<AwaitSite> = Vec::new();
    // Of many children awaited in one place the tables are read once.
    let mut seen = BTreeSet::new();
    for stack in stacks.iter().filter(|stack| seen.insert(stack.addresses())) {
        let site = stack.await_site();
        if !sites.contains(&site) {
            sites.push(site);
        }
    }
    sites
}
