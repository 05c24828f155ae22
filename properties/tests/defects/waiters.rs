//! Those who wait for something, first come, first served: the part that locks, semaphores, channels and queues have in
//! common, and where most of their mistakes are made.

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
    /// One that took its turn passes it on as well.
    PassesOnTheTaken,
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
    // Of the queue; and `TakesThenWaits`, `ClosesEarly`, `ForgetsToClose`, `CloseWakesOne`, `LastItemFirst`.
    /// What is given back goes behind all other items.
    GivesBackToTheEnd,
    /// It goes before all others, though an older one was given back before.
    GivesBackToTheFront,
    /// It is kept for whoever comes, and nobody who waits is told.
    GivesBackInSilence,
    /// After the close, it is lost.
    LosesWhatComesBackLate,
    /// Who is urgent waits behind those who are not.
    UrgentWaitsItsTurn,
    /// An item that is handed to one who waits stays in the queue as well.
    KeepsWhatItHands,
}

/// Who comes first, whoever came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Urgent,
    Usual,
}

struct Waiter<T> {
    rank: Rank,
    granted: Cell<Option<T>>,
    waker: RefCell<Option<Waker>>,
}

/// Those who wait for a turn; what they are granted with it is a `T`.
pub(crate) struct Waiters<T = ()> {
    queue: RefCell<VecDeque<Rc<Waiter<T>>>>,
    flaw: Option<Flaw>,
}

impl<T: Copy + Default + 'static> Waiters<T> {
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
    pub(crate) fn grant(&self, turn: T) -> bool {
        let granted = self.grant_one(turn);
        if granted && self.has(Flaw::WakesTwo) {
            self.grant_one(turn);
        }
        granted
    }

    fn grant_one(&self, turn: T) -> bool {
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
                waiter.granted.set(Some(turn));
            }));
            return true;
        }
        waiter.granted.set(Some(turn));
        if !self.has(Flaw::WakesNobody) {
            waker.into_iter().for_each(Waker::wake);
        }
        true
    }

    /// Waits for a turn. `pass_on` is called if the turn comes and is not taken.
    pub(crate) fn wait<F: FnMut(T)>(&self, pass_on: F) -> Wait<'_, T, F> {
        self.wait_as(Rank::Usual, pass_on)
    }

    /// Waits before all of a lower rank.
    pub(crate) fn wait_as<F: FnMut(T)>(&self, rank: Rank, pass_on: F) -> Wait<'_, T, F> {
        let waiter = Rc::new(Waiter { rank, granted: Cell::new(None), waker: RefCell::default() });
        let mut queue = self.queue.borrow_mut();
        let behind = queue.iter().position(|other| other.rank > rank && !self.has(Flaw::UrgentWaitsItsTurn));
        let place = behind.unwrap_or(queue.len());
        queue.insert(place, waiter.clone());
        Wait { list: self, waiter, pass_on, polled: false, done: false }
    }
}

pub(crate) struct Wait<'a, T: Copy + Default + 'static, F: FnMut(T)> {
    list: &'a Waiters<T>,
    waiter: Rc<Waiter<T>>,
    pass_on: F,
    polled: bool,
    done: bool,
}

impl<T: Copy + Default, F: FnMut(T)> Unpin for Wait<'_, T, F> {}

impl<T: Copy + Default, F: FnMut(T)> Future for Wait<'_, T, F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Some(turn) = self.waiter.granted.get() {
            self.done = true;
            return Poll::Ready(turn);
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

impl<T: Copy + Default, F: FnMut(T)> Drop for Wait<'_, T, F> {
    fn drop(&mut self) {
        if self.done && !self.list.has(Flaw::PassesOnTheTaken) {
            return;
        }
        let granted = self.waiter.granted.get();
        if granted.is_none() && !self.list.has(Flaw::LeavesItsEntry) {
            self.list.queue.borrow_mut().retain(|other| !Rc::ptr_eq(other, &self.waiter));
        }
        let passes = match granted {
            Some(_) => !self.list.has(Flaw::ForgetsTheNext),
            None => self.list.has(Flaw::CountsTheDropped),
        };
        if passes {
            (self.pass_on)(granted.unwrap_or_default());
        }
    }
}
