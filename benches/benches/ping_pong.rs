//! Two tasks wake each other in turn, each through the waker that the other has stored.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use criterion::{Criterion, criterion_group, criterion_main};
use reveille_benches::{FIFO, RANDOM, config, group, long_runs, tokio_local};
use reveille_executor::LocalExecutor;

const TURNS: u32 = 50_000;

/// Whose turn it is, and who waits for it.
#[derive(Default)]
struct Table {
    turns: Cell<u32>,
    waiting: RefCell<Option<Waker>>,
}

impl Table {
    /// Takes every other turn, beginning with number `parity`.
    async fn play(self: Rc<Self>, parity: u32) {
        loop {
            poll_fn(|context| {
                if self.turns.get() % 2 == parity || self.turns.get() >= 2 * TURNS {
                    return Poll::Ready(());
                }
                self.waiting.replace(Some(context.waker().clone()));
                Poll::Pending
            })
            .await;
            if self.turns.get() >= 2 * TURNS {
                return;
            }
            self.turns.set(self.turns.get() + 1);
            if let Some(waker) = self.waiting.take() {
                waker.wake();
            }
        }
    }
}

/// The program: the same text for everyone, but for who spawns.
macro_rules! program {
    ($spawn:path) => {
        async {
            let table = Rc::new(Table::default());
            let one = $spawn(Rc::clone(&table).play(0));
            let two = $spawn(Rc::clone(&table).play(1));
            one.await.unwrap();
            two.await.unwrap();
            assert_eq!(table.turns.get(), 2 * TURNS);
        }
    };
}

fn ping_pong(criterion: &mut Criterion) {
    let mut group = group(criterion, "ping_pong/turns=100000");
    group.bench_function("on=reveille,strategy=random", |b| {
        b.iter_custom(|iters| long_runs(iters, RANDOM, || program!(reveille::spawn)));
    });
    group.bench_function("on=reveille,strategy=fifo", |b| {
        b.iter_custom(|iters| long_runs(iters, FIFO, || program!(reveille::spawn)));
    });
    group.bench_function("on=executor", |b| {
        let executor = LocalExecutor::new();
        b.iter(|| executor.block_on(program!(reveille_executor::spawn)));
    });
    group.bench_function("on=tokio-local", |b| {
        let runtime = tokio_local();
        b.iter(|| runtime.block_on(program!(tokio::task::spawn_local)));
    });
    group.bench_function("on=tokio-local-set", |b| {
        let (runtime, set) = (reveille_benches::tokio(), tokio::task::LocalSet::new());
        b.iter(|| set.block_on(&runtime, program!(tokio::task::spawn_local)));
    });
}

criterion_group! { name = benches; config = config(); targets = ping_pong }
criterion_main!(benches);
