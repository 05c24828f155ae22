//! Whether a run repeats itself, and where it parts from its repetition if it does not.
//!
//! A run that went fast kept its tape and its digest after 1, 2, 4, 8, .. polls. So it is known to a power of two where its
//! repetition parts from it. Two repetitions that part from each other, traced, tell the event; the task that was polled then
//! is looked into in a replay up to that poll.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use reveille_executor::TaskId;

use crate::event::{Event, Stamped};
use crate::explain::{Case, waits_at};
use crate::fair::Wait;
use crate::finding::{Finding, FindingKind, StuckTask, TaskInfo};
use crate::freedom::Freedom;
use crate::judge::Verdict;
use crate::run::Run;
use crate::shrink::Same;
use crate::site::{AwaitSite, Site, Suspect, place, statics, suspects};
use crate::waiting::{self, await_sites};
use crate::watch::Watch;

/// So many repetitions are compared with one another before they are said to agree: what falls as a coin does, the same way each time,
/// would be taken for something that an earlier run has left behind.
const TRACES: usize = 8;
/// So many if it is known that two of them do differ.
const TRACES_MAX: usize = 32;
/// So often who waits is looked into anew.
const LOOKS: usize = 2;

impl Case<'_> {
    /// Repeats the run, which came to `verdict`; a finding if it is not the same run again, or comes to another end.
    pub(crate) fn differs(&self, verdict: Option<&Verdict>) -> Option<Finding> {
        self.compared(verdict, |_| ())
    }

    /// The same, and `look` is told the longest that a task waited for its turn.
    pub(crate) fn compared(&self, verdict: Option<&Verdict>, look: impl FnOnce(Option<Wait>)) -> Option<Finding> {
        self.trial.rules.pulses.repeats(self.tape);
        let measured = |run: &Run| run.watch.as_ref().and_then(Watch::longest_wait);
        let (again, wait) = self.trial.repeat(self.tape, Watch::measuring, |run, _| measured(run));
        look(wait);
        if again.digest.whole == self.digest.whole {
            let same = match verdict.map(|verdict| Same::of(verdict, None)) {
                Some(Some(same)) => self.showing(&same, again).is_some(),
                Some(None) => again.wrong.is_some(),
                None => self.settled(again.wrong).is_none(),
            };
            return (!same).then(|| nondeterminism(other_end(verdict.is_some())));
        }
        let (traced, first) = self.traced();
        let most = if traced.digest.whole == again.digest.whole { TRACES } else { TRACES_MAX };
        let others = (1..most).map(|_| self.traced().1);
        let parted = others.into_iter().find(|other| *other != first);
        let lines = match parted {
            Some(other) => self.parted(&first, &other),
            None => self.carried_over(again.digest.early.parted(&self.digest.early), &first),
        };
        Some(nondeterminism(lines))
    }

    /// A finding if tasks do not wait where `finding` says that they do, or not for that reason, when the run is looked into
    /// `again`: an order in which a poll looks at its branches, say, shows in no poll, wake or choice, but it decides what is waited for.
    pub(crate) fn waits_otherwise(&self, finding: &Finding, again: impl Fn() -> Finding) -> Option<Finding> {
        let alone = |these: &Finding, those: &Finding| {
            let differs = |one: &&StuckTask| !those.stuck.iter().any(|two| waits_alike(one, two));
            these.stuck.iter().find(differs).cloned()
        };
        let looks = (0..LOOKS).map(|_| again()).map(|other| (alone(finding, &other), alone(&other, finding)));
        let (one, two) = looks.into_iter().find(|(one, two)| one.is_some() || two.is_some())?;
        let mut lines = vec!["the same choices gave the same schedule, at whose end a task waits otherwise".into()];
        for (when, stuck) in [("once:", &one), ("when it is repeated:", &two)] {
            lines.push(when.into());
            match stuck {
                Some(stuck) => lines.extend(waiting::passage(stuck)),
                None => lines.push("  it does not wait".into()),
            }
        }
        let frames = one.iter().chain(&two).flat_map(|stuck| &stuck.awaits).flat_map(|site| &site.frames);
        let spawned: Vec<_> = one.iter().chain(&two).map(|stuck| place(stuck.task.site)).collect();
        lines.extend(hints(&suspects(frames.map(|frame| &frame.site).chain(&spawned))));
        Some(nondeterminism(lines))
    }

    /// Two repetitions differ: in which event, in whose poll, and what may be behind it.
    fn parted(&self, one: &[Stamped], two: &[Stamped]) -> Vec<String> {
        let length = one.iter().zip(two).take_while(|(one, two)| one == two).count();
        let end = |event: Option<&Stamped>| event.map_or_else(|| "the run ended".into(), ToString::to_string);
        let mut lines = vec![
            "the same choices gave another run".into(),
            format!("first difference: {}", end(one.get(length))),
            format!("          but then: {}", end(two.get(length))),
        ];
        let [this, that] = [one, two].map(|trace| trace.get(length).and_then(in_whose_poll));
        let by = this.filter(|_| this == that);
        let sites = self.culprit(&one[..length], by).map_or_else(Vec::new, |culprit| {
            lines.extend(culprit.to_string().lines().map(str::to_owned));
            culprit.sites()
        });
        let suspects = suspects(&sites);
        lines.extend(hints(&suspects));
        if suspects.is_empty() {
            lines.extend(outliving(&statics(&sites)));
        }
        if self.tape.settings.freedoms.has(Freedom::InlineWake) {
            lines.extend(ORDER_OF_WAKES.map(str::to_owned));
        }
        lines
    }

    /// All repetitions agree with one another, and not with the run.
    fn carried_over(&self, between: Option<(u64, u64)>, trace: &[Stamped]) -> Vec<String> {
        let mut lines = vec![
            "the same choices gave another run".into(),
            "its repetitions agree with one another, and not with the run: something was carried over from an".into(),
            "earlier run (a `static`, a `OnceLock`, a thread-local); make it part of the test's own state, or give each"
                .into(),
            "run a thread or a process with `explore().isolation(..)`".into(),
        ];
        let Some((same, other)) = between else { return lines };
        let tasks = self.polled(same + 1..=other, trace);
        let many = if tasks.is_empty() { "" } else { ", in which were polled" };
        lines.push(format!("they parted after poll {same} and before the end of poll {other}{many}"));
        lines.extend(tasks.iter().map(|task| format!("  {task}")));
        let spawned: Vec<_> = tasks.iter().map(|task| place(task.site)).collect();
        lines.extend(outliving(&statics(&spawned)));
        lines
    }

    /// A few of the tasks that were polled in `steps` of `trace`.
    fn polled(&self, steps: RangeInclusive<u64>, trace: &[Stamped]) -> Vec<TaskInfo> {
        const SHOWN: usize = 8;
        let polled = trace.iter().filter(|stamped| steps.contains(&stamped.step));
        let tasks: BTreeSet<_> = polled
            .filter_map(|stamped| match stamped.event {
                Event::Polled { task } => Some(task),
                _ => None,
            })
            .collect();
        let known = |run: &Run| {
            let known = tasks.iter().filter(|task| run.tasks.is_known(**task));
            known.take(SHOWN).map(|task| TaskInfo::of(run, *task)).collect()
        };
        self.trial.repeat(self.tape, Watch::default, |run, _| known(run)).1
    }

    /// The task that was polled last in `before`, the part of a trace that repeats itself, and where it was; that is `by`, if it is known
    /// in whose poll the traces part. It may have polled others meanwhile, as within its wakes.
    fn culprit(&self, before: &[Stamped], by: Option<TaskId>) -> Option<Culprit> {
        let polled = before.iter().rev().find_map(|stamped| match stamped.event {
            Event::Polled { task } if by.is_none_or(|by| by == task) => Some((task, stamped.step)),
            _ => None,
        });
        let (task, step) = polled?;
        let of_task = |stamped: &&Stamped| stamped.event == Event::Polled { task };
        let polls = before.iter().filter(of_task).count() as u64;
        let look = |run: &Run| run.tasks.is_known(task).then(|| TaskInfo::of(run, task));
        let (_, info) = self.trial.repeat(self.tape, Watch::default, |run, _| look(run));
        let info = info?;
        let at = |polls: u64, step| match polls {
            0 => Vec::new(),
            _ => waits_at(self.trial, self.tape, &TaskInfo { polls, ..info.clone() }, step),
        };
        let (from, to) = (at(polls - 1, step - 1), at(polls, step));
        Some(Culprit { task: info, step, polls, from, to })
    }
}

/// The task in whose poll two repetitions parted.
struct Culprit {
    task: TaskInfo,
    step: u64,
    /// How many polls of its own it had by then, that one included.
    polls: u64,
    /// Where it waited before that poll, and after it.
    from: Vec<AwaitSite>,
    to: Vec<AwaitSite>,
}

impl Culprit {
    /// Places in the functions that it went through.
    fn sites(&self) -> Vec<Site> {
        let awaits = self.from.iter().chain(&self.to).flat_map(|site| &site.frames).map(|frame| frame.site.clone());
        // Its text often stands where it is spawned, which is known also of a task whose first poll is its last.
        awaits.chain([place(self.task.site)]).collect()
    }
}

impl std::fmt::Display for Culprit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { task, step, polls, from, to } = self;
        write!(f, "last polled before that, at step {step}: {task}")?;
        match (*polls, from.is_empty()) {
            (1, _) => f.write_str(", for the first time")?,
            (_, true) => write!(f, ", its poll number {polls}")?,
            (_, false) => write!(f, ", its poll number {polls}, which went on from")?,
        }
        let mut places = String::new();
        from.iter().for_each(|site| places += &await_sites(site));
        if !to.is_empty() {
            places += "  to\n";
            to.iter().for_each(|site| places += &await_sites(site));
        }
        write!(f, "\n{}", places.trim_end())
    }
}

/// The task that has done what happened there, where that is sure.
fn in_whose_poll(stamped: &Stamped) -> Option<TaskId> {
    match stamped.event {
        Event::Woken { by, .. } | Event::Spawned { by, .. } => by,
        Event::Ended { task, .. } => Some(task),
        _ => None,
    }
}

/// What no other run minds, as there it is put in order.
const ORDER_OF_WAKES: [&str; 2] = [
    "under `inline-wake` also the order in which one poll wakes several tasks: tokio's `watch`, `Barrier` and others draw it",
    "from a generator of their own; such a program is explored without that freedom",
];

/// Whether two replays say the same of a task. In what order its branches are polled is no difference.
fn waits_alike(one: &StuckTask, two: &StuckTask) -> bool {
    let has_all = |those: &StuckTask, these: &StuckTask| these.awaits.iter().all(|site| those.awaits.contains(site));
    one.task.id == two.task.id && one.cause == two.cause && has_all(one, two) && has_all(two, one)
}

/// What may be behind it: what the text of the functions names, or the usual causes.
fn hints(suspects: &[Suspect]) -> Vec<String> {
    if suspects.is_empty() {
        return vec![
            "the usual causes: iteration over a `HashMap`, a random generator of another crate (`select!` without"
                .into(),
            "`biased`), the wall clock, a thread; `reveille::rng`, `BTreeMap` and `biased;` are repeatable".into(),
        ];
    }
    let named = "what its text names that does not repeat itself:".to_owned();
    std::iter::once(named).chain(suspects.iter().map(hint)).collect()
}

/// The `static`s among what may be behind it: a counter of ids goes on from run to run.
fn outliving(statics: &[Suspect]) -> Vec<String> {
    let named = (!statics.is_empty()).then(|| "what its text names that outlives a run:".to_owned());
    named.into_iter().chain(statics.iter().map(hint)).collect()
}

fn hint(Suspect { site, name, why }: &Suspect) -> String {
    format!("  {site}: `{name}`: {why}")
}

/// The same choices, events and polls, and another outcome. `failed`: the run did, its repetition did not, or otherwise.
fn other_end(failed: bool) -> Vec<String> {
    let what = if failed { "the run failed, and fails otherwise or not at all" } else { "the run passed, and fails" };
    vec![
        format!("the same choices led to the same schedule and to another end: {what} when it is repeated"),
        "what the program computes depends on something else: iteration over a `HashMap`, a random generator, the wall"
            .into(),
        "clock, a `static`; `reveille::rng`, `BTreeMap` and `reveille::time` are repeatable".into(),
    ]
}

fn nondeterminism(lines: Vec<String>) -> Finding {
    Finding::new(FindingKind::Nondeterminism, lines)
}
