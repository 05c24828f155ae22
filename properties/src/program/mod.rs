//! A small language of async programs.
//!
//! A [`Program`] is a list of tasks, a task a list of [`Step`]s: it counts under locks, sends, sleeps, spawns, joins, aborts,
//! selects, gives up, panics. [`programs`] generates them and [`decode`] makes them of bytes; an [`Interpreter`] performs one in a
//! run of reveille and reports an [`Outcome`]: what came of each step. [`model::check`] says whether that outcome is among
//! those that the program allows; it knows the language and nothing of the interpreter.
//!
//! By construction every program ends on every schedule: a lock is released by the step that takes it and held across nothing
//! that waits for another task, what is waited for is done by a task that waits for nobody, and the root does nothing but
//! receive until every sender is gone. So a stuck run of a generated program is a bug of the harness.
//!
//! ```
//! use proptest::prelude::*;
//! use reveille_properties::program::{Interpreter, model, programs};
//! use reveille_properties::schedules;
//!
//! // Whatever the program and whatever the schedule, the outcome is one of those that the model allows.
//! proptest!(ProptestConfig::with_cases(50), |(program in programs(3, 4), world in schedules())| {
//!     world.check(move || {
//!         let program = program.clone();
//!         async move {
//!             let outcome = Interpreter::default().perform(program.clone()).await;
//!             model::check(&program, &outcome)
//!         }
//!     })?;
//! });
//! ```
//!
//! Deliberately absent: values that depend on the schedule. An outcome is about what was done and in what order.

mod decode;
mod defect;
mod interpret;
mod minimize;
pub mod model;
mod scoped;
mod strategy;
mod threads;

pub use decode::decode;
pub use defect::Defect;
pub use interpret::{Interpreter, Mode};
pub use minimize::minimize;
pub use strategy::programs;
pub use threads::perform_on_threads;

/// The counters that steps may name, each with its lock.
pub const COUNTERS: u8 = 3;
/// How many tasks may hold a permit at once.
pub const PERMITS: usize = 2;

/// A program: the bodies of its tasks, which the root spawns in this order.
///
/// ```
/// use reveille_properties::program::{Ended, Interpreter, Program, Step};
///
/// let program = Program { tasks: vec![vec![Step::Sleep(3)], vec![Step::Panic]] };
/// reveille::explore()
///     .run(move || {
///         let program = program.clone();
///         async move {
///             let outcome = Interpreter::default().perform(program).await;
///             assert_eq!(outcome.tasks, [Ended::Completed, Ended::Panicked]);
///         }
///     })
///     .unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// One body a task.
    pub tasks: Vec<Vec<Step>>,
}

/// What a task does next.
///
/// Steps have numbers: a step's own, then those of the steps within it, then that of the step after it.
///
/// ```
/// use reveille_properties::program::Step;
///
/// // Three steps: of number 0 the time-out, of 1 and 2 what it bounds.
/// let step = Step::Timeout(5, vec![Step::Notified, Step::Permit]);
/// assert_eq!(step.size(), 3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Lets others run.
    Yield,
    /// Sleeps for so many milliseconds.
    Sleep(u8),
    /// Takes the lock of that number, reads the counter, lets others run, and writes it back, increased by one.
    Increment(u8),
    /// Takes a permit of the semaphore, lets others run, and gives it back.
    Permit,
    /// Sends a number to the root, through a channel with room for two.
    Send(u8),
    /// Sends a number to the root, through a channel with room for all.
    Post(u8),
    /// Spawns a task that answers through a oneshot channel, and waits for the answer.
    Ask(u8),
    /// Spawns a task that notifies, and waits for the notification.
    Notified,
    /// Sends so many bytes through a connection, and receives them at its other end.
    Stream(u8),
    /// Panics. Only where somebody is certain to receive the panic; see [`Program::tame`].
    Panic,
    /// Spawns a task.
    Spawn(Then, Vec<Step>),
    /// Does the body, for so many milliseconds at most.
    Timeout(u8, Vec<Step>),
    /// Does two bodies until one is done; the other is dropped, or done as well.
    Select {
        /// Polled first.
        left: Vec<Step>,
        /// Polled second.
        right: Vec<Step>,
        /// Whether the loser is kept.
        keep: bool,
    },
    /// Does all bodies in this task, through the futures crate's `FuturesUnordered`.
    Unordered(Vec<Vec<Step>>),
    /// Does all bodies in this task, so many at once, through the futures crate's `buffered`.
    Buffered(u8, Vec<Vec<Step>>),
    /// Does all bodies, each in a task of one `JoinSet`; or, if that is cut, until one is done: then the set is dropped.
    Set {
        /// Whether the set is dropped when the first is done.
        cut: bool,
        /// One a task.
        bodies: Vec<Vec<Step>>,
    },
    /// Does all bodies as the children of one scope, until all are done or it cancels them. One that panics cancels the
    /// others, and then it is the scope that panics.
    Scope {
        /// So many of the children, the first ones, borrow, and are polled within the scope; the others are tasks.
        borrowing: u8,
        /// After so many yields the children are cancelled, if at all.
        cancels: Option<u8>,
        /// One a child.
        bodies: Vec<Vec<Step>>,
    },
}

/// What becomes of a spawned task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is waited for.
    Join,
    /// Its handle is dropped, and it runs on.
    Detach,
    /// It is aborted after so many yields, and then waited for.
    Abort(u8),
}

/// What came of a program.
///
/// ```
/// use reveille_properties::program::{Interpreter, Mark, Note, Program, Step};
///
/// # reveille::explore().runs(10).run(|| async {
/// let program = Program { tasks: vec![vec![Step::Timeout(2, vec![Step::Sleep(5)])]] };
/// let outcome = Interpreter::default().perform(program).await;
/// assert_eq!(outcome.marks, [Mark::Done(Note::Elapsed(true)), Mark::Begun]);
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// By the number of the step.
    pub marks: Vec<Mark>,
    /// How the tasks ended that the root spawned.
    pub tasks: Vec<Ended>,
    /// How often each counter was increased.
    pub counters: [u64; COUNTERS as usize],
    /// What the root received through the narrow channel: the number of the step, and what it sent.
    pub sent: Vec<(usize, u8)>,
    /// What it received through the wide one.
    pub posted: Vec<(usize, u8)>,
    /// The most permits that were held at once.
    pub permits_max: usize,
    /// How often a child was polled though its scope had cancelled it, or was gone.
    pub late: u64,
}

/// What came of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// It was never begun.
    #[default]
    Unreached,
    /// It was begun, and not done: its task panicked or was aborted, or its future dropped.
    Begun,
    /// It was done, and this is what there is to say.
    Done(Note),
}

/// What there is to say of a step that was done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// Nothing.
    Plain,
    /// What was received: an answer, a number of bytes.
    Received(u64),
    /// How the task ended that was waited for.
    Joined(Ended),
    /// Whether time was up.
    Elapsed(bool),
    /// Which of two was done first.
    First(u8),
    /// The bodies that were done, in this order, and the most that were under way at once.
    Order(Vec<u8>, usize),
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// Of its own accord.
    Completed,
    /// With a panic.
    Panicked,
    /// It was aborted.
    Cancelled,
}

impl Program {
    /// How many steps there are, those within steps included.
    ///
    /// ```
    /// use reveille_properties::program::{Program, Step, Then};
    ///
    /// let child = Step::Spawn(Then::Join, vec![Step::Yield, Step::Permit]);
    /// assert_eq!(Program { tasks: vec![vec![child], vec![Step::Yield]] }.steps(), 4);
    /// ```
    #[must_use]
    pub fn steps(&self) -> usize {
        self.tasks.iter().map(|body| size(body)).sum()
    }

    /// Replaces each panic that might not be received by a [`Step::Yield`]: one in a task that is not waited for, or whose
    /// joiner may be dropped or may panic itself meanwhile. Nothing else changes.
    ///
    /// ```
    /// use reveille_properties::program::{Program, Step, Then};
    ///
    /// let child = |then, step| vec![Step::Spawn(then, vec![step])];
    /// let wild = Program { tasks: vec![child(Then::Join, Step::Panic), child(Then::Detach, Step::Panic)] };
    /// let tame = Program { tasks: vec![child(Then::Join, Step::Panic), child(Then::Detach, Step::Yield)] };
    /// assert_eq!(wild.tame(), tame); // nobody would hear of the panic of a task that is detached
    /// ```
    #[must_use]
    pub fn tame(mut self) -> Self {
        self.tasks.iter_mut().for_each(|body| tame(body, true, true));
        self
    }

    /// The same for a program whose tasks may be dropped at any await.
    ///
    /// ```
    /// use reveille_properties::program::{Program, Step, Then};
    ///
    /// let child = |step| Program { tasks: vec![vec![Step::Spawn(Then::Join, vec![step])]] };
    /// assert_eq!(child(Step::Panic).tame(), child(Step::Panic));
    /// assert_eq!(child(Step::Panic).tame_for_cuts(), child(Step::Yield)); // who waits for it may be dropped
    /// ```
    #[must_use]
    pub fn tame_for_cuts(mut self) -> Self {
        self.tasks.iter_mut().for_each(|body| tame(body, true, false));
        self
    }
}

/// How many steps `body` has, those within steps included.
///
/// ```
/// use reveille_properties::program::{Step, size};
///
/// assert_eq!(size(&[Step::Yield, Step::Timeout(5, vec![Step::Permit])]), 3);
/// ```
#[must_use]
pub fn size(body: &[Step]) -> usize {
    body.iter().map(Step::size).sum()
}

impl Step {
    /// How many steps this is, those within it included.
    #[must_use]
    pub fn size(&self) -> usize {
        1 + self.bodies().into_iter().map(|body| size(body)).sum::<usize>()
    }

    /// The bodies within this step, in the order of their numbers.
    ///
    /// ```
    /// use reveille_properties::program::Step;
    ///
    /// let select = Step::Select { left: vec![Step::Sleep(1)], right: vec![Step::Permit], keep: false };
    /// assert_eq!(select.bodies(), [&vec![Step::Sleep(1)], &vec![Step::Permit]]);
    /// assert!(Step::Yield.bodies().is_empty());
    /// ```
    #[must_use]
    pub fn bodies(&self) -> Vec<&Vec<Step>> {
        match self {
            Self::Spawn(_, body) | Self::Timeout(_, body) => vec![body],
            Self::Select { left, right, .. } => vec![left, right],
            Self::Unordered(bodies) | Self::Buffered(_, bodies) => bodies.iter().collect(),
            Self::Set { bodies, .. } | Self::Scope { bodies, .. } => bodies.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The same, to be changed.
    ///
    /// ```
    /// use reveille_properties::program::Step;
    ///
    /// let mut step = Step::Timeout(5, vec![Step::Yield]);
    /// step.bodies_mut().into_iter().for_each(Vec::clear);
    /// assert_eq!(step, Step::Timeout(5, vec![]));
    /// ```
    pub fn bodies_mut(&mut self) -> Vec<&mut Vec<Step>> {
        match self {
            Self::Spawn(_, body) | Self::Timeout(_, body) => vec![body],
            Self::Select { left, right, .. } => vec![left, right],
            Self::Unordered(bodies) | Self::Buffered(_, bodies) => bodies.iter_mut().collect(),
            Self::Set { bodies, .. } | Self::Scope { bodies, .. } => bodies.iter_mut().collect(),
            _ => Vec::new(),
        }
    }
}

/// `received`: a panic of this task reaches somebody. `certain`: nothing can drop this body while its task lives, so what
/// it waits for is received.
fn tame(body: &mut [Step], received: bool, certain: bool) {
    for step in body {
        if let Step::Scope { borrowing, bodies, .. } = step {
            // A borrowing child panics within a poll of its scope, another one before it: the scope may be gone by then.
            let borrowing = bodies.len().min((*borrowing).into());
            let (within, tasks) = bodies.split_at_mut(borrowing);
            within.iter_mut().for_each(|body| tame(body, received, false));
            tasks.iter_mut().for_each(|body| tame(body, received && certain, false));
            continue;
        }
        let (received, certain) = match step {
            Step::Panic if !received => {
                *step = Step::Yield;
                continue;
            }
            Step::Spawn(Then::Join, _) if received && certain => (true, true),
            Step::Spawn(..) | Step::Set { .. } => (false, false),
            _ => (received, false),
        };
        step.bodies_mut().into_iter().for_each(|body| tame(body, received, certain));
    }
}
