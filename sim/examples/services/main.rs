//! Parts that services are made of, each with a mistake that is easily made and mended: what reveille says of both.
//!
//!     cargo run -p reveille --example services             all of them
//!     cargo run -p reveille --example services -- NAME     one: connection_pool, rate_limiter, single_flight,
//!                                                         graceful_shutdown, heartbeat, register, wal, wal_name, wal_retry
//!
//! Each file is a program to start from. `sim/tests/services.rs` has them as tests.

// tokio and futures, on which they are written, build without what they use under `--cfg loom`.
#[cfg(not(loom))]
mod parts;

fn main() {
    #[cfg(not(loom))]
    parts::main();
}
