//! Which outcomes a program allows: its semantics, told without running anything.
//!
//! What came of a body is its `Fate`, read off the marks of its steps: a body goes through its steps one after the other, so
//! it has done some of them, is perhaps within one, and has not reached the rest. What fate a body may have depends on what
//! it stands in: one that is waited for is done, a loser that was dropped is not, a detached one always comes to its end.
//! [`check`] goes through a program and its outcome in this way. The outcomes it accepts are the set that the program
//! allows; over programs that are small enough the suite compares that set with all schedules there are.
//!
//! ```
//! use reveille_properties::program::{Ended, Interpreter, Program, Step, Then, model};
//!
//! reveille::explore()
//!     .run(|| async {
//!         let child = Step::Spawn(Then::Abort(1), vec![Step::Yield, Step::Yield]);
//!         let program = Program { tasks: vec![vec![child]] };
//!         let mut outcome = Interpreter::default().perform(program.clone()).await;
//!         model::check(&program, &outcome).unwrap(); // the child may end, or be aborted before
//!         outcome.tasks = vec![Ended::Cancelled];
//!         model::check(&program, &outcome).unwrap_err(); // its parent may not
//!     })
//!     .unwrap();
//! ```
//!
//! Deliberately absent: anything of the interpreter, and time beyond two facts: sleeping takes at least as long as it says,
//! and what waits for nothing takes none.

use super::{Ended, Mark, Mode, Note, Outcome, PERMITS, Program, Step, Then, size};

/// What came of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It has no steps, so it cannot be told.
    Empty,
    /// No step was begun.
    Unreached,
    /// All steps were done.
    Whole,
    /// It was dropped within one of its steps.
    Cut,
    /// One of its steps panicked.
    Panicked,
}

use Fate::{Cut, Empty, Panicked, Unreached, Whole};

/// A body that goes on by itself; one that was begun and dropped; one that was dropped; one that may be, or not.
const UNDISTURBED: &[Fate] = &[Whole];
const CUT: &[Fate] = &[Cut];
const DROPPED: &[Fate] = &[Unreached, Cut];
const ABORTED: &[Fate] = &[Unreached, Cut, Whole];

/// Whether polls take virtual time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Polls {
    /// They take none, so what waits for nothing is never overtaken by a time-out.
    #[default]
    Instant,
    /// They may take some, so that a time-out and what it bounds may both be due when they are looked at; see [`poll_cost`](reveille::Explore::poll_cost).
    Slow,
}

/// Whether others run while a task spawns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spawning {
    /// Who spawns goes on, and what it spawned runs later.
    #[default]
    Later,
    /// They may: on many threads, and where a run has [`Freedom::WithinSpawn`](reveille::Freedom::WithinSpawn). Who asks may then be
    /// answered before it waits.
    AtOnce,
}

/// What a run was like, as far as it bears on what is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Whether polls took time.
    pub polls: Polls,
    /// Whether others ran while a task spawned.
    pub spawning: Spawning,
    /// Whether the run might drop tasks.
    pub mode: Mode,
}

/// Whether `outcome` is one that `program` allows, in a run in which polls are instant and nothing drops a task.
///
/// # Errors
/// A sentence that says what is not allowed, with the number of the step.
///
/// ```
/// use reveille_properties::program::{Ended, Mark, Note, Outcome, Program, Step, model};
///
/// let program = Program { tasks: vec![vec![Step::Increment(1)]] };
/// let mut outcome = Outcome {
///     marks: vec![Mark::Done(Note::Plain)],
///     tasks: vec![Ended::Completed],
///     counters: [0, 1, 0],
///     ..Outcome::default()
/// };
/// model::check(&program, &outcome).unwrap();
/// outcome.counters = [0; 3];
/// assert_eq!(model::check(&program, &outcome).unwrap_err(), "counter 1 is 0, increased 1 times");
/// ```
pub fn check(program: &Program, outcome: &Outcome) -> Result<(), String> {
    check_in(program, outcome, Setting::default())
}

/// Whether `outcome` is one that `program` allows.
///
/// # Errors
/// As for [`check`].
///
/// ```
/// use reveille_properties::program::model::{Setting, check, check_in};
/// use reveille_properties::program::{Ended, Mark, Mode, Outcome, Program, Step};
///
/// let program = Program { tasks: vec![vec![Step::Yield]] };
/// let dropped = Outcome { marks: vec![Mark::Begun], tasks: vec![Ended::Cancelled], ..Outcome::default() };
/// assert!(check(&program, &dropped).is_err());
/// check_in(&program, &dropped, Setting { mode: Mode::Cuttable, ..Setting::default() }).unwrap();
/// ```
pub fn check_in(program: &Program, outcome: &Outcome, setting: Setting) -> Result<(), String> {
    let judge = Judge { outcome, setting };
    expect(outcome.marks.len() == program.steps(), || "not every step has a mark".to_owned())?;
    expect(outcome.tasks.len() == program.tasks.len(), || "not every task was waited for".to_owned())?;
    let mut first = 0;
    for (body, ended) in program.tasks.iter().zip(&outcome.tasks) {
        let fate = judge.body(body, first)?;
        let may_be_dropped = setting.mode == Mode::Cuttable;
        expect(*ended != Ended::Cancelled || may_be_dropped, || {
            format!("the task at step {first} was cancelled by nobody")
        })?;
        judge.joined(*ended, fate, first)?;
        first += size(body);
    }
    expect(outcome.late == 0, || format!("children were polled {} times after their scope's end", outcome.late))?;
    expect(outcome.permits_max <= PERMITS, || format!("{} permits were held at once", outcome.permits_max))?;
    judge.counters(program)?;
    judge.received(program, &outcome.sent, |step| if let Step::Send(value) = step { Some(*value) } else { None })?;
    judge.received(program, &outcome.posted, |step| if let Step::Post(value) = step { Some(*value) } else { None })
}

fn expect(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// The least virtual time that `body` takes, in milliseconds.
fn millis_min(body: &[Step]) -> u64 {
    body.iter()
        .map(|step| match step {
            Step::Sleep(millis) => u64::from(*millis),
            Step::Spawn(Then::Join, body) => millis_min(body),
            Step::Select { left, right, keep: false } => millis_min(left).min(millis_min(right)),
            Step::Timeout(millis, body) => millis_min(body).min(u64::from(*millis)),
            Step::Select { .. }
            | Step::Unordered(_)
            | Step::Buffered(..)
            | Step::Set { cut: false, .. }
            | Step::Scope { cancels: None, .. } => {
                step.bodies().into_iter().map(|body| millis_min(body)).max().unwrap_or(0)
            }
            _ => 0,
        })
        .sum()
}

/// Whether `body` waits for nothing but its turn.
fn is_instant(body: &[Step]) -> bool {
    body.iter().all(|step| matches!(step, Step::Yield | Step::Post(_)))
}

/// Whether `body` gives way to other tasks, on every schedule.
fn waits(body: &[Step], spawning: Spawning) -> bool {
    body.iter().any(|step| match step {
        Step::Yield | Step::Increment(_) | Step::Permit => true,
        Step::Ask(_) => spawning == Spawning::Later,
        _ => false,
    })
}

struct Judge<'a> {
    outcome: &'a Outcome,
    setting: Setting,
}

impl Judge<'_> {
    /// What came of `body`, whose first step has the number `first`.
    fn body(&self, body: &[Step], first: usize) -> Result<Fate, String> {
        let mut fate = if body.is_empty() { Empty } else { Whole };
        let mut number = first;
        for step in body {
            fate = match (fate, &self.outcome.marks[number]) {
                (Whole, Mark::Done(note)) => self.done(step, number, note).map(|()| Whole)?,
                (Whole, Mark::Begun) => self.begun(step, number)?,
                (Whole, Mark::Unreached) if number == first => {
                    self.untouched(step, number)?;
                    Unreached
                }
                (Whole, Mark::Unreached) => {
                    return Err(format!("step {number} was not begun, though nothing stood between"));
                }
                (fate, Mark::Unreached) => self.untouched(step, number).map(|()| fate)?,
                (_, mark) => return Err(format!("step {number} is {mark:?} after its body was dropped")),
            };
            number += step.size();
        }
        Ok(fate)
    }

    fn untouched(&self, step: &Step, number: usize) -> Result<(), String> {
        let marks = &self.outcome.marks[number..number + step.size()];
        expect(marks.iter().all(|mark| *mark == Mark::Unreached), || {
            format!("within step {number}, never begun, something was")
        })
    }

    /// The fates of the bodies within a step.
    fn fates(&self, step: &Step, number: usize) -> Result<Vec<Fate>, String> {
        let mut first = number + 1;
        let mut fates = Vec::new();
        for body in step.bodies() {
            fates.push(self.body(body, first)?);
            first += size(body);
        }
        Ok(fates)
    }

    fn joined(&self, ended: Ended, fate: Fate, number: usize) -> Result<(), String> {
        let allowed: &[Fate] = match ended {
            Ended::Completed => UNDISTURBED,
            Ended::Panicked => &[Panicked],
            Ended::Cancelled => DROPPED,
        };
        among(fate, allowed, || format!("of the task whose steps begin at {number}, which is said to be {ended:?}"))
    }

    /// A step that was done.
    fn done(&self, step: &Step, number: usize, note: &Note) -> Result<(), String> {
        let fates = self.fates(step, number)?;
        match (step, note) {
            (Step::Panic, _) => Err(format!("step {number} is a panic, and was done")),
            (Step::Ask(value), Note::Received(answer)) => received(number, (*value).into(), *answer),
            (Step::Stream(bytes), Note::Received(count)) => received(number, (*bytes).into(), *count),
            (Step::Spawn(Then::Detach, _), Note::Plain) => among(fates[0], UNDISTURBED, || detached(number)),
            (Step::Spawn(Then::Join, _), Note::Joined(ended)) => {
                expect(*ended != Ended::Cancelled, || format!("the task of step {number} was cancelled by nobody"))?;
                self.joined(*ended, fates[0], number + 1)
            }
            (Step::Spawn(Then::Abort(_), _), Note::Joined(ended)) => self.joined(*ended, fates[0], number + 1),
            (Step::Timeout(millis, body), Note::Elapsed(elapsed)) => {
                among(fates[0], if *elapsed { CUT } else { UNDISTURBED }, || {
                    format!("of the body of time-out {number}")
                })?;
                match self.setting.polls {
                    Polls::Instant => in_time(number, *millis, body, *elapsed),
                    Polls::Slow => Ok(()),
                }
            }
            (Step::Select { left, keep, .. }, Note::First(first)) => {
                let (winner, loser) = (fates[usize::from(*first)], fates[1 - usize::from(*first)]);
                among(winner, UNDISTURBED, || format!("of the winner of select {number}"))?;
                // The left one is polled first, so the right one is not begun if that ends at once.
                let begun = *first == 1 || waits(left, self.setting.spawning);
                let dropped = if begun { CUT } else { DROPPED };
                among(loser, if *keep { UNDISTURBED } else { dropped }, || format!("of the loser of select {number}"))
            }
            (Step::Unordered(_), Note::Order(order, peak)) => {
                under_way(number, &fates, *peak)?;
                complete(number, &fates, order, None)
            }
            (Step::Buffered(at_once, _), Note::Order(order, peak)) => {
                expect(*peak <= usize::from(*at_once), || {
                    format!("step {number} had {peak} under way, of {at_once} allowed")
                })?;
                under_way(number, &fates, *peak)?;
                expect(order.is_sorted(), || format!("step {number} gave its results as {order:?}"))?;
                complete(number, &fates, order, None)
            }
            (Step::Set { cut, .. }, Note::Order(order, _)) => complete(number, &fates, order, cut.then_some(1)),
            (Step::Scope { cancels: None, .. }, Note::Order(order, peak)) => {
                under_way(number, &fates, *peak)?;
                complete(number, &fates, order, None)
            }
            (Step::Scope { cancels: Some(_), .. }, Note::Order(order, peak)) => {
                under_way(number, &fates, *peak)?;
                let whole = fates.iter().filter(|fate| matches!(fate, Whole)).count();
                let empty = fates.iter().filter(|fate| matches!(fate, Empty)).count();
                expect((whole..=whole + empty).contains(&order.len()), || {
                    format!("step {number} says that {order:?} were done, and {whole} were")
                })?;
                complete(number, &fates, order, Some(order.len()))
            }
            (_, Note::Plain) if fates.is_empty() => Ok(()),
            (_, note) => Err(format!("step {number} says {note:?}")),
        }
    }

    /// A step that was begun and not done: what became of the body it stands in.
    fn begun(&self, step: &Step, number: usize) -> Result<Fate, String> {
        let fates = self.fates(step, number)?;
        match step {
            Step::Panic => return Ok(Panicked),
            Step::Post(_) | Step::Spawn(Then::Detach, _) => {
                return Err(format!("step {number} takes no time, and was not done"));
            }
            Step::Spawn(Then::Join, _) => among(fates[0], UNDISTURBED, || detached(number))?,
            Step::Spawn(Then::Abort(_), _) => among(fates[0], ABORTED, || format!("of the task of step {number}"))?,
            Step::Set { .. } => {
                fates.iter().try_for_each(|fate| among(*fate, ABORTED, || format!("of a task of set {number}")))?;
            }
            // A child that panicked has the scope panic, and the body that it stands in.
            Step::Scope { cancels, borrowing, bodies } => {
                let allowed = [ABORTED, &[Panicked]].concat();
                fates.iter().try_for_each(|fate| among(*fate, &allowed, || format!("of a child of scope {number}")))?;
                // With borrowing children only, and if it cancels nobody, the scope is done in the poll in which they are.
                let whole = fates.iter().filter(|fate| matches!(fate, Whole | Empty)).count();
                let at_once = cancels.is_none() && usize::from(*borrowing) >= bodies.len();
                expect(!at_once || whole < fates.len(), || {
                    format!("all within scope {number} was done, and it was not")
                })?;
                return Ok(if fates.contains(&Panicked) { Panicked } else { Cut });
            }
            // These bodies are part of the task: what drops it drops them.
            _ => {
                let panics = fates.iter().filter(|fate| **fate == Panicked).count();
                let whole = fates.iter().filter(|fate| matches!(fate, Whole | Empty)).count();
                expect(panics <= 1, || format!("within step {number} there were {panics} panics"))?;
                expect(fates.is_empty() || whole < fates.len(), || {
                    format!("all within step {number} was done, and it was not")
                })?;
                return Ok(if panics > 0 { Panicked } else { Cut });
            }
        }
        Ok(Cut)
    }

    fn counters(&self, program: &Program) -> Result<(), String> {
        let mut expected = self.outcome.counters.map(|_| 0);
        self.each_done(&program.tasks, &mut |step, _| {
            if let Step::Increment(counter) = step {
                expected[usize::from(*counter)] += 1;
            }
        });
        for (counter, (is, expected)) in self.outcome.counters.iter().zip(expected).enumerate() {
            expect(*is == expected, || format!("counter {counter} is {is}, increased {expected} times"))?;
        }
        Ok(())
    }

    /// What came through a channel is what was sent, each once, and in the order in which each body sent it.
    fn received(
        &self,
        program: &Program,
        received: &[(usize, u8)],
        value: impl Fn(&Step) -> Option<u8>,
    ) -> Result<(), String> {
        let mut sent = Vec::new();
        self.each_done(&program.tasks, &mut |step, number| sent.extend(value(step).map(|value| (number, value))));
        let mut sorted = received.to_vec();
        sorted.sort_unstable();
        expect(sorted == sent, || format!("{sent:?} was sent, and {received:?} received"))?;
        let place = |number| received.iter().position(|item| item.0 == number);
        for body in bodies(&program.tasks, 0) {
            let places: Vec<_> = body.into_iter().filter_map(place).collect();
            expect(places.is_sorted(), || format!("what one body sent was received out of order: {received:?}"))?;
        }
        Ok(())
    }

    /// Shows `f` every step that was done, in the order of their numbers.
    fn each_done<'b>(&self, tasks: impl IntoIterator<Item = &'b Vec<Step>>, f: &mut dyn FnMut(&Step, usize)) {
        let mut number = 0;
        let mut rest: Vec<&Step> = Vec::new();
        for body in tasks {
            rest.extend(body.iter().rev());
            while let Some(step) = rest.pop() {
                if matches!(self.outcome.marks[number], Mark::Done(_)) {
                    f(step, number);
                }
                number += 1;
                step.bodies().into_iter().rev().for_each(|body| rest.extend(body.iter().rev()));
            }
        }
    }
}

/// The numbers of the steps of each body.
fn bodies<'a>(list: impl IntoIterator<Item = &'a Vec<Step>>, mut first: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for body in list {
        let mut numbers = Vec::new();
        for step in body {
            numbers.push(first);
            all.extend(bodies(step.bodies(), first + 1));
            first += step.size();
        }
        all.push(numbers);
    }
    all
}

fn among(fate: Fate, allowed: &[Fate], what: impl FnOnce() -> String) -> Result<(), String> {
    expect(fate == Empty || allowed.contains(&fate), || format!("{fate:?} is what came {}", what()))
}

/// Whether a time-out that was up, or was not, kept to the time that its body takes.
fn in_time(number: usize, millis: u8, body: &[Step], elapsed: bool) -> Result<(), String> {
    let least = millis_min(body);
    expect(elapsed || least <= millis.into(), || format!("step {number} had {millis} ms, and did {least} ms in them"))?;
    let instant = millis > 0 && is_instant(body);
    expect(!elapsed || !instant, || format!("no time passed, and step {number} said it was up"))
}

fn detached(number: usize) -> String {
    format!("of the task of step {number}, which nobody aborts")
}

fn received(number: usize, expected: u64, got: u64) -> Result<(), String> {
    expect(expected == got, || format!("step {number} received {got} in place of {expected}"))
}

/// Of the bodies that were begun, some were under way at once: one at least, all at most.
fn under_way(number: usize, fates: &[Fate], peak: usize) -> Result<(), String> {
    let empty = fates.iter().filter(|fate| matches!(fate, Empty)).count();
    let begun = fates.iter().filter(|fate| !matches!(fate, Empty | Unreached)).count();
    expect((begun.min(1)..=begun + empty).contains(&peak), || {
        format!("step {number} had {peak} under way, of {begun} that were begun")
    })
}

/// `order` names the bodies that were done: all of them, or as many as it took if the rest was aborted.
fn complete(number: usize, fates: &[Fate], order: &[u8], enough: Option<usize>) -> Result<(), String> {
    let wanted = enough.unwrap_or(fates.len()).min(fates.len());
    let mut places = order.to_vec();
    places.sort_unstable();
    places.dedup();
    let right =
        order.len() == wanted && places.len() == wanted && places.iter().all(|place| usize::from(*place) < fates.len());
    expect(right, || format!("step {number} says that {order:?} of its {} bodies were done", fates.len()))?;
    for (fate, place) in fates.iter().zip(0_u8..) {
        let allowed = if order.contains(&place) { UNDISTURBED } else { ABORTED };
        among(*fate, allowed, || format!("of body {place} of step {number}"))?;
    }
    Ok(())
}
