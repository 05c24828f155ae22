//! Executors of two threads: turns, spawns, chains of spawns, and messages through a channel.
//!
//! The program is a task of the executor, so that spawning is spawning from inside. Everyone uses the same channel, and our
//! `yield_now`, which wakes the task and waits; tokio is also measured with its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_executor::Executor;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use reveille_benches::{config, group};
use reveille_executor::{JoinHandle, Pool, PoolHandle, block_on, yield_now};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::unbounded_channel;

/// A task that a program spawns.
type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the programs need of an executor.
trait Spawn: Clone + Send + Sync + 'static {
    type Task<T: Send + 'static>: Future<Output = T> + Send;

    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Self::Task<T>;
}

/// A task's handle, its error taken for a failure of the benchmark.
struct Unwrapped<F>(F);

impl<T, E: std::fmt::Debug, F: Future<Output = Result<T, E>> + Unpin> Future for Unwrapped<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(context).map(Result::unwrap)
    }
}

impl Spawn for PoolHandle {
    type Task<T: Send + 'static> = Unwrapped<JoinHandle<T>>;

    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        Unwrapped(self.spawn(future))
    }
}

impl Spawn for Handle {
    type Task<T: Send + 'static> = Unwrapped<tokio::task::JoinHandle<T>>;

    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        Unwrapped(self.spawn(future))
    }
}

#[derive(Clone)]
struct Async(Arc<Executor<'static>>);

impl Spawn for Async {
    type Task<T: Send + 'static> = async_executor::Task<T>;

    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        self.0.spawn(future)
    }
}

/// 1,000 tasks that each give way 200 times.
macro_rules! yields {
    ($name:ident, $yield_now:path) => {
        async fn $name(on: impl Spawn) {
            let turns = || async {
                for _ in 0..200 {
                    $yield_now().await;
                }
                200
            };
            let tasks: Vec<_> = (0..1_000).map(|_| on.spawn(turns())).collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await;
            }
            assert_eq!(sum, 200_000);
        }
    };
}

yields!(yields, yield_now);
yields!(yields_as_tokio, tokio::task::yield_now);

/// 100,000 tasks that are spawned, then awaited.
async fn spawn_join(on: impl Spawn) {
    let tasks: Vec<_> = (0..100_000_u64).map(|number| on.spawn(async move { number })).collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await;
    }
    assert_eq!(sum, 100_000 * 99_999 / 2);
}

/// A task that spawns a task that spawns a task, 10,000 deep; the last says so.
async fn chain(on: impl Spawn) {
    fn link(on: impl Spawn, left: u32, done: tokio::sync::oneshot::Sender<()>) -> Boxed<()> {
        Box::pin(async move {
            if left == 0 {
                done.send(()).unwrap();
            } else {
                drop_handle(on.spawn(link(on.clone(), left - 1, done)));
            }
        })
    }
    let (done, is_done) = tokio::sync::oneshot::channel();
    drop_handle(on.spawn(link(on.clone(), 10_000, done)));
    is_done.await.unwrap();
}

/// Lets a task go on. Dropping the handle of one of async-executor's would cancel it.
fn drop_handle<T>(task: T) {
    std::mem::forget(task);
}

/// Two tasks that send each other 10,000 messages in turn.
async fn ping_pong(on: impl Spawn) {
    let (ping, mut pinged) = unbounded_channel::<u32>();
    let (pong, mut ponged) = unbounded_channel::<u32>();
    let other = on.spawn(async move {
        while let Some(number) = pinged.recv().await {
            pong.send(number + 1).unwrap();
        }
    });
    let mut number = 0;
    for _ in 0..10_000 {
        ping.send(number).unwrap();
        number = ponged.recv().await.unwrap();
    }
    assert_eq!(number, 10_000);
    drop(ping);
    other.await;
}

fn tokio(threads: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(threads).build().expect("a runtime")
}

/// An executor of async-executor, driven by threads that stay to the end of the process.
fn driven(threads: usize) -> Async {
    let executor = Arc::new(Executor::new());
    for _ in 0..threads {
        let own = Arc::clone(&executor);
        #[expect(clippy::disallowed_methods, reason = "an executor of several threads needs them")]
        std::thread::spawn(move || block_on(own.run(std::future::pending::<()>())));
    }
    Async(executor)
}

/// Measures `program` on everyone.
macro_rules! everywhere {
    ($group:expr, $program:ident) => {{
        let group: &mut BenchmarkGroup<'_, WallTime> = $group;
        for threads in [2, 1] {
            let pool = Pool::new(threads).expect("a pool");
            group.bench_function(format!("on=pool,threads={threads}"), |b| {
                b.iter(|| block_on(Spawn::spawn(&pool.handle(), $program(pool.handle()))));
            });
            let runtime = tokio(threads);
            group.bench_function(format!("on=tokio,threads={threads}"), |b| {
                b.iter(|| runtime.block_on(Spawn::spawn(runtime.handle(), $program(runtime.handle().clone()))));
            });
            let executor = driven(threads);
            group.bench_function(format!("on=async-executor,threads={threads}"), |b| {
                b.iter(|| block_on(executor.spawn($program(executor.clone()))));
            });
        }
    }};
}

fn pools(criterion: &mut Criterion) {
    let mut turns = group(criterion, "pool_yield/tasks=1000,yields=200");
    everywhere!(&mut turns, yields);
    for threads in [2, 1] {
        let runtime = tokio(threads);
        turns.bench_function(format!("on=tokio,yield=tokio,threads={threads}"), |b| {
            b.iter(|| runtime.block_on(Spawn::spawn(runtime.handle(), yields_as_tokio(runtime.handle().clone()))));
        });
    }
    turns.finish();
    everywhere!(&mut group(criterion, "pool_spawn_join/tasks=100000"), spawn_join);
    everywhere!(&mut group(criterion, "pool_chain/tasks=10000"), chain);
    everywhere!(&mut group(criterion, "pool_ping_pong/messages=10000"), ping_pong);
}

criterion_group! { name = benches; config = config(); targets = pools }
criterion_main!(benches);
