//! An executor for one thread.

mod ambient;
mod executor;
mod inbox;
mod runnable;
mod shared;
mod spawner;

pub use ambient::spawn;
pub use executor::{LocalExecutor, SCHEDULE_BOUND_MAX};
pub use runnable::Runnable;
pub use spawner::{SpawnError, Spawner};
