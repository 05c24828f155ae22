//! The classic concurrency benchmarks as async programs, each one source text that runs on reveille and on shuttle.
//!
//! The programs are those that the literature on schedule exploration compares itself by (SCTBench: Thomson, Donaldson
//! and Betts, PPoPP 2014; the artifacts of RFF, ASPLOS 2024, and SURW, ASPLOS 2025), written anew for tasks: what was an
//! access to shared memory is one poll, what was a thread is a task, and whoever spawns one yields before it goes on.
//!
//! Deliberately absent: timing of anything but the search, and programs in which one of the tools could see more than the
//! other.

mod facade;
pub mod programs;
pub mod search;

pub use facade::{Condition, Lock, Ours, Shared, Task, Theirs, Tool, join, points, shared, spawn, step};
