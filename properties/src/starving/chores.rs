//! How chores are done, well and badly.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures::future::{Either, FutureExt, LocalBoxFuture, select};
use futures::stream::{self, StreamExt};
use reveille::fair::Line;
use reveille::time::{Duration, interval, sleep, timeout};
use reveille::{leaf, spawn, yield_now};
use tokio::sync::{Mutex, Notify};

use super::{Chore, Crew, Habit, OVERTAKES_MAX};

const fn seconds(seconds: u8) -> Duration {
    Duration::from_secs(seconds as u64)
}

impl Crew {
    /// Does all chores, those of each task in a task, with a bad habit or none.
    ///
    /// # Panics
    /// Outside of a run.
    pub async fn perform(self, habit: Option<Habit>) {
        let player = Player { habit, lock: Rc::new(Shared::new(habit)) };
        let tasks: Vec<_> = self.tasks.into_iter().map(|chores| spawn(player.clone().chores(chores))).collect();
        for task in tasks {
            task.await.expect("no chore panics, and nobody aborts it");
        }
    }
}

#[derive(Clone)]
struct Player {
    habit: Option<Habit>,
    lock: Rc<Shared>,
}

impl Player {
    fn has(&self, habit: Habit) -> bool {
        self.habit == Some(habit)
    }

    async fn chores(self, chores: Vec<Chore>) {
        for chore in chores {
            match chore {
                Chore::Turns(turns) => {
                    for _ in 0..turns {
                        yield_now().await;
                    }
                }
                Chore::Sleep(time) => sleep(seconds(time)).await,
                Chore::Pages(count) => self.pages(count).await,
                Chore::Watch(rounds) => self.watch(rounds).await,
                Chore::Gate(after) => self.gate(after).await,
                Chore::Compute(count) => self.compute(count).await,
                Chore::Lock(times) => self.lock(times).await,
                Chore::AskTwice => self.ask_twice().await,
            }
        }
    }

    async fn pages(&self, count: u8) {
        async fn fetch(page: u8) {
            sleep(seconds(1)).await; // connects
            sleep(seconds(1 + page)).await; // asks
            sleep(seconds(1)).await; // is answered
        }
        let in_place = self.has(Habit::SlowBody);
        let begin = |page| -> LocalBoxFuture<'static, ()> {
            if in_place {
                return Box::pin(leaf(fetch(page)));
            }
            Box::pin(spawn(fetch(page)).map(|ended| ended.expect("it does not panic, and nobody aborts it")))
        };
        let mut pages = stream::iter(0..count).map(begin).buffer_unordered(2);
        while pages.next().await.is_some() {
            sleep(seconds(60)).await;
        }
    }

    async fn watch(&self, rounds: u8) {
        let mut clock = interval(seconds(1));
        clock.tick().await;
        let mut alarm = pin!(leaf(sleep(seconds(2))));
        for _ in 0..rounds {
            // The one on the left is polled first; the clock is due again whenever it has been looked after.
            let tick = pin!(clock.tick());
            let rings = if self.has(Habit::BiasedSelect) {
                matches!(select(tick, &mut alarm).await, Either::Right(_))
            } else {
                matches!(select(&mut alarm, tick).await, Either::Left(_))
            };
            if rings {
                return;
            }
            sleep(seconds(2)).await;
        }
    }

    async fn gate(&self, after: u8) {
        let gate = Rc::new((Cell::new(false), Notify::new()));
        let opens = gate.clone();
        drop(spawn(async move {
            sleep(seconds(after)).await;
            opens.0.set(true);
            opens.1.notify_one();
        }));
        if self.has(Habit::SelfWaker) {
            while !gate.0.get() {
                yield_now().await;
            }
        } else {
            gate.1.notified().await;
        }
    }

    async fn compute(&self, count: u8) {
        let mut timer = pin!(sleep(seconds(1)));
        for _ in 0..count {
            let _ = futures::poll!(timer.as_mut());
            while self.has(Habit::Hog) {
                let _ = futures::poll!(timer.as_mut());
            }
        }
    }

    async fn lock(&self, times: u8) {
        for _ in 0..times {
            let place = self.lock.line.join();
            self.lock.acquire().await;
            place.served();
            yield_now().await;
            self.lock.release();
        }
    }

    async fn ask_twice(&self) {
        let held = Rc::new(Mutex::new(()));
        let other = held.clone();
        drop(spawn(async move {
            let _held = other.lock().await;
            sleep(seconds(2)).await;
        }));
        yield_now().await;
        let mut first = Box::pin(leaf(ask(held.clone())));
        if timeout(seconds(1), &mut first).await.is_ok() {
            return;
        }
        if !self.has(Habit::KeptLoser) {
            drop(first);
            return ask(held).await;
        }
        ask(held).await;
        first.await;
    }
}

async fn ask(held: Rc<Mutex<()>>) {
    let _held = held.lock().await;
    sleep(seconds(1)).await;
}

/// The lock that tasks share: whoever waits longest is next, or whoever comes by.
struct Shared {
    is_unfair: bool,
    line: Line,
    locked: Cell<bool>,
    waiting: RefCell<VecDeque<(Rc<Cell<bool>>, Waker)>>,
}

impl Shared {
    fn new(habit: Option<Habit>) -> Self {
        Self {
            is_unfair: habit == Some(Habit::UnfairLock),
            line: Line::new("lock", OVERTAKES_MAX),
            locked: Cell::new(false),
            waiting: RefCell::default(),
        }
    }

    async fn acquire(&self) {
        let mut granted: Option<Rc<Cell<bool>>> = None;
        poll_fn(|context| {
            if granted.take_if(|granted| granted.get()).is_some() {
                return Poll::Ready(());
            }
            let may_take = self.is_unfair || self.waiting.borrow().is_empty();
            if may_take && !self.locked.replace(true) {
                return Poll::Ready(());
            }
            let turn = granted.get_or_insert_default();
            let mut waiting = self.waiting.borrow_mut();
            match waiting.iter_mut().find(|(other, _)| Rc::ptr_eq(other, turn)) {
                Some((_, waker)) => waker.clone_from(context.waker()),
                None => waiting.push_back((turn.clone(), context.waker().clone())),
            }
            Poll::Pending
        })
        .await;
    }

    fn release(&self) {
        let next = self.waiting.borrow_mut().pop_front();
        let Some((turn, waker)) = next else { return self.locked.set(false) };
        // Who is woken by an unfair lock finds it free, if nobody was there before.
        self.locked.set(!self.is_unfair);
        turn.set(!self.is_unfair);
        waker.wake();
    }
}
