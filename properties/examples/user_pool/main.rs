//! A connection pool of one's own, tested with proptest: callers and schedule are generated together, and shrink together.
//!
//!     cargo run -p reveille-properties --example user_pool

// Under `--cfg loom` there is nothing here to use.
#[cfg(not(loom))]
mod program;

fn main() {
    #[cfg(not(loom))]
    program::main();
}
