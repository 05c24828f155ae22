//! Those who wait for something, first come, first served: the part that locks, semaphores and channels have in common, and
//! where most of their mistakes are made.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A mistake that one of the parts makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    // Of the list of waiters.
    /// One that was granted its turn and is dropped does not pass it on.
    ForgetsTheNext,
    /// One that is dropped while it waits stays in the list.
    LeavesItsEntry,
    /// One that is polled with another waker keeps the first.
    KeepsFirstWaker,
    /// One that is polled for nothing loses its waker.
    LosesWakerOnRepoll,
    /// A waiter is woken a while before its turn is granted.
    WakesBeforePublishing,
    /// A turn is granted, and nobody woken.
    WakesNobody,
    /// Two are granted one turn.
    WakesTwo,
    /// The last to come is served first.
    LastInFirstOut,
    /// One that is dropped while it waits passes on a turn that it never had.
    CountsTheDropped,
    // Of the lock.
    /// A newcomer takes the lock though others wait.
    Barges,
    /// The lock is released before the holder is done with it.
    ReleasesEarly,
    // Of the channel.
    /// The item is taken, and returned a poll later.
    TakesThenWaits,
    /// A closed channel says so while it holds items.
    ClosesEarly,
    /// The end of the last sender is told to nobody.
    ForgetsToClose,
    /// It is told to one receiver of several.
    CloseWakesOne,
    /// Senders are not told that there is room.
    ForgetsTheSenders,
    /// There is room for one more than there should be.
    OneTooMany,
    /// The item that was sent last comes first.
    LastItemFirst,
    /// An item is delivered twice, once, if there is another behind it.
    DeliversTwice,
    /// What does not fit takes the place of what was sent before.
    Overwrites,
    /// A sender that waits for room has sent already, whatever becomes of it.
    SendsBeforeThereIsRoom,
}

#[derive(Default)]
struct Waiter {
    granted: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

pub(crate) struct Waiters {
    queue: RefCell<VecDeque<Rc<Waiter>>>,
    flaw: Option<Flaw>,
}

impl Waiters {
    pub(crate) fn new(flaw: Option<Flaw>) -> Self {
        Self { queue: RefCell::default(), flaw }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.borrow().is_empty()
    }

    /// Grants the next waiter its turn; false if there is none.
    pub(crate) fn grant(&self) -> bool {
        let granted = self.grant_one();
        if granted && self.has(Flaw::WakesTwo) {
            self.grant_one();
        }
        granted
    }

    fn grant_one(&self) -> bool {
        let next = match self.has(Flaw::LastInFirstOut) {
            true => self.queue.borrow_mut().pop_back(),
            false => self.queue.borrow_mut().pop_front(),
        };
        let Some(waiter) = next else { return false };
        let waker = waiter.waker.borrow_mut().take();
        if self.has(Flaw::WakesBeforePublishing) {
            waker.into_iter().for_each(Waker::wake);
            drop(reveille::spawn(async move {
                reveille::yield_now().await;
                waiter.granted.set(true);
            }));
            return true;
        }
        waiter.granted.set(true);
        if !self.has(Flaw::WakesNobody) {
            waker.into_iter().for_each(Waker::wake);
        }
        true
    }

    /// Waits for a turn. `pass_on` is called if the turn comes and is not taken.
    pub(crate) fn wait<F: FnMut()>(&self, pass_on: F) -> Wait<'_, F> {
        let waiter = Rc::new(Waiter::default());
        self.queue.borrow_mut().push_back(waiter.clone());
        Wait { list: self, waiter, pass_on, polled: false, done: false }
    }
}

pub(crate) struct Wait<'a, F: FnMut()> {
    list: &'a Waiters,
    waiter: Rc<Waiter>,
    pass_on: F,
    polled: bool,
    done: bool,
}

impl<F: FnMut()> Unpin for Wait<'_, F> {}

impl<F: FnMut()> Future for Wait<'_, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.waiter.granted.get() {
            self.done = true;
            return Poll::Ready(());
        }
        let again = std::mem::replace(&mut self.polled, true);
        let mut waker = self.waiter.waker.borrow_mut();
        if again && self.list.has(Flaw::LosesWakerOnRepoll) {
            *waker = None;
        } else if !again || !self.list.has(Flaw::KeepsFirstWaker) {
            *waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl<F: FnMut()> Drop for Wait<'_, F> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let granted = self.waiter.granted.get();
        if !granted && !self.list.has(Flaw::LeavesItsEntry) {
            self.list.queue.borrow_mut().retain(|other| !Rc::ptr_eq(other, &self.waiter));
        }
        let passes = if granted { !self.list.has(Flaw::ForgetsTheNext) } else { self.list.has(Flaw::CountsTheDropped) };
        if passes {
            (self.pass_on)();
        }
    }
}
