//! A thread for each run.

use std::panic::resume_unwind;
use std::thread;

/// Calls `f` on a new thread.
///
/// # Panics
/// If there is no thread to be had; and with whatever `f` panics with.
pub(crate) fn on_a_thread<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    let name = thread::current().name().map(str::to_owned);
    let builder = name.into_iter().fold(thread::Builder::new(), thread::Builder::name);
    thread::scope(|scope| {
        let run = builder.spawn_scoped(scope, f).expect("failed to start a thread for a run");
        run.join().unwrap_or_else(|payload| resume_unwind(payload))
    })
}
