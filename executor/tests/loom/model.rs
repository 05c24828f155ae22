//! What the loom models share: running one, counting its permutations, and values that notice misuse.
//!
//! A model is a program of two or three threads on the real executor. loom runs it once for each way in which the
//! threads' accesses can interleave, and for each value that a weakly ordered load may return. Besides what a model
//! asserts, loom itself reports data races, deadlocks, and leaks of what it tracks: task cells, `Arc`s, and the values
//! of this file.

use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering as StdOrdering};
use std::task::{Context, Poll, Wake, Waker};

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread::ThreadId;
use reveille_executor::{Choose, JoinHandle, LocalExecutor, Point, Ran};

/// Runs `model` in every interleaving.
pub(crate) fn exhaustively(name: &str, model: impl Fn() + Send + Sync + 'static) {
    check(name, None, model);
}

/// Runs `model` in every interleaving in which a thread is stopped against its will at most `preemptions_max` times.
pub(crate) fn within(preemptions_max: usize, name: &str, model: impl Fn() + Send + Sync + 'static) {
    check(name, Some(preemptions_max), model);
}

fn check(name: &str, preemptions_max: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let permutations = std::sync::Arc::new(StdAtomicUsize::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions_max;
    let counted = std::sync::Arc::clone(&permutations);
    builder.check(move || {
        counted.fetch_add(1, StdOrdering::Relaxed);
        model();
    });
    let how = preemptions_max.map_or_else(|| "exhaustive".to_owned(), |bound| format!("bound {bound}"));
    let permutations = permutations.load(StdOrdering::Relaxed);
    // Straight to stderr: the test harness keeps what `println!` says of a passing test to itself.
    let _ = writeln!(std::io::stderr(), "    {name}: {how}, {permutations} permutations");
}

/// First in, first out.
pub(crate) struct Fifo;

impl Choose for Fifo {
    fn choose(&mut self, _: Point<'_>) -> u32 {
        0
    }
}

/// Runs what can run. A panic in a poll is kept for the join handle; here it is a failed assertion, or a data race that
/// loom found, and ends the model.
pub(crate) fn run_ready(executor: &LocalExecutor) {
    while let Some(task) = executor.pick(&mut Fifo) {
        assert_ne!(task.run(), Ran::Panicked, "a poll panicked");
    }
}

/// A condition that another thread makes true. Nothing but the wake orders what the poll sees of it.
#[derive(Clone)]
pub(crate) struct Flag(Arc<AtomicBool>);

impl Flag {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sets `flag` on another thread, and wakes `waker` there.
pub(crate) fn set_and_wake(flag: Flag, waker: Waker) -> loom::thread::JoinHandle<()> {
    loom::thread::spawn(move || {
        flag.set();
        waker.wake();
    })
}

/// What a future holds: notices being dropped twice, on another thread than where it was made, or not at all, and being
/// polled by two threads at once.
pub(crate) struct Witness {
    home: ThreadId,
    polls: UnsafeCell<usize>,
    drops: Drops,
    _leak: loom::alloc::Track<()>,
}

impl Witness {
    pub(crate) fn new(drops: &Drops) -> Self {
        Self {
            home: loom::thread::current().id(),
            polls: UnsafeCell::new(0),
            drops: drops.clone(),
            _leak: loom::alloc::Track::new(()),
        }
    }

    pub(crate) fn polled(&self) {
        assert_eq!(loom::thread::current().id(), self.home, "polled on another thread");
        // SAFETY: that nobody else is in here is what loom checks.
        self.polls.with_mut(|polls| unsafe { *polls += 1 });
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        assert!(loom::thread::current().id() == self.home, "dropped on another thread");
        self.polls.with_mut(|_| ());
        self.drops.add();
    }
}

/// How many witnesses were dropped.
#[derive(Clone)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A future that is done once all its flags are set, and relies on being woken for that.
pub(crate) struct UntilSet {
    pub(crate) flags: Vec<Flag>,
    pub(crate) witness: Witness,
}

impl Future for UntilSet {
    type Output = Value;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Value> {
        self.witness.polled();
        if self.flags.iter().all(Flag::is_set) { Poll::Ready(Value::new()) } else { Poll::Pending }
    }
}

/// A queued task that waits for `flags`, and a waker of it.
pub(crate) fn spawn(executor: &LocalExecutor, flags: &[Flag], drops: &Drops) -> (JoinHandle<Value>, Waker) {
    let task = executor.spawn(UntilSet { flags: flags.to_vec(), witness: Witness::new(drops) });
    let waker = executor.waker(task.id()).unwrap();
    (task, waker)
}

/// An output, written on one thread and perhaps read or dropped on another.
pub(crate) struct Value {
    answer: UnsafeCell<usize>,
    _leak: loom::alloc::Track<()>,
}

// SAFETY: it is moved, not shared; that the move is ordered is what loom checks.
unsafe impl Send for Value {}

impl Value {
    pub(crate) fn new() -> Self {
        let value = Self { answer: UnsafeCell::new(0), _leak: loom::alloc::Track::new(()) };
        // SAFETY: nobody else has it.
        value.answer.with_mut(|answer| unsafe { *answer = 42 });
        value
    }

    pub(crate) fn answer(&self) -> usize {
        // SAFETY: that nobody writes is what loom checks.
        self.answer.with(|answer| unsafe { *answer })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.answer.with_mut(|_| ());
    }
}

/// A waker that counts its wakes.
pub(crate) struct Count {
    wakes: AtomicUsize,
}

impl Count {
    pub(crate) fn new() -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self { wakes: AtomicUsize::new(0) })
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(Ordering::Relaxed)
    }
}

impl Wake for Count {
    fn wake(self: std::sync::Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }
}

/// A poll with nothing around it.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}
