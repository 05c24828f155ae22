//! What futures and tasks take.
#![expect(clippy::disallowed_methods, reason = "real threads and real time are what is measured")]

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use allocation_counter::measure;
use futures::future::{BoxFuture, FutureExt, pending};
use reveille_executor::{Choose, LocalExecutor, Point, yield_now};

use crate::{Claim, Shown};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        said: "a tree of futures is one allocation however deep; continuation passing allocates at every joint, and so do boxed futures",
        program: "memory::one_allocation",
        show: || {
            let trees = one_allocation();
            let holds =
                |tree: &Tree| tree.one == 1 && tree.passed > tree.depth.into() && tree.boxed > tree.depth.into();
            let figures =
                |Tree { depth, one, passed, boxed }: &Tree| format!("depth {depth}: {one}, {passed} and {boxed}");
            Shown::that(trees.iter().all(holds), trees.each_ref().map(figures).join("; "))
        },
    },
    Claim {
        said: "a future is as large as its largest state, not as all of them",
        program: "memory::largest_state",
        show: || {
            let (in_turn, at_once) = largest_state();
            let figures = format!(
                "two buffers of {BUFFER} bytes, one after the other: {in_turn} bytes; across one await: {at_once}"
            );
            Shown::that((BUFFER..2 * BUFFER).contains(&in_turn) && at_once >= 2 * BUFFER, figures)
        },
    },
    Claim {
        said: "but one that is an argument of an `async fn` is in there twice (rust-lang/rust issue 62958)",
        program: "memory::arguments",
        show: || {
            let sizes = arguments();
            let holds = sizes[1].1 > 2 * sizes[0].1 && sizes[2].1 > 32 * sizes[0].1;
            Shown::that(holds, sizes.map(|(depth, bytes)| format!("depth {depth}: {bytes} bytes")).join("; "))
        },
    },
    Claim {
        said: "ten thousand things that wait cost tasks little, and threads a lot",
        program: "memory::waiting",
        show: || {
            let (task, thread) = waiting();
            let of_threads = thread.map(|(threads, bytes)| {
                format!("; {bytes} resident bytes a thread, of {threads}, without its stack's address space")
            });
            let holds = thread.is_none_or(|(_, bytes)| 10 * task < bytes);
            Shown::that(holds, format!("{task} bytes a task{}", of_threads.unwrap_or_default())).here()
        },
    },
    Claim {
        said: "to change from one task to another takes a call, from one thread to another the kernel",
        program: "memory::switching",
        show: || {
            let (polls, switches) = switching();
            Shown::that(10 * polls < switches, format!("{polls} ns and {switches} ns")).here()
        },
    },
];

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

/// Who goes on with a result.
type Then = Box<dyn FnOnce(u32)>;

/// The same without futures: each joint tells the one below who goes on. The leaf leaves that with who has the event.
fn passed_on(depth: u32, event: &mut Option<Then>, then: Then) {
    match depth {
        0 => *event = Some(then),
        _ => passed_on(depth - 1, event, Box::new(|below| then(below + 1))),
    }
}

/// The allocations that a tree takes from its making to its end.
struct Tree {
    depth: u32,
    /// As a task, with its futures in one another.
    one: u64,
    /// By continuations.
    passed: u64,
    /// As a task, with each future in a box.
    boxed: u64,
}

fn one_allocation() -> [Tree; 3] {
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
    let passed = |depth| {
        let output = Rc::new(Cell::new(None));
        let noted = output.clone();
        let counted = measure(|| {
            let mut event = None;
            passed_on(depth, &mut event, Box::new(move |result| noted.set(Some(result))));
            event.take().expect("the leaf waits")(0);
        });
        assert_eq!(output.get(), Some(depth));
        counted.count_total
    };
    let tree = |depth, one| Tree { depth, one, passed: passed(depth), boxed: allocations(depth, || boxed(depth)) };
    [
        tree(1, allocations(1, || one!(leaf()))),
        tree(10, allocations(10, || ten!(leaf()))),
        tree(100, allocations(100, || ten!(ten!(ten!(ten!(ten!(ten!(ten!(ten!(ten!(ten!(leaf())))))))))))),
    ]
}

const BUFFER: usize = 4096;

fn largest_state() -> (usize, usize) {
    async fn filled() -> u8 {
        let buffer = black_box([1_u8; BUFFER]);
        yield_now().await;
        buffer[0]
    }
    async fn in_turn() -> u8 {
        filled().await + filled().await
    }
    async fn at_once() -> u8 {
        let (one, other) = (black_box([1_u8; BUFFER]), black_box([1_u8; BUFFER]));
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

const MANY: u64 = 10_000;

/// The bytes that a task takes which waits; and a thread, with how many there were: not every machine allows so many.
fn waiting() -> (u64, Option<(u64, u64)>) {
    let executor = LocalExecutor::new();
    let counted = measure(|| {
        for _ in 0..MANY {
            drop(executor.spawn(pending::<()>()));
        }
        executor.block_on(yield_now());
        black_box(&executor);
    });
    (u64::try_from(counted.bytes_current).unwrap_or(0) / MANY, waiting_threads())
}

/// How many threads there were, and the bytes of one; nothing where the system does not tell.
fn waiting_threads() -> Option<(u64, u64)> {
    let before = resident()?;
    let mut ends = Vec::new();
    let threads: Vec<_> = (0..MANY)
        .map_while(|_| {
            let (end, wait) = mpsc::channel::<()>();
            ends.push(end);
            thread::Builder::new().spawn(move || wait.recv().is_err()).ok()
        })
        .collect();
    let after = resident()?;
    drop(ends);
    let count = threads.len() as u64;
    threads.into_iter().for_each(|thread| assert!(thread.join().expect("it does not panic")));
    Some((count, after.saturating_sub(before).checked_div(count)?))
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
    let other = thread::spawn(move || {
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
