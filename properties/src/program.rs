//! A small language of async programs.
//!
//! A program is a list of tasks, a task a list of steps over shared counters, locks and a channel. By construction every
//! program ends on every schedule: locks are released by the step that takes them, and what is received was sent by a task
//! that waits for nobody. So a finding in a generated program is a bug of the harness.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::{Mutex, mpsc};

/// What a task does next.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Lets others run.
    Yield,
    /// Sleeps for so many milliseconds.
    Sleep(u8),
    /// Takes the lock of that number, reads the counter, lets others run, and writes it back, increased by one.
    Increment(u8),
    /// Spawns a task that increments the counter of that number, and waits for it.
    SpawnAndJoin(u8),
    /// Sends a number to the collector.
    Send(u8),
}

/// The counters that steps may name.
pub const COUNTERS: u8 = 3;

/// Programs of up to `tasks` tasks with up to `steps` steps each.
pub fn programs(tasks: usize, steps: usize) -> impl Strategy<Value = Vec<Vec<Step>>> {
    let step = prop_oneof![
        Just(Step::Yield),
        (0_u8..5).prop_map(Step::Sleep),
        (0..COUNTERS).prop_map(Step::Increment),
        (0..COUNTERS).prop_map(Step::SpawnAndJoin),
        (0_u8..10).prop_map(Step::Send),
    ];
    prop::collection::vec(prop::collection::vec(step, 0..=steps), 1..=tasks)
}

/// What a program comes to, whatever its schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How often each counter was increased.
    pub counters: [u64; COUNTERS as usize],
    /// The sum of what was sent.
    pub sent: u64,
}

/// What `program` comes to, by counting its steps. Shares nothing with the interpreter.
#[must_use]
pub fn expected(program: &[Vec<Step>]) -> Sum {
    let mut sum = Sum::default();
    for step in program.iter().flatten() {
        match *step {
            Step::Increment(n) | Step::SpawnAndJoin(n) => sum.counters[usize::from(n)] += 1,
            Step::Send(n) => sum.sent += u64::from(n),
            Step::Yield | Step::Sleep(_) => {}
        }
    }
    sum
}

struct World {
    counters: [Cell<u64>; COUNTERS as usize],
    locks: [Mutex<()>; COUNTERS as usize],
}

impl World {
    async fn increment(&self, n: u8) {
        let n = usize::from(n);
        let _held = self.locks[n].lock().await;
        let read = self.counters[n].get();
        reveille::yield_now().await;
        self.counters[n].set(read + 1);
    }
}

/// Runs `program` within a run of reveille.
pub async fn interpret(program: Vec<Vec<Step>>) -> Sum {
    let world = Rc::new(World { counters: Default::default(), locks: Default::default() });
    let (sender, mut receiver) = mpsc::channel(2);
    let tasks: Vec<_> =
        program.into_iter().map(|steps| reveille::spawn(perform(steps, world.clone(), sender.clone()))).collect();
    drop(sender);
    let mut sent = 0;
    while let Some(number) = receiver.recv().await {
        sent += u64::from(number);
    }
    for task in tasks {
        task.await.expect("no generated task panics");
    }
    Sum { counters: world.counters.each_ref().map(Cell::get), sent }
}

async fn perform(steps: Vec<Step>, world: Rc<World>, sender: mpsc::Sender<u8>) {
    for step in steps {
        match step {
            Step::Yield => reveille::yield_now().await,
            Step::Sleep(millis) => reveille::time::sleep(Duration::from_millis(millis.into())).await,
            Step::Increment(n) => world.increment(n).await,
            Step::SpawnAndJoin(n) => {
                let world = world.clone();
                reveille::spawn(async move { world.increment(n).await }).await.expect("no generated task panics");
            }
            Step::Send(number) => sender.send(number).await.expect("the collector outlives its senders"),
        }
    }
}
