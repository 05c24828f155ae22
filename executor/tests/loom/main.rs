//! The loom models of the executor. `RUSTFLAGS="--cfg loom" cargo test --release` runs them, and nothing else.

#![cfg(all(loom, feature = "loom-models"))]

mod model;

mod cancel;
mod close;
mod driver;
mod idle;
mod inbox;
mod itself;
mod join;
mod last_waker;
mod observing;
mod pool;
mod queue;
mod scope;
mod set;
mod wake;
