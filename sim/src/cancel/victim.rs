//! The operation under the knife.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use reveille_executor::{Hint, Point};

use super::cuts::{Made, Moment, Way};
use super::record::drop_cancelled;
use super::sites::look;
use crate::context;
use crate::kinds;
use crate::run::Origin;
use crate::site::Stack;

/// Where the future lives, so that other tasks can get hold of it too.
type Slot<F> = Rc<RefCell<Option<Pin<Box<F>>>>>;

/// Polls an operation and asks at each [point](super::cuts) whether to cut it. Yields its output, or `None` if it was
/// cut.
pub(super) struct Victim<F: Future> {
    slot: Slot<F>,
    /// How many polls have returned `Pending`.
    polls: u64,
    /// The task is to be aborted: nothing is polled any more.
    doomed: bool,
    /// How many ways there are to cut it.
    ways: u32,
    /// Where it waits, under the glass.
    stacks: Vec<Stack>,
}

impl<F> Victim<F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    pub(super) fn new(future: F, unwinding: bool) -> Self {
        let slot = Rc::new(RefCell::new(Some(Box::pin(future))));
        let ways = Way::count(unwinding) as u32;
        Self { slot, polls: 0, doomed: false, ways, stacks: Vec::new() }
    }

    /// Asks whether to cut now.
    fn ask(&self, moment: Moment) -> Option<Way> {
        // One in so many, where nobody takes aim: an operation of several awaits should be cut anywhere.
        let hint = Hint::Rarely { numerator: 1, denominator: 8 };
        context::try_with(|run| {
            if run.cancel.made().is_some() {
                return None;
            }
            let way = Way::of_answer(run.decide(Point { kind: kinds::CUT, bound: 1 + self.ways, hint }))?;
            run.cancel.cut(Made { moment, way, polls: self.polls, what: "the operation", task: None });
            Some(way)
        })?
    }

    fn cut(&mut self, way: Way) -> Poll<Option<F::Output>> {
        let stacks = std::mem::take(&mut self.stacks);
        context::try_with(|run| run.cancel.glass.was_cut_at(stacks));
        let slot = Rc::clone(&self.slot);
        match way {
            Way::Dropped => drop_slot(&slot),
            Way::Unwinding => unwind_through(slot.take()),
            Way::ByAnother => lend_knife(move || drop_slot(&slot)),
            Way::Aborted => {
                self.doomed = true;
                abort_victim();
                return Poll::Pending;
            }
        }
        Poll::Ready(None)
    }

    /// Drops the output of an operation that has ended, in the way that was chosen.
    fn discard(&mut self, way: Way, output: F::Output) -> Poll<Option<F::Output>> {
        match way {
            Way::Dropped => drop_cancelled(|| drop(output)),
            Way::Unwinding => unwind_through(Some(output)),
            Way::ByAnother => lend_knife(move || drop_cancelled(|| drop(output))),
            // The task ends with its output, and the handle is dropped: see `stage.rs`.
            Way::Aborted => return Poll::Ready(Some(output)),
        }
        Poll::Ready(None)
    }
}

impl<F> Future for Victim<F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.doomed {
            // Woken before the abort got here. The abort could as well have come first.
            return Poll::Pending;
        }
        let moment = if this.polls == 0 { Moment::BeforeFirstPoll } else { Moment::AfterWake };
        if let Some(way) = this.ask(moment) {
            return this.cut(way);
        }
        // Taken out while it is polled: it might drop what holds it.
        let Some(mut future) = this.slot.take() else { return Poll::Ready(None) };
        let (polled, stacks) =
            look(this.polls + 1, context.waker(), |waker| future.as_mut().poll(&mut Context::from_waker(waker)));
        match polled {
            Poll::Pending => {
                this.slot.replace(Some(future));
                this.polls += 1;
                this.stacks = stacks;
                context::try_with(|run| {
                    run.cancel.pending(this.polls);
                    run.cancel.glass.waits_at(this.polls, &this.stacks);
                });
                this.ask(Moment::AfterPending).map_or(Poll::Pending, |way| this.cut(way))
            }
            Poll::Ready(output) => {
                drop(future);
                match this.ask(Moment::Ready) {
                    Some(way) => this.discard(way, output),
                    None => Poll::Ready(Some(output)),
                }
            }
        }
    }
}

impl<F: Future> Drop for Victim<F> {
    fn drop(&mut self) {
        if self.doomed {
            drop_slot(&self.slot);
        }
    }
}

fn drop_slot<F>(slot: &Slot<F>) {
    let future = slot.take();
    drop_cancelled(|| drop(future));
}

/// Drops `value` while the thread unwinds from a panic. The panic says nothing and ends here.
fn unwind_through<T>(value: Option<T>) {
    drop_cancelled(|| {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _dropped = value;
            resume_unwind(Box::new("cut"));
        }));
    });
}

/// Lets another task do it, as soon as the schedule comes to that.
fn lend_knife(cut: impl FnOnce() + 'static) {
    let origin = Origin { name: Some("knife".into()), ..Origin::at(Location::caller()) };
    let mut cut = Some(cut);
    context::try_with(|run| {
        let cut = cut.take();
        let task = run.spawn(async move { cut.into_iter().for_each(|cut| cut()) }, origin);
        run.cancel.knife.replace(Some(task));
    });
}

fn abort_victim() {
    let victim = context::try_with(|run| run.cancel.take_victim()).flatten();
    lend_knife(move || {
        if let Some(victim) = victim {
            victim.abort();
        }
    });
}
