//! What the fuzz targets do with their bytes.
//!
//! A target takes any bytes at all, in any number, and panics if the harness has broken a promise. The folder `fuzz` of the
//! repository has a binary for each, which libFuzzer drives; the suite `corpus` replays the inputs that are kept there, on
//! any toolchain. A failing program is made small before it is shown, and the report ends with its tape.
//!
//! ```
//! use reveille_properties::fuzz::TARGETS;
//!
//! // What a fuzzer does with a target, and `cargo test` with what it has kept.
//! for (_name, target) in TARGETS {
//!     target(&[2, 3, 0, 0, 3, 0, 0, 1, 1, 1]);
//! }
//! ```

mod programs;
mod stream;
mod tapes;

pub use programs::{cancel, schedule};
pub use stream::stream;
pub use tapes::{replay, tape_text};

/// A fuzz target: its name, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, by the name of their binary and of the folder of their corpus.
pub const TARGETS: [Target; 8] = [
    ("schedule", schedule),
    ("cancel", cancel),
    ("executor_ops", crate::models::executor_agrees),
    ("timers", crate::models::timers_agree),
    ("disk", crate::models::disk_agrees),
    ("stream", stream),
    ("tape_text", tape_text),
    ("replay", replay),
];
