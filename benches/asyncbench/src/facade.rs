//! What the programs are written against: two calls that differ by tool, and what can be built on them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A spawned task: completes when the task has.
pub type Task = Pin<Box<dyn Future<Output = ()>>>;

/// One of the two tools.
pub trait Tool: 'static {
    /// Spawns a task. Whoever calls is where it was spawned, for a tool that asks.
    #[track_caller]
    fn spawn(future: impl Future<Output = ()> + 'static) -> Task;

    /// Lets others go first.
    fn yield_now() -> impl Future<Output = ()>;
}

/// The tool this repository holds.
#[derive(Clone, Copy, Debug)]
pub struct Ours;

impl Tool for Ours {
    #[track_caller]
    fn spawn(future: impl Future<Output = ()> + 'static) -> Task {
        let task = reveille::spawn(future);
        Box::pin(async move { task.await.expect("the task ends") })
    }

    fn yield_now() -> impl Future<Output = ()> {
        reveille::yield_now()
    }
}

/// shuttle.
#[derive(Clone, Copy, Debug)]
pub struct Theirs;

impl Tool for Theirs {
    #[track_caller]
    fn spawn(future: impl Future<Output = ()> + 'static) -> Task {
        let task = shuttle::future::spawn_local(future);
        Box::pin(async move { task.await.expect("the task ends") })
    }

    fn yield_now() -> impl Future<Output = ()> {
        shuttle::future::yield_now()
    }
}

thread_local! {
    /// The polls of the current run.
    static POLLS: Cell<u64> = const { Cell::new(0) };
}

/// Counts the polls of `future`.
async fn counted(future: impl Future<Output = ()>) {
    let mut future = std::pin::pin!(future);
    poll_fn(|context| {
        POLLS.set(POLLS.get() + 1);
        future.as_mut().poll(context)
    })
    .await;
}

/// How many polls `root` and the tasks that it spawns take, added up over all calls on this thread. Read and reset.
#[must_use]
pub fn points() -> u64 {
    POLLS.take()
}

/// A program, its polls counted.
pub async fn root(program: impl Future<Output = ()>) {
    counted(program).await;
}

/// Spawns a task and yields: a spawn is a point at which another task may run.
#[expect(clippy::async_yields_async, reason = "the task is awaited later")]
#[track_caller]
pub fn spawn<T: Tool>(future: impl Future<Output = ()> + 'static) -> impl Future<Output = Task> {
    let task = T::spawn(counted(future));
    async move {
        T::yield_now().await;
        task
    }
}

/// Ends the poll: what follows is another step.
pub async fn step<T: Tool>() {
    T::yield_now().await;
}

/// Waits for all of `tasks`.
pub async fn join(tasks: Vec<Task>) {
    for task in tasks {
        task.await;
    }
}

/// A variable that tasks share.
pub type Shared<V> = Rc<Cell<V>>;

/// Makes a [`Shared`].
pub fn shared<V>(value: V) -> Shared<V> {
    Rc::new(Cell::new(value))
}

/// A lock. Who waits is woken in the order of their coming.
#[derive(Clone, Debug, Default)]
pub struct Lock(Rc<RefCell<LockState>>);

#[derive(Debug, Default)]
struct LockState {
    is_taken: bool,
    waiting: VecDeque<Waker>,
}

impl Lock {
    /// Waits until the lock is free, and takes it.
    pub async fn lock(&self) {
        poll_fn(|context| {
            let mut state = self.0.borrow_mut();
            if state.is_taken {
                state.waiting.push_back(context.waker().clone());
                return Poll::Pending;
            }
            state.is_taken = true;
            Poll::Ready(())
        })
        .await;
    }

    /// Gives the lock back.
    pub fn unlock(&self) {
        let woken = {
            let mut state = self.0.borrow_mut();
            state.is_taken = false;
            state.waiting.pop_front()
        };
        woken.into_iter().for_each(Waker::wake);
    }
}

/// A condition to wait for. Notifying wakes the one that has waited longest.
#[derive(Clone, Debug, Default)]
pub struct Condition(Rc<RefCell<VecDeque<(u64, Waker)>>>, Shared<u64>);

impl Condition {
    /// Waits for the next notification that is not another's.
    pub async fn wait(&self) {
        let mut ticket = None;
        poll_fn(|context| {
            let mut waiting = self.0.borrow_mut();
            let number = *ticket.get_or_insert_with(|| {
                self.1.set(self.1.get() + 1);
                waiting.push_back((self.1.get(), context.waker().clone()));
                self.1.get()
            });
            if waiting.iter().any(|(other, _)| *other == number) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// Lets one go on.
    pub fn notify_one(&self) {
        let first = self.0.borrow_mut().pop_front();
        first.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Lets all go on.
    pub fn notify_all(&self) {
        let all = std::mem::take(&mut *self.0.borrow_mut());
        all.into_iter().for_each(|(_, waker)| waker.wake());
    }
}
