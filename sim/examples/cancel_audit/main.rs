//! A connection pool, audited: what happens to everybody else when somebody loses patience.
//!
//!     cargo run -p reveille --example cancel_audit

// tokio, on which the pools are written, builds without what they use under `--cfg loom`.
#[cfg(not(loom))]
mod pool;

fn main() {
    #[cfg(not(loom))]
    println!("{}\n{}", pool::broken(), pool::mended());
}
