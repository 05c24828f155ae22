//! What a run leaves open, as a value: who is polled next, what is cancelled, what the network does.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proptest::test_runner::{Reason, TestCaseError};
use reveille::{Choose, Explore, Failure, FindingKind, Hint, Kind, Outcome, Passed, Point, Tape, explore};

/// Answers to all choices of one run: bytes, used up in the order in which the run asks, and 0 when they have been.
///
/// The strategies [`schedules`](crate::schedules), [`cancellations`](crate::cancellations),
/// [`starvations`](crate::starvations) and [`faults`](crate::faults) generate such values, so that proptest shrinks them
/// together with whatever else it generates: a byte that is 0 is the usual answer, one that is left out as well.
///
/// ```
/// use reveille_properties::Circumstances;
///
/// // Whoever answers 1 to the second choice of this program breaks it.
/// let failure = Circumstances::of_bytes(&[0, 1])
///     .run(|| async {
///         let (first, second) = (reveille::choose(2), reveille::choose(2));
///         assert!(first >= second);
///     })
///     .unwrap_err();
/// assert_eq!(failure.tape().unwrap().unusual(), 1);
/// ```
#[derive(Clone)]
pub struct Circumstances {
    /// Answers to choices of one kind.
    by_kind: Vec<(Kind, Vec<u8>)>,
    /// Answers to all others.
    rest: Vec<u8>,
    held: Option<Held>,
    /// The name of a preset of faults.
    faults: &'static str,
    /// What [`check`](Self::check) has found, under any circumstances of the same strategy.
    found: Arc<Mutex<Option<Found>>>,
}

/// A failure that is being made small.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    kind: FindingKind,
    /// The run that failed last.
    tape: Tape,
}

/// A task that is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The number of the task, as reports show it.
    pub(crate) task: usize,
    /// How often it is passed over at most.
    pub(crate) turns: u32,
}

impl Circumstances {
    /// Those in which every choice is answered from `bytes`: what a fuzzer has. Without bytes, all is as usual.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self { by_kind: Vec::new(), rest: bytes.to_vec(), held: None, faults: "off", found: Arc::default() }
    }

    /// Answers choices of the kind named by `letter` from bytes of their own.
    #[must_use]
    pub(crate) fn answering(mut self, letter: u8, bytes: Vec<u8>) -> Self {
        self.by_kind.push((Kind::new(letter), bytes));
        self
    }

    /// Of one strategy with others: what one has found, the others know.
    #[must_use]
    pub(crate) fn among(mut self, found: &Arc<Mutex<Option<Found>>>) -> Self {
        self.found = found.clone();
        self
    }

    #[must_use]
    pub(crate) fn holding(mut self, held: Held) -> Self {
        self.held = Some(held);
        self
    }

    #[must_use]
    pub(crate) fn with_faults(mut self, preset: &'static str) -> Self {
        self.faults = preset;
        self
    }

    /// A campaign of this one run. Without shrinking, which is proptest's business here.
    ///
    /// ```
    /// use reveille_properties::Circumstances;
    ///
    /// use reveille::time::{Duration, sleep};
    ///
    /// let program = || async { drop(reveille::spawn(sleep(Duration::from_secs(1)))) };
    /// let usual = Circumstances::of_bytes(&[]);
    /// usual.run(program).unwrap();
    /// assert!(usual.explore().deny_detached().run(program).is_err()); // the same run, judged otherwise
    /// ```
    #[track_caller]
    pub fn explore(&self) -> Explore {
        let these = self.clone();
        explore().runs(1).shrink(false).faults(self.faults).answered_by(move |_| Answering::new(&these))
    }

    /// Runs `program` under these circumstances.
    ///
    /// # Errors
    /// The failure, explained, with its tape.
    #[track_caller]
    pub fn run<F, Fut>(&self, program: F) -> Result<Passed, Failure>
    where
        F: Fn() -> Fut + Sync,
        Fut: Future + 'static,
        Fut::Output: Outcome,
    {
        self.explore().run(program)
    }

    /// The same, for the body of a `proptest!`: a failure is a failed case, which proptest shrinks.
    ///
    /// A program that proptest has made smaller asks other choices, and rarely fails under the answers to those of the
    /// larger one. So once a case has failed, its tape is made small, and cases that follow are run with as much of that tape as
    /// fits them; only where this passes, under their own circumstances and fifty schedules more. One that fails in
    /// the same way counts, and hands its tape on. So the tape in the report is small as the case is, and belongs to it; and
    /// most steps of proptest's shrinking take one run.
    ///
    /// For a look at a case that was found, its values are written down in a test of their own, in the same file, and its tape is given
    /// to [`reveille::replay`].
    ///
    /// # Errors
    /// The failure as a text, with its tape.
    ///
    /// ```
    /// use reveille_properties::Circumstances;
    ///
    /// async fn program(bound: u32) {
    ///     assert!(reveille::choose(bound) < 3);
    /// }
    /// let found = Circumstances::of_bytes(&[4]).check(|| program(5)).unwrap_err().to_string();
    /// let tape = found.lines().find_map(|line| line.trim().strip_prefix("tape: ")).unwrap();
    /// let failure = reveille::replay(tape, || program(5)).unwrap_err();
    /// assert!(failure.to_string().contains("panicked"));
    /// ```
    #[track_caller]
    pub fn check<F, Fut>(&self, program: F) -> Result<(), TestCaseError>
    where
        F: Fn() -> Fut + Sync,
        Fut: Future + 'static,
        Fut::Output: Outcome,
    {
        let before = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let failure = match before {
            None => self.explore().shrink(true).run(&program).err(),
            Some(found) => self.fails_again(&found, &program),
        };
        let Some(failure) = failure else { return Ok(()) };
        if let (Some(kind), Some(tape)) = (failure.kind(), failure.tape()) {
            let found = Found { kind, tape: tape.clone() };
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        }
        Err(TestCaseError::Fail(Reason::from(format!("\n{}", Told(&failure)))))
    }

    /// A failure of `program` of the kind that was found before.
    #[track_caller]
    fn fails_again<F, Fut>(&self, found: &Found, program: &F) -> Option<Failure>
    where
        F: Fn() -> Fut + Sync,
        Fut: Future + 'static,
        Fut::Output: Outcome,
    {
        // A wake from another thread would have been seen in the case that was found first.
        let explores = [
            explore().replay(found.tape.to_string()).lenient(),
            self.explore().shrink(true),
            explore().runs(50).seed(1).faults(self.faults),
        ];
        let mut failures =
            explores.into_iter().filter_map(|explore| explore.patience(Duration::ZERO).run(program).err());
        failures.find(|failure| failure.kind() == Some(found.kind))
    }
}

/// A failure and its tape, which names the run where a seed does not.
struct Told<'a>(&'a Failure);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match self.0.tape() {
            Some(tape) => write!(f, "\n  tape: {tape}\n  again: reveille::replay(\"{tape}\", || ..)"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Circumstances {
    /// Only what is not as usual.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Circumstances");
        for (kind, bytes) in &self.by_kind {
            if bytes.iter().any(|byte| *byte != 0) {
                shown.field(kind.letter().encode_utf8(&mut [0; 4]), bytes);
            }
        }
        if self.rest.iter().any(|byte| *byte != 0) {
            shown.field("answers", &self.rest);
        }
        if let Some(held) = self.held {
            shown.field("held", &held);
        }
        if self.faults != "off" {
            shown.field("faults", &self.faults);
        }
        shown.finish()
    }
}

/// Circumstances that are being used up.
struct Answering {
    by_kind: Vec<(Kind, std::vec::IntoIter<u8>)>,
    rest: std::vec::IntoIter<u8>,
    held: Option<Held>,
}

impl Answering {
    fn new(these: &Circumstances) -> Self {
        Self {
            by_kind: these.by_kind.iter().map(|(kind, bytes)| (*kind, bytes.clone().into_iter())).collect(),
            rest: these.rest.clone().into_iter(),
            held: these.held,
        }
    }

    /// Whether the task whose turn it is is to be passed over.
    fn passes_over(&mut self, point: Point<'_>) -> bool {
        let (Some(held), Hint::Ready(ready)) = (&mut self.held, point.hint) else { return false };
        let passes = held.turns > 0 && ready.task(0).index() == held.task;
        held.turns -= u32::from(passes);
        passes
    }
}

impl Choose for Answering {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if self.passes_over(point) {
            return 1;
        }
        let own = self.by_kind.iter_mut().find(|(kind, _)| *kind == point.kind);
        let bytes = own.map_or(&mut self.rest, |(_, bytes)| bytes);
        // As many bytes as it takes to reach every answer; for nearly all points that is one.
        let mut answer = u32::from(bytes.next().unwrap_or(0));
        let mut reached = 256;
        while reached < u64::from(point.bound) {
            answer = (answer << 8) | u32::from(bytes.next().unwrap_or(0));
            reached <<= 8;
        }
        answer % point.bound
    }
}
