//! A thread for each run.

use std::panic::resume_unwind;
use std::thread;

use super::Isolation;

impl Isolation {
    /// Calls `f`, which performs the program once: on a thread of its own if runs are isolated so.
    ///
    /// # Panics
    /// If there is no thread to be had; and with whatever `f` panics with.
    pub(crate) fn call<R: Send>(self, f: impl FnOnce() -> R + Send) -> R {
        if self != Self::Thread {
            return f();
        }
        let name = thread::current().name().map(str::to_owned);
        let builder = name.into_iter().fold(thread::Builder::new(), thread::Builder::name);
        thread::scope(|scope| {
            let run = builder.spawn_scoped(scope, f).expect("failed to start a thread for a run");
            run.join().unwrap_or_else(|payload| resume_unwind(payload))
        })
    }
}
