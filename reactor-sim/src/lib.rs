//! Virtual time as plain values: the clock reading, the timers that wait for it, and what a poll may cost.
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
//! Deliberately absent: a clock (the run loop owns it), ticks, real time, and as yet any I/O.
#![forbid(unsafe_code)]

mod instant;
mod poll_cost;
mod timers;

pub use instant::Instant;
pub use poll_cost::PollCost;
pub use timers::{TimerKey, Timers};
