//! What a program may ask of its run: decisions, random numbers, marks.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Infallible, Rng as _, SeedableRng as _, TryRng};
use reveille_executor::{Hint, Point};

use crate::context;
use crate::kinds;

/// Lets the run decide: an answer in `0..bound`, where 0 is the dullest.
///
/// # Panics
/// Outside of a run, and if `bound` is 0.
///
/// ```
/// reveille::explore()
///     .run(|| async {
///         let size = [0, 1, 4096][reveille::choose(3) as usize];
///         reveille::sometimes!(size == 4096, "a large one");
///         assert_eq!(vec![0; size].len(), size);
///     })
///     .unwrap();
/// ```
#[track_caller]
pub fn choose(bound: u32) -> u32 {
    assert!(bound > 0, "`reveille::choose(0)` has no answer to choose");
    context::with("reveille::choose", |run| run.decide(Point::new(kinds::CHOOSE, bound)))
}

/// Whether this is the last replay of a failing run, the one made for a person to read: print now.
///
/// `false` in every other run, and outside of one.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// static SHOWN: AtomicU32 = AtomicU32::new(0);
///
/// let failure = reveille::explore().run(|| async {
///     let port = reveille::choose(9);
///     if reveille::explaining() {
///         println!("port {port}");
///         SHOWN.fetch_add(1, Ordering::Relaxed);
///     }
///     assert_ne!(port, 7);
/// });
/// assert!(failure.is_err());
/// assert_eq!(SHOWN.load(Ordering::Relaxed), 1); // of all the runs and replays that there were
/// ```
#[must_use]
pub fn explaining() -> bool {
    context::try_with(crate::run::Run::explaining).unwrap_or(false)
}

/// A random generator for the program, repeatable like the rest of the run.
///
/// One small choice of the run seeds it; the numbers themselves are not on the tape.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use reveille::rand_core::Rng;
///
/// // A failure that depends on a random number is found again by its seed.
/// let program = || async { assert_ne!(reveille::rng().next_u64() % 50, 0) };
/// let failure = reveille::explore().run(program).unwrap_err();
/// assert!(reveille::explore().seed(failure.seed().unwrap()).runs(1).run(program).is_err());
/// ```
#[track_caller]
#[must_use]
pub fn rng() -> Generator {
    /// How many seeds there are: few, so that fuzzing and shrinking can get hold of them.
    const SEEDS: u32 = 256;
    context::with("reveille::rng", |run| {
        let seed = run.decide(Point::new(kinds::RANDOM, SEEDS));
        let mut generator = ChaCha8Rng::seed_from_u64(u64::from(seed));
        generator.set_stream(run.next_generator());
        Generator(generator)
    })
}

/// A generator made by [`rng`]. Implements the traits of `rand_core` 0.10, re-exported as [`rand_core`](crate::rand_core).
///
/// ```
/// use reveille::rand_core::Rng;
///
/// # reveille::explore().runs(10).run(|| async {
/// let (mut one, mut other) = (reveille::rng(), reveille::rng());
/// assert_ne!([one.next_u64(), one.next_u64()], [other.next_u64(), other.next_u64()]);
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Generator(ChaCha8Rng);

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

/// Marks something that has to happen in some run: if it was looked at, and was never true in the whole campaign, that is
/// a finding.
///
/// It guards against tests that pass since they never get to the interesting place. Outside of a run it does nothing. A
/// mark that is never reached at all cannot be noticed.
///
/// ```
/// use reveille::{FindingKind, explore};
///
/// let campaign = |answers| {
///     explore().run(move || async move {
///         let answer = reveille::choose(answers);
///         reveille::sometimes!(answer == 2, "the third answer is seen");
///     })
/// };
/// campaign(3).unwrap();
/// assert_eq!(campaign(2).unwrap_err().kind(), Some(FindingKind::NeverHappened));
/// ```
#[macro_export]
macro_rules! sometimes {
    ($condition:expr, $name:literal) => {
        $crate::__private::sometimes($condition, $name, ::core::file!(), ::core::line!())
    };
}

/// Is true now and then, where the run decides that something unlikely shall happen; false outside of a run.
///
/// For code under test that has an unlikely path: a cache that misses, a batch that is cut short.
///
/// ```
/// fn batch_size() -> usize {
///     if reveille::buggify!() { 1 } else { 512 }
/// }
/// assert_eq!(batch_size(), 512);
///
/// reveille::explore()
///     .run(|| async { reveille::sometimes!(batch_size() == 1, "a batch of one") })
///     .unwrap();
/// ```
#[macro_export]
macro_rules! buggify {
    () => {
        $crate::__private::buggify()
    };
}

/// What `sometimes!` expands to.
pub fn sometimes(held: bool, name: &'static str, file: &'static str, line: u32) {
    context::try_with(|run| run.notes.sometimes((name, file, line), held));
}

/// What `buggify!` expands to.
#[must_use]
pub fn buggify() -> bool {
    /// One in so many.
    const RARITY: u32 = 16;
    let hint = Hint::Rarely { numerator: 1, denominator: RARITY };
    context::try_with(|run| run.decide(Point { kind: kinds::BUGGIFY, bound: 2, hint }) == 1).unwrap_or(false)
}
