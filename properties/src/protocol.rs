//! What an executor owes its tasks, watched over while programs run: by an oracle, from the events of the run; and by a
//! wrapper around each future, from within.
//!
//! ```
//! use std::sync::Arc;
//!
//! use reveille::{explore, spawn, yield_now};
//! use reveille_properties::protocol::{Census, Protocol};
//!
//! let census = Arc::new(Census::default());
//! explore()
//!     .oracle(Protocol::default)
//!     .run(|| {
//!         let census = census.clone();
//!         async move { spawn(census.watch(yield_now())).await.unwrap() }
//!     })
//!     .unwrap();
//! assert!(census.made() >= 1_000);
//! census.check().unwrap(); // each was dropped once, and none polled after its end
//! ```

use std::marker::PhantomPinned;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use reveille::{Event, Oracle, TaskId};

/// An oracle: a task that was woken is polled again or ends, none is polled after its end, and, if asked for, none waits
/// longer than there are tasks.
///
/// ```
/// use reveille_properties::protocol::Protocol;
///
/// reveille::explore()
///     .oracle(Protocol::default)
///     .run(|| async {
///         reveille::spawn(reveille::yield_now()).await.unwrap();
///     })
///     .unwrap();
/// ```
#[derive(Debug, Default)]
pub struct Protocol {
    tasks: Vec<Task>,
    now: Tally,
    /// Whether tasks are polled in the order in which they were woken.
    is_fair: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Task {
    /// When it was woken, if it has not been polled since its first wake.
    woken: Option<Tally>,
    ended: bool,
}

/// What there has been so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    spawned: u64,
    ended: u64,
    polls: u64,
}

impl Protocol {
    /// The oracle for runs in which the schedule is first in, first out: seed 0.
    ///
    /// ```
    /// use reveille::{FindingKind, explore, spawn, yield_now};
    /// use reveille_properties::protocol::Protocol;
    ///
    /// let crowd = || async {
    ///     for _ in 0..9 {
    ///         drop(spawn(async { drop((yield_now().await, yield_now().await)) }));
    ///     }
    /// };
    /// explore().seed(0).runs(1).oracle(Protocol::fair).run(crowd).unwrap();
    /// // Other schedules than the first pass tasks over.
    /// let failure = explore().oracle(Protocol::fair).run(crowd).unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::Oracle));
    /// ```
    #[must_use]
    pub fn fair() -> Self {
        Self { is_fair: true, ..Self::default() }
    }

    fn task(&mut self, task: TaskId) -> &mut Task {
        if self.tasks.len() <= task.index() {
            self.tasks.resize(task.index() + 1, Task::default());
        }
        &mut self.tasks[task.index()]
    }

    fn polled(&mut self, id: TaskId) -> Result<(), String> {
        let (now, is_fair) = (self.now, self.is_fair);
        self.now.polls += 1;
        let task = self.task(id);
        if task.ended {
            return Err(format!("task {id} was polled after its end"));
        }
        let Some(then) = task.woken.take() else { return Ok(()) };
        // Whoever was alive when it was woken, or came since, may be polled before it, once.
        let (waited, others) = (now.polls - then.polls, now.spawned - then.ended);
        if is_fair && waited > others {
            return Err(format!("task {id} waited for {waited} polls, and there were {others} tasks"));
        }
        Ok(())
    }
}

impl Oracle for Protocol {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        match *event {
            Event::Spawned { task, .. } => {
                self.now.spawned += 1;
                let now = self.now;
                self.task(task).woken = Some(now);
            }
            Event::Woken { task, .. } => {
                let now = self.now;
                self.task(task).woken.get_or_insert(now);
            }
            Event::Polled { task } => return self.polled(task),
            Event::Ended { task, .. } => {
                self.now.ended += 1;
                *self.task(task) = Task { woken: None, ended: true };
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let forgotten = self.tasks.iter().position(|task| task.woken.is_some() && !task.ended);
        forgotten.map_or(Ok(()), |task| Err(format!("task {task} was woken and never polled again")))
    }
}

/// Counts the futures that are given to an executor, on any threads, what was done to them, and their outputs.
///
/// ```
/// use reveille_properties::protocol::Census;
///
/// let census = std::sync::Arc::new(Census::default());
/// reveille::explore()
///     .runs(1)
///     .run({
///         let census = census.clone();
///         move || {
///             let census = census.clone();
///             async move { reveille::spawn(census.watch(async {})).await.unwrap() }
///         }
///     })
///     .unwrap();
/// census.check().unwrap();
/// ```
#[derive(Debug, Default)]
pub struct Census {
    made: AtomicU64,
    dropped: AtomicU64,
    polls_after_completion: AtomicU64,
    polls_within_polls: AtomicU64,
    moves: AtomicU64,
    outputs_made: AtomicU64,
    outputs_dropped: AtomicU64,
}

impl Census {
    /// Watches over `future`.
    pub fn watch<F: Future>(self: &Arc<Self>, future: F) -> Watched<F> {
        self.made.fetch_add(1, Ordering::Relaxed);
        Watched {
            future,
            seen: Seen { census: self.clone(), state: AtomicUsize::new(UNPOLLED) },
            _pinned: PhantomPinned,
        }
    }

    /// An output for a future, by which it can be told from those of others.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use reveille_properties::protocol::Census;
    ///
    /// let census = Arc::new(Census::default());
    /// let output = census.output(7);
    /// assert_eq!(output.number(), 7);
    /// assert_eq!(census.check().unwrap_err(), "of 1 outputs 0 were dropped");
    /// drop(output);
    /// census.check().unwrap();
    /// ```
    pub fn output(self: &Arc<Self>, number: usize) -> Output {
        self.outputs_made.fetch_add(1, Ordering::Relaxed);
        Output { census: self.clone(), number }
    }

    /// How many futures there were.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use reveille_properties::protocol::Census;
    ///
    /// let census = Arc::new(Census::default());
    /// let futures = [1, 2, 3].map(|n| census.watch(async move { n }));
    /// assert_eq!(census.made(), 3);
    /// assert_eq!(census.check().unwrap_err(), "of 3 futures 0 were dropped");
    /// drop(futures);
    /// census.check().unwrap();
    /// ```
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Whether all went well, now that every world that had one of the futures is gone.
    ///
    /// # Errors
    /// A sentence that says what did not.
    pub fn check(&self) -> Result<(), String> {
        let (made, dropped) = (self.made(), self.dropped.load(Ordering::Relaxed));
        if made != dropped {
            return Err(format!("of {made} futures {dropped} were dropped"));
        }
        let (made, dropped) = (self.outputs_made.load(Ordering::Relaxed), self.outputs_dropped.load(Ordering::Relaxed));
        if made != dropped {
            return Err(format!("of {made} outputs {dropped} were dropped"));
        }
        let made = self.made();
        for (count, what) in [
            (&self.polls_after_completion, "polls after completion"),
            (&self.polls_within_polls, "polls within a poll"),
            (&self.moves, "moves after the first poll"),
        ] {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                return Err(format!("{made} futures saw {count} {what}"));
            }
        }
        Ok(())
    }
}

/// How far a future has come: not polled, being polled, completed; any other number is the address at which it waits.
const UNPOLLED: usize = 0;
const POLLING: usize = 1;
const COMPLETED: usize = 2;

/// The output of a future that a [`Census`] watches over.
#[derive(Debug)]
pub struct Output {
    census: Arc<Census>,
    number: usize,
}

impl Output {
    /// The number that it was made with.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.census.outputs_dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// What is known of one future.
#[derive(Debug)]
struct Seen {
    census: Arc<Census>,
    /// Atomic, as two polls at once are what an executor with threads may get wrong.
    state: AtomicUsize,
}

impl Drop for Seen {
    fn drop(&mut self) {
        let (first, address) = (*self.state.get_mut(), &raw const *self as usize);
        if first > COMPLETED && first != address {
            self.census.moves.fetch_add(1, Ordering::Relaxed);
        }
        self.census.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

pin_project! {
    /// A future that a [`Census`] watches over.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Watched<F> {
        #[pin]
        future: F,
        seen: Seen,
        #[pin]
        _pinned: PhantomPinned,
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let address = &raw const *this.seen as usize;
        let census = &this.seen.census;
        let broken = match this.seen.state.swap(POLLING, Ordering::AcqRel) {
            UNPOLLED => None,
            POLLING => Some(&census.polls_within_polls),
            COMPLETED => Some(&census.polls_after_completion),
            first => (first != address).then_some(&census.moves),
        };
        if let Some(broken) = broken {
            broken.fetch_add(1, Ordering::Relaxed);
        }
        let polled = this.future.poll(context);
        this.seen.state.store(if polled.is_ready() { COMPLETED } else { address }, Ordering::Release);
        polled
    }
}
