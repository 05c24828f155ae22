//! Entropy and clocks of the C library, answered by the run (feature `interpose`).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use reveille_executor::Point;
use reveille_interpose::{SUPPORTED, Source, within};

use crate::context;
use crate::explore::Explore;
use crate::kinds;
use crate::node::EPOCH;
use crate::run::Run;

/// How many seeds there are: few, so that fuzzing and shrinking can get hold of them.
const SEEDS: u32 = 256;

impl Explore {
    /// Lets the run answer when the program, or a crate that it uses, asks the C library for entropy or the time: the order
    /// of a `HashMap`, `std::time::Instant::now` and the generators that are seeded by them come out the same when a run is
    /// repeated, and differ from run to run. Clocks show virtual time, from 2001-09-09 on, and stand still within a poll; they are those of the
    /// [node](crate::Node::set_clock) that asks.
    /// Needs the feature `interpose`; each run, and each replay of it, has a thread of its own ([`Isolation::Thread`]), since
    /// the keys of hash maps are made once a thread.
    ///
    /// ```
    /// use std::collections::HashSet;
    ///
    /// # #[cfg(target_os = "linux")]
    /// reveille::explore()
    ///     .interpose()
    ///     .run(|| async {
    ///         let order: Vec<u32> = (0..8).collect::<HashSet<_>>().into_iter().collect();
    ///         for _ in 0..order[0] {
    ///             reveille::yield_now().await; // repeatable, whatever the order
    ///         }
    ///         reveille::sometimes!(order[0] == 5, "another order");
    ///     })
    ///     .unwrap();
    /// ```
    ///
    /// A loop that waits for a clock to move without an await never ends. What does not ask the C library is not reached: a
    /// system call of the program's own, the processor's instructions for random numbers. Nor is a static: `select!` of tokio and of futures without `biased` counts there what it
    /// is seeded with. Other threads are real.
    ///
    /// # Errors
    /// From [`run`](Self::run): elsewhere than on Linux; with strategy `exhaustive`, whose runs follow from one another.
    ///
    /// [`Isolation::Thread`]: crate::Isolation::Thread
    pub fn interpose(mut self) -> Self {
        self.interposed = true;
        self
    }
}

/// Why it cannot be done here, if it cannot.
pub(crate) fn obstacle() -> Option<String> {
    (!SUPPORTED).then(|| "`interpose()` works on Linux only, so far".into())
}

/// Calls `f`, which performs the program in `run`.
pub(crate) fn interposed<R>(run: &Run, f: impl FnOnce() -> R) -> R {
    let seed = run.ask(Point::new(kinds::ENTROPY, SEEDS));
    within(Rc::new(Answers { generator: RefCell::new(ChaCha8Rng::seed_from_u64(seed.into())) }), f)
}

struct Answers {
    generator: RefCell<ChaCha8Rng>,
}

impl Source for Answers {
    fn entropy(&self, bytes: &mut [u8]) {
        self.generator.borrow_mut().fill_bytes(bytes);
    }

    fn time(&self) -> Duration {
        let since_start = context::try_with(|run| run.reading().as_nanos()).unwrap_or(0);
        EPOCH + Duration::from_nanos(since_start)
    }

    fn time_of_day(&self) -> Duration {
        let shown = context::try_with(|run| run.read_time_of_day().duration_since(SystemTime::UNIX_EPOCH));
        // Clocks of the C library show nothing before 1970 here.
        shown.map_or(EPOCH, Result::unwrap_or_default)
    }
}
