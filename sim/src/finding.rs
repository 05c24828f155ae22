//! What is found, in the terms of the person who reads it.

use std::fmt;

use reveille_executor::TaskId;
use reveille_reactor::net::NodeId;

use crate::leaf::{OwedLeaf, Suspicion};
use crate::run::{Run, Site};
use crate::site::{AwaitSite, Frame};
use crate::waiting;

/// The kind of a finding.
///
/// ```
/// use reveille::{FindingKind, explore};
///
/// let failure = explore().run(|| async { std::future::pending::<()>().await }).unwrap_err();
/// assert_eq!(failure.kind(), Some(FindingKind::DeadWaker));
/// assert_eq!(FindingKind::DeadWaker.to_string(), "dead waker");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// A task panicked and nobody took its [`JoinError`](crate::JoinError).
    Panic,
    /// The program returned an error.
    Error,
    /// A task waits and has no live waker: nobody can ever wake it.
    DeadWaker,
    /// A task waits, and when polled once more it moves: it could have run, and nobody woke it.
    LostWakeup,
    /// Tasks wait, and polling them changes nothing.
    Deadlock,
    /// A task waits behind a sub-executor such as `FuturesUnordered`, which polls only children that were woken: whether
    /// they could move cannot be told from outside.
    Stuck,
    /// The run reached its limit of polls or of virtual time.
    Limit,
    /// Polls went on to the limit, and nothing came of them: no task ended and no time passed; see
    /// [`guide::livelock`](crate::guide::livelock).
    Livelock,
    /// A task waited for its turn for longer, or a waiter was overtaken more often, than the test allows; see
    /// [`guide::unfairness`](crate::guide::unfairness).
    Unfairness,
    /// A task was woken from a thread outside the run.
    ForeignWake,
    /// A future of this crate was polled after it had completed.
    PollAfterReady,
    /// Tasks were alive when the root ended, and the test forbids that.
    DetachedTask,
    /// A `sometimes!` was never true in the whole campaign.
    NeverHappened,
    /// The same tape gave another run.
    Nondeterminism,
    /// An [`Oracle`](crate::Oracle) objected.
    Oracle,
    /// After an audited operation was cut, it ended otherwise when it was run again, or a bystander ended otherwise, than
    /// in any run without a cut; see [`cancel::audit`](crate::cancel::audit).
    BrokenByCut,
    /// A [tracked](crate::cancel::track) value was dropped, unsettled, with a cancelled future.
    DroppedValue,
    /// An operation that [must complete](crate::cancel::must_complete) was dropped half-way.
    CutShort,
    /// A value that [must be closed](crate::cancel::must_close) was not; or waits that were given up
    /// [left something behind](crate::cancel::leaks), each of them.
    Leak,
    /// A task waits, and owns a future that was woken and that it does not poll any more; see
    /// [`guide::futurelock`](crate::guide::futurelock).
    Futurelock,
    /// A future was woken, and its task polled on for long without polling it; see
    /// [`guide::starved_leaf`](crate::guide::starved_leaf).
    StarvedLeaf,
    /// Something [happened](crate::cancel::Effects::happen) on behalf of an [owner](crate::cancel::owner) that was gone.
    LateEffect,
    /// A poll did not return; see [`Explore::watchdog`](crate::Explore::watchdog). Elsewhere than in runs that have
    /// [processes of their own](crate::Isolation::Process) it ends the test's process, which says so.
    EndlessPoll,
    /// A run ended the process [that it had](crate::Isolation::Process).
    Aborted,
}

impl FindingKind {
    /// All of them; the last one is that of the enum.
    const ALL: [Self; Self::Aborted as usize + 1] = [
        Self::Panic,
        Self::Error,
        Self::DeadWaker,
        Self::LostWakeup,
        Self::Deadlock,
        Self::Stuck,
        Self::Limit,
        Self::Livelock,
        Self::Unfairness,
        Self::ForeignWake,
        Self::PollAfterReady,
        Self::DetachedTask,
        Self::NeverHappened,
        Self::Nondeterminism,
        Self::Oracle,
        Self::BrokenByCut,
        Self::DroppedValue,
        Self::CutShort,
        Self::Leak,
        Self::Futurelock,
        Self::StarvedLeaf,
        Self::LateEffect,
        Self::EndlessPoll,
        Self::Aborted,
    ];

    /// The kind that is shown as `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_string() == name)
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "panic",
            Self::Error => "error",
            Self::DeadWaker => "dead waker",
            Self::LostWakeup => "lost wakeup",
            Self::Deadlock => "deadlock",
            Self::Stuck => "stuck, cause unknown",
            Self::Limit => "limit reached",
            Self::Livelock => "livelock",
            Self::Unfairness => "unfairness",
            Self::ForeignWake => "foreign wake",
            Self::PollAfterReady => "poll after ready",
            Self::DetachedTask => "detached task",
            Self::NeverHappened => "never happened",
            Self::Nondeterminism => "nondeterminism",
            Self::Oracle => "oracle",
            Self::BrokenByCut => "broken by a cut",
            Self::DroppedValue => "dropped value",
            Self::CutShort => "cut short",
            Self::Leak => "leak",
            Self::Futurelock => "futurelock",
            Self::StarvedLeaf => "starved leaf",
            Self::LateEffect => "late effect",
            Self::EndlessPoll => "endless poll",
            Self::Aborted => "aborted",
        })
    }
}

/// Which task, and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct TaskInfo {
    pub(crate) id: TaskId,
    pub(crate) name: Option<String>,
    /// The node that it runs on, but for the one on which the program starts.
    pub(crate) node: Option<String>,
    pub(crate) site: Site,
    pub(crate) polls: u64,
    pub(crate) last_step: u64,
    pub(crate) live_wakers: usize,
}

impl TaskInfo {
    /// Takes time in the number of tasks.
    pub(crate) fn of(run: &Run, id: TaskId) -> Self {
        Self::with_wakers(run, id, run.executor.live_wakers(id).unwrap_or(0))
    }

    /// The same, where it is known how many wakers there are.
    pub(crate) fn with_wakers(run: &Run, id: TaskId, live_wakers: usize) -> Self {
        let (origin, progress) = (run.tasks.origin(id), run.tasks.progress(id));
        let node = run.nodes.current(Some(id));
        Self {
            id,
            node: (node != NodeId::default()).then(|| run.network.name(node)),
            name: origin.name.map(std::borrow::Cow::into_owned),
            site: origin.site,
            polls: progress.polls,
            last_step: progress.last_step,
            live_wakers,
        }
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        if let Some(node) = &self.node {
            write!(f, " on `{node}`")?;
        }
        let made = if self.id.index() == 0 { "the root, started" } else { "spawned" };
        write!(f, " ({made} at {})", crate::site::place(self.site))
    }
}

/// Why a task that waits does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It has no live waker.
    DeadWaker,
    /// It could have run: polled once more, it moved.
    LostWakeup,
    /// It stands behind a sub-executor of this name.
    Behind(String),
    /// Polling it changes nothing, and it owns a future that could go on and is not polled.
    Futurelock,
    /// Polling it changes nothing.
    Deadlock,
}

/// How a task moved when it was polled once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    Completed,
    Panicked(String),
    /// It woke another task.
    Woke,
    /// It woke itself: it yielded.
    Ran,
    WentOn(Option<Frame>),
}

impl Cause {
    pub(crate) fn kind(&self) -> FindingKind {
        match self {
            Self::DeadWaker => FindingKind::DeadWaker,
            Self::LostWakeup => FindingKind::LostWakeup,
            Self::Behind(_) => FindingKind::Stuck,
            Self::Futurelock => FindingKind::Futurelock,
            Self::Deadlock => FindingKind::Deadlock,
        }
    }
}

/// A task that waits, and all that is known about it.
#[derive(Clone, Debug)]
pub(crate) struct StuckTask {
    pub(crate) task: TaskInfo,
    pub(crate) cause: Cause,
    /// How it moved when it was polled once more, if it did.
    pub(crate) moved: Option<Moved>,
    /// Where it waits: one site per leaf that took its waker.
    pub(crate) awaits: Vec<AwaitSite>,
    /// The tasks whose end it waits for.
    pub(crate) joins: Vec<TaskInfo>,
    /// What its sockets wait for, and what the other side holds; the operations on files that it waits for.
    pub(crate) io: Vec<String>,
    /// The futures left behind that it owes a poll.
    pub(crate) owes: Vec<OwedLeaf>,
    /// A future of another crate that it may hold back.
    pub(crate) suspicion: Option<Suspicion>,
    /// It never took a waker in its last poll: returned `Pending`, and left nothing with anybody.
    pub(crate) took_no_waker: bool,
    /// Who dropped the last waker, where that is what happened.
    pub(crate) last_drop: Option<WakerDrop>,
}

impl StuckTask {
    /// It left its waker with nobody and does not move: `std::future::pending`, as a service does that has nothing left to
    /// do. Not by itself a mistake.
    pub(crate) fn is_parked(&self) -> bool {
        self.cause == Cause::DeadWaker && self.took_no_waker && self.moved.is_none() && self.last_drop.is_none()
    }
}

/// The end of a task's last waker.
#[derive(Clone, Debug)]
pub(crate) struct WakerDrop {
    pub(crate) step: u64,
    pub(crate) by: Option<TaskId>,
    pub(crate) site: Option<Frame>,
}

/// A failure with its evidence.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) kind: FindingKind,
    /// What is wrong, in one sentence about its subject; lines of their own follow.
    pub(crate) lines: Vec<String>,
    /// The tasks that wait, the guilty ones first.
    pub(crate) stuck: Vec<StuckTask>,
    /// The place in the source that the finding is about, where it is not where a task waits.
    pub(crate) place: Option<String>,
}

impl Finding {
    pub(crate) fn new(kind: FindingKind, lines: Vec<String>) -> Self {
        Self { kind, lines, stuck: Vec::new(), place: None }
    }
}

/// What is said of it: the tasks that wait, and the lines.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        waiting::tasks(f, &self.stuck)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::FindingKind;

    #[test]
    fn the_guide_has_a_passage_about_each_finding() {
        let page = include_str!("guide/reading_a_report.rs");
        let (_, table) = page.split_once("| finding | where to look |").expect("the table is there");
        let findings: Vec<_> = table
            .lines()
            .filter_map(|row| row.strip_prefix("//! | ")?.split(" | ").next())
            .flat_map(|cell| cell.split(", "))
            .collect();
        for kind in FindingKind::ALL {
            let kind = kind.to_string();
            let name = if kind == "stuck (cause unknown)" { "stuck, cause unknown" } else { &kind };
            let is_there = findings.contains(&name) || table.contains(&format!("| {name} |"));
            assert!(is_there, "`{name}` is not in the table of the guide: {findings:?}");
        }
    }
}
