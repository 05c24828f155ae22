//! Pages to read.
//!
//! * [`limits`]: what this tool cannot find, and where it can be misled.
//! * [`machines`]: one campaign on many machines.
//! * [`tokio`]: testing a crate that uses tokio today.

pub mod limits;
pub mod machines;
pub mod tokio;
