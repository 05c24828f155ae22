//! A failed test, as a value and as the text that a person reads.

use std::collections::BTreeMap;
use std::fmt;

use crate::fair::LongestWait;
use crate::finding::{Finding, FindingKind};
use crate::freedom::{self, Freedom};
use crate::net::Fault;
use crate::run::Hint;
use crate::site;
use crate::tape::Tape;
use crate::unusual::Schedule;

/// Why a test did not pass: a finding with its evidence, or a test that could not be run as asked.
///
/// `Display` is the report.
///
/// ```
/// let failure = reveille::explore()
///     .name("two_tasks_disagree")
///     .run(|| async {
///         let order = reveille::spawn(async { reveille::choose(2) });
///         assert_eq!(order.await.unwrap(), 0);
///     })
///     .unwrap_err();
/// assert_eq!(failure.kind(), Some(reveille::FindingKind::Panic));
/// assert!(failure.to_string().starts_with("reveille: panic in `two_tasks_disagree` (run "));
/// ```
#[derive(Clone)]
pub struct Failure(Box<Inner>);

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one of them, in a box")]
enum Inner {
    /// The test could not be run as asked.
    Setup(String),
    Found(Found),
    /// It was found, and reported, by another process.
    Relayed(Relayed),
}

/// What another process found.
#[derive(Clone)]
pub(crate) struct Relayed {
    pub(crate) kind: FindingKind,
    pub(crate) run: Option<u64>,
    pub(crate) seed: Option<u64>,
    pub(crate) tape: Option<Tape>,
    pub(crate) place: Option<String>,
    pub(crate) report: String,
}

/// A finding and the run it was found in.
#[derive(Clone)]
pub(crate) struct Found {
    /// The test's name.
    pub(crate) name: String,
    /// The number of the run, from 0; `None` for a replay and for a finding about the campaign.
    pub(crate) run: Option<u64>,
    /// How many runs there were to be.
    pub(crate) runs: u64,
    pub(crate) seed: Option<u64>,
    pub(crate) finding: Finding,
    /// `None` where no run can be repeated.
    pub(crate) tape: Option<Tape>,
    pub(crate) hints: Vec<Hint>,
    /// What shrinking did, where it was done.
    pub(crate) shrunk: Option<Shrinking>,
    /// The run's unusual choices, and the run row by row; empty where none can be repeated.
    pub(crate) schedule: Schedule,
    /// The freedoms of the executor that the run takes, and without which it does not fail.
    pub(crate) freedoms: Vec<Freedom>,
    /// What to paste to see the run again.
    pub(crate) replay: Option<String>,
}

/// What it took to make a failing run small.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shrinking {
    pub(crate) unusual_before: usize,
    pub(crate) replays: u32,
    /// The budget of replays or time ran out.
    pub(crate) cut_off: bool,
}

impl Failure {
    pub(crate) fn setup(message: impl Into<String>) -> Self {
        Self(Box::new(Inner::Setup(message.into())))
    }

    pub(crate) fn found(found: Found) -> Self {
        Self(Box::new(Inner::Found(found)))
    }

    pub(crate) fn relayed(relayed: Relayed) -> Self {
        Self(Box::new(Inner::Relayed(relayed)))
    }

    /// The failure with something more to say.
    pub(crate) fn adding(mut self, lines: Vec<String>) -> Self {
        match &mut *self.0 {
            Inner::Setup(message) => lines.iter().for_each(|line| message.extend(["; ", line])),
            Inner::Found(found) => found.finding.lines.extend(lines),
            Inner::Relayed(relayed) => lines.iter().for_each(|line| relayed.report.extend(["  ", line, "\n"])),
        }
        self
    }

    /// What was found; `None` if the test could not be run as asked.
    ///
    /// ```
    /// use reveille::{FindingKind, choose, explore};
    ///
    /// let program = || async { assert_ne!(choose(4), 3) };
    /// assert_eq!(explore().run(program).unwrap_err().kind(), Some(FindingKind::Panic));
    /// assert_eq!(explore().replay("no tape").run(program).unwrap_err().kind(), None);
    /// ```
    #[must_use]
    pub fn kind(&self) -> Option<FindingKind> {
        match &*self.0 {
            Inner::Setup(_) => None,
            Inner::Found(found) => Some(found.finding.kind),
            Inner::Relayed(relayed) => Some(relayed.kind),
        }
    }

    /// The number of the failing run, from 0; `None` for a replay, and for a finding about the campaign as a whole.
    ///
    /// ```
    /// let failure = reveille::explore().run(|| async { assert_ne!(reveille::choose(4), 3) }).unwrap_err();
    /// assert!(failure.run() > Some(0)); // the first run is the dullest, whose answers are 0
    /// ```
    #[must_use]
    pub fn run(&self) -> Option<u64> {
        match &*self.0 {
            Inner::Setup(_) => None,
            Inner::Found(found) => found.run,
            Inner::Relayed(relayed) => relayed.run,
        }
    }

    /// The seed of the failing run.
    ///
    /// ```
    /// let program = || async { assert_ne!(reveille::choose(4), 3) };
    /// let failure = reveille::explore().run(program).unwrap_err();
    /// let again = reveille::explore().seed(failure.seed().unwrap()).runs(1).run(program).unwrap_err();
    /// assert_eq!(again.place(), failure.place());
    /// ```
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        match &*self.0 {
            Inner::Setup(_) => None,
            Inner::Found(found) => found.seed,
            Inner::Relayed(relayed) => relayed.seed,
        }
    }

    /// The choices of the failing run, for [`replay`](crate::replay).
    ///
    /// ```
    /// let failure = reveille::explore().run(|| async { assert_ne!(reveille::choose(4), 3) }).unwrap_err();
    /// let tape = failure.tape().unwrap();
    /// assert_eq!((tape.draws(), tape.unusual()), (1, 1));
    /// ```
    #[must_use]
    pub fn tape(&self) -> Option<&Tape> {
        match &*self.0 {
            Inner::Setup(_) => None,
            Inner::Found(found) => found.tape.as_ref(),
            Inner::Relayed(relayed) => relayed.tape.as_ref(),
        }
    }

    /// The odd but legal things of which the executor did one in this run, and without which it would not have failed so. Empty for
    /// most failures.
    ///
    /// ```
    /// use std::{future::poll_fn, pin::pin};
    /// use reveille::time::{Duration, sleep};
    /// use reveille::{Freedom, explore};
    ///
    /// // Counts on two polls: one to begin, and one when the timer strikes.
    /// async fn program() {
    ///     let (mut polls, mut timer) = (0, pin!(sleep(Duration::from_secs(1))));
    ///     poll_fn(|context| {
    ///         polls += 1;
    ///         timer.as_mut().poll(context)
    ///     })
    ///     .await;
    ///     assert_eq!(polls, 2);
    /// }
    /// let failure = explore().freedoms("spurious").run(program).unwrap_err();
    /// assert_eq!(failure.freedoms(), [Freedom::Spurious]);
    /// ```
    #[must_use]
    pub fn freedoms(&self) -> Vec<Freedom> {
        match &*self.0 {
            Inner::Setup(_) => Vec::new(),
            Inner::Found(found) => found.freedoms.clone(),
            // The other process has kept on the tape what the run needs, where it shrank it.
            Inner::Relayed(relayed) => relayed.tape.as_ref().map_or_else(Vec::new, freedom::taken),
        }
    }

    /// The place in the user's code that the finding is about, as `file:line:column`: where the guilty task waits (its
    /// innermost line of user code), or where the first panic happened. `None` where no one place is to blame or known.
    ///
    /// ```
    /// let failure = reveille::explore().run(|| async { assert_ne!(reveille::choose(4), 3) }).unwrap_err();
    /// let place = failure.place().unwrap(); // such as `src/ports.rs:12:34`
    /// assert_eq!(place.rsplit(':').filter(|part| part.parse::<u32>().is_ok()).count(), 2);
    /// ```
    #[must_use]
    pub fn place(&self) -> Option<String> {
        match &*self.0 {
            Inner::Setup(_) => None,
            Inner::Found(found) => found.place(),
            Inner::Relayed(relayed) => relayed.place.clone(),
        }
    }
}

impl Found {
    fn place(&self) -> Option<String> {
        let finding = &self.finding;
        let waits = || finding.stuck.first()?.awaits.iter().find_map(|site| site.frames.first());
        finding.place.clone().or_else(|| waits().map(|frame| frame.site.to_string()))
    }
}

impl fmt::Debug for Failure {
    /// The report: it is what a failing `unwrap` shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Setup(message) => write!(f, "reveille: {message}"),
            Inner::Found(found) => found.fmt(f),
            Inner::Relayed(relayed) => f.write_str(&relayed.report),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reveille: {} in `{}`", self.finding.kind, self.name)?;
        match (self.run, self.seed) {
            (Some(run), Some(seed)) => write!(f, " (run {run} of {}, seed {seed})", self.runs)?,
            (Some(run), None) => write!(f, " (run {run})")?,
            (None, _) if self.tape.is_some() => f.write_str(" (replay)")?,
            _ => write!(f, " ({} runs)", self.runs)?,
        }
        writeln!(f)?;
        self.finding.fmt(f)?;
        for line in freedom::lines(&self.freedoms) {
            writeln!(f, "  {line}")?;
        }
        for hint in &self.hints {
            writeln!(f, "  note: {}", Noted(hint))?;
        }
        if let Some(tape) = &self.tape {
            writeln!(f, "  choices: {}", Choices(tape))?;
            for line in &self.schedule.unusual {
                writeln!(f, "    {line}")?;
            }
            if let Some(shrunk) = self.shrunk.filter(|shrunk| shrunk.unusual_before > 0) {
                writeln!(f, "  shrunk: {shrunk}")?;
            }
        }
        if let Some(struck) = &self.schedule.struck {
            let struck = faults(struck.iter().copied());
            writeln!(f, "  faults that struck: {}", if struck.is_empty() { "none" } else { &struck })?;
        }
        if !self.schedule.lanes.is_empty() {
            writeln!(f, "  schedule:")?;
        }
        for line in &self.schedule.lanes {
            writeln!(f, "{line}")?;
        }
        if let Some(replay) = &self.replay {
            writeln!(f, "  replay: {replay}")?;
        }
        Ok(())
    }
}

/// So many of each, by the names that switch them.
fn faults(struck: impl Iterator<Item = (Fault, u64)>) -> String {
    let struck = struck.map(|(fault, count)| format!("`{}` {count}", fault.name()));
    struck.collect::<Vec<_>>().join(", ")
}

struct Noted<'a>(&'a Hint);

impl fmt::Display for Noted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Hint::NeverPolled { what, made } => write!(
                f,
                "the `{what}` made at {} was dropped without ever being polled; futures do nothing unless polled",
                site::place(made)
            ),
            Hint::SpawnedInTeardown { site } => write!(
                f,
                "a destructor spawned a task at {} while the world was being dropped; the task was dropped unpolled",
                site::place(site)
            ),
            Hint::Paused { node, since } => {
                write!(
                    f,
                    "the node `{}` was paused at the end, since {since}: who waits for it waits until it goes on",
                    node.as_str()
                )
            }
            Hint::PolledInTeardown { what } => {
                write!(
                    f,
                    "a `{what}` was polled by a destructor while the world was being dropped; it completed at once"
                )
            }
        }
    }
}

impl fmt::Display for Shrinking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unusual_before, replays, cut_off } = self;
        write!(f, "from {unusual_before} unusual, in {replays} replays")?;
        if *cut_off { f.write_str(", as many as it may take: there may be a smaller run") } else { Ok(()) }
    }
}

struct Choices<'a>(&'a Tape);

impl fmt::Display for Choices<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (all, unusual) = (self.0.draws(), self.0.unusual());
        if all == 0 {
            return f.write_str("none were made: this is the only schedule there is");
        }
        if unusual == 0 {
            return write!(f, "{all}, all of them the usual ones");
        }
        write!(f, "{unusual} of {all} unusual")?;
        let named = [
            ('s', "out of order"),
            ('c', "of the program's own"),
            ('p', "polls that took time"),
            ('b', "buggified"),
            ('h', "branches out of order"),
            ('x', "cut"),
            ('d', "cancelled"),
            ('a', "aborted"),
            ('u', "for spurious polls"),
            ('i', "fresh wakers"),
            ('o', "stale wakers"),
            ('k', "held back"),
            ('y', "dropped late"),
            ('n', "polled in a wake"),
        ];
        let parts: Vec<_> = named
            .iter()
            .map(|&(letter, name)| (self.0.unusual_of(letter), name))
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}

/// A test that passed.
///
/// ```
/// let passed = reveille::explore().strategy("exhaustive").run(|| async { drop(reveille::choose(3)) }).unwrap();
/// assert_eq!((passed.runs, passed.complete), (3, true));
/// println!("{passed}");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passed {
    /// How many runs there were.
    pub runs: u64,
    /// How many polls they made together.
    pub polls: u64,
    /// The seed of the first run; the others follow.
    pub seed: u64,
    /// Every run that there is was performed (within the bound of delays, if one was set): for this program, with these
    /// limits, that is a proof. Only strategy `exhaustive` says so.
    pub complete: bool,
    /// How far an exhaustive search came that is not complete: every run with so many delays or fewer was performed. `None`
    /// if that cannot be said, as with any other strategy.
    pub delays: Option<u32>,
    /// How much an exhaustive search that is not complete has left: so many of its runs have neighbours, with one answer
    /// changed, that were not performed. 0 with any other strategy.
    pub pending: u64,
    /// How many different schedules there were among the runs; those of the first million runs count.
    pub schedules: u64,
    /// How many of them the second half of the runs added. Few, if more runs would find little that is new.
    pub schedules_late: u64,
    /// How many different meetings of tasks the runs of strategy `feedback` covered: which poll made which task runnable, and
    /// which came right after which. 0 with any other strategy.
    pub meetings: u64,
    /// How many of them the second half of the runs added.
    pub meetings_late: u64,
    /// What there is to say of kept tapes that no longer fit the program, a sentence each; see
    /// [`Explore::regressions`](crate::Explore::regressions).
    pub stale: Vec<String>,
    /// How often the executor did what is odd but legal, for each freedom that some run was given. One that was asked for and has 0 here
    /// was never taken: the program gave no occasion, and was not tested against it.
    pub exercised: BTreeMap<Freedom, u64>,
    /// How often each fault struck, in all runs together. Those of a [preset](crate::Explore::faults) that had no occasion are left out; one that was
    /// asked for by name or with a rate, and has 0 here, never struck, and the program was not tested against it.
    ///
    /// ```
    /// use reveille::net::{Fault, UdpSocket};
    ///
    /// let passed = reveille::explore()
    ///     .faults("lost=1/4, slow-accept")
    ///     .run(|| async {
    ///         let socket = UdpSocket::bind("0.0.0.0:1").await?;
    ///         socket.send_to(b"?", "127.0.0.1:1").await?;
    ///         std::io::Result::Ok(())
    ///     })
    ///     .unwrap();
    /// assert!((150..350).contains(&passed.struck[&Fault::Lost])); // of a thousand datagrams
    /// assert_eq!(passed.struck[&Fault::SlowAccept], 0); // nobody connects
    /// assert!(passed.to_string().contains("the fault `slow-accept` was asked for, and never struck"));
    /// ```
    pub struck: BTreeMap<Fault, u64>,
    /// The longest that a task waited for its turn, in the runs that were repeated to be compared: number 0 and the powers of two.
    pub longest_wait: Option<LongestWait>,
}

impl Passed {
    /// Whether more runs would find little that is new: of the runs of the second half fewer than one in twenty added a schedule,
    /// or, with strategy `feedback`, a meeting of tasks. False of a campaign of a single run.
    ///
    /// ```
    /// use reveille::{explore, spawn, yield_now};
    ///
    /// let of_tasks = |count| {
    ///     explore()
    ///         .run(move || async move {
    ///             for _ in 0..count {
    ///                 drop(spawn(yield_now()));
    ///             }
    ///         })
    ///         .unwrap()
    /// };
    /// assert!(of_tasks(2).has_flattened());
    /// assert!(!of_tasks(12).has_flattened());
    /// ```
    #[must_use]
    pub fn has_flattened(&self) -> bool {
        let late = if self.meetings > 0 { self.meetings_late } else { self.schedules_late };
        self.runs > 1 && late < self.runs.div_ceil(40)
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            polls,
            seed,
            complete,
            delays,
            pending,
            schedules,
            schedules_late,
            exercised,
            struck,
            longest_wait,
            ..
        } = self;
        match complete {
            true => write!(f, "reveille: all {runs} runs passed, {polls} polls")?,
            false => write!(f, "reveille: {runs} runs passed, from seed {seed}, {polls} polls")?,
        }
        if let Some(delays) = delays {
            write!(f, "; no proof: all runs with up to {delays} delays are among them, and {pending} lead to others")?;
        } else if *runs > 1 && !complete {
            write!(f, "; {schedules} different schedules, {schedules_late} of them new in the second half")?;
            if self.meetings > 0 {
                write!(f, "; {} meetings of tasks, {} of them new then", self.meetings, self.meetings_late)?;
            }
            if self.has_flattened() {
                f.write_str(": more runs would find little that is new")?;
            }
        }
        let taken: Vec<_> = exercised.iter().filter(|(_, count)| **count > 0).collect();
        if !taken.is_empty() {
            let taken: Vec<_> =
                taken.into_iter().map(|(freedom, count)| format!("`{freedom}` {count} times")).collect();
            write!(f, "; freedoms taken: {}", taken.join(", "))?;
        }
        let strikes = faults(struck.iter().map(|(fault, count)| (*fault, *count)).filter(|(_, count)| *count > 0));
        if !strikes.is_empty() {
            write!(f, "; faults that struck: {strikes}")?;
        }
        if let Some(wait) = longest_wait.as_ref().filter(|wait| wait.polls > 0) {
            write!(f, "\n  longest wait: {wait}")?;
        }
        for (freedom, _) in exercised.iter().filter(|(_, count)| **count == 0) {
            write!(f, "\n  note: the freedom `{freedom}` was asked for, and there was never an occasion for it")?;
        }
        for (fault, _) in struck.iter().filter(|(_, count)| **count == 0) {
            write!(f, "\n  note: the fault `{}` was asked for, and never struck", fault.name())?;
        }
        self.stale.iter().try_for_each(|line| write!(f, "\n  note: {line}"))
    }
}
