//! A conformance kit for executors: what any executor owes the futures that it runs, as properties over generated scripts.
//!
//! Implement [`Subject`] for an executor (spawn, step, and its drop), and [`check`] plays scripts on it: tasks that keep their
//! waker, wake themselves and each other, and end; wakes from outside, by value and by reference, from another thread, late
//! and after the executor is gone. What must hold is in [`Property`], each with its source. A script that breaks one is
//! shrunk by proptest.
//!
//! ```
//! use reveille_executor::{Choose, LocalExecutor, Point};
//! use reveille_properties::conformance::{Subject, check};
//!
//! struct Fifo;
//! impl Choose for Fifo {
//!     fn choose(&mut self, _: Point<'_>) -> u32 {
//!         0
//!     }
//! }
//!
//! struct Ours(LocalExecutor);
//! impl Subject for Ours {
//!     fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
//!         drop(self.0.spawn(future));
//!     }
//!
//!     fn step(&mut self) -> bool {
//!         self.0.pick(&mut Fifo).map(|task| task.run()).is_some()
//!     }
//! }
//!
//! let conforms = check(20, || Ours(LocalExecutor::new())).unwrap();
//! assert!(conforms.polls > 0 && conforms.wakes > 0);
//! ```
//!
//! Deliberately absent: panics of tasks (executors differ in what they make of one), joining and aborting (not every executor
//! has them).

mod play;
mod probe;
mod property;
mod script;

use std::sync::Arc;

use proptest::strategy::Strategy as _;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestCaseError, TestError, TestRunner};

pub use play::{Direction, Source};
pub use property::{Broken, Property};
pub use script::{Op, Poll, scripts};

/// An executor under test. It is made, used and dropped on one thread, and may have others of its own.
pub trait Subject {
    /// Takes a future to run beside the others.
    fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static);

    /// Polls one of the tasks that can run, or some of them; false if there was none, or if none can run any more.
    fn step(&mut self) -> bool;

    /// Whether it has threads of its own, which poll without being told: then there are no steps, and what must happen is
    /// waited for.
    fn runs_by_itself(&self) -> bool {
        false
    }

    /// Whether every task that is woken is polled before long, whatever the others do. One whose next task is chosen by
    /// somebody else does not promise it.
    fn is_fair(&self) -> bool {
        true
    }

    /// Something that two tasks wait for, one in each direction, if the executor comes with a reactor.
    fn source(&mut self) -> Option<Arc<dyn Source>> {
        None
    }
}

/// What was played without a complaint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conforms {
    /// How many scripts were played.
    pub cases: u32,
    /// How many polls they made together.
    pub polls: u64,
    /// How many wakes.
    pub wakes: u64,
}

/// Plays `cases` generated scripts, from fixed seeds, on executors that `make` makes, and the set pieces: one task that is
/// starved by others, and two tasks at one source.
///
/// Each is played on a thread of its own, so that an executor that blocks is noticed, after five seconds of real time.
///
/// # Errors
/// The property that was broken, and the shortest script that shows it.
///
/// # Panics
/// If proptest gives up, which it has no reason to.
///
/// ```
/// use reveille_executor::{Choose, LocalExecutor, Point};
/// use reveille_properties::conformance::{Property, Subject, check};
/// # struct Fifo;
/// # impl Choose for Fifo {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         0
/// #     }
/// # }
///
/// /// Runs one task, and throws away all that come after it.
/// struct One(LocalExecutor, bool);
///
/// impl Subject for One {
///     fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
///         if !std::mem::replace(&mut self.1, true) {
///             drop(self.0.spawn(future));
///         }
///     }
///
///     fn step(&mut self) -> bool {
///         self.0.pick(&mut Fifo).map(|task| task.run()).is_some()
///     }
/// }
///
/// let broken = check(20, || One(LocalExecutor::new(), false)).unwrap_err();
/// assert_eq!(broken.property, Property::SpawnIsPolled);
/// ```
pub fn check<S: Subject>(cases: u32, make: impl Fn() -> S + Send + Sync + 'static) -> Result<Conforms, Broken> {
    let make = Arc::new(make);
    play::set_pieces(&make)?;
    let mut conforms = Conforms::default();
    let sum = std::cell::RefCell::new(&mut conforms);
    let broken = std::cell::Cell::new(None);
    let config = Config {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(0x5eed),
        ..Config::default()
    };
    let strategy = scripts().prop_map(Arc::new);
    let result = TestRunner::new(config).run(&strategy, |script| {
        let patience = if blocked(broken.get()) { play::IMPATIENCE } else { play::PATIENCE };
        let played = play::script(&make, &script, patience).map_err(|property| {
            broken.set(Some(property));
            TestCaseError::fail(property.to_string())
        })?;
        let mut sum = sum.borrow_mut();
        sum.cases += 1;
        sum.polls += played.polls;
        sum.wakes += played.wakes;
        Ok(())
    });
    match result {
        Ok(()) => Ok(conforms),
        Err(TestError::Fail(_, script)) => {
            // The last failure that proptest saw need not be the one of the script that it settled on.
            let patience = if blocked(broken.get()) { play::IMPATIENCE } else { play::PATIENCE };
            let property = play::script(&make, &script, patience).err().or(broken.get());
            Err(Broken { property: property.expect("a script has failed"), script: script.to_vec() })
        }
        Err(TestError::Abort(reason)) => panic!("proptest gave up: {reason}"),
    }
}

/// Whether it is a property that takes a time-out to be broken: shrinking then waits less long.
fn blocked(property: Option<Property>) -> bool {
    matches!(property, Some(Property::WakingReturns | Property::StepReturns))
}
