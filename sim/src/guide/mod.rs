//! Pages to read.
//!
//! * [`freedoms`]: odd but legal things that an executor may do, and code that minds.
//! * [`limits`]: what this tool cannot find, and where it can be misled.
//! * [`machines`]: one campaign on many machines.
//! * [`tokio`]: testing a crate that uses tokio today.

pub mod freedoms;
pub mod limits;
pub mod machines;
pub mod tokio;
