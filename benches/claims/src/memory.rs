//! What futures and tasks take.
#![expect(clippy::disallowed_methods, reason = "real threads and real time are what is measured")]

use std::hint::black_box;
use std::sync::mpsc;
use std::time::Instant;

use allocation_counter::measure;
use futures::future::{BoxFuture, FutureExt, pending};
use reveille_executor::{Choose, LocalExecutor, Point, yield_now};

use crate::Row;

pub(crate) fn rows() -> Vec<Row> {
    let trees = one_allocation();
    let (in_turn, at_once) = largest_state();
    let (task, thread) = waiting();
    let (polls, switches) = switching();
    vec![
        Row::new(
            "a tree of futures is one allocation however deep; with a box at each joint it is one more for each, and one for the leaf",
            "memory::one_allocation",
            trees.map(|(depth, one, boxed)| format!("depth {depth}: {one} and {boxed}")).join("; "),
        ),
        Row::new(
            "a future is as large as its largest state, not as all of them",
            "memory::largest_state",
            format!("two buffers of 4096 bytes, one after the other: {in_turn} bytes; across one await: {at_once}"),
        ),
        Row::new(
            "but one that is an argument of an `async fn` is in there twice (rust-lang/rust issue 62958)",
            "memory::arguments",
            arguments().map(|(depth, bytes)| format!("depth {depth}: {bytes} bytes")).join("; "),
        ),
        Row::varying(
            "ten thousand things that wait cost tasks little, and threads a lot",
            "memory::waiting",
            match thread {
                Some(thread) => {
                    format!("{task} bytes a task; {thread} resident bytes a thread, without its stack's address space")
                }
                None => format!("{task} bytes a task"),
            },
        ),
        Row::varying(
            "to change from one task to another takes a call, from one thread to another the kernel",
            "memory::switching",
            format!("{polls} ns and {switches} ns"),
        ),
    ]
}

async fn leaf() -> u32 {
    yield_now().await;
    0
}

/// Ten levels around a future: a combinator in another.
macro_rules! ten {
    ($below:expr) => {
        one!(one!(one!(one!(one!(one!(one!(one!(one!(one!($below))))))))))
    };
}
macro_rules! one {
    ($below:expr) => {
        $below.map(|depth| depth + 1)
    };
}

fn boxed(depth: u32) -> BoxFuture<'static, u32> {
    (0..depth).fold(leaf().boxed(), |below, _| one!(below).boxed())
}

/// First come, first served.
struct First;

impl Choose for First {
    fn choose(&mut self, _: Point<'_>) -> u32 {
        0
    }
}

/// The depth of a tree, the allocations of a task that runs it, and of one in which each joint is boxed.
fn one_allocation() -> [(u32, u64, u64); 3] {
    fn allocations<F: Future<Output = u32> + 'static>(depth: u32, tree: impl FnOnce() -> F) -> u64 {
        let executor = LocalExecutor::new();
        // What the executor's own queue takes is not counted.
        executor.block_on(executor.spawn(leaf())).unwrap();
        let mut task = None;
        let counted = measure(|| {
            task = Some(executor.spawn(tree()));
            while let Some(runnable) = executor.pick(&mut First) {
                let _ = runnable.run();
            }
        });
        assert_eq!(task.and_then(FutureExt::now_or_never).unwrap().unwrap(), depth);
        counted.count_total
    }
    let of_boxes = |depth| allocations(depth, || boxed(depth));
    let plain = [
        allocations(1, || one!(leaf())),
        allocations(10, || ten!(leaf())),
        allocations(100, || ten!(ten!(ten!(ten!(ten!(ten!(ten!(ten!(ten!(ten!(leaf()))))))))))),
    ];
    [(1, plain[0], of_boxes(1)), (10, plain[1], of_boxes(10)), (100, plain[2], of_boxes(100))]
}

fn largest_state() -> (usize, usize) {
    async fn filled() -> u8 {
        let buffer = black_box([1_u8; 4096]);
        yield_now().await;
        buffer[0]
    }
    async fn in_turn() -> u8 {
        filled().await + filled().await
    }
    async fn at_once() -> u8 {
        let (one, other) = (black_box([1_u8; 4096]), black_box([1_u8; 4096]));
        yield_now().await;
        one[0] + other[0]
    }
    (size_of_val(&in_turn()), size_of_val(&at_once()))
}

/// How large a future is around which there are so many levels of functions that take it and await it.
fn arguments() -> [(u32, usize); 3] {
    async fn around(below: impl Future<Output = u32>) -> u32 {
        below.await + 1
    }
    let five = |below| around(around(around(around(around(below)))));
    [(0, size_of_val(&leaf())), (1, size_of_val(&around(leaf()))), (5, size_of_val(&five(leaf())))]
}

const TASKS: u64 = 10_000;
/// Fewer, and reckoned up: ten thousand are more than many machines allow.
const THREADS: u64 = 1_000;

/// The bytes that a task takes which waits, and a thread.
fn waiting() -> (u64, Option<u64>) {
    let executor = LocalExecutor::new();
    let counted = measure(|| {
        for _ in 0..TASKS {
            drop(executor.spawn(pending::<()>()));
        }
        executor.block_on(yield_now());
        black_box(&executor);
    });
    let threads = resident().and_then(|before| {
        let mut ends = Vec::new();
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (end, wait) = mpsc::channel::<()>();
                ends.push(end);
                std::thread::spawn(move || wait.recv().is_err())
            })
            .collect();
        let after = resident();
        drop(ends);
        threads.into_iter().for_each(|thread| drop(thread.join()));
        Some(after?.saturating_sub(before) / THREADS)
    });
    (u64::try_from(counted.bytes_current).unwrap_or(0) / TASKS, threads)
}

/// The bytes of this process that are in memory, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// The nanoseconds that a turn takes of two tasks that yield to each other, and of two threads that hand a message over.
fn switching() -> (u128, u128) {
    const TURNS: u32 = 20_000;
    let executor = LocalExecutor::new();
    let turns = || async {
        for _ in 0..TURNS / 2 {
            yield_now().await;
        }
    };
    let tasks = (executor.spawn(turns()), executor.spawn(turns()));
    let started = Instant::now();
    executor.block_on(async {
        tasks.0.await.unwrap();
        tasks.1.await.unwrap();
    });
    let polls = started.elapsed().as_nanos() / u128::from(TURNS);

    let ((to, from_here), (back, from_there)) = (mpsc::sync_channel(0), mpsc::sync_channel(0));
    let other = std::thread::spawn(move || {
        while let Ok(()) = from_here.recv() {
            back.send(()).unwrap();
        }
    });
    let started = Instant::now();
    for _ in 0..TURNS / 2 {
        to.send(()).unwrap();
        from_there.recv().unwrap();
    }
    let switches = started.elapsed().as_nanos() / u128::from(TURNS);
    drop(to);
    other.join().unwrap();
    (polls, switches)
}
