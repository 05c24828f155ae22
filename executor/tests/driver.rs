//! A worker without work waits in the driver, a busy one looks in, and a push ends the wait; so it is with an executor for one thread.

#![cfg(not(loom))]

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use reveille_executor::{Driver, LocalExecutor, Pool, Urgency, block_on, yield_now};

/// Events that a test makes happen by hand.
#[derive(Default)]
struct Events {
    state: Mutex<State>,
    changed: Condvar,
    parks: AtomicU64,
    polls: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Whether it has happened.
    happened: bool,
    unparked: bool,
    /// Whether a worker is in here.
    parked: bool,
    waiting: Vec<Waker>,
}

impl Events {
    fn happen(&self) {
        self.state.lock().unwrap().happened = true;
        self.changed.notify_all();
    }

    /// Ends when it has happened and the driver has said so.
    fn wait(self: Arc<Self>) -> impl Future<Output = ()> + Send {
        let mut registered = false;
        poll_fn(move |cx| {
            let mut state = self.state.lock().unwrap();
            if registered && state.happened {
                return Poll::Ready(());
            }
            registered = true;
            state.waiting.push(cx.waker().clone());
            self.changed.notify_all();
            Poll::Pending
        })
    }

    fn wait_until_parked(&self) {
        drop(self.changed.wait_while(self.state.lock().unwrap(), |state| !state.parked).unwrap());
    }

    fn take(state: &mut State) -> Vec<Waker> {
        if state.happened { std::mem::take(&mut state.waiting) } else { Vec::new() }
    }
}

impl Driver for Events {
    fn poll(&self) {
        self.polls.fetch_add(1, Ordering::SeqCst);
        let wakers = Self::take(&mut self.state.lock().unwrap());
        wakers.into_iter().for_each(Waker::wake);
    }

    fn park(&self) {
        self.parks.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state.lock().unwrap();
        state.parked = true;
        self.changed.notify_all();
        let nothing = |state: &mut State| !state.unparked && (!state.happened || state.waiting.is_empty());
        let mut state = self.changed.wait_while(state, nothing).unwrap();
        (state.unparked, state.parked) = (false, false);
        let wakers = Self::take(&mut state);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn unpark(&self) {
        self.state.lock().unwrap().unparked = true;
        self.changed.notify_all();
    }
}

#[test]
fn what_happens_while_all_sleep_wakes_the_task() {
    for threads in [1, 3] {
        let events = Arc::new(Events::default());
        let pool = Pool::with_driver(threads, events.clone()).unwrap();
        let task = pool.spawn(events.clone().wait());
        events.wait_until_parked();
        events.happen();
        block_on(task).unwrap();
    }
}

#[test]
fn a_push_ends_the_wait_with_at_most_one_signal_for_each() {
    let events = Arc::new(Events::default());
    let pool = Pool::with_driver(1, events.clone()).unwrap();
    for n in 0..200 {
        if n % 2 == 0 {
            events.wait_until_parked();
        }
        assert_eq!(block_on(pool.spawn(async move { n })).unwrap(), n);
    }
    // A worker that is about to park may be told so: a sleep, and no call of the driver.
    let (signals, sleeps) = (pool.signals(), pool.sleeps());
    assert!(signals > 0 && signals <= sleeps, "{signals} signals for {sleeps} times");
}

#[test]
fn a_busy_worker_looks_in() {
    let events = Arc::new(Events::default());
    let pool = Pool::with_driver(1, events.clone()).unwrap();
    let busy = pool.spawn(async {
        while !std::hint::black_box(false) {
            yield_now().await;
        }
    });
    let task = pool.spawn(events.clone().wait());
    events.happen();
    block_on(task).unwrap();
    assert!(events.polls.load(Ordering::SeqCst) > 0);
    busy.abort();
    assert!(block_on(busy).unwrap_err().is_cancelled());
}

#[test]
fn a_pool_ends_although_a_worker_waits_in_the_driver() {
    let events = Arc::new(Events::default());
    let pool = Pool::with_driver(2, events.clone()).unwrap();
    events.wait_until_parked();
    drop(pool);
}

/// The worker that was in the driver has a poll that takes long; the other, which slept beside it, takes its place.
#[test]
fn an_idle_worker_takes_the_driver_over_from_one_that_is_busy() {
    let events = Arc::new(Events::default());
    let pool = Pool::with_driver(2, events.clone()).unwrap();
    let go_on = Arc::new(AtomicBool::new(false));
    let (go, waits) = (Arc::clone(&go_on), events.clone().wait());
    let (busy, is_busy) = channel();
    let task = pool.spawn(async move {
        waits.await;
        busy.send(()).unwrap();
        while !go.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
    });
    // Both workers sleep, one of them in the driver.
    while pool.sleeps() < 2 {
        std::thread::yield_now();
    }
    events.wait_until_parked();
    events.happen();
    is_busy.recv().unwrap();
    // What would hang fails instead.
    let state = events.state.lock().unwrap();
    let nobody = |state: &mut State| !state.parked;
    let (state, waited) = events.changed.wait_timeout_while(state, Duration::from_secs(20), nobody).unwrap();
    drop(state);
    go_on.store(true, Ordering::SeqCst);
    assert!(!waited.timed_out(), "nobody is in the driver");
    block_on(task).unwrap();
}

#[test]
fn a_pool_by_urgency_may_have_a_driver() {
    let events = Arc::new(Events::default());
    let pool = Pool::by_urgency_with_driver(2, events.clone()).unwrap();
    let task = pool.handle().spawn_urgent(Urgency::priority(1), events.clone().wait());
    events.wait_until_parked();
    events.happen();
    block_on(task).unwrap();
    assert!(events.parks.load(Ordering::SeqCst) > 0);
}

/// A driver that looks at what is registered when it begins to wait, and does not look again.
#[derive(Default)]
struct Timers {
    state: Mutex<State>,
    changed: Condvar,
    parks: AtomicU64,
}

impl Driver for Timers {
    fn poll(&self) {}

    fn park(&self) {
        self.parks.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state.lock().unwrap();
        let wakers = std::mem::take(&mut state.waiting);
        if wakers.is_empty() {
            state = self.changed.wait_while(state, |state| !state.unparked).unwrap();
        }
        state.unparked = false;
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn unpark(&self) {
        self.state.lock().unwrap().unparked = true;
        self.changed.notify_all();
    }
}

/// As it does if a timer is set that is due before all that the worker waits for.
#[test]
fn a_registration_interrupts_the_wait_with_at_most_one_signal_for_each() {
    let timers = Arc::new(Timers::default());
    let pool = Pool::with_driver(2, timers.clone()).unwrap();
    for _ in 0..200 {
        let (timers, handle) = (timers.clone(), pool.handle());
        let mut registered = false;
        // On this thread, while a worker waits, or is about to.
        block_on(poll_fn(move |cx| {
            if std::mem::replace(&mut registered, true) {
                return Poll::Ready(());
            }
            timers.state.lock().unwrap().waiting.push(cx.waker().clone());
            // Three of them are no more than one.
            (0..3).for_each(|_| handle.interrupt_driver());
            Poll::Pending
        }));
    }
    let (signals, sleeps) = (pool.signals(), pool.sleeps());
    assert!(signals > 0 && signals <= sleeps, "{signals} signals for {sleeps} times");
}

#[test]
fn an_executor_for_one_thread_waits_in_its_driver() {
    let events = Arc::new(Events::default());
    let executor = LocalExecutor::with_driver(events.clone());
    let task = executor.spawn(events.clone().wait());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            events.wait_until_parked();
            events.happen();
        });
        executor.run();
    });
    assert!(task.is_finished());
    // Nor does a reset lose the driver, while wakers of before are about, and when there are none.
    for leaves_a_waker in [false, true] {
        let waker = leaves_a_waker.then(|| executor.waker(executor.spawn(yield_now()).id()));
        executor.reset();
        drop(waker);
        let parks = events.parks.load(Ordering::SeqCst);
        executor.block_on(events.clone().wait());
        assert!(events.parks.load(Ordering::SeqCst) > parks);
    }
}

#[test]
fn wakes_of_other_threads_end_the_wait_of_an_executor_for_one_thread() {
    let events = Arc::new(Events::default());
    let executor = LocalExecutor::with_driver(events.clone());
    for of_a_task in [false, true] {
        let woken = Arc::new(AtomicBool::new(false));
        let (sender, wakers) = channel::<Waker>();
        std::thread::scope(|scope| {
            let (woken, events) = (&woken, &events);
            scope.spawn(move || {
                let waker = wakers.recv().unwrap();
                events.wait_until_parked();
                woken.store(true, Ordering::SeqCst);
                waker.wake();
            });
            let is_woken = Arc::clone(woken);
            let wait = poll_fn(move |cx| {
                // Whoever has the first of them has gone by the second poll.
                let _ = sender.send(cx.waker().clone());
                if is_woken.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
            });
            if of_a_task {
                drop(executor.spawn(wait));
                executor.run();
            } else {
                executor.block_on(wait);
            }
        });
    }
}

#[test]
fn an_executor_for_one_thread_looks_into_its_driver_while_it_is_busy() {
    for of_a_task in [false, true] {
        let events = Arc::new(Events::default());
        let executor = LocalExecutor::with_driver(events.clone());
        let task = executor.spawn(events.clone().wait());
        events.happen();
        let mut polls = 0;
        let busy = poll_fn(move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            // So many that who never looks fails, where it would hang.
            if task.is_finished() || polls > 10_000 { Poll::Ready(polls) } else { Poll::Pending }
        });
        let polls = if of_a_task { executor.block_on(executor.spawn(busy)).unwrap() } else { executor.block_on(busy) };
        assert!(polls < 100, "{polls} polls without a look");
    }
}
