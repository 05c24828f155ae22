//! A cell that is written once: the user's own lock-free code.

#[cfg(loom)]
use loom::sync::atomic::{AtomicUsize, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicUsize, Ordering};

/// Holds a number once somebody has set it.
#[derive(Debug)]
pub struct Once(AtomicUsize);

impl Default for Once {
    fn default() -> Self {
        Self(AtomicUsize::new(0))
    }
}

impl Once {
    /// Sets the number; false if it was set already.
    pub fn set(&self, number: usize) -> bool {
        self.0.compare_exchange(0, number + 1, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The number.
    pub fn get(&self) -> Option<usize> {
        self.0.load(Ordering::Acquire).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The user's model.
    #[cfg(loom)]
    #[test]
    fn one_of_two_sets_it() {
        loom::model(|| {
            let once = loom::sync::Arc::new(Once::default());
            let other = loom::thread::spawn({
                let once = loom::sync::Arc::clone(&once);
                move || once.set(1)
            });
            let (mine, theirs) = (once.set(2), other.join().unwrap());
            assert!(mine ^ theirs);
            assert_eq!(once.get(), Some(if mine { 2 } else { 1 }));
        });
    }

    #[cfg(loom)]
    struct Fifo;

    #[cfg(loom)]
    impl reveille_executor::Choose for Fifo {
        fn choose(&mut self, _: reveille_executor::Point<'_>) -> u32 {
            0
        }
    }

    /// Polls a task that waits, and wakes it after its poll.
    #[cfg(loom)]
    fn wait_and_wake(touched: &loom::sync::Arc<AtomicUsize>) {
        let executor = reveille_executor::LocalExecutor::new();
        let touch = loom::sync::Arc::clone(touched);
        let task = executor.spawn(std::future::poll_fn(move |_| {
            touch.fetch_add(1, Ordering::AcqRel);
            std::task::Poll::<()>::Pending
        }));
        let waker = executor.waker(task.id()).unwrap();
        let ran = executor.pick(&mut Fifo).unwrap().run();
        assert_eq!((ran, executor.ready()), (reveille_executor::Ran::Pending, 0), "woken by nobody");
        touched.fetch_add(1, Ordering::AcqRel);
        waker.wake_by_ref();
        assert_eq!(executor.ready(), 1, "the wake was lost");
    }

    /// loom's threads are coroutines on one: polls on it do not end in the reverse order of their beginning.
    #[cfg(loom)]
    #[test]
    fn executors_in_threads_of_loom_keep_their_polls_apart() {
        loom::model(|| {
            let touched = loom::sync::Arc::new(AtomicUsize::new(0));
            let theirs = loom::sync::Arc::clone(&touched);
            let other = loom::thread::spawn(move || wait_and_wake(&theirs));
            wait_and_wake(&touched);
            other.join().unwrap();
        });
    }

    /// The user's test on the executor: outside of any model, with `--cfg loom` or without.
    #[test]
    fn the_executor_is_an_ordinary_one() {
        let executor = reveille_executor::LocalExecutor::new();
        let (sender, receiver) = std::sync::mpsc::channel::<std::task::Waker>();
        // A real thread wakes the task.
        let thread = std::thread::spawn(move || receiver.recv().unwrap().wake());
        let mut sent = false;
        let task = executor.spawn(std::future::poll_fn(move |cx| {
            if sent {
                return std::task::Poll::Ready(42);
            }
            sent = true;
            sender.send(cx.waker().clone()).unwrap();
            std::task::Poll::Pending
        }));
        assert_eq!(executor.block_on(task).unwrap(), 42);
        thread.join().unwrap();
    }
}
