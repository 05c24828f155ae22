//! Counts allocations and bytes, and prints a line `name value` for each figure of the table.

use std::time::Duration;

use allocation_counter::measure;
use reveille::yield_now;
use reveille_benches::{DEFAULT, allocations_per_run, tokio_local};

/// Tasks that wait at the same time.
const TASKS: usize = 1_000_000;

/// The program: the same text for everyone, but for who spawns. All tasks are alive at once.
macro_rules! program {
    ($spawn:path) => {
        async {
            let tasks: Vec<_> = (0..TASKS).map(|_| $spawn(yield_now())).collect();
            for task in tasks {
                task.await.unwrap();
            }
        }
    };
}

fn main() {
    let count = |counted: &dyn Fn()| measure(counted).count_total;
    println!("allocations/empty_run {}", allocations_per_run(count, DEFAULT, || async {}));
    println!("bytes_per_task/on=reveille {:.0}", bytes_per_task(reveille_bytes()));
    println!("bytes_per_task/on=tokio {:.0}", bytes_per_task(tokio_bytes()));
}

fn bytes_per_task(bytes: u64) -> f64 {
    bytes as f64 / TASKS as f64
}

/// The most bytes in use during one run: a replay, as a first run is performed twice, the second time with a trace.
fn reveille_bytes() -> u64 {
    // The tape of another program, read leniently: its answers are used up at once, and then all are 0.
    let failure = reveille::explore().runs(1).run(|| async { panic!("for its tape") }).expect_err("a panic");
    let tape = failure.tape().expect("a panic has a tape").to_string();
    let explore = reveille::explore().replay(tape).lenient().limits(10 * TASKS as u64, Duration::from_secs(1));
    let info = measure(|| {
        explore.run(|| program!(reveille::spawn)).expect("no finding");
    });
    info.bytes_max
}

fn tokio_bytes() -> u64 {
    let runtime = tokio_local();
    measure(|| runtime.block_on(program!(tokio::task::spawn_local))).bytes_max
}
