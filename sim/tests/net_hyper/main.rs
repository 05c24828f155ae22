//! hyper's client and server, unchanged, over the simulated network under heavy faults: every response is that of its request or
//! a clean error, nothing hangs, every run repeats itself, and every sort of fault really struck.
//!
//! Each test takes 1,000 seeds with `--release`, 200 without; `--nocapture` shows how often each sort of fault struck.

#![cfg(not(loom))]

mod client;
#[path = "../common/mod.rs"]
mod common;
mod h2_stall;
mod keep_alive;
mod multiplexing;
mod pipelining;
mod repeating;
mod stopping;
mod streaming;
mod timing;
mod web;
