//! Pages to read.
//!
//! * [`aborted`]: runs that end their process, or never end.
//! * [`coming_from`]: loom, shuttle, turmoil, madsim, moonpool and tokio's paused time: when to keep them, and what their calls are here.
//! * [`endless_poll`]: what this finding means, and how to mend the program.
//! * [`freedoms`]: odd but legal things that an executor may do, and code that minds.
//! * [`futurelock`] and [`starved_leaf`]: what these findings mean, and how to mend the program.
//! * [`livelock`]: what this finding means, and how to mend the program.
//! * [`limits`]: what this tool cannot find, and where it can be misled.
//! * [`machines`]: one campaign on many machines.
//! * [`nondeterminism`]: programs that do not repeat themselves.
//! * [`unfairness`]: what this finding means, how to ask for it, and how to mend the program.
//! * [`tokio`]: testing a crate that uses tokio today.

pub mod aborted;
pub mod coming_from;
pub mod endless_poll;
pub mod freedoms;
pub mod futurelock;
pub mod limits;
pub mod livelock;
pub mod machines;
pub mod nondeterminism;
pub mod starved_leaf;
pub mod tokio;
pub mod unfairness;
