//! How many generated programs a second: what generating and checking costs beside the runs themselves.
//!
//!     cargo run --release -p reveille-properties --example speed

// Under `--cfg loom` there is nothing here to use.
#[cfg(not(loom))]
mod program;

fn main() {
    #[cfg(not(loom))]
    program::main();
}
