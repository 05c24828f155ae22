//! Observers: what they are told, and that nothing else changes.

#![cfg(not(loom))]

mod common;

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use common::{WakerSlot, Wakes, run_ready};
use reveille_executor::WakerOp::{Clone, Drop, Wake};
use reveille_executor::{Follow, LocalExecutor, Observe, Ran, TaskId, WakerOp, followed_waker, yield_now};

#[derive(Default)]
struct Log(Mutex<Vec<(usize, WakerOp, usize)>>);

impl Log {
    fn take(&self) -> Vec<(usize, WakerOp, usize)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observe for Log {
    fn observe(&self, task: TaskId, op: WakerOp, live: usize) {
        self.0.lock().unwrap().push((task.index(), op, live));
    }
}

fn observed() -> (Arc<Log>, LocalExecutor) {
    let log = Arc::new(Log::default());
    (log.clone(), LocalExecutor::with_observer(log))
}

#[test]
fn every_operation_is_reported_with_what_is_left() {
    let (log, executor) = observed();
    let slot = WakerSlot::default();
    drop((executor.spawn(async {}), executor.spawn(slot.wait())));
    let _ = run_ready(&executor);
    let waker = slot.take();
    assert_eq!(log.take(), [(1, Clone, 1)]);
    let clone = waker.clone();
    waker.wake_by_ref();
    clone.wake();
    drop(waker);
    assert_eq!(log.take(), [(1, Clone, 2), (1, Wake, 2), (1, Wake, 2), (1, Drop, 1), (1, Drop, 0)]);
}

#[test]
fn the_lent_waker_is_not_counted() {
    let (log, executor) = observed();
    drop(executor.spawn(yield_now()));
    assert_eq!(run_ready(&executor), [Ran::Pending, Ran::Ready]);
    assert_eq!(log.take(), [(0, Wake, 0)]);
}

#[test]
fn operations_after_the_end_and_on_other_threads_are_reported() {
    let (log, executor) = observed();
    let task = executor.spawn(async {});
    let waker = executor.waker(task.id()).unwrap();
    let abort = task.abort_handle();
    drop(task);
    let _ = run_ready(&executor);
    drop(executor);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let clone = waker.clone();
            drop(waker);
            clone.wake();
        });
    });
    drop(abort);
    assert_eq!(log.take(), [(0, Clone, 1), (0, Clone, 2), (0, Drop, 1), (0, Wake, 1), (0, Drop, 0)]);
}

#[test]
fn observed_wakers_of_one_task_are_equal() {
    let (_log, executor) = observed();
    let slot = WakerSlot::default();
    let task = executor.spawn(slot.wait());
    let _ = run_ready(&executor);
    let waker = slot.take();
    assert!(waker.will_wake(&executor.waker(task.id()).unwrap()) && waker.will_wake(&waker.clone()));
    drop(executor.spawn(poll_fn(|cx| {
        assert!(cx.waker().will_wake(&cx.waker().clone()));
        Poll::Ready(())
    })));
    assert_eq!(run_ready(&executor), [Ran::Ready]);
}

#[test]
fn an_observer_may_use_the_executor() {
    use std::cell::RefCell;
    use std::rc::{Rc, Weak};

    thread_local! { static EXECUTOR: RefCell<Weak<LocalExecutor>> = const { RefCell::new(Weak::new()) } }

    struct Spawns;
    impl Observe for Spawns {
        fn observe(&self, _: TaskId, op: WakerOp, _: usize) {
            if op == Wake {
                EXECUTOR.with_borrow(Weak::upgrade).into_iter().for_each(|executor| drop(executor.spawn(async {})));
            }
        }
    }

    let executor = Rc::new(LocalExecutor::with_observer(Arc::new(Spawns)));
    EXECUTOR.set(Rc::downgrade(&executor));
    drop(executor.spawn(yield_now()));
    assert_eq!(run_ready(&executor), [Ran::Pending, Ran::Ready, Ran::Ready]);
}

#[test]
fn a_clone_of_which_the_observer_panics_is_not_counted() {
    struct Refuses;
    impl Observe for Refuses {
        fn observe(&self, _: TaskId, op: WakerOp, _: usize) {
            if op == Clone {
                common::panic_quietly("in an observer");
            }
        }
    }
    let executor = LocalExecutor::with_observer(Arc::new(Refuses));
    let task = executor.spawn(pending::<()>());
    let waker = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| executor.waker(task.id())));
    assert!(waker.is_err());
    assert_eq!(executor.live_wakers(task.id()), Some(0));
}

#[test]
fn an_observer_that_panics_breaks_nothing() {
    struct Panics;
    impl Observe for Panics {
        fn observe(&self, _: TaskId, op: WakerOp, _: usize) {
            if op != Clone {
                common::panic_quietly("in an observer");
            }
        }
    }
    let executor = LocalExecutor::with_observer(Arc::new(Panics));
    let task = executor.spawn(pending::<()>());
    let [wake, drop_it] = [(); 2].map(|()| executor.waker(task.id()).unwrap());
    let catch = |f: Box<dyn FnOnce()>| std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err();
    let woken = &wake;
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| woken.wake_by_ref())).is_err());
    assert!(catch(Box::new(move || drop(wake))));
    assert!(catch(Box::new(move || drop(drop_it))));
    assert_eq!(executor.live_wakers(task.id()), Some(0));
    assert_eq!(run_ready(&executor), [Ran::Pending]);
}

type Steps = Arc<Mutex<Vec<(u32, WakerOp)>>>;

/// Keeps what happened to a waker and its clones, which are numbered as they come.
struct Trail {
    number: u32,
    log: Steps,
}

impl Trail {
    fn start() -> (Box<dyn Follow>, Steps) {
        let log = Arc::new(Mutex::new(Vec::new()));
        (Box::new(Self { number: 0, log: log.clone() }), log)
    }

    fn note(&self, op: WakerOp) {
        self.log.lock().unwrap().push((self.number, op));
    }
}

impl Follow for Trail {
    fn cloned(&self) -> Box<dyn Follow> {
        self.note(Clone);
        Box::new(Self { number: self.number + 1, log: self.log.clone() })
    }

    fn woken(&self) {
        self.note(Wake);
    }

    fn dropped(&self) {
        self.note(Drop);
    }
}

#[test]
fn a_followed_waker_forwards_and_every_clone_is_a_stranger() {
    let (wakes, (trail, log)) = (Wakes::new(), Trail::start());
    let inner = Waker::from(wakes.clone());
    let waker = followed_waker(inner.clone(), trail);
    let clone = waker.clone();
    assert!(!waker.will_wake(&inner) && !waker.will_wake(&clone));
    waker.wake_by_ref();
    clone.wake();
    drop(waker);
    assert_eq!(*log.lock().unwrap(), [(0, Clone), (0, Wake), (1, Wake), (1, Drop), (0, Drop)]);
    assert_eq!((wakes.get(), Arc::strong_count(&wakes)), (2, 2));
}

#[test]
fn a_task_can_be_polled_with_a_followed_waker() {
    let executor = LocalExecutor::new();
    let (slot, (trail, log)) = (WakerSlot::default(), Trail::start());
    let task = executor.spawn(slot.wait());
    let waker = followed_waker(executor.waker(task.id()).unwrap(), trail);
    assert_eq!(executor.pick(&mut common::Fifo).unwrap().run_with(&waker), Ran::Pending);
    drop(waker);
    slot.take().wake();
    assert_eq!(*log.lock().unwrap(), [(0, Clone), (0, Drop), (1, Wake), (1, Drop)]);
    assert_eq!(run_ready(&executor), [Ran::Ready]);
}
