//! Deterministic simulation tests for async Rust.
#![forbid(unsafe_code)]
