//! A future stays where it is between its first poll and its drop, whatever happens to the executor around it.

#![cfg(not(loom))]

mod common;

use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use common::run_ready;
use reveille_executor::LocalExecutor;

/// Remembers where it was first polled, and compares.
struct Settled {
    home: Cell<Option<*const Self>>,
    polls_left: usize,
    drops: Rc<Cell<usize>>,
    _pinned: PhantomPinned,
}

impl Settled {
    fn is_at_home(&self) -> bool {
        self.home.get().is_none_or(|home| std::ptr::eq(home, self))
    }
}

impl Future for Settled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        assert!(self.is_at_home(), "moved between polls");
        self.home.set(Some(&raw const *self));
        if self.polls_left == 0 {
            return Poll::Ready(());
        }
        // SAFETY: nothing is moved.
        unsafe { self.get_unchecked_mut() }.polls_left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        // An assertion in here would be kept for a join handle that nobody has.
        if self.home.get().is_some() && self.is_at_home() {
            self.drops.set(self.drops.get() + 1);
        }
    }
}

#[test]
fn a_future_does_not_move_from_its_first_poll_to_its_drop() {
    let executor = LocalExecutor::new();
    let drops = Rc::new(Cell::new(0));
    let spawn = |polls_left| {
        let drops = Rc::clone(&drops);
        executor.spawn(Settled { home: Cell::new(None), polls_left, drops, _pinned: PhantomPinned })
    };
    let (ends, aborted, closed) = (spawn(3), spawn(usize::MAX), spawn(usize::MAX));
    for _ in 0..20 {
        let _ = executor.pick(&mut common::Fifo).unwrap().run();
        drop(spawn(0));
    }
    aborted.abort();
    for _ in 0..20 {
        let _ = executor.pick(&mut common::Fifo).unwrap().run();
    }
    assert!(ends.is_finished() && aborted.is_finished() && !closed.is_finished());
    let before = drops.get();
    assert!(before > 2);
    executor.close();
    assert_eq!(drops.get(), 23);
    assert!(run_ready(&executor).is_empty());
}
