//! Fairness: how long a task waits for its turn, and who is served before whom.
//!
//! Between a task's wake and its poll others are polled: how many is up to the executor, and in a run up to the schedule, which passes tasks
//! over on purpose. So a bound on it is a property of a program *under a strategy*: of the fair schedule (seed 0), of the policy of a
//! pool (`workers:4`), or generously of any. It is measured in the runs that are repeated to be compared, and an oracle if
//! [asked for](Explore::wake_to_poll_max).
//!
//! Between waiters of the program's own the order is known to the program only; a [`Line`] is where it says so.
//!
//! ```
//! use std::{cell::Cell, rc::Rc};
//!
//! use reveille::{FindingKind, explore, fair::Line, spawn, yield_now};
//!
//! /// Served is whoever looks when nobody else is: who came first has nothing of it.
//! async fn serve(is_busy: Rc<Cell<bool>>, line: Line) {
//!     let place = line.join();
//!     while is_busy.replace(true) {
//!         yield_now().await;
//!     }
//!     place.served();
//!     yield_now().await;
//!     is_busy.set(false);
//! }
//!
//! let failure = explore()
//!     .run(|| async {
//!         let (is_busy, line) = (Rc::default(), Line::new("counter", 1));
//!         for _ in 0..5 {
//!             drop(spawn(serve(Rc::clone(&is_busy), line.clone())));
//!         }
//!     })
//!     .unwrap_err();
//! assert_eq!(failure.kind(), Some(FindingKind::Unfairness));
//! ```

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reveille_executor::{INJECTOR_INTERVAL, TaskId};

use crate::context;
use crate::event::Event;
use crate::explore::Explore;
use crate::finding::TaskInfo;
use crate::run::{Run, Site};
use crate::site;

/// The longest that a task waited between its wake and its poll.
///
/// ```
/// let passed = reveille::explore().strategy("random").run(|| async {
///     drop(reveille::spawn(reveille::yield_now()));
///     reveille::yield_now().await;
/// });
/// let longest = passed.unwrap().longest_wait.unwrap();
/// assert!(longest.polls >= 1);
/// println!("{longest}"); // so many polls of others, and of which task
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LongestWait {
    /// How many polls others had meanwhile.
    pub polls: u64,
    /// Which task it was, and where it was spawned.
    pub task: String,
    /// The number of the run.
    pub run: u64,
}

impl std::fmt::Display for LongestWait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { polls, task, run } = self;
        write!(f, "{polls} polls of others between wake and poll, of {task}, in run {run}")
    }
}

/// Who waits for a turn, and since when.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    polls: u64,
    /// By the number of the task: how many polls there had been when it was woken, if it waits.
    since: Vec<Option<u64>>,
}

impl Waits {
    /// The next event; if it is a poll, whose it is and how many polls others had since the task was woken.
    pub(crate) fn event(&mut self, event: &Event) -> Option<(TaskId, u64)> {
        match *event {
            Event::Spawned { task, .. } | Event::Woken { task, .. } | Event::Continued { task } => {
                let index = task.index();
                if index >= self.since.len() {
                    self.since.resize(index + 1, None);
                }
                self.since[index].get_or_insert(self.polls);
                None
            }
            Event::Polled { task } => {
                let waited = self.take(task).map(|since| (task, self.polls - since));
                self.polls += 1;
                waited
            }
            // Nobody owes a turn to who is paused.
            Event::Ended { task, .. } | Event::Suspended { task } => {
                self.take(task);
                None
            }
            _ => None,
        }
    }

    fn take(&mut self, task: TaskId) -> Option<u64> {
        self.since.get_mut(task.index())?.take()
    }
}

/// The wait in `world`'s run, by its name, if it is longer than `known`. To name a task takes longer than to perform a short run, so
/// only a new record is named.
pub(crate) fn named(wait: Option<Wait>, world: &Run, run: u64, known: Option<&LongestWait>) -> Option<LongestWait> {
    let Wait { polls, task: Reverse(task) } = wait?;
    if polls <= known.map_or(0, |known| known.polls) {
        return None;
    }
    Some(LongestWait { polls, task: TaskInfo::with_wakers(world, task, 0).to_string(), run })
}

/// The longer of two, and of two alike that of the earlier run.
pub(crate) fn longer(one: Option<LongestWait>, other: Option<LongestWait>) -> Option<LongestWait> {
    let key = |wait: &LongestWait| (wait.polls, Reverse(wait.run));
    one.into_iter().chain(other).max_by_key(key)
}

/// How long a task waited for its turn. Ordered by length; of two alike the one of the earlier task is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wait {
    polls: u64,
    task: Reverse<TaskId>,
}

/// Measures waits in a run, and says so if one is longer than allowed.
#[derive(Debug)]
pub(crate) struct Meter {
    polls_max: Option<u64>,
    waits: RefCell<Waits>,
    longest: Cell<Option<Wait>>,
}

impl Meter {
    pub(crate) fn new(polls_max: Option<u64>) -> Self {
        Self { polls_max, waits: RefCell::default(), longest: Cell::new(None) }
    }

    pub(crate) fn clear(&self) {
        self.waits.take();
        self.longest.set(None);
    }

    pub(crate) fn longest(&self) -> Option<Wait> {
        self.longest.get()
    }

    pub(crate) fn event(&self, run: &Run, event: &Event) {
        let Some((task, polls)) = self.waits.borrow_mut().event(event) else { return };
        self.longest.set(self.longest.get().max(Some(Wait { polls, task: Reverse(task) })));
        if let Some(polls_max) = self.polls_max.filter(|polls_max| polls > *polls_max) {
            run.notes.unfair(vec![
                format!("{} was woken, and {polls} polls of others came before its own", TaskInfo::of(run, task)),
                format!("the test allows {polls_max}: `explore().wake_to_poll_max(..)`, and none is the default"),
            ]);
        }
    }
}

impl Explore {
    /// Makes it a finding that, between a task's wake and its poll, others have more than `polls` polls. Off by default: schedules pass
    /// tasks over on purpose, and only programs that bound the number of their tasks can promise anything.
    ///
    /// For the fair schedule alone, with `seed(0).runs(1)`, the number of tasks is a bound; under `workers:n` it is what the pool
    /// promises, [`fair::pool_wait_max`](crate::fair::pool_wait_max).
    ///
    /// ```
    /// use reveille::{FindingKind, explore, spawn, yield_now};
    ///
    /// async fn crowd() {
    ///     let tasks: Vec<_> = (0..9).map(|_| spawn(async { yield_now().await })).collect();
    ///     for task in tasks {
    ///         task.await.unwrap();
    ///     }
    /// }
    /// let fair = || explore().seed(0).runs(1);
    /// assert!(fair().wake_to_poll_max(9).run(crowd).is_ok());
    /// assert_eq!(fair().wake_to_poll_max(4).run(crowd).unwrap_err().kind(), Some(FindingKind::Unfairness));
    /// ```
    ///
    /// # Errors
    /// From [`run`](Self::run): if `polls` is 0, or not below the limit of polls, so that it could never be passed.
    pub fn wake_to_poll_max(mut self, polls: u64) -> Self {
        self.wake_to_poll_max = Some(polls);
        self
    }
}

/// What the policy of a pool with so many `workers` promises to programs of up to so many `tasks`, 256 at most: how many polls others have
/// between a task's wake and its own poll, under the strategy `workers:n`. For [`Explore::wake_to_poll_max`].
///
/// A worker hands an entry out within `61 (R/n + 1) + 2·256` *rounds*, in each of which every worker moves; the derivation stands at the
/// workers of `reveille-executor`, and `R`, the entries before it in the injector, is less than the number of tasks. With one
/// worker a round is a poll. Of several a random one moves, so a round takes `n (1 + 1/2 + .. + 1/n)` polls on average; it is twice that
/// which is allowed here, and over the hundreds of rounds of the bound the chance of passing it is none to speak of.
///
/// ```
/// use reveille::{explore, fair, spawn, yield_now};
///
/// async fn busy() {
///     for _ in 0..500 {
///         yield_now().await;
///     }
/// }
/// explore()
///     .runs(3)
///     .strategy("workers:4")
///     .wake_to_poll_max(fair::pool_wait_max(4, 3))
///     .run(|| async {
///         let both = (spawn(busy()), spawn(busy()));
///         both.0.await.unwrap();
///         both.1.await.unwrap();
///     })
///     .unwrap();
/// ```
///
/// # Panics
/// Without workers.
#[must_use]
pub fn pool_wait_max(workers: u32, tasks: u64) -> u64 {
    /// The slots of a worker's own queue.
    const QUEUE: u64 = 256;
    assert!(workers > 0, "a pool has at least one worker");
    let workers = u64::from(workers);
    let rounds = u64::from(INJECTOR_INTERVAL) * (tasks.div_ceil(workers) + 1) + 2 * QUEUE;
    let polls_per_round = (1..=workers).map(|nth| workers.div_ceil(nth)).sum::<u64>();
    if workers == 1 { rounds } else { 2 * polls_per_round * rounds }
}

/// A bound that can be told from none, and can be met.
pub(crate) fn checked(bound: Option<u64>, polls_max: u64) -> Result<Option<u64>, String> {
    match bound {
        Some(0) => Err("`wake_to_poll_max` of 0 forbids a second task: it must be at least 1".into()),
        Some(bound) if bound >= polls_max => {
            Err(format!("`wake_to_poll_max` of {bound} is never passed in a run of at most {polls_max} polls"))
        }
        bound => Ok(bound),
    }
}

/// A line of waiters in which the program says who came before whom: at a counter, for a lock, behind a `select!`.
///
/// Who is served while others wait who came earlier overtakes them. That a waiter is overtaken more often than the line allows is the
/// finding [unfairness](crate::FindingKind::Unfairness). Clones are the same line.
///
/// ```
/// use reveille::{FindingKind, explore, fair::Line};
///
/// let failure = explore()
///     .run(|| async {
///         let line = Line::new("counter", 2);
///         let _patient = line.join();
///         for _ in 0..3 {
///             line.join().served();
///         }
///     })
///     .unwrap_err();
/// assert_eq!(failure.kind(), Some(FindingKind::Unfairness));
/// ```
#[derive(Clone, Debug)]
pub struct Line(Arc<Queue>);

#[derive(Debug)]
struct Queue {
    name: String,
    overtakes_max: u32,
    waiting: Mutex<Waiting>,
}

/// Who waits, by number, in the order in which they came.
#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    waiters: BTreeMap<u64, Waiter>,
}

#[derive(Debug)]
struct Waiter {
    joined: Site,
    task: Option<TaskId>,
    overtaken: u32,
}

/// A place in a [`Line`]. Dropped, its owner leaves the line without having been served.
///
/// ```
/// use reveille::fair::Line;
///
/// # reveille::explore().runs(10).run(|| async {
/// let line = Line::new("counter", 0);
/// let (first, second) = (line.join(), line.join());
/// drop(first); // leaves, and nobody has overtaken it
/// second.served();
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "who drops it leaves the line"]
pub struct Place {
    line: Line,
    number: u64,
}

impl Line {
    /// A line called `name`, in which nobody may be overtaken more than `overtakes_max` times.
    ///
    /// ```
    /// use reveille::{explore, fair::Line};
    ///
    /// let overtaken_once = |overtakes_max| {
    ///     explore().run(move || async move {
    ///         let line = Line::new("counter", overtakes_max);
    ///         let _patient = line.join();
    ///         line.join().served();
    ///     })
    /// };
    /// assert!(overtaken_once(0).is_err());
    /// overtaken_once(1).unwrap();
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, overtakes_max: u32) -> Self {
        Self(Arc::new(Queue { name: name.into(), overtakes_max, waiting: Mutex::default() }))
    }

    /// Joins the line at its end.
    ///
    /// ```
    /// use reveille::fair::Line;
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let line = Line::new("counter", 0);
    /// let (first, second) = (line.join(), line.join());
    /// first.served(); // who came first is served first: nobody is overtaken
    /// second.served();
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn join(&self) -> Place {
        let (joined, task) = (std::panic::Location::caller(), context::try_with(Run::current).flatten());
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        waiting.waiters.insert(number, Waiter { joined, task, overtaken: 0 });
        drop(waiting);
        Place { line: self.clone(), number }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The owner of this place is served. Whoever came earlier and still waits has been overtaken.
    ///
    /// ```
    /// use reveille::{FindingKind, explore, fair::Line};
    ///
    /// let failure = explore()
    ///     .run(|| async {
    ///         let line = Line::new("counter", 0);
    ///         let (_first, second) = (line.join(), line.join());
    ///         second.served();
    ///     })
    ///     .unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::Unfairness));
    /// ```
    pub fn served(self) {
        let queue = &self.line.0;
        let mut waiting = self.line.waiting();
        for (_, waiter) in waiting.waiters.range_mut(..self.number) {
            let is_paused = |task| context::try_with(|run| run.is_paused(task)).unwrap_or(false);
            if waiter.task.is_some_and(is_paused) {
                continue;
            }
            waiter.overtaken += 1;
            if waiter.overtaken > queue.overtakes_max {
                context::try_with(|run| run.notes.unfair(described(run, queue, waiter)));
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.line.waiting().waiters.remove(&self.number);
    }
}

fn described(run: &Run, queue: &Queue, waiter: &Waiter) -> Vec<String> {
    let Queue { name, overtakes_max, .. } = queue;
    let who = waiter.task.map_or_else(|| "somebody".into(), |task| TaskInfo::with_wakers(run, task, 0).to_string());
    vec![
        format!(
            "{who}, in the line `{name}` since {}, was overtaken {} times and still waits",
            site::place(waiter.joined),
            waiter.overtaken
        ),
        format!("the line allows {overtakes_max}: `Line::new({name:?}, ..)`"),
    ]
}
