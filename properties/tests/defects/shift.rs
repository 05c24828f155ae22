//! What tasks do with a queue of work, and what must be true of it: this program knows of no flaw either.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures::future::join;
use reveille::{spawn, yield_now};

use super::queue::Queue;
use super::scenario::{Do, Line, Task, Turn, all, perform};
use super::waiters::{Flaw, Rank};

/// A queue, and what is known of it from outside.
struct Shift {
    queue: Queue,
    line: Rc<Line>,
    /// How many items were pushed: the items are their numbers.
    pushed: Cell<u32>,
    received: RefCell<Vec<u32>>,
    /// Who was the first in line when an item came, for those items that came when all before them had been received.
    firsts: RefCell<BTreeMap<u32, Turn>>,
}

impl Shift {
    /// Whether no item is in the queue, nor in the hands of somebody in line.
    fn has_nothing(&self) -> bool {
        self.received.borrow().len() == self.pushed.get() as usize
    }

    fn push(&self) {
        let item = self.pushed.get();
        if let Some(first) = self.line.first().filter(|_| self.has_nothing()) {
            self.firsts.borrow_mut().insert(item, first);
        }
        self.pushed.set(item + 1);
        self.queue.push(item);
    }

    async fn pop(self: Rc<Self>, rank: Rank) -> Option<u32> {
        let place = self.line.join(rank);
        let item = self.queue.pop(rank).await?;
        let first = self.firsts.borrow().get(&item).copied();
        // Who has left the line has given the item back.
        if let Some(first) = first.filter(|first| self.line.has(*first)) {
            assert_eq!(first, place.turn, "somebody was overtaken");
        }
        self.received.borrow_mut().push(item);
        Some(item)
    }

    /// Pushes enough for everybody, and while somebody waits no item before all others were received: so one that is not
    /// handed on leaves somebody waiting for ever.
    async fn feed(self: Rc<Self>, enough: usize) {
        for _ in 0..enough {
            self.line.until(|| self.line.first().is_none() || self.has_nothing()).await;
            yield_now().await;
            self.push();
        }
    }

    /// Pushes two more, and closes the queue while they are in somebody's hands.
    async fn end(self: Rc<Self>) {
        yield_now().await;
        self.push();
        self.push();
        self.queue.close();
    }
}

/// Every second task is urgent.
fn rank(at: usize) -> Rank {
    if at % 2 == 1 { Rank::Urgent } else { Rank::Usual }
}

/// What was pushed is received, once and in order; who comes first is served first, and the urgent before all others.
pub(crate) async fn queue(tasks: Vec<Task>, flaw: Option<Flaw>) {
    let shift = Rc::new(Shift {
        queue: Queue::new(flaw),
        line: Rc::default(),
        pushed: Cell::new(0),
        received: RefCell::default(),
        firsts: RefCell::default(),
    });
    let feed = spawn(shift.clone().feed(tasks.iter().map(|task| task.steps.len()).sum()));
    all(&tasks, |at, task| work(shift.clone(), rank(at), task)).await;
    feed.await.unwrap();
    // Nobody waits: what is there now was left over.
    let (left_over, left_at) = (shift.pushed.get(), shift.received.borrow().len());
    let end = spawn(shift.clone().end());
    all(&tasks, |at, task| clear(shift.clone(), rank(at), task)).await;
    end.await.unwrap();
    let rest_at = shift.received.borrow().len();
    while shift.clone().pop(Rank::Usual).await.is_some() {}

    let mut received = shift.received.take();
    // Of several that wait, one may be handed an older item and be polled later: so this is said of one consumer, and of what
    // is in nobody's hands.
    let one_consumer = tasks.iter().filter(|task| !task.gives).count() <= 1;
    let worked = if one_consumer { &received[..left_at] } else { &[] };
    let cleared: Vec<_> = received[left_at..].iter().filter(|item| **item < left_over).collect();
    let rest = &received[rest_at..];
    let sorted = worked.is_sorted() && cleared.is_sorted() && rest.is_sorted();
    assert!(sorted, "out of order: {worked:?}, left over: {cleared:?}, the rest: {rest:?}");
    received.sort_unstable();
    assert_eq!(received, Vec::from_iter(0..shift.pushed.get()), "received, and pushed");
}

/// The task as it is: pushes, or pops.
async fn work(shift: Rc<Shift>, rank: Rank, task: Task) {
    for how in task.steps {
        if task.gives && how != Do::Yield {
            shift.push();
        } else if perform(how, shift.clone().pop(rank)).await.is_none() {
            yield_now().await;
        }
    }
}

/// Pops two at once, in the way of the first step, until the queue is closed and empty.
async fn clear(shift: Rc<Shift>, rank: Rank, task: Task) {
    let how = if task.steps[0] == Do::Yield { Do::Use } else { task.steps[0] };
    let two = || join(shift.clone().pop(rank), shift.clone().pop(rank));
    while let Some((Some(_), Some(_))) = perform(how, two()).await {}
}
