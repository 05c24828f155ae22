// First, as what stands before it stays. See build.rs.
#![cfg(not(all(doctest, under_loom)))]
//! A small executor whose every step can be chosen.
//!
//! [`LocalExecutor`] is a real single-threaded executor: [`LocalExecutor::block_on`] and [`LocalExecutor::run`] drive
//! its tasks and park the thread when there is nothing to do. It is also steppable: [`LocalExecutor::pick`] asks a
//! [`Choose`] which runnable task comes next and hands it out as a [`Runnable`], and [`Runnable::run`] is one poll,
//! made with no lock or borrow of ours held. A simulation and a program run the same code.
//!
//! ```
//! use reveille_executor::{LocalExecutor, yield_now};
//!
//! let executor = LocalExecutor::new();
//! let sum = executor.spawn(async {
//!     yield_now().await;
//!     20 + 22
//! });
//! assert_eq!(executor.block_on(sum).unwrap(), 42);
//! ```
//!
//! [`Pool`] runs tasks that are [`Send`] on threads of its own. What its [`Workers`] do next is a policy that knows neither
//! tasks nor threads, so that a simulation can move them one step at a time. [`scope`] holds children that end before their
//! parent does, on either and on executors of others.
//!
//! The protocol that makes this safe (one allocation and one atomic word per task) is argued at the top of
//! `task/mod.rs` and model-checked with loom; see `mutants/` for the proof that the models can fail.
//!
//! Deliberately absent: time, I/O, randomness, environment variables, printing, and dependencies.

mod budget;
mod choose;
mod follow;
mod id;
mod local;
mod observe;
mod park;
mod pool;
mod scope;
mod task;

mod join_set;
mod yield_now;

mod sync;

pub use budget::{within_budget, without_budget};
pub use choose::{Choose, Hint, Kind, Point, Ready};
pub use follow::{Follow, followed_waker};
pub use id::TaskId;
pub use join_set::{JoinNext, JoinSet};
pub use local::{LocalExecutor, Runnable, SCHEDULE_BOUND_MAX, SpawnError, Spawner, spawn, try_spawn};
pub use observe::{Observe, WakerOp};
pub use park::block_on;
pub use pool::{
    Driver, Entry, INJECTOR_INTERVAL, LocalQueue, Locked, NoQueue, Pool, PoolError, PoolHandle, Ring, StillRunning,
    Urgency, Worker, Workers, spawn_send,
};
pub use scope::{
    Abort, AnyThread, CancelScope, ChildCancelled, ChildHandle, Host, OneThread, Reach, Scope, scope, scope_across,
    scope_on,
};
pub use task::{AbortHandle, JoinError, JoinHandle, Ran, TaskView};
pub use yield_now::{YieldNow, yield_now};
