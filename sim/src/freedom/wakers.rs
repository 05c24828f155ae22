//! Another waker at each poll, and wakers that are heard no more.
//!
//! In a run with one of these freedoms a task is polled with a stand-in for its own waker. Clones of a stand-in are equal, as
//! those of a task's own are; the next poll has the same stand-in or, if the choices have it so, another. Where nobody has kept
//! the last one nobody can tell, and nothing is asked.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use reveille_executor::Runnable;

use super::{Freedom, is_taken};
use crate::run::Run;

/// A waker in the place of a task's own.
#[derive(Debug)]
struct StandIn {
    own: Waker,
    /// A later poll was given another, and this one need not be heard.
    is_stale: AtomicBool,
}

impl Wake for StandIn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_stale.load(Ordering::Relaxed) {
            self.own.wake_by_ref();
        }
    }
}

/// The stand-in of each task, by its number, as long as somebody keeps it.
#[derive(Debug, Default)]
pub(super) struct Wakers(RefCell<Vec<Weak<StandIn>>>);

impl Wakers {
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    fn last(&self, task: usize) -> Option<Arc<StandIn>> {
        self.0.borrow().get(task).and_then(Weak::upgrade)
    }

    fn put(&self, task: usize, stand_in: &Arc<StandIn>) {
        let mut all = self.0.borrow_mut();
        if all.len() <= task {
            all.resize_with(task + 1, Weak::new);
        }
        all[task] = Arc::downgrade(stand_in);
    }
}

/// The waker for a poll of `runnable`; `None` for the task's own.
pub(crate) fn waker_for(run: &Run, runnable: &Runnable) -> Option<Waker> {
    let on = run.freedoms.on();
    let has_any = on.has(Freedom::FreshWakers) || on.has(Freedom::StaleWakers);
    if !has_any || run.freedoms.wakers_are_counted.get() {
        return None;
    }
    let task = runnable.id().index();
    let last = run.freedoms.wakers.last(task);
    if let Some(last) = last {
        let is_stale = is_taken(run, Freedom::StaleWakers);
        let is_fresh = !is_stale && is_taken(run, Freedom::FreshWakers);
        if !is_stale && !is_fresh {
            return Some(last.into());
        }
        last.is_stale.store(is_stale, Ordering::Relaxed);
        run.freedoms.took(if is_stale { Freedom::StaleWakers } else { Freedom::FreshWakers });
    }
    let stand_in = Arc::new(StandIn { own: run.own_waker(runnable), is_stale: AtomicBool::new(false) });
    run.freedoms.wakers.put(task, &stand_in);
    Some(stand_in.into())
}
