//! Lets a simulation answer when code on its thread asks the C library for entropy or the time.
//!
//! `HashMap` seeds its hashes, and `std::time::Instant::now` reads a clock, by calls into the C library. A program that this
//! crate is linked into has those functions twice, and the linker takes ours. On a thread inside of [`within`] they ask the
//! [`Source`] there; everywhere else they call the functions of the C library.
//!
//! On Linux: `getrandom`, `getentropy`, `clock_gettime`, `gettimeofday`, `time`. On other systems [`within`] just calls its closure, and
//! [`SUPPORTED`] is false. What asks the kernel without the C library (a system call of its own, the processor's
//! instructions for random numbers and cycles) is not reached.
//!
//! ```
//! use std::rc::Rc;
//! use std::time::{Duration, SystemTime, UNIX_EPOCH};
//!
//! struct Frozen;
//!
//! impl reveille_interpose::Source for Frozen {
//!     fn entropy(&self, bytes: &mut [u8]) {
//!         bytes.fill(7);
//!     }
//!     fn time(&self) -> Duration {
//!         Duration::from_secs(1_000)
//!     }
//! }
//!
//! let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
//! if reveille_interpose::SUPPORTED {
//!     assert_eq!(reveille_interpose::within(Rc::new(Frozen), now), Duration::from_secs(1_000));
//! }
//! assert!(now() > Duration::from_secs(1_000));
//! ```

#[cfg(target_os = "linux")]
mod linux;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

/// Whether [`within`] changes anything on this system.
pub const SUPPORTED: bool = cfg!(target_os = "linux");

/// What answers instead of the C library. If it panics, or asks for entropy or the time itself, the C library answers.
pub trait Source {
    /// Fills `bytes` with what passes for random.
    fn entropy(&self, bytes: &mut [u8]);

    /// The time since 1970, and since the start of the monotonic clocks.
    fn time(&self) -> Duration;

    /// The time since 1970 by clocks that can be set, if that is another.
    fn time_of_day(&self) -> Duration {
        self.time()
    }
}

thread_local!(static SOURCE: Cell<Option<Rc<dyn Source>>> = const { Cell::new(None) });

/// Calls `f`; while it runs, `source` answers on this thread. One within another answers until the inner one is left.
pub fn within<R>(source: Rc<dyn Source>, f: impl FnOnce() -> R) -> R {
    /// Puts the source from before back, also if `f` panics.
    struct Before(Option<Rc<dyn Source>>);

    impl Drop for Before {
        fn drop(&mut self) {
            SOURCE.set(self.0.take());
        }
    }

    // The linker takes our functions only with something that is used.
    #[cfg(target_os = "linux")]
    std::hint::black_box(linux::FUNCTIONS);
    let _before = Before(SOURCE.replace(Some(source)));
    f()
}

/// What `f` makes of this thread's source; `None` if there is none, or none that can answer now.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nobody asks"))]
fn ask<R>(f: impl FnOnce(&dyn Source) -> R) -> Option<R> {
    // Taken out meanwhile: whoever asks while it answers gets the C library's answer. A thread that is ending has none.
    let source = SOURCE.try_with(Cell::take).ok().flatten()?;
    let answer = catch_unwind(AssertUnwindSafe(|| f(&*source)));
    SOURCE.set(Some(source));
    answer.ok()
}
