//! Pages to read.

pub mod limits;
