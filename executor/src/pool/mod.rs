//! An executor for many threads.
//!
//! [`Workers`] are the policy: queues, who steals from whom, who sleeps and who is woken, and no word of tasks or threads. A
//! [`Pool`] adds these: a thread for each worker, entries that are tasks, and the end of it all.
//!
//! # The end
//!
//! 1. `stop` has every worker stop after the poll that it is in, if it is in one, and wakes those that sleep.
//! 2. Each that stops counts itself off by a read-modify-write; so the last has seen all that the others did. Then no task
//!    runs, and none will: entries are taken by workers only.
//! 3. The last one closes the list of tasks, then the queues, and drops the future of each task in the list. A task that is
//!    spawned meanwhile, by a destructor or on another thread, is either in the list by then, and is dropped with the others;
//!    or it finds the list closed, and is dropped by who spawns it. So each future is dropped once. A wake puts its entry
//!    into a queue that is drained, or finds it closed, and does nothing.
//! 4. Who drops the pool joins the threads, unless it is one of them.
//!
//! Deliberately absent: time and I/O (a [`Driver`] brings them), a slot for the task that was woken last, which nobody could
//! steal (thieves hesitate instead, see `workers.rs`), and any clock: all intervals are counted.

mod blocking;
mod context;
mod driver;
mod error;
mod executor;
mod handle;
mod idle;
mod injector;
mod locked;
mod ordered;
mod queue;
mod registry;
mod ring;
mod shared;
mod urgency;
mod workers;

pub use driver::Driver;
pub use error::{PoolError, StillRunning};
pub use executor::Pool;
pub use handle::{PoolHandle, spawn_send};
pub use locked::Locked;
pub use queue::{LocalQueue, NoQueue};
pub use ring::Ring;
pub use urgency::Urgency;
pub use workers::{Entry, INJECTOR_INTERVAL, Worker, Workers};
