//! Performs a program in a run of reveille, on the locks, channels and streams that users have.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::{Either, FutureExt, LocalBoxFuture, join, select, try_join};
use futures::stream::{self, FuturesUnordered, StreamExt};
use futures::{AsyncReadExt, AsyncWriteExt};
use reveille::cancel::cancellable;
use reveille::net::{TcpListener, TcpStream};
use reveille::{JoinError, JoinHandle, JoinSet, scope, spawn, time, yield_now};
use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};

use crate::protocol::{Census, Output};

use super::defect::Defect;
use super::scoped::Watch;
use super::{COUNTERS, Ended, Mark, Note, Outcome, PERMITS, Program, Step, Then, size};

/// Whether the run may drop the program's tasks.
///
/// ```
/// use reveille_properties::program::{Ended, Interpreter, Mode, Program, Step};
///
/// let interpreter = Interpreter { mode: Mode::Cuttable, ..Interpreter::default() };
/// reveille::explore()
///     .run(move || {
///         let interpreter = interpreter.clone();
///         async move {
///             let outcome = interpreter.perform(Program { tasks: vec![vec![Step::Yield]] }).await;
///             reveille::sometimes!(outcome.tasks == [Ended::Completed], "it is let alone");
///             reveille::sometimes!(outcome.tasks == [Ended::Cancelled], "it is dropped");
///         }
///     })
///     .unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Tasks end as the program says.
    #[default]
    Uncut,
    /// Each task of the program is [`cancellable`]: dropped at any of its awaits, where the run decides so. The program is to
    /// be [tame for that](Program::tame_for_cuts).
    Cuttable,
}

/// How to perform programs.
///
/// ```
/// use reveille_properties::program::{Interpreter, Program, Step};
///
/// reveille::explore()
///     .run(|| async {
///         let twice = Program { tasks: vec![vec![Step::Increment(0)], vec![Step::Increment(0)]] };
///         assert_eq!(Interpreter::default().perform(twice).await.counters, [2, 0, 0]);
///     })
///     .unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Interpreter {
    /// Whether the run may drop tasks.
    pub mode: Mode,
    /// A mistake to make.
    pub defect: Option<Defect>,
    /// Watches over the future of each task that is spawned.
    pub census: Arc<Census>,
}

impl Interpreter {
    /// Performs `program`.
    ///
    /// # Panics
    /// Outside of a run of reveille.
    pub async fn perform(&self, program: Program) -> Outcome {
        let world = Rc::new(World::new(program.steps(), self.census.clone()));
        let (sender, mut sent) = mpsc::channel(2);
        let (poster, mut posted) = mpsc::unbounded_channel();
        let player = Player { world: world.clone(), sender, poster, defect: self.defect };
        let mut first = 0;
        let mut tasks = Vec::new();
        for body in program.tasks {
            let steps = size(&body);
            let body = player.clone().perform(body, first);
            let (mode, output) = (self.mode, world.census.output(first));
            tasks.push((
                first,
                world.spawn(async move {
                    if mode == Mode::Cuttable {
                        return cancellable(body).await.map(|()| output);
                    }
                    body.await;
                    Some(output)
                }),
            ));
            first += steps;
        }
        drop(player);
        // Every body holds senders, so both streams end when all bodies have.
        let sent = stream::poll_fn(|context| sent.poll_recv(context)).collect();
        let posted = stream::poll_fn(|context| posted.poll_recv(context)).collect();
        let (sent, posted) = join(sent, posted).await;
        let mut ended = Vec::new();
        for (first, task) in tasks {
            ended.push(match task.await {
                Ok(None) => Ended::Cancelled,
                Ok(Some(output)) => how(&Ok(output), first),
                Err(error) => how(&Err(error), first),
            });
        }
        Outcome {
            marks: world.marks.take(),
            tasks: ended,
            counters: world.counters.each_ref().map(Cell::get),
            sent,
            posted,
            permits_max: world.permits_max.get(),
            late: world.late.load(Ordering::SeqCst),
        }
    }
}

/// How the task ended whose steps begin at `first`.
pub(super) fn how(result: &Result<Output, JoinError>, first: usize) -> Ended {
    match result {
        Ok(output) => {
            assert_eq!(output.number(), first, "the join of one task returned the output of another");
            Ended::Completed
        }
        Err(error) if error.is_panic() => Ended::Panicked,
        Err(_) => Ended::Cancelled,
    }
}

/// What the tasks of one program share.
struct World {
    marks: RefCell<Vec<Mark>>,
    counters: [Cell<u64>; COUNTERS as usize],
    locks: [Mutex<()>; COUNTERS as usize],
    semaphore: Semaphore,
    permits: Cell<usize>,
    permits_max: Cell<usize>,
    late: Arc<AtomicU64>,
    census: Arc<Census>,
}

impl World {
    fn new(steps: usize, census: Arc<Census>) -> Self {
        Self {
            census,
            marks: RefCell::new(vec![Mark::Unreached; steps]),
            counters: Default::default(),
            locks: Default::default(),
            semaphore: Semaphore::new(PERMITS),
            permits: Cell::new(0),
            permits_max: Cell::new(0),
            late: Arc::default(),
        }
    }

    fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        spawn(self.census.watch(future))
    }
}

/// Counts itself while it exists.
struct Gauge<'a>(&'a Cell<usize>);

impl<'a> Gauge<'a> {
    fn enter(now: &'a Cell<usize>, most: &Cell<usize>) -> Self {
        now.set(now.get() + 1);
        most.set(most.get().max(now.get()));
        Self(now)
    }
}

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Performs bodies. Each body has one of its own.
#[derive(Clone)]
struct Player {
    world: Rc<World>,
    sender: mpsc::Sender<(usize, u8)>,
    poster: mpsc::UnboundedSender<(usize, u8)>,
    defect: Option<Defect>,
}

impl Player {
    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Does `body`, whose first step has the number `first`.
    fn perform(self, body: Vec<Step>, first: usize) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            let mut number = first;
            for step in body {
                let next = number + step.size();
                self.world.marks.borrow_mut()[number] = Mark::Begun;
                let note = self.step(step, number).await;
                self.world.marks.borrow_mut()[number] = Mark::Done(note);
                number = next;
            }
        })
    }

    async fn step(&self, step: Step, number: usize) -> Note {
        match step {
            Step::Yield => yield_now().await,
            Step::Sleep(millis) => time::sleep(Duration::from_millis(millis.into())).await,
            Step::Increment(counter) => self.increment(counter.into()).await,
            Step::Permit => self.permit().await,
            Step::Send(value) if self.has(Defect::SendDropped) => drop(self.sender.try_send((number, value))),
            Step::Send(value) => self.sender.send((number, value)).await.expect("the root receives to the end"),
            Step::Post(value) => {
                let twice = self.has(Defect::PostTwice) && value % 4 == 0;
                for _ in 0..=usize::from(twice) {
                    self.poster.send((number, value)).expect("the root receives to the end");
                }
            }
            Step::Ask(value) => return Note::Received(self.ask(value).await.into()),
            Step::Notified => self.notified().await,
            Step::Stream(bytes) => {
                let lost = u64::from(self.has(Defect::StreamCut) && bytes > 0);
                return Note::Received(stream(bytes).await.expect("the network has no faults") - lost);
            }
            Step::Panic if self.has(Defect::PanicSwallowed) => {}
            Step::Panic => std::panic::resume_unwind(Box::new("planned")),
            Step::Spawn(then, body) => return self.spawn(then, body, number + 1).await,
            Step::Timeout(millis, body) => return self.timeout(millis, body, number + 1).await,
            Step::Select { left, right, keep } => return self.select(left, right, keep, number + 1).await,
            Step::Unordered(bodies) => return self.unordered(bodies, number + 1).await,
            Step::Buffered(at_once, bodies) => return self.buffered(at_once, bodies, number + 1).await,
            Step::Set { cut, bodies } => return self.set(cut, bodies, number + 1).await,
            Step::Scope { borrowing, cancels, bodies } => {
                return self.scope(borrowing.into(), cancels, bodies, number + 1).await;
            }
        }
        Note::Plain
    }

    async fn increment(&self, counter: usize) {
        let lock = &self.world.locks[counter];
        let _held = if self.has(Defect::LostUpdate) { None } else { Some(lock.lock().await) };
        let read = self.world.counters[counter].get();
        yield_now().await;
        self.world.counters[counter].set(read + 1);
    }

    async fn permit(&self) {
        let waits = !self.has(Defect::Overadmitted);
        let _permit = if waits { self.world.semaphore.acquire().await.ok() } else { None };
        let _gauge = Gauge::enter(&self.world.permits, &self.world.permits_max);
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
        let notify = Rc::new(Notify::new());
        let other = notify.clone();
        drop(self.world.spawn(async move { other.notify_one() }));
        notify.notified().await;
    }

    async fn spawn(&self, then: Then, body: Vec<Step>, first: usize) -> Note {
        let (body, output) = (self.clone().perform(body, first), self.world.census.output(first));
        let task = self.world.spawn(async move {
            body.await;
            output
        });
        match then {
            Then::Detach => {
                if self.has(Defect::DetachAborts) {
                    task.abort();
                }
                return Note::Plain;
            }
            Then::Join if self.has(Defect::EarlyJoin) => {
                yield_now().await;
                return Note::Joined(Ended::Completed);
            }
            Then::Join => {}
            Then::Abort(yields) => {
                for _ in 0..yields {
                    yield_now().await;
                }
                if self.has(Defect::AbortForgotten) {
                    return Note::Joined(if task.is_finished() { Ended::Completed } else { Ended::Cancelled });
                }
                task.abort();
            }
        }
        Note::Joined(how(&task.await, first))
    }

    async fn timeout(&self, millis: u8, body: Vec<Step>, first: usize) -> Note {
        let body = self.clone().perform(body, first);
        if self.has(Defect::NoTimeout) {
            body.await;
            return Note::Elapsed(false);
        }
        Note::Elapsed(time::timeout(Duration::from_millis(millis.into()), body).await.is_err())
    }

    async fn select(&self, left: Vec<Step>, right: Vec<Step>, keep: bool, first: usize) -> Note {
        let second = first + size(&left);
        let (left, right) = (self.clone().perform(left, first), self.clone().perform(right, second));
        let (winner, loser) = match select(left, right).await {
            Either::Left(((), right)) => (0, right),
            Either::Right(((), left)) => (1, left),
        };
        if keep && !self.has(Defect::KeptLoserDropped) {
            loser.await;
        } else if self.has(Defect::LoserRunsOn) {
            drop(self.world.spawn(loser));
        }
        Note::First(winner)
    }

    /// The futures that do `bodies`; each gives its place, and counts in the gauge while it is under way.
    fn numbered(
        &self,
        bodies: Vec<Vec<Step>>,
        mut first: usize,
        gauge: &Rc<[Cell<usize>; 2]>,
    ) -> Vec<LocalBoxFuture<'static, u8>> {
        let mut futures: Vec<LocalBoxFuture<'static, u8>> = Vec::new();
        for (body, place) in bodies.into_iter().zip(0..) {
            let steps = size(&body);
            let (player, gauge, begin) = (self.clone(), gauge.clone(), first);
            futures.push(Box::pin(async move {
                let _gauge = Gauge::enter(&gauge[0], &gauge[1]);
                player.perform(body, begin).await;
                place
            }));
            first += steps;
        }
        futures
    }

    async fn unordered(&self, bodies: Vec<Vec<Step>>, first: usize) -> Note {
        let gauge = Rc::default();
        let mut futures = self.numbered(bodies, first, &gauge);
        if self.has(Defect::UnorderedShort) && futures.len() > 1 {
            futures.pop();
        }
        let order = futures.into_iter().collect::<FuturesUnordered<_>>().collect().await;
        Note::Order(order, gauge[1].get())
    }

    async fn buffered(&self, at_once: u8, bodies: Vec<Vec<Step>>, first: usize) -> Note {
        let gauge = Rc::default();
        let at_once = if self.has(Defect::BufferedAll) { bodies.len().max(1) } else { at_once.into() };
        let order = stream::iter(self.numbered(bodies, first, &gauge)).buffered(at_once).collect().await;
        Note::Order(order, gauge[1].get())
    }

    async fn set(&self, cut: bool, bodies: Vec<Vec<Step>>, first: usize) -> Note {
        let gauge = Rc::default();
        let mut set = JoinSet::new();
        for future in self.numbered(bodies, first, &gauge) {
            set.spawn(self.world.census.watch(future));
        }
        let mut order = Vec::new();
        while let Some(place) = set.join_next().await {
            order.push(place.expect("nobody aborts it, and no body of a set panics"));
            if cut {
                break;
            }
        }
        Note::Order(order, gauge[1].get())
    }

    async fn scope(&self, borrowing: usize, cancels: Option<u8>, bodies: Vec<Vec<Step>>, first: usize) -> Note {
        let (gauge, watch) = (Rc::default(), Watch::new(&self.world.late));
        let mut within = self.numbered(bodies, first, &gauge);
        let tasks = within.split_off(within.len().min(borrowing));
        // The tasks own what they write to, the others borrow it.
        let (order, spared) = (Rc::new(RefCell::new(Vec::new())), RefCell::new(None));
        let over = watch.at_drop();
        scope(async |scope| {
            for child in within {
                let (order, spared) = (&*order, &spared);
                let child = watch.borrowing(child);
                drop(scope.enclose(self.world.census.watch(async move {
                    let done = self.unless_spared(child, spared).await;
                    order.borrow_mut().extend(done);
                })));
            }
            for child in tasks {
                let (order, child) = (order.clone(), watch.separate(child));
                let child = self.world.census.watch(async move {
                    let done = child.await;
                    order.borrow_mut().push(done);
                });
                if self.has(Defect::ScopeOutlived) {
                    drop(spawn(child));
                } else {
                    drop(scope.spawn(child));
                }
            }
            let Some(yields) = cancels else { return };
            for _ in 0..yields {
                yield_now().await;
            }
            let cancel = (!self.has(Defect::CancelSpares)).then(|| scope.cancel());
            watch.ends();
            if let Some(cancel) = cancel {
                cancel.await;
            }
        })
        .await;
        drop(over);
        if let Some(panic) = spared.take() {
            resume_unwind(panic);
        }
        Note::Order(order.take(), gauge[1].get())
    }

    /// The output of a child; its panic is put aside if it is to spare the others.
    async fn unless_spared(
        &self,
        child: impl Future<Output = u8>,
        spared: &RefCell<Option<Box<dyn Any + Send>>>,
    ) -> Option<u8> {
        if !self.has(Defect::PanicSpares) {
            return Some(child.await);
        }
        let ended = AssertUnwindSafe(child).catch_unwind().await;
        ended.map_err(|panic| spared.replace(Some(panic))).ok()
    }
}

/// Sends that many bytes over a connection, and returns how many arrived as they were sent.
async fn stream(bytes: u8) -> io::Result<u64> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let ((mut receiver, _), mut sender) = try_join(listener.accept(), TcpStream::connect(address)).await?;
    let written: Vec<u8> = (0..bytes).collect();
    let send = async {
        sender.write_all(&written).await?;
        sender.close().await
    };
    let mut read = Vec::new();
    try_join(send, receiver.read_to_end(&mut read)).await?;
    Ok(read.iter().zip(&written).take_while(|(read, written)| read == written).count() as u64)
}
