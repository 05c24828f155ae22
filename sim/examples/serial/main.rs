//! An echo on a serial line, as firmware has it: interrupts fill a ring and wake a task, all of it in static storage, and nothing
//! between the interrupt and the echo allocates. Two mistakes in its driver, found under simulated interrupts.
//!
//!     cargo run -p reveille --example serial             both mistakes, the driver without them, and the firmware
//!     cargo run -p reveille --example serial -- NAME     one: checks_then_registers, overwrites, mended, firmware
//!
//! What would run on the device is `ring.rs`, `driver.rs`, `echo.rs` (the task) and `board.rs`, which is both as a value that a `const fn`
//! makes. They use `core`, an `AtomicWaker` (that of `futures` here, of any crate there) and one lock, which is a critical section there. `line.rs` is the simulated device, whose interrupts strike wherever the driver says that they may; `firmware.rs` has the
//! board in a `static` and runs it on a real executor, with another thread for the interrupts.
//!
//! A `static` survives from one run to the next, and several runs may be under way at once, on threads of their own. So a test makes
//! a board for each run, by the same `const fn`, and only the firmware has it in a `static`.
//!
//! `sim/tests/serial.rs` has all of it as tests.

// futures, whose `AtomicWaker` it uses, builds without what the harness uses under `--cfg loom`.
#[cfg(not(loom))]
mod parts;

fn main() {
    #[cfg(not(loom))]
    parts::main();
}
