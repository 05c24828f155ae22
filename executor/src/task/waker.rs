//! The wakers of tasks: two static vtables over one pointer.
//!
//! Both do the same; the second also tells the executor's observer. Which one a task's wakers have is decided when it
//! is spawned, so that all wakers of one task are equal and [`Waker::will_wake`] is true between them.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::state::{Released, Scheduled, ScheduledByValue, Snapshot};
use super::{Schedule, TaskRef, polled};
use crate::WakerOp;

pub(super) static PLAIN: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

pub(super) static OBSERVING: RawWakerVTable =
    RawWakerVTable::new(observed_clone, observed_wake, observed_wake_by_ref, observed_release);

/// A waker of `task` that holds no reference, for a poll: equal to its clones, which do hold one.
///
/// # Safety
/// The task stays alive while the waker is used.
pub(super) unsafe fn lend(task: TaskRef) -> ManuallyDrop<Waker> {
    // SAFETY: the caller's promise.
    let vtable = unsafe { task.header() }.vtable.waker;
    // SAFETY: the functions of both vtables keep the contract of wakers, except that this one holds no reference; as it
    // is not dropped, none is given back either.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(task.to_raw(), vtable)) })
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: a waker holds a reference to its task, or is lent to a poll of it.
    unsafe { TaskRef::from_raw(data).add_waker() };
    RawWaker::new(data, &PLAIN)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: as in `clone`; the waker is given up.
    unsafe {
        let task = TaskRef::from_raw(data);
        (task.header().vtable.wake)(task);
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: as in `clone`.
    unsafe { TaskRef::from_raw(data).wake() };
}

unsafe fn release(data: *const ()) {
    // SAFETY: as in `clone`; the waker is given up.
    unsafe { TaskRef::from_raw(data).drop_reference() };
}

unsafe fn observed_clone(data: *const ()) -> RawWaker {
    // SAFETY: as in `clone`.
    unsafe {
        let task = TaskRef::from_raw(data);
        let word = task.add_waker();
        // Given back if the observer panics, without telling it.
        let added = Waker::from_raw(RawWaker::new(data, &PLAIN));
        let header = task.header();
        if let Some(observer) = (header.vtable.observer)(task) {
            observer.observe(header.id, WakerOp::Clone, header.live_wakers(word));
        }
        std::mem::forget(added);
    }
    RawWaker::new(data, &OBSERVING)
}

unsafe fn observed_wake(data: *const ()) {
    // SAFETY: the waker that we were called on. As a value it is let go even if the observer panics.
    unsafe { Waker::from_raw(RawWaker::new(data, &OBSERVING)) }.wake_by_ref();
}

unsafe fn observed_wake_by_ref(data: *const ()) {
    // SAFETY: as in `clone`.
    unsafe {
        let task = TaskRef::from_raw(data);
        let word = task.wake();
        let header = task.header();
        if let Some(observer) = (header.vtable.observer)(task) {
            observer.observe(header.id, WakerOp::Wake, header.live_wakers(word));
        }
    }
}

unsafe fn observed_release(data: *const ()) {
    // SAFETY: as in `release`; what is needed after the reference is gone is taken from the task before.
    unsafe {
        let task = TaskRef::from_raw(data);
        let (id, abort_handles) = (task.header().id, task.header().aborts.handles());
        let observer = (task.header().vtable.observer)(task);
        let word = task.drop_reference();
        if let Some(observer) = observer {
            observer.observe(id, WakerOp::Drop, word.borrowed_references().saturating_sub(abort_handles));
        }
    }
}

/// What wakers, handles and abort handles do to tasks, on any thread.
impl TaskRef {
    /// # Safety
    /// The caller holds a reference to the task, or has been lent one.
    #[inline]
    unsafe fn add_waker(self) -> Snapshot {
        // SAFETY: the caller's reference keeps the task alive.
        unsafe { self.header() }.state.add_reference()
    }

    /// Wakes the task.
    ///
    /// # Safety
    /// The caller holds a reference to the task, or has been lent one, until this returns (rule 9).
    #[inline]
    unsafe fn wake(self) -> Snapshot {
        // SAFETY: the caller's reference keeps the task alive.
        let header = unsafe { self.header() };
        if polled::woken(self) {
            // By its runner's thread, further down on the stack, which will push (rule 2).
            return header.state.transition_to_scheduled_while_running();
        }
        match header.state.transition_to_scheduled() {
            Scheduled::Push(word) => {
                // SAFETY: the right to push is ours (rule 2).
                unsafe { (header.vtable.schedule)(self) };
                word
            }
            Scheduled::Already(word) => word,
        }
    }

    /// Wakes the task and gives a reference up.
    ///
    /// # Safety
    /// The caller holds a reference to the task, which has this future and scheduler, and gives it up.
    pub(super) unsafe fn wake_by_value<F: Future, S: Schedule>(self) {
        // SAFETY: the caller's reference keeps the task alive up to the transition. The copy is used after it only at home,
        // where the executor outlives the call (rule 9).
        let (header, scheduler) = unsafe { (self.header(), self.scheduler::<F, S>()) };
        if scheduler.is_at_home() {
            match header.state.transition_to_scheduled_by_value() {
                // SAFETY: the right to push is ours (rule 2), and this is the owner thread. The task is not done (rule 4).
                ScheduledByValue::Push => unsafe { scheduler.push_at_home(self) },
                ScheduledByValue::Already => {}
                // SAFETY: that was the last reference, and there is no handle (rule 7).
                ScheduledByValue::Last => unsafe { (header.vtable.free)(self) },
            }
        } else {
            // SAFETY: the caller's reference; it is given up only after the push, which needs it (rule 9).
            unsafe {
                self.wake();
                self.drop_reference();
            }
        }
    }

    /// Asks for the task's future to be dropped.
    ///
    /// # Safety
    /// The caller holds a reference to the task, or its handle, until this returns (rule 9).
    pub(super) unsafe fn abort(self) {
        // SAFETY: the caller's reference keeps the task alive.
        let header = unsafe { self.header() };
        header.aborts.ask();
        if let Scheduled::Push(_) = header.state.transition_to_cancelled() {
            // SAFETY: the right to push is ours (rule 2).
            unsafe { (header.vtable.schedule)(self) };
        }
    }

    /// Lets a reference go; the result is the word after that.
    ///
    /// # Safety
    /// The caller holds a reference to the task, and gives it up.
    #[inline]
    pub(super) unsafe fn drop_reference(self) -> Snapshot {
        // SAFETY: the caller's reference keeps the task alive up to the transition.
        match unsafe { self.header() }.state.drop_reference() {
            Released::Kept(word) => word,
            Released::Last(word) => {
                // SAFETY: that was the last reference, and there is no handle (rule 7).
                unsafe { (self.header().vtable.free)(self) };
                word
            }
        }
    }
}
