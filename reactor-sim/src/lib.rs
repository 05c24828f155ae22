// First, as what stands before it stays. See build.rs.
#![cfg(not(all(doctest, under_loom)))]
//! The simulated world as plain values: virtual time, the timers that wait for it, what a poll may cost; nodes, their
//! sockets ([`socket`]), the network between them ([`net`]) and their disks ([`disk`]), and the faults that those may have
//! ([`fault`]).
//!
//! Nothing here runs anything. Time is passed in, wakers are handed in owned and handed out owned, and the caller wakes or
//! drops them once it holds no borrow: dropping a waker can run user code that comes straight back.
//!
//! ```
//! use std::task::Waker;
//! use std::time::Duration;
//! use reveille_reactor::{Instant, Timers};
//!
//! let mut timers = Timers::default();
//! let start = Instant::ZERO;
//! timers.insert(start + Duration::from_secs(5), Waker::noop().clone());
//! timers.insert(start + Duration::from_secs(2), Waker::noop().clone());
//!
//! // Nothing can run: jump to the next deadline, and wake all who wait for it.
//! let mut due = Vec::new();
//! assert_eq!(timers.fire_next(&mut due), Some(start + Duration::from_secs(2)));
//! due.drain(..).for_each(Waker::wake);
//! assert_eq!(timers.next_deadline(), Some(start + Duration::from_secs(5)));
//! ```
//!
//! Deliberately absent: a clock (the run loop owns it), ticks, and real time, but for that of the operating system's reactor (`os`).
#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(feature = "futures-io", feature = "tokio")),
    allow(dead_code, reason = "what reads and writes streams and files waits for traits to do it by")
)]

mod address;
mod drift;
mod files;
mod instant;
mod kernel;
mod poll_cost;
mod slab;
mod timers;

pub mod disk;
pub mod fault;
pub mod file;
pub mod net;
#[cfg(feature = "os")]
pub mod os;
pub mod socket;

pub use address::Address;
pub use drift::Drift;
pub use files::{Entry, FileId, FileType, Files, Metadata, OpenHow};
pub use instant::Instant;
pub use kernel::{Interest, Kernel, Others, SocketId, StreamOption, Turn, WaitId, Wakers};
pub use poll_cost::PollCost;
pub use timers::{Fired, TimerKey, Timers};
