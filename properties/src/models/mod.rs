//! Slow and obvious versions of the harness' own parts, compared with them operation by operation.
//!
//! Each takes its operations from bytes, so that a fuzzer and a property test drive the same comparison; each panics when
//! the two differ. What a model is made of (a deque that is rotated, a map) can be checked by looking at it.
//!
//! ```
//! use proptest::prelude::*;
//! use reveille_properties::models::{queues_agree, timers_agree};
//!
//! proptest!(ProptestConfig::with_cases(50), |(bytes: Vec<u8>)| {
//!     timers_agree(&bytes);
//!     queues_agree(&bytes);
//! });
//! ```

mod bytes;
mod datagrams;
mod disk;
mod executor;
mod queues;
mod tape;
mod timers;
mod window;
mod wire;

pub(crate) use bytes::Bytes;
pub use datagrams::datagrams_agree;
pub use disk::{disk_agrees, disk_crashes_in_all_ways};
pub use executor::executor_agrees;
pub use queues::queues_agree;
pub(crate) use tape::tape_text;
pub use timers::timers_agree;
pub use window::window_agrees;
