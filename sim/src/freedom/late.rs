//! Futures that are dropped a while after they ended.
//!
//! A task's future stands in a box then, and the box goes to a limbo when it completes or its task is aborted. It leaves that after
//! some polls, or when nothing else can run: no future outlives a moment of time so.

use std::any::Any;
use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_executor::{Hint, Point};

use super::Freedom;
use crate::context;
use crate::panics;
use crate::run::{Phase, Run};

/// What is to be dropped, and from which step on.
#[derive(Debug, Default)]
pub(super) struct Limbo(RefCell<Vec<(u64, Box<dyn Any>)>>);

impl Limbo {
    pub(super) fn clear(&self) {
        self.0.take().into_iter().for_each(|(_, future)| drop_quietly(future));
    }
}

/// After so many polls; the last means when nothing else can run.
const AFTER: [u64; 3] = [1, 8, u64::MAX];

/// How many more polls there are before a future is dropped of which the choices said `answer`; `None` if that is when nothing else can
/// run, or at once.
pub(crate) fn polls_before_drop(answer: u32) -> Option<u64> {
    let nth = usize::try_from(answer).ok()?.checked_sub(1)?;
    AFTER.get(nth).copied().filter(|polls| *polls != u64::MAX)
}

/// A future that is dropped when the choices have it so.
pub(crate) struct Late<T: 'static>(Option<Pin<Box<dyn Future<Output = T>>>>);

impl<T> Late<T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'static) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<T> Future for Late<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let future = self.0.as_mut().expect("an executor polls no future after it has completed");
        let poll = future.as_mut().poll(context);
        if poll.is_ready() {
            self.leave();
        }
        poll
    }
}

impl<T> Late<T> {
    fn leave(&mut self) {
        let Some(future) = self.0.take() else { return };
        match context::current().filter(|run| run.phase() == Phase::Running) {
            Some(run) => keep(&run, Box::new(future)),
            None => drop(future),
        }
    }
}

/// The future of a task that panicked is dropped here as well, once the executor has caught the panic. Nothing unwinds then:
/// no other freedom polls a task within a destructor that runs as another unwinds.
impl<T> Drop for Late<T> {
    fn drop(&mut self) {
        self.leave();
    }
}

fn keep(run: &Run, future: Box<dyn Any>) {
    // An odd chance that it is kept at all, and then any of the menu.
    let (numerator, denominator) = Freedom::LateDrops.odds();
    let hint = Hint::Rarely { numerator, denominator };
    let bound = AFTER.len() as u32 + 1;
    match run.ask_quietly(Point { kind: Freedom::LateDrops.kind(), bound, hint }) {
        0 => drop(future),
        answer => {
            run.freedoms.took(Freedom::LateDrops);
            let due = run.step().saturating_add(AFTER[answer as usize - 1]);
            run.freedoms.limbo.0.borrow_mut().push((due, future));
        }
    }
}

/// Drops what has waited for long enough.
pub(super) fn drop_due(run: &Run) {
    let limbo = &run.freedoms.limbo.0;
    let step = run.step();
    let is_due = |(due, _): &(u64, Box<dyn Any>)| *due < step;
    if limbo.borrow().iter().any(is_due) {
        let (due, rest): (Vec<_>, Vec<_>) = limbo.take().into_iter().partition(is_due);
        limbo.borrow_mut().extend(rest);
        drop_between_polls(run, due);
    }
}

/// Drops all that waits; true if there was anything.
pub(super) fn drop_all(run: &Run) -> bool {
    let all = run.freedoms.limbo.0.take();
    let any = !all.is_empty();
    drop_between_polls(run, all);
    any
}

fn drop_between_polls(run: &Run, futures: Vec<(u64, Box<dyn Any>)>) {
    for (_, future) in futures {
        run.in_order(|| drop_quietly(future));
    }
}

fn drop_quietly(future: Box<dyn Any>) {
    panics::noting(|| drop(future));
}
