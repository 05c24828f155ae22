//! Pages to read.
//!
//! * [`limits`]: what this tool cannot find, and where it can be misled.
//! * [`tokio`]: testing a crate that uses tokio today.

pub mod limits;
pub mod tokio;
