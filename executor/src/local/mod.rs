//! An executor for one thread.
//!
//! Its parts stay on that thread:
//!
//! ```compile_fail,E0277
//! fn assert_send<T: Send>() {}
//! assert_send::<reveille_executor::LocalExecutor>();
//! ```
//! ```compile_fail,E0277
//! fn assert_send<T: Send>() {}
//! assert_send::<reveille_executor::Runnable>();
//! ```
//! ```compile_fail,E0277
//! fn assert_send<T: Send>() {}
//! assert_send::<reveille_executor::Spawner>();
//! ```
//! ```compile_fail,E0277
//! fn assert_send<T: Send>() {}
//! assert_send::<reveille_executor::JoinHandle<std::rc::Rc<u8>>>();
//! ```

mod executor;

mod drive;
mod runnable;
mod spawner;

mod ambient;
mod home;
mod shared;

mod inbox;
mod queue;

pub use ambient::{spawn, try_spawn};
pub use executor::{LocalExecutor, SCHEDULE_BOUND_MAX};
pub use runnable::Runnable;
pub use spawner::{SpawnError, Spawner};
