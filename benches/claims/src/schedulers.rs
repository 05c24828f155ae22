//! Who runs the tasks: threads, and the queues that tasks wait in.
#![expect(clippy::disallowed_methods, reason = "real threads and real time are what is measured")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use futures::channel::oneshot;
use reveille_executor::{INJECTOR_INTERVAL, LocalQueue, NoQueue, Pool, Ring, TaskId, Worker, Workers, yield_now};

use crate::{Claim, Shown};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        said: "tasks on a few threads (M:N) are made, and take turns, for less than a thread each (1:1)",
        program: "schedulers::many_on_few",
        show: || {
            let (few, each) = many_on_few();
            let figures =
                format!("{few} ns and {each} ns a turn, of 1,000 that yield 100 times each, their making included");
            Shown::that(few < each, figures).here()
        },
    },
    Claim {
        said: "queues of the workers' own and stealing take less time than one queue for all",
        program: "schedulers::stealing",
        show: || {
            let (own, shared) = (take_and_put_back::<Ring<TaskId>>(), take_and_put_back::<NoQueue>());
            let figures = format!("{own} ns and {shared} ns to take an entry and put it back, by 2 workers");
            Shown::that(own < shared, figures).here()
        },
    },
    Claim {
        said: "a worker that never runs out of work of its own looks at the queue of all every 61st time: so long the first there waits",
        program: "schedulers::every_61st_time",
        show: || {
            let places = [1, 2, 10];
            let steps = places.map(taken_at);
            let holds = places.map(|place| place * INJECTOR_INTERVAL) == steps;
            let [first, second, tenth] = steps;
            Shown::that(
                holds,
                format!("the first is taken at step {first}, the second at {second}, the tenth at {tenth}"),
            )
        },
    },
    Claim {
        said: "and the less often it looks the longer they wait: without such a look, for ever",
        program: "schedulers::waited_in_tokio",
        show: || {
            let waits = [10, 61, 10_000].map(|interval| (interval, waited_in_tokio(interval)));
            Shown::that(
                waits.iter().all(|(interval, polls)| (interval / 2..=*interval).contains(polls)),
                waits.map(|(interval, polls)| format!("tokio, every {interval} polls: {polls} of others")).join("; "),
            )
        },
    },
];

const MANY: u32 = 1_000;
const TURNS: u32 = 100;

/// The nanoseconds of a turn: of tasks on a pool of two threads, and of threads.
fn many_on_few() -> (u128, u128) {
    let pool = Pool::new(2).expect("two threads");
    let started = Instant::now();
    let turns = || async {
        for _ in 0..TURNS {
            yield_now().await;
        }
    };
    let tasks: Vec<_> = (0..MANY).map(|_| pool.spawn(turns())).collect();
    pool.block_on(async {
        for task in tasks {
            task.await.expect("it does not panic");
        }
    });
    let few = started.elapsed();

    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..MANY {
            scope.spawn(|| (0..TURNS).for_each(|_| thread::yield_now()));
        }
    });
    let turns = u128::from(MANY * TURNS);
    (few.as_nanos() / turns, started.elapsed().as_nanos() / turns)
}

/// The nanoseconds that it takes two workers to take an entry and put it back: a thousand of them, 200 times each.
fn take_and_put_back<Q: LocalQueue<TaskId>>() -> u128 {
    const ENTRIES: u32 = 1_000;
    const TIMES: u32 = 200;
    fn work<Q: LocalQueue<TaskId>>(all: &Workers<TaskId, Q>, worker: &Worker<TaskId, Q>, left: &AtomicU32) {
        while let Some(entry) = worker.next() {
            match left.fetch_sub(1, Ordering::Relaxed) {
                1 => all.stop(),
                _ => worker.push_back(entry),
            }
        }
    }
    let (all, workers) = Workers::<TaskId, Q>::with_queues(2);
    let left = AtomicU32::new(ENTRIES * TIMES);
    (0..ENTRIES).for_each(|number| assert!(all.inject(TaskId::new(number))));
    let started = Instant::now();
    thread::scope(|scope| {
        for worker in workers {
            let (all, left) = (&all, &left);
            scope.spawn(move || work(all, &worker, left));
        }
    });
    started.elapsed().as_nanos() / u128::from(ENTRIES * TIMES)
}

/// At which step of a worker that always has work of its own an entry is handed out that is the `place`th in the queue of all.
fn taken_at(place: u32) -> u32 {
    let own = TaskId::new(0);
    let (all, workers) = Workers::new(1);
    workers[0].push(own);
    (1..=place).for_each(|entry| assert!(all.inject(TaskId::new(entry))));
    let is_taken = |_: &u32| {
        let taken = workers[0].step(|_| 0).expect("there is work");
        if taken == own {
            workers[0].push_back(own);
        }
        taken == TaskId::new(place)
    };
    (1..=100_000).find(is_taken).expect("it is handed out some time")
}

/// How many polls of a task that never rests come between a spawn on another thread and the first poll of what was spawned, if
/// tokio looks at its global queue every so many polls.
fn waited_in_tokio(interval: u32) -> u32 {
    let runtime = tokio::runtime::Builder::new_current_thread().global_queue_interval(interval).build();
    let runtime = runtime.expect("a runtime of one thread");
    let handle = runtime.handle().clone();
    let (begun, mut has_begun) = oneshot::channel();
    let polls = Arc::new(AtomicU32::new(0));
    let counted = polls.clone();
    let busy = async move {
        let spawned = thread::spawn(move || handle.spawn(async move { begun.send(()) }));
        drop(spawned.join().expect("it does not panic"));
        while has_begun.try_recv() == Ok(None) {
            counted.fetch_add(1, Ordering::Relaxed);
            // Not tokio's, which lets the runtime look at everything first.
            yield_now().await;
        }
    };
    runtime.block_on(async { tokio::spawn(busy).await.expect("it does not panic") });
    polls.load(Ordering::Relaxed)
}
