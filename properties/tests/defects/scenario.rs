//! What tasks do with a lock, a semaphore or a channel, and what must be true of it: no program here knows of any flaw. What
//! they do with a queue is in `shift`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures::future::{join, poll_fn};
use proptest::prelude::*;
use reveille::cancel::cancellable;
use reveille::{spawn, yield_now};

use super::parts::{Channel, Lock, ROOM, Semaphore};
use super::waiters::{Flaw, Rank};

/// One task: it gives (sends, adds a permit), or it takes (receives, acquires).
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) gives: bool,
    pub(crate) steps: Vec<Do>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Do {
    Yield,
    /// One use, awaited.
    Use,
    /// In `cancellable`.
    UseCut,
    /// Beside two yields: so it is polled for nothing.
    UseBeside,
    /// Polled once here, and awaited by another task.
    UseMoved,
}

pub(crate) fn scenarios() -> impl Strategy<Value = Vec<Task>> {
    let step = prop_oneof![
        3 => Just(Do::Yield),
        4 => Just(Do::Use),
        3 => Just(Do::UseCut),
        2 => Just(Do::UseBeside),
        2 => Just(Do::UseMoved),
    ];
    let task = (any::<bool>(), prop::collection::vec(step, 1..=3)).prop_map(|(gives, steps)| Task { gives, steps });
    prop::collection::vec(task, 1..=4)
}

/// Does `operation` in that way; `None` if it was cut.
pub(crate) async fn perform<T: 'static>(how: Do, operation: impl Future<Output = T> + 'static) -> Option<T> {
    match how {
        Do::Yield => None,
        Do::Use => Some(operation.await),
        Do::UseCut => cancellable(operation).await,
        Do::UseBeside => {
            let yields = async {
                yield_now().await;
                yield_now().await;
            };
            Some(join(operation, yields).await.0)
        }
        Do::UseMoved => {
            let mut operation: Pin<Box<dyn Future<Output = T>>> = Box::pin(operation);
            let polled = poll_fn(|context| Poll::Ready(operation.as_mut().poll(context))).await;
            match polled {
                Poll::Ready(output) => Some(output),
                Poll::Pending => spawn(operation).await.ok(),
            }
        }
    }
}

/// Runs `task` for each of `tasks`, and waits for all.
pub(crate) async fn all<F: Future<Output = ()> + 'static>(tasks: &[Task], task: impl Fn(usize, Task) -> F) {
    let handles: Vec<_> = tasks.iter().enumerate().map(|(at, steps)| spawn(task(at, steps.clone()))).collect();
    for handle in handles {
        handle.await.unwrap();
    }
}

/// When somebody came, and before whom: the least is the first.
pub(crate) type Turn = (Rank, u64);

/// Those who wait, in the order in which they came.
#[derive(Default)]
pub(crate) struct Line {
    next: Cell<u64>,
    waiting: RefCell<BTreeSet<Turn>>,
    /// Who wants to know that somebody has left.
    looks_on: Cell<Option<Waker>>,
}

pub(crate) struct Place {
    line: Rc<Line>,
    pub(crate) turn: Turn,
}

impl Line {
    pub(crate) fn join(self: &Rc<Self>, rank: Rank) -> Place {
        let turn = (rank, self.next.get());
        self.next.set(turn.1 + 1);
        self.waiting.borrow_mut().insert(turn);
        Place { line: self.clone(), turn }
    }

    pub(crate) fn first(&self) -> Option<Turn> {
        self.waiting.borrow().first().copied()
    }

    pub(crate) fn has(&self, turn: Turn) -> bool {
        self.waiting.borrow().contains(&turn)
    }

    /// Until `done`, which is asked whenever somebody leaves.
    pub(crate) async fn until(&self, done: impl Fn() -> bool) {
        poll_fn(|context| {
            self.looks_on.set(Some(context.waker().clone()));
            if done() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.line.waiting.borrow_mut().remove(&self.turn);
        self.line.looks_on.take().into_iter().for_each(Waker::wake);
    }
}

/// One holder at a time, served in the order in which they came, and everybody in the end.
pub(crate) async fn lock(tasks: Vec<Task>, flaw: Option<Flaw>) {
    let (lock, line, holders) = (Rc::new(Lock::new(flaw)), Rc::new(Line::default()), Rc::new(Cell::new(0)));
    all(&tasks, |_, task| {
        let (lock, line, holders) = (lock.clone(), line.clone(), holders.clone());
        async move {
            for how in task.steps {
                let (theirs, line) = (lock.clone(), line.clone());
                let acquire = async move {
                    let place = line.join(Rank::Usual);
                    theirs.acquire().await;
                    assert_eq!(line.first(), Some(place.turn), "somebody was overtaken");
                };
                if perform(how, acquire).await.is_none() {
                    yield_now().await;
                    continue;
                }
                holders.set(holders.get() + 1);
                assert_eq!(holders.get(), 1, "two hold the lock");
                yield_now().await;
                holders.set(holders.get() - 1);
                lock.release();
            }
        }
    })
    .await;
    lock.acquire().await;
}

/// Permits are neither made nor lost.
pub(crate) async fn semaphore(tasks: Vec<Task>, flaw: Option<Flaw>) {
    let (semaphore, added, taken) = (Rc::new(Semaphore::new(flaw)), Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let add = {
        let (semaphore, added) = (semaphore.clone(), added.clone());
        move || {
            added.set(added.get() + 1);
            semaphore.add();
        }
    };
    // Enough for everybody, one at a time, so that nobody waits for ever.
    let enough = tasks.iter().map(|task| task.steps.len()).sum();
    let feed = {
        let add = add.clone();
        spawn(async move {
            for _ in 0..enough {
                yield_now().await;
                add();
            }
        })
    };
    all(&tasks, |_, task| {
        let (semaphore, taken, add) = (semaphore.clone(), taken.clone(), add.clone());
        async move {
            for how in task.steps {
                if task.gives && how != Do::Yield {
                    add();
                    continue;
                }
                let theirs = semaphore.clone();
                if perform(how, async move { theirs.acquire().await }).await.is_some() {
                    taken.set(taken.get() + 1);
                } else {
                    yield_now().await;
                }
            }
        }
    })
    .await;
    feed.await.unwrap();
    assert_eq!(semaphore.permits() + taken.get(), added.get(), "permits and those that were taken");
}

/// What was sent is received, once, in order, and never more of it is on its way than there is room for.
pub(crate) async fn channel(tasks: Vec<Task>, flaw: Option<Flaw>) {
    let channel = Rc::new(Channel::new(flaw));
    let (sent, received) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(Vec::new())));
    let root = channel.sender();
    let one_receiver = tasks.iter().all(|task| task.gives);
    let drain = {
        let (channel, received) = (channel.clone(), received.clone());
        spawn(async move {
            while let Some(item) = channel.receive().await {
                received.borrow_mut().push(item);
            }
        })
    };
    // Senders are made before any of them can be dropped.
    let senders: Vec<_> = tasks.iter().map(|task| Rc::new(task.gives.then(|| channel.sender()))).collect();
    drop(root);
    let senders = RefCell::new(senders.into_iter());
    all(&tasks, |at, task| {
        let sender = senders.borrow_mut().next().expect("one for each task");
        let (channel, sent, received) = (channel.clone(), sent.clone(), received.clone());
        async move {
            for (nth, how) in task.steps.into_iter().enumerate() {
                if how == Do::Yield {
                    yield_now().await;
                } else if sender.is_some() {
                    let (item, theirs) = (u32::try_from(at * 100 + nth).unwrap(), sender.clone());
                    let send = async move {
                        if let Some(sender) = &*theirs {
                            sender.send(item).await;
                        }
                    };
                    let done = perform(how, send).await;
                    sent.borrow_mut().extend(done.map(|()| item));
                } else {
                    let theirs = channel.clone();
                    let item = perform(how, async move { theirs.receive().await }).await;
                    received.borrow_mut().extend(item.flatten());
                }
            }
        }
    })
    .await;
    drain.await.unwrap();
    let (mut sent, mut received) = (sent.take(), received.take());
    if one_receiver {
        for at in 0..tasks.len() {
            let of_one = || received.iter().filter(|item| **item as usize / 100 == at);
            assert!(of_one().is_sorted(), "received out of order: {received:?}");
        }
    }
    sent.sort_unstable();
    received.sort_unstable();
    assert_eq!(received, sent, "received, and sent");
    assert!(channel.items_max.get() <= ROOM, "more items than there is room for");
}
