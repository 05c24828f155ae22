//! The one thread-local of the simulation: the run that this thread is in.
//!
//! The ambient functions (`spawn`, `sleep`, `choose`, ..) find their run here, and so do futures and handles that outlived
//! theirs. Nothing else is ambient: below this module the run travels as an argument.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

use crate::run::Run;
use crate::site::{self, Stack};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Run>>> = const { RefCell::new(None) };
}

/// Calls `f` with the run that this thread is in; `None` outside of one, and while the thread is being torn down.
#[inline]
pub(crate) fn try_with<R>(f: impl FnOnce(&Run) -> R) -> Option<R> {
    CURRENT.try_with(|current| current.borrow().as_deref().map(f)).ok().flatten()
}

/// The run that this thread is in.
pub(crate) fn current() -> Option<Rc<Run>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Calls `f` with the run that this thread is in.
///
/// # Panics
/// Outside of a run; the message says how `what` is run.
#[inline]
#[track_caller]
pub(crate) fn with<R>(what: &str, f: impl FnOnce(&Run) -> R) -> R {
    // No closure: the caller would be lost in it.
    match try_with(f) {
        Some(result) => result,
        None => missing(what),
    }
}

/// Says that `what` needs a run, and how it gets one.
///
/// An `async fn` panics where it is polled, at a line of ours: the user's, which awaits it, is read from the stack then.
///
/// # Panics
/// Always.
#[cold]
#[track_caller]
pub(crate) fn missing(what: &str) -> ! {
    let is_told = site::is_users(Location::caller());
    let line = if is_told { None } else { Stack::capture().innermost_line() };
    let place = line.map_or_else(String::new, |frame| format!(", at {}", frame.site));
    panic!(
        "`{what}` was called outside a run{place}: it works in the future given to `#[reveille::test]`, \
         `reveille::explore().run(..)` or `reveille::replay(..)`, and in what that spawns"
    )
}

/// Makes `run` the current one until the guard is dropped.
///
/// # Panics
/// Within another run: runs do not nest.
pub(crate) fn enter(run: &Rc<Run>) -> Entered {
    // Nothing is borrowed during the panic: its hook looks for the run.
    let nested = try_with(|_| ()).is_some();
    assert!(!nested, "a run cannot be started inside a run: start it from ordinary code");
    CURRENT.with(|current| current.replace(Some(Rc::clone(run))));
    Entered
}

/// Leaves the run when dropped.
#[derive(Debug)]
pub(crate) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        let run = CURRENT.with(|current| current.borrow_mut().take());
        // Only now: dropping a run may drop futures that look for their run.
        drop(run);
    }
}
