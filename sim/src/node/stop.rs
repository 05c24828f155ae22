//! Stopping a node gracefully: it is told, its tasks may end, and what is left after a while is killed.
//!
//! Who asks awaits a [`Stop`]; who is asked awaits a [`StopRequested`], which stands where a program has its signal handler. So
//! neither the start function nor any library takes an argument more, and tasks that a library spawned are among those that
//! are waited for. (The other design hands a token to the start function: then whoever is to see it has to be given it, and
//! nothing is known of tasks that were not.)

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reveille_executor::TaskId;
use reveille_reactor::net::NodeId;

use super::Node;
use crate::context;
use crate::finding::TaskInfo;
use crate::run::{Run, RunId};
use crate::spin::visit;
use crate::task::misused;
use crate::time::{Timeout, timeout};

/// Who has been told to stop in a run, and who waits for what comes of it.
#[derive(Debug, Default)]
pub(crate) struct Stops {
    /// Somebody waits until all tasks of a node have ended.
    awaited: Cell<bool>,
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Counts stops, and those who wait.
    next: u64,
    /// By node: the number of the stop that is under way.
    told: BTreeMap<NodeId, u64>,
    /// By stop: how many tasks a crash, which was faster, took.
    taken: BTreeMap<u64, usize>,
    /// Who waits to be told, by number.
    listeners: BTreeMap<u64, (NodeId, Waker)>,
    /// Who waits until all tasks of a node have ended, by number.
    waiters: BTreeMap<u64, (NodeId, Waker)>,
}

/// Those of `waiting` that wait for `node`.
fn take(waiting: &mut BTreeMap<u64, (NodeId, Waker)>, node: NodeId) -> Vec<Waker> {
    let (of_node, others) = std::mem::take(waiting).into_iter().partition(|(_, (its, _))| *its == node);
    *waiting = others;
    let of_node: BTreeMap<_, (NodeId, Waker)> = of_node;
    of_node.into_values().map(|(_, waker)| waker).collect()
}

impl Stops {
    /// Notes that `node` is told to stop. Returns the number of the stop, and whom to wake.
    fn tell(&self, node: NodeId) -> (u64, Vec<Waker>) {
        let mut inner = self.inner.borrow_mut();
        let stop = match inner.told.get(&node) {
            Some(stop) => *stop,
            None => inner.number(),
        };
        inner.told.insert(node, stop);
        (stop, take(&mut inner.listeners, node))
    }

    pub(super) fn is_told(&self, node: NodeId) -> bool {
        self.inner.borrow().told.contains_key(&node)
    }

    /// The node crashes, with so many tasks, or has stopped. Returns whom to wake.
    pub(super) fn end(&self, node: NodeId, tasks: usize) -> Vec<Waker> {
        let mut inner = self.inner.borrow_mut();
        let Some(stop) = inner.told.remove(&node) else { return Vec::new() };
        inner.taken.insert(stop, tasks);
        take(&mut inner.waiters, node)
    }

    /// What came of a stop; `None` while it is under way.
    fn came_to(&self, node: NodeId, stop: u64) -> Option<usize> {
        let inner = self.inner.borrow();
        (inner.told.get(&node) != Some(&stop)).then(|| inner.taken.get(&stop).copied().unwrap_or(0))
    }

    /// Forgets all, for the next run.
    pub(crate) fn clear(&self) {
        self.awaited.set(false);
        // All that is noted has a number. Dropped outside of the borrow: a waker may be anybody's code.
        if self.inner.borrow().next > 0 {
            drop(self.inner.take());
        }
    }
}

impl Inner {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Puts `waker` in the place of the one under `number`, or under a new one. Returns that, and what is to be dropped.
    fn wait(&mut self, which: Which, number: Option<u64>, node: NodeId, waker: Waker) -> (u64, Option<Waker>) {
        let number = number.unwrap_or_else(|| self.number());
        let before = self.waiting(which).insert(number, (node, waker));
        (number, before.map(|(_, waker)| waker))
    }

    fn waiting(&mut self, which: Which) -> &mut BTreeMap<u64, (NodeId, Waker)> {
        match which {
            Which::ToBeTold => &mut self.listeners,
            Which::UntilAllEnded => &mut self.waiters,
        }
    }
}

/// For what somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    ToBeTold,
    UntilAllEnded,
}

/// A place among those who wait.
#[derive(Debug)]
struct Registered {
    which: Which,
    run: RunId,
    number: Option<u64>,
}

impl Registered {
    fn wait(&mut self, run: &Run, node: NodeId, context: &Context<'_>) {
        // Cloned and dropped outside of the borrow, for the same reason as above.
        let waker = context.waker().clone();
        let (number, before) = run.nodes.stops.inner.borrow_mut().wait(self.which, self.number, node, waker);
        drop(before);
        self.number = Some(number);
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let left = context::try_with(|run| {
            if run.id() != self.run {
                return None;
            }
            run.nodes.stops.inner.borrow_mut().waiting(self.which).remove(&number)
        });
        drop(left);
    }
}

impl Run {
    /// `task` has ended: perhaps the last of a node that is to stop.
    pub(crate) fn task_ended(&self, task: TaskId) {
        if !self.nodes.stops.awaited.get() {
            return;
        }
        let node = self.nodes.current(Some(task));
        if self.nodes.stops.is_told(node) && self.nodes.alive(node) == 0 {
            let waiters = take(&mut self.nodes.stops.inner.borrow_mut().waiters, node);
            waiters.into_iter().for_each(Waker::wake);
        }
    }
}

impl Node {
    /// Asks the node to stop, as `SIGTERM` does a process: at once, not when this is first polled. Its tasks learn of it by
    /// [`stop_requested`] and [`is_stopping`](Self::is_stopping), and may end. The result says whether all of them did within `grace`;
    /// those that did not are [crashed](Self::crash) then. Where all did nothing is lost: what was written is on the disk, and
    /// connections end as their tasks ended them.
    ///
    /// A node that is [paused](Self::pause) hears of it when it goes on, and is crashed all the same when its time is over. A stop
    /// that is dropped has asked, and crashes nothing.
    ///
    /// # Panics
    /// On the node `main`, whose first task is the test itself.
    ///
    /// ```
    /// use reveille::{node, time::{Duration, sleep}};
    ///
    /// reveille::explore()
    ///     .run(|| async {
    ///         let db = node("db");
    ///         db.start(|| async {
    ///             reveille::node::stop_requested().await;
    ///             sleep(Duration::from_secs(3)).await; // what is under way is finished
    ///         });
    ///         sleep(Duration::from_secs(1)).await;
    ///         db.stop(Duration::from_secs(5)).await.expect("it stops in time");
    ///         db.restart();
    ///         sleep(Duration::from_secs(1)).await;
    ///         assert_eq!(db.stop(Duration::from_secs(2)).await.unwrap_err().tasks(), 1);
    ///     })
    ///     .unwrap();
    /// ```
    #[track_caller]
    pub fn stop(self, grace: Duration) -> Stop {
        assert!(self.id != NodeId::default(), "the node `main` cannot be stopped: the test itself runs on it");
        let stop = self.with("Node::stop", |run| {
            run.nodes.trouble.leave(self.id);
            run.tell_of_node(self.id, "is told to stop");
            run.nodes.stops.awaited.set(true);
            let (stop, told) = run.nodes.stops.tell(self.id);
            told.into_iter().for_each(Waker::wake);
            stop
        });
        let place = Registered { which: Which::UntilAllEnded, run: self.run, number: None };
        Stop { node: self, ended: timeout(grace, AllEnded { node: self, stop, place }) }
    }

    /// Whether it has been told to [stop](Self::stop), and still runs.
    ///
    /// ```
    /// use reveille::{node, time::{Duration, sleep}};
    ///
    /// /// Looks between its pieces of work whether there is to be another.
    /// async fn work() {
    ///     while !node("db").is_stopping() {
    ///         sleep(Duration::from_secs(1)).await;
    ///     }
    /// }
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let db = node("db");
    /// db.start(work);
    /// sleep(Duration::from_secs(10)).await;
    /// assert!(!db.is_stopping());
    /// db.stop(Duration::from_secs(5)).await.unwrap();
    /// assert!(!db.is_stopping()); // it has stopped
    /// # }).unwrap();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn is_stopping(self) -> bool {
        self.with("Node::is_stopping", |run| run.nodes.stops.is_told(self.id))
    }
}

/// The future of [`Node::stop`].
///
/// ```
/// use reveille::{node, time::{Duration, sleep}};
///
/// # reveille::explore().runs(10).run(|| async {
/// let db = node("db");
/// drop(db.spawn(sleep(Duration::from_secs(3))));
/// let stop = db.stop(Duration::from_secs(5)); // it is told at once
/// assert!(db.is_stopping());
/// stop.await.unwrap(); // what it had to do took three seconds
/// assert_eq!(reveille::time::since_start(), Some(Duration::from_secs(3)));
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "without being awaited it crashes nothing when the grace is over"]
pub struct Stop {
    node: Node,
    ended: Timeout<AllEnded>,
}

impl Future for Stop {
    type Output = Result<(), Killed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = std::task::ready!(Pin::new(&mut self.ended).poll(context));
        let node = self.node;
        let crash = |run: &Run| {
            let left = run.nodes.left(node.id).take(Killed::SHOWN_MAX);
            let left = left.map(|task| TaskInfo::with_wakers(run, task, 0).to_string()).collect();
            let tasks = run.crash(node.id);
            run.end_if_refused();
            Killed { tasks, left }
        };
        let killed = match ended {
            Ok(tasks) => Killed { tasks, left: Vec::new() },
            Err(_late) => node.with("Stop", crash),
        };
        Poll::Ready(if killed.tasks == 0 { Ok(()) } else { Err(killed) })
    }
}

/// Completes when all tasks of a node that was told to stop have ended, with how many of them a crash took.
#[derive(Debug)]
struct AllEnded {
    node: Node,
    stop: u64,
    place: Registered,
}

impl Future for AllEnded {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
        let AllEnded { node, stop, place } = &mut *self;
        node.with("Stop", |run| {
            let stops = &run.nodes.stops;
            if let Some(tasks) = stops.came_to(node.id, *stop) {
                return Poll::Ready(tasks);
            }
            if run.nodes.alive(node.id) == 0 {
                run.has_stopped(node.id);
                return Poll::Ready(0);
            }
            place.wait(run, node.id, context);
            Poll::Pending
        })
    }
}

/// A node had to be killed, since not all of its tasks had ended in time; see [`Node::stop`]. Its text names the tasks, and where
/// they were spawned.
///
/// ```
/// use reveille::{node, time::Duration};
///
/// reveille::explore()
///     .run(|| async {
///         drop(node("db").spawn(std::future::pending::<()>()));
///         let killed = node("db").stop(Duration::from_secs(5)).await.unwrap_err();
///         assert_eq!(killed.tasks(), 1);
///         assert!(killed.to_string().contains("killed: task 1 on `db` (spawned at "), "{killed}");
///     })
///     .unwrap();
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Killed {
    tasks: usize,
    /// The first of them, as reports name them; none if a [crash](Node::crash) was faster.
    left: Vec<String>,
}

impl Killed {
    /// So many tasks are named.
    const SHOWN_MAX: usize = 6;

    /// How many tasks were left.
    ///
    /// ```
    /// use reveille::{node, time::Duration};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// for _ in 0..3 {
    ///     drop(node("db").spawn(std::future::pending::<()>()));
    /// }
    /// drop(node("db").spawn(async {})); // ends in time
    /// assert_eq!(node("db").stop(Duration::from_secs(1)).await.unwrap_err().tasks(), 3);
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks
    }
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the node did not stop in time: {} of its tasks were killed", self.tasks)?;
        if self.left.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.left.join(", "))?;
        match self.tasks - self.left.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// As `Display` has it: that is what `unwrap` and `expect` print.
impl fmt::Debug for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Killed({self})")
    }
}

impl std::error::Error for Killed {}

/// Waits until the node on which it is polled first is told to [stop](Node::stop); for ever on one that never is.
///
/// # Panics
/// Outside of a run.
///
/// ```
/// use futures::{FutureExt, future::{Either, select}, pin_mut};
/// use reveille::net::TcpListener;
/// use reveille::node::{node, stop_requested};
///
/// async fn serve() {
///     let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
///     let stop = stop_requested();
///     pin_mut!(stop);
///     loop {
///         let accept = listener.accept();
///         pin_mut!(accept);
///         match select(stop.as_mut(), accept).await {
///             Either::Left(_) => break, // connections that are open are served to their ends
///             Either::Right((stream, _)) => drop(reveille::spawn(async move { drop(stream) })),
///         }
///     }
/// }
///
/// reveille::explore()
///     .run(|| async {
///         node("web").start(serve);
///         reveille::time::sleep(std::time::Duration::from_secs(1)).await;
///         node("web").stop(std::time::Duration::from_secs(30)).await.unwrap();
///     })
///     .unwrap();
/// ```
#[track_caller]
pub fn stop_requested() -> StopRequested {
    let run = context::with("reveille::node::stop_requested", Run::id);
    StopRequested { node: None, place: Registered { which: Which::ToBeTold, run, number: None }, is_done: false }
}

/// The future of [`stop_requested`].
///
/// ```
/// use reveille::{node, node::stop_requested, time::Duration};
///
/// # reveille::explore().runs(10).run(|| async {
/// let db = node("db");
/// let told = db.spawn(async { stop_requested().await });
/// db.stop(Duration::from_secs(5)).await.unwrap();
/// told.await.unwrap(); // it ended of its own accord, and was not killed
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct StopRequested {
    node: Option<NodeId>,
    place: Registered,
    is_done: bool,
}

impl Future for StopRequested {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.is_done {
            misused("StopRequested");
        }
        let told = context::with("reveille::node::stop_requested", |run| {
            assert!(run.id() == this.place.run, "a `StopRequested` was polled outside the run that it was made in");
            let node = *this.node.get_or_insert_with(|| run.nodes.current(run.current()));
            if run.nodes.stops.is_told(node) {
                return true;
            }
            visit(run, "stop request");
            this.place.wait(run, node, context);
            false
        });
        this.is_done = told;
        if told { Poll::Ready(()) } else { Poll::Pending }
    }
}
