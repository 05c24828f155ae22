//! Many tasks give each other turns.
//!
//! The bound is a loop by hand, with a queue and no synchronisation at all: what a poll costs when nothing but the poll
//! and the queue is paid for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{DEFAULT, FIFO, RANDOM, config, first_runs, group, long_runs, tokio, tokio_local};
use reveille_executor::{LocalExecutor, yield_now};

const TASKS: usize = 1_000;
const YIELDS: usize = 200;

/// One task: the yields that it made.
macro_rules! turns {
    ($yield_now:path) => {
        async {
            let mut turns = 0;
            for _ in 0..YIELDS {
                $yield_now().await;
                turns += 1;
            }
            turns
        }
    };
}

/// The program: the same text for everyone, but for who spawns and who yields.
macro_rules! program {
    ($spawn:path, $yield_now:path) => {
        async {
            let tasks: Vec<_> = (0..TASKS).map(|_| $spawn(turns!($yield_now))).collect();
            let mut turns = 0;
            for task in tasks {
                turns += task.await.unwrap();
            }
            assert_eq!(turns, TASKS * YIELDS);
        }
    };
}

thread_local! {
    /// The run queue of the loop by hand.
    static QUEUE: RefCell<VecDeque<usize>> = const { RefCell::new(VecDeque::new()) };
}

/// Wakes a task of the loop by hand; to be used on its thread only.
struct Push(usize);

impl Wake for Push {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        QUEUE.with_borrow_mut(|queue| queue.push_back(self.0));
    }
}

fn by_hand() {
    let mut turns = 0;
    let mut tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let future: Pin<Box<dyn Future<Output = usize>>> = Box::pin(turns!(yield_now));
            (future, Waker::from(Arc::new(Push(task))))
        })
        .collect();
    QUEUE.with_borrow_mut(|queue| queue.extend(0..TASKS));
    while let Some(task) = QUEUE.with_borrow_mut(VecDeque::pop_front) {
        let (future, waker) = &mut tasks[task];
        if let std::task::Poll::Ready(made) = future.as_mut().poll(&mut Context::from_waker(waker)) {
            turns += made;
        }
    }
    assert_eq!(turns, TASKS * YIELDS);
}

fn yields(criterion: &mut Criterion) {
    let mut group = group(criterion, "yield/tasks=1000,yields=200");
    group.bench_function("on=reveille,strategy=random", |b| {
        b.iter_custom(|iters| long_runs(iters, RANDOM, || program!(reveille::spawn, yield_now)));
    });
    group.bench_function("on=reveille,strategy=default", |b| {
        b.iter_custom(|iters| long_runs(iters, DEFAULT, || program!(reveille::spawn, yield_now)));
    });
    group.bench_function("on=reveille,strategy=fifo", |b| {
        b.iter_custom(|iters| long_runs(iters, FIFO, || program!(reveille::spawn, yield_now)));
    });
    group.bench_function("on=reveille,seed=0", |b| {
        b.iter_custom(|iters| first_runs(iters, || program!(reveille::spawn, yield_now)));
    });
    group.bench_function("on=executor", |b| {
        let executor = LocalExecutor::new();
        b.iter(|| executor.block_on(program!(reveille_executor::spawn, yield_now)));
    });
    group.bench_function("on=tokio", |b| {
        let runtime = tokio();
        b.iter(|| runtime.block_on(program!(tokio::spawn, yield_now)));
    });
    group.bench_function("on=tokio-local", |b| {
        let runtime = tokio_local();
        b.iter(|| runtime.block_on(program!(tokio::task::spawn_local, yield_now)));
    });
    group.bench_function("on=tokio,yield=tokio", |b| {
        let runtime = tokio();
        b.iter(|| runtime.block_on(program!(tokio::spawn, tokio::task::yield_now)));
    });
    group.bench_function("on=by-hand", |b| b.iter(by_hand));
}

criterion_group! { name = benches; config = config(); targets = yields }
criterion_main!(benches);
