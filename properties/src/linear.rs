//! Linearizability: whether a history of overlapping calls can be told as one call after the other.
//!
//! A program notes in a [`History`] when each call begins and when it returns, in order and in virtual time; [`check`] holds it against
//! a [`Model`], which answers calls one at a time. The search is that of Wing and Gong (1993), with the memory of states and sets of calls that
//! Lowe added (2017), and each key by itself, since a history is linearizable if it is so key by key (Herlihy and Wing 1990).
//! A call that has not returned may have taken effect, or not.
//!
//! What is returned is a small part of the history that shows it: the shortest bad beginning, without those calls that can be
//! left out so that all but the last still makes sense. Its text has the virtual times, so that the calls can be found in the report's
//! schedule.
//!
//! ```
//! use reveille_properties::linear::{History, Register, RegisterOp::{Read, Write}, check};
//!
//! let history = History::default();
//! let write = history.begin(Write("x", 1));
//! history.end(write, None);
//! let read = history.begin(Read("x"));
//! history.end(read, Some(0)); // but the write had returned
//! let bad = check(&Register, &history.calls()).unwrap_err();
//! assert_eq!(bad.calls.len(), 2);
//! println!("{bad}");
//! ```

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::time::Duration;

/// What calls mean, one at a time.
///
/// ```
/// use reveille_properties::linear::{History, Model, check};
///
/// /// A counter, of which each call says the number before it.
/// struct Counter;
///
/// impl Model for Counter {
///     type Op = u64;
///     type Output = u64;
///     type State = u64;
///     type Key = ();
///
///     fn key(&self, _: &u64) {}
///
///     fn initial(&self) -> u64 {
///         0
///     }
///
///     fn apply(&self, state: &u64, by: &u64) -> (u64, u64) {
///         (state + by, *state)
///     }
/// }
///
/// let history = History::default();
/// let (one, two) = (history.begin(1), history.begin(5));
/// history.end(one, 5); // so the other came first, which is right as they overlap
/// history.end(two, 0);
/// check(&Counter, &history.calls()).unwrap();
/// ```
pub trait Model {
    /// A call.
    type Op: Clone + Debug;
    /// What it returns.
    type Output: Clone + Debug + PartialEq;
    /// What is left behind by the calls so far, for one key.
    type State: Clone + Ord;
    /// What calls have in common that affect one another.
    type Key: Ord;

    /// The key of a call.
    fn key(&self, op: &Self::Op) -> Self::Key;

    /// The state before the first call.
    fn initial(&self) -> Self::State;

    /// Answers a call.
    fn apply(&self, state: &Self::State, op: &Self::Op) -> (Self::State, Self::Output);
}

/// When something happened: which happening of the history it was, and at what virtual time.
///
/// Time stands still while tasks are polled, so a lot happens at one time, and it has an order nevertheless: the order of the
/// numbers, which alone [`check`] goes by. The time is for the reader.
///
/// A history of one's own making, without times, has moments made of numbers: `7.into()`.
///
/// ```
/// use reveille_properties::linear::{History, Moment, Register, RegisterOp::Write};
/// use std::time::Duration;
///
/// reveille::explore()
///     .runs(1)
///     .run(|| async {
///         let history = History::default();
///         let write = history.begin(Write("x", 1));
///         reveille::time::sleep(Duration::from_millis(5)).await;
///         history.end(write, None::<u64>);
///         let call = history.calls().remove(0);
///         assert_eq!(call.begun, Moment { nth: 1, time: Some(Duration::ZERO) });
///         assert_eq!(call.returned.unwrap().0, Moment { nth: 2, time: Some(Duration::from_millis(5)) });
///     })
///     .unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// What happened before has the smaller number. No two moments of a history have the same.
    pub nth: u64,
    /// The virtual time since the start of the run, as reports show it and whatever the clock of a node says; `None` outside of a
    /// run, where time is nobody's.
    pub time: Option<Duration>,
}

impl From<u64> for Moment {
    /// The moment of that number, outside of a run.
    fn from(nth: u64) -> Self {
        Self { nth, time: None }
    }
}

/// `3 at 1.5ms`, or `3` outside of a run.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time {
            Some(time) => write!(f, "{} at {time:?}", self.nth),
            None => write!(f, "{}", self.nth),
        }
    }
}

/// A call of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<O, R> {
    /// What was called.
    pub op: O,
    /// When it began.
    pub begun: Moment,
    /// When it returned, and what; `None` if it has not.
    pub returned: Option<(Moment, R)>,
}

/// The calls of a run, as they begin and end.
#[derive(Debug)]
pub struct History<O, R> {
    calls: RefCell<Vec<Call<O, R>>>,
    /// How many moments there were.
    moments: Cell<u64>,
}

impl<O, R> Default for History<O, R> {
    fn default() -> Self {
        Self { calls: RefCell::default(), moments: Cell::new(0) }
    }
}

impl<O: Clone, R: Clone> History<O, R> {
    /// Now, which no other moment is.
    fn moment(&self) -> Moment {
        self.moments.set(self.moments.get() + 1);
        Moment { nth: self.moments.get(), time: reveille::time::since_start() }
    }

    /// Notes that a call begins, and when. Returns its number, for [`end`](Self::end).
    pub fn begin(&self, op: O) -> usize {
        let begun = self.moment();
        self.calls.borrow_mut().push(Call { op, begun, returned: None });
        self.calls.borrow().len() - 1
    }

    /// Notes that the call of that number has returned, and when.
    ///
    /// # Panics
    /// If there is no such call.
    pub fn end(&self, call: usize, output: R) {
        let now = self.moment();
        self.calls.borrow_mut()[call].returned = Some((now, output));
    }

    /// The calls so far, in the order in which they began.
    pub fn calls(&self) -> Vec<Call<O, R>> {
        self.calls.borrow().clone()
    }
}

/// A part of a history that cannot be told as one call after the other. Its text, as `Debug` too, is a line for each call, with when
/// it began and when it returned: so a test returns or unwraps it, and the report is readable.
#[derive(Clone, PartialEq, Eq)]
pub struct NotLinearizable<O, R> {
    /// Its calls; the last to return is the one that does not fit.
    pub calls: Vec<Call<O, R>>,
}

impl<O: Debug, R: Debug> fmt::Display for NotLinearizable<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no order of these calls explains what they returned:")?;
        let end = |call: &Call<O, R>| call.returned.as_ref().map_or("...".into(), |(at, _)| at.to_string());
        let times: Vec<_> = self.calls.iter().map(|call| (call.begun.to_string(), end(call))).collect();
        let begun_width = times.iter().map(|(begun, _)| begun.len()).max().unwrap_or(0);
        let end_width = times.iter().map(|(_, end)| end.len()).max().unwrap_or(0);
        for (Call { op, returned, .. }, (begun, end)) in self.calls.iter().zip(times) {
            write!(f, "\n    {begun:<begun_width$} to {end:<end_width$}  {op:?} ")?;
            match returned {
                Some((_, output)) => write!(f, "returned {output:?}")?,
                None => f.write_str("has not returned")?,
            }
        }
        Ok(())
    }
}

/// As [`Display`](fmt::Display): this is what reports show of an error that a program returns.
impl<O: Debug, R: Debug> Debug for NotLinearizable<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<O: Debug, R: Debug> std::error::Error for NotLinearizable<O, R> {}

type Calls<M> = Vec<Call<<M as Model>::Op, <M as Model>::Output>>;

/// Whether `calls` can be told as one call after the other, each between its begin and its return.
///
/// Takes time that is exponential in the number of calls to one key that overlap.
///
/// # Errors
/// A small part of the history that cannot.
///
/// ```
/// use reveille_properties::linear::{Call, Register, RegisterOp::{Read, Write}, check};
///
/// // Of a write that has not returned a read may see something, or not; but not first one and then the other.
/// let write = Call { op: Write("x", 1), begun: 1.into(), returned: None };
/// let read = |begun: u64, value| Call {
///     op: Read("x"),
///     begun: begun.into(),
///     returned: Some(((begun + 1).into(), Some(value))),
/// };
/// check(&Register, &[write.clone(), read(2, 0), read(4, 1)]).unwrap();
/// let bad = check(&Register, &[write, read(2, 1), read(4, 0)]).unwrap_err();
/// assert_eq!(bad.calls.len(), 3);
/// ```
pub fn check<M: Model>(model: &M, calls: &[Call<M::Op, M::Output>]) -> Result<(), NotLinearizable<M::Op, M::Output>> {
    let mut by_key: BTreeMap<M::Key, Calls<M>> = BTreeMap::new();
    for call in calls {
        by_key.entry(model.key(&call.op)).or_default().push(call.clone());
    }
    let bad = by_key.into_values().find_map(|mut calls| {
        calls.sort_by_key(|call| call.begun.nth);
        (!is_linearizable(model, &calls)).then_some(calls)
    });
    bad.map_or(Ok(()), |calls| Err(NotLinearizable { calls: smallest::<M>(model, &calls) }))
}

/// Which calls have been told: all before `low`, and those in `beyond`, in order. Calls are told about as they began, so the
/// latter are few unless one takes long.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    low: usize,
    beyond: Vec<usize>,
}

impl Told {
    /// The same with `call`, which was not among them.
    fn with(&self, call: usize) -> Self {
        let mut with = self.clone();
        with.beyond.insert(with.beyond.partition_point(|other| *other < call), call);
        let ends_run = with.beyond.iter().zip(with.low..).take_while(|(call, next)| **call == *next).count();
        with.beyond.drain(..ends_run);
        with.low += ends_run;
        with
    }

    /// The others, in order, of so many.
    fn open(&self, count: usize) -> impl Iterator<Item = usize> {
        let mut beyond = self.beyond.iter().peekable();
        (self.low..count).filter(move |call| beyond.next_if_eq(&call).is_none())
    }
}

/// Whether the calls, all to one key and in the order in which they began, can be told one after the other.
fn is_linearizable<M: Model>(model: &M, calls: &[Call<M::Op, M::Output>]) -> bool {
    let end = |at: usize| calls[at].returned.as_ref().map(|returned| returned.0.nth);
    let mut seen = BTreeSet::new();
    let mut rest = vec![(Told { low: 0, beyond: Vec::new() }, model.initial())];
    while let Some((told, state)) = rest.pop() {
        // What has begun before every open call has returned may be next. One that began later returns later still.
        let mut horizon = u64::MAX;
        let mut next = Vec::new();
        for at in told.open(calls.len()) {
            if calls[at].begun.nth >= horizon {
                break;
            }
            horizon = horizon.min(end(at).unwrap_or(u64::MAX));
            next.push(at);
        }
        if horizon == u64::MAX {
            return true;
        }
        // The last to be pushed is tried first: let that be who returned first.
        next.sort_unstable_by_key(|at| std::cmp::Reverse(end(*at).unwrap_or(u64::MAX)));
        for at in next {
            let (after, output) = model.apply(&state, &calls[at].op);
            if calls[at].returned.as_ref().is_some_and(|returned| returned.1 != output) {
                continue;
            }
            let told = told.with(at);
            if seen.insert((told.clone(), after.clone())) {
                rest.push((told, after));
            }
        }
    }
    false
}

/// The shortest bad beginning of a bad history, without what can be left out of it.
fn smallest<M: Model>(model: &M, calls: &Calls<M>) -> Calls<M> {
    let mut returns: Vec<u64> = calls.iter().filter_map(|call| Some(call.returned.as_ref()?.0.nth)).collect();
    returns.sort_unstable();
    let beginning = |end: u64| -> Calls<M> {
        let begun = calls.iter().filter(|call| call.begun.nth < end).cloned();
        begun.map(|call| Call { returned: call.returned.filter(|returned| returned.0.nth <= end), ..call }).collect()
    };
    // A beginning of one that can be told can be told, so the first that cannot is found by halving.
    let first = returns.partition_point(|end| is_linearizable(model, &beginning(*end)));
    let last = returns[first];
    let mut calls = beginning(last);
    let is_last = |call: &Call<M::Op, M::Output>| call.returned.as_ref().is_some_and(|returned| returned.0.nth == last);
    // Half of them at once, then a quarter, and in the end one by one.
    let mut length = calls.len().div_ceil(2);
    loop {
        let mut end = calls.len();
        while end > 0 {
            let start = end.saturating_sub(length);
            let rest = |at: usize, call: &Call<_, _>| !(start..end).contains(&at) || is_last(call);
            let fewer: Calls<M> =
                calls.iter().enumerate().filter(|(at, call)| rest(*at, call)).map(|(_, call)| call.clone()).collect();
            // A part in which something else is wrong, since it was left out, would explain nothing.
            let without_last: Calls<M> = fewer.iter().filter(|call| !is_last(call)).cloned().collect();
            if fewer.len() < calls.len() && is_linearizable(model, &without_last) && !is_linearizable(model, &fewer) {
                calls = fewer;
            }
            end = start;
        }
        if length <= 1 {
            return calls;
        }
        length = length.div_ceil(2);
    }
}

/// Registers by name, which hold numbers, 0 at first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Register;

/// A call of a [`Register`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterOp {
    /// Returns what the register holds.
    Read(&'static str),
    /// Makes it hold a number, and returns nothing.
    Write(&'static str, u64),
}

impl Model for Register {
    type Op = RegisterOp;
    type Output = Option<u64>;
    type State = u64;
    type Key = &'static str;

    fn key(&self, op: &RegisterOp) -> &'static str {
        match op {
            RegisterOp::Read(name) | RegisterOp::Write(name, _) => name,
        }
    }

    fn initial(&self) -> u64 {
        0
    }

    fn apply(&self, state: &u64, op: &RegisterOp) -> (u64, Option<u64>) {
        match op {
            RegisterOp::Read(_) => (*state, Some(*state)),
            RegisterOp::Write(_, value) => (*value, None),
        }
    }
}
