//! Driving an executor to an end: what a program does, where a simulation picks and runs.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};

use super::{LocalExecutor, ambient};
use crate::park::Root;
use crate::sync::Arc;
use crate::{Driver, INJECTOR_INTERVAL, budget};

impl LocalExecutor {
    /// Runs tasks, in the order of the queue, until no task and no [`Spawner`](crate::Spawner) is left; sleeps while none
    /// can run, in its [driver](Self::with_driver) if it has one.
    ///
    /// Without a spawner, and with tasks that nobody will ever wake, it sleeps forever, as a thread would.
    ///
    /// ```
    /// use reveille_executor::{LocalExecutor, spawn, yield_now};
    ///
    /// let executor = LocalExecutor::new();
    /// executor.spawn(async {
    ///     yield_now().await;
    ///     spawn(async { println!("the last one") });
    /// });
    /// executor.run();
    /// assert_eq!(executor.live_tasks(), 0);
    /// ```
    pub fn run(&self) {
        let (_entered, _lifted) = (ambient::enter(self), budget::lift());
        let mut glance = Glance::new(self);
        loop {
            let ran = self.run_round(&mut glance);
            if self.owner(|owner| owner.live_tasks() + owner.spawners()) == 0 {
                return;
            }
            if !ran {
                // The parker holds a token if a letter has come since.
                self.park();
            }
        }
    }

    /// Runs `future`, and the tasks besides, until it is done. Sleeps while nothing can run.
    ///
    /// The future is no task: it is polled in place, need not be `'static`, and its panic comes out here. It is polled
    /// at most once for each round of the run queue. Tasks that are left when it is done stay, to be run later.
    ///
    /// ```
    /// use reveille_executor::{LocalExecutor, spawn};
    ///
    /// let mut greeting = String::from("hello");
    /// LocalExecutor::new().block_on(async {
    ///     let whom = spawn(async { "world" });
    ///     greeting.push_str(", ");
    ///     greeting.push_str(whom.await.unwrap());
    /// });
    /// assert_eq!(greeting, "hello, world");
    /// ```
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let (_entered, _lifted) = (ambient::enter(self), budget::lift());
        let root = Root::new(self.owner(|owner| Arc::clone(owner.parker())));
        let waker = Waker::from(StdArc::clone(&root));
        let mut future = pin!(future);
        let mut glance = Glance::new(self);
        loop {
            // SAFETY: the root was made above.
            let woken = unsafe { root.take_woken() };
            if woken {
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return output;
                }
                glance.after_a_poll();
            }
            // The parker holds a token for what has happened since: a wake of the root, a letter in the inbox.
            if !self.run_round(&mut glance) && !woken {
                self.park();
            }
        }
    }

    /// Runs as many tasks as are on the run queue now; false if that was none, in which case no user code ran.
    fn run_round(&self, glance: &mut Glance) -> bool {
        let ready = self.ready();
        for _ in 0..ready {
            match self.start(0) {
                Some(task) => {
                    let _ = task.run();
                    glance.after_a_poll();
                }
                None => break,
            }
        }
        ready > 0
    }

    fn park(&self) {
        self.owner(|owner| Arc::clone(owner.parker())).park();
    }
}

/// Looks into the driver, if there is one, every so many polls: tasks that never rest do not keep those waiting who wait for
/// something else.
struct Glance {
    driver: Option<StdArc<dyn Driver>>,
    polls: u32,
}

impl Glance {
    fn new(executor: &LocalExecutor) -> Self {
        Self { driver: executor.owner(|owner| owner.parker().driver().cloned()), polls: 0 }
    }

    #[inline]
    fn after_a_poll(&mut self) {
        let Some(driver) = &self.driver else { return };
        self.polls += 1;
        if self.polls == INJECTOR_INTERVAL {
            self.polls = 0;
            driver.poll();
        }
    }
}
