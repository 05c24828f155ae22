//! Performs a program on a real [`Pool`]: the interpreter once more, for futures that go from thread to thread.
//!
//! It shares nothing with the other but the language and [`Census`]: what is a `Cell` there is an atomic here, time is the
//! machine's, a millisecond of the program twenty microseconds of it, and a stream is a channel of bytes. What it reports is
//! held against the same model.
//!
//! Deliberately absent: planted mistakes. Here it is the pool that is under test.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, Either, join, select};
use futures::stream::{self, FuturesUnordered, StreamExt};
use reveille_executor::{AnyThread, JoinHandle, JoinSet, Pool, PoolHandle, Scope, scope_across, yield_now};
use tokio::sync::{Mutex as Lock, Notify, Semaphore, mpsc, oneshot};

use crate::protocol::{Census, Output};

use super::interpret::how;
use super::scoped::Watch;
use super::{COUNTERS, Mark, Note, Outcome, PERMITS, Program, Step, Then, size};

/// What a millisecond of the program takes.
const MILLISECOND: Duration = Duration::from_micros(20);

/// Performs `program` on `pool`, its futures and their outputs in `census`. The caller is its root.
///
/// The outcome is one of those that the [model](super::model::check_in) allows if [polls take
/// time](super::model::Polls::Slow) and [others run while a task spawns](super::model::Spawning::AtOnce).
///
/// # Panics
/// If a promise of the locks and channels in use is broken.
///
/// ```
/// use std::sync::Arc;
/// use reveille_executor::Pool;
/// use reveille_properties::program::{Program, Step, perform_on_threads};
/// use reveille_properties::protocol::Census;
///
/// let (pool, census) = (Pool::new(2)?, Arc::new(Census::default()));
/// let twice = Program { tasks: vec![vec![Step::Increment(0)], vec![Step::Increment(0)]] };
/// assert_eq!(perform_on_threads(&pool, &census, twice).counters, [2, 0, 0]);
/// drop(pool);
/// census.check().unwrap();
/// # Ok::<_, reveille_executor::PoolError>(())
/// ```
#[must_use]
pub fn perform_on_threads(pool: &Pool, census: &Arc<Census>, program: Program) -> Outcome {
    let world = Arc::new(World::new(program.steps(), pool.handle(), census.clone()));
    let (sender, sent) = mpsc::channel(2);
    let (poster, posted) = mpsc::unbounded_channel();
    let player = Player { world: world.clone(), sender, poster };
    let mut first = 0;
    let mut tasks = Vec::new();
    for body in program.tasks {
        let steps = size(&body);
        tasks.push((first, player.spawn_body(body, first)));
        first += steps;
    }
    drop(player);
    pool.block_on(root(world, sent, posted, tasks))
}

/// Receives until every sender is gone, and waits for the tasks.
async fn root(
    world: Arc<World>,
    mut sent: mpsc::Receiver<(usize, u8)>,
    mut posted: mpsc::UnboundedReceiver<(usize, u8)>,
    tasks: Vec<(usize, JoinHandle<Output>)>,
) -> Outcome {
    let sent = stream::poll_fn(|context| sent.poll_recv(context)).collect();
    let posted = stream::poll_fn(|context| posted.poll_recv(context)).collect();
    let (sent, posted) = join(sent, posted).await;
    let mut ended = Vec::new();
    for (first, task) in tasks {
        ended.push(how(&task.await, first));
    }
    Outcome {
        marks: std::mem::take(&mut world.marks.lock().unwrap_or_else(PoisonError::into_inner)),
        tasks: ended,
        counters: world.counters.each_ref().map(|counter| counter.load(Ordering::SeqCst)),
        sent,
        posted,
        permits_max: world.permits[1].load(Ordering::SeqCst),
        late: world.late.load(Ordering::SeqCst),
    }
}

/// What the tasks of one program share.
struct World {
    pool: PoolHandle,
    marks: Mutex<Vec<Mark>>,
    counters: [AtomicU64; COUNTERS as usize],
    locks: [Lock<()>; COUNTERS as usize],
    semaphore: Semaphore,
    /// How many are held, and the most that were.
    permits: [AtomicUsize; 2],
    late: Arc<AtomicU64>,
    census: Arc<Census>,
}

impl World {
    fn new(steps: usize, pool: PoolHandle, census: Arc<Census>) -> Self {
        Self {
            pool,
            census,
            marks: Mutex::new(vec![Mark::Unreached; steps]),
            counters: Default::default(),
            locks: Default::default(),
            semaphore: Semaphore::new(PERMITS),
            permits: Default::default(),
            late: Arc::default(),
        }
    }

    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.pool.spawn(self.census.watch(future))
    }

    fn mark(&self, number: usize, mark: Mark) {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)[number] = mark;
    }

    /// Done after so much time, on a thread that sleeps.
    async fn sleep(&self, millis: u8) {
        let time = MILLISECOND * millis.into();
        self.pool.spawn_blocking(move || std::thread::sleep(time)).await.expect("nobody aborts it");
    }
}

/// Counts itself while it exists: how many there are, and the most there were.
struct Gauge<'a>(&'a [AtomicUsize; 2]);

impl<'a> Gauge<'a> {
    fn enter(gauge: &'a [AtomicUsize; 2]) -> Self {
        gauge[1].fetch_max(gauge[0].fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Self(gauge)
    }
}

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.0[0].fetch_sub(1, Ordering::SeqCst);
    }
}

/// Performs bodies. Each body has one of its own.
#[derive(Clone)]
struct Player {
    world: Arc<World>,
    sender: mpsc::Sender<(usize, u8)>,
    poster: mpsc::UnboundedSender<(usize, u8)>,
}

impl Player {
    /// Does `body`, whose first step has the number `first`.
    fn perform(self, body: Vec<Step>, first: usize) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut number = first;
            for step in body {
                let next = number + step.size();
                self.world.mark(number, Mark::Begun);
                let note = self.step(step, number).await;
                self.world.mark(number, Mark::Done(note));
                number = next;
            }
        })
    }

    /// Does it in a task of its own.
    fn spawn_body(&self, body: Vec<Step>, first: usize) -> JoinHandle<Output> {
        let (body, output) = (self.clone().perform(body, first), self.world.census.output(first));
        self.world.spawn(async move {
            body.await;
            output
        })
    }

    async fn step(&self, step: Step, number: usize) -> Note {
        match step {
            Step::Yield => yield_now().await,
            Step::Sleep(millis) => self.world.sleep(millis).await,
            Step::Increment(counter) => self.increment(counter.into()).await,
            Step::Permit => self.permit().await,
            Step::Send(value) => self.sender.send((number, value)).await.expect("the root receives to the end"),
            Step::Post(value) => self.poster.send((number, value)).expect("the root receives to the end"),
            Step::Ask(value) => return Note::Received(self.ask(value).await.into()),
            Step::Notified => self.notified().await,
            Step::Stream(bytes) => return Note::Received(stream(bytes).await),
            Step::Panic => std::panic::resume_unwind(Box::new("planned")),
            Step::Spawn(then, body) => return self.spawn(then, body, number + 1).await,
            Step::Timeout(millis, body) => return self.timeout(millis, body, number + 1).await,
            Step::Select { left, right, keep } => return self.select(left, right, keep, number + 1).await,
            Step::Unordered(bodies) => {
                let gauge = Arc::default();
                let futures = self.numbered(bodies, number + 1, &gauge);
                let order = futures.into_iter().collect::<FuturesUnordered<_>>().collect().await;
                return Note::Order(order, gauge[1].load(Ordering::SeqCst));
            }
            Step::Buffered(at_once, bodies) => {
                let gauge = Arc::default();
                let futures = self.numbered(bodies, number + 1, &gauge);
                let order = stream::iter(futures).buffered(at_once.into()).collect().await;
                return Note::Order(order, gauge[1].load(Ordering::SeqCst));
            }
            Step::Set { cut, bodies } => return self.set(cut, bodies, number + 1).await,
            Step::Scope { borrowing, cancels, bodies } => {
                return self.scope(borrowing.into(), cancels, bodies, number + 1).await;
            }
        }
        Note::Plain
    }

    async fn increment(&self, counter: usize) {
        let _held = self.world.locks[counter].lock().await;
        let read = self.world.counters[counter].load(Ordering::Relaxed);
        yield_now().await;
        self.world.counters[counter].store(read + 1, Ordering::Relaxed);
    }

    async fn permit(&self) {
        let _permit = self.world.semaphore.acquire().await;
        let _gauge = Gauge::enter(&self.world.permits);
        yield_now().await;
    }

    async fn ask(&self, value: u8) -> u8 {
        let (sender, receiver) = oneshot::channel();
        drop(self.world.spawn(async move {
            // Who asked may be gone.
            let _ = sender.send(value);
        }));
        receiver.await.expect("the task that answers is not aborted")
    }

    async fn notified(&self) {
        let notify = Arc::new(Notify::new());
        let other = notify.clone();
        drop(self.world.spawn(async move { other.notify_one() }));
        notify.notified().await;
    }

    async fn spawn(&self, then: Then, body: Vec<Step>, first: usize) -> Note {
        let task = self.spawn_body(body, first);
        match then {
            Then::Detach => return Note::Plain,
            Then::Join => {}
            Then::Abort(yields) => {
                for _ in 0..yields {
                    yield_now().await;
                }
                task.abort();
            }
        }
        Note::Joined(how(&task.await, first))
    }

    async fn timeout(&self, millis: u8, body: Vec<Step>, first: usize) -> Note {
        let body = self.clone().perform(body, first);
        let time = Box::pin(self.world.sleep(millis));
        Note::Elapsed(matches!(select(body, time).await, Either::Right(_)))
    }

    async fn select(&self, left: Vec<Step>, right: Vec<Step>, keep: bool, first: usize) -> Note {
        let second = first + size(&left);
        let (left, right) = (self.clone().perform(left, first), self.clone().perform(right, second));
        let (winner, loser) = match select(left, right).await {
            Either::Left(((), right)) => (0, right),
            Either::Right(((), left)) => (1, left),
        };
        if keep {
            loser.await;
        }
        Note::First(winner)
    }

    /// The futures that do `bodies`; each gives its place, and counts in the gauge while it is under way.
    fn numbered(
        &self,
        bodies: Vec<Vec<Step>>,
        mut first: usize,
        gauge: &Arc<[AtomicUsize; 2]>,
    ) -> Vec<BoxFuture<'static, u8>> {
        let mut futures: Vec<BoxFuture<'static, u8>> = Vec::new();
        for (body, place) in bodies.into_iter().zip(0..) {
            let steps = size(&body);
            let (player, gauge, begin) = (self.clone(), gauge.clone(), first);
            futures.push(Box::pin(async move {
                let _gauge = Gauge::enter(&gauge);
                player.perform(body, begin).await;
                place
            }));
            first += steps;
        }
        futures
    }

    async fn set(&self, cut: bool, bodies: Vec<Vec<Step>>, first: usize) -> Note {
        let gauge = Arc::default();
        let mut set = JoinSet::new();
        for future in self.numbered(bodies, first, &gauge) {
            set.insert(self.world.spawn(future));
        }
        let mut order = Vec::new();
        while let Some(place) = set.join_next().await {
            order.push(place.expect("nobody aborts it, and no body of a set panics"));
            if cut {
                break;
            }
        }
        Note::Order(order, gauge[1].load(Ordering::SeqCst))
    }

    async fn scope(&self, borrowing: usize, cancels: Option<u8>, bodies: Vec<Vec<Step>>, first: usize) -> Note {
        let (gauge, watch) = (Arc::default(), Watch::new(&self.world.late));
        let mut within = self.numbered(bodies, first, &gauge);
        let tasks = within.split_off(within.len().min(borrowing));
        let order = Arc::new(Mutex::new(Vec::new()));
        let over = watch.at_drop();
        in_scope(self.world.clone(), watch, order.clone(), within, tasks, cancels).await;
        drop(over);
        let order = std::mem::take(&mut *order.lock().unwrap_or_else(PoisonError::into_inner));
        Note::Order(order, gauge[1].load(Ordering::SeqCst))
    }
}

/// Runs the children of a scope; those that are done are noted in `order`.
///
/// Those polled within the scope borrow nothing here, and the body is a closure that returns a boxed future for a scope of any
/// lifetime: of others the compiler cannot tell that the scope's future is `Send` ("not general enough"). In runs they borrow.
async fn in_scope(
    world: Arc<World>,
    watch: Arc<Watch>,
    order: Arc<Mutex<Vec<u8>>>,
    within: Vec<BoxFuture<'static, u8>>,
    tasks: Vec<BoxFuture<'static, u8>>,
    cancels: Option<u8>,
) {
    let census = world.census.clone();
    let body = for_any_lifetime(move |scope| {
        Box::pin(async move {
            for child in within {
                let (child, order) = (watch.borrowing(child), order.clone());
                drop(scope.enclose(census.watch(async move { note(&order, child.await) })));
            }
            for child in tasks {
                let (child, order) = (watch.separate(child), order.clone());
                drop(scope.spawn(census.watch(async move { note(&order, child.await) })));
            }
            let Some(yields) = cancels else { return };
            for _ in 0..yields {
                yield_now().await;
            }
            // A child may be in a poll on another thread until this is done.
            scope.cancel().await;
            watch.ends();
        })
    });
    scope_across(&world.pool, body).await;
}

fn for_any_lifetime<F: for<'a> FnOnce(Scope<'a, AnyThread>) -> BoxFuture<'a, ()>>(body: F) -> F {
    body
}

fn note(order: &Mutex<Vec<u8>>, done: u8) {
    order.lock().unwrap_or_else(PoisonError::into_inner).push(done);
}

/// Sends that many bytes through a channel with room for four, and returns how many arrived as they were sent.
async fn stream(bytes: u8) -> u64 {
    let (sender, mut receiver) = mpsc::channel(4);
    let send = async move {
        for byte in 0..bytes {
            sender.send(byte).await.expect("the receiver waits for the end");
        }
    };
    let receive = async {
        let mut count = 0;
        while let Some(byte) = receiver.recv().await {
            count += u64::from(u64::from(byte) == count);
        }
        count
    };
    join(send, receive).await.1
}
