//! The task word and the run queue, as a few flags per task and a deque that is rotated.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use reveille_executor::{AbortHandle, Choose, JoinHandle, LocalExecutor, Point, Ran, SCHEDULE_BOUND_MAX, TaskId};

use super::Bytes;

/// Makes the operations that `bytes` say on a [`LocalExecutor`] and on a model of it, and compares what can be seen after
/// each: spawns, picks, wakes, aborts, repolls, resets; wakers kept, cloned and dropped, within polls and outside.
///
/// # Panics
/// If they differ, or if a future or an output was not dropped exactly once at the end.
///
/// ```
/// reveille_properties::models::executor_agrees(&[0, 0, 1, 0, 1, 2, 0, 1, 1, 0]);
/// ```
pub fn executor_agrees(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let pair = Pair::default();
    while !bytes.is_empty() {
        pair.operate(&mut bytes);
        pair.compare();
    }
    pair.end();
}

/// What the model knows of a task.
#[derive(Default)]
struct Task {
    /// It has ended.
    done: bool,
    queued: bool,
    cancelled: bool,
    polls: u32,
    futures_dropped: Rc<Cell<u32>>,
    outputs_dropped: Rc<Cell<u32>>,
    /// It ended with an output that its handle has not taken.
    has_output: bool,
    /// It ended with an output at all.
    had_output: bool,
}

#[derive(Default)]
struct Model {
    /// Those of this generation: since the last reset.
    tasks: Vec<Task>,
    /// Those of earlier ones.
    gone: Vec<Task>,
    queue: VecDeque<usize>,
    /// The task that is being polled.
    running: Option<usize>,
    /// It was woken meanwhile.
    woken: bool,
    pushes: u64,
}

impl Model {
    fn push(&mut self, task: usize) {
        self.tasks[task].queued = true;
        self.queue.push_back(task);
        self.pushes += 1;
    }

    fn wake(&mut self, task: usize) {
        if self.running == Some(task) {
            self.woken = true;
        } else if !self.tasks[task].done && !self.tasks[task].queued {
            self.push(task);
        }
    }

    fn abort(&mut self, task: usize) {
        if !self.tasks[task].done {
            self.tasks[task].cancelled = true;
            self.wake(task);
        }
    }

    /// Takes the task at `index` off the queue.
    fn pick(&mut self, index: usize) -> Option<usize> {
        self.queue.rotate_left(index.min(self.queue.len().checked_sub(1)?));
        let task = self.queue.pop_front()?;
        self.tasks[task].queued = false;
        Some(task)
    }

    /// The poll of `task` has returned, and this is what should have come of it.
    fn let_go(&mut self, task: usize, end: End) -> Ran {
        self.running = None;
        let woken = std::mem::take(&mut self.woken);
        let state = &mut self.tasks[task];
        match end {
            End::Pending if state.cancelled => {
                state.done = true;
                Ran::Cancelled
            }
            End::Pending => {
                if woken {
                    self.push(task);
                }
                Ran::Pending
            }
            End::Ready => {
                (state.done, state.has_output, state.had_output) = (true, true, true);
                Ran::Ready
            }
            End::Panic => {
                state.done = true;
                Ran::Panicked
            }
        }
    }
}

/// What a poll returns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum End {
    #[default]
    Pending,
    Ready,
    Panic,
}

/// What the next poll does before it returns.
#[derive(Clone, Copy, Debug)]
enum Act {
    KeepWaker,
    WakeSelf,
    WakeOther(usize),
    DropWaker(usize),
    Abort(usize),
    Spawn,
}

/// What the harness holds of a task: its handle, and one that aborts.
struct Held {
    join: Option<JoinHandle<Counted>>,
    abort: AbortHandle,
}

/// Counts its drop.
struct Counted(Rc<Cell<u32>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[derive(Default)]
struct Shared {
    model: Model,
    /// By the task's number.
    held: Vec<Held>,
    /// Wakers, with the task they wake; `None` for one of an earlier generation.
    wakers: Vec<(Waker, Option<usize>)>,
    acts: Vec<Act>,
    end: End,
}

/// The executor and the model, with all that polls do to both.
#[derive(Clone, Default)]
struct Pair {
    executor: Rc<LocalExecutor>,
    shared: Rc<RefCell<Shared>>,
}

/// A future whose polls do what the next operation says.
struct Scripted {
    pair: Pair,
    task: usize,
    _dropped: Counted,
}

impl Future for Scripted {
    type Output = Counted;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Counted> {
        let (pair, task) = (&self.pair, self.task);
        let (acts, end) = {
            let mut shared = pair.shared.borrow_mut();
            shared.model.tasks[task].polls += 1;
            (std::mem::take(&mut shared.acts), shared.end)
        };
        for act in acts {
            pair.act(act, task, context);
        }
        let output = pair.shared.borrow().model.tasks[task].outputs_dropped.clone();
        match end {
            End::Pending => Poll::Pending,
            End::Ready => Poll::Ready(Counted(output)),
            End::Panic => std::panic::resume_unwind(Box::new("scripted")),
        }
    }
}

/// Answers a pick.
struct Index(u32);

impl Choose for Index {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        self.0.min(point.bound - 1)
    }
}

/// The most tasks at once: operations compare all of them.
const TASKS_MAX: usize = 24;

impl Pair {
    fn operate(&self, bytes: &mut Bytes<'_>) {
        match bytes.below(13) {
            0 => self.spawn(),
            1..=4 => self.run(bytes),
            5 => self.with_waker(bytes, Self::wake),
            6 => self.with_waker(bytes, Self::drop_waker),
            7 => self.with_task(bytes, Self::abort),
            8 => self.with_task(bytes, Self::detach),
            9 => self.with_task(bytes, Self::take),
            10 => self.with_task(bytes, Self::repoll),
            11 => self.put_back(bytes),
            _ if bytes.byte() % 8 == 7 => self.reset(),
            _ => self.with_task(bytes, Self::new_waker),
        }
    }

    fn with_task(&self, bytes: &mut Bytes<'_>, f: impl FnOnce(&Self, usize)) {
        let at = bytes.index(self.shared.borrow().held.len());
        if let Some(at) = at {
            f(self, at);
        }
    }

    fn with_waker(&self, bytes: &mut Bytes<'_>, f: impl FnOnce(&Self, usize)) {
        let at = bytes.index(self.shared.borrow().wakers.len());
        if let Some(at) = at {
            f(self, at);
        }
    }

    fn spawn(&self) {
        let task = {
            let shared = &mut *self.shared.borrow_mut();
            if shared.model.tasks.len() >= TASKS_MAX {
                return;
            }
            shared.model.tasks.push(Task::default());
            shared.model.push(shared.model.tasks.len() - 1);
            shared.model.tasks.len() - 1
        };
        let dropped = Counted(self.shared.borrow().model.tasks[task].futures_dropped.clone());
        let join = self.executor.spawn(Scripted { pair: self.clone(), task, _dropped: dropped });
        assert_eq!(join.id().index(), task, "names are dense");
        let abort = join.abort_handle();
        self.shared.borrow_mut().held.push(Held { join: Some(join), abort });
    }

    /// Says what the next poll does.
    fn prepare(&self, bytes: &mut Bytes<'_>) {
        let shared = &mut *self.shared.borrow_mut();
        let head = bytes.byte();
        shared.end = match head % 8 {
            0..=4 => End::Pending,
            5 | 6 => End::Ready,
            _ => End::Panic,
        };
        shared.acts = (0..(head >> 3) % 4)
            .map(|_| match bytes.below(7) {
                0 | 1 => Act::KeepWaker,
                2 => Act::WakeSelf,
                3 => Act::WakeOther(bytes.byte().into()),
                4 => Act::DropWaker(bytes.byte().into()),
                5 => Act::Abort(bytes.byte().into()),
                _ => Act::Spawn,
            })
            .collect();
    }

    fn act(&self, act: Act, task: usize, context: &Context<'_>) {
        let (wakers, tasks) = (self.shared.borrow().wakers.len(), self.shared.borrow().held.len());
        match act {
            Act::KeepWaker => self.shared.borrow_mut().wakers.push((context.waker().clone(), Some(task))),
            Act::WakeSelf => {
                self.shared.borrow_mut().model.wake(task);
                context.waker().wake_by_ref();
            }
            Act::WakeOther(at) if wakers > 0 => self.wake(at % wakers),
            Act::DropWaker(at) if wakers > 0 => self.drop_waker(at % wakers),
            Act::Abort(at) if tasks > 0 => self.abort(at % tasks),
            Act::Spawn => self.spawn(),
            _ => {}
        }
    }

    fn run(&self, bytes: &mut Bytes<'_>) {
        self.prepare(bytes);
        let Some((task, cancelled)) = self.start(bytes.byte().into()) else { return };
        let runnable = self.executor.pick(&mut Index(task.1)).expect("the model's queue holds a task");
        assert_eq!(runnable.id().index(), task.0, "the task that was picked");
        let polls = self.shared.borrow().model.tasks[task.0].polls;
        let ran = runnable.run();
        let shared = &mut *self.shared.borrow_mut();
        let polled = shared.model.tasks[task.0].polls - polls;
        assert_eq!(polled, u32::from(!cancelled), "polls of task {}, cancelled: {cancelled}", task.0);
        let end = if cancelled { End::Pending } else { shared.end };
        assert_eq!(ran, shared.model.let_go(task.0, end), "how the run of task {} ended", task.0);
    }

    /// Picks in the model: the task and the index, and whether the task is cancelled already.
    fn start(&self, index: usize) -> Option<((usize, u32), bool)> {
        let model = &mut self.shared.borrow_mut().model;
        let index = index.min(model.queue.len().checked_sub(1)?).min(SCHEDULE_BOUND_MAX as usize - 1);
        let task = model.pick(index)?;
        model.running = Some(task);
        Some(((task, u32::try_from(index).unwrap_or(u32::MAX)), model.tasks[task].cancelled))
    }

    fn put_back(&self, bytes: &mut Bytes<'_>) {
        let Some((task, cancelled)) = self.start(bytes.byte().into()) else { return };
        let runnable = self.executor.pick(&mut Index(task.1)).expect("the model's queue holds a task");
        assert_eq!(runnable.id().index(), task.0, "the task that was picked");
        drop(runnable);
        let model = &mut self.shared.borrow_mut().model;
        model.woken = true;
        let ran = model.let_go(task.0, End::Pending);
        assert_eq!(ran, if cancelled { Ran::Cancelled } else { Ran::Pending });
    }

    fn wake(&self, at: usize) {
        let (waker, task) = self.shared.borrow_mut().wakers.swap_remove(at);
        if let Some(task) = task {
            self.shared.borrow_mut().model.wake(task);
        }
        waker.wake();
    }

    fn drop_waker(&self, at: usize) {
        drop(self.shared.borrow_mut().wakers.swap_remove(at));
    }

    fn new_waker(&self, task: usize) {
        let waker = self.executor.waker(task_id(task));
        let shared = &mut *self.shared.borrow_mut();
        assert_eq!(waker.is_none(), shared.model.tasks[task].done, "whether there is a task to make a waker of");
        shared.wakers.extend(waker.map(|waker| (waker, Some(task))));
    }

    fn abort(&self, task: usize) {
        let abort = self.shared.borrow().held[task].abort.clone();
        self.shared.borrow_mut().model.abort(task);
        abort.abort();
    }

    fn detach(&self, task: usize) {
        let join = self.shared.borrow_mut().held[task].join.take();
        drop(join);
    }

    /// Polls the handle of `task`.
    fn take(&self, task: usize) {
        let Some(mut join) = self.shared.borrow_mut().held[task].join.take() else { return };
        let polled = Pin::new(&mut join).poll(&mut Context::from_waker(Waker::noop()));
        let shared = &mut *self.shared.borrow_mut();
        let state = &mut shared.model.tasks[task];
        match polled {
            Poll::Pending => {
                assert!(!state.done, "the handle of task {task} waits for a task that has ended");
                shared.held[task].join = Some(join);
            }
            Poll::Ready(Ok(output)) => {
                assert!(state.has_output, "the handle of task {task} has an output");
                assert!(Rc::ptr_eq(&output.0, &state.outputs_dropped), "the output is that of task {task}");
                state.has_output = false;
            }
            Poll::Ready(Err(error)) => {
                assert!(state.done && !state.had_output, "the handle of task {task} says {error}");
            }
        }
    }

    /// Polls a waiting task although nobody woke it.
    fn repoll(&self, task: usize) {
        let waits = {
            let shared = &mut *self.shared.borrow_mut();
            (shared.acts, shared.end) = (Vec::new(), End::Pending);
            let state = &shared.model.tasks[task];
            !state.done && !state.queued
        };
        let polls = self.shared.borrow().model.tasks[task].polls;
        let ran = self.executor.repoll(task_id(task), Waker::noop());
        assert_eq!(ran, waits.then_some(Ran::Pending), "the repoll of task {task}");
        assert_eq!(self.shared.borrow().model.tasks[task].polls - polls, u32::from(waits));
    }

    fn reset(&self) {
        self.executor.reset();
        let shared = &mut *self.shared.borrow_mut();
        shared.wakers.iter_mut().for_each(|(_, task)| *task = None);
        let tasks = std::mem::take(&mut shared.model.tasks);
        let gone = shared.model.gone.drain(..).chain(tasks).collect();
        shared.model = Model { gone, ..Model::default() };
        let held = std::mem::take(&mut shared.held);
        drop(held);
    }

    fn compare(&self) {
        let shared = self.shared.borrow();
        let model = &shared.model;
        assert_eq!(self.executor.ready(), model.queue.len(), "the length of the run queue");
        assert_eq!(self.executor.pushes(), model.pushes, "the number of pushes");
        let alive: Vec<_> = model.tasks.iter().enumerate().filter(|(_, task)| !task.done).collect();
        let mut views = Vec::new();
        self.executor.for_each_task(|view| views.push(view));
        assert_eq!(views.len(), alive.len(), "the number of live tasks");
        for (view, (task, state)) in views.iter().zip(alive) {
            let wakers = shared.wakers.iter().filter(|(_, of)| *of == Some(task)).count();
            let seen = (view.id.index(), view.live_wakers, view.scheduled, view.running);
            assert_eq!(seen, (task, wakers, state.queued, false), "task, wakers, scheduled, running");
        }
        for state in &model.tasks {
            assert_eq!(state.futures_dropped.get(), u32::from(state.done), "drops of a future");
        }
    }

    fn end(&self) {
        self.reset();
        self.shared.borrow_mut().wakers.clear();
        for state in &self.shared.borrow().model.gone {
            assert_eq!(state.futures_dropped.get(), 1, "drops of a future, at the end");
            assert_eq!(state.outputs_dropped.get(), u32::from(state.had_output), "drops of an output, at the end");
        }
    }
}

fn task_id(task: usize) -> TaskId {
    TaskId::new(u32::try_from(task).unwrap_or(u32::MAX))
}
