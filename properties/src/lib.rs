//! Random programs and reference models: what the harness is checked against.
//!
//! [`program`] is a small language of async programs as a proptest strategy, and an interpreter that runs them on reveille.
//! The suites in `tests/` hold reveille to its promises over such programs; known bugs of published crates are in `gallery/`.
//!
//! Deliberately absent, as yet: cancellation, starvation, I/O. The language grows with the library.
#![forbid(unsafe_code)]
#![cfg(not(loom))]

pub mod program;
