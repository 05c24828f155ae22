//! Property suites and reference models for reveille.
#![forbid(unsafe_code)]
