//! What an audit found: a table, and the smallest failing run.

use std::collections::BTreeMap;
use std::fmt;

use super::cuts::{Made, Moment, Way};
use super::fault::Fault;
use super::sites::Atlas;
use super::table;
use crate::failure::Failure;

/// The result of an [audit](super::audit): what every kind of cut at every await did to the rest of the program.
///
/// `Display` is the table, and below it the smallest failing run, if there is one.
///
/// ```
/// use reveille::cancel::{self, Moment};
/// use reveille::yield_now;
///
/// let report = cancel::audit(|()| yield_now()).run().unwrap();
/// report.assert_clean();
/// assert_eq!(report.schedules(), Some(16));
/// assert_eq!((report.reachable(), report.exercised()), (4, 4)); // each moment, at the one await
/// assert!(Moment::ALL.iter().all(|moment| report.rows().iter().any(|row| row.moment == *moment)));
/// println!("{report}");
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) name: String,
    rows: Vec<Row>,
    /// Schedules per cut; `None` for the replay of a single run.
    pub(super) schedules: Option<u64>,
    sampled: Option<Sampled>,
    reachable: usize,
    exercised: usize,
    /// How many distinct awaits the uncut runs came to.
    pub(super) awaits: usize,
    failure: Option<Failure>,
    /// The hash of the test whose tape the environment asks to repeat, which is not this audit.
    pub(super) passed_over: Option<u16>,
    /// The strategy that was asked for and is none for audits.
    pub(super) not_taken: Option<&'static str>,
}

/// What became of one kind of cut at one await.
///
/// ```
/// use reveille::cancel::{self, Moment};
///
/// let report = cancel::audit(|()| reveille::yield_now()).run().unwrap();
/// let row = report.rows().iter().find(|row| row.moment == Moment::BeforeFirstPoll).unwrap();
/// assert_eq!(row.place, None); // it waits nowhere yet
/// assert!(row.runs >= 16 && row.faults.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Where the operation waited, as `file:line:column`; `None` for cuts that are not made at an await, and where no line
    /// is known.
    pub place: Option<String>,
    /// The function that `place` is in.
    pub function: Option<String>,
    /// What is awaited there, if that is not the user's own.
    pub through: Option<String>,
    /// When it was cut.
    pub moment: Moment,
    /// How it was cut.
    pub way: Way,
    /// In how many runs.
    pub runs: u64,
    /// What broke, and in how many of the runs. Empty if nothing did.
    pub faults: BTreeMap<Fault, u64>,
}

/// An audit that could not make all cuts.
///
/// ```
/// let long = |()| async {
///     for _ in 0..1_000 {
///         reveille::yield_now().await;
///     }
/// };
/// let report = reveille::cancel::audit(long).points(10).runs(1).run().unwrap();
/// let sampled = report.sampled().unwrap();
/// assert_eq!((sampled.points, sampled.of), (10, 2_002)); // two at each await, one before and one after them
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sampled {
    /// At so many points the operation was cut,
    pub points: u64,
    /// of so many.
    pub of: u64,
}

impl Report {
    /// Every kind of cut at every await, in the order in which the operation came to them.
    ///
    /// ```
    /// use reveille::cancel::{self, Moment};
    /// use reveille::yield_now;
    ///
    /// let report = cancel::audit(|()| yield_now()).run().unwrap();
    /// let moments: Vec<_> = report.rows().iter().map(|row| row.moment).collect();
    /// assert_eq!(moments.first(), Some(&Moment::BeforeFirstPoll));
    /// assert_eq!(moments.last(), Some(&Moment::Ready));
    /// ```
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether no cut broke anything.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.failure.is_none()
    }

    /// The smallest failing run: the earliest cut, then the dullest schedule. It has a tape.
    ///
    /// ```
    /// use reveille::{FindingKind, cancel};
    ///
    /// let report = cancel::audit(|()| async {
    ///     let order = cancel::track("two tickets");
    ///     reveille::yield_now().await;
    ///     order.settle();
    /// });
    /// let report = report.run().unwrap();
    /// assert_eq!(report.failure().unwrap().kind(), Some(FindingKind::DroppedValue));
    /// ```
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Under how many schedules each cut was made; `None` for the replay of a single run.
    #[must_use]
    pub fn schedules(&self) -> Option<u64> {
        self.schedules
    }

    /// How many runs had a cut.
    ///
    /// ```
    /// let report = reveille::cancel::audit(|()| reveille::yield_now()).run().unwrap();
    /// assert_eq!(report.cut_runs(), report.rows().iter().map(|row| row.runs).sum());
    /// assert!(report.cut_runs() >= 4 * 16); // four moments, each under sixteen schedules
    /// ```
    #[must_use]
    pub fn cut_runs(&self) -> u64 {
        self.rows.iter().map(|row| row.runs).sum()
    }

    /// How many pairs of await and moment can be reached. Counted in the uncut runs, by their stacks, and not in the cuts.
    #[must_use]
    pub fn reachable(&self) -> usize {
        self.reachable
    }

    /// How many of the [`reachable`](Self::reachable) pairs were cut.
    #[must_use]
    pub fn exercised(&self) -> usize {
        self.exercised
    }

    /// If the operation has more points than the audit may cut: how many of them were cut.
    #[must_use]
    pub fn sampled(&self) -> Option<Sampled> {
        self.sampled
    }

    /// For a test: goes on if the audit is clean.
    ///
    /// # Panics
    /// With the table and the smallest failing run, if it is not.
    ///
    /// ```should_panic
    /// use reveille::cancel;
    ///
    /// let commit = |()| cancel::must_complete(reveille::yield_now());
    /// cancel::audit(commit).run().unwrap().assert_clean(); // panics: it may be cut short
    /// ```
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "a cut breaks the program\n\n{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table::write(f, self)?;
        match &self.failure {
            Some(failure) => write!(f, "\nthe smallest of what failed:\n\n{failure}"),
            None => Ok(()),
        }
    }
}

/// Counts cut runs while the audit goes on.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) atlas: Atlas,
    /// By run and poll: the number of the await.
    pub(super) sites: Vec<Vec<Option<usize>>>,
    counts: Counts,
}

/// Counts of one thread.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<(usize, Moment, Way), Cell>);

#[derive(Default)]
struct Cell {
    runs: u64,
    faults: BTreeMap<Fault, u64>,
}

/// Where a cut belongs that was not made at an await: before all awaits, or after them.
const BEFORE: usize = 0;
const AFTER: usize = usize::MAX;
/// An await whose site was not looked at.
const UNKNOWN: usize = usize::MAX - 1;

impl Counts {
    /// Counts a run that was cut as `made` says, at a [place](Tally::place).
    pub(super) fn count(&mut self, place: usize, made: Made, fault: Option<Fault>) {
        let cell = self.0.entry((place, made.moment, made.way)).or_default();
        cell.runs += 1;
        if let Some(fault) = fault {
            *cell.faults.entry(fault).or_default() += 1;
        }
    }
}

impl Tally {
    /// Where run number `run` was cut as `made` says: a number by which rows are kept apart.
    pub(super) fn place(&self, run: u64, made: Made) -> usize {
        match made.moment {
            Moment::BeforeFirstPoll => BEFORE,
            Moment::Ready => AFTER,
            Moment::AfterPending | Moment::AfterWake => {
                let site =
                    self.sites.get(run as usize).and_then(|sites| sites.get(made.polls as usize - 1).copied()?);
                site.map_or(UNKNOWN, |site| site + 1)
            }
        }
    }

    pub(super) fn add(&mut self, counts: Counts) {
        for (key, cell) in counts.0 {
            let sum = self.counts.0.entry(key).or_default();
            sum.runs += cell.runs;
            for (fault, count) in cell.faults {
                *sum.faults.entry(fault).or_default() += count;
            }
        }
    }

    /// The rows in the order of the source, which is that of the operation but for loops.
    fn rows(self) -> Vec<Row> {
        let Self { atlas, counts: Counts(cells), .. } = self;
        let site = |place: usize| place.checked_sub(1).and_then(|site| atlas.awaits.get(site));
        let mut cells: Vec<_> = cells.into_iter().collect();
        cells.sort_by_key(|((place, moment, way), _)| {
            let line = site(*place).and_then(|site| site.frame.as_ref()).map(|frame| frame.site.clone());
            let rank = if moment.is_at_await() { 1 } else { 2 * u8::from(*moment == Moment::Ready) };
            (rank, line, *place, *moment, *way)
        });
        let row = |((place, moment, way), cell): ((usize, Moment, Way), Cell)| {
            let frame = site(place).and_then(|site| site.frame.as_ref());
            Row {
                place: frame.map(|frame| frame.site.to_string()),
                function: frame.map(|frame| frame.function.clone()),
                through: site(place).and_then(|site| site.leaf.clone()),
                moment,
                way,
                runs: cell.runs,
                faults: cell.faults,
            }
        };
        cells.into_iter().map(row).collect()
    }

    /// How many pairs of await and moment the uncut runs reach: every await can be cut when its poll has returned, and all
    /// but those that nobody ever woke when they were woken; and there is the time before the first and after the last.
    fn reachable(&self) -> usize {
        2 * self.atlas.awaits.len() + 2
    }

    fn exercised(&self) -> usize {
        let mut pairs: Vec<_> = self
            .counts
            .0
            .keys()
            .filter(|(place, ..)| *place != UNKNOWN)
            .map(|(place, moment, _)| (place, moment))
            .collect();
        pairs.dedup();
        pairs.len()
    }
}

impl Report {
    pub(super) fn new(
        name: &str,
        tally: Tally,
        schedules: Option<u64>,
        sampled: Option<Sampled>,
        failure: Option<Failure>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            schedules,
            sampled,
            reachable: tally.reachable(),
            exercised: tally.exercised(),
            awaits: tally.atlas.awaits.len(),
            rows: tally.rows(),
            failure,
            passed_over: None,
            not_taken: None,
        }
    }

    /// The same report, of an audit that was performed although a tape of another test was to be repeated, or another strategy taken.
    pub(super) fn passing_over(self, tape: Option<u16>, strategy: Option<&'static str>) -> Self {
        Self { passed_over: tape, not_taken: strategy, ..self }
    }
}
