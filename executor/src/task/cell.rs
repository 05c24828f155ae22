//! The memory of a task: one allocation, known to everyone but its vtable by a thin pointer to its header.

use std::any::Any;
use std::future::Future;
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, RawWakerVTable, Waker};

use super::abort::Aborts;
use super::owned::Links;
use super::state::{Snapshot, State};
use super::{JoinError, JoinHandle, Ran, Schedule, ScheduleAnywhere, ScheduleHere, run, waker};
use crate::sync::{Alive, UnsafeCell};
use crate::{Observe, TaskId};

/// What every task has, whatever its future. The first field of [`Cell`].
pub(crate) struct Header {
    pub(super) state: State,
    /// What depends on the type of the future and of the scheduler.
    pub(super) vtable: &'static Vtable,
    /// The waker of whoever awaits the handle. Rule 6 says whose it is.
    pub(super) join: UnsafeCell<Option<Waker>>,
    /// The task's place in the owned list. Used on the owner thread, in a pool under the list's lock.
    pub(super) links: UnsafeCell<Links>,
    pub(super) id: TaskId,
    pub(super) aborts: Aborts,
    alive: Alive,
}

/// A pointer to a task. It owns nothing: the rules in the parent module say what keeps the task alive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskRef(NonNull<Header>);

// SAFETY: a pointer; what may be done with it on which thread is said where it is used.
unsafe impl Send for TaskRef {}

/// The operations that depend on the types of a task. Each requires that the task is alive.
pub(super) struct Vtable {
    /// Polls a running task and settles what follows. Requires RUNNING to be the caller's (rule 3).
    pub(super) run: unsafe fn(TaskRef, &Waker) -> Ran,
    /// Drops the future of a running task and completes it. Requires RUNNING to be the caller's (rule 3).
    pub(super) cancel: unsafe fn(TaskRef) -> Ran,
    /// Lets a running task go without a poll. Requires RUNNING to be the caller's (rule 3).
    pub(super) let_go: unsafe fn(TaskRef) -> Ran,
    /// Puts the task on the run queue, from any thread. Requires the right to do so (rule 2).
    pub(super) schedule: unsafe fn(TaskRef),
    /// Wakes the task and gives a reference up, on any thread. Requires a reference.
    pub(super) wake: unsafe fn(TaskRef),
    /// Takes the task out of the owned list. Requires RUNNING and DONE (rule 4).
    pub(super) unlink: unsafe fn(TaskRef),
    /// Takes the result. Requires it to be the caller's (rule 5). Panics if it has been taken before.
    pub(super) take_result: TakeResult,
    /// Drops the result. Requires it to be the caller's (rule 5). Panics if that does.
    pub(super) drop_result: unsafe fn(TaskRef),
    /// Who is told of waker operations.
    pub(super) observer: unsafe fn(TaskRef) -> Option<StdArc<dyn Observe>>,
    /// Frees the cell. Requires the last reference to be gone (rule 7).
    pub(super) free: unsafe fn(TaskRef),
    /// The operations of the task's wakers, plain or observing.
    pub(super) waker: &'static RawWakerVTable,
}

/// A function that takes the result of a task, with its type forgotten. By value, not through a pointer, so that the result is written
/// to its place at once: where it is moved right after it was written, the processor waits for its own stores.
pub(super) struct TakeResult(unsafe fn());

impl TakeResult {
    const fn new<T>(take: unsafe fn(TaskRef) -> Poll<Result<T, JoinError>>) -> Self {
        // SAFETY: a function pointer, which is not called as what it is made here.
        Self(unsafe { mem::transmute::<unsafe fn(TaskRef) -> Poll<Result<T, JoinError>>, unsafe fn()>(take) })
    }

    /// What it was made of.
    ///
    /// # Safety
    /// It was made for the type `T`.
    #[inline]
    pub(super) unsafe fn typed<T>(&self) -> unsafe fn(TaskRef) -> Poll<Result<T, JoinError>> {
        // SAFETY: the caller's promise.
        unsafe { mem::transmute::<unsafe fn(), unsafe fn(TaskRef) -> Poll<Result<T, JoinError>>>(self.0) }
    }
}

/// A task.
#[repr(C)]
pub(super) struct Cell<F: Future, S> {
    header: Header,
    pub(super) scheduler: S,
    stage: UnsafeCell<Stage<F>>,
}

/// What a task holds. Rule 5 says whose it is.
enum Stage<F: Future> {
    /// Not done. Never moved from here.
    Future(F),
    /// Done.
    Result(Result<F::Output, JoinError>),
    /// Done, and the result taken; or, for a moment, the future dropped and the result not yet stored.
    Consumed,
}

/// What one poll came to.
pub(super) enum Polled {
    Pending,
    /// The result is stored.
    Settled(Ran),
}

impl TaskRef {
    /// Makes a task of `future` and hands it to `scheduler`, which runs it on this thread.
    ///
    /// # Safety
    /// This is the owner thread.
    pub(crate) unsafe fn spawn<F, S>(future: F, id: TaskId, scheduler: S) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
        S: ScheduleHere,
    {
        // SAFETY: the caller's promise.
        unsafe { Self::make(future, id, scheduler) }
    }

    /// Makes a task of `future` and hands it to `scheduler`, which may run it on any thread.
    pub(crate) fn spawn_send<F, S>(future: F, id: TaskId, scheduler: S) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        S: ScheduleAnywhere,
    {
        // SAFETY: future and output may go to any thread; so every thread is one on which they may be used (rule 12).
        unsafe { Self::make(future, id, scheduler) }
    }

    /// # Safety
    /// This is the owner thread, or future and output are `Send` and the scheduler is one for that.
    unsafe fn make<F, S>(future: F, id: TaskId, scheduler: S) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
        S: Schedule,
    {
        let vtable = if scheduler.observer().is_some() { &Cell::<F, S>::OBSERVING } else { &Cell::<F, S>::PLAIN };
        let header = Header {
            state: State::new(),
            vtable,
            join: UnsafeCell::new(None),
            links: UnsafeCell::new(Links::default()),
            id,
            aborts: Aborts::new(),
            alive: Alive::new(),
        };
        // Allocated first and then written, since a future may be large and would else be moved once more.
        let cell = Box::new_uninit();
        let cell = Box::write(cell, Cell { header, scheduler, stage: UnsafeCell::new(Stage::Future(future)) });
        // The pointer is made from the whole box, so that it may be used for the whole cell.
        let cell = NonNull::from(Box::leak(cell));
        let task = Self(cell.cast());
        // SAFETY: JOIN is set for this handle, and the output is that of the future.
        let handle = unsafe { JoinHandle::new(task) };
        // SAFETY: the handle keeps the cell alive; the task was just made, and the rest is the caller's promise.
        unsafe { task.cell::<F, S>().scheduler.adopt(task) };
        handle
    }

    /// # Safety
    /// The task is alive, and stays so while the result is used.
    #[inline(always)]
    pub(super) unsafe fn header<'a>(self) -> &'a Header {
        // SAFETY: the caller's promise.
        let header = unsafe { self.0.as_ref() };
        header.alive.touch();
        header
    }

    /// # Safety
    /// The task is alive and has this future and scheduler, and stays so while the result is used.
    #[inline(always)]
    pub(super) unsafe fn cell<'a, F: Future, S>(self) -> &'a Cell<F, S> {
        // SAFETY: the caller's promise; the pointer was made from the whole cell.
        let cell = unsafe { self.0.cast::<Cell<F, S>>().as_ref() };
        cell.header.alive.touch();
        cell
    }

    /// The scheduler's handle, for a call during which the cell may go: once an entry is visible, another worker may run the
    /// task to its end. A reference into the cell must not be an argument of such a call, so this is a copy, and it counts
    /// for nothing.
    ///
    /// # Safety
    /// The task is alive and has this future and scheduler. What the handle points to outlives the copy.
    #[inline(always)]
    pub(super) unsafe fn scheduler<F: Future, S>(self) -> ManuallyDrop<S> {
        // SAFETY: the caller's promise; the copy is not dropped, and lent out only.
        ManuallyDrop::new(unsafe { std::ptr::read(&raw const self.cell::<F, S>().scheduler) })
    }

    /// The pointer that wakers carry.
    pub(crate) const fn to_raw(self) -> *const () {
        self.0.as_ptr().cast_const().cast()
    }

    /// # Safety
    /// `raw` came from [`to_raw`](Self::to_raw).
    pub(crate) const unsafe fn from_raw(raw: *const ()) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { NonNull::new_unchecked(raw.cast_mut().cast()) })
    }
}

impl Header {
    /// The number of wakers, given the word. Exact unless abort handles come or go on another thread meanwhile.
    pub(super) fn live_wakers(&self, word: Snapshot) -> usize {
        word.borrowed_references().saturating_sub(self.aborts.handles())
    }
}

impl<F, S> Cell<F, S>
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    const PLAIN: Vtable = Self::vtable(&waker::PLAIN);
    const OBSERVING: Vtable = Self::vtable(&waker::OBSERVING);

    const fn vtable(waker: &'static RawWakerVTable) -> Vtable {
        Vtable {
            run: run::run::<F, S>,
            cancel: run::cancel::<F, S>,
            let_go: run::let_go::<F, S>,
            schedule: schedule::<F, S>,
            wake: wake::<F, S>,
            unlink: unlink::<F, S>,
            take_result: TakeResult::new(take_result::<F, S>),
            drop_result: drop_result::<F, S>,
            observer: observer::<F, S>,
            free: free::<F, S>,
            waker,
        }
    }
}

impl<F: Future, S> Cell<F, S> {
    /// Polls the future, and stores the result if there is one.
    ///
    /// # Safety
    /// The stage is the caller's (rules 3 and 5), and the future is there.
    #[inline]
    pub(super) unsafe fn poll(&self, waker: &Waker) -> Polled {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            self.stage.with_mut(|stage| {
                // SAFETY: the caller's promise: nobody else uses the stage.
                let Stage::Future(future) = (unsafe { &mut *stage }) else { unreachable!("polled after completion") };
                // SAFETY: the future is dropped in place and never moved (rule 3).
                unsafe { Pin::new_unchecked(future) }.poll(&mut Context::from_waker(waker))
            })
        }));
        let result = match polled {
            Ok(Poll::Pending) => return Polled::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(JoinError::panicked(self.header.id, payload)),
        };
        // SAFETY: the caller's promise.
        Polled::Settled(unsafe { self.settle(result) })
    }

    /// Drops the future and stores `result`; if the drop panics, that panic becomes the result of a task that did not
    /// already panic.
    ///
    /// # Safety
    /// As for [`poll`](Self::poll).
    pub(super) unsafe fn settle(&self, result: Result<F::Output, JoinError>) -> Ran {
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the caller's promise. An assignment drops the old value in place, and stores the new one even if
            // that drop panics.
            self.stage.with_mut(|stage| unsafe { *stage = Stage::Consumed });
        }));
        let result = match (dropped, result) {
            (Ok(()), result) => result,
            (Err(payload), Err(error)) if error.is_panic() => {
                quietly(|| drop(payload));
                Err(error)
            }
            (Err(payload), unused) => {
                quietly(|| drop(unused));
                Err(JoinError::panicked(self.header.id, payload))
            }
        };
        let ran = match &result {
            Ok(_) => Ran::Ready,
            Err(error) if error.is_panic() => Ran::Panicked,
            Err(_) => Ran::Cancelled,
        };
        // SAFETY: the caller's promise; what is overwritten is `Consumed`.
        self.stage.with_mut(|stage| unsafe { stage.write(Stage::Result(result)) });
        ran
    }

    /// Takes the result out, if it is still there.
    ///
    /// # Safety
    /// The stage is the caller's (rule 5).
    #[inline]
    unsafe fn take_result(&self) -> Option<Result<F::Output, JoinError>> {
        self.stage.with_mut(|stage| {
            // SAFETY: the caller's promise: nobody else uses the stage.
            let Stage::Result(result) = (unsafe { &*stage }) else { return None };
            // SAFETY: the result is moved out, and what is left of it is overwritten without being dropped.
            unsafe {
                let result = std::ptr::read(result);
                stage.write(Stage::Consumed);
                Some(result)
            }
        })
    }
}

/// Runs `f` and swallows its panic: for drops and wakes whose panic has nobody left to go to. The panic hook has seen
/// it. False if there was one.
pub(super) fn quietly(f: impl FnOnce()) -> bool {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { return true };
    quietly_drop(payload);
    false
}

/// Drops what a panic was thrown with; if that panics too, the second payload is leaked, which ends the regress.
fn quietly_drop(payload: Box<dyn Any + Send>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(payload);
    }
}

unsafe fn schedule<F: Future, S: Schedule>(task: TaskRef) {
    // SAFETY: a task of this vtable, alive (`Vtable`).
    unsafe { task.cell::<F, S>() }.scheduler.schedule(task);
}

unsafe fn wake<F: Future, S: Schedule>(task: TaskRef) {
    // SAFETY: a task of this vtable, and a reference of the caller's (`Vtable`).
    unsafe { task.wake_by_value::<F, S>() };
}

unsafe fn unlink<F: Future, S: Schedule>(task: TaskRef) {
    // SAFETY: a task of this vtable, alive, and its runner (`Vtable`).
    unsafe { task.cell::<F, S>().scheduler.unlink(task) };
}

unsafe fn observer<F: Future, S: Schedule>(task: TaskRef) -> Option<StdArc<dyn Observe>> {
    // SAFETY: a task of this vtable, alive (`Vtable`).
    unsafe { task.cell::<F, S>() }.scheduler.observer().cloned()
}

unsafe fn take_result<F: Future, S: Schedule>(task: TaskRef) -> Poll<Result<F::Output, JoinError>> {
    // SAFETY: a task of this vtable, alive, whose stage is the caller's (`Vtable`).
    match unsafe { task.cell::<F, S>().take_result() } {
        Some(result) => Poll::Ready(result),
        None => panic!("a join handle was polled again after it returned the result"),
    }
}

unsafe fn drop_result<F: Future, S: Schedule>(task: TaskRef) {
    // SAFETY: a task of this vtable, alive, whose stage is the caller's (`Vtable`).
    drop(unsafe { task.cell::<F, S>().take_result() });
}

unsafe fn free<F: Future, S: Schedule>(task: TaskRef) {
    // SAFETY: a task of this vtable that nobody refers to any more (`Vtable`), from the box in `make`.
    unsafe { Alive::free(task.0.cast::<Cell<F, S>>().as_ptr(), |cell| &cell.header.alive) };
}
