//! Which pool the calling thread is in, and as what.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;

use super::shared::Shared;
use super::workers::Worker;
use crate::sync::{Arc, thread_cell};
use crate::task::TaskRef;

/// A thread in a pool.
pub(super) struct Context {
    pub(super) shared: Arc<Shared>,
    pub(super) role: Role,
    /// The context that the thread was in before. Invariant: while this one is entered, as `CURRENT`.
    outer: Cell<*const Context>,
}

impl Context {
    pub(super) fn new(shared: Arc<Shared>, role: Role) -> Self {
        Self { shared, role, outer: Cell::new(ptr::null()) }
    }
}

/// What a thread does in a pool.
pub(super) enum Role {
    /// It runs tasks.
    Worker(Worker<TaskRef>),
    /// It runs closures that block.
    Blocking,
    /// It is somebody else's, and runs a future of its own.
    Guest,
}

thread_cell! {
    /// The context of the calling thread; null outside of pools. Invariant: set while an `Entered` exists, which borrows it.
    static CURRENT: Cell<*const Context> = Cell::new(ptr::null())
}

/// While it exists, the thread has a context.
pub(super) struct Entered<'a> {
    outer: *const Context,
    _context: PhantomData<&'a Context>,
}

/// Makes `context` the thread's. The result is kept on the stack, and dropped in the reverse order of entering.
pub(super) fn enter(context: &Context) -> Entered<'_> {
    let outer = CURRENT.with(|current| current.replace(context));
    context.outer.set(outer);
    Entered { outer, _context: PhantomData }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.outer));
    }
}

/// Calls `f` with the context of the calling thread, if it is in a pool.
#[inline]
pub(super) fn with<R>(f: impl FnOnce(Option<&Context>) -> R) -> R {
    let current = CURRENT.with(Cell::get);
    // SAFETY: not null, it is that of an `Entered`, which borrows the context until after this call.
    f(unsafe { current.as_ref() })
}

/// Whether the calling thread is one of the pool's own, also if it is in another pool at the moment.
pub(super) fn is_own_thread_of(shared: &Shared) -> bool {
    let mut current = CURRENT.with(Cell::get);
    // SAFETY: not null, it is that of an `Entered`, which borrows the context until after this call; so is each outer one, as
    // they are dropped in the reverse order of entering.
    while let Some(context) = unsafe { current.as_ref() } {
        if ptr::eq(&*context.shared, shared) && !matches!(context.role, Role::Guest) {
            return true;
        }
        current = context.outer.get();
    }
    false
}

/// The worker of `shared` that the calling thread is, if it is one.
#[inline]
pub(super) fn with_worker<R>(shared: &Shared, f: impl FnOnce(Option<&Worker<TaskRef>>) -> R) -> R {
    with(|context| match context {
        Some(Context { shared: own, role: Role::Worker(worker), .. }) if ptr::eq(&**own, shared) => f(Some(worker)),
        _ => f(None),
    })
}
